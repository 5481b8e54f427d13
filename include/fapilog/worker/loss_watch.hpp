// SPDX-License-Identifier: MIT
// Summarises lost records by point and reason, once per time window.
#pragma once

#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/metrics/loss_counts.hpp>
#include <fapilog/record/internal_record.hpp>
#include <fapilog/record/level.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Writes a line of diagnostics for each point with losses and, if the window is not 0, an internal record. The loss of an
/// internal record begins no window: a sink that takes no records would otherwise cause one report after the other.
/// Thread: one.
class loss_watch {
 public:
  using clock = std::chrono::steady_clock;

  /// A window of 0 reports to the diagnostics only, once per minute.
  [[gnu::cold]] loss_watch(std::chrono::nanoseconds window, vector<loss_point> points,
                           std::shared_ptr<diagnostics> reports)
      : window_(window.count() > 0 ? window : std::chrono::minutes{1}),
        has_records_(window.count() > 0),
        points_(std::move(points)),
        reported_(points_.size()),
        seen_(points_.size()),
        diagnostics_(std::move(reports)) {}

  /// Takes the counts so far, one element for each point. A window begins with the first loss that was not reported yet.
  void update(clock::time_point now, vector<loss_counts> const& counts) noexcept {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      seen_[i] = counts[i];
      if (!since_ && seen_[i].total() - reported_[i].total() > seen_[i].internal - reported_[i].internal)
        since_ = now;
    }
  }
  /// Reports the losses of the window if it has passed, or if this is the `last` call; adds the records to `out`.
  [[gnu::cold]] void summarise(clock::time_point now, bool last, std::vector<internal_record>& out) {
    if (!since_ || (!last && now < *since_ + window_)) return;
    double const seconds = std::chrono::duration<double>(now - *since_).count();
    since_.reset();
    for (std::size_t i = 0; i < points_.size(); ++i) {
      loss_counts const before = std::exchange(reported_[i], seen_[i]);
      if (seen_[i].total() != before.total()) report(points_[i], before, seen_[i], seconds, out);
    }
  }
  /// When the window ends; empty if nothing was lost.
  [[nodiscard]] std::optional<clock::time_point> due() const noexcept {
    if (!since_) return std::nullopt;
    return *since_ + window_;
  }
  [[gnu::cold]] void after_fork_in_child() noexcept {
    for (auto* const counts : {&reported_, &seen_}) {
      for (loss_counts& of_place : *counts) of_place = {};
    }
    since_.reset();
  }

 private:
  [[gnu::cold]] void report(loss_point const& point, loss_counts const& before, loss_counts const& now,
                            double seconds, std::vector<internal_record>& out) const {
    bool const is_sink = !point.sink.empty();
    auto const total = static_cast<std::int64_t>(now.total() - before.total());
    internal_record record{level::warning, is_sink ? "A sink lost records" : "Records were dropped", {}};
    if (is_sink) record.data.push_back({"sink", point.sink});
    record.data.push_back({is_sink ? "lost_count" : "dropped_count", total});
    char time[32];
    std::snprintf(time, sizeof time, "%.1f", seconds);
    std::string detail = concat({std::to_string(total), " in ", time, " s"});
    if (before.total() != 0) append(detail, {" (", std::to_string(now.total()), " since the start)"});
    char const* separator = ": ";
    for (std::size_t i = 0; i < now.by_reason.size(); ++i) {
      auto const count = static_cast<std::int64_t>(now.by_reason[i] - before.by_reason[i]);
      if (count == 0) continue;
      record.data.push_back({point.reasons[i], count});
      append(detail, {std::exchange(separator, ", "), point.reasons[i], " ", std::to_string(count)});
    }
    record.data.push_back({"window_seconds", seconds});
    diagnostics_->warn_apart(is_sink ? std::string_view{point.sink} : "runtime",
                             is_sink ? "records were lost" : "records were dropped before the sinks", detail);
    if (has_records_) out.push_back(std::move(record));
  }

  std::chrono::nanoseconds window_;
  bool has_records_;
  vector<loss_point> points_;
  vector<loss_counts> reported_;
  vector<loss_counts> seen_;
  std::optional<clock::time_point> since_;
  std::shared_ptr<diagnostics> diagnostics_;
};

}  // namespace fapilog::inline v0_1::detail
