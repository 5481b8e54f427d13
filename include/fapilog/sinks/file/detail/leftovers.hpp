// SPDX-License-Identifier: MIT
// Unfinished compressed files, and how to recognise those of processes that have ended.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/platform.hpp>

#include <cerrno>
#include <cstdint>
#include <string>

namespace fapilog::inline v0_1::detail {

/// Locks the open file at `path` if no other process writes to it. On file systems without locks, a file with content
/// belongs to another process until nobody has written to it for an hour. Returns false if it belongs to another process,
/// or has been removed or renamed by it. The lock ends when the file is closed.
[[nodiscard]] inline bool lock_leftover(file const& opened, std::string const& path) {
  constexpr std::int64_t longest_pause = 3'600;  // seconds
  int const error = opened.lock_exclusive();
  if (error == EWOULDBLOCK) return false;
  file_status const status = opened.status();
  if (error != 0 && status.size != 0 && wall_clock_ns() / 1'000'000'000 - status.modified < longest_pause)
    return false;
  return status.type == file_type::regular && status_of(path).is_same_file(status);
}

/// Removes the file unless another process writes to it.
inline void remove_leftover(std::string const& path) {
  opened_file const found = open_file(path, open_for::update);
  if (found.error == 0 && lock_leftover(found.handle, path)) (void)unlink_file(path);
}

}  // namespace fapilog::inline v0_1::detail
