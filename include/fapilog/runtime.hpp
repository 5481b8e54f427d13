// SPDX-License-Identifier: MIT
// What main owns: starts the worker, hands out loggers, flushes, drains.
#pragma once

#include <fapilog/delivery/make_deliveries.hpp>
#include <fapilog/logger.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/metrics/prometheus.hpp>
#include <fapilog/metrics/sink_account.hpp>
#include <fapilog/setup/options.hpp>
#include <fapilog/setup/runtime_changes.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/worker/lifecycle.hpp>
#include <fapilog/worker/worker.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

template <preset const& P>
class basic_settings_watch;

/// One pipeline with its worker thread, under the preset P. Loggers may outlive it.
/// Thread: the members may be called from any; construction and destruction from one.
template <preset const& P>
class basic_runtime {
 public:
  /// False under presets that forbid changes of a database's schema. It is a constant of the type: no option, file or
  /// environment variable turns it on.
  static constexpr bool allow_ddl = P.sink_config.postgres.create_table;

  /// Starts the worker, which starts the sinks. Throws: std::invalid_argument for an impossible option, std::bad_alloc,
  /// std::system_error where no thread can be had. A sink that does not start is reported and tried again.
  explicit basic_runtime(basic_options<P> chosen = {})
      : shutdown_timeout_(chosen.shutdown_timeout),
        diagnostics_(std::make_shared<fapilog::diagnostics>(std::move(chosen.diagnostics_output))) {
    validate(chosen);
    auto* const channel = detail::lane_channel::make({.lane_bytes = chosen.lane_bytes,
                                                      .protected_share = chosen.protected_share,
                                                      .max_record_bytes = chosen.max_record_bytes,
                                                      .when_full = chosen.when_full,
                                                      .backpressure_wait = chosen.backpressure_wait,
                                                      .protected_levels = chosen.protected_levels,
                                                      .lowest = chosen.log_level,
                                                      .use_membarrier = chosen.use_membarrier,
                                                      .use_tsc = chosen.use_tsc});
    channel_ = std::unique_ptr<detail::lane_channel, release>{channel};
    for (auto const& [pattern, lowest] : chosen.log_levels) channel->set_level(pattern, lowest);
    bool needs_json = false;
    for (placed_sink const& s : chosen.sinks) {
      needs_json =
          needs_json || s.sink.needs_json() || (s.delivery.fallback && s.delivery.fallback->needs_json());
    }
    auto places = detail::make_deliveries(std::move(chosen.sinks), chosen.retry, diagnostics_,
                                          [channel] { channel->serve_from_this_thread(); });
    for (detail::delivery_slot const& place : places) sink_statuses_.push_back(place.status());
    std::size_t const users = chosen.enrichers.size();
    detail::stage_set stages{std::move(chosen.filters),
                             preset_enrichers(chosen),
                             std::move(chosen.redactors),
                             std::move(chosen.processors),
                             chosen.redaction_fail_mode,
                             0,
                             needs_json};
    stages.fixed_enrichers = stages.enrichers.size() - users;
    channel->add_reference();
    worker_ = std::make_shared<detail::worker>(
        detail::worker_options{.batch_max_size = chosen.batch_max_size,
                               .batch_timeout = chosen.batch_timeout,
                               .spin = chosen.spin,
                               .linger = chosen.linger,
                               .shutdown_timeout = chosen.shutdown_timeout,
                               .route = chosen.routing,
                               .adaptive = chosen.adaptive,
                               .protected_levels = chosen.protected_levels,
                               .drop_summary_window = chosen.drop_summary_window},
        *channel, detail::event_maker{chosen.level_names}, std::move(stages), std::move(places), diagnostics_,
        &channel->wake_event());
    worker_->start(start_context{[tell = diagnostics_](std::string_view message, std::string_view detail) {
                                   tell->warn("sink", message, detail);
                                 },
                                 schema_permission{allow_ddl}});
    detail::lifecycle::instance().add(worker_);
  }
  basic_runtime(basic_runtime const&) = delete;
  basic_runtime& operator=(basic_runtime const&) = delete;

  /// Drains for at most `shutdown_timeout`; what is then still on the way is reported and left.
  ~basic_runtime() {
    detail::lifecycle::instance().remove(*worker_);
    account const end = drain(shutdown_timeout_);
    if (!end.complete) {
      diagnostics_->warn("runtime", "not drained within shutdown_timeout; records are lost",
                         std::to_string(end.pending) + " pending");
    }
  }

  /// A logger of this name; loggers of one name share their level. Throws: std::bad_alloc.
  [[nodiscard]] basic_logger<P> get_logger(std::string_view name = "root") const {
    return basic_logger<P>{new detail::logger_core{*channel_, channel_->levels().of(name), {}}};
  }

  /// The level of all loggers without a rule of their own. Takes effect at once, on every thread.
  void set_level(level lowest) { channel_->set_level("*", lowest); }
  /// The level of one name (`db.pool`), of a name and all below it (`db.*`), or of all (`*`); the most specific rule
  /// wins.
  void set_level(std::string_view pattern, level lowest) { channel_->set_level(pattern, lowest); }

  /// Changes stages, routes and levels in one step between two batches; what was logged before is still handled by the old
  /// ones. False where that has not happened within `timeout`: then it still will, unless the runtime ends.
  /// Stages that stay keep their state, new ones begin with theirs. Throws: std::invalid_argument for what is impossible,
  /// and nothing changes; std::bad_alloc.
  bool change(runtime_changes next, std::chrono::nanoseconds timeout = std::chrono::seconds{5}) {
    basic_options<P> probe{.redactors = {}, .sinks = {}};
    probe.log_level = next.log_level.value_or(probe.log_level);
    if (next.log_levels) probe.log_levels = *next.log_levels;
    validate(probe);
    if (next.routes && next.routes->size() != sink_statuses_.size()) {
      throw std::invalid_argument{"fapilog: 'routes' has " + std::to_string(next.routes->size()) +
                                  " routes; it must have one for each of the " +
                                  std::to_string(sink_statuses_.size()) + " sinks"};
    }
    for (std::size_t i = 0; next.routes && i < sink_statuses_.size(); ++i) {
      delivery_options how;
      how.route = (*next.routes)[i];
      validate(how, sink_statuses_[i]->name());
    }
    return worker_->change(std::move(next), timeout);
  }

  /// Waits until everything logged before is with the sinks and flushed by them, at most `timeout`.
  account flush(std::chrono::nanoseconds timeout = std::chrono::seconds{5}) {
    return worker_->flush(timeout);
  }

  /// Ends the runtime: later calls are counted as dropped, earlier ones are handled, sinks are flushed and stopped.
  /// Where that takes longer than `timeout` the account says what is pending; it may be called again.
  account drain(std::chrono::nanoseconds timeout = std::chrono::seconds{5}) {
    return worker_->drain(timeout);
  }

  /// What became of the records so far.
  [[nodiscard]] account counts() const noexcept { return worker_->counts(); }

  /// All figures of this runtime, its stages and its sinks: for `prometheus_text`, or a program's own use.
  [[nodiscard]] metric_list metrics() const { return worker_->metrics(); }

  /// True while every sink is healthy.
  [[nodiscard]] bool is_healthy() const {
    for (auto const& status : sink_statuses_) {
      if (!status->health().healthy) return false;
    }
    return true;
  }
  /// Name and last known health of each sink, in the order of the options.
  [[nodiscard]] std::vector<std::pair<std::string, sink_health>> health() const {
    std::vector<std::pair<std::string, sink_health>> all;
    for (auto const& status : sink_statuses_) all.emplace_back(status->name(), status->health());
    return all;
  }
  /// Name and account of each sink, in the order of the options.
  [[nodiscard]] std::vector<std::pair<std::string, sink_account>> sink_counts() const {
    std::vector<std::pair<std::string, sink_account>> all;
    for (auto const& status : sink_statuses_) all.emplace_back(status->name(), status->counts.account());
    return all;
  }

  /// Where the runtime tells of its own faults.
  [[nodiscard]] fapilog::diagnostics const& diagnostics() const noexcept { return *diagnostics_; }

 private:
  friend class basic_settings_watch<P>;

  struct release {
    void operator()(detail::lane_channel* channel) const noexcept { channel->drop_reference(); }
  };

  std::chrono::nanoseconds shutdown_timeout_;
  std::shared_ptr<fapilog::diagnostics> diagnostics_;
  std::unique_ptr<detail::lane_channel, release> channel_;
  std::vector<std::shared_ptr<detail::sink_status const>> sink_statuses_;
  std::shared_ptr<detail::worker> worker_;
};

/// The runtime of the preset chosen when compiling.
using runtime = basic_runtime<default_preset>;

}  // namespace fapilog::inline v0_1
