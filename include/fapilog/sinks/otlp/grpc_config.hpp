// SPDX-License-Identifier: MIT
// Configuration of the OTLP sink over gRPC.
#pragma once

#include <fapilog/setting.hpp>
#include <fapilog/sinks/http/connection_config.hpp>
#include <fapilog/sinks/otlp/config.hpp>
#include <fapilog/sinks/otlp/detail/metadata_syntax.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::sinks {

/// TLS of gRPC, for a URL that begins with `https:`. The server's certificate and name are always checked.
struct otlp_grpc_tls_config {
  /// PEM file with the certificates of the authorities to trust; empty: those that gRPC finds.
  std::string ca_file = {};
  /// PEM files with the certificate (and its chain) and the key of the client, for a server that requires them.
  std::string certificate_file = {};
  std::string key_file = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    // clang-format off
    visit(setting{.name = "ca_file", .text = "PEM file with the authorities to trust; empty: those that gRPC finds."}, self.ca_file);
    visit(setting{.name = "certificate_file", .text = "PEM file with the certificate of the client, and its chain."}, self.certificate_file);
    visit(setting{.name = "key_file", .text = "PEM file with the key of the client."}, self.key_file);
    // clang-format on
  }

  [[gnu::cold]] static void(check)(otlp_grpc_tls_config const& c, setting_problems& problems) {
    if (c.certificate_file.empty() != c.key_file.empty())
      problems.add("certificate_file", "and `key_file` must be given together");
  }
};

/// How calls reach the collector.
struct otlp_grpc_connection_config {
  /// Deadline of a call.
  std::chrono::milliseconds timeout{10'000};
  http_compression compression = http_compression::none;
  /// Metadata of each call, as `name: value`.
  std::vector<std::string> headers = {};
  http_credential_config credential = {};
  otlp_grpc_tls_config tls = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    constexpr double day = 86'400;
    // clang-format off
    visit(setting{.name = "timeout", .text = "Deadline of a call, connecting included.", .min = 0.01, .max = day}, self.timeout);
    visit(setting{.name = "compression", .text = "How messages are compressed: `none` or `gzip`."}, self.compression);
    visit(setting{.name = "headers", .text = "Metadata of each call, as `name: value`.", .form = setting_form::secret}, self.headers);
    visit(setting{.name = "credential", .text = "The metadata that carry a credential."}, self.credential);
    visit(setting{.name = "tls", .text = "TLS."}, self.tls);
    // clang-format on
  }

  [[gnu::cold]] static void(check)(otlp_grpc_connection_config const& c, setting_problems& problems) {
    if (c.compression == http_compression::zstd) problems.add("compression", "must be none or gzip");
    for (std::string const& header : c.headers) {
      if (!detail::otlp::is_metadata(header))
        problems.add("headers", "contains a string that is not of the form `name: value` in printable ASCII");
    }
  }
};

/// The standard environment variables of OpenTelemetry set what is left at its default here, as for `otlp_config`.
struct otlp_grpc_config {
  /// `http://host:port`, or `https:` for TLS. Empty: OTEL_EXPORTER_OTLP_LOGS_ENDPOINT, else OTEL_EXPORTER_OTLP_ENDPOINT, else
  /// `http://localhost:4317`. Without a port, 4317.
  std::string url = {};
  /// Attributes of the resource, as `key=value`, in addition to OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME.
  std::vector<std::string> resource_attributes = {};
  /// Maximum records and bytes of one call, before compression.
  std::uint32_t batch_size = 1000;
  std::uint64_t batch_bytes = std::uint64_t{4} * 1024 * 1024;
  otlp_grpc_connection_config connection = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    // clang-format off
    visit(setting{.name = "url", .text = "`http://host:port`, or `https:` for TLS; empty: OTEL_EXPORTER_OTLP_LOGS_ENDPOINT, else OTEL_EXPORTER_OTLP_ENDPOINT, else `http://localhost:4317`."}, self.url);
    visit(setting{.name = "resource_attributes", .text = "Attributes of the resource, as `key=value`; they have precedence over OTEL_RESOURCE_ATTRIBUTES."}, self.resource_attributes);
    visit(setting{.name = "batch_size", .text = "Maximum records of one call; waiting batches are merged up to this many.", .min = 1, .max = 100'000}, self.batch_size);
    visit(setting{.name = "batch_bytes", .text = "Maximum bytes of one call before compression, unless a single record is larger.", .min = 1'024, .max = 67'108'864, .form = setting_form::bytes}, self.batch_bytes);
    visit(setting{.name = "connection", .text = "How calls reach the collector."}, self.connection);
    // clang-format on
  }

  [[gnu::cold]] static void(check)(otlp_grpc_config const& c, setting_problems& problems) {
    (otlp_config::check)({.url = c.url, .resource_attributes = c.resource_attributes}, problems);
    std::string_view const url = c.url;
    if (url.substr(0, url.find('/', url.find("//") + 2)).find('@') != url.npos)
      problems.add("url", "must not contain a user or a password: use `connection.credential`");
  }
};

}  // namespace fapilog::inline v0_1::sinks
