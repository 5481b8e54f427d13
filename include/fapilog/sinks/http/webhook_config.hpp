// SPDX-License-Identifier: MIT
// Configuration of the webhook sink.
#pragma once

#include <fapilog/setting.hpp>
#include <fapilog/sinks/http/connection_config.hpp>
#include <fapilog/sinks/http/detail/url_syntax.hpp>
#include <fapilog/sinks/http/detail/webhook_signature.hpp>

#include <cstdint>
#include <string>

namespace fapilog::inline v0_1::sinks {

struct webhook_config {
  /// `https://host[:port]/path`.
  std::string url = {};
  /// Secret that the receiver shares: `whsec_` and base64 of 24 to 64 bytes.
  std::string secret = {};
  /// Name of the secret, sent as `webhook-key-id`, so that a receiver can accept an old and a new one for a time; empty: none.
  std::string key_id = {};
  /// Maximum records and bytes of one request, before compression.
  std::uint32_t batch_size = 100;
  std::uint64_t batch_bytes = std::uint64_t{256} * 1024;
  http_connection_config connection = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    // clang-format off
    visit(setting{.name = "url", .text = "`https://host[:port]/path` of the receiver.", .form = setting_form::secret}, self.url);
    visit(setting{.name = "secret", .text = "Secret that the receiver shares: `whsec_` and base64 of 24 to 64 bytes.", .form = setting_form::secret}, self.secret);
    visit(setting{.name = "key_id", .text = "Name of the secret, sent as `webhook-key-id`; empty: none."}, self.key_id);
    visit(setting{.name = "batch_size", .text = "Maximum records of one request.", .min = 1, .max = 100'000}, self.batch_size);
    visit(setting{.name = "batch_bytes", .text = "Maximum bytes of one request, before compression.", .min = 1'024, .max = 268'435'456, .form = setting_form::bytes}, self.batch_bytes);
    visit(setting{.name = "connection", .text = "How requests reach the server."}, self.connection);
    // clang-format on
  }

  [[gnu::cold]] static void(check)(webhook_config const& c, setting_problems& problems) {
    if (auto const problem = detail::url_problem(c.url); !problem.empty()) problems.add("url", problem);
    if (!detail::webhook_key(c.secret)) problems.add("secret", "must be whsec_ and base64 of 24 to 64 bytes");
    if (!detail::is_header_value(c.key_id)) problems.add("key_id", "must not contain a control character");
  }
};

}  // namespace fapilog::inline v0_1::sinks
