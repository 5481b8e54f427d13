// SPDX-License-Identifier: MIT
// The worker's half of the enqueue event: sleeps on a condition variable without losing a wake-up.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/queue/enqueue_signal.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <limits>
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

/// Signalled by log calls, waited on by the worker. The model in tests/model/wakeup.pml proves that no wake-up is lost.
/// Thread: `wait` one, the worker; `signal` any.
template <class Barrier>
class basic_enqueue_event : public basic_enqueue_signal<Barrier> {
  using base = basic_enqueue_signal<Barrier>;

 public:
  explicit basic_enqueue_event(Barrier barrier) noexcept : base(barrier, &wake) {}

  /// Sleeps until a signal or the deadline, if there is one. Returns at once if `has_work` returns true after the event was
  /// armed. A log call later than `undisturbed` before the deadline leaves the waking to the deadline, and pays nothing.
  template <class HasWork>
  void wait(std::optional<std::chrono::steady_clock::time_point> deadline, HasWork&& has_work,
            std::chrono::nanoseconds undisturbed = {}) {
    ends_itself_from_.store_relaxed(
        deadline && undisturbed.count() > 0
            ? std::chrono::nanoseconds{deadline->time_since_epoch() - undisturbed}.count()
            : never);
    this->armed_.store_seq_cst(true);
    heavy_barrier(this->barrier());
    if (has_work()) {
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

  /// Sleeps until `until` or an `interrupt`; returns at once if `has_request` returns true. May return earlier. Log calls do
  /// not end a nap, and pay nothing.
  template <class HasRequest>
  void nap(std::chrono::steady_clock::time_point until, HasRequest const& has_request) {
    std::unique_lock<std::mutex> lock{mutex_};
    if (!has_request()) awake_.wait_until(lock, until);
  }

  /// Ends a nap, and wakes the worker if it sleeps. Called after a request was published, or by a call without room.
  void interrupt() noexcept {
    // As in `wake`: a call that waits for room may be left by siglongjmp.
    detail::signals_blocked const in_interrupt;
    this->signal();
    // A nap sleeps on the condition variable without being armed.
    mutex_.lock();
    mutex_.unlock();
    awake_.notify_one();
  }

  /// No worker waits in a forked child.
  void after_fork_in_child() noexcept {
    this->armed_.store_relaxed(false);
    mutex_.recreate_in_child();
    awake_.recreate_in_child();
  }

 private:
  static void wake(base& self) noexcept {
    auto& event = static_cast<basic_enqueue_event&>(self);
    // A signal handler must not leave this by siglongjmp: the mutex would stay locked, or the worker would not be woken.
    detail::signals_blocked const in_wake;
    if (!event.armed_.exchange(false)) return;  // another producer wakes the worker
    // If this is the limit of a later sleep, the worker has looked for records since `armed_` was true.
    if (detail::steady_clock_ns() >= event.ends_itself_from_.load_relaxed()) return;
    // Passing through the mutex closes the gap between the worker's check of `armed_` and its sleep.
    event.mutex_.lock();
    event.mutex_.unlock();
    event.awake_.notify_one();
  }

  static constexpr std::int64_t never = (std::numeric_limits<std::int64_t>::max)();

  /// From this time on, in nanoseconds of the steady clock, the deadline ends the sleep soon enough.
  detail::atomic_word<std::int64_t> ends_itself_from_{never};
  fork_safe<std::mutex> mutex_;
  fork_safe<std::condition_variable> awake_;
};

using enqueue_event = basic_enqueue_event<asymmetric_barrier>;

}  // namespace fapilog::inline v0_1::detail
