// SPDX-License-Identifier: MIT
// The form of metadata of gRPC: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/sinks/otlp/detail/key_value_list.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail::otlp {

/// Splits `Name: value`; the name is in lower case. Throws: std::bad_alloc.
[[nodiscard]] inline std::pair<std::string, std::string> split_metadata(std::string_view header) {
  std::size_t const colon = (std::min)(header.find(':'), header.size());
  std::string name{header.substr(0, colon)};
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return {std::move(name), std::string{without_spaces(header.substr((std::min)(colon + 1, header.size())))}};
}

/// True for `Name: value` that may be metadata of a call. gRPC ends the process for others.
[[nodiscard]] inline bool is_metadata(std::string_view header) {
  if (header.find(':') == std::string_view::npos) return false;
  auto const [name, value] = split_metadata(header);
  return !name.empty() && !name.starts_with("grpc-") && std::all_of(name.begin(), name.end(), [](char c) {
    return is_ascii_alphanumeric(c) || c == '-' || c == '_' || c == '.';
  }) && std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace fapilog::inline v0_1::detail::otlp
