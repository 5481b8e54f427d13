// SPDX-License-Identifier: MIT
// The body of add_kafka.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/plugins/metadata.hpp>
#include <fapilog/plugins/plugin_recipe.hpp>
#include <fapilog/plugins/registry.hpp>
#include <fapilog/sinks/kafka.hpp>
#include <fapilog/sinks/kafka/config.hpp>
#include <fapilog/version.hpp>

namespace fapilog::inline v0_1 {

FAPILOG_INLINE registry& add_kafka(registry& all) {
  return all.add_sink(
      create_plugin_metadata("kafka", detail::library_version().text(), plugin_type::sink,
                             "fapilog::sinks::kafka",
                             {.description = "Writes one message per record to a topic of Kafka.",
                              .author = "fapilog",
                              .dependencies = {"librdkafka 2.0 or newer"}}),
      plugin<sinks::kafka, sinks::kafka_config>());
}

}  // namespace fapilog::inline v0_1
