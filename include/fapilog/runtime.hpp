// SPDX-License-Identifier: MIT
// What main owns: starts the worker, hands out loggers, flushes, drains.
#pragma once

#include <fapilog/logger.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/metrics/prometheus.hpp>
#include <fapilog/metrics/sink_account.hpp>
#include <fapilog/runtime_core.hpp>
#include <fapilog/setup/options.hpp>
#include <fapilog/setup/runtime_changes.hpp>
#include <fapilog/sinks/sink.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

/// One pipeline with its worker thread, under the preset P. Loggers may outlive it.
/// Thread: the members may be called from any; construction and destruction from one.
template <preset const& P>
class basic_runtime {
 public:
  /// False under presets that forbid changes of a database's schema. It is a constant of the type: no option, file or
  /// environment variable turns it on.
  static constexpr bool allow_ddl = P.allow_ddl;

  /// Starts the worker, which starts the sinks. Throws: std::invalid_argument for an impossible option, std::bad_alloc,
  /// std::system_error where no thread can be had. A sink that does not start is reported and tried again.
  explicit basic_runtime(basic_options<P> chosen = {})
      : preset_redactors_(chosen.preset_redactors),
        core_(detail::move_options<detail::any_options>(complete(std::move(chosen)))) {
    if (P.redaction != redaction_form::none && !preset_redactors_) {
      core_.diagnostics().warn("runtime", "the redactors of the preset are off (core.preset_redactors)",
                               "what they mask is written in clear");
    }
    core_.start(schema_permission{allow_ddl});
  }
  basic_runtime(basic_runtime const&) = delete;
  basic_runtime& operator=(basic_runtime const&) = delete;

  /// Drains for at most `shutdown_timeout`; what is then still on the way is reported and left.
  ~basic_runtime() { core_.shut_down(); }

  /// A logger of this name; loggers of one name share their level. Throws: std::bad_alloc.
  [[nodiscard]] logger get_logger(std::string_view name = "root") const {
    return logger{core_.make_logger(name)};
  }

  /// The level of all loggers without a rule of their own. Takes effect at once, on every thread.
  void set_level(level lowest) { core_.set_level("*", lowest); }
  /// The level of one name (`db.pool`), of a name and all below it (`db.*`), or of all (`*`); the most specific rule
  /// wins.
  void set_level(std::string_view pattern, level lowest) { core_.set_level(pattern, lowest); }

  /// Changes stages, routes and levels in one step between two batches; what was logged before is still handled by the old
  /// ones. False where that has not happened within `timeout`: then it still will, unless the runtime ends.
  /// Stages that stay keep their state, new ones begin with theirs. Throws: std::invalid_argument for what is impossible,
  /// and nothing changes; std::bad_alloc.
  bool change(runtime_changes next, std::chrono::nanoseconds timeout = std::chrono::seconds{5}) {
    if (next.redactors)
      next.redactors = with_preset_redactors<P>(preset_redactors_, std::move(*next.redactors));
    return core_.change(std::move(next), timeout);
  }

  /// Waits until everything logged before is with the sinks and flushed by them, at most `timeout`.
  account flush(std::chrono::nanoseconds timeout = std::chrono::seconds{5}) { return core_.flush(timeout); }

  /// Ends the runtime: later calls are counted as dropped, earlier ones are handled, sinks are flushed and stopped.
  /// Where that takes longer than `timeout` the account says what is pending; it may be called again.
  account drain(std::chrono::nanoseconds timeout = std::chrono::seconds{5}) { return core_.drain(timeout); }

  /// What became of the records so far.
  [[nodiscard]] account counts() const noexcept { return core_.counts(); }

  /// All figures of this runtime, its stages and its sinks: for `prometheus_text`, or a program's own use.
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

  /// Where the runtime reports its own faults.
  [[nodiscard]] fapilog::diagnostics& diagnostics() const noexcept { return core_.diagnostics(); }

 private:
  static basic_options<P> complete(basic_options<P> chosen) {
    chosen.redactors = with_preset_redactors<P>(chosen.preset_redactors, std::move(chosen.redactors));
    return chosen;
  }

  bool preset_redactors_;
  detail::runtime_core core_;
};

/// The runtime of the preset chosen when compiling.
using runtime = basic_runtime<default_preset>;

}  // namespace fapilog::inline v0_1

#ifndef FAPILOG_COMPILED
#include <fapilog/runtime_core_impl.hpp>
#endif
