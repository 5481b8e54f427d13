// SPDX-License-Identifier: MIT
// Checks the form of URLs and headers, and hides what is secret in a URL.
#pragma once

#include <fapilog/detail/text/ascii.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

[[nodiscard]] inline bool is_header_name(std::string_view name) noexcept {
  static constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return is_ascii_alphanumeric(c) || others.find(c) != std::string_view::npos;
  });
}
/// True if the text contains no control character but tabs.
[[nodiscard]] inline bool is_header_value(std::string_view value) noexcept {
  return std::all_of(value.begin(), value.end(), [](char c) {
    auto const byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7F) || c == '\t';
  });
}
/// True for `Name: value`.
[[nodiscard]] inline bool is_header(std::string_view header) noexcept {
  std::size_t const colon = header.find(':');
  return colon != std::string_view::npos && is_header_name(header.substr(0, colon)) &&
         is_header_value(header.substr(colon + 1));
}

/// The value in a line of a head if it is the header of this name.
[[nodiscard]] inline std::optional<std::string_view> header_value(std::string_view line,
                                                                  std::string_view name) noexcept {
  constexpr std::string_view space = " \t\r\n";
  if (line.size() <= name.size() || line[name.size()] != ':') return std::nullopt;
  if (!equals_ignoring_case(line.substr(0, name.size()), name)) return std::nullopt;
  line.remove_prefix(name.size() + 1);
  std::size_t const begin = (std::min)(line.find_first_not_of(space), line.size());
  line.remove_prefix(begin);
  while (!line.empty() && space.find(line.back()) != std::string_view::npos) line.remove_suffix(1);
  return line;
}

/// Returns what is wrong with the URL of a destination, or nothing. Does not repeat the URL, which may contain a password.
[[nodiscard]] inline std::string_view url_problem(std::string_view url) noexcept {
  auto const begins_with = [url](std::string_view scheme) {
    return url.size() > scheme.size() && equals_ignoring_case(url.substr(0, scheme.size()), scheme);
  };
  if (url.empty()) return "must not be empty";
  if (!begins_with("http://") && !begins_with("https://")) return "must begin with http:// or https://";
  if (!is_header_value(url) || url.find(' ') != std::string_view::npos)
    return "contains a space or a control character";
  std::string_view const rest = url.substr(url.find("//") + 2);
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (std::size_t const at = authority.rfind('@'); at != std::string_view::npos)
    authority.remove_prefix(at + 1);
  if (authority.empty() || authority.front() == ':') return "has no host";
  if (url.find('#') != std::string_view::npos) return "must not contain a fragment (#)";
  return {};
}

}  // namespace fapilog::inline v0_1::detail
