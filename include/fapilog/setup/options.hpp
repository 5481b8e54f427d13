// SPDX-License-Identifier: MIT
// Every choice of a runtime, as one plain aggregate whose defaults are the preset's.
#pragma once

#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/setup/delivery_options.hpp>
#include <fapilog/setup/policies.hpp>
#include <fapilog/setup/preset.hpp>
#include <fapilog/setup/presets.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/stages/enricher.hpp>
#include <fapilog/stages/filter.hpp>
#include <fapilog/stages/processor.hpp>
#include <fapilog/stages/redactor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

/// Options for `basic_runtime<P>`: name what differs from the preset,
/// `fapilog::runtime rt{{.log_level = fapilog::level::debug, .lane_bytes = 1 << 16}};`
template <preset const& P>
struct basic_options {
  /// Records below it are not even submitted. `runtime::set_level` changes it while running.
  level log_level = P.core.log_level;
  /// Levels of loggers by name, such as `{{"db.*", fapilog::level::debug}}`; patterns as for `runtime::set_level`.
  std::vector<std::pair<std::string, level>> log_levels = {};

  /// Most records in a batch. More: fewer and larger writes. Less: sinks see records sooner under load.
  std::size_t batch_max_size = P.core.batch_max_size;
  /// Longest that a record waits for company once the lanes are empty; 0: not at all. An isolated record never waits.
  std::chrono::nanoseconds batch_timeout = std::chrono::milliseconds{P.core.batch_timeout_ms};

  fapilog::when_full when_full = P.core.drop_on_full ? fapilog::when_full::drop : fapilog::when_full::wait;
  /// For `when_full::wait`.
  std::chrono::nanoseconds backpressure_wait = std::chrono::milliseconds{P.core.backpressure_wait_ms};
  /// Bytes that one thread may have on the way; rounded up to a power of two, 4 KiB to 1 GiB. A record takes 40 bytes
  /// and 24 for each number or text, plus the texts.
  std::size_t lane_bytes = std::size_t{1} << 20;
  /// Share of a lane that only `protected_levels` may use, 0 to 0.5: a flood of others leaves it to them.
  double protected_share = 0.125;
  level_set protected_levels = P.core.protected_levels;
  /// A longer record is cut and marked `_truncated`; 1 KiB to 1 GiB.
  std::size_t max_record_bytes = std::size_t{1} << 20;

  /// After its last record the worker looks this long without sleeping, ...
  std::chrono::nanoseconds spin = std::chrono::microseconds{10};
  /// ... then this long in naps of 50 to 200 us, in which a call wakes nobody; then it sleeps until a call wakes it.
  std::chrono::nanoseconds linger = std::chrono::milliseconds{2};
  /// False: calls and worker are ordered by fences instead of membarrier(2), which interrupts other threads for a
  /// moment each time the worker goes to sleep.
  bool use_membarrier = true;
  /// False: calls read the wall clock, not the processor's counter.
  bool use_tsc = true;

  /// For `diagnostics`. An empty string takes the environment variable FAPILOG_SERVICE, FAPILOG_ENV or FAPILOG_VERSION;
  /// without it `service` is the file name of the program.
  std::string service = {};
  std::string env = {};
  std::string version = {};
  /// File, line, function and thread in `diagnostics`.
  bool source_location = P.core.source_location;
  /// Names of custom levels, such as `{{fapilog::custom_level(25), "NOTICE"}}`.
  std::vector<std::pair<level, std::string>> level_names = {};

  /// Stages run in this order: filters, enrichers, redactors, JSON, processors. runtime_info is always the first
  /// enricher.
  std::vector<any_filter> filters = {};
  std::vector<any_enricher> enrichers = {};
  std::vector<any_redactor> redactors = default_redactors<P>();
  std::vector<any_processor> processors = {};
  /// What becomes of a record whose redactor throws.
  fapilog::redaction_fail_mode redaction_fail_mode = P.core.redaction_fail_closed
                                                         ? fapilog::redaction_fail_mode::closed
                                                         : fapilog::redaction_fail_mode::warn;
  /// Where records land, each with how it is served (`delivery_options`). Empty: nowhere, but they are counted.
  std::vector<placed_sink> sinks = default_sinks<P>();
  /// Whether a record goes to every sink whose route takes it, or to the first.
  fapilog::routing routing = fapilog::routing::overlap;
  /// For sinks that have none of their own.
  retry_options retry = {};

  /// What happens while the worker is behind.
  adaptive_options adaptive = preset_adaptive(P);
  /// A WARNING record of the logger `fapilog` says how many records were dropped in this time, and why; 0: none.
  std::chrono::nanoseconds drop_summary_window =
      P.core.emit_drop_summary ? std::chrono::seconds{P.core.drop_summary_window_seconds}
                               : std::chrono::seconds{0};

  /// How long the destructor of the runtime waits for the last records.
  std::chrono::nanoseconds shutdown_timeout = std::chrono::milliseconds{P.core.shutdown_timeout_ms};
  /// Takes the library's own complaints instead of stderr; called from any thread, one call at a time.
  diagnostics::writer diagnostics_output = {};

  /// What can be set by text, by the names of the group `core`. The lists of stages and sinks are names there.
  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    constexpr double kib = 1024;
    constexpr double gib = kib * kib * kib;
    visit(setting{.name = "log_level", .text = "Records below it are not submitted."}, self.log_level);
    visit(
        setting{.name = "log_levels",
                .text = "Levels of single loggers: a name (`db.pool`), or a name and all below it (`db.*`)."},
        self.log_levels);
    visit(setting{.name = "level_names",
                  .text = "Names of custom levels, by their numbers: `{\"25\": \"NOTICE\"}`."},
          self.level_names);
    visit(setting{.name = "batch_max_size", .text = "Most records in a batch.", .min = 1, .max = 1'000'000},
          self.batch_max_size);
    visit(setting{.name = "batch_timeout_seconds",
                  .text = "Longest that a record waits for company once the lanes are empty; 0: not at all."},
          self.batch_timeout);
    visit(setting{.name = "when_full", .text = "What a call does when its thread's lane is full."},
          self.when_full);
    visit(setting{.name = "backpressure_wait_ms",
                  .text = "Longest wait for room, where `when_full` is `wait`."},
          self.backpressure_wait);
    visit(setting{.name = "lane_bytes",
                  .text = "What one thread may have on the way; rounded up to a power of two.",
                  .min = 4 * kib,
                  .max = gib,
                  .form = setting_form::bytes},
          self.lane_bytes);
    visit(setting{.name = "protected_share",
                  .text = "Share of a lane that only `protected_levels` may use.",
                  .min = 0,
                  .max = 0.5},
          self.protected_share);
    visit(setting{.name = "protected_levels", .text = "Levels that a flood of others must not push out."},
          self.protected_levels);
    visit(setting{.name = "max_record_bytes",
                  .text = "A longer record is cut and marked `_truncated`.",
                  .min = kib,
                  .max = gib,
                  .form = setting_form::bytes},
          self.max_record_bytes);
    visit(
        setting{.name = "spin", .text = "After its last record the worker looks this long without sleeping."},
        self.spin);
    visit(setting{.name = "linger", .text = "Then it naps this long, and calls wake nobody; then it sleeps."},
          self.linger);
    visit(setting{.name = "use_membarrier", .text = "Whether membarrier(2) may order calls and worker."},
          self.use_membarrier);
    visit(setting{.name = "use_tsc", .text = "Whether calls may read the processor's counter for the time."},
          self.use_tsc);
    visit(
        setting{.name = "service", .text = "`diagnostics.service`; empty: FAPILOG_SERVICE, else the file name of the program."},
        self.service);
    visit(setting{.name = "env", .text = "`diagnostics.env`; empty: FAPILOG_ENV or ENV, else `dev`."},
          self.env);
    visit(setting{.name = "version", .text = "`diagnostics.version`; empty: FAPILOG_VERSION, else `0.0.0`."},
          self.version);
    visit(setting{.name = "source_location", .text = "File, line, function and thread in `diagnostics`."},
          self.source_location);
    visit(setting{.name = "redaction_fail_mode", .text = "What becomes of a record whose redactor throws."},
          self.redaction_fail_mode);
    visit(setting{.name = "routing",
                  .text = "Whether a record goes to every sink whose route takes it, or to the first."},
          self.routing);
    visit(setting{.name = "retry", .text = "For sinks that have none of their own."}, self.retry);
    visit(setting{.name = "adaptive", .text = "What happens while the worker is behind."}, self.adaptive);
    visit(setting{.name = "drop_summary_window_seconds",
                  .text = "A WARNING record says how many records were dropped in this time; 0: none."},
          self.drop_summary_window);
    visit(
        setting{.name = "shutdown_timeout_seconds",
                .text =
                    "How long the destructor of the runtime, or the exit of the process, waits for the last "
                    "records."},
        self.shutdown_timeout);
  }
};

/// The options of `fapilog::runtime`.
using options = basic_options<default_preset>;

/// As `validate` for the options of a runtime; `sink` names the one whose delivery this is.
inline void validate(delivery_options const& o, std::string_view sink) {
  auto const refuse = [sink](std::string_view name, auto value, std::string_view rule) {
    throw std::invalid_argument{"fapilog: delivery option '" + std::string{name} + "' of sink '" +
                                std::string{sink} + "' is " + std::to_string(value) + "; it must be " +
                                std::string{rule}};
  };
  constexpr std::uint64_t least_bytes = 65'536;
  if (o.route.min_level > o.route.max_level)
    refuse("route.min_level", static_cast<int>(o.route.min_level), "no greater than route.max_level");
  if (o.queue_bytes < least_bytes) refuse("queue_bytes", o.queue_bytes, "65536 (64 KiB) or more");
  if (o.retry.first_delay.count() < 0)
    refuse("retry.first_delay", o.retry.first_delay.count(), "zero or more (in milliseconds)");
  if (o.retry.longest_delay.count() < 0)
    refuse("retry.longest_delay", o.retry.longest_delay.count(), "zero or more (in milliseconds)");
  if (o.circuit_breaker.failure_threshold < 1)
    refuse("circuit_breaker.failure_threshold", o.circuit_breaker.failure_threshold, "1 or more");
  if (o.circuit_breaker.recovery_timeout.count() < 0) {
    refuse("circuit_breaker.recovery_timeout", o.circuit_breaker.recovery_timeout.count(),
           "zero or more (in milliseconds)");
  }
  if (o.spool.directory.empty()) return;
  if (o.thread == sink_thread::shared) {
    throw std::invalid_argument{"fapilog: sink '" + std::string{sink} +
                                "' has a spool and thread 'shared'; a spool needs a thread of its own"};
  }
  if (o.spool.max_bytes < least_bytes) refuse("spool.max_bytes", o.spool.max_bytes, "65536 (64 KiB) or more");
  if (o.spool.segment_bytes < 4'096)
    refuse("spool.segment_bytes", o.spool.segment_bytes, "4096 (4 KiB) or more");
}

/// As `validate` for the options of a runtime.
inline void validate(adaptive_options const& o) {
  auto const refuse = [](std::string_view name, double value, std::string_view rule) {
    throw std::invalid_argument{"fapilog: option 'adaptive." + std::string{name} + "' is " +
                                std::to_string(value) + "; it must be " + std::string{rule}};
  };
  if (o.check_interval.count() < 1)
    refuse("check_interval", static_cast<double>(o.check_interval.count()), "1 or more (in milliseconds)");
  if (o.cooldown.count() < 0)
    refuse("cooldown", static_cast<double>(o.cooldown.count()), "zero or more (in milliseconds)");
  if (!(o.escalate_to_elevated > 0 && o.escalate_to_elevated <= 1))
    refuse("escalate_to_elevated", o.escalate_to_elevated, "above 0, at most 1");
  if (!(o.escalate_to_high > o.escalate_to_elevated && o.escalate_to_high <= 1))
    refuse("escalate_to_high", o.escalate_to_high, "above escalate_to_elevated, at most 1");
  if (!(o.escalate_to_critical > o.escalate_to_high && o.escalate_to_critical <= 1))
    refuse("escalate_to_critical", o.escalate_to_critical, "above escalate_to_high, at most 1");
  if (!(o.deescalate_from_elevated >= 0 && o.deescalate_from_elevated < o.escalate_to_elevated))
    refuse("deescalate_from_elevated", o.deescalate_from_elevated, "below escalate_to_elevated");
  if (!(o.deescalate_from_high >= 0 && o.deescalate_from_high < o.escalate_to_high))
    refuse("deescalate_from_high", o.deescalate_from_high, "below escalate_to_high");
  if (!(o.deescalate_from_critical >= 0 && o.deescalate_from_critical < o.escalate_to_critical))
    refuse("deescalate_from_critical", o.deescalate_from_critical, "below escalate_to_critical");
  if (!(o.circuit_pressure_boost >= 0 && o.circuit_pressure_boost <= 1))
    refuse("circuit_pressure_boost", o.circuit_pressure_boost, "0 to 1");
}

/// Throws std::invalid_argument for the first option that cannot be, with its name, its value and what would be right.
template <preset const& P>
void validate(basic_options<P> const& o) {
  auto const refuse = [](std::string_view name, auto value, std::string_view rule) {
    throw std::invalid_argument{"fapilog: option '" + std::string{name} + "' is " + std::to_string(value) +
                                "; it must be " + std::string{rule}};
  };
  constexpr std::size_t gib = std::size_t{1} << 30;
  if (static_cast<std::size_t>(o.log_level) >= level_count)
    refuse("log_level", static_cast<int>(o.log_level), "0 to 99");
  if (o.batch_max_size < 1 || o.batch_max_size > 1'000'000)
    refuse("batch_max_size", o.batch_max_size, "1 to 1000000");
  if (o.lane_bytes < 4096 || o.lane_bytes > gib)
    refuse("lane_bytes", o.lane_bytes, "4096 (4 KiB) to 1073741824 (1 GiB)");
  if (!(o.protected_share >= 0 && o.protected_share <= 0.5))
    refuse("protected_share", o.protected_share, "0 to 0.5");
  if (o.max_record_bytes < 1024 || o.max_record_bytes > gib) {
    refuse("max_record_bytes", o.max_record_bytes, "1024 (1 KiB) to 1073741824 (1 GiB)");
  }
  auto const not_negative = [&](std::string_view name, std::chrono::nanoseconds value) {
    if (value.count() < 0) refuse(name, value.count(), "zero or more (in nanoseconds)");
  };
  not_negative("batch_timeout", o.batch_timeout);
  not_negative("backpressure_wait", o.backpressure_wait);
  not_negative("spin", o.spin);
  not_negative("linger", o.linger);
  not_negative("shutdown_timeout", o.shutdown_timeout);
  not_negative("drop_summary_window", o.drop_summary_window);
  validate(o.adaptive);
  not_negative("retry.first_delay", o.retry.first_delay);
  not_negative("retry.longest_delay", o.retry.longest_delay);
  for (placed_sink const& s : o.sinks)
    validate(s.delivery, s.delivery.name.empty() ? s.sink.name() : s.delivery.name);
  for (auto const& [pattern, lowest] : o.log_levels) {
    if (static_cast<std::size_t>(lowest) >= level_count)
      refuse("log_levels", static_cast<int>(lowest), "0 to 99");
    // A star elsewhere would match nothing.
    std::size_t const star = pattern.find('*');
    bool const name_and_below = star >= 2 && star + 1 == pattern.size() && pattern.ends_with(".*");
    if (pattern.empty() || (star != std::string::npos && !name_and_below)) {
      throw std::invalid_argument{"fapilog: option 'log_levels' has the pattern '" + pattern +
                                  "'; it must be a logger's name, or a name and \".*\""};
    }
  }
  for (auto const& [value, name] : o.level_names) {
    if (static_cast<std::size_t>(value) >= level_count || !level_name(value).empty()) {
      refuse("level_names", static_cast<int>(value), "a custom level, 0 to 99 and not one of the named ones");
    }
    if (name.empty()) refuse("level_names", static_cast<int>(value), "given a name that is not empty");
  }
}

}  // namespace fapilog::inline v0_1

#ifndef FAPILOG_COMPILED
#include <fapilog/setup/presets_impl.hpp>
#endif
