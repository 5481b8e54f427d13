// SPDX-License-Identifier: MIT
// Directories of this user alone.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#if !defined(__ELF__)
#error \
    "fapilog: kill_safe.hpp needs Linux or a BSD; elsewhere leave it out, and give each sink a spool instead"
#endif

#include <fapilog/detail/os/file.hpp>

#include <cstdint>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

namespace fapilog::inline v0_1::detail {

/// True for a directory of this user in which nobody else can make files. False for a symbolic link.
[[nodiscard, gnu::cold]] inline bool is_private_directory(std::string const& path) noexcept {
  struct ::stat s {};
  return ::lstat(path.c_str(), &s) == 0 && S_ISDIR(s.st_mode) && s.st_uid == ::geteuid() &&
         (s.st_mode & 022) == 0;
}
/// True if what is at this path itself, be it a symbolic link, belongs to this user.
[[nodiscard, gnu::cold]] inline bool is_own(std::string const& path) noexcept {
  struct ::stat s {};
  return ::lstat(path.c_str(), &s) == 0 && s.st_uid == ::geteuid();
}
[[nodiscard]] inline std::uint64_t user_id() noexcept { return ::geteuid(); }

/// Removes a directory and the files in it; it must have no directories. Does what it can. Throws: std::bad_alloc.
[[gnu::cold]] inline void remove_directory(std::string const& path) {
  for (std::string const& name : list_directory(path, "").names) {
    (void)unlink_file(std::string{path}.append("/").append(name));
  }
  (void)::rmdir(path.c_str());
}

}  // namespace fapilog::inline v0_1::detail
