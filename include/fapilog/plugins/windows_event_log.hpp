// SPDX-License-Identifier: MIT
// Registers the sink for the Windows Event Log for configuration by name.
#pragma once

#include <fapilog/plugins/metadata.hpp>
#include <fapilog/plugins/plugin_recipe.hpp>
#include <fapilog/plugins/registry.hpp>
#include <fapilog/sinks/windows_event_log.hpp>
#include <fapilog/version.hpp>

namespace fapilog::inline v0_1 {

/// Adds the sink `windows_event_log`, with the settings of `windows_event_log_config`:
/// `auto plugins = builtin_plugins(); add_windows_event_log(plugins); settings::from_environment(plugins)`.
/// Throws: std::invalid_argument if the registry has one already; std::bad_alloc.
inline registry& add_windows_event_log(registry& all) {
  return all.add_sink(
      create_plugin_metadata(
          "windows_event_log", detail::library_version().text(), plugin_type::sink,
          "fapilog::sinks::windows_event_log",
          {.description = "Writes one event of the Windows Event Log per record.", .author = "fapilog"}),
      plugin<sinks::windows_event_log, sinks::windows_event_log_config>());
}

}  // namespace fapilog::inline v0_1
