// SPDX-License-Identifier: MIT
// The interface of a library that logs: it takes a logger from its user, or none.
#pragma once

#include <fapilog/logger.hpp>

#include <string_view>

#if defined(BASKET_SHARED)
#define BASKET_API [[gnu::visibility("default")]]
#else
#define BASKET_API
#endif

namespace basket {

class BASKET_API basket {
 public:
  /// Without a logger the basket logs nothing.
  explicit basket(fapilog::logger log = {}) noexcept : log_(log.with(fapilog::kv("component", "basket"))) {}

  void add(std::string_view article, int count);
  [[nodiscard]] int size() const noexcept { return size_; }

 private:
  fapilog::logger log_;
  int size_ = 0;
};

}  // namespace basket
