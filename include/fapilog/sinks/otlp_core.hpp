// SPDX-License-Identifier: MIT
// The declaration of the OTLP sink, which needs no libcurl.
#pragma once

#include <fapilog/sinks/http/detail/http_sink.hpp>
#include <fapilog/sinks/otlp/config.hpp>
#include <fapilog/sinks/sink.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail::otlp {
class environment_settings;
}

namespace sinks {

/// Sends records to an OpenTelemetry collector by OTLP/HTTP: at least once, in order unless `requests_in_flight` is above 1.
/// The logger's name is the instrumentation scope; fields are typed attributes; `trace_id` and `span_id` are ids if they have
/// the form of W3C Trace Context; what `runtime_info` adds (service, version, env, host, pid) is the resource. The record's
/// `message_id` is the attribute `log.record.uid`, by which a receiver can recognise a record that was sent twice.
/// Records of a partial success that the collector rejected count as rejected; it does not report which ones they are.
/// Thread: one at a time. Throws: std::bad_alloc. The constructor throws std::invalid_argument for invalid settings.
class otlp : public detail::http_sink {
 public:
  explicit otlp(otlp_config config = {});
  [[nodiscard]] static std::string_view name() noexcept { return "otlp"; }

  /// Reports variables of the environment that are not valid.
  void start(start_context const& context);

 private:
  explicit otlp(detail::otlp::environment_settings const& settings);

  std::vector<std::string> problems_;  ///< of the environment
};

}  // namespace sinks
}  // namespace fapilog::inline v0_1
