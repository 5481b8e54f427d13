// SPDX-License-Identifier: MIT
// A counter that one thread increments at the cost of an addition.
#pragma once

#include <fapilog/metrics/metric.hpp>

#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// The worker's thread increments it; any thread reads it. A copy starts at zero.
class worker_counter {
 public:
  worker_counter() = default;
  worker_counter(worker_counter const&) noexcept {}
  worker_counter& operator=(worker_counter const&) noexcept { return *this; }
  void add(std::uint64_t count = 1) noexcept { number_.set(number_.value() + count); }
  [[nodiscard]] std::uint64_t value() const noexcept { return number_.value(); }

 private:
  counter number_;
};

}  // namespace fapilog::inline v0_1::detail
