// SPDX-License-Identifier: MIT
// Waits until Splunk's indexers have acknowledged requests: POST /services/collector/ack with their ids.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/json_parts.hpp>
#include <fapilog/sinks/http/detail/http_client.hpp>
#include <fapilog/sinks/http/detail/http_message.hpp>
#include <fapilog/sinks/http/detail/http_verdict.hpp>
#include <fapilog/sinks/http/detail/splunk_code.hpp>
#include <fapilog/sinks/http/splunk_config.hpp>
#include <fapilog/sinks/sink.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// The requests of one batch that the collector has accepted and that the indexers have not acknowledged.
/// Thread: one at a time. Throws: std::bad_alloc.
class splunk_acknowledgements {
 public:
  /// `channel` is a header; empty if requests are not acknowledged.
  explicit splunk_acknowledgements(std::string channel) : channel_(std::move(channel)) {}

  [[nodiscard]] bool are_expected() const noexcept { return !channel_.empty(); }
  /// Forgets the requests of an earlier batch.
  void begin(batch const& all) {
    all_ = all;
    waiting_.clear();
  }
  /// Adds a request with these entries, which are a part of the batch.
  void add(std::uint64_t id, batch const& entries) {
    waiting_.push_back({id, static_cast<std::size_t>(entries.begin() - all_.begin()), entries.size()});
  }

  /// The query for the ids of all requests, or for that of a request that does not exist.
  [[nodiscard]] http_request query() const {
    http_request request{.path = "/services/collector/ack", .content_type = "application/json"};
    request.headers.push_back(channel_);
    request.body = "{\"acks\":[";
    if (waiting_.empty()) request.body += '0';
    for (accepted const& one : waiting_) {
      if (request.body.back() != '[') request.body += ',';
      request.body += std::to_string(one.id);
    }
    request.body += "]}";
    return request;
  }

  /// Asks until all requests are acknowledged or `ack_timeout` has passed; the entries of those that are not are to be sent
  /// again. `sent` is the result of the requests.
  [[nodiscard]] write_result wait(http_client& client, sinks::splunk_config const& config,
                                  write_result sent) {
    using clock = std::chrono::steady_clock;
    auto const deadline = clock::now() + config.ack_timeout;
    http_verdict last;
    while (!waiting_.empty() && clock::now() < deadline && !client.is_cancelled() &&
           last.outcome != http_outcome::refused) {
      client.pause(config.ack_interval);
      last = ask(client);
    }
    write_result result = waiting_.empty() ? std::move(sent) : joined(sent, last, client.peer());
    begin({});
    return result;
  }

 private:
  struct accepted {
    std::uint64_t id;
    std::size_t first;
    std::size_t count;
  };

  [[nodiscard]] http_verdict ask(http_client& client) {
    http_response response;
    try {
      response = client.send(query());
    } catch (std::runtime_error const& error) {
      return {.outcome = http_outcome::refused, .reason = concat({client.peer(), ": ", error.what()})};
    }
    http_verdict verdict = splunk_verdict(response, client.peer());
    std::vector<json::text_member> states;
    if (!json::split(json::find_member(response.body, "\"acks\""), states)) return verdict;
    for (json::text_member const& state : states) {
      if (state.value != "true") continue;
      auto const id = json::unsigned_number(state.key.substr(1, state.key.size() - 2));
      std::erase_if(waiting_, [&id](accepted const& one) { return id == one.id; });
    }
    return {};
  }

  /// The result of the requests, in which entries that are not acknowledged are to be sent again.
  [[nodiscard]] write_result joined(write_result const& sent, http_verdict const& last,
                                    std::string_view peer) const {
    std::vector<std::size_t> again = sent.entries_to_retry();
    for (accepted const& one : waiting_) {
      for (std::size_t i = 0; i < one.count; ++i) again.push_back(one.first + i);
    }
    std::sort(again.begin(), again.end());
    std::string reason = last.reason.empty()
                             ? concat({peer, ": requests that the indexers have not acknowledged in time: ",
                                       std::to_string(waiting_.size())})
                             : last.reason;
    if (!sent.reason().empty()) reason = concat({sent.reason(), "; ", reason});
    if (!sent.is_refused() && last.outcome != http_outcome::refused)
      return write_result::partly(std::move(again), sent.rejected_entries(), std::move(reason), sent.delay());
    constexpr std::chrono::milliseconds pause = std::chrono::seconds{30};
    return write_result::refused(std::move(reason), (std::max)(sent.delay(), pause), std::move(again),
                                 sent.rejected_entries());
  }

  std::string channel_;
  batch all_;
  std::vector<accepted> waiting_;
};

}  // namespace fapilog::inline v0_1::detail
