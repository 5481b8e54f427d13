// SPDX-License-Identifier: MIT
// A file that grows by whole lines only, even if the disk is full or another process appends to it.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/system.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Appends lines to a regular file, with one write(2) per call. Thread: one.
class append_file {
 public:
  /// Why a file was not opened; empty if it was.
  struct refusal {
    std::string text;  ///< names the path and says what to do
    int error = 0;     ///< errno value, or 0

    explicit operator bool() const noexcept { return !text.empty(); }
    [[nodiscard]] std::string message() const { return error == 0 ? text : text + ": " + errno_text(error); }
  };

  /// What a path leads to.
  enum class path_state : std::uint8_t {
    same,         ///< the open file
    moved,        ///< nothing or another file: the open file was renamed, removed or replaced
    unreachable,  ///< unknown: this process cannot follow the path any more
  };
  struct path_check {
    path_state state = path_state::same;
    int error = 0;  ///< errno value if the path is unreachable
  };

  /// Opens the file. Creates it and its directories if they do not exist (with `mode` minus the umask). Refuses anything but
  /// a regular file; does not follow links or wait for a FIFO.
  [[nodiscard]] refusal open(std::string const& path, std::string const& directory, unsigned mode) {
    close();
    file_status const before = status_of(path);
    bool const may_be_opened = before.type == file_type::none || before.type == file_type::regular;
    if (!may_be_opened) return wrong_type(path, before.type);
    opened_file opened = open_file(path, open_for::append, mode);
    if (opened.error == ENOENT) {
      if (int const error = make_directories(directory); error != 0) {
        return {"cannot create the directory '" + directory + "' for the log file '" + path +
                    "'; this process must be allowed to create it",
                error};
      }
      opened = open_file(path, open_for::append, mode);
    }
    if (opened.error != 0) {
      return {"cannot open the log file '" + path +
                  "'; this process must be allowed to write to it and its directory",
              opened.error};
    }
    file_status const status = opened.handle.status();
    // Checked again, because the file may have been replaced since.
    if (status.type != file_type::regular) return wrong_type(path, status.type);
    handle_ = std::move(opened.handle);
    root_ = status_of("/");
    (void)handle_.lock_shared();  // keeps other processes from compressing the file while it is written
    opened_ = status;
    size_ = status.size;
    is_torn_ = has_torn_tail();
    (void)end_torn_line();  // if the disk is full, the next write tries again
    return {};
  }
  void close() noexcept {
    handle_.close();
    is_torn_ = false;
    size_ = 0;
    own_end_ = -1;
  }

  [[nodiscard]] bool is_open() const noexcept { return handle_.is_open(); }
  /// Size of the file as of the last call of `revalidate`, plus what was appended since.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_ + (is_torn_ ? 1 : 0); }
  /// Time of the last write before the file was opened, in seconds since 1970-01-01 UTC.
  [[nodiscard]] std::int64_t modified_before() const noexcept { return opened_.modified; }

  /// Returns true if the open file still has a name. Closes it otherwise, because nobody could find the lines that are
  /// written to it. Forgets a descriptor that other code has closed: its number may belong to another file now.
  [[nodiscard]] bool revalidate() noexcept {
    file_status const now = handle_.status();
    if (is_stale(now.error)) {  // the file server has lost the file
      close();
      return false;
    }
    if (now.error != 0 && now.error != EBADF) return true;  // unknown; the next write says what is wrong
    if (!now.is_same_file(opened_)) {
      handle_.forget();
      return false;
    }
    if (now.links == 0) {
      close();
      return false;
    }
    if (now.size < size_)
      is_torn_ = false;  // another process truncated it, for example logrotate with copytruncate
    size_ = now.size;
    return true;
  }
  /// True if the path leads to the open file.
  [[nodiscard]] bool is_at(std::string const& path) const { return (check)(path).state == path_state::same; }
  /// Compares what the path leads to with the open file. A process that gave up its privileges, or whose file system was
  /// unmounted, may be unable to follow the path although the open file is good. After chroot(2) the path leads to another
  /// place.
  [[nodiscard]] path_check(check)(std::string const& path) const {
    file_status const found = status_of(path);
    if (found.is_same_file(opened_)) return {path_state::same, 0};
    if (found.type == file_type::none && found.error != ENOENT) return {path_state::unreachable, found.error};
    if (root_.type != file_type::none && !status_of("/").is_same_file(root_))
      return {path_state::unreachable, ENOENT};
    return {path_state::moved, 0};
  }

  /// Appends lines, each with its newline. With `sync`, waits until they are on disk. After an error, the result counts whole
  /// lines, and the file contains these and no part of the next one. (If a part cannot be removed again, it becomes a line of
  /// its own.)
  [[nodiscard]] transfer append(std::string_view lines, bool sync) {
    if (int const error = end_torn_line(); error != 0) return {0, error};
    transfer result = handle_.write(lines);
    size_ += result.bytes;
    if (result.error == 0) repeat_joined_line(lines);
    if (result.error != 0) {
      std::size_t const whole = lines.substr(0, result.bytes).rfind('\n') + 1;  // npos + 1 is 0
      is_torn_ = !take_back(result.bytes - whole);
      result.bytes = whole;
    } else if (sync) {
      // After a failed fdatasync the data may be lost even if a second one succeeds, so it is written again.
      result.error = handle_.sync();
      if (result.error != 0) {
        (void)take_back(result.bytes);
        result.bytes = 0;
      }
    }
    return result;
  }

 private:
  static refusal wrong_type(std::string const& path, file_type type) {
    return {"'" + path + "' is " + file_type_name(type) +
                "; a log file must be a regular file, or must not exist yet",
            0};
  }

  /// Removes the bytes written last. Returns false if that fails, or if another process has appended lines since.
  [[nodiscard]] bool take_back(std::size_t bytes) noexcept {
    if (bytes == 0) return true;
    if (handle_.status().size != size_ || handle_.truncate(size_ - bytes) != 0) return false;
    size_ -= bytes;
    return true;
  }

  /// Ends a part of a line, so that the next line begins after it. Returns an error or 0.
  [[nodiscard]] int end_torn_line() noexcept {
    if (!is_torn_) return 0;
    transfer const end = handle_.write("\n");
    if (end.error != 0) return end.error;
    is_torn_ = false;
    ++size_;
    return 0;
  }

  /// Writes the first of these lines, which were written last, once more if it was appended to a part of a line: another process
  /// was killed while it wrote. Only what lies in front of the lines shows that; a look before the write could be too early.
  void repeat_joined_line(std::string_view lines) noexcept {
    std::int64_t const end = handle_.end_of_write();
    std::int64_t const begin = end - static_cast<std::int64_t>(lines.size());
    bool const follows_own = begin == std::exchange(own_end_, end);
    if (follows_own || begin <= 0 || end < 0) return;
    int const before = handle_.byte_at(static_cast<std::uint64_t>(begin) - 1);
    if (before < 0 || before == '\n') return;
    std::string_view const first = lines.substr(0, lines.find('\n') + 1);
    // A forked child shares the position with its parent, so it may be that of the other one's write.
    if (!has_at(static_cast<std::uint64_t>(begin), first)) return;
    transfer const repeated = handle_.write(first);
    size_ += repeated.bytes;
    is_torn_ = is_torn_ || (repeated.bytes != 0 && repeated.bytes != first.size());
    own_end_ = handle_.end_of_write();
  }

  [[nodiscard]] bool has_at(std::uint64_t offset, std::string_view text) const noexcept {
    char there[1024];
    while (!text.empty()) {
      std::string_view const piece = text.substr(0, sizeof there);
      if (handle_.read_at(offset, there, piece.size()).bytes != piece.size() ||
          std::string_view{there, piece.size()} != piece)
        return false;
      offset += piece.size();
      text.remove_prefix(piece.size());
    }
    return true;
  }

  /// True if the last line has no newline because its writer died. While others write, the file may end anywhere at a look;
  /// but then it is longer once that write has ended.
  [[nodiscard]] bool has_torn_tail() const noexcept {
    constexpr int max_looks = 1'000;
    std::uint64_t size = size_;
    int unchanged = 0;
    for (int looks = 0; size > 0 && looks < max_looks; ++looks) {
      int const last = handle_.byte_at(size - 1);
      if (last == '\n' || last < 0) return false;
      if (unchanged == 5) return true;
      sleep_ns(1'000'000);
      handle_.wait_for_writer();
      std::uint64_t const now = handle_.status().size;
      unchanged = now == size ? unchanged + 1 : 0;
      size = now;
    }
    return false;
  }

  file handle_;
  file_status opened_;
  file_status root_;  ///< the root directory when the file was opened
  std::uint64_t size_ = 0;
  std::int64_t own_end_ = -1;  ///< where the last write of this process ended
  bool is_torn_ = false;
};

}  // namespace fapilog::inline v0_1::detail
