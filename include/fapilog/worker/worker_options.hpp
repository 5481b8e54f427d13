// SPDX-License-Identifier: MIT
// What the worker is told of the runtime's options.
#pragma once

#include <fapilog/record/level.hpp>
#include <fapilog/setup/policies.hpp>

#include <chrono>
#include <cstddef>

namespace fapilog::inline v0_1::detail {

struct worker_options {
  std::size_t batch_max_size = 256;
  std::chrono::nanoseconds batch_timeout{};
  std::chrono::nanoseconds spin{10'000};  ///< looks without sleeping after the last record
  /// Then short naps, so that a burst's next record wakes nobody.
  std::chrono::nanoseconds linger{2'000'000};
  std::chrono::nanoseconds shutdown_timeout{3'000'000'000};
  routing route = routing::overlap;
  adaptive_options adaptive = {};
  level_set protected_levels = {};
  std::chrono::nanoseconds drop_summary_window{};  ///< 0: none
};

}  // namespace fapilog::inline v0_1::detail
