// SPDX-License-Identifier: MIT
// The bodies of runtime_core: builds the channel, the deliveries and the worker from the options.
#pragma once

#include <fapilog/crash/crash_handler.hpp>
#include <fapilog/delivery/deliveries.hpp>
#include <fapilog/delivery/delivery_thread.hpp>
#include <fapilog/detail/compiled.hpp>
#include <fapilog/detail/os/absolute_path.hpp>
#include <fapilog/detail/os/alternate_stack.hpp>
#include <fapilog/detail/os/standard_descriptors.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/time_limit.hpp>
#include <fapilog/logger.hpp>
#include <fapilog/option_features_impl.hpp>
#include <fapilog/queue/record_keeper.hpp>
#include <fapilog/record/cell_decoder.hpp>
#include <fapilog/runtime_core.hpp>
#include <fapilog/setup/validate.hpp>
#include <fapilog/worker/lifecycle.hpp>
#include <fapilog/worker/worker.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Null, after a report, if the directory cannot be used: the records then end with the process.
[[gnu::cold]] inline std::shared_ptr<record_keeper> make_keeper(
    kill_safe_options const& chosen, std::shared_ptr<fapilog::diagnostics> const& reports) {
  if (chosen.directory.empty()) return nullptr;
  if (make_record_keeper == nullptr) {
    throw std::invalid_argument{
        "fapilog: 'kill_safe.directory' needs #include <fapilog/kill_safe.hpp> in the file that "
        "makes the runtime, or fapilog::compiled"};
  }
  try {
    return make_record_keeper(absolute_path(chosen.directory), chosen.only_in_memory, reports);
  } catch (std::exception const& error) {
    reports->warn("kill_safe", "records are not kept: they are lost if the process is killed", error.what());
  }
  return nullptr;
}

FAPILOG_INLINE runtime_features const& all_runtime_features() noexcept {
  static constexpr runtime_features all{[](any_options const& chosen) { fapilog::validate(chosen); },
                                        &make_delivery_thread};
  return all;
}

FAPILOG_INLINE runtime_core::runtime_core(any_options chosen, runtime_features const& features)
    : shutdown_timeout_(chosen.shutdown_timeout),
      crash_(chosen.crash),
      diagnostics_(std::make_shared<fapilog::diagnostics>(std::move(chosen.diagnostics_output))) {
  if (features.validate != nullptr) features.validate(chosen);
  std::shared_ptr<record_keeper> const keeper = make_keeper(chosen.kill_safe, diagnostics_);
  auto* const channel = lane_channel::make({.lane_bytes = chosen.lane_bytes,
                                            .protected_share = chosen.protected_share,
                                            .max_record_bytes = chosen.max_record_bytes,
                                            .when_full = chosen.when_full,
                                            .backpressure_wait = chosen.backpressure_wait,
                                            .protected_levels = chosen.protected_levels,
                                            .lowest = chosen.log_level,
                                            .recorder = chosen.flight_recorder,
                                            .use_membarrier = chosen.use_membarrier,
                                            .use_tsc = chosen.use_tsc,
                                            .keeper = keeper,
                                            .format_cell = &cell_to_string});
  channel_ = std::unique_ptr<lane_channel, release>{channel};
  for (auto const& [pattern, lowest] : chosen.log_levels) channel->set_level(pattern, lowest);
  bool needs_json = false;
  for (placed_sink const& s : chosen.sinks) {
    needs_json =
        needs_json || s.sink.needs_json() || (s.delivery.fallback && s.delivery.fallback->needs_json());
    reopened_sinks_.push_back(s.sink);
    if (s.delivery.fallback) reopened_sinks_.push_back(*s.delivery.fallback);
  }
  auto delivery_slots = make_deliveries(
      std::move(chosen.sinks), chosen.retry, diagnostics_,
      [channel] {
        add_alternate_stack();  // a sink of the application may use up the stack
        channel->serve_from_this_thread();
      },
      features.make_thread);
  for (delivery_slot const& slot : delivery_slots) {
    sink_statuses_.push_back(slot.status());
    if (chosen.fail_fast && slot.shared != nullptr) must_start_.push_back(slot.status());
  }
  std::vector<any_enricher> enrichers = preset_enrichers(std::move(chosen.service), std::move(chosen.env),
                                                         std::move(chosen.version), chosen.source_location);
  std::size_t const fixed_enrichers = enrichers.size();
  std::ranges::move(chosen.enrichers, std::back_inserter(enrichers));
  stage_set stages{std::move(chosen.filters),
                   std::move(enrichers),
                   std::move(chosen.redactors),
                   std::move(chosen.processors),
                   chosen.redaction_fail_mode,
                   fixed_enrichers,
                   needs_json};
  channel->add_reference();
  worker_ = std::make_shared<worker>(worker_options{.batch_max_size = chosen.batch_max_size,
                                                    .batch_timeout = chosen.batch_timeout,
                                                    .wait = chosen.wait_policy,
                                                    .nap_budget = chosen.nap_budget,
                                                    .shutdown_timeout = chosen.shutdown_timeout,
                                                    .route = chosen.routing,
                                                    .adaptive = chosen.adaptive,
                                                    .protected_levels = chosen.protected_levels,
                                                    .drop_summary_window = chosen.drop_summary_window},
                                     *channel, event_maker{chosen.level_names, chosen.max_record_bytes},
                                     std::move(stages), std::move(delivery_slots), diagnostics_,
                                     &channel->wake_event());
}

FAPILOG_INLINE runtime_core::~runtime_core() = default;

FAPILOG_INLINE void runtime_core::release::operator()(lane_channel* channel) const noexcept {
  channel->drop_reference();
}

FAPILOG_INLINE void runtime_core::start(schema_permission schema) {
  bool const handles_crashes = crash_.enabled.handler() != nullptr;
  // A file that the application opens from now on must not get the number of a closed standard output.
  reserve_standard_descriptors();
  worker_->start(start_context{[out = diagnostics_](std::string_view message, std::string_view detail) {
                                 out->warn("sink", message, detail);
                               },
                               schema},
                 handles_crashes ? std::function<void()>{crash_.enabled.handler()->prepare_caller}
                                 : std::function<void()>{});
  try {
    lifecycle::instance().add(worker_);
    if (handles_crashes) crash_.enabled.handler()->add(worker_, logger{make_logger("fapilog")}, crash_);
    for (auto const& status : std::exchange(must_start_, {})) {
      if (sink_health const now = status->health(); !now.healthy)
        throw std::runtime_error{
            concat({"fapilog: the sink '", status->name(), "' did not start: ", now.detail})};
    }
  } catch (...) {
    (void)worker_->drain(shutdown_timeout_);  // the thread would outlive the runtime
    throw;
  }
}

FAPILOG_INLINE void runtime_core::shut_down() noexcept {
  lifecycle::instance().remove(*worker_);
  account const end = drain(shutdown_timeout_);
  if (crash_.enabled.handler() != nullptr) crash_.enabled.handler()->remove(*worker_);
  if (end.complete) return;
  constexpr char const* what = "not drained within shutdown_timeout; records are lost";
  try {
    std::string detail = std::to_string(end.pending) + " pending";
    for (auto const& status : sink_statuses_) {
      std::uint64_t const pending = status->counts.account().pending;
      if (pending != 0) append(detail, {", in ", status->name(), ": ", std::to_string(pending)});
    }
    diagnostics_->warn("runtime", what, detail);
  } catch (...) {
    diagnostics_->warn("runtime", what);  // no memory
  }
}

FAPILOG_INLINE logger_core* runtime_core::make_logger(std::string_view name) const {
  named_level& named = channel_->levels().acquire(name);
  auto* const made = new (std::nothrow) logger_core{*channel_, named, {}};
  if (made != nullptr) return made;
  channel_->release(named);
  throw std::bad_alloc{};
}

FAPILOG_INLINE void runtime_core::set_level(std::string_view pattern, level lowest) {
  channel_->set_level(pattern, lowest);
}

FAPILOG_INLINE void runtime_core::set_level(std::string_view pattern, level lowest, level_change how) {
  if (pattern.empty())
    throw std::invalid_argument{
        "fapilog: set_level: the name or pattern must not be empty; '*' is for all loggers"};
  if (how.expires_after.count() < 0)
    throw std::invalid_argument{
        "fapilog: set_level: `expires_after` must not be negative; 0: the change stays"};
  how.expires_after = time_limit{how.expires_after};  // at most 100 years
  channel_->levels().set(pattern, lowest, how);
  worker_->note_levels();
}

FAPILOG_INLINE std::vector<level_rule> runtime_core::levels() const { return channel_->levels().rules(); }

FAPILOG_INLINE bool runtime_core::change(runtime_changes next, std::chrono::nanoseconds timeout) {
  any_options probe{.redactors = {}, .sinks = {}};
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

FAPILOG_INLINE void runtime_core::reopen() const {
  std::exception_ptr first;  // one sink that throws does not keep the others from opening their files
  for (any_sink const& s : reopened_sinks_) {
    try {
      s.reopen();
    } catch (...) {
      if (first == nullptr) first = std::current_exception();
    }
  }
  if (first != nullptr) std::rethrow_exception(first);
}

FAPILOG_INLINE account runtime_core::flush(std::chrono::nanoseconds timeout) {
  return worker_->flush(timeout);
}
FAPILOG_INLINE account runtime_core::drain(std::chrono::nanoseconds timeout) {
  return worker_->drain(timeout);
}
FAPILOG_INLINE account runtime_core::counts() const noexcept { return worker_->counts(); }
FAPILOG_INLINE metric_list runtime_core::metrics() const { return worker_->metrics(); }

FAPILOG_INLINE bool runtime_core::is_healthy() const {
  for (auto const& status : sink_statuses_) {
    if (!status->health().healthy) return false;
  }
  return true;
}

FAPILOG_INLINE std::vector<std::pair<std::string, sink_health>> runtime_core::health() const {
  std::vector<std::pair<std::string, sink_health>> all;
  for (auto const& status : sink_statuses_) all.emplace_back(status->name(), status->health());
  return all;
}

FAPILOG_INLINE std::vector<std::pair<std::string, sink_account>> runtime_core::sink_counts() const {
  std::vector<std::pair<std::string, sink_account>> all;
  for (auto const& status : sink_statuses_) all.emplace_back(status->name(), status->counts.account());
  return all;
}

FAPILOG_INLINE std::vector<std::string> runtime_core::stage_names() const { return worker_->stage_names(); }

}  // namespace fapilog::inline v0_1::detail
