// SPDX-License-Identifier: MIT
// Registers the Postgres sink for configuration by name; needs the component `fapilog::postgres`.
#pragma once

#include <fapilog/plugins/registry.hpp>

namespace fapilog::inline v0_1 {

/// Adds the sink `postgres` (also `postgresql`), with the settings of `postgres_config`:
/// `auto plugins = builtin_plugins(); add_postgres(plugins); settings::from_environment(plugins)`.
/// Throws: std::invalid_argument if the registry has one already; std::bad_alloc.
registry& add_postgres(registry& all);

}  // namespace fapilog::inline v0_1

#ifndef FAPILOG_COMPILED
#include <fapilog/plugins/postgres_impl.hpp>
#endif
