// SPDX-License-Identifier: MIT
// Notices that records were dropped, and says how many and why, once a window.
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

  /// A window of 0 switches it off.
  explicit drop_watch(std::chrono::nanoseconds window) noexcept : window_(window) {}

  [[nodiscard]] bool is_enabled() const noexcept { return window_.count() > 0; }

  /// Takes the counts so far; the window begins with the first that differ from those told.
  void look(clock::time_point now, drop_counts const& counts) noexcept {
    if (is_enabled() && !since_ && counts != told_) since_ = now;
    seen_ = counts;
  }
  /// What was dropped, when the window has passed or this is the `last` time.
  void tell(clock::time_point now, bool last, std::vector<internal_record>& out) {
    if (!since_ || (!last && now < *since_ + window_)) return;
    internal_record record{level::warning, "Records were dropped", {}};
    auto const add = [&record](char const* name, std::uint64_t count) {
      if (count != 0) record.data.emplace_back(name, static_cast<std::int64_t>(count));
    };
    add("dropped_count", seen_.total() - told_.total());
    add("queue_full", seen_.queue_full - told_.queue_full);
    add("closed", seen_.closed - told_.closed);
    add("no_memory", seen_.no_memory - told_.no_memory);
    add("reentrant", seen_.reentrant - told_.reentrant);
    record.data.emplace_back("window_seconds", std::chrono::duration<double>(now - *since_).count());
    out.push_back(std::move(record));
    told_ = seen_;
    since_.reset();
  }
  /// When there is something to tell, if anything waits for it.
  [[nodiscard]] std::optional<clock::time_point> due() const noexcept {
    if (!since_) return std::nullopt;
    return *since_ + window_;
  }
  void after_fork_in_child() noexcept {
    told_ = {};
    seen_ = {};
    since_.reset();
  }

 private:
  std::chrono::nanoseconds window_;
  drop_counts told_;
  drop_counts seen_;
  std::optional<clock::time_point> since_;
};

}  // namespace fapilog::inline v0_1::detail
