// SPDX-License-Identifier: MIT
// Makes paths independent of later changes of the working directory.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/paths.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Returns a relative path with the directory in front of it. Returns the path unchanged if it is absolute or empty, if
/// the directory is empty, or if the result would be too long for the system. Throws: std::bad_alloc.
[[nodiscard]] inline std::string absolute_path(std::string path, std::string directory) {
  if (path.empty() || is_absolute_path(path) || directory.empty()) return path;
  std::size_t begin = 0;
  while (path.compare(begin, 2, "./") == 0) {
    begin = path.find_first_not_of('/', begin + 1);
    if (begin == std::string::npos) begin = path.size();
  }
  if (!is_path_separator(directory.back())) directory += '/';
  directory.append(path, begin, std::string::npos);
  return directory.size() < max_path_bytes ? std::move(directory) : std::move(path);
}

/// Returns a path that leads to the same place after a later chdir(2), if possible.
[[nodiscard]] inline std::string absolute_path(std::string path) {
  if (path.empty() || is_absolute_path(path)) return path;
  return absolute_path(std::move(path), working_directory());
}

}  // namespace fapilog::inline v0_1::detail
