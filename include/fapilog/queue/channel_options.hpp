// SPDX-License-Identifier: MIT
// Options of a channel.
#pragma once

#include <fapilog/queue/channel.hpp>
#include <fapilog/queue/record_keeper.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/setup/policies.hpp>

#include <chrono>
#include <cstddef>
#include <memory>

namespace fapilog::inline v0_1::detail {

/// Filled from the options of the runtime, which declare the defaults.
struct channel_options {
  std::size_t lane_bytes;
  double protected_share = 0;  ///< share of a lane that is kept free for protected levels, 0 to 0.5
  std::size_t max_record_bytes;
  fapilog::when_full when_full = fapilog::when_full::drop;
  std::chrono::nanoseconds backpressure_wait{};
  level_set protected_levels = {};
  level lowest{};
  flight_recorder_options recorder = {};
  bool use_membarrier = true;
  bool use_tsc = true;
  std::shared_ptr<record_keeper> keeper = nullptr;  ///< null: records end with the process
  channel::cell_formatter format_cell = nullptr;    ///< used by calls whose arguments have fmt formatters
};

}  // namespace fapilog::inline v0_1::detail
