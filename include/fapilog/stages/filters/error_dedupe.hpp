// SPDX-License-Identifier: MIT
// Lets an error pass once within a time, and tells afterwards how often it came.
#pragma once

#include <fapilog/detail/memory/recent_table.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/setting_check.hpp>
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
  /// How long after its first sight an error passes no more.
  double window_seconds = 5.0;
  /// Errors that are remembered, and summaries that wait to be written, each with up to 1 KiB of message.
  std::uint32_t max_entries = 1'000;
  /// Only events of these levels are looked at.
  level_set levels = level_set::of(fapilog::level::error, fapilog::level::critical);
  /// Paths in the envelope; events with the same values are the same error.
  std::vector<std::string> key_fields = {"message", "diagnostics.exception.error.type"};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "window_seconds",
                  .text = "How long after its first sight an error passes no more, in seconds.",
                  .min = 0,
                  .max = 86'400,
                  .above_min = true},
          self.window_seconds);
    visit(setting{.name = "max_entries",
                  .text = "Errors that are remembered, and summaries that wait.",
                  .min = 1,
                  .max = 1'000'000},
          self.max_entries);
    visit(setting{.name = "levels", .text = "Only events of these levels are looked at."}, self.levels);
    visit(setting{.name = "key_fields",
                  .text = "Paths in the envelope; events with the same values are the same error."},
          self.key_fields);
  }
};

/// The first of each error passes; the others of its window are counted. When it ends, and at a flush, a record
/// `Errors deduplicated` of level INFO tells of each error that came again. Its `data` has `error_message` (not that of
/// more than 1 KiB: in a text that was cut, redactors might miss what they look for), `first_message_id` (of the record
/// that passed), `suppressed_count` and `window_seconds`. Time is that of the calls. An error that was pushed out by
/// others passes once more. Throws: std::invalid_argument in the constructor; std::bad_alloc. Thread: the worker's, but
/// for `collect`.
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
    leave_to_parent();
    auto const key = key_.of(e);
    if (!key) return true;
    if (error* const found = known_.find(*key)) {
      if (!is_over(*found, e.unix_ns)) {
        suppress(*found, e);
        return false;
      }
      close(*found);
      begin(*known_.renew(*key), e);
      return true;
    }
    if (known_.full() && !close(known_.oldest())) return true;
    begin(known_.add(*key), e);
    return true;
  }

  void summarise(std::int64_t now_ns, bool last, std::vector<internal_record>& all) {
    leave_to_parent();
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
        due_at(known.first_ns + window_ns_);
      }
    });
  }
  [[nodiscard]] std::int64_t summary_due() const noexcept { return due_ns_; }

  void collect(metric_list& all) const {
    metric m;
    m.name = "fapilog_errors_deduplicated_total";
    m.help = "Errors that did not pass because the same one had passed shortly before.";
    m.value = static_cast<double>(suppressed_.value());
    all.push_back(std::move(m));
  }

 private:
  struct error {
    std::int64_t first_ns = 0;
    uuid first_id;
    std::uint64_t suppressed = 0;
    std::string message;  ///< once it was suppressed
  };

  static error_dedupe_config const& checked(error_dedupe_config const& config) {
    check_settings(name(), config);
    if (config.key_fields.empty()) detail::refuse_setting(name(), "key_fields", "empty", "at least one path");
    return config;
  }

  /// True, too, where the clock was set back by more than the window.
  [[nodiscard]] bool is_over(error const& known, std::int64_t now_ns) const noexcept {
    std::int64_t const age = now_ns - known.first_ns;
    return age >= window_ns_ || age < -window_ns_;
  }

  /// After a fork: what was suppressed before it is the parent's to tell.
  void leave_to_parent() noexcept {
    std::uint32_t const now = detail::fork_generation.load_relaxed();
    if (now == generation_) return;
    generation_ = now;
    while (!known_.empty()) known_.drop_oldest();
    waiting_.clear();
    due_ns_ = 0;
    suppressed_.set(0);
  }

  static void begin(error& known, event const& e) noexcept {
    known.first_ns = e.unix_ns;
    known.first_id = e.message_id;
  }

  void suppress(error& known, event const& e) {
    constexpr std::size_t longest_message = 1024;
    if (known.suppressed == 0) {
      known.message = e.message.size() <= longest_message ? e.message : std::string_view{};
      due_at(known.first_ns + window_ns_);
    }
    ++known.suppressed;
    suppressed_.add();
  }

  /// Its summary waits from now on. False where too many do: then it goes on counting.
  bool close(error& known) {
    if (known.suppressed == 0) return true;
    if (waiting_.size() >= config_.max_entries) return false;
    waiting_.push_back(summary_of(known));
    known.suppressed = 0;
    due_at(1);
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

  void due_at(std::int64_t ns) noexcept { due_ns_ = due_ns_ == 0 ? ns : std::min(due_ns_, ns); }

  error_dedupe_config config_;
  std::int64_t window_ns_;
  event_key key_;
  detail::recent_table<error> known_;  ///< in the order of their first sight
  std::vector<internal_record> waiting_;
  std::int64_t due_ns_ = 0;
  counter suppressed_;
  std::uint32_t generation_ = detail::fork_generation.load_relaxed();
};

}  // namespace fapilog::inline v0_1::filters
