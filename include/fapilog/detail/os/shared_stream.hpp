// SPDX-License-Identifier: MIT
// Writes whole lines to a descriptor that other processes may write to as well, such as an inherited pipe.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#if FAPILOG_DETAIL_WINDOWS
#include <fapilog/detail/os/windows_stream.hpp>
#else
#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/stream_lock.hpp>
#include <fapilog/detail/os/uncaptured_output.hpp>

#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace fapilog::inline v0_1::detail {

/// What keeps the lines of several writers apart.
enum class stream_kind : std::uint8_t {
  whole,     ///< each write is whole: a terminal, a device, a file in append mode
  file,      ///< a regular file that is not in append mode: each write must go to the end
  pipe,      ///< a pipe, FIFO or stream socket: only writes of up to PIPE_BUF bytes are whole
  messages,  ///< a socket that keeps messages apart: one line is one message
};

/// How long a write waits for a reader that takes nothing.
enum class stream_wait : std::uint8_t {
  as_opened,  ///< without limit, or until the timeout if the descriptor is non-blocking
  limited,    ///< until the timeout, always
};

/// Writes pieces of whole lines. A piece of up to `max_piece()` bytes is never mixed with what others write. A longer line is
/// not mixed with what other users of this class write, in this process and others: while one of them writes, the others
/// wait. Raises no SIGPIPE.
/// Thread: one at a time. Throws: never.
class shared_stream {
 public:
  shared_stream(int descriptor, int timeout_ms, stream_wait limit = stream_wait::as_opened) noexcept
      : descriptor_(descriptor), timeout_ms_(timeout_ms), limit_(limit) {}

  /// Must be followed by `examine`.
  void set_descriptor(int descriptor) noexcept { descriptor_ = descriptor; }

  /// Finds out what the descriptor is, because it may have been replaced since. Must be called before the first piece.
  void examine() noexcept {
    struct ::stat s {};
    if (::fstat(descriptor_, &s) != 0) {
      kind_ = stream_kind::whole;  // the write returns the error
      return;
    }
    is_socket_ = S_ISSOCK(s.st_mode);
    int const flags = ::fcntl(descriptor_, F_GETFL);
    is_limited_ = limit_ == stream_wait::limited || (flags & O_NONBLOCK) != 0;
    kind_ = stream_kind::whole;
    if (S_ISREG(s.st_mode) && (flags & O_APPEND) == 0) kind_ = stream_kind::file;
    if (S_ISFIFO(s.st_mode)) kind_ = stream_kind::pipe;
    if (is_socket_) kind_ = keeps_messages() ? stream_kind::messages : stream_kind::pipe;
    if (kind_ == stream_kind::pipe)
      lock_.set_stream(descriptor_, number_cast<std::uint64_t>(s.st_dev),
                       number_cast<std::uint64_t>(s.st_ino));
  }
  [[nodiscard]] stream_kind kind() const noexcept { return kind_; }
  /// Number of bytes that are written together, if they are whole lines.
  [[nodiscard]] std::size_t max_piece() const noexcept {
    return kind_ == stream_kind::pipe ? PIPE_BUF : std::size_t{1} << 30;
  }

  /// Writes whole lines, or one message. `is_rest`: the beginning of the line has been written already. A result with fewer
  /// bytes has an error; EAGAIN is the timeout.
  [[nodiscard]] transfer write(std::string_view piece, bool is_rest = false) noexcept {
    transfer result;
    while (result.bytes < piece.size()) {
      // Others must not write while a part of a line is out. The reader is awaited without the lock.
      bool const is_inside = is_rest || result.bytes != 0;
      if (kind_ == stream_kind::pipe || limit_ == stream_wait::limited) {
        if (kind_ == stream_kind::pipe && !acquire()) return {result.bytes, EAGAIN};
        if (!has_room(0)) {
          if (!is_inside) lock_.release();
          if (!wait_for_room()) return {result.bytes, EAGAIN};
          continue;
        }
      }
      std::string_view const rest = piece.substr(result.bytes);
      ::ssize_t const written = write_once(rest);
      if (written > 0) {
        result.bytes += static_cast<std::size_t>(written);
        continue;
      }
      int const error = written == 0 ? EIO : errno;
      if (error == EINTR) continue;
      if (!would_block(error)) {
        lock_.release();
        return {result.bytes, error};
      }
      if (!is_inside) lock_.release();
      if (!wait_for_room()) return {result.bytes, EAGAIN};
    }
    return result;
  }

  /// Must be called after the last piece, and once the rest of a line is given up.
  void release() noexcept { lock_.release(); }

 private:
  [[nodiscard]] bool keeps_messages() const noexcept {
    int type = 0;
    ::socklen_t size = sizeof type;
    return ::getsockopt(descriptor_, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type != SOCK_STREAM;
  }

  [[nodiscard]] ::ssize_t write_once(std::string_view text) const noexcept {
    // Systems refuse or cut writes of 2 GiB. After poll(2), only a short one does not block.
    text = text.substr(0, limit_ == stream_wait::limited ? std::size_t{PIPE_BUF} : std::size_t{1} << 30);
#if defined(MSG_NOSIGNAL)
    if (is_socket_) return ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
#endif
#if FAPILOG_DETAIL_LINUX && defined(RWF_APPEND)
    if (kind_ == stream_kind::file) {
      ::iovec const all{const_cast<char*>(text.data()), text.size()};
      ::ssize_t const written = ::pwritev2(descriptor_, &all, 1, -1, RWF_APPEND);
      if (written >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL && errno != ESPIPE))
        return written;
    }
#endif
    return ::write(descriptor_, text.data(), text.size());
  }

  /// True if the descriptor accepts something or has an error, which the next write returns.
  [[nodiscard]] bool has_room(int timeout_ms) const noexcept {
    ::pollfd ready{descriptor_, POLLOUT, 0};
    return ::poll(&ready, 1, timeout_ms) > 0;
  }
  /// Number of bytes that the reader has not taken, or a negative number.
  [[nodiscard]] int unread() const noexcept {
    int bytes = -1;
    return ::ioctl(descriptor_, kind_ == stream_kind::pipe && !is_socket_ ? FIONREAD : TIOCOUTQ, &bytes) == 0
               ? bytes
               : -1;
  }

  /// Returns false if the reader has taken nothing for the whole timeout.
  [[nodiscard]] bool wait_for_room() const noexcept {
    for (;;) {
      if (!is_limited_) {
        if (has_room(-1)) return true;
        continue;  // a signal
      }
      int const before = unread();
      std::int64_t const deadline = steady_clock_ns() + std::int64_t{timeout_ms_} * 1'000'000;
      for (std::int64_t now = steady_clock_ns();; now = steady_clock_ns()) {
        std::int64_t const left = deadline > now ? deadline - now : 0;
        if (has_room(static_cast<int>((left + 999'999) / 1'000'000))) return true;
        if (left == 0) break;
      }
      if (unread() == before) return false;
    }
  }

  /// Waits while others write. Returns false if the reader takes nothing meanwhile. Gives up waiting for a writer that does
  /// not continue although there is room (it may be stopped): then writes without the lock.
  [[nodiscard]] bool acquire() noexcept {
    constexpr std::int64_t max_wait_ns = 1'000'000'000;
    constexpr std::int64_t max_nap_ns = 1'000'000;
    std::int64_t waiting_since = 0;
    std::int64_t nap = 20'000;
    while (!lock_.try_acquire()) {
      if (!has_room(0)) {
        if (!wait_for_room()) return false;
        waiting_since = 0;
        continue;
      }
      std::int64_t const now = steady_clock_ns();
      if (lock_.holder_changed() || waiting_since == 0) waiting_since = now;
      if (now - waiting_since > max_wait_ns) lock_.ignore_holder();
      sleep_briefly(nap);
      if (nap < max_nap_ns) nap *= 2;
    }
    return true;
  }
  static void sleep_briefly(std::int64_t ns) noexcept {
    ::timespec const duration{0, number_cast<long>(ns)};
    ::nanosleep(&duration, nullptr);
  }

  int descriptor_;
  int timeout_ms_;
  stream_wait limit_;
  stream_kind kind_ = stream_kind::whole;
  bool is_socket_ = false;
  bool is_limited_ = false;
  stream_lock lock_;
};

/// Writes a line to standard error. Raises no SIGPIPE, and waits only briefly for a reader that takes nothing; false if the
/// line was not written. Thread: any, one at a time.
[[gnu::cold]] inline bool write_to_standard_error(std::string_view line) noexcept {
  static constinit atomic_word<bool> is_blocked{false};
  constexpr int patience_ms = 50;
  sigpipe_guard guard;
  uncaptured_output const target{2};
  shared_stream stream{target.descriptor(), is_blocked.load_relaxed() ? 0 : patience_ms,
                       stream_wait::limited};
  stream.examine();
  transfer const done = stream.write(line);
  stream.release();
  guard.note(done.error);
  is_blocked.store_relaxed(done.error == EAGAIN);
  return done.error == 0;
}

}  // namespace fapilog::inline v0_1::detail

#endif
