// SPDX-License-Identifier: MIT
// What the status of an OTLP call over gRPC means: https://opentelemetry.io/docs/specs/otlp/#otlpgrpc.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/sinks/http/detail/http_verdict.hpp>
#include <fapilog/sinks/otlp/detail/log_response.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail::otlp {

/// How a call ended.
struct grpc_result {
  int code = 0;
  std::string message = {};  ///< may contain parts of a record: never shown
  std::string details = {};  ///< google.rpc.Status as protobuf, from `grpc-status-details-bin`
  std::string response = {};
};

/// The delay of a google.rpc.RetryInfo in the details, at most 10 minutes. Nothing without one.
[[nodiscard]] inline std::optional<std::chrono::milliseconds> retry_delay(std::string_view details) noexcept {
  constexpr std::string_view type = "type.googleapis.com/google.rpc.RetryInfo";
  constexpr std::uint64_t longest = 600'000;
  for (field_reader status{details}; auto const any = status.next();) {
    if (any->number != 3) continue;
    std::string_view found_type;
    std::string_view info;
    for (field_reader packed{any->content}; auto const part = packed.next();) {
      if (part->number == 1) found_type = part->content;
      if (part->number == 2) info = part->content;
    }
    if (found_type != type) continue;
    std::uint64_t ms = 0;
    for (field_reader delay{info}; auto const duration = delay.next();) {
      if (duration->number != 1) continue;
      for (field_reader parts{duration->content}; auto const part = parts.next();) {
        if (part->number == 1) ms += (std::min)(part->value, longest) * 1000;
        if (part->number == 2) ms += (std::min)(part->value, std::uint64_t{999'999'999}) / 1'000'000;
      }
    }
    return std::chrono::milliseconds{static_cast<std::int64_t>((std::min)(ms, longest))};
  }
  return std::nullopt;
}

enum grpc_code : int {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  permission_denied = 7,
  resource_exhausted = 8,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16
};

[[nodiscard]] inline http_outcome outcome_of_grpc(int code, bool has_retry_info, bool is_too_large) noexcept {
  switch (code) {
    case grpc_code::ok: return http_outcome::delivered;
    case grpc_code::cancelled:
    case grpc_code::deadline_exceeded:
    case grpc_code::aborted:
    case grpc_code::out_of_range:
    case grpc_code::unavailable:
    case grpc_code::data_loss: return http_outcome::retry;
    case grpc_code::resource_exhausted:
      if (has_retry_info) return http_outcome::retry;
      return is_too_large ? http_outcome::too_large : http_outcome::rejected;
    case grpc_code::unauthenticated:
    case grpc_code::permission_denied:
    case grpc_code::unimplemented: return http_outcome::refused;
    case grpc_code::invalid_argument: return http_outcome::invalid;
    default: return http_outcome::rejected;
  }
}

/// What is known of a failure, in words of ours: the message may contain anything.
[[nodiscard]] inline std::string_view advice_for_grpc(int code, std::string_view message) noexcept {
  auto const says = [message](std::string_view word) { return message.find(word) != message.npos; };
  switch (code) {
    case grpc_code::deadline_exceeded: return ": there was no answer in time";
    case grpc_code::permission_denied: return ": the credential does not permit this";
    case grpc_code::unauthenticated: return ": the credential is missing or wrong";
    case grpc_code::unimplemented: return ": the server has no service for logs";
    case grpc_code::unavailable: break;
    default: return "";
  }
  if (says("Connection refused")) return ": nobody listens there: connection refused";
  if (says("andshake") || says("ertificate") || says("SSL")) return ": TLS failed";
  if (says("DNS resolution failed") || says("ame resolution failure")) return ": the name was not found";
  return "";
}

/// The verdict on the entries of one call.
[[nodiscard]] inline http_verdict verdict_of(grpc_result const& result, std::size_t entries,
                                             std::string_view peer) {
  static constexpr std::array<std::string_view, 17> names{
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  auto const delay = retry_delay(result.details);
  // gRPC has no code of its own for a message above the limit of the server; all implementations have these words.
  bool const is_too_large = result.message.find("larger than max") != std::string::npos;
  http_verdict verdict;
  verdict.outcome = outcome_of_grpc(result.code, delay.has_value(), is_too_large);
  if (verdict.outcome != http_outcome::delivered) {
    bool const is_known = result.code > 0 && static_cast<std::size_t>(result.code) < names.size();
    verdict.reason =
        concat({peer, ": gRPC status ",
                is_known ? names[static_cast<std::size_t>(result.code)] : std::string_view{"UNKNOWN"},
                is_too_large ? ": the request is too large" : advice_for_grpc(result.code, result.message)});
    verdict.delay = delay.value_or(std::chrono::milliseconds{});
    return verdict;
  }
  std::uint64_t const rejected = (std::min)(rejected_in_protobuf(result.response), std::uint64_t{entries});
  if (rejected == 0) return verdict;
  // The collector reports how many, not which: the count is right, the entries may be others.
  verdict.outcome = http_outcome::items;
  verdict.never.resize(static_cast<std::size_t>(rejected));
  std::iota(verdict.never.begin(), verdict.never.end(), entries - verdict.never.size());
  verdict.reason = concat({peer, ": the collector rejected ", std::to_string(rejected), " of ",
                           std::to_string(entries), " records (partial success)"});
  return verdict;
}

}  // namespace fapilog::inline v0_1::detail::otlp
