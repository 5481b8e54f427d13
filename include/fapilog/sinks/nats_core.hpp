// SPDX-License-Identifier: MIT
// The declaration of the NATS sink, which needs no libnats.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/nats/config.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

namespace fapilog::inline v0_1 {

namespace detail::nats {
class stream_writer;
}

namespace sinks {

/// Publishes each record as one message to a stream of NATS JetStream: its payload is the envelope, its `Nats-Msg-Id` the
/// `message_id`. A record counts as delivered when the stream has acknowledged it. A record that is sent again is stored once,
/// if that happens within the duplicate window of the stream (2 minutes by default): also by another process, after a restart.
/// Thread: one at a time, except `collect` and `cancel`. Throws: std::bad_alloc. The constructor throws std::invalid_argument for invalid settings.
class nats {
 public:
  static constexpr bool may_block = true;

  explicit nats(nats_config config = {});
  nats(nats&& other) noexcept;
  nats& operator=(nats&& other) noexcept;
  ~nats();

  [[nodiscard]] std::size_t batch_size() const noexcept;
  [[nodiscard]] static std::string_view name() noexcept { return "nats"; }

  void start(start_context const& context);
  write_result write(batch const& entries);
  void cancel() noexcept;
  /// Closes the connection.
  void stop();
  void collect(metric_list& all) const;
  [[nodiscard]] sink_health health() const;

 private:
  std::unique_ptr<detail::nats::stream_writer> writer_;
};

}  // namespace sinks
}  // namespace fapilog::inline v0_1
