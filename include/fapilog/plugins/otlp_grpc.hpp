// SPDX-License-Identifier: MIT
// Registers the OTLP sink over gRPC for configuration by name; needs the component `fapilog::grpc`.
#pragma once

#include <fapilog/plugins/metadata.hpp>
#include <fapilog/plugins/plugin_recipe.hpp>
#include <fapilog/plugins/registry.hpp>
#include <fapilog/sinks/otlp/grpc_config.hpp>
#include <fapilog/sinks/otlp_grpc.hpp>
#include <fapilog/version.hpp>

namespace fapilog::inline v0_1 {

/// Adds the sink `otlp_grpc`, with the settings of `otlp_grpc_config`:
/// `auto plugins = builtin_plugins(); add_otlp_grpc(plugins); settings::from_environment(plugins)`.
/// Throws: std::invalid_argument if the registry has one already; std::bad_alloc.
inline registry& add_otlp_grpc(registry& all) {
  return all.add_sink(
      create_plugin_metadata("otlp_grpc", detail::library_version().text(), plugin_type::sink,
                             "fapilog::sinks::otlp_grpc",
                             {.description = "Sends records to an OpenTelemetry collector by OTLP/gRPC.",
                              .author = "fapilog",
                              .dependencies = {"grpc++ 1.51 or newer"}}),
      plugin<sinks::otlp_grpc, sinks::otlp_grpc_config>());
}

}  // namespace fapilog::inline v0_1
