// SPDX-License-Identifier: MIT
// Registers the NATS sink for configuration by name; needs the component `fapilog::nats`.
#pragma once

#include <fapilog/plugins/registry.hpp>

namespace fapilog::inline v0_1 {

/// Adds the sink `nats`, with the settings of `nats_config`:
/// `auto plugins = builtin_plugins(); add_nats(plugins); settings::from_environment(plugins)`.
/// Throws: std::invalid_argument if the registry has one already; std::bad_alloc.
registry& add_nats(registry& all);

}  // namespace fapilog::inline v0_1

#ifndef FAPILOG_COMPILED
#include <fapilog/plugins/nats_impl.hpp>
#endif
