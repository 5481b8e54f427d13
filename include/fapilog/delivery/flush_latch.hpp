// SPDX-License-Identifier: MIT
// Calls a function once several sinks have all flushed.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// The creator counts as one participant: it must call `count_down` too. Thread: any.
class flush_latch {
 public:
  explicit flush_latch(std::function<void()> all_done) : all_done_(std::move(all_done)) {}
  void add_participant() noexcept { remaining_.fetch_add(1, std::memory_order_relaxed); }
  /// The last participant to call this also calls the function, on its own thread.
  void count_down() {
    if (remaining_.fetch_sub(1, std::memory_order_acq_rel) == 1) all_done_();
  }

 private:
  std::atomic<std::size_t> remaining_{1};
  std::function<void()> all_done_;
};

}  // namespace fapilog::inline v0_1::detail
