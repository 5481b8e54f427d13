// SPDX-License-Identifier: MIT
// Configuration of the OTLP sink.
#pragma once

#include <fapilog/setting.hpp>
#include <fapilog/sinks/http/connection_config.hpp>
#include <fapilog/sinks/otlp/detail/key_value_list.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

namespace sinks {

/// The form of a request's body.
enum class otlp_encoding : std::uint8_t {
  protobuf,  ///< `http/protobuf`
  json,      ///< `http/json`
};

/// The standard environment variables of OpenTelemetry set what is left at its default here; a member that has another value
/// has precedence. Each variable has a form for logs alone, such as OTEL_EXPORTER_OTLP_LOGS_TIMEOUT, which has precedence
/// over the common form. See https://opentelemetry.io/docs/specs/otel/protocol/exporter/.
struct otlp_config {
  /// URL for logs. Empty: OTEL_EXPORTER_OTLP_LOGS_ENDPOINT, else OTEL_EXPORTER_OTLP_ENDPOINT with `/v1/logs` appended, else
  /// `http://localhost:4318/v1/logs`.
  std::string url = {};
  otlp_encoding encoding = otlp_encoding::protobuf;
  /// Attributes of the resource, as `key=value`, in addition to OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME.
  std::vector<std::string> resource_attributes = {};
  /// Maximum records and bytes of one request, before compression.
  std::uint32_t batch_size = 1000;
  std::uint64_t batch_bytes = std::uint64_t{4} * 1024 * 1024;
  http_connection_config connection = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    // clang-format off
    visit(setting{.name = "url", .text = "URL for logs; empty: OTEL_EXPORTER_OTLP_LOGS_ENDPOINT, else OTEL_EXPORTER_OTLP_ENDPOINT with `/v1/logs`, else `http://localhost:4318/v1/logs`.", .form = setting_form::secret}, self.url);
    visit(setting{.name = "encoding", .text = "Form of the body."}, self.encoding);
    visit(setting{.name = "resource_attributes", .text = "Attributes of the resource, as `key=value`; they have precedence over OTEL_RESOURCE_ATTRIBUTES."}, self.resource_attributes);
    visit(setting{.name = "batch_size", .text = "Maximum records of one request; waiting batches are merged up to this many.", .min = 1, .max = 100'000}, self.batch_size);
    visit(setting{.name = "batch_bytes", .text = "Maximum bytes of one request before compression, unless a single record is larger.", .min = 1'024, .max = 67'108'864, .form = setting_form::bytes}, self.batch_bytes);
    visit(setting{.name = "connection", .text = "How requests reach the collector."}, self.connection);
    // clang-format on
  }

  /// Checks the rules that bounds of numbers cannot express.
  [[gnu::cold]] static void(check)(otlp_config const& c, setting_problems& problems) {
    if (!c.url.empty()) {
      if (std::string_view const problem = detail::url_problem(c.url); !problem.empty())
        problems.add("url", problem);
    }
    for (std::string const& attribute : c.resource_attributes) {
      if (std::size_t const equals = attribute.find('='); equals == 0 || equals == std::string::npos)
        problems.add("resource_attributes", "must be `key=value` each");
    }
  }
};

}  // namespace sinks

template <>
struct enum_names<sinks::otlp_encoding> {
  static constexpr std::array names{std::pair{sinks::otlp_encoding::protobuf, std::string_view{"protobuf"}},
                                    std::pair{sinks::otlp_encoding::json, std::string_view{"json"}}};
};

}  // namespace fapilog::inline v0_1
