// SPDX-License-Identifier: MIT
// A name and the path of a value in an event, written as `name=path`.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/record/event_path.hpp>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// True for `name=...` with a name of letters, digits and `_` that begins with no digit.
[[nodiscard]] inline bool has_label_name(std::string_view text) noexcept {
  std::size_t const end = text.find('=');
  if (end == std::string_view::npos || end == 0 || is_ascii_digit(text.front())) return false;
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end),
                     [](char c) { return is_ascii_alphanumeric(c) || c == '_'; });
}

struct named_path {
  std::string name;
  event_path path;

  /// Throws: std::invalid_argument if `text` is not a named path.
  explicit named_path(std::string_view text)
      : name(text.substr(0, text.find('='))), path(text.substr(name.size() + 1)) {}
};

[[nodiscard]] inline bool is_named_path(std::string_view text) {
  if (!has_label_name(text)) return false;
  try {
    (void)named_path{text};
    return true;
  } catch (std::invalid_argument const&) {
    return false;
  }
}

}  // namespace fapilog::inline v0_1::detail
