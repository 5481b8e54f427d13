// SPDX-License-Identifier: MIT
// The worker's half of the enqueue event: it sleeps on a condition variable and no wake-up is ever lost.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/queue/enqueue_signal.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace fapilog::inline v0_1::detail {

inline void heavy_barrier(fence_barrier const&) noexcept { detail::full_fence(); }
inline void heavy_barrier(asymmetric_barrier const& barrier) noexcept {
  if (barrier.is_asymmetric()) {
    detail::membarrier();
  } else {
    detail::full_fence();
  }
}

/// What enqueue signals and the worker waits on. `tests/model/wakeup.pml` is its proof.
/// Thread: `wait` belongs to the one worker, `signal` to everybody.
template <class Barrier>
class basic_enqueue_event : public basic_enqueue_signal<Barrier> {
  using base = basic_enqueue_signal<Barrier>;

 public:
  explicit basic_enqueue_event(Barrier barrier) noexcept : base(barrier, &wake) {}

  /// Sleeps until a signal, or the deadline where there is one; not at all where `anything` finds work after the event
  /// was armed.
  template <class Anything>
  void wait(std::optional<std::chrono::steady_clock::time_point> deadline, Anything&& anything) {
    this->armed_.store_seq_cst(true);
    heavy_barrier(this->barrier());
    if (anything()) {
      this->armed_.store_relaxed(false);
      return;
    }
    std::unique_lock<std::mutex> lock{mutex_};
    auto const disarmed = [this] { return !this->armed_.load_acquire(); };
    if (deadline) {
      awake_.wait_until(lock, *deadline, disarmed);
      this->armed_.store_relaxed(false);
    } else {
      awake_.wait(lock, disarmed);
    }
  }

  /// The parent's waiting worker does not exist in a forked child.
  void after_fork_in_child() noexcept {
    this->armed_.store_relaxed(false);
    mutex_.recreate_in_child();
    awake_.recreate_in_child();
  }

 private:
  static void wake(base& self) noexcept {
    auto& event = static_cast<basic_enqueue_event&>(self);
    if (!event.armed_.exchange(false)) return;  // another producer pays
    // Passing the mutex closes the gap between the worker's look at `armed_` and its sleep.
    event.mutex_.lock();
    event.mutex_.unlock();
    event.awake_.notify_one();
  }

  fork_safe<std::mutex> mutex_;
  fork_safe<std::condition_variable> awake_;
};

using enqueue_event = basic_enqueue_event<asymmetric_barrier>;

}  // namespace fapilog::inline v0_1::detail
