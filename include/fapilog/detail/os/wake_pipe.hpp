// SPDX-License-Identifier: MIT
// A pipe that wakes a thread, from other threads and from signal handlers.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#if FAPILOG_DETAIL_WINDOWS
#include <fapilog/detail/os/windows_thread.hpp>
#else
#include <fapilog/detail/os/standard_descriptors.hpp>

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace fapilog::inline v0_1::detail {

/// Thread: `wake` any, also in signal handlers; `wait` one at a time.
class wake_pipe {
 public:
  /// Throws: std::system_error if the process has no file descriptors left.
  wake_pipe() {
    reserve_standard_descriptors();
    bool is_made = ::pipe(ends_) == 0;
    for (int& end : ends_) {
      end = move_above_standard(end);
      is_made = is_made && end >= 0 && ::fcntl(end, F_SETFD, FD_CLOEXEC) == 0 &&
                ::fcntl(end, F_SETFL, O_NONBLOCK) == 0;
    }
    if (!is_made) {
      std::error_code const error{errno, std::generic_category()};
      close();
      throw std::system_error(error, "fapilog: cannot create a pipe");
    }
  }
  wake_pipe(wake_pipe const&) = delete;
  wake_pipe& operator=(wake_pipe const&) = delete;
  ~wake_pipe() { close(); }

  /// Preserves errno. If the pipe is full, the waiting thread wakes anyway.
  void wake() const noexcept {
    int const before = errno;
    while (::write(ends_[1], "", 1) < 0 && errno == EINTR) {
    }
    errno = before;
  }
  /// Waits until `wake` is called, for at most this time (negative: no limit), or until a signal arrives. Then forgets all
  /// calls of `wake` so far.
  void wait(int milliseconds) const noexcept {
    ::pollfd waiting{ends_[0], POLLIN, 0};
    (void)::poll(&waiting, 1, milliseconds);
    char forgotten[64];
    while (::read(ends_[0], forgotten, sizeof forgotten) > 0) {
    }
  }

 private:
  void close() const noexcept {
    for (int const end : ends_) {
      if (end >= 0) ::close(end);
    }
  }

  int ends_[2] = {-1, -1};
};

}  // namespace fapilog::inline v0_1::detail

#endif
