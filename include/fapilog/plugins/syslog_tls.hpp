// SPDX-License-Identifier: MIT
// Registers the syslog sink over TLS for configuration by name; needs the component `fapilog::tls`.
#pragma once

#include <fapilog/plugins/metadata.hpp>
#include <fapilog/plugins/plugin_recipe.hpp>
#include <fapilog/plugins/registry.hpp>
#include <fapilog/sinks/syslog_tls.hpp>
#include <fapilog/version.hpp>

namespace fapilog::inline v0_1 {

/// Adds the sink `syslog_tls`, with the settings of `syslog_tls_config`:
/// `auto plugins = builtin_plugins(); add_syslog_tls(plugins); settings::from_environment(plugins)`.
/// Throws: std::invalid_argument if the registry has one already; std::bad_alloc.
inline registry& add_syslog_tls(registry& all) {
  return all.add_sink(
      create_plugin_metadata(
          "syslog_tls", detail::library_version().text(), plugin_type::sink, "fapilog::sinks::syslog_tls",
          {.description = "Sends one syslog message per record over TLS (RFC 5425), or RELP over TLS.",
           .author = "fapilog",
           .dependencies = {"OpenSSL 1.1.1 or newer"}}),
      plugin<sinks::syslog_tls, sinks::syslog_tls_config>());
}

}  // namespace fapilog::inline v0_1
