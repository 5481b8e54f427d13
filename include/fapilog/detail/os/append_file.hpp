// SPDX-License-Identifier: MIT
// A file that grows by whole lines only, also when the disk is full and when another process appends to it.
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

/// The one regular file under a path to which lines are appended, each call in one write(2). Thread: one.
class append_file {
 public:
  /// Why a file was not opened; empty where it was.
  struct refusal {
    std::string text;  ///< names the path and what would be right
    int error = 0;     ///< errno value, or 0

    explicit operator bool() const noexcept { return !text.empty(); }
    [[nodiscard]] std::string message() const { return error == 0 ? text : text + ": " + errno_text(error); }
  };

  /// Opens the file or makes it (less the umask), after the directories above it. Refuses everything that is not a
  /// regular file, without following links or waiting for a FIFO.
  [[nodiscard]] refusal open(std::string const& path, std::string const& directory, unsigned mode) {
    close();
    file_status const before = status_of(path);
    bool const may_be_opened = before.type == file_type::none || before.type == file_type::regular;
    if (!may_be_opened) return wrong_type(path, before.type);
    opened_file opened = open_file(path, open_for::append, mode);
    if (opened.error == ENOENT) {
      if (int const error = make_directories(directory); error != 0) {
        return {"cannot make the directory '" + directory + "' for the log file '" + path +
                    "'; it has to be one that this process may write to",
                error};
      }
      opened = open_file(path, open_for::append, mode);
    }
    if (opened.error != 0) {
      return {"cannot open the log file '" + path +
                  "'; this process has to be allowed to write to it and its directory",
              opened.error};
    }
    file_status const status = opened.handle.status();
    // Looked at again: it may have been changed since.
    if (status.type != file_type::regular) return wrong_type(path, status.type);
    handle_ = std::move(opened.handle);
    (void)handle_.lock_shared();  // tells those who compress rotated files that this one is still written to
    opened_ = status;
    size_ = status.size;
    is_torn_ = has_torn_tail();
    return {};
  }
  void close() noexcept {
    handle_.close();
    is_torn_ = false;
    size_ = 0;
  }

  [[nodiscard]] bool is_open() const noexcept { return handle_.is_open(); }
  /// Bytes that stand before the next line: in the file as of the last call of `is_alive`, and what was
  /// appended since.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_ + (is_torn_ ? 1 : 0); }
  /// When the file had last been written to as it was opened; seconds since 1970-01-01 UTC.
  [[nodiscard]] std::int64_t modified_before() const noexcept { return opened_.modified; }

  /// Looks at the open file: true where it still has a name. Closes it otherwise, as nobody would find what
  /// is written to it. A descriptor that was closed behind our back is forgotten: it may be anybody's by now.
  [[nodiscard]] bool is_alive() noexcept {
    file_status const now = handle_.status();
    if (!now.is_same_file(opened_)) {
      handle_.forget();
      return false;
    }
    if (now.links == 0) {
      close();
      return false;
    }
    if (now.size < size_) is_torn_ = false;  // emptied by somebody who copied it
    size_ = now.size;
    return true;
  }
  /// True while the path still leads to the open file.
  [[nodiscard]] bool is_at(std::string const& path) const { return status_of(path).is_same_file(opened_); }

  /// Appends lines, each with its end, and waits for the medium where `sync` is set. After an error the
  /// result's bytes are whole lines, and the file holds these and no part of the next one. (Where a part
  /// cannot be cut off again, it becomes a line of its own.)
  [[nodiscard]] transfer append(std::string_view lines, bool sync) {
    if (is_torn_) {
      transfer const end = handle_.write("\n");
      if (end.error != 0) return {0, end.error};
      is_torn_ = false;
      ++size_;
    }
    transfer result = handle_.write(lines);
    size_ += result.bytes;
    if (result.error != 0) {
      std::size_t const whole = lines.substr(0, result.bytes).rfind('\n') + 1;  // npos + 1 is 0
      is_torn_ = !take_back(result.bytes - whole);
      result.bytes = whole;
    } else if (sync) {
      // What the medium did not take may be lost for good, whatever a second fdatasync says: it is written again.
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
                "; a log file has to be a regular file or not there yet",
            0};
  }

  /// Cuts the bytes written last off again. False where that cannot be done, or where another process has appended
  /// meanwhile and would lose its lines.
  [[nodiscard]] bool take_back(std::size_t bytes) noexcept {
    if (bytes == 0) return true;
    if (handle_.status().size != size_ || handle_.truncate(size_ - bytes) != 0) return false;
    size_ -= bytes;
    return true;
  }

  /// True where the last line has no end: its writer died. One who is in the middle of writing is waited for.
  [[nodiscard]] bool has_torn_tail() const noexcept {
    std::uint64_t size = size_;
    for (int looks = 0; size > 0; ++looks) {
      int const last = handle_.byte_at(size - 1);
      if (last == '\n' || last < 0) return false;
      if (looks == 5) return true;
      sleep_ns(1'000'000);
      size = handle_.status().size;
    }
    return false;
  }

  file handle_;
  file_status opened_;
  std::uint64_t size_ = 0;
  bool is_torn_ = false;
};

}  // namespace fapilog::inline v0_1::detail
