// SPDX-License-Identifier: MIT
// Registers the syslog sink for configuration by name.
#pragma once

#include <fapilog/plugins/metadata.hpp>
#include <fapilog/plugins/plugin_recipe.hpp>
#include <fapilog/plugins/registry.hpp>
#include <fapilog/sinks/syslog.hpp>
#include <fapilog/version.hpp>

namespace fapilog::inline v0_1 {

/// Adds the sink `syslog`, with the settings of `syslog_config`:
/// `auto plugins = builtin_plugins(); add_syslog(plugins); settings::from_environment(plugins)`.
/// Throws: std::invalid_argument if the registry has one already; std::bad_alloc.
inline registry& add_syslog(registry& all) {
  return all.add_sink(
      create_plugin_metadata(
          "syslog", detail::library_version().text(), plugin_type::sink, "fapilog::sinks::syslog",
          {.description = "Sends one syslog message per record, with its fields as structured data.",
           .author = "fapilog"}),
      plugin<sinks::syslog, sinks::syslog_config>());
}

}  // namespace fapilog::inline v0_1
