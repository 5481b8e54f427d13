// SPDX-License-Identifier: MIT
// The request of a drain to a sink that its writes end soon.
#pragma once

#include <fapilog/metrics/metric.hpp>

#include <cstdint>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Thread: `request` any; the rest those of the sink, one at a time. Throws: never.
class cancel_request {
 public:
  /// Why a write ends.
  static constexpr std::string_view reason = "the time of the drain has run out";

  void request() noexcept { requested_.add(); }
  [[nodiscard]] bool is_requested() const noexcept { return requested_.value() != cleared_; }
  /// Ends the requests so far.
  void clear() noexcept { cleared_ = requested_.value(); }

 private:
  counter requested_;
  std::uint64_t cleared_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
