// SPDX-License-Identifier: MIT
// Settings of the connection that all sinks over HTTP share.
#pragma once

#include <fapilog/setting.hpp>
#include <fapilog/sinks/http/detail/url_syntax.hpp>
#include <fapilog/sinks/tls_config.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

namespace sinks {

/// How the body of a request is compressed.
enum class http_compression : std::uint8_t {
  none,
  gzip,  ///< needs the component `fapilog::zlib`
  zstd,  ///< needs the component `fapilog::zstd`; for receivers that understand it
};

/// The credential that each request carries in a header: `<header>: [<scheme> ]<secret>`. The secret is the value, else the
/// content of the environment variable, else the content of the file, which is read again when the file changes. Without any
/// of the three there is no credential.
struct http_credential_config {
  std::string header = "Authorization";
  /// For example `Bearer`; empty: the header contains the secret alone.
  std::string scheme = {};
  std::string value = {};
  /// Name of an environment variable.
  std::string environment = {};
  /// Path of a file. White space at its end is ignored.
  std::string file = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    // clang-format off
    visit(setting{.name = "header", .text = "Name of the header that carries the credential.", .not_empty = true}, self.header);
    visit(setting{.name = "scheme", .text = "Word before the secret, such as `Bearer`; empty: none."}, self.scheme);
    visit(setting{.name = "value", .text = "The secret.", .form = setting_form::secret}, self.value);
    visit(setting{.name = "environment", .text = "Name of the environment variable that contains the secret."}, self.environment);
    visit(setting{.name = "file", .text = "File that contains the secret; it is read again when it changes."}, self.file);
    // clang-format on
  }

  [[gnu::cold]] static void(check)(http_credential_config const& c, setting_problems& problems) {
    if (!detail::is_header_name(c.header))
      problems.add("header", "must be the name of a header, such as Authorization");
    if (!detail::is_header_value(c.scheme)) problems.add("scheme", "must not contain a control character");
    if (!detail::is_header_value(c.value)) problems.add("value", "must not contain a control character");
    int const sources = int{!c.value.empty()} + int{!c.environment.empty()} + int{!c.file.empty()};
    if (sources > 1) problems.add("value", "must not be given together with `environment` or `file`");
  }
};

/// How requests reach the server.
struct http_connection_config {
  /// How long to look up the host and to connect, TLS included.
  std::chrono::milliseconds connect_timeout{5'000};
  /// How long a whole request may take, until the end of the response.
  std::chrono::milliseconds timeout{10'000};
  /// URL of a proxy (`http:`, `https:` or `socks5h:`). Empty: the variables http_proxy, https_proxy, all_proxy and no_proxy of
  /// the environment. `none`: no proxy.
  std::string proxy = {};
  http_compression compression = http_compression::none;
  /// More headers of each request, as `Name: value`.
  std::vector<std::string> headers = {};
  http_credential_config credential = {};
  /// For a URL that begins with `https:`.
  tls_config tls = {};
  /// Maximum number of requests that wait for their responses at once. With more than 1, requests may arrive in another order.
  std::uint32_t requests_in_flight = 1;
  /// Bytes of a response that are kept; the rest is ignored.
  std::uint64_t max_response_bytes = std::uint64_t{1} << 20;

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    constexpr double day = 86'400;
    // clang-format off
    visit(setting{.name = "connect_timeout", .text = "How long to look up the host and to connect, TLS included.", .min = 0.01, .max = day}, self.connect_timeout);
    visit(setting{.name = "timeout", .text = "How long a whole request may take.", .min = 0.01, .max = day}, self.timeout);
    visit(setting{.name = "proxy", .text = "URL of a proxy; empty: the variables of the environment; `none`: no proxy.", .form = setting_form::secret}, self.proxy);
    visit(setting{.name = "compression", .text = "How bodies are compressed; `gzip` needs the component `fapilog::zlib`, `zstd` the component `fapilog::zstd`."}, self.compression);
    visit(setting{.name = "headers", .text = "More headers of each request, as `Name: value`.", .form = setting_form::secret}, self.headers);
    visit(setting{.name = "credential", .text = "The header that carries a credential."}, self.credential);
    visit(setting{.name = "tls", .text = "TLS."}, self.tls);
    visit(setting{.name = "requests_in_flight", .text = "Maximum requests that wait for their responses at once; with more than 1, they may arrive in another order.", .min = 1, .max = 64}, self.requests_in_flight);
    visit(setting{.name = "max_response_bytes", .text = "Bytes of a response that are kept.", .min = 1'024, .max = 67'108'864, .form = setting_form::bytes, .advanced = true}, self.max_response_bytes);
    // clang-format on
  }

  [[gnu::cold]] static void(check)(http_connection_config const& c, setting_problems& problems) {
    for (std::string const& header : c.headers) {
      if (!detail::is_header(header)) problems.add("headers", "must be `Name: value` each");
    }
    if (c.proxy.find('\0') != std::string::npos) problems.add("proxy", "must not contain a NUL character");
  }
};

}  // namespace sinks

template <>
struct enum_names<sinks::http_compression> {
  static constexpr std::array names{std::pair{sinks::http_compression::none, std::string_view{"none"}},
                                    std::pair{sinks::http_compression::gzip, std::string_view{"gzip"}},
                                    std::pair{sinks::http_compression::zstd, std::string_view{"zstd"}}};
};

}  // namespace fapilog::inline v0_1
