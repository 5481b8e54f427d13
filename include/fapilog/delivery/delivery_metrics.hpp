// SPDX-License-Identifier: MIT
// The metrics of a runtime and its sinks, with their Prometheus names.
#pragma once

#include <fapilog/delivery/delivery.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/metrics/recorder_counts.hpp>
#include <fapilog/metrics/sink_account.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

namespace metrics_detail {

using labels = std::vector<std::pair<std::string, std::string>>;

[[gnu::cold]] inline void add(metric_list& all, metric_kind kind, std::string_view name,
                              std::string_view help, std::uint64_t value, labels const& labels_of = {}) {
  metric m;
  m.name = name;
  m.help = help;
  m.kind = kind;
  m.labels = labels_of;
  m.value = static_cast<double>(value);
  all.push_back(std::move(m));
}

}  // namespace metrics_detail

[[gnu::cold]] inline void collect_account(metric_list& all, account const& a) {
  using metrics_detail::add;
  constexpr auto total = metric_kind::counter;
  constexpr auto gauge = metric_kind::gauge;
  add(all, total, "fapilog_events_submitted_total", "Log calls that passed the level.", a.submitted);
  add(all, total, "fapilog_events_processed_total", "Records delivered to every sink whose route takes them.",
      a.processed);
  add(all, total, "fapilog_events_filtered_total",
      "Records removed by a filter, under pressure or by routes.", a.filtered);
  constexpr std::string_view dropped = "Records dropped before the pipeline, by reason.";
  add(all, total, "fapilog_events_dropped_total", dropped, a.dropped.queue_full, {{"reason", "queue_full"}});
  add(all, total, "fapilog_events_dropped_total", dropped, a.dropped.closed, {{"reason", "closed"}});
  add(all, total, "fapilog_events_dropped_total", dropped, a.dropped.no_memory, {{"reason", "no_memory"}});
  add(all, total, "fapilog_events_dropped_total", dropped, a.dropped.reentrant, {{"reason", "reentrant"}});
  add(all, total, "fapilog_events_rejected_total", "Records permanently rejected by at least one sink.",
      a.rejected);
  add(all, total, "fapilog_events_failed_total", "Records lost in a stage or a sink.", a.failed);
  add(all, gauge, "fapilog_events_spooled", "Records on disk, for a sink that is down.", a.spooled);
  add(all, gauge, "fapilog_events_pending", "Records that are not finished yet.", a.pending);
  add(all, gauge, "fapilog_queue_high_watermark", "Maximum of bytes that waited in one lane.",
      a.queue_depth_high_watermark);
  add(all, gauge, "fapilog_pressure_level", "0 normal, 1 elevated, 2 high, 3 critical.",
      static_cast<std::uint64_t>(a.pressure.now));
  add(all, total, "fapilog_pressure_shed_total", "Records removed under pressure.", a.pressure.shed);
}

[[gnu::cold]] inline void collect_recorder(metric_list& all, recorder_counts const& c) {
  for (auto const& [result, count] :
       {std::pair{"written", c.written}, std::pair{"overwritten", c.overwritten},
        std::pair{"discarded", c.discarded}, std::pair{"failed", c.failed}}) {
    metrics_detail::add(all, metric_kind::counter, "fapilog_recorder_records_total",
                        "Records that have left the flight recorder, by result.", count,
                        {{"result", result}});
  }
}

[[gnu::cold]] inline void collect_sink(metric_list& all, std::string const& sink, sink_counters const& c) {
  using metrics_detail::add;
  constexpr auto total = metric_kind::counter;
  constexpr auto gauge = metric_kind::gauge;
  metrics_detail::labels const of{{"sink", sink}};
  sink_account const a = c.account();
  for (auto const& [result, count] :
       {std::pair{"delivered", a.delivered}, std::pair{"fallback", a.to_fallback},
        std::pair{"rejected", a.rejected}, std::pair{"failed", a.failed}, std::pair{"dropped", a.dropped}}) {
    add(all, total, "fapilog_sink_records_total", "Records of a sink by result.", count,
        {{"sink", sink}, {"result", result}});
  }
  add(all, gauge, "fapilog_sink_pending", "Records of a sink that are not finished yet.", a.pending, of);
  add(all, gauge, "fapilog_sink_spooled", "Records of a sink on disk.", a.spooled, of);
  add(all, gauge, "fapilog_sink_spool_oldest_seconds", "Age of the oldest record of a sink on disk.",
      static_cast<std::uint64_t>(spool_age_seconds(c)), of);
  add(all, gauge, "fapilog_sink_spool_drain_rate", "Records a second that leave the spool of a sink.",
      spool_drain_rate(c), of);
  add(all, gauge, "fapilog_sink_spool_bytes", "Bytes of the spool of a sink.", c.spool_bytes.value(), of);
  add(all, gauge, "fapilog_sink_spool_max_bytes", "Limit of the bytes of the spool of a sink.",
      c.spool_max_bytes.value(), of);
  add(all, total, "fapilog_sink_spool_drained_total", "Records that have left the spool of a sink.",
      c.spool_drained.value(), of);
  add(all, total, "fapilog_sink_recovered_total", "Records delivered from the spool of an earlier process.",
      a.recovered, of);
  add(all, total, "fapilog_sink_found_total",
      "Records that an earlier process left behind and that the sink already had.", c.found.value(), of);
  add(all, total, "fapilog_sink_retried_total", "Records in write attempts after the first.", a.retried, of);
  add(all, total, "fapilog_sink_errors_total", "Failed write attempts.", c.errors.value(), of);
  add(all, gauge, "fapilog_sink_queue_bytes", "Bytes in the queue of a sink.", c.queue_bytes.value(), of);
  add(all, gauge, "fapilog_sink_queue_high_watermark", "Maximum of bytes in the queue of a sink.",
      c.queue_high_watermark.value(), of);
  add(all, gauge, "fapilog_circuit_breaker_state", "0 closed, 1 half-open, 2 open.", c.circuit.value(), of);
  add(all, total, "fapilog_circuit_breaker_opened_total", "How often the circuit opened.",
      c.circuit_opened.value(), of);
  add(all, total, "fapilog_circuit_breaker_fallback_writes_total", "Records that the fallback took.",
      a.to_fallback, {{"primary_sink", sink}});
  metric seconds;
  seconds.name = "fapilog_sink_write_seconds";
  seconds.help = "Duration of write attempts.";
  seconds.labels = of;
  c.seconds.collect_into(seconds);
  all.push_back(std::move(seconds));
}

[[gnu::cold]] inline void collect_diagnostics(metric_list& all, diagnostics const& d) {
  using metrics_detail::add;
  add(all, metric_kind::counter, "fapilog_diagnostics_written_total", "Lines of diagnostics written.",
      d.written());
  add(all, metric_kind::counter, "fapilog_diagnostics_suppressed_total",
      "Lines of diagnostics suppressed by the rate limit.", d.suppressed());
}

}  // namespace fapilog::inline v0_1::detail
