// SPDX-License-Identifier: MIT
// The sink for OpenTelemetry collectors over gRPC; needs the component `fapilog::grpc`.
#pragma once

#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/detail/recent_rejections.hpp>
#include <fapilog/sinks/http/detail/http_writer.hpp>
#include <fapilog/sinks/http/detail/write_progress.hpp>
#include <fapilog/sinks/otlp/config.hpp>
#include <fapilog/sinks/otlp/detail/grpc_exporter.hpp>
#include <fapilog/sinks/otlp/detail/grpc_verdict.hpp>
#include <fapilog/sinks/otlp/detail/log_format.hpp>
#include <fapilog/sinks/otlp/detail/otel_environment.hpp>
#include <fapilog/sinks/otlp/grpc_config.hpp>
#include <fapilog/sinks/sink.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::sinks {

/// Sends records to an OpenTelemetry collector by OTLP/gRPC: the messages, the guarantees and the environment variables of `otlp`.
/// Calls are made one after the other, so records arrive in order. In a forked child of a process that has used gRPC, nothing is
/// sent. Thread: one at a time; `cancel` and `collect` any. Throws: std::bad_alloc. The constructor throws std::invalid_argument for
/// invalid settings.
class otlp_grpc {
 public:
  static constexpr bool needs_json = false;
  static constexpr bool may_block = true;

  explicit otlp_grpc(otlp_grpc_config const& config = {})
      : otlp_grpc{(check_settings(name(), config), settings_of(config))} {}
  [[nodiscard]] static std::string_view name() noexcept { return "otlp_grpc"; }
  [[nodiscard]] std::size_t batch_size() const noexcept { return self_->limits.entries; }

  /// Reports variables of the environment that are not valid.
  void start(start_context const& context) {
    for (std::string const& problem : self_->problems)
      context.report("a variable of the environment is not valid and is ignored", problem);
    self_->exporter.resume();
  }
  /// At least once: a request whose response was lost is sent again.
  write_result write(batch const& entries) {
    detail::write_progress now{entries, self_->limits};
    while (!now.is_stopped && !now.waiting.empty()) {
      auto const next = now.waiting.front();
      batch const part = now.entries_of(next);
      std::string body;
      self_->format.encode(part, body);
      now.waiting.pop_front();
      if (body.size() > self_->limits.body_bytes) {
        if (next.count > 1) {
          now.halve(next);
        } else {
          now.reject(next,
                     detail::concat({self_->exporter.peer(), ": a record takes ", std::to_string(body.size()),
                                     " bytes, more than the limit of a call, ",
                                     std::to_string(self_->limits.body_bytes)}));
        }
        continue;
      }
      try {
        now.apply(next, detail::otlp::verdict_of(call(body), part.size(), self_->exporter.peer()));
      } catch (std::runtime_error const& error) {
        now.is_refused = true;
        now.stop(next, detail::concat({self_->exporter.peer(), ": ", error.what()}));
      }
    }
    return now.result(self_->rejections);
  }
  /// Abandons the call in flight, whose entries are then to be sent again. Thread: any.
  void cancel() noexcept { self_->exporter.cancel(); }
  /// Closes the connection.
  void stop() { self_->exporter.close(); }
  void collect(metric_list& all) const {
    auto const add = [&all](char const* name, char const* help, counter const& count) {
      all.push_back({.name = name, .help = help, .value = static_cast<double>(count.value())});
    };
    add("fapilog_grpc_calls_total", "Calls of gRPC.", self_->calls);
    add("fapilog_grpc_failures_total", "Calls of gRPC with another status than OK.", self_->failures);
    add("fapilog_grpc_sent_bytes_total", "Bytes of the messages of calls, before compression.", self_->bytes);
  }
  [[nodiscard]] sink_health health() const {
    std::string text = self_->rejections.description();
    if (self_->wants_compression && !self_->exporter.is_compressed())
      text += detail::concat({text.empty() ? "" : "; ", self_->exporter.peer(),
                              ": the server refuses compressed messages; they are no longer compressed"});
    return {!self_->rejections.are_many(), std::move(text)};
  }

 private:
  struct state {
    explicit state(detail::otlp::environment_settings const& settings)
        : exporter(settings.config()),
          format(otlp_encoding::protobuf, settings.resource()),
          limits{.entries = settings.config().batch_size,
                 .body_bytes = static_cast<std::size_t>(settings.config().batch_bytes)},
          problems(settings.problems()),
          wants_compression(exporter.is_compressed()) {}
    detail::otlp::grpc_exporter exporter;
    detail::otlp::log_format format;
    detail::http_limits limits;
    std::vector<std::string> problems;  ///< of the environment
    bool wants_compression;
    detail::recent_rejections rejections;
    counter calls, failures, bytes;
  };

  explicit otlp_grpc(detail::otlp::environment_settings const& settings)
      : self_(std::make_unique<state>(settings)) {}

  /// The settings of the sink over HTTP that have the same meaning.
  static detail::otlp::environment_settings settings_of(otlp_grpc_config const& config) {
    otlp_config all;
    all.url = config.url;
    all.resource_attributes = config.resource_attributes;
    all.batch_size = config.batch_size;
    all.batch_bytes = config.batch_bytes;
    all.connection.timeout = config.connection.timeout;
    all.connection.compression = config.connection.compression;
    all.connection.headers = config.connection.headers;
    all.connection.credential = config.connection.credential;
    all.connection.tls.ca_file = config.connection.tls.ca_file;
    all.connection.tls.certificate_file = config.connection.tls.certificate_file;
    all.connection.tls.key_file = config.connection.tls.key_file;
    return detail::otlp::environment_settings{std::move(all), detail::otlp::otlp_transport::grpc};
  }

  detail::otlp::grpc_result call(std::string const& body) {
    for (;;) {
      bool const was_compressed = self_->exporter.is_compressed();
      self_->calls.add(1);
      self_->bytes.add(body.size());
      auto result = self_->exporter.call(body);
      if (result.code == detail::otlp::grpc_code::ok) return result;
      self_->failures.add(1);
      // gRPC answers so for a compression that the server does not have.
      if (!was_compressed || result.code != detail::otlp::grpc_code::unimplemented) return result;
      self_->exporter.stop_compressing();
    }
  }

  std::unique_ptr<state> self_;
};

}  // namespace fapilog::inline v0_1::sinks
