// SPDX-License-Identifier: MIT
// Pauses the worker between two batches while the process forks.
#pragma once

#include <fapilog/detail/os/fork.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace fapilog::inline v0_1::detail {

/// Thread: `is_requested` any; `park` the worker; the rest under the owner's mutex.
class fork_pause {
 public:
  using clock = std::chrono::steady_clock;

  [[nodiscard]] bool is_requested() const noexcept { return is_requested_.load(std::memory_order_acquire); }
  /// The worker may handle the records logged so far until `handed_over_by`, before it pauses.
  void request(clock::time_point handed_over_by) noexcept {
    handed_over_by_.store(handed_over_by, std::memory_order_relaxed);
    is_requested_.store(true, std::memory_order_seq_cst);
  }
  /// True once the worker must pause without handling more records.
  [[nodiscard]] bool is_due() const noexcept {
    return is_requested() && clock::now() >= handed_over_by_.load(std::memory_order_relaxed);
  }

  /// Reports that the worker has paused (`changed`), and waits until the process has forked.
  [[gnu::cold]] void park(std::unique_lock<std::mutex>& lock, std::condition_variable& changed) {
    is_parked_ = true;
    changed.notify_all();
    resumed_.wait(lock, [this] { return !is_requested(); });
    is_parked_ = false;
  }
  [[nodiscard]] bool is_parked() const noexcept { return is_parked_; }

  [[gnu::cold]] void resume() noexcept {
    is_requested_.store(false, std::memory_order_release);
    resumed_.notify_all();
  }
  /// In a forked child there is no worker to resume.
  void forget_in_child() noexcept {
    is_requested_.store(false, std::memory_order_relaxed);
    is_parked_ = false;
    resumed_.recreate_in_child();
  }

 private:
  std::atomic<bool> is_requested_{false};
  std::atomic<clock::time_point> handed_over_by_{clock::time_point{}};
  bool is_parked_ = false;
  fork_safe<std::condition_variable> resumed_;
};

}  // namespace fapilog::inline v0_1::detail
