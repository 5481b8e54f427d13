// SPDX-License-Identifier: MIT
// Standard output as the stdout sinks see it: may be closed, full, or read by nobody, and never kills the program.
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

namespace fapilog::inline v0_1::sinks {

/// Writes texts of several entries in one write(2) where possible, and remembers an entry of which only a
/// part went out: its rest is written before anything else, so that no other entry is ever glued to it.
/// Thread: one at a time.
class stdout_stream {
 public:
  /// `patience`: how long to wait in all for the reader of a full non-blocking descriptor; a day at most.
  stdout_stream(int descriptor, std::chrono::milliseconds patience)
      : descriptor_(descriptor),
        patience_ms_(static_cast<int>(std::clamp(patience, zero, longest).count())) {}

  /// Writes `text`, made of `count` entries; `end_of(i)` is where entry i ends in it. A descriptor that is
  /// closed or that nobody reads takes nothing any more: rejected. All other errors may pass: retry.
  template <class EndOf>
  write_result write(std::string_view text, std::size_t count, EndOf const& end_of) {
    std::size_t begin = 0;
    if (!torn_.empty()) {
      // The same entry again goes on where it was cut; where others come, its rest makes way for them.
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

  /// Tries once more to end an entry that was cut.
  void stop() {
    if (!torn_.empty()) (void)finish_torn();
  }

  [[nodiscard]] sink_health health() const { return {problem_.empty(), problem_}; }

 private:
  static constexpr std::chrono::milliseconds zero{0};
  static constexpr std::chrono::milliseconds longest = std::chrono::hours{24};

  [[nodiscard]] detail::transfer put(std::string_view text) const noexcept {
    return detail::write_all_to_stream(descriptor_, text, patience_ms_);
  }

  int finish_torn() {
    detail::transfer const done = put(std::string_view{torn_}.substr(torn_out_));
    torn_out_ += done.bytes;
    if (done.error == 0) torn_.clear();
    return done.error;
  }

  write_result failure(int error, std::size_t first, std::size_t count) {
    std::string const name =
        descriptor_ == 1 ? std::string{"standard output"} : "descriptor " + std::to_string(descriptor_);
    if (error == EPIPE || error == EBADF) {
      torn_.clear();  // whoever takes this descriptor over has seen no part of it
      problem_ = name + (error == EPIPE ? " is read by nobody any more" : " is closed") + ": " +
                 detail::errno_text(error) + "; records go there again once it is open";
      return reject_from(first, count, problem_);
    }
    constexpr std::chrono::milliseconds pause{100};
    problem_ = error == EAGAIN
                   ? name + " is full and its reader took nothing for " + std::to_string(patience_ms_) + " ms"
                   : "cannot write to " + name;
    problem_ += ": " + detail::errno_text(error);
    return write_result::retry(problem_, first, pause);
  }

  int descriptor_;
  int patience_ms_;
  std::string torn_;          ///< an entry that was cut, whole
  std::size_t torn_out_ = 0;  ///< how much of it is out
  std::string problem_;
};

}  // namespace fapilog::inline v0_1::sinks
