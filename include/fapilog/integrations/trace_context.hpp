// SPDX-License-Identifier: MIT
// W3C Trace Context: reads and writes the headers `traceparent` and `tracestate`, strictly.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/trace_number.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::integrations {

/// The place of a piece of work in a distributed trace. Values and rules are from W3C Trace Context, level 1.
struct trace_context {
  std::string trace_id;        ///< 32 lower-case hexadecimal digits, not all zero
  std::string span_id;         ///< 16 of them, not all zero: of this piece of work
  std::string parent_span_id;  ///< of the caller; empty without one
  std::uint8_t flags = 0;      ///< bit 0: the caller has sampled the trace
  std::string tracestate;      ///< for the next service, unchanged; empty if there is none or it is invalid

  /// The value of the header `traceparent` for a call to another service.
  [[nodiscard]] std::string traceparent() const {
    std::string text = "00-" + trace_id + "-" + span_id + "-";
    text += detail::hex_digits[flags >> 4U];
    text += detail::hex_digits[flags & 15U];
    return text;
  }
};

}  // namespace fapilog::inline v0_1::integrations

namespace fapilog::inline v0_1::detail {

/// A key of `tracestate`: `vendor` or `tenant@system`.
[[nodiscard]] inline bool is_tracestate_key(std::string_view key) noexcept {
  auto const is_part = [](std::string_view part, std::size_t longest, bool may_begin_with_digit) {
    if (part.empty() || part.size() > longest) return false;
    bool const begins_well =
        (part[0] >= 'a' && part[0] <= 'z') || (may_begin_with_digit && part[0] >= '0' && part[0] <= '9');
    return begins_well &&
           part.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-*/") == std::string_view::npos;
  };
  std::size_t const at = key.find('@');
  if (at == std::string_view::npos) return is_part(key, 256, false);
  return is_part(key.substr(0, at), 241, true) && is_part(key.substr(at + 1), 14, false);
}

}  // namespace fapilog::inline v0_1::detail

namespace fapilog::inline v0_1::integrations {

/// True if a `tracestate` may be passed on: at most 512 characters and 32 members `key=value` with different keys.
[[nodiscard]] inline bool is_valid_tracestate(std::string_view text) {
  if (text.size() > 512) return false;
  std::vector<std::string_view> keys;
  while (!text.empty()) {
    std::string_view member = text.substr(0, text.find(','));
    text.remove_prefix((std::min)(text.size(), member.size() + 1));
    while (!member.empty() && (member.front() == ' ' || member.front() == '\t')) member.remove_prefix(1);
    while (!member.empty() && (member.back() == ' ' || member.back() == '\t')) member.remove_suffix(1);
    if (member.empty()) continue;
    std::size_t const equals = member.find('=');
    if (equals == std::string_view::npos) return false;
    std::string_view const key = member.substr(0, equals);
    std::string_view const value = member.substr(equals + 1);
    if (!fapilog::detail::is_tracestate_key(key) || value.empty() || value.size() > 256) return false;
    for (char const c : value) {
      if (c < ' ' || c > '~' || c == '=') return false;
    }
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) return false;
    keys.push_back(key);
    if (keys.size() > 32) return false;
  }
  return !keys.empty();
}

/// Reads `traceparent`. Nothing if it is not valid: wrong length, upper case, zero ids, version ff. A later version may have
/// more parts, which are ignored. The result has a new span id, and the caller's as its parent.
[[nodiscard]] inline std::optional<trace_context> parse_traceparent(std::string_view text,
                                                                    std::string_view tracestate = {}) {
  constexpr std::size_t size = 55;  // 00-<32>-<16>-<2>
  if (text.size() < size || text.size() > 512) return std::nullopt;
  int const version_high = fapilog::detail::trace_digit(text[0]);
  int const version_low = fapilog::detail::trace_digit(text[1]);
  if (version_high < 0 || version_low < 0 || text.substr(0, 2) == "ff") return std::nullopt;
  bool const is_first_version = text.substr(0, 2) == "00";
  if (is_first_version ? text.size() != size : (text.size() > size && text[size] != '-')) return std::nullopt;
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  int const flags_high = fapilog::detail::trace_digit(text[53]);
  int const flags_low = fapilog::detail::trace_digit(text[54]);
  if (!fapilog::detail::is_trace_number(text.substr(3, 32)) ||
      !fapilog::detail::is_trace_number(text.substr(36, 16)) || flags_high < 0 || flags_low < 0)
    return std::nullopt;
  trace_context result;
  result.trace_id = text.substr(3, 32);
  result.parent_span_id = text.substr(36, 16);
  result.span_id = fapilog::detail::random_trace_number(16);
  // Level 1 defines one flag; the others must not be passed on.
  result.flags = static_cast<std::uint8_t>(flags_low & 1);
  if (is_valid_tracestate(tracestate)) result.tracestate = tracestate;
  return result;
}

/// A new trace, not sampled. Throws: std::system_error if the system has no random numbers, std::bad_alloc.
[[nodiscard]] inline trace_context new_trace() {
  trace_context result;
  std::string const both = fapilog::detail::random_trace_number(48);
  std::string_view const digits = both;
  result.trace_id = digits.substr(0, 32);
  result.span_id = digits.substr(32);
  return result;
}

}  // namespace fapilog::inline v0_1::integrations
