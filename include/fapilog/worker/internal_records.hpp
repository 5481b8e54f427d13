// SPDX-License-Identifier: MIT
// Adds internal records about lost and suppressed records to the batch when they are due.
#pragma once

#include <fapilog/delivery/batch_writer.hpp>
#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/metrics/loss_counts.hpp>
#include <fapilog/queue/lane_channel.hpp>
#include <fapilog/queue/level_registry.hpp>
#include <fapilog/record/internal_record.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/record/level_change.hpp>
#include <fapilog/record/time.hpp>
#include <fapilog/worker/batch_builder.hpp>
#include <fapilog/worker/loss_watch.hpp>
#include <fapilog/worker/pressure.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Internal records come from the library itself: how many records were lost, and the summaries of stages.
/// Thread: the worker's. Throws: std::bad_alloc.
class internal_records {
 public:
  using clock = std::chrono::steady_clock;

  [[gnu::cold]] internal_records(lane_channel const& channel, batch_builder& builder,
                                 batch_writer const& writer, pressure const& load,
                                 std::shared_ptr<diagnostics> reports, std::chrono::nanoseconds window)
      : channel_(channel),
        builder_(builder),
        writer_(writer),
        pressure_(load),
        losses_(window, points(writer), std::move(reports)) {}

  /// Adds those that are due, at most once a second. `last`: adds all, due or not.
  [[gnu::cold]] void add(bool last) {
    if (!last && clock::now() < next_add_) return;
    std::int64_t const now_ns = detail::wall_clock_ns();
    std::vector<internal_record> all;
    update();
    losses_.summarise(clock::now(), last, all);
    builder_.stages().summarise(now_ns, last, all);
    for (internal_record const& record : all) builder_.add_internal(record, now_ns);
    next_add_ = clock::now() + std::chrono::seconds{1};
  }

  /// Records changes of levels, and ends those whose time is over.
  void add_level_changes(level_registry& levels) {
    std::int64_t const next = levels.next_turn_ns();
    if (next == never || next > detail::steady_clock_ns()) [[likely]]
      return;
    for (level_note const& note : levels.take_notes())
      builder_.add_internal(record_of(note), detail::wall_clock_ns());
  }

  /// Reads how many records were lost so far.
  void update() {
    account sum;
    channel_.add_drops_to(sum);
    builder_.add_to(sum);
    account::drop_counts const& dropped = sum.dropped;
    counts_.clear();
    counts_.push_back({{dropped.queue_full, dropped.closed, dropped.no_memory, dropped.reentrant,
                        pressure_.summary().shed, sum.failed},
                       0});
    writer_.add_losses(counts_);
    losses_.update(clock::now(), counts_);
  }
  /// Reports losses of the sinks that come too late for a record, because the sinks have stopped.
  [[gnu::cold]] void report_rest() {
    std::vector<internal_record> unused;
    update();
    losses_.summarise(clock::now(), true, unused);
  }

  /// When `add` has something to add even if no record comes; empty for never.
  [[nodiscard]] std::optional<clock::time_point> due() const {
    std::optional<clock::time_point> first = losses_.due();
    if (std::int64_t const due_ns = builder_.stages().summary_due(); due_ns != 0) {
      auto const due = clock::now() + std::chrono::nanoseconds{due_ns - detail::wall_clock_ns()};
      if (!first || due < *first) first = due;
    }
    if (first) first = (std::max)(*first, next_add_);
    if (std::int64_t const next = channel_.levels().next_turn_ns(); next != never) {
      auto const due = clock::now() + std::chrono::nanoseconds{next - detail::steady_clock_ns()};
      if (!first || due < *first) first = due;
    }
    return first;
  }

  [[gnu::cold]] void after_fork_in_child() noexcept { losses_.after_fork_in_child(); }

 private:
  static constexpr std::int64_t never = (std::numeric_limits<std::int64_t>::max)();

  [[nodiscard, gnu::cold]] static std::string text_of(level value) {
    std::string_view const name = level_name(value);
    return name.empty() ? std::to_string(static_cast<unsigned>(value)) : std::string{name};
  }
  [[nodiscard, gnu::cold]] static internal_record record_of(level_note const& note) {
    internal_record record{
        level::audit, note.has_expired ? "A change of a level has expired" : "A level was changed", {}};
    record.data.push_back({"loggers", note.pattern});
    record.data.push_back({"level", text_of(note.now)});
    record.data.push_back({"level_before", text_of(note.before)});
    if (!note.changed_by.empty()) record.data.push_back({"changed_by", note.changed_by});
    if (note.expires_after.count() > 0) {
      char time[32];
      char* const end = put_timestamp(time, detail::wall_clock_ns() + note.expires_after.count(), 3);
      record.data.push_back({"expires_at", std::string(time, end)});
    }
    return record;
  }

  [[nodiscard, gnu::cold]] static vector<loss_point> points(batch_writer const& writer) {
    vector<loss_point> all{
        {"", {"queue_full", "closed", "no_memory", "reentrant", "shed_under_pressure", "failed_in_stage"}}};
    writer.add_loss_points(all);
    return all;
  }

  lane_channel const& channel_;
  batch_builder& builder_;
  batch_writer const& writer_;
  pressure const& pressure_;
  loss_watch losses_;
  vector<loss_counts> counts_;  ///< kept for its memory
  clock::time_point next_add_{};
};

}  // namespace fapilog::inline v0_1::detail
