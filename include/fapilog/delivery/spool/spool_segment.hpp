// SPDX-License-Identifier: MIT
// One file of a spool: a sequence of frames with checksums, and how many of them have been delivered.
#pragma once

#include <fapilog/detail/hash/crc32c.hpp>
#include <fapilog/detail/os/file.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// A file header of 64 bytes, then frames. A frame has a header of 16 bytes (mark, length, number of records, checksum over
/// header and payload), the payload, and zeros up to a multiple of 8. The file header's `consumed` is the offset behind the
/// last delivered frame. Thread: one at a time.
class spool_segment {
 public:
  static constexpr std::size_t head_size = 64;  ///< size of a file without frames

  /// A frame that was read, or the end of the file.
  struct read_result {
    bool found = false;
    std::string payload;
    std::uint32_t records = 0;
    std::uint64_t begin = 0;    ///< offset of the frame
    std::uint64_t end = 0;      ///< offset behind it
    std::uint64_t skipped = 0;  ///< damaged bytes before it
    int error = 0;              ///< errno value: why a part of the file cannot be read
  };

  /// Creates the file, which must not exist. Returns an errno value, or 0.
  [[nodiscard, gnu::cold]] int create(std::string path) {
    auto opened = detail::open_file(path, detail::open_for::make, 0600);
    if (opened.error != 0) return opened.error;
    path_ = std::move(path);
    file_ = std::move(opened.handle);
    std::string const head = head_bytes(head_size);
    auto const put = file_.write_at(0, head);
    if (put.error != 0) {
      remove();
      return put.error;
    }
    read_ = end_ = head_size;
    return 0;
  }

  /// Opens a file of an earlier process. Returns false and sets `error` if it is not a segment of this version.
  [[nodiscard, gnu::cold]] bool open(std::string path, std::string& error) {
    auto opened = detail::open_file(path, detail::open_for::update);
    if (opened.error != 0) {
      error = detail::errno_text(opened.error);
      return false;
    }
    std::array<char, head_size> head{};
    auto const got = opened.handle.read_at(0, head.data(), head.size());
    auto const status = opened.handle.status();
    if (int const failed = got.error != 0 ? got.error : status.error; failed != 0) {
      error = detail::errno_text(failed);
      return false;
    }
    if (status.type == detail::file_type::regular && status.size < head_size) {
      path_ = std::move(path);  // its process was killed while it created the file, which has no frames
      file_ = std::move(opened.handle);
      return true;
    }
    if (status.type != detail::file_type::regular || got.bytes != head.size() ||
        std::string_view{head.data(), mark_size} != head_bytes(0).substr(0, mark_size)) {
      error = "not a spool file of this version";
      return false;
    }
    std::uint64_t consumed = 0;
    std::memcpy(&consumed, head.data() + mark_size, sizeof consumed);
    path_ = std::move(path);
    file_ = std::move(opened.handle);
    end_ = status.size;
    read_ = consumed < head_size || consumed > end_ ? std::uint64_t{head_size} : consumed;
    return true;
  }

  [[nodiscard]] std::string const& path() const noexcept { return path_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return end_; }
  /// The end of what has been delivered or skipped.
  [[nodiscard]] std::uint64_t consumed() const noexcept { return read_; }
  [[nodiscard]] bool is_consumed() const noexcept { return read_ >= end_; }

  /// Bytes of a frame with a payload of this length.
  [[nodiscard, gnu::cold]] static std::uint64_t frame_bytes(std::size_t length) noexcept {
    return frame_head + ((std::uint64_t{length} + 7) & ~std::uint64_t{7});
  }

  /// Appends a frame. If that fails, removes the part that was written. Returns an errno value, or 0.
  [[nodiscard, gnu::cold]] int append(std::string_view payload, std::uint32_t records, bool sync) {
    std::string whole(number_cast<std::size_t>(frame_bytes(payload.size())), '\0');
    put_frame_head(whole.data(), payload, records);
    std::memcpy(whole.data() + frame_head, payload.data(), payload.size());
    auto const put = file_.write_at(end_, whole);
    int const error = put.error != 0 ? put.error : sync ? file_.sync() : 0;
    if (error != 0) {
      (void)file_.truncate(end_);  // if this fails too, readers skip the torn frame
      return error;
    }
    end_ += whole.size();
    return 0;
  }

  /// Reads the first frame that has not been delivered.
  [[nodiscard, gnu::cold]] read_result front() const { return next(read_); }
  /// Reads the first frame from this offset on. Stops at an error.
  [[nodiscard, gnu::cold]] read_result next(std::uint64_t from) const {
    read_result result;
    for (std::uint64_t at = from; at + frame_head <= end_; at += 8) {
      if (read_frame(at, result) || result.error != 0) {
        result.skipped = at - from;
        return result;
      }
    }
    result.end = end_;
    result.skipped = end_ - from;
    return result;
  }
  /// Removes everything before this offset, which has been delivered.
  [[gnu::cold]] void consume(std::uint64_t end) noexcept {
    read_ = end;
    record_progress(end);
  }
  /// Records that everything before this offset has been delivered, so that no other process delivers it again.
  [[gnu::cold]] void record_progress(std::uint64_t end) noexcept {
    std::array<char, sizeof end> bytes{};
    std::memcpy(bytes.data(), &end, sizeof end);
    (void)file_.write_at(mark_size,
                         {bytes.data(), bytes.size()});  // if this fails, the frame may be delivered twice
  }

  /// Closes and removes the file.
  [[gnu::cold]] void remove() noexcept {
    if (!path_.empty()) (void)detail::unlink_file(path_);
    close();
  }
  /// Closes the file and keeps it on disk.
  [[gnu::cold]] void close() noexcept { file_.close(); }

 private:
  static constexpr std::size_t mark_size = 16;
  static constexpr std::size_t frame_head = 16;
  static constexpr std::uint32_t frame_mark = 0x31465046;

  [[gnu::cold]] static std::string head_bytes(std::uint64_t consumed) {
    std::string head(head_size, '\0');
    constexpr std::uint32_t version = 1;
    constexpr std::uint32_t order = 0x01020304;
    std::memcpy(head.data(), "fapspool", 8);
    std::memcpy(head.data() + 8, &version, sizeof version);
    std::memcpy(head.data() + 12, &order, sizeof order);
    std::memcpy(head.data() + mark_size, &consumed, sizeof consumed);
    return head;
  }

  [[gnu::cold]] static void put_frame_head(char* to, std::string_view payload,
                                           std::uint32_t records) noexcept {
    std::array<std::uint32_t, 4> words{frame_mark, static_cast<std::uint32_t>(payload.size()), records, 0};
    words[3] = checksum(words, payload);
    std::memcpy(to, words.data(), sizeof words);
  }
  [[gnu::cold]] static std::uint32_t checksum(std::array<std::uint32_t, 4> const& words,
                                              std::string_view payload) noexcept {
    std::array<char, 12> head{};
    std::memcpy(head.data(), words.data(), head.size());
    return detail::crc32c(payload, detail::crc32c({head.data(), head.size()}));
  }

  /// Returns false if there is no intact frame at this offset, or if it cannot be read.
  [[gnu::cold]] bool read_frame(std::uint64_t at, read_result& to) const {
    std::array<std::uint32_t, 4> words{};
    std::array<char, frame_head> head{};
    auto const read = [&](std::uint64_t offset, char* where, std::size_t size) {
      auto const got = file_.read_at(offset, where, size);
      to.error = got.error;
      return got.bytes == size;
    };
    if (!read(at, head.data(), head.size())) return false;
    std::memcpy(words.data(), head.data(), head.size());
    if (words[0] != frame_mark || at + frame_bytes(words[1]) > end_) return false;
    to.payload.resize(words[1]);
    if (!read(at + frame_head, to.payload.data(), to.payload.size()) ||
        checksum(words, to.payload) != words[3])
      return false;
    to.found = true;
    to.records = words[2];
    to.begin = at;
    to.end = at + frame_bytes(words[1]);
    return true;
  }

  std::string path_;
  detail::file file_;
  std::uint64_t read_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
