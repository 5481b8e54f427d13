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
  wait_policy wait = wait_policy::learning;
  double nap_budget = 0;  ///< share of a processor that naps may use; 0: no naps
  std::chrono::nanoseconds shutdown_timeout{};
  routing route = routing::overlap;
  adaptive_options adaptive = {};
  level_set protected_levels = {};
  std::chrono::nanoseconds
      drop_summary_window{};  ///< time between two reports of losses; 0: no records about them
};

}  // namespace fapilog::inline v0_1::detail
