// SPDX-License-Identifier: MIT
// Keeps descriptors of the library above 2, in a process that runs without standard input, output or error.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#if FAPILOG_DETAIL_WINDOWS

namespace fapilog::inline v0_1::detail {

// The C library of Windows gives the numbers 0, 1 and 2 to no other file while they are standard descriptors.
inline void reserve_standard_descriptors() noexcept {}
[[nodiscard]] inline int move_above_standard(int descriptor) noexcept { return descriptor; }

}  // namespace fapilog::inline v0_1::detail

#else

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace fapilog::inline v0_1::detail {

/// Descriptors 0, 1 and 2 belong to standard input, output and error, even while they are closed: other code writes to them.
inline constexpr int max_standard_descriptor = 2;

/// Fills each closed standard descriptor with one that fails like a closed one: a read from 0 and a write to 1 or 2 fail
/// with EBADF. So neither the library nor other code opens a file, pipe or socket there by accident. Programs can still
/// close and replace them (freopen(3), `dup2`); programs started with `exec` find them closed. Preserves errno.
/// Thread: any. Throws: never.
[[gnu::cold]] inline void reserve_standard_descriptors() noexcept {
  int const before = errno;
  for (int wanted = 0; wanted <= max_standard_descriptor; ++wanted) {
    if (::fcntl(wanted, F_GETFD) != -1) continue;
    int opened = ::open("/dev/null", (wanted == 0 ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
    if (opened < 0) opened = ::open("/", O_RDONLY | O_CLOEXEC);  // a root directory without devices
    if (opened >= 0 && opened != wanted) ::close(opened);        // another thread was faster
  }
  errno = before;
}

/// Returns a descriptor above 2 for the same open file, with close-on-exec, and closes the given one unless it is that. -1
/// stays -1. If none is free, returns -1 and sets errno.
[[nodiscard, gnu::cold]] inline int move_above_standard(int descriptor) noexcept {
  if (descriptor < 0 || descriptor > max_standard_descriptor) return descriptor;
  int const moved = ::fcntl(descriptor, F_DUPFD_CLOEXEC, max_standard_descriptor + 1);
  int const error = errno;
  ::close(descriptor);
  errno = error;
  return moved;
}

/// Reserves them before `main`, and before other code opens a file there: what is on a standard descriptor later is there
/// because the program put it there.
struct standard_descriptors_at_start {
  standard_descriptors_at_start() noexcept { reserve_standard_descriptors(); }
};
FAPILOG_DETAIL_INIT_FIRST inline standard_descriptors_at_start const reserved_at_start;

}  // namespace fapilog::inline v0_1::detail

#endif
