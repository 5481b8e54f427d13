// SPDX-License-Identifier: MIT
// Sends requests over kept-alive connections to one server; declared without libcurl.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/sinks/http/connection_config.hpp>
#include <fapilog/sinks/http/detail/http_message.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace fapilog::inline v0_1::detail {

/// Totals since the client was made. Thread: any may read.
struct http_counts {
  counter requests;     ///< requests begun
  counter failures;     ///< requests without a response, or with another status than 2xx
  counter bytes;        ///< bytes of bodies, compressed
  counter connections;  ///< connections opened
};

/// HTTP/1.1, or HTTP/2 with libcurl 8.1 or newer if the server offers it; redirects are not followed. No message contains a secret: neither of the
/// configuration nor the user and password of the URL, which are sent as basic authentication.
/// In a forked child, the connections belong to the parent; the child opens its own.
/// Thread: one at a time, except for `counts` and `cancel`. Throws: std::bad_alloc.
class http_client {
 public:
  struct finished {
    std::size_t id;
    http_request request;
    http_response response;
  };

  /// Throws: std::invalid_argument for an invalid URL, without repeating it.
  http_client(std::string const& url, sinks::http_connection_config config);
  http_client(http_client&& other) noexcept;
  http_client& operator=(http_client&& other) noexcept;
  ~http_client();

  /// Begins a request. `id` comes back with the response. Throws: std::runtime_error if the credential cannot be read.
  void begin(http_request request, std::size_t id);
  /// Number of requests without a response.
  [[nodiscard]] std::size_t in_flight() const noexcept;
  /// Waits for the next response; there must be a request in flight. Never takes longer than the timeout of the request.
  [[nodiscard]] finished wait();
  /// Sends one request and waits for its response. No other may be in flight.
  [[nodiscard]] http_response send(http_request request);
  /// Requests that all requests in flight and all later ones fail at once, until `resume`. Thread: any.
  void cancel() noexcept;
  void resume() noexcept;
  [[nodiscard]] bool is_cancelled() const noexcept;
  /// Waits for this time, or until `cancel`. No request may be in flight.
  void pause(std::chrono::milliseconds time);
  /// Abandons all requests in flight and closes all connections.
  void close() noexcept;

  /// `host:port`, for messages.
  [[nodiscard]] std::string const& peer() const noexcept;
  [[nodiscard]] sinks::http_connection_config const& config() const noexcept;
  [[nodiscard]] http_counts const& counts() const noexcept;
  /// Adds the counts. Thread: any.
  void collect(metric_list& all) const;

 private:
  class curl_client;
  std::unique_ptr<curl_client> self_;
};

}  // namespace fapilog::inline v0_1::detail
