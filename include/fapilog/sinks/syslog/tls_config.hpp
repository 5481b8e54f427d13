// SPDX-License-Identifier: MIT
// Settings of the syslog sink over TLS, which need no OpenSSL.
#pragma once

#include <fapilog/setting.hpp>
#include <fapilog/sinks/syslog/message.hpp>
#include <fapilog/sinks/tls_config.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1 {
namespace sinks {

/// What is spoken within TLS.
enum class syslog_tls_protocol : std::uint8_t {
  syslog,  ///< RFC 5425; what lies in the connection is lost if the receiver dies
  relp,    ///< the receiver acknowledges each record, so that none is lost
};

struct syslog_tls_config {
  syslog_tls_protocol protocol = syslog_tls_protocol::syslog;
  std::string host = "localhost";
  /// The name or address that the certificate of the receiver must have as a subject alternative name. Empty: the host.
  std::string server_name = {};
  /// 0: 6514, for RELP 2514.
  std::uint16_t port = 0;
  /// How long to wait for a connection to one address, and then for the handshake.
  std::chrono::milliseconds connect_timeout{5'000};
  /// How long the receiver may take nothing, or acknowledge nothing.
  std::chrono::milliseconds write_timeout{5'000};
  /// All files are read again at each connection, so that certificates can be renewed.
  tls_config tls = {};
  syslog_message message = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    constexpr double day = 86'400;
    // clang-format off
    visit(setting{.name = "protocol", .text = "`syslog` (RFC 5425), or `relp` (acknowledged, so that nothing is lost)."}, self.protocol);
    visit(setting{.name = "host", .text = "Host of the receiver, by name or address.", .not_empty = true}, self.host);
    visit(setting{.name = "server_name", .text = "Name or address that the certificate must have (subject alternative name); empty: `host`."}, self.server_name);
    visit(setting{.name = "port", .text = "Port of the receiver; 0: 6514, for `relp` 2514."}, self.port);
    visit(setting{.name = "connect_timeout", .text = "How long to wait for a connection to one address, and then for the handshake.", .min = 0.001, .max = day, .advanced = true}, self.connect_timeout);
    visit(setting{.name = "write_timeout", .text = "How long the receiver may take nothing, or acknowledge nothing; then records are tried again on a new connection.", .min = 0.001, .max = day, .advanced = true}, self.write_timeout);
    visit(setting{.name = "tls", .text = "Certificates."}, self.tls);
    visit(setting{.name = "message", .text = "What a message contains."}, self.message);
    // clang-format on
  }

  [[gnu::cold]] static void(check)(syslog_tls_config const& c, setting_problems& problems) {
    if (c.host.find('\0') != std::string::npos) problems.add("host", "must not contain a NUL character");
    if (c.server_name.find('\0') != std::string::npos)
      problems.add("server_name", "must not contain a NUL character");
  }
};

}  // namespace sinks

template <>
struct enum_names<sinks::syslog_tls_protocol> {
  static constexpr std::array names{std::pair{sinks::syslog_tls_protocol::syslog, std::string_view{"syslog"}},
                                    std::pair{sinks::syslog_tls_protocol::relp, std::string_view{"relp"}}};
};

}  // namespace fapilog::inline v0_1
