// SPDX-License-Identifier: MIT
// What the response to a request means for the entries in it.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/sinks/http/detail/http_message.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

enum class http_outcome : std::uint8_t {
  delivered,  ///< every entry reached its destination
  retry,      ///< no entry did; send them again, not before `delay` has passed
  items,  ///< the entries at `again` must be sent again, those at `never` are rejected; all others are delivered
  too_large,  ///< send the entries in smaller requests; a single one is rejected
  invalid,    ///< an entry is invalid; send the halves to find it. A single entry is rejected
  rejected,   ///< no entry will ever be accepted
  refused,    ///< the server refuses the sink: its credential or its URL is wrong
};

struct http_verdict {
  http_outcome outcome = http_outcome::delivered;
  std::string reason =
      {};  ///< begins with host and port; contains no secret, no content of a record and none of the response
  std::chrono::milliseconds delay{};
  std::vector<std::size_t> again = {};
  std::vector<std::size_t> never = {};
  /// For `items`: the server refuses the sink for the entries at `again`, as with `refused`.
  bool is_refused = false;
  /// For `invalid`: the index of the entry that the server names. It is sent alone, and so are those before and after it.
  std::size_t suspect = no_suspect;

  static constexpr std::size_t no_suspect = static_cast<std::size_t>(-1);
};

/// What a status means by the rules of HTTP, if a destination does not say otherwise.
[[nodiscard]] constexpr http_outcome outcome_of_status(int status) noexcept {
  if (status >= 200 && status <= 299) return http_outcome::delivered;
  if (status >= 300 && status <= 399) return http_outcome::refused;  // redirects are not followed
  switch (status) {
    case 401:
    case 402:
    case 403:
    case 404:
    case 405:
    case 407:
    case 410:
    case 421:
    case 426:
    case 451: return http_outcome::refused;
    case 408:
    case 425:
    case 429: return http_outcome::retry;
    case 413: return http_outcome::too_large;
    default: return status >= 400 && status <= 499 ? http_outcome::invalid : http_outcome::retry;
  }
}

[[nodiscard]] constexpr std::string_view advice_for_status(int status) noexcept {
  if (status >= 300 && status <= 399)
    return ", a redirect, which is not followed; set the URL that it leads to";
  switch (status) {
    case 401: return ": the credential is missing or wrong";
    case 402: return ": the account must be paid";
    case 403: return ": the credential does not permit this";
    case 404:
    case 405:
    case 410: return ": the path of the URL is wrong";
    case 407: return ": the proxy requires a credential";
    case 413: return ": the request is too large";
    case 429: return ": too many requests";
    default: return "";
  }
}

/// Judges a response by `outcome`, for a destination that gives some statuses a meaning of their own.
[[nodiscard]] inline http_verdict verdict_of(http_response const& response, std::string_view peer,
                                             http_outcome outcome) {
  if (response.failure != http_failure::none) {
    bool const is_refused = response.failure == http_failure::refused;
    return {.outcome = is_refused ? http_outcome::refused : http_outcome::retry, .reason = response.error};
  }
  if (outcome == http_outcome::delivered) return {};
  return {.outcome = outcome,
          .reason = concat({peer, ": the server answers ", std::to_string(response.status),
                            advice_for_status(response.status)}),
          .delay = response.retry_after};
}
/// Judges a response by the rules of HTTP.
[[nodiscard]] inline http_verdict verdict_of(http_response const& response, std::string_view peer) {
  return verdict_of(response, peer, outcome_of_status(response.status));
}

}  // namespace fapilog::inline v0_1::detail
