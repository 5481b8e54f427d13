// SPDX-License-Identifier: MIT
// Waits for a condition that nothing can notify about: a figure, a file, or the state of a server.
#pragma once

#include <chrono>
#include <thread>

namespace support {

/// Returns true as soon as the condition holds, and false after a long deadline.
template <class Condition>
[[nodiscard]] bool eventually(Condition&& holds, std::chrono::seconds deadline = std::chrono::seconds{60}) {
  auto const end = std::chrono::steady_clock::now() + deadline;
  while (std::chrono::steady_clock::now() < end) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return holds();
}

}  // namespace support
