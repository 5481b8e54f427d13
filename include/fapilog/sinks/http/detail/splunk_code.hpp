// SPDX-License-Identifier: MIT
// The status codes in the responses of Splunk's HTTP Event Collector, and what they mean for the events of a request.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/record/json_parts.hpp>
#include <fapilog/sinks/http/detail/http_message.hpp>
#include <fapilog/sinks/http/detail/http_verdict.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

struct splunk_code {
  http_outcome outcome;
  std::string_view meaning;
};

/// By number, as the page "Troubleshoot HTTP Event Collector" lists them; 28 is that of Splunk Cloud.
inline constexpr std::array<splunk_code, 29> splunk_codes{{
    {http_outcome::delivered, "success"},
    {http_outcome::refused, "the token is disabled"},
    {http_outcome::refused, "a token is required"},
    {http_outcome::refused, "the authorization header is not valid"},
    {http_outcome::refused, "the token is not valid"},
    {http_outcome::invalid, "there is no data"},
    {http_outcome::invalid, "the format of the data is not valid"},
    {http_outcome::refused, "the token does not permit the index"},
    {http_outcome::retry, "internal error"},
    {http_outcome::retry, "the server is busy"},
    {http_outcome::refused,
     "the channel is missing: the token has indexer acknowledgement; set `acknowledgement`"},
    {http_outcome::refused, "the channel is not valid"},
    {http_outcome::invalid, "an event is required"},
    {http_outcome::invalid, "an event is blank"},
    {http_outcome::refused,
     "the token has no indexer acknowledgement; enable it, or unset `acknowledgement`"},
    {http_outcome::invalid, "the indexed fields are not valid"},
    {http_outcome::refused, "a token in the query is not permitted"},
    {http_outcome::delivered, "healthy"},
    {http_outcome::retry, "the queues are full"},
    {http_outcome::retry, "the service for acknowledgements is not available"},
    {http_outcome::retry, "the queues are full, and the service for acknowledgements is not available"},
    {http_outcome::refused, "the token is not valid"},
    {http_outcome::refused, "the token is disabled"},
    {http_outcome::retry, "the server is shutting down"},
    {http_outcome::delivered, "the queue is nearly full"},
    {http_outcome::delivered, "the channel for acknowledgements is nearly full"},
    {http_outcome::retry, "the queue is full"},
    {http_outcome::retry, "the channel for acknowledgements is full"},
    {http_outcome::refused,
     "the channel is missing: the token has indexer acknowledgement; set `acknowledgement`"},
}};

/// Code of "ACK is disabled".
inline constexpr std::size_t splunk_ack_disabled = 14;

/// The code in the body of a response, if it is one of the table. Throws: std::bad_alloc.
[[nodiscard]] inline std::optional<std::size_t> splunk_code_of(http_response const& response) {
  auto const code = json::unsigned_number(json::find_member(response.body, "\"code\""));
  if (!code || *code >= splunk_codes.size()) return std::nullopt;
  return static_cast<std::size_t>(*code);
}

/// Judges a response by its code, or by the rules of HTTP if it has none. A response with 2xx and without a code is that of
/// another server. Throws: std::bad_alloc.
[[nodiscard]] inline http_verdict splunk_verdict(http_response const& response, std::string_view peer) {
  auto const code = splunk_code_of(response);
  http_verdict verdict = verdict_of(response, peer);
  if (response.failure != http_failure::none) return verdict;
  if (!code) {
    if (verdict.outcome != http_outcome::delivered) return verdict;
    return {.outcome = http_outcome::refused,
            .reason = concat({peer,
                              ": the response is not that of an event collector; the URL is that of another "
                              "server"})};
  }
  splunk_code const& found = splunk_codes[*code];
  if (found.outcome == http_outcome::delivered) return verdict;
  verdict.outcome = found.outcome;
  verdict.delay = response.retry_after;
  verdict.reason = concat({peer, ": the server answers ", std::to_string(response.status), " with code ",
                           std::to_string(*code), ": ", found.meaning});
  if (found.outcome == http_outcome::invalid) {
    auto const number = json::unsigned_number(json::find_member(response.body, "\"invalid-event-number\""));
    if (number) verdict.suspect = static_cast<std::size_t>(*number);
  }
  return verdict;
}

}  // namespace fapilog::inline v0_1::detail
