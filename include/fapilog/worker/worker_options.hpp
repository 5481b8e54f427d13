// SPDX-License-Identifier: MIT
// The options of the worker, taken from those of the runtime.
#pragma once

#include <fapilog/record/level.hpp>
#include <fapilog/setup/policies.hpp>

#include <chrono>
#include <cstddef>

namespace fapilog::inline v0_1::detail {

/// Filled from the options of the runtime, which declare the defaults.
struct worker_options {
  std::size_t batch_max_size = 1;
  std::chrono::nanoseconds batch_timeout{};
  std::chrono::nanoseconds spin{};  ///< how long to poll for records without sleeping
  /// How long to nap after that, before sleeping until a signal. During naps, a record need not wake the worker.
  std::chrono::nanoseconds linger{};
  std::chrono::nanoseconds shutdown_timeout{};
  routing route = routing::overlap;
  adaptive_options adaptive = {};
  level_set protected_levels = {};
  std::chrono::nanoseconds drop_summary_window{};  ///< time between two reports of drops; 0: no reports
};

}  // namespace fapilog::inline v0_1::detail
