// SPDX-License-Identifier: MIT
// The catalogue: every built-in sink and stage by the name that settings use.
#pragma once

#include <fapilog/plugins/registry.hpp>

namespace fapilog::inline v0_1 {

/// All built-in plugins. Copy the registry and add your own:
/// `auto plugins = builtin_plugins(); plugins.add_sink(metadata, plugin<acme::kafka_sink, acme::kafka_config>());`
/// Throws: std::bad_alloc.
[[nodiscard]] registry builtin_plugins();

}  // namespace fapilog::inline v0_1

#ifndef FAPILOG_COMPILED
#include <fapilog/plugins/builtins_impl.hpp>
#endif
