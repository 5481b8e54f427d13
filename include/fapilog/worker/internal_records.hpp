// SPDX-License-Identifier: MIT
// Adds internal records about dropped and suppressed records to the batch when they are due.
#pragma once

#include <fapilog/detail/os/platform.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/queue/lane_channel.hpp>
#include <fapilog/record/internal_record.hpp>
#include <fapilog/worker/batch_builder.hpp>
#include <fapilog/worker/drop_watch.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Internal records come from the library itself: how many records were dropped, and the summaries of stages.
/// Thread: the worker's. Throws: std::bad_alloc.
class internal_records {
 public:
  using clock = std::chrono::steady_clock;

  [[gnu::cold]] internal_records(lane_channel const& channel, batch_builder& builder,
                                 std::chrono::nanoseconds drop_window) noexcept
      : channel_(channel), builder_(builder), drops_(drop_window) {}

  /// Adds those that are due, at most once a second. `last`: adds all, due or not.
  [[gnu::cold]] void add(bool last) {
    if (!last && clock::now() < next_add_) return;
    std::int64_t const now_ns = detail::wall_clock_ns();
    std::vector<internal_record> all;
    update();
    drops_.summarise(clock::now(), last, all);
    builder_.stages().summarise(now_ns, last, all);
    for (internal_record const& record : all) builder_.add_internal(record, now_ns);
    next_add_ = clock::now() + std::chrono::seconds{1};
  }

  /// Reads how many records were dropped since the last update.
  void update() {
    if (!drops_.is_enabled()) return;
    account sum;
    channel_.add_to(sum);
    drops_.update(clock::now(), sum.dropped);
  }

  /// When `add` has something to add even if no record comes; empty for never.
  [[nodiscard]] std::optional<clock::time_point> due() const {
    std::optional<clock::time_point> first = drops_.due();
    if (std::int64_t const due_ns = builder_.stages().summary_due(); due_ns != 0) {
      auto const due = clock::now() + std::chrono::nanoseconds{due_ns - detail::wall_clock_ns()};
      if (!first || due < *first) first = due;
    }
    if (first) first = (std::max)(*first, next_add_);
    return first;
  }

  [[gnu::cold]] void after_fork_in_child() noexcept { drops_.after_fork_in_child(); }

 private:
  lane_channel const& channel_;
  batch_builder& builder_;
  drop_watch drops_;
  clock::time_point next_add_{};
};

}  // namespace fapilog::inline v0_1::detail
