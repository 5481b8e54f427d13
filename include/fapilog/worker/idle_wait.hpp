// SPDX-License-Identifier: MIT
// How the worker waits for records: it naps while more are expected, and sleeps otherwise; or as `wait_policy` says.
#pragma once

#include <fapilog/detail/os/platform.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/queue/enqueue_event.hpp>
#include <fapilog/setup/policies.hpp>
#include <fapilog/worker/idle_policy.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace fapilog::inline v0_1::detail {

/// Thread: one.
class idle_wait {
 public:
  using clock = std::chrono::steady_clock;

  /// Without `event`, `wait` sleeps for a millisecond each time.
  idle_wait(wait_policy how, double nap_budget, enqueue_event* event) noexcept
      : how_(how), policy_(nap_budget), event_(event) {}

  /// Returns when `has_records` or `has_requests` returns true, or `due` has passed. `records` is the number of those that were
  /// handled since the last call. Calls `before_sleep` before it sleeps without a nap's end in sight.
  template <class HasRecords, class HasRequests, class BeforeSleep>
  void wait(std::optional<clock::time_point> due, std::int64_t records, HasRecords const& has_records,
            HasRequests const& has_requests, BeforeSleep const& before_sleep) {
    constexpr std::int64_t poll_ns = 1'000'000;
    if (event_ == nullptr) return detail::sleep_ns(poll_ns);
    if (how_ == wait_policy::spin) {
      while (!has_records() && !has_requests() && !(due && clock::now() >= *due)) detail::cpu_pause();
      return;
    }
    if (how_ == wait_policy::learning && nap(due, records, has_records, has_requests)) return;
    before_sleep();
    auto const begin = clock::now();
    event_->wait(due, [&] { return has_records() || has_requests(); });
    policy_.slept(clock::now() - begin);
    if (has_records()) policy_.record_found();
  }

 private:
  /// False if the worker should sleep until a call wakes it.
  template <class HasRecords, class HasRequests>
  bool nap(std::optional<clock::time_point> due, std::int64_t records, HasRecords const& has_records,
           HasRequests const& has_requests) {
    auto now = clock::now();
    policy_.no_record(now, records);
    for (;;) {
      auto const silence = policy_.expected_silence();
      auto const length = silence > silence.zero() ? std::optional{silence} : policy_.next_nap();
      if (!length) return false;
      auto until = now + *length;
      if (due) until = (std::min)(until, *due);
      if (silence > silence.zero()) {
        event_->wait(
            until, [&] { return has_records() || has_requests(); }, idle_policy::longest_nap);
        auto const end = clock::now();
        policy_.slept(end - now);
        if (end < until && has_records()) policy_.expectation_failed();
      } else {
        event_->nap(until, has_requests);
        policy_.napped(*length, (std::max)(clock::now() - until, clock::duration::zero()));
      }
      now = clock::now();
      if (has_records()) {
        policy_.record_found();
        return true;
      }
      if (has_requests() || (due && now >= *due)) return true;
    }
  }

  wait_policy const how_;
  idle_policy policy_;
  enqueue_event* const event_;
};

}  // namespace fapilog::inline v0_1::detail
