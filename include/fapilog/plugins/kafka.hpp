// SPDX-License-Identifier: MIT
// Registers the Kafka sink for configuration by name; needs the component `fapilog::kafka`.
#pragma once

#include <fapilog/plugins/registry.hpp>

namespace fapilog::inline v0_1 {

/// Adds the sink `kafka`, with the settings of `kafka_config`:
/// `auto plugins = builtin_plugins(); add_kafka(plugins); settings::from_environment(plugins)`.
/// Throws: std::invalid_argument if the registry has one already; std::bad_alloc.
registry& add_kafka(registry& all);

}  // namespace fapilog::inline v0_1

#ifndef FAPILOG_COMPILED
#include <fapilog/plugins/kafka_impl.hpp>
#endif
