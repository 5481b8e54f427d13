// SPDX-License-Identifier: MIT
// The metrics of a Kafka producer: its own counters, and sums over brokers from librdkafka's statistics.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/json_parts.hpp>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace fapilog::inline v0_1::detail::kafka {

/// Totals since the sink was made, except for `queued`. Thread: any may read.
struct producer_figures {
  counter delivered;  ///< records that the brokers have acknowledged
  counter failed;     ///< delivery reports with an error
  counter rejected;   ///< records that no broker accepts
  counter errors;     ///< errors of the connection that librdkafka reported
  counter restarts;   ///< producers made anew after a fatal error
  counter queued;     ///< records in the producer now
  counter sent_bytes;
  counter retries;
  counter request_timeouts;

  /// Reads the JSON text of https://github.com/confluentinc/librdkafka/blob/master/STATISTICS.md.
  void read_statistics(std::string_view text) {
    std::vector<json::text_member> all;
    if (!json::split(text, all)) return;
    for (json::text_member const& m : all) {
      if (m.key == "\"tx_bytes\"") sent_bytes.set(number(m.value));
      if (m.key == "\"brokers\"") read_brokers(m.value);
    }
  }

  void collect(metric_list& all) const {
    auto const add = [&all](char const* name, char const* help, counter const& count, metric_kind kind) {
      all.push_back({.name = name, .help = help, .kind = kind, .value = static_cast<double>(count.value())});
    };
    constexpr metric_kind total = metric_kind::counter;
    add("fapilog_kafka_delivered_total", "Records that the brokers have acknowledged.", delivered, total);
    add("fapilog_kafka_failed_total", "Delivery reports with an error.", failed, total);
    add("fapilog_kafka_rejected_total", "Records that no broker accepts.", rejected, total);
    add("fapilog_kafka_errors_total", "Errors of the connections to the brokers.", errors, total);
    add("fapilog_kafka_restarts_total", "Producers made anew after a fatal error.", restarts, total);
    add("fapilog_kafka_sent_bytes_total", "Bytes sent to the brokers.", sent_bytes, total);
    add("fapilog_kafka_retries_total", "Requests that the producer sent again.", retries, total);
    add("fapilog_kafka_request_timeouts_total", "Requests without a response in time.", request_timeouts,
        total);
    add("fapilog_kafka_queued_records", "Records in the producer.", queued, metric_kind::gauge);
  }

 private:
  [[nodiscard]] static std::uint64_t number(std::string_view text) noexcept {
    std::uint64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} ? value : 0;
  }
  void read_brokers(std::string_view text) {
    std::uint64_t all_retries = 0;
    std::uint64_t all_timeouts = 0;
    std::vector<json::text_member> brokers;
    if (!json::split(text, brokers)) return;
    for (json::text_member const& broker : brokers) {
      std::vector<json::text_member> members;
      if (!json::split(broker.value, members)) continue;
      for (json::text_member const& m : members) {
        if (m.key == "\"txretries\"") all_retries += number(m.value);
        if (m.key == "\"req_timeouts\"") all_timeouts += number(m.value);
      }
    }
    retries.set(all_retries);
    request_timeouts.set(all_timeouts);
  }
};

}  // namespace fapilog::inline v0_1::detail::kafka
