// SPDX-License-Identifier: MIT
// Choices that options name and the engine acts on: what happens when a lane is full or a sink fails.
#pragma once

#include <chrono>
#include <cstdint>

namespace fapilog {

/// What a call does when its thread's lane is full.
enum class when_full : std::uint8_t {
  drop,   ///< give the record up at once; it is counted
  wait,   ///< wait for at most `backpressure_wait`, then give it up
  block,  ///< wait until there is room, however long that takes
};

/// How often and how soon a batch is offered to a sink again.
struct retry_options {
  std::uint32_t attempts = 3;                 ///< in all; while a sink keeps failing each new batch has one
  std::chrono::milliseconds first_delay{10};  ///< doubled each time
  std::chrono::milliseconds longest_delay{200};  ///< the worker waits that long at most
};

}  // namespace fapilog
