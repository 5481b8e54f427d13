// SPDX-License-Identifier: MIT
// Strings and errors of Windows: UTF-8 here, UTF-16 there.
#pragma once

#include <fapilog/detail/os/paths.hpp>
#include <fapilog/detail/os/windows_api.hpp>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail::windows {

inline constexpr unsigned int utf8 = 65001;
inline constexpr std::size_t longest = std::size_t{1} << 30;  ///< of a string; the rest is left out

/// Invalid bytes become U+FFFD. Throws: std::bad_alloc.
[[nodiscard, gnu::cold]] inline std::wstring wide(std::string_view text) {
  int const size = static_cast<int>(text.size() < longest ? text.size() : longest);
  std::wstring result;
  int const needed = MultiByteToWideChar(utf8, 0, text.data(), size, nullptr, 0);
  if (needed <= 0) return result;
  result.resize(static_cast<std::size_t>(needed));
  (void)MultiByteToWideChar(utf8, 0, text.data(), size, result.data(), needed);
  return result;
}
/// Throws: std::bad_alloc.
[[nodiscard, gnu::cold]] inline std::string narrow(std::wstring_view text) {
  int const size = static_cast<int>(text.size() < longest ? text.size() : longest);
  std::string result;
  int const needed = WideCharToMultiByte(utf8, 0, text.data(), size, nullptr, 0, nullptr, nullptr);
  if (needed <= 0) return result;
  result.resize(static_cast<std::size_t>(needed));
  (void)WideCharToMultiByte(utf8, 0, text.data(), size, result.data(), needed, nullptr, nullptr);
  return result;
}

/// A path as functions of Windows take it. A long one gets the prefix that lifts the limit of 260 characters.
/// Throws: std::bad_alloc.
[[nodiscard, gnu::cold]] inline std::wstring wide_path(std::string_view path) {
  constexpr std::size_t longest_plain = 240;
  std::wstring result = wide(path);
  bool const has_drive = is_absolute_path(path) && drive_length(path) != 0;
  if (result.size() < longest_plain || !has_drive) return result;
  for (wchar_t& c : result) {
    if (c == L'/') c = L'\\';
  }
  return LR"(\\?\)" + result;
}

/// The errno value for an error of Windows.
[[nodiscard, gnu::cold]] inline int errno_of(unsigned long error) noexcept {
  switch (error) {
    case 0: return 0;
    case 2:                         // ERROR_FILE_NOT_FOUND
    case 3:                         // ERROR_PATH_NOT_FOUND
    case 15:                        // ERROR_INVALID_DRIVE
    case 53:                        // ERROR_BAD_NETPATH
    case 67: return ENOENT;         // ERROR_BAD_NET_NAME
    case 4: return EMFILE;          // ERROR_TOO_MANY_OPEN_FILES
    case 5: return EACCES;          // ERROR_ACCESS_DENIED
    case 6: return EBADF;           // ERROR_INVALID_HANDLE
    case 8:                         // ERROR_NOT_ENOUGH_MEMORY
    case 14: return ENOMEM;         // ERROR_OUTOFMEMORY
    case 19: return EROFS;          // ERROR_WRITE_PROTECT
    case 32: return EBUSY;          // ERROR_SHARING_VIOLATION
    case 33: return EWOULDBLOCK;    // ERROR_LOCK_VIOLATION
    case 39:                        // ERROR_HANDLE_DISK_FULL
    case 112: return ENOSPC;        // ERROR_DISK_FULL
    case 80:                        // ERROR_FILE_EXISTS
    case 183: return EEXIST;        // ERROR_ALREADY_EXISTS
    case 1:                         // ERROR_INVALID_FUNCTION
    case 50: return ENOSYS;         // ERROR_NOT_SUPPORTED
    case 87:                        // ERROR_INVALID_PARAMETER
    case 123: return EINVAL;        // ERROR_INVALID_NAME
    case 109:                       // ERROR_BROKEN_PIPE
    case 232:                       // ERROR_NO_DATA
    case 233: return EPIPE;         // ERROR_PIPE_NOT_CONNECTED
    case 145: return ENOTEMPTY;     // ERROR_DIR_NOT_EMPTY
    case 206: return ENAMETOOLONG;  // ERROR_FILENAME_EXCED_RANGE
    case 267: return ENOTDIR;       // ERROR_DIRECTORY
    default: return EIO;
  }
}
[[nodiscard, gnu::cold]] inline int last_error() noexcept { return errno_of(GetLastError()); }
/// The errno value of a function that returns false if it fails.
[[nodiscard]] inline int result_of(int succeeded) noexcept { return succeeded != 0 ? 0 : last_error(); }

}  // namespace fapilog::inline v0_1::detail::windows
