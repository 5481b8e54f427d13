// SPDX-License-Identifier: MIT
// A thread that calls a function at intervals and at each SIGHUP.
#pragma once

#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/hangup_signal.hpp>
#include <fapilog/detail/os/system.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Inactive in a forked child. Thread: one.
class watch_thread {
 public:
  /// Calls `check(is_hangup)`, which must not throw, every `interval` (0: only at hangups). Throws: std::system_error without
  /// a thread or file descriptors, std::runtime_error if there are too many listeners, std::bad_alloc.
  watch_thread(std::chrono::milliseconds interval, bool on_hangup, std::function<void(bool is_hangup)> check)
      : interval_(interval), check_(std::move(check)), listener_(hangup_signal::instance().take(on_hangup)) {
    try {
      detail::signals_blocked const in_new_thread;
      thread_ = std::thread{[this] { run(); }};
    } catch (...) {
      hangup_signal::instance().give_back(listener_);
      throw;
    }
  }
  watch_thread(watch_thread const&) = delete;
  watch_thread& operator=(watch_thread const&) = delete;
  ~watch_thread() {
    if (detail::fork_generation.load_relaxed() != generation_) {
      thread_.recreate_in_child();
      return;
    }
    stop_ = true;
    listener_.pipe.wake();
    thread_.join();
    hangup_signal::instance().give_back(listener_);
  }

  /// Calls `action` while no `check` is running. Returns `otherwise` if it is called by `check` or by an action.
  /// Thread: any.
  template <class F, class Result>
  Result alone(F&& action, Result otherwise) {
    if (running_.load() == std::this_thread::get_id()) return otherwise;
    std::lock_guard const lock{mutex_};
    running_mark const mark{running_};
    return action();
  }

 private:
  /// Which thread holds the mutex.
  struct running_mark {
    std::atomic<std::thread::id>& of;
    explicit running_mark(std::atomic<std::thread::id>& thread) : of(thread) {
      of = std::this_thread::get_id();
    }
    running_mark(running_mark const&) = delete;
    running_mark& operator=(running_mark const&) = delete;
    ~running_mark() { of = std::thread::id{}; }
  };

  void run() {
    detail::prepare_thread("fapilog-watch");
    auto const max = static_cast<std::int64_t>((std::numeric_limits<int>::max)());
    int const timeout =
        interval_.count() == 0 ? -1 : static_cast<int>(std::clamp<std::int64_t>(interval_.count(), 1, max));
    while (!stop_) {
      listener_.pipe.wait(timeout);
      bool const is_hangup = listener_.has_hangup.exchange(false);
      if (stop_ || (!is_hangup && interval_.count() == 0)) continue;
      std::lock_guard const lock{mutex_};
      running_mark const mark{running_};
      check_(is_hangup);
    }
  }

  std::chrono::milliseconds const interval_;
  std::function<void(bool)> check_;
  hangup_listener& listener_;
  std::uint32_t const generation_ = detail::fork_generation.load_relaxed();
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::atomic<std::thread::id> running_{};
  fork_safe<std::thread> thread_;
};

}  // namespace fapilog::inline v0_1::detail
