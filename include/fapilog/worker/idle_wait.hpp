// SPDX-License-Identifier: MIT
// How the worker waits for records: it spins, then naps, then sleeps until a signal.
#pragma once

#include <fapilog/detail/os/system.hpp>
#include <fapilog/queue/enqueue_event.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>

namespace fapilog::inline v0_1::detail {

/// Thread: one.
class idle_wait {
 public:
  using clock = std::chrono::steady_clock;

  /// Without `event`, `wait` sleeps for a millisecond each time.
  idle_wait(std::chrono::nanoseconds spin, std::chrono::nanoseconds linger, enqueue_event* event) noexcept
      : spin_(spin), linger_(linger), event_(event) {}

  /// Returns when `has_work` returns true or `due` has passed. Calls `before_sleep` once the naps are over.
  template <class HasWork, class BeforeSleep>
  void wait(std::optional<clock::time_point> due, HasWork const& has_work, BeforeSleep const& before_sleep) {
    if (event_ == nullptr) {
      constexpr std::int64_t poll_ns = 1'000'000;
      return detail::sleep_ns(poll_ns);
    }
    auto const idle_since = clock::now();
    auto const spin_end = idle_since + spin_;
    auto const nap_end = spin_end + linger_;
    for (auto now = idle_since; now < nap_end; now = clock::now()) {
      if (has_work() || (due && now >= *due)) return;
      if (now < spin_end) {
        std::this_thread::yield();  // a caller may need this processor
      } else {
        // The naps grow with the idle time: a record waits at most a quarter as long as the worker was idle.
        detail::sleep_ns(std::clamp<std::int64_t>((now - idle_since).count() / 4, 50'000, 200'000));
      }
    }
    before_sleep();
    event_->wait(due, has_work);
  }

 private:
  std::chrono::nanoseconds const spin_;
  std::chrono::nanoseconds const linger_;
  enqueue_event* const event_;
};

}  // namespace fapilog::inline v0_1::detail
