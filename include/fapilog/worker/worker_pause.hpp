// SPDX-License-Identifier: MIT
// Pauses the worker between two batches: while the process forks, and while a crashed process ends.
#pragma once

#include <fapilog/detail/os/fork.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace fapilog::inline v0_1::detail {

/// The pause lasts until each `request` has its `resume`. Thread: `is_requested` and `is_due` any; `park` the worker; the rest under
/// the owner's mutex.
class worker_pause {
 public:
  using clock = std::chrono::steady_clock;

  [[nodiscard]] bool is_requested() const noexcept { return requests_.load(std::memory_order_acquire) != 0; }
  /// The worker may handle the records logged so far until `handed_over_by`, before it pauses.
  void request(clock::time_point handed_over_by) noexcept {
    handed_over_by_.store(handed_over_by, std::memory_order_relaxed);
    requests_.fetch_add(1, std::memory_order_seq_cst);
  }
  /// True once the worker must pause without handling more records.
  [[nodiscard]] bool is_due() const noexcept {
    return is_requested() && clock::now() >= handed_over_by_.load(std::memory_order_relaxed);
  }

  /// Reports that the worker has paused (`changed`), and waits for the end of the pause.
  [[gnu::cold]] void park(std::unique_lock<std::mutex>& lock, std::condition_variable& changed) {
    is_parked_ = true;
    changed.notify_all();
    resumed_.wait(lock, [this] { return !is_requested(); });
    is_parked_ = false;
  }
  [[nodiscard]] bool is_parked() const noexcept { return is_parked_; }

  [[gnu::cold]] void resume() noexcept {
    requests_.fetch_sub(1, std::memory_order_release);
    resumed_.notify_all();
  }
  /// In a forked child there is no worker to resume.
  void forget_in_child() noexcept {
    requests_.store(0, std::memory_order_relaxed);
    is_parked_ = false;
    resumed_.recreate_in_child();
  }

 private:
  std::atomic<int> requests_{0};
  std::atomic<clock::time_point> handed_over_by_{clock::time_point{}};
  bool is_parked_ = false;
  fork_safe<std::condition_variable> resumed_;
};

}  // namespace fapilog::inline v0_1::detail
