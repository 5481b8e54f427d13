// SPDX-License-Identifier: MIT
// Files and descriptors of POSIX.
#pragma once

#include <fapilog/detail/os/file_types.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/detail/os/standard_descriptors.hpp>
#include <fapilog/detail/os/system.hpp>

#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fapilog::inline v0_1::detail {

static_assert(sizeof(::off_t) >= sizeof(std::uint64_t),
              "fapilog needs 64-bit file offsets: on a 32-bit system, compile with -D_FILE_OFFSET_BITS=64");

namespace file_detail {

/// `returned` is the result of the call that filled `s`.
inline file_status convert(int returned, struct ::stat const& s) noexcept {
  file_status status;
  if (returned != 0) {
    status.error = errno;
    return status;
  }
  status.type = S_ISREG(s.st_mode)    ? file_type::regular
                : S_ISDIR(s.st_mode)  ? file_type::directory
                : S_ISLNK(s.st_mode)  ? file_type::symlink
                : S_ISFIFO(s.st_mode) ? file_type::fifo
                : S_ISSOCK(s.st_mode) ? file_type::socket
                                      : file_type::device;
  status.device = static_cast<std::uint64_t>(s.st_dev);
  status.inode = static_cast<std::uint64_t>(s.st_ino);
  status.links = static_cast<std::uint64_t>(s.st_nlink);
  status.size = static_cast<std::uint64_t>(s.st_size);
  status.modified = static_cast<std::int64_t>(s.st_mtime);
  status.mode = number_cast<unsigned>(s.st_mode & 07777);
  return status;
}

inline int result_of(int returned) noexcept { return returned == 0 ? 0 : errno; }

}  // namespace file_detail

/// Writes the whole text, in one call if the system accepts it. Continues interrupted and short writes. Waits up to
/// `timeout_ms` in total while a non-blocking descriptor is full, then fails with EAGAIN.
[[nodiscard]] inline transfer write_all(int descriptor, std::string_view text, int timeout_ms) noexcept {
  constexpr std::size_t max_at_once = std::size_t{1} << 30;  // systems refuse or truncate writes of 2 GiB
  transfer result;
  std::int64_t deadline = 0;
  while (result.bytes < text.size()) {
    std::string_view const rest = text.substr(result.bytes, max_at_once);
    ::ssize_t const written = ::write(descriptor, rest.data(), rest.size());
    if (written > 0) {
      result.bytes += static_cast<std::size_t>(written);
      continue;
    }
    int const error = written == 0 ? EIO : errno;
    if (error == EINTR) continue;
    if (!would_block(error)) return {result.bytes, error};
    std::int64_t const now = steady_clock_ns();
    if (deadline == 0) deadline = now + std::int64_t{timeout_ms} * 1'000'000;
    if (now >= deadline) return {result.bytes, EAGAIN};
    ::pollfd ready{descriptor, POLLOUT, 0};
    (void)::poll(
        &ready, 1,
        static_cast<int>((deadline - now) / 1'000'000) + 1);  // the next write(2) returns the error, if any
  }
  return result;
}

/// While it exists, a write of this thread to a pipe without a reader fails with EPIPE and raises no SIGPIPE. Does not change
/// the application's handlers: blocks the signal for this thread, and removes it if a write made it pending.
class sigpipe_guard {
 public:
  sigpipe_guard() noexcept {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    // If the signal is not blocked, it cannot be pending.
    was_blocked_ = sigismember(&before_, SIGPIPE) == 1;
    was_pending_ = was_blocked_ && is_pending();
  }
  sigpipe_guard(sigpipe_guard const&) = delete;
  sigpipe_guard& operator=(sigpipe_guard const&) = delete;
  ~sigpipe_guard() {
    if (was_raised_ && !was_pending_ && is_pending()) {
      int taken = 0;
      (void)::sigwait(&pipe_, &taken);
    }
    if (!was_blocked_) ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

  /// Must be called with the result of every write.
  void note(int error) noexcept { was_raised_ = was_raised_ || error == EPIPE; }

 private:
  static bool is_pending() noexcept {
    ::sigset_t pending;
    sigemptyset(&pending);
    return ::sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
  }

  ::sigset_t pipe_;
  ::sigset_t before_;
  bool was_blocked_ = false;
  bool was_pending_ = false;
  bool was_raised_ = false;
};

/// Like `write_all`, for a descriptor that may be a pipe or socket: EPIPE is returned like any other error, without a signal.
[[nodiscard]] inline transfer write_all_to_stream(int descriptor, std::string_view text,
                                                  int timeout_ms) noexcept {
  sigpipe_guard guard;
  transfer const result = write_all(descriptor, text, timeout_ms);
  guard.note(result.error);
  return result;
}

[[nodiscard]] inline bool is_terminal(int descriptor) noexcept { return ::isatty(descriptor) == 1; }

/// Owns a file descriptor. Thread: one.
class file {
 public:
  file() noexcept = default;
  explicit file(int descriptor) noexcept : descriptor_(descriptor) {}
  file(file&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  file& operator=(file&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~file() { close(); }

  [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  void close() noexcept {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }
  /// Releases the descriptor without closing it, because it belongs to other code.
  void forget() noexcept { descriptor_ = -1; }

  [[nodiscard]] transfer write(std::string_view text) const noexcept {
    return write_all(descriptor_, text, 0);
  }
  /// Reads up to `size` bytes; 0 bytes without an error is the end of the file.
  [[nodiscard]] transfer read(char* to, std::size_t size) const noexcept {
    for (;;) {
      ::ssize_t const got = ::read(descriptor_, to, size);
      if (got >= 0) return {static_cast<std::size_t>(got), 0};
      if (errno != EINTR) return {0, errno};
    }
  }
  /// Returns the byte at this offset, or -1.
  [[nodiscard]] int byte_at(std::uint64_t offset) const noexcept {
    unsigned char byte = 0;
    return ::pread(descriptor_, &byte, 1, static_cast<::off_t>(offset)) == 1 ? byte : -1;
  }
  /// Where the last write to a file that is opened for appending ended, or -1.
  [[nodiscard]] std::int64_t end_of_write() const noexcept { return ::lseek(descriptor_, 0, SEEK_CUR); }
  /// Waits until a write of another process that is going on has ended, on file systems where a search for a hole needs the
  /// lock that a write holds: ext4, tmpfs, btrfs. Moves the offset of the descriptor.
  void wait_for_writer() const noexcept {
#if FAPILOG_DETAIL_LINUX
    (void)::lseek(descriptor_, 0, SEEK_HOLE);
#endif
  }
  /// Reads `size` bytes at this offset; fewer only at the end of the file or after an error.
  [[nodiscard]] transfer read_at(std::uint64_t offset, char* to, std::size_t size) const noexcept {
    transfer result;
    while (result.bytes < size) {
      ::ssize_t const got = ::pread(descriptor_, to + result.bytes, size - result.bytes,
                                    static_cast<::off_t>(offset + result.bytes));
      if (got == 0) break;
      if (got > 0) {
        result.bytes += static_cast<std::size_t>(got);
      } else if (errno != EINTR) {
        result.error = errno;
        break;
      }
    }
    return result;
  }
  /// Writes the whole text at this offset.
  [[nodiscard]] transfer write_at(std::uint64_t offset, std::string_view text) const noexcept {
    transfer result;
    while (result.bytes < text.size()) {
      ::ssize_t const put = ::pwrite(descriptor_, text.data() + result.bytes, text.size() - result.bytes,
                                     static_cast<::off_t>(offset + result.bytes));
      if (put >= 0) {
        result.bytes += static_cast<std::size_t>(put);
      } else if (errno != EINTR) {
        result.error = errno;
        break;
      }
    }
    return result;
  }
  [[nodiscard]] file_status status() const noexcept {
    struct ::stat s {};
    return file_detail::convert(::fstat(descriptor_, &s), s);
  }
  [[nodiscard]] int truncate(std::uint64_t size) const noexcept {
    return file_detail::result_of(::ftruncate(descriptor_, static_cast<::off_t>(size)));
  }
  /// Sets the time of the last change to now.
  [[nodiscard]] int touch() const noexcept {
    return file_detail::result_of(::futimens(descriptor_, nullptr));
  }
  /// Waits until the content is on disk.
  [[nodiscard]] int sync() const noexcept { return sync_content(descriptor_); }
  /// Advisory lock of the whole file until it is closed. Returns EWOULDBLOCK if a conflicting lock is held.
  [[nodiscard]] int lock_shared() const noexcept {
    return file_detail::result_of(::flock(descriptor_, LOCK_SH | LOCK_NB));
  }
  [[nodiscard]] int lock_exclusive() const noexcept {
    return file_detail::result_of(::flock(descriptor_, LOCK_EX | LOCK_NB));
  }

 private:
  int descriptor_ = -1;
};

struct opened_file {
  file handle;
  int error = 0;
};

/// Opens a file with close-on-exec, on a descriptor above 2. Does not follow a symbolic link (ELOOP), except with `follow`, and
/// does not wait for the other end of a FIFO. `mode` minus the umask applies to new files. The caller must check
/// `status().type`.
[[nodiscard]] inline opened_file open_file(std::string const& path, open_for purpose, unsigned mode = 0600) {
  reserve_standard_descriptors();
  auto const attempt = [&](int flags) -> opened_file {
    flags |= O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (purpose == open_for::follow ? 0 : O_NOFOLLOW);
    for (;;) {
      int const descriptor = move_above_standard(::open(path.c_str(), flags, number_cast<::mode_t>(mode)));
      if (descriptor >= 0) return {file{descriptor}, 0};
      if (errno != EINTR) return {{}, errno};
    }
  };
  switch (purpose) {
    case open_for::read:
    case open_for::follow: return attempt(O_RDONLY);
    case open_for::create: return attempt(O_WRONLY | O_CREAT | O_EXCL);
    case open_for::replace: return attempt(O_WRONLY | O_CREAT | O_TRUNC);
    case open_for::update: return attempt(O_RDWR);
    case open_for::make: return attempt(O_RDWR | O_CREAT | O_EXCL);
    case open_for::append: break;
  }
  // Readable if permitted, so that the last byte can be checked.
  opened_file result = attempt(O_RDWR | O_APPEND | O_CREAT);
  return result.error == EACCES ? attempt(O_WRONLY | O_APPEND | O_CREAT) : std::move(result);
}

/// Returns the status of the file with this name; of a symbolic link itself, not its target.
[[nodiscard]] inline file_status status_of(std::string const& path) {
  struct ::stat s {};
  return file_detail::convert(::lstat(path.c_str(), &s), s);
}

/// Renames a file and replaces an existing one.
[[nodiscard]] inline int rename_file(std::string const& from, std::string const& to) {
  return file_detail::result_of(::rename(from.c_str(), to.c_str()));
}
[[nodiscard]] inline int unlink_file(std::string const& path) {
  return file_detail::result_of(::unlink(path.c_str()));
}

/// Creates the directory and its parents if they do not exist, with permissions 0700.
[[nodiscard]] inline int make_directories(std::string const& path) {
  for (std::size_t end = 0; end < path.size();) {
    end = path.find('/', end + 1);
    if (end == std::string::npos) end = path.size();
    std::string const part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0700) == 0) continue;
    int const error = errno;
    struct ::stat s {};
    if (::stat(part.c_str(), &s) != 0) return error;
    if (!S_ISDIR(s.st_mode)) return ENOTDIR;
  }
  return 0;
}

/// Waits until created, renamed and removed names are on disk.
[[nodiscard]] inline int sync_directory(std::string const& path) {
  file const directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return directory.is_open() ? file_detail::result_of(::fsync(directory.descriptor())) : errno;
}

/// Lists the names in a directory that begin with `prefix`, in no particular order.
[[nodiscard, gnu::cold]] inline directory_listing list_directory(std::string const& path,
                                                                 std::string_view prefix) {
  directory_listing result;
  struct closer {
    ::DIR* directory;
    ~closer() {
      if (directory != nullptr) ::closedir(directory);
    }
  } const opened{::opendir(path.c_str())};
  if (opened.directory == nullptr) {
    result.error = errno;
    return result;
  }
  for (;;) {
    errno = 0;
    ::dirent const* const item = ::readdir(opened.directory);
    if (item == nullptr) break;
    std::string_view const name = item->d_name;
    if (name.substr(0, prefix.size()) == prefix) result.names.push_back(std::string{name});
  }
  result.error = errno;
  return result;
}

/// True if a file server has lost an open file.
[[nodiscard]] constexpr bool is_stale(int error) noexcept { return error == ESTALE; }

/// A longer path is refused by the system.
inline constexpr std::size_t max_path_bytes = PATH_MAX;

/// Returns the path of the working directory, or an empty string if it has none: it was removed, is outside the root
/// directory, or its path is too long. Throws: std::bad_alloc.
[[nodiscard]] inline std::string working_directory() {
  char path[PATH_MAX];
  return ::getcwd(path, sizeof path) != nullptr && path[0] == '/' ? path : "";
}

}  // namespace fapilog::inline v0_1::detail
