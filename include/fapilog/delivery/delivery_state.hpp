// SPDX-License-Identifier: MIT
// The states of a sink's thread, and its next step.
#pragma once

#include <cstdint>

namespace fapilog::inline v0_1::detail {

struct delivery_state {
  /// Only advances, in this order.
  enum class phase : std::uint8_t {
    running,
    draining,
    closing,
    ended,     ///< the thread no longer calls the sink
    unusable,  ///< in a forked child, if the sink hung in the parent
  };
  enum class activity : std::uint8_t {
    working,
    waiting,  ///< for a part, a flush, or the end of the wait after a failure
    parked,   ///< until the sink's thread may go on: during a fork, or while a crashed process ends
  };
  /// What the thread does next.
  enum class step : std::uint8_t {
    park,
    take_from_queue,
    take_from_spool,
    serve_flushes,
    attempt,
    end,
    wait
  };
};

}  // namespace fapilog::inline v0_1::detail
