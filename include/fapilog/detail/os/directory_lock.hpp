// SPDX-License-Identifier: MIT
// A lock that processes hold while they change the names in a directory.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#if FAPILOG_DETAIL_WINDOWS
#include <fapilog/detail/os/windows_directory.hpp>
#else
#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/system.hpp>

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace fapilog::inline v0_1::detail {

/// Advisory lock of a directory until destruction. Waits briefly for another process: one that is stopped while it holds
/// the lock must not stop the others. Thread: one.
class directory_lock {
 public:
  explicit directory_lock(std::string const& path)
      : directory_(move_above_standard(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC))) {
    constexpr int max_waits = 20;
    constexpr std::int64_t pause_ns = 1'000'000;
    if (!directory_.is_open()) return;
    int error = directory_.lock_exclusive();
    for (int waits = 0; error == EWOULDBLOCK && waits < max_waits; ++waits) {
      sleep_ns(pause_ns);
      error = directory_.lock_exclusive();
    }
    is_held_ = error == 0;
  }

  /// False if another process holds it, if the file system has no locks, or if the directory is not readable.
  [[nodiscard]] bool is_held() const noexcept { return is_held_; }

 private:
  file directory_;
  bool is_held_ = false;
};

}  // namespace fapilog::inline v0_1::detail

#endif
