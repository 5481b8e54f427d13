// SPDX-License-Identifier: MIT
// The body of add_postgres.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/plugins/metadata.hpp>
#include <fapilog/plugins/plugin_recipe.hpp>
#include <fapilog/plugins/registry.hpp>
#include <fapilog/sinks/postgres.hpp>
#include <fapilog/sinks/postgres/config.hpp>
#include <fapilog/version.hpp>

namespace fapilog::inline v0_1 {

FAPILOG_INLINE registry& add_postgres(registry& all) {
  return all.add_sink(
      create_plugin_metadata("postgres", detail::library_version().text(), plugin_type::sink,
                             "fapilog::sinks::postgres",
                             {.description = "Stores one row per record in PostgreSQL, exactly once.",
                              .author = "fapilog",
                              .dependencies = {"libpqxx 6.4 or newer"}}),
      plugin<sinks::postgres, sinks::postgres_config>(), {"postgresql"});
}

}  // namespace fapilog::inline v0_1
