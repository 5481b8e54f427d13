// SPDX-License-Identifier: MIT
// What other threads request from a worker: to flush, to pause, to stop; and its answers.
#pragma once

#include <fapilog/detail/os/fork.hpp>
#include <fapilog/worker/flush_requests.hpp>
#include <fapilog/worker/worker_pause.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace fapilog::inline v0_1::detail {

/// Thread: any; the members guard themselves as their classes say, or with `mutex`.
struct worker_requests {
  std::mutex mutex;
  fork_safe<std::condition_variable>
      changed;  ///< notified when the worker has done something that was requested
  std::atomic<bool> stop{false};
  flush_requests flushes;
  worker_pause pause;
  bool has_finished = false;  ///< the worker handles no more requests; guarded by `mutex`

  /// True if the worker has a request to handle.
  [[nodiscard]] bool any() const noexcept {
    return stop.load(std::memory_order_acquire) || pause.is_requested() ||
           flushes.requested() != flushes.begun();
  }

  /// Waits until `condition` holds or the worker has finished. Returns false at `deadline`.
  template <class Condition>
  bool wait(std::unique_lock<std::mutex>& lock, std::chrono::steady_clock::time_point deadline,
            Condition const& condition) {
    return changed.wait_until(lock, deadline, [&] { return condition() || has_finished; });
  }

  void end_flush(std::uint64_t request) {
    std::lock_guard const lock{mutex};
    flushes.end(request);
    changed.notify_all();
  }
  void finish() {
    std::lock_guard const lock{mutex};
    has_finished = true;
    changed.notify_all();
  }

  /// The parent's callers and their requests stay with the parent. Must be called under `mutex`.
  void forget_in_child() {
    pause.forget_in_child();
    flushes.forget_in_child();
    changed.recreate_in_child();
  }
};

}  // namespace fapilog::inline v0_1::detail
