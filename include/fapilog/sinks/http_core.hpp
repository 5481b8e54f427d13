// SPDX-License-Identifier: MIT
// The declarations of the sinks over HTTP, which need no libcurl.
#pragma once

#include <fapilog/sinks/http/config.hpp>
#include <fapilog/sinks/http/datadog_config.hpp>
#include <fapilog/sinks/http/detail/http_sink.hpp>
#include <fapilog/sinks/http/elasticsearch_config.hpp>
#include <fapilog/sinks/http/loki_config.hpp>
#include <fapilog/sinks/http/splunk_config.hpp>
#include <fapilog/sinks/http/webhook_config.hpp>
#include <fapilog/sinks/sink.hpp>

#include <string_view>

namespace fapilog::inline v0_1::detail {
class splunk_format;
}

namespace fapilog::inline v0_1::sinks {

/// Sends batches by POST to any receiver of JSON, at least once: the receiver can recognise a record that comes twice by its
/// `message_id`. A batch that the receiver finds too large (413) or invalid (400 and other 4xx) is halved until the records
/// at fault are alone; these are rejected. See docs/plugins/sinks/http.md for what each status means.
/// Thread: one at a time. Throws: std::bad_alloc. The constructor throws std::invalid_argument for invalid settings.
class http : public detail::http_sink {
 public:
  explicit http(http_config const& config);
  [[nodiscard]] static std::string_view name() noexcept { return "http"; }
};

/// Sends batches as JSON arrays with a signature by the Standard Webhooks specification: HMAC-SHA-256 over id, time and the
/// bytes that are sent. Otherwise like `http`.
class webhook : public detail::http_sink {
 public:
  explicit webhook(webhook_config const& config);
  [[nodiscard]] static std::string_view name() noexcept { return "webhook"; }
};

/// Sends records to Grafana Loki by its push interface, at least once; Loki stores a record that comes twice with the same time,
/// labels and text only once.
class loki : public detail::http_sink {
 public:
  explicit loki(loki_config const& config);
  [[nodiscard]] static std::string_view name() noexcept { return "loki"; }
};

/// Stores records in Elasticsearch or OpenSearch by the bulk interface, exactly once in an index: the id of a document is the
/// `message_id`, and a document that is there already is not created again. In a data stream that holds for each of its indices,
/// so a record that is sent again after a rollover may be there twice.
class elasticsearch : public detail::http_sink {
 public:
  explicit elasticsearch(elasticsearch_config const& config);
  [[nodiscard]] static std::string_view name() noexcept { return "elasticsearch"; }
};

/// Sends records to Datadog by its logs intake, at least once: `message_id` is an attribute, by which a record that came twice can be
/// recognised. The credential is the API key.
class datadog : public detail::http_sink {
 public:
  explicit datadog(datadog_config const& config);
  [[nodiscard]] static std::string_view name() noexcept { return "datadog"; }
};

/// Sends records to Splunk's HTTP Event Collector, at least once. With `acknowledgement`, a record is delivered when the indexers
/// have acknowledged its request; without it, when the collector has accepted it, which may still lose it.
class splunk : public detail::http_sink {
 public:
  explicit splunk(splunk_config const& config);
  [[nodiscard]] static std::string_view name() noexcept { return "splunk"; }

  /// Throws: std::runtime_error if acknowledgements are expected and the token has none.
  void start(start_context const& context);
  write_result write(batch const& entries);

 private:
  [[nodiscard]] detail::splunk_format& own_format() noexcept;
};

}  // namespace fapilog::inline v0_1::sinks
