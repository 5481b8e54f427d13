// SPDX-License-Identifier: MIT
// Settings of TLS that all sinks over the network share.
#pragma once

#include <fapilog/setting.hpp>

#include <string>
#include <utility>

namespace fapilog::inline v0_1::sinks {

/// Whom to trust and how to identify oneself. Versions before TLS 1.2 are never used.
struct tls_config {
  /// False: accepts any certificate of the server, and so also an attacker in between. For tests only; each start reports it.
  bool verify = true;
  /// PEM file with the certificates of the authorities to trust; empty: those of the system.
  std::string ca_file = {};
  /// PEM files with the certificate (and its chain) and the key of the client, for a server that requires them.
  std::string certificate_file = {};
  std::string key_file = {};
  std::string key_password = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    // clang-format off
    visit(setting{.name = "verify", .text = "Checks the server's certificate and name; false is for tests only."}, self.verify);
    visit(setting{.name = "ca_file", .text = "PEM file with the authorities to trust; empty: those of the system."}, self.ca_file);
    visit(setting{.name = "certificate_file", .text = "PEM file with the certificate of the client, and its chain."}, self.certificate_file);
    visit(setting{.name = "key_file", .text = "PEM file with the key of the client."}, self.key_file);
    visit(setting{.name = "key_password", .text = "Password of the key.", .form = setting_form::secret}, self.key_password);
    // clang-format on
  }

  [[gnu::cold]] static void(check)(tls_config const& c, setting_problems& problems) {
    if (c.certificate_file.empty() != c.key_file.empty())
      problems.add("certificate_file", "and `key_file` must be given together");
  }
};

}  // namespace fapilog::inline v0_1::sinks
