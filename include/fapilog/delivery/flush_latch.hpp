// SPDX-License-Identifier: MIT
// Tells when several sinks have all flushed.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Whoever begins a round is one of those who have to say that they are done. Thread: any.
class flush_latch {
 public:
  explicit flush_latch(std::function<void()> all_done) : all_done_(std::move(all_done)) {}
  void expect_one() noexcept { open_.fetch_add(1, std::memory_order_relaxed); }
  void one_done() {
    if (open_.fetch_sub(1, std::memory_order_acq_rel) == 1) all_done_();
  }

 private:
  std::atomic<std::size_t> open_{1};
  std::function<void()> all_done_;
};

}  // namespace fapilog::inline v0_1::detail
