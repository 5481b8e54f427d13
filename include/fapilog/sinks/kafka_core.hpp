// SPDX-License-Identifier: MIT
// The declaration of the Kafka sink, which needs no librdkafka.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/kafka/config.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

namespace fapilog::inline v0_1 {

namespace detail::kafka {
class topic_writer;
}

namespace sinks {

/// Writes each record as one message to a topic of Kafka: its value is the envelope, its timestamp the time of the call.
/// A record counts as delivered when the brokers have acknowledged it (`acks=all`). The producer is idempotent: within the
/// life of the process, and unless librdkafka reports a fatal error, each record is in its partition exactly once and in the
/// order of the calls, whatever fails in between. A record that is sent again by another process, after a restart, may be
/// there twice; its header `message_id` is then the same.
/// Thread: one at a time, except `collect` and `cancel`. Throws: std::bad_alloc. The constructor throws std::invalid_argument for invalid settings.
class kafka {
 public:
  static constexpr bool may_block = true;

  explicit kafka(kafka_config config = {});
  kafka(kafka&& other) noexcept;
  kafka& operator=(kafka&& other) noexcept;
  ~kafka();

  [[nodiscard]] std::size_t batch_size() const noexcept;
  [[nodiscard]] static std::string_view name() noexcept { return "kafka"; }

  void start(start_context const& context);
  write_result write(batch const& entries);
  void cancel() noexcept;
  /// Ends the producer. Records that it has not sent are left to the delivery.
  void stop();
  void collect(metric_list& all) const;
  [[nodiscard]] sink_health health() const;

 private:
  std::unique_ptr<detail::kafka::topic_writer> writer_;
};

}  // namespace sinks
}  // namespace fapilog::inline v0_1
