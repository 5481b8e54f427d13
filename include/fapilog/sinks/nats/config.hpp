// SPDX-License-Identifier: MIT
// Configuration of the NATS sink.
#pragma once

#include <fapilog/setting.hpp>
#include <fapilog/sinks/tls_config.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail::nats {

/// True if the text can be a subject to publish to: tokens separated by dots, without wildcards and white space.
[[nodiscard]] inline bool is_subject(std::string_view text) noexcept {
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos)
    return false;
  for (char const c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '*' || c == '>' || c == '\x7f') return false;
  }
  return true;
}

/// True for `nats://`, `tls://` or no scheme, and a host.
[[nodiscard]] inline bool is_server(std::string_view text) noexcept {
  for (char const c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == ',') return false;
  }
  if (std::size_t const scheme = text.find("://"); scheme != std::string_view::npos) {
    if (text.substr(0, scheme) != "nats" && text.substr(0, scheme) != "tls") return false;
    text.remove_prefix(scheme + 3);
  }
  if (std::size_t const user = text.rfind('@'); user != std::string_view::npos) text.remove_prefix(user + 1);
  return !text.empty() && text.front() != ':' && text.find('/') == std::string_view::npos;
}

}  // namespace detail::nats

namespace sinks {

struct nats_config {
  /// Servers of one cluster, as `host:port`, or `tls://host:port` for TLS; they are tried in turn. `nats://` may begin the former.
  std::vector<std::string> servers = {"localhost:4222"};
  /// Subject of the messages; a stream of JetStream must take it.
  std::string subject = "logs";
  /// Path in the envelope of a value that becomes a further token of the subject, such as `context.tenant_id`: `logs.acme`.
  /// Characters that a token may not have become `_`, and so does a missing value. Empty: none.
  std::string subject_field = {};
  /// Name of the stream that must store the messages; empty: any.
  std::string stream = {};
  /// File with the JWT and the seed of a user (`.creds`); it is read for each connection.
  std::string credentials_file = {};
  std::string user = {};
  std::string password = {};
  std::string token = {};
  tls_config tls = {};
  /// Maximum records that are sent before their acknowledgements are awaited.
  std::uint32_t batch_size = 4'000;
  /// How long one attempt waits for acknowledgements. Records without one are sent again with the same `Nats-Msg-Id`.
  std::chrono::milliseconds timeout{10'000};
  /// How long to connect to one server.
  std::chrono::milliseconds connect_timeout{5'000};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    constexpr double day = 86'400;
    // clang-format off
    visit(setting{.name = "servers", .text = "Servers of one cluster, as `host:port` or `nats://host:port`, or `tls://host:port` for TLS; they are tried in turn.", .form = setting_form::secret, .not_empty = true}, self.servers);
    visit(setting{.name = "subject", .text = "Subject of the messages; a stream of JetStream must take it.", .not_empty = true}, self.subject);
    visit(setting{.name = "subject_field", .text = "Path of a value that becomes a further token of the subject, such as `context.tenant_id`. Empty: none."}, self.subject_field);
    visit(setting{.name = "stream", .text = "Name of the stream that must store the messages; empty: any."}, self.stream);
    visit(setting{.name = "credentials_file", .text = "File with the JWT and the seed of a user (`.creds`); it is read for each connection."}, self.credentials_file);
    visit(setting{.name = "user", .text = "User, if the servers ask for a user and a password."}, self.user);
    visit(setting{.name = "password", .text = "Password of the user.", .form = setting_form::secret}, self.password);
    visit(setting{.name = "token", .text = "Token, if the servers ask for one.", .form = setting_form::secret}, self.token);
    visit(setting{.name = "tls", .text = "TLS, for servers that begin with `tls:`."}, self.tls);
    visit(setting{.name = "batch_size", .text = "Maximum records that are sent before their acknowledgements are awaited.", .min = 1, .max = 50'000}, self.batch_size);
    visit(setting{.name = "timeout", .text = "How long one attempt waits for acknowledgements; then records are sent again with the same id.", .min = 0.1, .max = day}, self.timeout);
    visit(setting{.name = "connect_timeout", .text = "How long to connect to one server.", .min = 0.01, .max = day}, self.connect_timeout);
    // clang-format on
  }

  /// Checks the rules that bounds of numbers cannot express. No problem names a server or a secret.
  [[gnu::cold]] static void(check)(nats_config const& c, setting_problems& problems) {
    for (std::string const& server : c.servers) {
      if (!detail::nats::is_server(server))
        problems.add("servers", "must be `nats://host:port` or `tls://host:port` each");
    }
    if (!detail::nats::is_subject(c.subject))
      problems.add("subject", "must be tokens separated by dots, without wildcards and spaces");
    if (!c.subject_field.empty() && (c.subject_field.starts_with('.') || c.subject_field.ends_with('.') ||
                                     c.subject_field.find("..") != std::string::npos))
      problems.add("subject_field", "must be keys separated by dots, such as context.tenant_id");
    if (!c.stream.empty() && (!detail::nats::is_subject(c.stream) || c.stream.find('.') != std::string::npos))
      problems.add("stream", "is not the name of a stream");
    int const credentials = int{!c.credentials_file.empty()} + int{!c.user.empty()} + int{!c.token.empty()};
    if (credentials > 1)
      problems.add("credentials_file", "must not be given together with `user` or `token`");
    if (c.user.empty() && !c.password.empty()) problems.add("password", "needs `user`");
    if (!c.tls.key_password.empty())
      problems.add("tls.key_password", "is not possible with NATS; use a key without a password");
  }
};

}  // namespace sinks
}  // namespace fapilog::inline v0_1
