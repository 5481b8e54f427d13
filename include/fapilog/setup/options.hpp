// SPDX-License-Identifier: MIT
// All options of a runtime, as one aggregate whose defaults are those of the preset.
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
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail {

/// Checks the names of `log_levels` and `level_names`.
[[gnu::cold]] inline void check_level_rules(std::vector<std::pair<std::string, level>> const& log_levels,
                                            std::vector<std::pair<level, std::string>> const& level_names,
                                            setting_problems& problems) {
  for (auto const& [pattern, lowest] : log_levels) {
    // A star in any other place would match nothing.
    std::size_t const star = pattern.find('*');
    bool const name_and_below = star >= 2 && star + 1 == pattern.size() && pattern.ends_with(".*");
    if (pattern.empty() || (star != std::string::npos && !name_and_below)) {
      problems.add("log_levels", "the pattern '" + pattern +
                                     "' is invalid; expected the name of a logger, or a name and \".*\"");
    }
  }
  for (auto const& [value, name] : level_names) {
    std::string const number = std::to_string(static_cast<unsigned>(value));
    if (!level_name(value).empty() && level_name(value) != name)
      problems.add("level_names", number + " is " + std::string{level_name(value)} +
                                      "; expected a custom level, one of the numbers without a name");
    else if (name.empty()) problems.add("level_names", "the name of " + number + " must not be empty");
  }
}

/// The crash options of P. Compiles the handler only if P enables it.
template <preset const& P>
[[nodiscard]] crash_options default_crash() {
  if constexpr (P.get("core.crash.enabled", false)) return {.enabled = true};
  else return {};
}

}  // namespace detail

/// Options for `basic_runtime<P>`. Set the members that differ from the preset:
/// `fapilog::runtime rt{{.log_level = fapilog::level::debug, .lane_bytes = 1 << 16}};`
/// The members have the order of the table in docs/user-guide/configuration.md.
template <preset const& P>
struct basic_options {
  /// Records below it are not submitted. `runtime::set_level` changes it while running.
  level log_level = P.get("core.log_level", level::info);
  /// Levels of single loggers, such as `{{"db.*", fapilog::level::debug}}`; patterns as for `runtime::set_level`.
  std::vector<std::pair<std::string, level>> log_levels = {};

  /// Maximum number of records in a batch. More: fewer and larger writes. Less: sinks see records sooner under load.
  std::size_t batch_max_size = P.get("core.batch_max_size", std::size_t{256});
  /// Maximum time that a record waits for others once the lanes are empty; 0: it never waits. An isolated record never
  /// waits, and a batch with a record of `protected_levels` waits 5 ms at most.
  std::chrono::nanoseconds batch_timeout =
      P.get("core.batch_timeout_seconds", std::chrono::nanoseconds{250'000'000});

  fapilog::when_full when_full = P.get("core.when_full", fapilog::when_full::drop);
  /// Maximum time that a call waits for room if `when_full` is `when_full::wait`.
  std::chrono::nanoseconds backpressure_wait = std::chrono::milliseconds{50};
  /// Bytes that one thread may have in flight; rounded up to a power of two, 4 KiB to 1 GiB. See
  /// docs/user-guide/backpressure.md for the size of a record.
  std::size_t lane_bytes = std::size_t{1} << 20;
  /// Share of a lane that only `protected_levels` may use, 0 to 0.5.
  double protected_share = 0.125;
  /// Levels that may use this reserve, are never removed under pressure, and do not wait for the batch.
  level_set protected_levels = level_set::of(level::error, level::critical, level::audit, level::security);
  /// A longer record is truncated and marked `_truncated`; 1 KiB to 1 GiB.
  std::size_t max_record_bytes = std::size_t{1} << 20;

  fapilog::wait_policy wait_policy = fapilog::wait_policy::learning;
  /// Share of a processor that the naps of `wait_policy::learning` may use, 0 to 1; 0: no naps.
  double nap_budget = 0.01;
  /// False: fences order calls and worker instead of membarrier(2), which briefly interrupts other threads each time
  /// the worker begins to sleep.
  bool use_membarrier = true;
  /// False: calls read the wall clock instead of the processor's time stamp counter.
  bool use_tsc = true;

  /// Members of `diagnostics`. If a string is empty, the environment variable FAPILOG_SERVICE, FAPILOG_ENV or
  /// FAPILOG_VERSION is used. If that is not set either, `service` is the file name of the program.
  std::string service = {};
  std::string env = {};
  std::string version = {};
  /// Adds file, line, function and thread of the call to `diagnostics`.
  bool source_location = P.get("core.source_location", false);
  /// Names of custom levels, such as `{{fapilog::custom_level(25), "NOTICE"}}`.
  std::vector<std::pair<level, std::string>> level_names = {};

  /// Stages run in this order: filters, enrichers, redactors, JSON, processors. runtime_info is always the first
  /// enricher.
  std::vector<any_filter> filters = {};
  std::vector<any_enricher> enrichers = {};
  /// Redactors in addition to those of the preset. They run after them.
  std::vector<any_redactor> redactors = {};
  /// False removes the redactors of the preset, and the runtime reports that at its start. What they mask is then written
  /// in clear.
  bool preset_redactors = true;
  std::vector<any_processor> processors = {};
  /// What happens to a record whose redactor throws.
  fapilog::redaction_fail_mode redaction_fail_mode =
      P.get("core.redaction_fail_mode", fapilog::redaction_fail_mode::closed);
  /// Where records are delivered, each with its `delivery_options`. Empty: records are only counted.
  std::vector<placed_sink> sinks = detail::default_sinks<P>();
  /// True: the constructor of the runtime throws std::runtime_error if a sink without a thread of its own cannot start, such as a
  /// file in a directory that cannot be written. False: that is reported, and tried again each second.
  bool fail_fast = false;
  /// Whether a record goes to every sink whose route takes it, or to the first.
  fapilog::routing routing = fapilog::routing::overlap;
  /// Retry options of the sinks that have none.
  retry_options retry = {};

  /// What happens while the worker is behind.
  adaptive_options adaptive = detail::default_adaptive<P>();
  /// WARNING records of the logger `fapilog` report how many records were lost in this time, where and why; 0: none, and lines
  /// of diagnostics once a minute.
  std::chrono::nanoseconds drop_summary_window =
      P.get("core.drop_summary_window_seconds", std::chrono::nanoseconds{0});

  /// What happens when the process crashes.
  crash_options crash = detail::default_crash<P>();
  /// Whether records outlive a process that is killed.
  kill_safe_options kill_safe = {};
  /// Whether an error is preceded by the latest records below the level.
  flight_recorder_options flight_recorder = {};
  /// How long the destructor of the runtime, or the exit of the process, waits for the last records.
  std::chrono::nanoseconds shutdown_timeout =
      P.get("core.shutdown_timeout_seconds", std::chrono::nanoseconds{3'000'000'000});
  /// Receives the diagnostics instead of stderr; called from any thread, one call at a time.
  diagnostics::writer diagnostics_output = {};

  /// The settings of the group `core`. In that group, stages and sinks are lists of names (`core_lists`).
  template <class Self, class Visitor>
  [[gnu::cold]] static void describe(Self& self, Visitor&& visit) {
    constexpr double kib = 1024;
    constexpr double gib = kib * kib * kib;
    visit(setting{.name = "log_level", .text = "Records below it are not submitted.", .reloadable = true},
          self.log_level);
    visit(
        setting{.name = "log_levels",
                .text = "Levels of single loggers: a name (`db.pool`), or a name and all below it (`db.*`).",
                .reloadable = true},
        self.log_levels);
    visit(setting{.name = "batch_max_size",
                  .text = "Maximum number of records in a batch.",
                  .min = 1,
                  .max = 1'000'000},
          self.batch_max_size);
    visit(
        setting{
            .name = "batch_timeout_seconds",
            .text =
                "Maximum time that a record waits for others once the lanes are empty; 0: it never waits."},
        self.batch_timeout);
    visit(setting{.name = "when_full", .text = "What a call does when its thread's lane is full."},
          self.when_full);
    visit(setting{.name = "backpressure_wait_ms",
                  .text = "Maximum time that a call waits for room if `when_full` is `wait`."},
          self.backpressure_wait);
    visit(setting{.name = "lane_bytes",
                  .text = "Bytes that one thread may have in flight; rounded up to a power of two.",
                  .min = 4 * kib,
                  .max = gib,
                  .form = setting_form::bytes},
          self.lane_bytes);
    visit(setting{.name = "protected_share",
                  .text = "Share of a lane that only `protected_levels` may use.",
                  .min = 0,
                  .max = 0.5,
                  .advanced = true},
          self.protected_share);
    visit(setting{.name = "protected_levels",
                  .text = "Levels that may use the reserve of a lane, are never removed under pressure, and "
                          "do not wait for the batch."},
          self.protected_levels);
    visit(setting{.name = "max_record_bytes",
                  .text = "A longer record is truncated and marked `_truncated`.",
                  .min = kib,
                  .max = gib,
                  .form = setting_form::bytes},
          self.max_record_bytes);
    visit(setting{.name = "wait_policy", .text = "How the worker waits for records.", .advanced = true},
          self.wait_policy);
    visit(setting{.name = "nap_budget",
                  .text = "Share of a processor that the naps of `learning` may use.",
                  .min = 0,
                  .max = 1,
                  .advanced = true},
          self.nap_budget);
    visit(setting{.name = "use_membarrier",
                  .text = "Whether membarrier(2) may order calls and worker.",
                  .advanced = true},
          self.use_membarrier);
    visit(setting{.name = "use_tsc",
                  .text = "Whether calls may read the time from the processor's counter.",
                  .advanced = true},
          self.use_tsc);
    visit(
        setting{.name = "service",
                .text = "`diagnostics.service`; empty: FAPILOG_SERVICE, else the file name of the program."},
        self.service);
    visit(setting{.name = "env", .text = "`diagnostics.env`; empty: FAPILOG_ENV or ENV, else `dev`."},
          self.env);
    visit(setting{.name = "version", .text = "`diagnostics.version`; empty: FAPILOG_VERSION, else `0.0.0`."},
          self.version);
    visit(setting{.name = "source_location",
                  .text = "Adds file, line, function and thread of the call to `diagnostics`."},
          self.source_location);
    visit(setting{.name = "level_names",
                  .text = "Names of custom levels, by their numbers: `{\"25\": \"NOTICE\"}`."},
          self.level_names);
    visit(setting{.name = "preset_redactors",
                  .text =
                      "False removes the redactors of the preset, which is reported at the start: what they "
                      "mask is then written in clear."},
          self.preset_redactors);
    visit(setting{.name = "redaction_fail_mode",
                  .text = "What happens to a record whose redactor throws.",
                  .reloadable = true},
          self.redaction_fail_mode);
    visit(
        setting{.name = "fail_fast",
                .text = "Refuses to start if a sink without a thread of its own cannot start, such as a file "
                        "that cannot be opened."},
        self.fail_fast);
    visit(setting{.name = "routing",
                  .text = "Whether a record goes to every sink whose route takes it, or to the first.",
                  .reloadable = true},
          self.routing);
    visit(setting{.name = "retry", .text = "Retry options of the sinks that have none."}, self.retry);
    visit(setting{.name = "adaptive", .text = "What happens while the worker is behind."}, self.adaptive);
    visit(setting{.name = "drop_summary_window_seconds",
                  .text = "WARNING records report how many records were lost in this time; 0: none."},
          self.drop_summary_window);
    visit(setting{.name = "crash", .text = "What happens when the process crashes."}, self.crash);
    visit(setting{.name = "kill_safe", .text = "Whether records outlive a process that is killed."},
          self.kill_safe);
    visit(setting{.name = "flight_recorder",
                  .text = "Whether an error is preceded by the latest records below the level."},
          self.flight_recorder);
    visit(
        setting{.name = "shutdown_timeout_seconds",
                .text =
                    "How long the destructor of the runtime, or the exit of the process, waits for the last "
                    "records."},
        self.shutdown_timeout);
  }

  [[gnu::cold]] static void(check)(basic_options const& o, setting_problems& problems) {
    detail::check_level_rules(o.log_levels, o.level_names, problems);
  }
};

/// The options of `fapilog::runtime`.
using options = basic_options<detail::default_preset>;

}  // namespace fapilog::inline v0_1

#ifndef FAPILOG_COMPILED
#include <fapilog/option_features_impl.hpp>  // also for a file that fills options and makes no runtime
#include <fapilog/setup/presets_impl.hpp>
#endif
