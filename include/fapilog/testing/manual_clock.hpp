// SPDX-License-Identifier: MIT
// A wall clock that only moves when the test advances it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

namespace fapilog::inline v0_1::testing {

/// For settings named `now_ns`: `sinks::rotating_file{{.path = "app.log", .now_ns = clock.function()}}`. Copies share one time.
/// Stages take the time of the event instead. Thread: any.
class manual_clock {
 public:
  /// `begin_ns`: nanoseconds since 1970-01-01 UTC; the default is 2026-01-01.
  explicit manual_clock(std::int64_t begin_ns = 1'767'225'600'000'000'000)
      : state_(std::make_shared<state>()) {
    state_->now_ns = begin_ns;
  }

  [[nodiscard]] std::int64_t now_ns() const { return state_->now(); }
  void advance(std::chrono::nanoseconds time) const {
    std::lock_guard const lock{state_->mutex};
    state_->now_ns += time.count();
  }
  [[nodiscard]] std::function<std::int64_t()> function() const {
    return [s = state_] { return s->now(); };
  }

 private:
  struct state {
    std::mutex mutex;
    std::int64_t now_ns = 0;
    std::int64_t now() {
      std::lock_guard const lock{mutex};
      return now_ns;
    }
  };
  std::shared_ptr<state> state_;
};

}  // namespace fapilog::inline v0_1::testing
