// SPDX-License-Identifier: MIT
// The bodies of the HTTP client, which call libcurl.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/sinks/http/connection_config.hpp>
#include <fapilog/sinks/http/detail/curl_client.hpp>
#include <fapilog/sinks/http/detail/http_client.hpp>
#include <fapilog/sinks/http/detail/http_message.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace fapilog::inline v0_1::detail {

FAPILOG_INLINE http_client::http_client(std::string const& url, sinks::http_connection_config config)
    : self_(std::make_unique<curl_client>(url, std::move(config))) {}
FAPILOG_INLINE http_client::http_client(http_client&& other) noexcept = default;
FAPILOG_INLINE http_client& http_client::operator=(http_client&& other) noexcept = default;
FAPILOG_INLINE http_client::~http_client() = default;

FAPILOG_INLINE void http_client::begin(http_request request, std::size_t id) {
  self_->begin(std::move(request), id);
}
FAPILOG_INLINE std::size_t http_client::in_flight() const noexcept { return self_->in_flight(); }
FAPILOG_INLINE http_client::finished http_client::wait() { return self_->wait(); }
FAPILOG_INLINE http_response http_client::send(http_request request) {
  begin(std::move(request), 0);
  return wait().response;
}
FAPILOG_INLINE void http_client::cancel() noexcept { self_->cancel(); }
FAPILOG_INLINE void http_client::resume() noexcept { self_->resume(); }
FAPILOG_INLINE bool http_client::is_cancelled() const noexcept { return self_->is_cancelled(); }
FAPILOG_INLINE void http_client::pause(std::chrono::milliseconds time) { self_->pause(time); }
FAPILOG_INLINE void http_client::close() noexcept { self_->close(); }
FAPILOG_INLINE std::string const& http_client::peer() const noexcept { return self_->peer; }
FAPILOG_INLINE sinks::http_connection_config const& http_client::config() const noexcept {
  return self_->config;
}
FAPILOG_INLINE http_counts const& http_client::counts() const noexcept { return self_->counts; }
FAPILOG_INLINE void http_client::collect(metric_list& all) const {
  auto const add = [&all](char const* name, char const* help, counter const& count) {
    all.push_back({.name = name, .help = help, .value = static_cast<double>(count.value())});
  };
  add("fapilog_http_requests_total", "Requests sent.", self_->counts.requests);
  add("fapilog_http_failures_total", "Requests that failed or got another status than 2xx.",
      self_->counts.failures);
  add("fapilog_http_sent_bytes_total", "Bytes of the bodies of requests, compressed.", self_->counts.bytes);
  add("fapilog_http_connections_total", "Connections opened.", self_->counts.connections);
}

}  // namespace fapilog::inline v0_1::detail
