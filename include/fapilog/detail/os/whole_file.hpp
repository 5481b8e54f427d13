// SPDX-License-Identifier: MIT
// Reads a small file into one string.
#pragma once

#include <fapilog/detail/os/file.hpp>

#include <cstddef>
#include <string>

namespace fapilog::inline v0_1::detail {

/// The content of a file, or an error message.
struct whole_file {
  std::string text;
  std::string error;  ///< empty if the file was read
};

/// Reads a regular file of at most `max_bytes`. Follows symbolic links. Throws: std::bad_alloc.
[[nodiscard]] inline whole_file read_whole_file(std::string const& path, std::size_t max_bytes) {
  if (path.find('\0') != std::string::npos) return {{}, "its name contains a NUL character"};
  opened_file const opened = open_file(path, open_for::follow);
  if (opened.error != 0) return {{}, errno_text(opened.error)};
  file_type const type = opened.handle.status().type;
  if (type != file_type::regular) return {{}, std::string{"it is "} + file_type_name(type)};
  whole_file result;
  constexpr std::size_t step = std::size_t{64} * 1024;
  for (std::size_t size = 0;;) {
    result.text.resize(size + step);
    transfer const got = opened.handle.read(result.text.data() + size, step);
    if (got.error != 0) return {{}, errno_text(got.error)};
    size += got.bytes;
    result.text.resize(size);
    if (got.bytes == 0) return result;
    if (size > max_bytes) return {{}, "it has more than " + std::to_string(max_bytes) + " bytes"};
  }
}

}  // namespace fapilog::inline v0_1::detail
