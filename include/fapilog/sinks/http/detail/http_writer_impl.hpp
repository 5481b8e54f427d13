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
#include <fapilog/sinks/sink.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// One call of `write`.
struct http_writer::progress {
  struct range {
    std::size_t begin;
    std::size_t count;
    bool is_compressed = false;  ///< once it is sent
  };
  enum class state : std::uint8_t { waiting, delivered, again, never };

  progress(batch const& all, http_limits const& limits) : entries(all), states(all.size(), state::waiting) {
    // The lines are an estimate of the body, which `begin_next` checks.
    std::size_t begin = 0;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      std::size_t const size = entries[i].json.size() + 1;
      if (i != begin && (i - begin == limits.entries || bytes + size > limits.body_bytes)) {
        waiting.push_back({begin, i - begin});
        begin = i;
        bytes = 0;
      }
      bytes += size;
    }
    if (begin != entries.size()) waiting.push_back({begin, entries.size() - begin});
  }

  [[nodiscard]] batch entries_of(range const& r) const { return entries.from(r.begin).up_to(r.count); }
  void set(range const& r, state to) {
    std::fill_n(states.begin() + static_cast<std::ptrdiff_t>(r.begin), r.count, to);
  }
  void reject(range const& r, std::string why) {
    set(r, state::never);
    reason = std::move(why);
  }
  void stop(range const& r, std::string why) {
    set(r, state::again);
    is_stopped = true;
    reason = std::move(why);
  }
  void halve(range const& r) { divide(r, r.count / 2, 0); }
  /// Sends the entries before `first`, the next `count` ones and the others in requests of their own.
  void divide(range const& r, std::size_t first, std::size_t count) {
    std::size_t const rest = first + count;
    if (rest < r.count) waiting.push_front({r.begin + rest, r.count - rest});
    if (count != 0) waiting.push_front({r.begin + first, count});
    if (first != 0) waiting.push_front({r.begin, first});
  }

  /// Applies the verdict on the entries of one request.
  [[gnu::cold]] void apply(range const& r, http_verdict verdict) {
    delay = (std::max)(delay, verdict.delay);
    switch (verdict.outcome) {
      case http_outcome::delivered: invalid_requests = 0; return set(r, state::delivered);
      case http_outcome::refused: is_refused = true; [[fallthrough]];
      case http_outcome::retry: return stop(r, std::move(verdict.reason));
      case http_outcome::rejected: return reject(r, std::move(verdict.reason));
      case http_outcome::too_large: return r.count == 1 ? reject(r, std::move(verdict.reason)) : halve(r);
      case http_outcome::invalid: {
        // To find an invalid entry takes about 20 requests, of which some are accepted. If the server accepts none, the
        // entries are not at fault.
        constexpr int max_invalid = 40;
        if (r.count == 1 || ++invalid_requests > max_invalid) return reject(r, std::move(verdict.reason));
        return verdict.suspect < r.count ? divide(r, verdict.suspect, 1) : halve(r);
      }
      case http_outcome::items: break;
    }
    set(r, state::delivered);
    for (std::size_t const i : verdict.again) {
      if (i < r.count) states[r.begin + i] = state::again;
    }
    for (std::size_t const i : verdict.never) {
      if (i < r.count) states[r.begin + i] = state::never;
    }
    is_stopped |= !verdict.again.empty();
    is_refused |= verdict.is_refused && !verdict.again.empty();
    if (!verdict.reason.empty()) reason = std::move(verdict.reason);
  }

  [[nodiscard]] write_result result(recent_rejections& rejections) {
    std::vector<std::size_t> again;
    std::vector<std::size_t> never;
    for (std::size_t i = 0; i < states.size(); ++i) {
      if (states[i] == state::never) never.push_back(i);
      else if (states[i] != state::delivered) again.push_back(i);
    }
    rejections.add(states.size() - again.size(), never.size());
    if (!never.empty()) rejections.set_last_reason(reason);
    if (again.empty() || !is_refused)
      return write_result::partly(std::move(again), std::move(never), std::move(reason), delay);
    constexpr std::chrono::milliseconds pause = std::chrono::seconds{30};
    return write_result::refused(std::move(reason), (std::max)(delay, pause), std::move(again),
                                 std::move(never));
  }

  batch const& entries;
  std::vector<state> states;  ///< for each entry
  std::deque<range> waiting;
  std::vector<range> sent;  ///< by the id of the request
  bool is_stopped = false;
  bool is_refused = false;
  int invalid_requests = 0;  ///< since a request was delivered
  std::string reason;
  std::chrono::milliseconds delay{};
};

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
  progress now{entries, limits_};
  auto const begin_next = [&] {
    progress::range next = now.waiting.front();
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
      progress::range const& range = now.sent[done.id];
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
