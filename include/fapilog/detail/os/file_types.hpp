// SPDX-License-Identifier: MIT
// What is known about a file, and what it is opened for.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <system_error>
#include <vector>

namespace fapilog::inline v0_1::detail {

// Functions that return `int` return an errno value, or 0. Throws: only std::bad_alloc.

/// Formats an errno value: `No space left on device (errno 28)`.
[[nodiscard, gnu::cold]] inline std::string errno_text(int error) {
  return std::generic_category().message(error) + " (errno " + std::to_string(error) + ')';
}

/// True for the errno value of a call that would have to wait. It has two names, which most systems give one value.
[[nodiscard]] inline bool would_block(int error) noexcept {
  for (int const one : {EAGAIN, EWOULDBLOCK})
    if (error == one) return true;
  return false;
}

/// Number of bytes transferred, and the errno value of the error that ended the transfer, or 0.
struct transfer {
  std::size_t bytes = 0;
  int error = 0;
};

enum class file_type : std::uint8_t { none, regular, directory, symlink, fifo, device, socket };

/// A name for messages, such as "a FIFO".
[[nodiscard]] constexpr char const* file_type_name(file_type type) noexcept {
  switch (type) {
    case file_type::none: return "nothing";
    case file_type::regular: return "a regular file";
    case file_type::directory: return "a directory";
    case file_type::symlink: return "a symbolic link";
    case file_type::fifo: return "a FIFO";
    case file_type::device: return "a device";
    case file_type::socket: return "a socket";
  }
  return "something unknown";
}

/// Status of a file; all zero except `error` if it cannot be read.
struct file_status {
  file_type type = file_type::none;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t links = 0;  ///< 0 once the last name was removed
  std::uint64_t size = 0;
  std::int64_t modified = 0;  ///< seconds since 1970-01-01 UTC
  unsigned mode = 0;          ///< permission bits
  int error = 0;              ///< errno value: why the status cannot be read

  [[nodiscard]] bool is_same_file(file_status const& other) const noexcept {
    return type != file_type::none && type == other.type && device == other.device && inode == other.inode;
  }
};

/// What a file is opened for.
enum class open_for : std::uint8_t {
  append,   ///< created if it does not exist; each write goes to the end
  read,     ///< must exist
  follow,   ///< like `read`, but follows a symbolic link
  create,   ///< must not exist
  replace,  ///< created, or truncated
  update,   ///< must exist; read and written at any offset
  make,     ///< must not exist; read and written at any offset
};

struct directory_listing {
  std::vector<std::string> names;
  int error = 0;
};

}  // namespace fapilog::inline v0_1::detail
