// SPDX-License-Identifier: MIT
// Registers the Postgres sink for configuration by name; needs the component `fapilog::postgres`.
#pragma once

#include <fapilog/plugins/metadata.hpp>
#include <fapilog/plugins/plugin_recipe.hpp>
#include <fapilog/plugins/registry.hpp>
#include <fapilog/sinks/postgres.hpp>
#include <fapilog/version.hpp>

namespace fapilog::inline v0_1 {

/// Adds the sink `postgres` (also `postgresql`), with the settings of `postgres_config`:
/// `auto plugins = builtin_plugins(); add_postgres(plugins); settings::from_environment(plugins)`.
/// Throws: std::invalid_argument if the registry has one already; std::bad_alloc.
inline registry& add_postgres(registry& all) {
  return all.add_sink(
      create_plugin_metadata("postgres", detail::library_version().text(), plugin_type::sink,
                             "fapilog::sinks::postgres",
                             {.description = "Stores one row per record in PostgreSQL, exactly once.",
                              .author = "fapilog",
                              .dependencies = {"libpqxx 6.4 or newer"}}),
      plugin<sinks::postgres, sinks::postgres_config>(), {"postgresql"});
}

}  // namespace fapilog::inline v0_1
