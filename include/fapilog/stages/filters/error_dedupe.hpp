// SPDX-License-Identifier: MIT
// Passes each error once per window and reports afterwards how often it was repeated.
#pragma once

#include <fapilog/detail/memory/recent_table.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/record/internal_record.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/record/uuid.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/filter.hpp>
#include <fapilog/stages/filters/detail/event_key.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::filters {

struct error_dedupe_config {
  /// How long after its first occurrence an error is suppressed.
  double window_seconds = 5.0;
  /// Errors that are remembered, and summaries that wait to be written. Each takes up to 1 KiB for its message.
  std::uint32_t max_entries = 1'000;
  /// Only events of these levels are deduplicated.
  level_set levels = level_set::of(fapilog::level::error, fapilog::level::critical);
  /// Paths in the envelope. Events with the same values are the same error.
  std::vector<std::string> key_fields = {"message", "diagnostics.exception.error.type"};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "window_seconds",
                  .text = "How long after its first occurrence an error is suppressed, in seconds.",
                  .min = 0,
                  .max = 86'400,
                  .above_min = true},
          self.window_seconds);
    visit(setting{.name = "max_entries",
                  .text = "Errors that are remembered, and summaries that wait.",
                  .min = 1,
                  .max = 1'000'000},
          self.max_entries);
    visit(setting{.name = "levels", .text = "Only events of these levels are deduplicated."}, self.levels);
    visit(setting{.name = "key_fields",
                  .text = "Paths in the envelope; events with the same values are the same error.",
                  .not_empty = true},
          self.key_fields);
  }
};

/// The first event of each error passes; those that follow within the window are counted. When the window ends, and at a
/// flush, a record `Errors deduplicated` of level INFO is written for each error that was repeated. Its `data` has
/// `error_message` (unless it is longer than 1 KiB: redactors might miss a secret in a string that was cut),
/// `first_message_id` (of the record that passed), `suppressed_count` and `window_seconds`. Time is that of the calls. An
/// error that was evicted by others passes once more. Throws: std::invalid_argument in the constructor; std::bad_alloc.
/// Thread: the worker's; `collect` any.
class error_dedupe {
 public:
  explicit error_dedupe(error_dedupe_config const& config = {})
      : config_(checked(config)),
        window_ns_(static_cast<std::int64_t>(config.window_seconds * 1e9)),
        key_(name(), "key_fields", config.key_fields),
        known_(config.max_entries) {}

  [[nodiscard]] static constexpr std::string_view name() noexcept { return "error_dedupe"; }

  [[nodiscard]] bool keep(event const& e) {
    if (!config_.levels.contains(e.severity)) return true;
    reset_after_fork();
    auto const key = key_.hash_of(e);
    if (!key) return true;
    if (error* const found = known_.find(*key)) {
      if (!is_over(*found, e.unix_ns)) {
        suppress(*found, e);
        return false;
      }
      queue_summary(*found);
      start_window(*known_.renew(*key), e);
      return true;
    }
    if (known_.full() && !queue_summary(known_.oldest())) return true;
    start_window(known_.add(*key), e);
    return true;
  }

  void summarise(std::int64_t now_ns, bool last, std::vector<internal_record>& all) {
    reset_after_fork();
    all.insert(all.end(), std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
    waiting_.clear();
    while (!known_.empty() && is_over(known_.oldest(), now_ns)) {
      if (known_.oldest().suppressed != 0) all.push_back(summary_of(known_.oldest()));
      known_.drop_oldest();
    }
    due_ns_ = 0;
    known_.for_each([&](error& known) {
      if (known.suppressed == 0) return;
      if (last) {
        all.push_back(summary_of(known));
        known.suppressed = 0;
      } else {
        schedule_summary(known.first_ns + window_ns_);
      }
    });
  }
  [[nodiscard]] std::int64_t summary_due() const noexcept { return due_ns_; }

  void collect(metric_list& all) const {
    metric m;
    m.name = "fapilog_errors_deduplicated_total";
    m.help = "Errors that were suppressed because the same error had passed within the window.";
    m.value = static_cast<double>(suppressed_.value());
    all.push_back(std::move(m));
  }

 private:
  struct error {
    std::int64_t first_ns = 0;
    uuid first_id;
    std::uint64_t suppressed = 0;
    std::string message;  ///< set when the first repetition is suppressed
  };

  static error_dedupe_config const& checked(error_dedupe_config const& config) {
    check_settings(name(), config);
    return config;
  }

  /// True if the window is over, and if the clock was set back by more than the window.
  [[nodiscard]] bool is_over(error const& known, std::int64_t now_ns) const noexcept {
    std::int64_t const age = now_ns - known.first_ns;
    return age >= window_ns_ || age < -window_ns_;
  }

  /// Clears all state after a fork, because the parent reports the errors that were suppressed before it.
  void reset_after_fork() noexcept {
    std::uint32_t const now = detail::fork_generation.load_relaxed();
    if (now == generation_) return;
    generation_ = now;
    while (!known_.empty()) known_.drop_oldest();
    waiting_.clear();
    due_ns_ = 0;
    suppressed_.set(0);
  }

  static void start_window(error& known, event const& e) noexcept {
    known.first_ns = e.unix_ns;
    known.first_id = e.message_id;
  }

  void suppress(error& known, event const& e) {
    constexpr std::size_t longest_message = 1024;
    if (known.suppressed == 0) {
      known.message = e.message.size() <= longest_message ? e.message : std::string_view{};
      schedule_summary(known.first_ns + window_ns_);
    }
    ++known.suppressed;
    suppressed_.add();
  }

  /// Queues the summary of a window that has ended. Returns false if too many summaries wait; the error then continues
  /// to count.
  bool queue_summary(error& known) {
    if (known.suppressed == 0) return true;
    if (waiting_.size() >= config_.max_entries) return false;
    waiting_.push_back(summary_of(known));
    known.suppressed = 0;
    schedule_summary(1);
    return true;
  }

  [[nodiscard]] internal_record summary_of(error const& known) const {
    internal_record summary;
    summary.severity = fapilog::level::info;
    summary.message = "Errors deduplicated";
    if (!known.message.empty()) summary.data.emplace_back("error_message", known.message);
    summary.data.emplace_back("first_message_id", to_string(known.first_id));
    summary.data.emplace_back("suppressed_count", static_cast<std::int64_t>(known.suppressed));
    summary.data.emplace_back("window_seconds", config_.window_seconds);
    return summary;
  }

  void schedule_summary(std::int64_t ns) noexcept { due_ns_ = due_ns_ == 0 ? ns : (std::min)(due_ns_, ns); }

  error_dedupe_config config_;
  std::int64_t window_ns_;
  detail::event_key key_;
  detail::recent_table<error> known_;  ///< in the order of their first occurrence
  std::vector<internal_record> waiting_;
  std::int64_t due_ns_ = 0;
  counter suppressed_;
  std::uint32_t generation_ = detail::fork_generation.load_relaxed();
};

}  // namespace fapilog::inline v0_1::filters
