// SPDX-License-Identifier: MIT
// The syntax of paths: separators, and what makes a path absolute.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#include <cstddef>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// The characters that separate names in a path.
inline constexpr std::string_view path_separators = FAPILOG_DETAIL_WINDOWS ? "/\\" : "/";

[[nodiscard]] constexpr bool is_path_separator(char c) noexcept {
  return c == '/' || (FAPILOG_DETAIL_WINDOWS && c == '\\');
}

/// Length of `C:` in front of a path; 0 without it, and on systems without drives.
[[nodiscard]] constexpr std::size_t drive_length(std::string_view path) noexcept {
  constexpr auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return FAPILOG_DETAIL_WINDOWS && path.size() >= 2 && path[1] == ':' && is_letter(path[0]) ? 2 : 0;
}

/// True if the path leads to the same place from every working directory.
[[nodiscard]] constexpr bool is_absolute_path(std::string_view path) noexcept {
  if (!FAPILOG_DETAIL_WINDOWS) return !path.empty() && path.front() == '/';
  bool const has_server = path.size() >= 2 && is_path_separator(path[0]) && is_path_separator(path[1]);
  std::size_t const drive = drive_length(path);
  return has_server || (drive != 0 && path.size() > drive && is_path_separator(path[drive]));
}

/// Where the last name in a path begins.
[[nodiscard]] constexpr std::size_t begin_of_file_name(std::string_view path) noexcept {
  std::size_t begin = path.size();  // `find_last_of` makes a call for each character
  while (begin > 0 && !is_path_separator(path[begin - 1])) --begin;
  return begin == 0 ? drive_length(path) : begin;
}

/// The directory in front of the name that begins at `name`, without the last separator unless it is a root.
[[nodiscard]] constexpr std::string_view directory_part(std::string_view path, std::size_t name) noexcept {
  std::size_t const root = drive_length(path) + 1;
  return path.substr(0, name <= root ? name : name - 1);
}

}  // namespace fapilog::inline v0_1::detail
