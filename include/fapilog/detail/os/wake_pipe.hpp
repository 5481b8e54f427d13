// SPDX-License-Identifier: MIT
// A pipe that wakes a thread, from other threads and from signal handlers.
#pragma once

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
    if (::pipe(ends_) != 0)
      throw std::system_error(errno, std::generic_category(), "fapilog: cannot create a pipe");
    for (int const end : ends_) {
      ::fcntl(end, F_SETFD, FD_CLOEXEC);
      ::fcntl(end, F_SETFL, O_NONBLOCK);
    }
  }
  wake_pipe(wake_pipe const&) = delete;
  wake_pipe& operator=(wake_pipe const&) = delete;
  ~wake_pipe() {
    for (int const end : ends_) ::close(end);
  }

  /// Preserves errno. If the pipe is full, the waiting thread wakes anyway.
  void wake() const noexcept {
    int const before = errno;
    [[maybe_unused]] auto const written = ::write(ends_[1], "", 1);
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
  int ends_[2] = {-1, -1};
};

}  // namespace fapilog::inline v0_1::detail
