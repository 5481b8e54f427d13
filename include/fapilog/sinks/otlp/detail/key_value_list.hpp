// SPDX-License-Identifier: MIT
// Reads `key=value,key=value` as OpenTelemetry's environment variables have it, with percent-encoded values (W3C Baggage).
#pragma once

#include <fapilog/detail/text/ascii.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::otlp {

[[nodiscard]] inline std::string_view without_spaces(std::string_view text) noexcept {
  auto const is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Returns nothing if a percent sign is not followed by two hexadecimal digits.
[[nodiscard]] inline std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    int const high = text.size() - i > 2 ? hex_value(text[i + 1]) : -1;
    int const low = text.size() - i > 2 ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

using key_values = std::vector<std::pair<std::string, std::string>>;

/// Returns the pairs, without spaces around keys and values. Returns nothing if a part has no key or no `=`, or is not
/// percent-encoded correctly: as the specification demands, one mistake invalidates the whole list. Empty parts are skipped.
[[nodiscard]] inline std::optional<key_values> parse_key_values(std::string_view text) {
  key_values pairs;
  while (!text.empty()) {
    std::size_t const comma = text.find(',');
    std::string_view const part = without_spaces(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    if (part.empty()) continue;
    std::size_t const equals = part.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    auto key = percent_decoded(without_spaces(part.substr(0, equals)));
    auto value = percent_decoded(without_spaces(part.substr(equals + 1)));
    if (!key || key->empty() || !value) return std::nullopt;
    pairs.emplace_back(*std::move(key), *std::move(value));
  }
  return pairs;
}

}  // namespace fapilog::inline v0_1::detail::otlp
