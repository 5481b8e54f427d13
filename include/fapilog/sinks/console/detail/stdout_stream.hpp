// SPDX-License-Identifier: MIT
// Writes to standard output, which may be closed, full or without a reader, and never kills the program.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/sinks/detail/batch_lines.hpp>
#include <fapilog/sinks/sink.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Writes the lines of several entries in one write(2) if possible. If only a part of an entry was written, the rest of it is
/// written before anything else, so that no two entries ever share a line.
/// Thread: one at a time.
class stdout_stream {
 public:
  /// `write_timeout`: total time that one call of `write` waits for the reader of a full non-blocking descriptor; at most a
  /// day.
  [[gnu::cold]] stdout_stream(int descriptor, std::chrono::milliseconds write_timeout)
      : descriptor_(descriptor),
        write_timeout_ms_(static_cast<int>(std::clamp(write_timeout, zero, longest).count())) {}

  /// Writes `text`, which consists of `count` entries; entry i ends at offset `end_of(i)`. Rejects the entries if the
  /// descriptor is closed or has no reader. All other errors are temporary and lead to a retry.
  template <class EndOf>
  write_result write(std::string_view text, std::size_t count, EndOf const& end_of) {
    std::size_t begin = 0;
    if (!torn_.empty()) {
      // If the same entry is written again, continues where it was cut. Otherwise finishes it first.
      if (text.substr(0, torn_.size()) == torn_) {
        begin = torn_out_;
      } else if (int const error = finish_torn(); error != 0) {
        return failure(error, 0, count);
      }
    }
    detail::transfer const done = put(text.substr(begin));
    if (done.error == 0) {
      torn_.clear();
      problem_.clear();
      return write_result::delivered();
    }
    std::size_t const out = begin + done.bytes;
    std::size_t const first = pieces_within(out, count, end_of);
    std::size_t const start = first == 0 ? 0 : end_of(first - 1);
    torn_.clear();
    if (out > start) {
      torn_ = text.substr(start, end_of(first) - start);
      torn_out_ = out - start;
    }
    return failure(done.error, first, count);
  }

  /// Tries once more to finish an entry that was cut.
  [[gnu::cold]] void stop() {
    if (!torn_.empty()) (void)finish_torn();
  }

  [[nodiscard]] sink_health health() const { return {problem_.empty(), problem_}; }

 private:
  static constexpr std::chrono::milliseconds zero{0};
  static constexpr std::chrono::milliseconds longest = std::chrono::hours{24};

  [[nodiscard]] detail::transfer put(std::string_view text) const noexcept {
    return detail::write_all_to_stream(descriptor_, text, write_timeout_ms_);
  }

  [[gnu::cold]] int finish_torn() {
    detail::transfer const done = put(std::string_view{torn_}.substr(torn_out_));
    torn_out_ += done.bytes;
    if (done.error == 0) torn_.clear();
    return done.error;
  }

  [[gnu::cold]] write_result failure(int error, std::size_t first, std::size_t count) {
    std::string const name =
        descriptor_ == 1 ? std::string{"standard output"} : "descriptor " + std::to_string(descriptor_);
    if (error == EPIPE || error == EBADF) {
      torn_.clear();  // a new reader of the descriptor has read no part of the entry
      problem_ = name + (error == EPIPE ? " has no reader any more" : " is closed") + ": " +
                 detail::errno_text(error) + "; records are written again once it is open";
      return reject_from(first, count, problem_);
    }
    constexpr std::chrono::milliseconds pause{100};
    problem_ = error == EAGAIN ? name + " is full, and its reader took nothing within write_timeout (" +
                                     std::to_string(write_timeout_ms_) + " ms)"
                               : "cannot write to " + name;
    problem_ += ": " + detail::errno_text(error);
    return write_result::retry(problem_, first, pause);
  }

  int descriptor_;
  int write_timeout_ms_;
  std::string torn_;          ///< the whole entry of which only a part was written
  std::size_t torn_out_ = 0;  ///< bytes of it that were written
  std::string problem_;
};

}  // namespace fapilog::inline v0_1::detail
