// SPDX-License-Identifier: MIT
// The runtime, which main creates: starts the worker, makes loggers, flushes, drains.
#pragma once

#include <fapilog/detail/time_limit.hpp>
#include <fapilog/logger.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/metrics/prometheus.hpp>
#include <fapilog/metrics/sink_account.hpp>
#include <fapilog/record/level_change.hpp>
#include <fapilog/runtime_core.hpp>
#include <fapilog/setup/options.hpp>
#include <fapilog/setup/preset.hpp>
#include <fapilog/setup/presets.hpp>
#include <fapilog/setup/runtime_changes.hpp>
#include <fapilog/sinks/sink.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

/// A logging pipeline with its worker thread. The preset P gives the defaults of its options. Loggers may outlive it.
/// Thread: any may call the members; one constructs and destroys it.
template <preset const& P>
class basic_runtime {
 public:
  /// False under presets that forbid changes of a database's schema. It is a constant of the type: no option, file or
  /// environment variable can change it.
  static constexpr bool allow_ddl = P.allow_ddl;

  /// Starts the worker, which starts the sinks. Waits for at most a second until the sinks that do not block have started, so
  /// that the program may give up its privileges next. Throws: std::invalid_argument for an invalid option, std::bad_alloc,
  /// std::system_error if no thread can be created. If a sink does not start, this is reported and the start is retried.
  explicit basic_runtime(basic_options<P> chosen)
      : basic_runtime(std::move(chosen), detail::all_runtime_features()) {}
  /// With the defaults of the preset. A program that makes all its runtimes so compiles no validation of options and no
  /// threads of sinks.
  explicit basic_runtime() : basic_runtime({}, default_features()) {}
  basic_runtime(basic_runtime const&) = delete;
  basic_runtime& operator=(basic_runtime const&) = delete;

  /// Drains for at most `shutdown_timeout`. Records that are still pending then are reported and lost.
  ~basic_runtime() { core_.shut_down(); }

  /// Returns a logger of this name. Loggers of the same name share their level. Throws: std::bad_alloc.
  [[nodiscard]] logger get_logger(std::string_view name = "root") const {
    return logger{core_.make_logger(name)};
  }

  /// Sets the level of all loggers that have no rule. Takes effect at once, on every thread. Throws: std::bad_alloc.
  void set_level(level lowest) { core_.set_level("*", lowest); }
  /// Sets the level of one name (`db.pool`), of a name and all below it (`db.*`), or of all (`*`). The most specific
  /// rule applies. Throws: std::bad_alloc.
  void set_level(std::string_view pattern, level lowest) { core_.set_level(pattern, lowest); }

  /// The same for a time, or with the name of who changes it: `rt.set_level("db.*", level::debug, {.expires_after = 10min,
  /// .changed_by = user})`. Afterwards the rule is again what it was before, unless it was set meanwhile. An AUDIT record of the
  /// logger `fapilog` says what was changed, and another one that it has expired. Throws: std::invalid_argument if `pattern` is
  /// empty or the time is negative, std::bad_alloc.
  void set_level(std::string_view pattern, level lowest, level_change how) {
    core_.set_level(pattern, lowest, std::move(how));
  }
  /// The rules of the levels, and how long they still apply.
  [[nodiscard]] std::vector<level_rule> levels() const { return core_.levels(); }

  /// Changes stages, routes and levels in one step between two batches. The old ones still handle the records that were
  /// logged before. Returns false if the change was not applied within `timeout`; it is then applied later, unless the
  /// runtime ends first. Stages that are not replaced keep their state. Throws: std::invalid_argument for an invalid
  /// change, which then has no effect; std::bad_alloc.
  bool change(runtime_changes next, detail::time_limit timeout = std::chrono::seconds{5}) {
    if (next.redactors)
      next.redactors = detail::with_preset_redactors<P>(preset_redactors_, std::move(*next.redactors));
    return core_.change(std::move(next), timeout);
  }

  /// Requests that each sink with a file opens its path again before its next batch. For programs such as logrotate that move
  /// the file: call it after the move, then `flush`. Does not wait; a signal handler may call it, too. Throws: what the
  /// `reopen` of a sink throws; those of the library throw nothing.
  void reopen() const { core_.reopen(); }

  /// Waits for at most `timeout` until the sinks have received and flushed every record that was logged before. The
  /// account is `complete` if they have.
  account flush(detail::time_limit timeout = std::chrono::seconds{5}) { return core_.flush(timeout); }

  /// Ends the runtime: handles the records logged before, flushes and stops the sinks, and counts later calls as
  /// dropped. If this takes longer than `timeout`, the account has the number of pending records, and `drain` may be
  /// called again.
  account drain(detail::time_limit timeout = std::chrono::seconds{5}) { return core_.drain(timeout); }

  /// Returns the account so far.
  [[nodiscard]] account counts() const noexcept { return core_.counts(); }

  /// Returns all metrics of this runtime, its stages and its sinks, for example for `prometheus_text`.
  [[nodiscard]] metric_list metrics() const { return core_.metrics(); }

  /// True while every sink is healthy.
  [[nodiscard]] bool is_healthy() const { return core_.is_healthy(); }
  /// Name and last known health of each sink, in the order of the options.
  [[nodiscard]] std::vector<std::pair<std::string, sink_health>> health() const { return core_.health(); }
  /// Name and account of each sink, in the order of the options.
  [[nodiscard]] std::vector<std::pair<std::string, sink_account>> sink_counts() const {
    return core_.sink_counts();
  }

  /// The names of the stages that `change` may replace, in the order in which they run.
  [[nodiscard]] std::vector<std::string> stage_names() const { return core_.stage_names(); }

  /// The diagnostics to which the runtime reports its own problems.
  [[nodiscard]] fapilog::diagnostics& diagnostics() const noexcept { return core_.diagnostics(); }

 private:
  basic_runtime(basic_options<P> chosen, detail::runtime_features const& features)
      : preset_redactors_(chosen.preset_redactors),
        core_(detail::move_options<detail::any_options>(complete(std::move(chosen))), features) {
    if (P.redaction != redaction_form::none && !preset_redactors_) {
      core_.diagnostics().warn("runtime", "the redactors of the preset are off (core.preset_redactors)",
                               "what they mask is written in clear");
    }
    core_.start(schema_permission{allow_ddl});
  }

  /// Of the defaults of P. Those of the library's presets are valid, and their sinks do not block.
  static detail::runtime_features const& default_features() noexcept {
    constexpr bool is_known = [] {
      for (preset const* const one : detail::all_presets) {
        if (one == &P) return true;
      }
      return false;
    }();
    if constexpr (!is_known || P.changes(".delivery.")) {
      return detail::all_runtime_features();
    } else {
      static constexpr detail::runtime_features none{};
      return none;
    }
  }

  static basic_options<P> complete(basic_options<P> chosen) {
    chosen.redactors = detail::with_preset_redactors<P>(chosen.preset_redactors, std::move(chosen.redactors));
    return chosen;
  }

  bool preset_redactors_;
  detail::runtime_core core_;
};

/// The runtime of the preset chosen at compile time.
using runtime = basic_runtime<detail::default_preset>;

}  // namespace fapilog::inline v0_1

#ifndef FAPILOG_COMPILED
#include <fapilog/runtime_core_impl.hpp>
#endif
