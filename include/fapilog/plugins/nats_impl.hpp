// SPDX-License-Identifier: MIT
// The body of add_nats.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/plugins/metadata.hpp>
#include <fapilog/plugins/plugin_recipe.hpp>
#include <fapilog/plugins/registry.hpp>
#include <fapilog/sinks/nats.hpp>
#include <fapilog/sinks/nats/config.hpp>
#include <fapilog/version.hpp>

namespace fapilog::inline v0_1 {

FAPILOG_INLINE registry& add_nats(registry& all) {
  return all.add_sink(create_plugin_metadata(
                          "nats", detail::library_version().text(), plugin_type::sink, "fapilog::sinks::nats",
                          {.description = "Publishes one message per record to a stream of NATS JetStream.",
                           .author = "fapilog",
                           .dependencies = {"libnats 3.0 or newer"}}),
                      plugin<sinks::nats, sinks::nats_config>());
}

}  // namespace fapilog::inline v0_1
