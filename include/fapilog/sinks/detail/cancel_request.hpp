// SPDX-License-Identifier: MIT
// The request of a drain to a sink that its writes end soon.
#pragma once

#include <fapilog/metrics/metric.hpp>

#include <cstdint>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Thread: `make` any; the rest those of the sink, one at a time. Throws: never.
class cancel_request {
 public:
  /// Why a write ends.
  static constexpr std::string_view reason = "the time of the drain has run out";

  void make() noexcept { made_.add(); }
  [[nodiscard]] bool is_made() const noexcept { return made_.value() != over_; }
  /// Forgets the requests so far.
  void forget() noexcept { over_ = made_.value(); }

 private:
  counter made_;
  std::uint64_t over_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
