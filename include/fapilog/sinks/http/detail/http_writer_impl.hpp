// SPDX-License-Identifier: MIT
// The bodies of the writer of batches by HTTP.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/file/compressor.hpp>
#include <fapilog/sinks/http/connection_config.hpp>
#include <fapilog/sinks/http/detail/http_client.hpp>
#include <fapilog/sinks/http/detail/http_message.hpp>
#include <fapilog/sinks/http/detail/http_verdict.hpp>
#include <fapilog/sinks/http/detail/http_writer.hpp>
#include <fapilog/sinks/http/detail/write_progress.hpp>
#include <fapilog/sinks/sink.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace fapilog::inline v0_1::detail {

namespace http_compression_detail {

/// Null for `none`. Throws: std::invalid_argument if the program does not link the component.
[[gnu::cold]] inline text_compressor find(sinks::http_compression wanted) {
  if (wanted == sinks::http_compression::none) return nullptr;
  bool const is_zstd = wanted == sinks::http_compression::zstd;
  text_compressor const found =
      is_zstd ? linked_zstd_compressor.load_acquire() : linked_text_compressor.load_acquire();
  if (found != nullptr) return found;
  throw std::invalid_argument{
      is_zstd
          ? "fapilog: connection.compression: zstd needs the component fapilog::zstd (FAPILOG_WITH_ZSTD)"
          : "fapilog: connection.compression: gzip needs the component fapilog::zlib (FAPILOG_WITH_ZLIB)"};
}

}  // namespace http_compression_detail

FAPILOG_INLINE http_writer::http_writer(std::string const& url, sinks::http_connection_config connection,
                                        http_limits limits)
    : client_(url, std::move(connection)),
      limits_(limits),
      compress_(http_compression_detail::find(client_.config().compression)) {}

FAPILOG_INLINE void http_writer::start(start_context const& context) const {
  if (!client_.config().tls.verify)
    context.report("the certificate of the server is not checked (connection.tls.verify)", client_.peer());
}

FAPILOG_INLINE write_result http_writer::write(batch const& entries, http_format& format) {
  write_progress now{entries, limits_};
  auto const begin_next = [&] {
    write_progress::range next = now.waiting.front();
    batch const part = now.entries_of(next);
    http_request request;
    format.encode(part, request.body);
    now.waiting.pop_front();
    if (std::size_t const size = request.body.size(); size > limits_.body_bytes) {
      if (next.count > 1) return now.halve(next);
      return now.reject(
          next, concat({client_.peer(), ": a record takes ", std::to_string(size),
                        " bytes, more than the limit of a request, ", std::to_string(limits_.body_bytes)}));
    }
    if (compress_ != nullptr) {
      std::string const plain = std::exchange(request.body, {});
      compress_(plain, request.body);
      next.is_compressed = true;
      request.content_encoding =
          client_.config().compression == sinks::http_compression::zstd ? "zstd" : "gzip";
    }
    format.describe(part, request);
    try {
      client_.begin(std::move(request), now.sent.size());
    } catch (std::runtime_error const& error) {
      now.is_refused = true;
      return now.stop(next, concat({client_.peer(), ": ", error.what()}));
    }
    now.sent.push_back(next);
  };
  try {
    for (;;) {
      while (!now.is_stopped && !now.waiting.empty() &&
             client_.in_flight() < client_.config().requests_in_flight)
        begin_next();
      if (client_.in_flight() == 0) break;
      auto const done = client_.wait();
      write_progress::range const& range = now.sent[done.id];
      if (constexpr int unsupported_media_type = 415;
          range.is_compressed && done.response.status == unsupported_media_type) {
        compress_ = nullptr;
        now.waiting.push_front({range.begin, range.count});
        continue;
      }
      now.apply(range, format.judge(done.response, now.entries_of(range), client_.peer()));
    }
  } catch (...) {
    client_.close();  // their responses would be taken for those of the next call
    throw;
  }
  return now.result(rejections_);
}

FAPILOG_INLINE sink_health http_writer::health() const {
  std::string detail = rejections_.description();
  if (compress_ == nullptr && client_.config().compression != sinks::http_compression::none) {
    detail += concat({detail.empty() ? "" : "; ", client_.peer(),
                      ": the server answered 415 to a compressed body; bodies are no longer compressed"});
  }
  return {!rejections_.are_many(), std::move(detail)};
}

}  // namespace fapilog::inline v0_1::detail
