// SPDX-License-Identifier: MIT
// Writes batches by HTTP requests: divides them by the limits of the destination, and joins the results.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/detail/recent_rejections.hpp>
#include <fapilog/sinks/file/compressor.hpp>
#include <fapilog/sinks/http/connection_config.hpp>
#include <fapilog/sinks/http/detail/http_client.hpp>
#include <fapilog/sinks/http/detail/http_message.hpp>
#include <fapilog/sinks/http/detail/http_verdict.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// How the entries of a batch become the body of a request, and what the response means. A sink over HTTP is one.
class http_format {
 public:
  http_format() = default;
  http_format(http_format const&) = default;
  http_format& operator=(http_format const&) = default;
  virtual ~http_format() = default;

  /// Appends the body for all of these entries to `body`, which is empty.
  virtual void encode(batch const& entries, std::string& body) = 0;
  /// Sets the path, the content type and further headers. The body is final: compressed, as it is sent.
  virtual void describe(batch const& entries, http_request& request) = 0;
  /// Judges a response. The default follows HTTP.
  [[nodiscard]] virtual http_verdict judge(http_response const& response, batch const& entries,
                                           std::string_view peer) {
    (void)entries;
    return verdict_of(response, peer);
  }
};

/// Maximum size of one request. A single entry may be larger than `batch_bytes` only if its body is not.
struct http_limits {
  std::size_t entries = 1'000;
  std::size_t body_bytes = std::size_t{1} << 20;  ///< before compression
};

/// Thread: one at a time, except `collect`. Throws: std::bad_alloc.
class http_writer {
 public:
  /// Throws: std::invalid_argument for an invalid URL, or for a compression that the program does not link.
  http_writer(std::string const& url, sinks::http_connection_config connection, http_limits limits);

  /// Reports settings that are risky.
  void start(start_context const& context) const;
  /// Sends the entries in as many requests as the limits require, in order, `requests_in_flight` of them at once. After a
  /// request that must be repeated, or that is refused, no other is begun. If the server answers 415 to a compressed request,
  /// this and all later ones are sent uncompressed.
  write_result write(batch const& entries, http_format& format);
  /// Closes the connections.
  void stop() noexcept { client_.close(); }
  [[nodiscard]] sink_health health() const;
  void collect(metric_list& all) const { client_.collect(all); }

  [[nodiscard]] http_client& client() noexcept { return client_; }
  [[nodiscard]] http_client const& client() const noexcept { return client_; }

 private:
  http_client client_;
  http_limits limits_;
  text_compressor compress_;  ///< null: bodies are not compressed, or no longer
  recent_rejections rejections_;
};

}  // namespace fapilog::inline v0_1::detail
