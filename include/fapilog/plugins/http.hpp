// SPDX-License-Identifier: MIT
// Registers the sinks over HTTP for configuration by name; needs the component `fapilog::http`.
#pragma once

#include <fapilog/plugins/registry.hpp>

namespace fapilog::inline v0_1 {

/// Adds the sinks `clickhouse`, `datadog`, `elasticsearch`, `http`, `loki`, `otlp`, `splunk` and `webhook`, with the settings of their configuration:
/// `auto plugins = builtin_plugins(); add_http(plugins); settings::from_environment(plugins)`.
/// Throws: std::invalid_argument if the registry has one of them already; std::bad_alloc.
registry& add_http(registry& all);

}  // namespace fapilog::inline v0_1

#ifndef FAPILOG_COMPILED
#include <fapilog/plugins/http_impl.hpp>
#endif
