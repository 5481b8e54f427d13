// SPDX-License-Identifier: MIT
// The body of add_http.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/plugins/metadata.hpp>
#include <fapilog/plugins/plugin_recipe.hpp>
#include <fapilog/plugins/registry.hpp>
#include <fapilog/sinks/clickhouse.hpp>
#include <fapilog/sinks/clickhouse/config.hpp>
#include <fapilog/sinks/http.hpp>
#include <fapilog/sinks/http/config.hpp>
#include <fapilog/sinks/http/datadog_config.hpp>
#include <fapilog/sinks/http/elasticsearch_config.hpp>
#include <fapilog/sinks/http/loki_config.hpp>
#include <fapilog/sinks/http/splunk_config.hpp>
#include <fapilog/sinks/http/webhook_config.hpp>
#include <fapilog/sinks/otlp.hpp>
#include <fapilog/sinks/otlp/config.hpp>
#include <fapilog/version.hpp>

namespace fapilog::inline v0_1 {

FAPILOG_INLINE registry& add_http(registry& all) {
  auto const metadata = [](char const* name, char const* type, char const* description) {
    return create_plugin_metadata(
        name, detail::library_version().text(), plugin_type::sink, type,
        {.description = description, .author = "fapilog", .dependencies = {"libcurl 7.66 or newer"}});
  };
  all.add_sink(
      metadata("clickhouse", "fapilog::sinks::clickhouse", "Writes records to a table of ClickHouse."),
      plugin<sinks::clickhouse, sinks::clickhouse_config>());
  all.add_sink(metadata("datadog", "fapilog::sinks::datadog", "Sends records to Datadog."),
               plugin<sinks::datadog, sinks::datadog_config>());
  all.add_sink(metadata("elasticsearch", "fapilog::sinks::elasticsearch",
                        "Stores records in Elasticsearch or OpenSearch."),
               plugin<sinks::elasticsearch, sinks::elasticsearch_config>());
  all.add_sink(metadata("http", "fapilog::sinks::http", "Sends batches of JSON by HTTP POST."),
               plugin<sinks::http, sinks::http_config>());
  all.add_sink(metadata("loki", "fapilog::sinks::loki", "Sends records to Grafana Loki."),
               plugin<sinks::loki, sinks::loki_config>());
  all.add_sink(metadata("otlp", "fapilog::sinks::otlp", "Sends records to an OpenTelemetry collector."),
               plugin<sinks::otlp, sinks::otlp_config>());
  all.add_sink(
      metadata("splunk", "fapilog::sinks::splunk", "Sends records to Splunk's HTTP Event Collector."),
      plugin<sinks::splunk, sinks::splunk_config>());
  return all.add_sink(
      metadata("webhook", "fapilog::sinks::webhook", "Sends signed batches of JSON by HTTP POST."),
      plugin<sinks::webhook, sinks::webhook_config>());
}

}  // namespace fapilog::inline v0_1
