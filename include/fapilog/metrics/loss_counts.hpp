// SPDX-License-Identifier: MIT
// How many records were lost at one point, by reason: before the sinks, or in one sink.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>

namespace fapilog::inline v0_1::detail {

/// Lost records of one point by reason. The counts only grow.
struct loss_counts {
  static constexpr std::size_t max_reasons = 6;

  std::array<std::uint64_t, max_reasons> by_reason{};
  std::uint64_t internal = 0;  ///< how many of them are internal records

  [[nodiscard]] constexpr std::uint64_t total() const noexcept {
    return std::accumulate(by_reason.begin(), by_reason.end(), std::uint64_t{0});
  }
};

/// Where records are lost, and the names of the reasons; unused ones are null.
struct loss_point {
  std::string sink;  ///< empty: before the sinks
  std::array<char const*, loss_counts::max_reasons> reasons{};
};

}  // namespace fapilog::inline v0_1::detail
