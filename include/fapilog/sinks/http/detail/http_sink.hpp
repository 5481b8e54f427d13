// SPDX-License-Identifier: MIT
// What all sinks over HTTP have in common: the members of a sink around a format and a writer.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/http/connection_config.hpp>
#include <fapilog/sinks/http/detail/http_writer.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// A sink over HTTP derives from it and passes its format: see "For authors of HTTP sinks" in docs/plugins/sinks/http.md.
/// Thread: one at a time. Throws: std::bad_alloc.
class http_sink {
 public:
  static constexpr bool may_block = true;

  [[nodiscard]] bool needs_json() const noexcept { return needs_json_; }
  [[nodiscard]] std::size_t batch_size() const noexcept { return batch_size_; }

  void start(start_context const& context) {
    writer_->client().resume();
    writer_->start(context);
  }
  /// At least once: a request whose response was lost is sent again.
  write_result write(batch const& entries) { return writer_->write(entries, *format_); }
  /// Abandons the requests in flight, whose entries are then to be sent again. Thread: any.
  void cancel() noexcept { writer_->client().cancel(); }
  /// Closes the connections.
  void stop() { writer_->stop(); }
  void collect(metric_list& all) const { writer_->collect(all); }
  [[nodiscard]] sink_health health() const { return writer_->health(); }

 protected:
  /// Throws: std::invalid_argument for an invalid URL or a compression that the program does not link.
  http_sink(std::string const& url, sinks::http_connection_config connection, http_limits limits,
            std::unique_ptr<http_format> format, bool needs_json = true)
      : batch_size_(limits.entries * connection.requests_in_flight),
        needs_json_(needs_json),
        writer_(std::make_unique<http_writer>(url, std::move(connection), limits)),
        format_(std::move(format)) {}

  [[nodiscard]] http_writer& writer() noexcept { return *writer_; }
  [[nodiscard]] http_format& format() noexcept { return *format_; }

 private:
  std::size_t batch_size_;
  bool needs_json_;
  std::unique_ptr<http_writer> writer_;
  std::unique_ptr<http_format> format_;
};

}  // namespace fapilog::inline v0_1::detail
