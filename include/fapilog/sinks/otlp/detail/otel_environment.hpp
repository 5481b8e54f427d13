// SPDX-License-Identifier: MIT
// Applies OpenTelemetry's standard environment variables to the settings of the OTLP sink.
#pragma once

#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/sinks/otlp/config.hpp>
#include <fapilog/sinks/otlp/detail/key_value_list.hpp>
#include <fapilog/sinks/otlp/detail/log_groups.hpp>
#include <fapilog/version.hpp>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::otlp {

/// What speaks OTLP, which decides on the default URL and on the protocols that OTEL_EXPORTER_OTLP_PROTOCOL may name.
enum class otlp_transport : std::uint8_t { http, grpc };

/// The settings with what the environment adds to them, and what is wrong in the environment. A variable that is not valid
/// has no effect. The problems contain names of variables but not their values, which may be secret.
class environment_settings {
 public:
  explicit environment_settings(sinks::otlp_config config, otlp_transport transport = otlp_transport::http)
      : config_(std::move(config)), is_grpc_(transport == otlp_transport::grpc) {
    apply_url();
    apply_encoding();
    apply_connection();
    apply_resource();
  }

  [[nodiscard]] sinks::otlp_config const& config() const noexcept { return config_; }
  [[nodiscard]] resource_attributes const& resource() const noexcept { return resource_; }
  [[nodiscard]] std::vector<std::string> const& problems() const noexcept { return problems_; }

 private:
  struct variable {
    std::string name;
    std::string text;  ///< empty if it is not set
  };
  /// The variable for logs, else the common one.
  static variable exporter_variable(std::string_view name) {
    for (std::string_view const prefix : {"OTEL_EXPORTER_OTLP_LOGS_", "OTEL_EXPORTER_OTLP_"}) {
      variable found{concat({prefix, name}), {}};
      found.text = environment(found.name.c_str(), "");
      if (!found.text.empty()) return found;
    }
    return {};
  }
  void add_problem(variable const& v, std::string_view problem) {
    problems_.push_back(concat({v.name, " ", problem}));
  }

  void apply_url() {
    if (!config_.url.empty()) return;
    config_.url = is_grpc_ ? "http://localhost:4317" : "http://localhost:4318/v1/logs";
    variable const found = exporter_variable("ENDPOINT");
    if (found.text.empty()) return;
    if (std::string_view const problem = url_problem(found.text); !problem.empty())
      return add_problem(found, problem);
    config_.url = found.text;
    if (is_grpc_ || found.name == "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT") return;
    while (config_.url.back() == '/') config_.url.pop_back();
    config_.url += "/v1/logs";
  }

  void apply_encoding() {
    if (config_.encoding != sinks::otlp_config{}.encoding) return;
    variable const found = exporter_variable("PROTOCOL");
    if (is_grpc_) {
      if (!found.text.empty() && found.text != "grpc")
        add_problem(found,
                    "must be grpc for the sink otlp_grpc; the sink otlp has http/protobuf and http/json");
      return;
    }
    if (found.text == "http/json") {
      config_.encoding = sinks::otlp_encoding::json;
    } else if (!found.text.empty() && found.text != "http/protobuf") {
      add_problem(found,
                  "must be http/protobuf or http/json; http/protobuf is used (the sink otlp_grpc has grpc)");
    }
  }

  void apply_connection() {
    sinks::http_connection_config& connection = config_.connection;
    sinks::http_connection_config const defaults{};
    if (connection.timeout == defaults.timeout) apply_timeout(connection.timeout);
    if (connection.compression == defaults.compression) {
      variable const found = exporter_variable("COMPRESSION");
      if (found.text == "gzip") {
        connection.compression = sinks::http_compression::gzip;
      } else if (!found.text.empty() && found.text != "none") {
        add_problem(found, "must be gzip or none");
      }
    }
    apply_headers(connection.headers);
    auto const apply_file = [](std::string& file, std::string_view name) {
      if (file.empty()) file = exporter_variable(name).text;
    };
    apply_file(connection.tls.ca_file, "CERTIFICATE");
    if (connection.tls.certificate_file.empty() && connection.tls.key_file.empty()) {
      apply_file(connection.tls.certificate_file, "CLIENT_CERTIFICATE");
      apply_file(connection.tls.key_file, "CLIENT_KEY");
    }
  }

  void apply_timeout(std::chrono::milliseconds& timeout) {
    variable const found = exporter_variable("TIMEOUT");
    if (found.text.empty()) return;
    std::int64_t ms = 0;
    char const* const end = found.text.data() + found.text.size();
    auto const [last, error] = std::from_chars(found.text.data(), end, ms);
    constexpr std::int64_t day = 86'400'000;
    if (error != std::errc{} || last != end || ms < 10 || ms > day)
      return add_problem(found, "must be a number of milliseconds, 10 to 86400000");
    timeout = std::chrono::milliseconds{ms};
  }

  void apply_headers(std::vector<std::string>& headers) {
    variable const found = exporter_variable("HEADERS");
    auto const pairs = parse_key_values(found.text);
    if (!pairs) return add_problem(found, "must have the form key=value,key=value");
    std::size_t const given = headers.size();
    for (auto const& [name, text] : *pairs) {
      std::string header = concat({name, ": ", text});
      if (!is_header(header)) return add_problem(found, "contains a header that is not valid");
      bool is_given = false;
      for (std::size_t i = 0; i < given; ++i) {
        is_given = is_given ||
                   equals_ignoring_case(std::string_view{headers[i]}.substr(0, headers[i].find(':')), name);
      }
      if (!is_given) headers.push_back(std::move(header));
    }
  }

  void apply_resource() {
    resource_.set("telemetry.sdk.name", "fapilog");
    resource_.set("telemetry.sdk.language", "cpp");
    resource_.set("telemetry.sdk.version", fapilog::version);
    variable const all{"OTEL_RESOURCE_ATTRIBUTES", environment("OTEL_RESOURCE_ATTRIBUTES", "")};
    if (auto const pairs = parse_key_values(all.text)) {
      for (auto const& [key, text] : *pairs) resource_.set(key, text);
    } else {
      add_problem(all, "must have the form key=value,key=value");
    }
    if (std::string const name = environment("OTEL_SERVICE_NAME", ""); !name.empty())
      resource_.set("service.name", name);
    for (std::string const& attribute : config_.resource_attributes) {
      std::size_t const equals = attribute.find('=');
      resource_.set(std::string_view{attribute}.substr(0, equals),
                    std::string_view{attribute}.substr(equals + 1));
    }
  }

  sinks::otlp_config config_;
  resource_attributes resource_;
  std::vector<std::string> problems_;
  bool is_grpc_;
};

}  // namespace fapilog::inline v0_1::detail::otlp
