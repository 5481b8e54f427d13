// SPDX-License-Identifier: MIT
// The options of the worker, taken from those of the runtime.
#pragma once

#include <fapilog/record/level.hpp>
#include <fapilog/setup/policies.hpp>

#include <chrono>
#include <cstddef>

namespace fapilog::inline v0_1::detail {

struct worker_options {
  std::size_t batch_max_size = 256;
  std::chrono::nanoseconds batch_timeout{};
  std::chrono::nanoseconds spin{10'000};  ///< how long to poll for records without sleeping
  /// How long to nap after that, before sleeping until a signal. During naps, a record need not wake the worker.
  std::chrono::nanoseconds linger{2'000'000};
  std::chrono::nanoseconds shutdown_timeout{3'000'000'000};
  routing route = routing::overlap;
  adaptive_options adaptive = {};
  level_set protected_levels = {};
  std::chrono::nanoseconds drop_summary_window{};  ///< time between two reports of drops; 0: no reports
};

}  // namespace fapilog::inline v0_1::detail
