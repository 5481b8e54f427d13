// SPDX-License-Identifier: MIT
// The size of a terminal.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#include <cstddef>

#if !FAPILOG_DETAIL_WINDOWS
#include <sys/ioctl.h>
#include <unistd.h>
#endif

namespace fapilog::inline v0_1::detail {

/// The number of columns of a terminal, or 0 if the descriptor is no terminal or its size is unknown, as always on Windows. Throws:
/// never.
[[nodiscard, gnu::cold]] inline std::size_t terminal_columns(int descriptor) noexcept {
#if FAPILOG_DETAIL_WINDOWS
  (void)descriptor;
  return 0;
#else
  ::winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
#endif
}

}  // namespace fapilog::inline v0_1::detail
