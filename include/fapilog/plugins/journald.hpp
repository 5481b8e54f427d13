// SPDX-License-Identifier: MIT
// Registers the journald sink for configuration by name.
#pragma once

#include <fapilog/plugins/metadata.hpp>
#include <fapilog/plugins/plugin_recipe.hpp>
#include <fapilog/plugins/registry.hpp>
#include <fapilog/sinks/journald.hpp>
#include <fapilog/version.hpp>

namespace fapilog::inline v0_1 {

/// Adds the sink `journald`, with the settings of `journald_config`:
/// `auto plugins = builtin_plugins(); add_journald(plugins); settings::from_environment(plugins)`.
/// Throws: std::invalid_argument if the registry has one already; std::bad_alloc.
inline registry& add_journald(registry& all) {
  return all.add_sink(
      create_plugin_metadata(
          "journald", detail::library_version().text(), plugin_type::sink, "fapilog::sinks::journald",
          {.description = "Writes one entry of the systemd journal per record.", .author = "fapilog"}),
      plugin<sinks::journald, sinks::journald_config>());
}

}  // namespace fapilog::inline v0_1
