// SPDX-License-Identifier: MIT
// Summarises dropped records, once per time window.
#pragma once

#include <fapilog/metrics/account.hpp>
#include <fapilog/record/internal_record.hpp>
#include <fapilog/record/level.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Thread: one.
class drop_watch {
 public:
  using clock = std::chrono::steady_clock;

  /// A window of 0 disables it.
  explicit drop_watch(std::chrono::nanoseconds window) noexcept : window_(window) {}

  [[nodiscard]] bool is_enabled() const noexcept { return window_.count() > 0; }

  /// Takes the counts so far. A window begins with the first drop that was not reported yet.
  void update(clock::time_point now, drop_counts const& counts) noexcept {
    if (is_enabled() && !since_ && counts != reported_) since_ = now;
    seen_ = counts;
  }
  /// Adds a record about the drops of the window to `out` if the window has passed, or if this is the `last` call.
  [[gnu::cold]] void summarise(clock::time_point now, bool last, std::vector<internal_record>& out) {
    if (!since_ || (!last && now < *since_ + window_)) return;
    internal_record record{level::warning, "Records were dropped", {}};
    auto const add = [&record](char const* name, std::uint64_t count) {
      if (count != 0) record.data.push_back({name, static_cast<std::int64_t>(count)});
    };
    add("dropped_count", seen_.total() - reported_.total());
    add("queue_full", seen_.queue_full - reported_.queue_full);
    add("closed", seen_.closed - reported_.closed);
    add("no_memory", seen_.no_memory - reported_.no_memory);
    add("reentrant", seen_.reentrant - reported_.reentrant);
    record.data.push_back({"window_seconds", std::chrono::duration<double>(now - *since_).count()});
    out.push_back(std::move(record));
    reported_ = seen_;
    since_.reset();
  }
  /// When the window ends; empty if nothing was dropped.
  [[nodiscard]] std::optional<clock::time_point> due() const noexcept {
    if (!since_) return std::nullopt;
    return *since_ + window_;
  }
  void after_fork_in_child() noexcept {
    reported_ = {};
    seen_ = {};
    since_.reset();
  }

 private:
  std::chrono::nanoseconds window_;
  drop_counts reported_;
  drop_counts seen_;
  std::optional<clock::time_point> since_;
};

}  // namespace fapilog::inline v0_1::detail
