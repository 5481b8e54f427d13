// SPDX-License-Identifier: MIT
// What became of recent records: those of flight recorders.
#pragma once

#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// A record is counted once it leaves its recorder.
struct recorder_counts {
  std::uint64_t overwritten = 0;  ///< replaced by newer ones
  std::uint64_t written = 0;      ///< moved to a lane: from then on they are in the account
  std::uint64_t discarded = 0;    ///< their thread ended before anything asked for them
  std::uint64_t failed = 0;  ///< not recorded: no memory, a signal handler in a call, a thread that is ending
};

}  // namespace fapilog::inline v0_1::detail
