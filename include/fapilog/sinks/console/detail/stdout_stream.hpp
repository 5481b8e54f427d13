// SPDX-License-Identifier: MIT
// Writes to standard output, which may be closed, full or without a reader, and never kills the program.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/shared_stream.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/os/uncaptured_output.hpp>
#include <fapilog/sinks/detail/batch_lines.hpp>
#include <fapilog/sinks/sink.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Writes the lines of several entries in as few writes as the descriptor allows. If only a part of an entry was written, the
/// rest of it is written before anything else, so that no two entries ever share a line.
/// Thread: one at a time.
class stdout_stream {
 public:
  /// `write_timeout`: how long `write` waits while the reader of a full non-blocking descriptor takes nothing; at most a day.
  [[gnu::cold]] stdout_stream(int descriptor, std::chrono::milliseconds write_timeout)
      : descriptor_(descriptor),
        write_timeout_ms_(static_cast<int>((std::min)((std::max)(write_timeout, zero), longest).count())),
        stream_(descriptor, write_timeout_ms_) {}

  /// Writes `text`, which consists of the entries with these ends. Rejects the entries if the descriptor is closed or has no
  /// reader, and an entry that is too long for a message of a socket. All other errors are temporary and lead to a retry.
  write_result write(std::string_view text, entry_ends const& ends) {
    std::size_t const count = ends.size();
    sigpipe_guard guard;
    if (fork_generation.load_relaxed() != generation_) forget_torn_in_child();
    uncaptured_output const target{descriptor_};
    stream_.set_descriptor(target.descriptor());
    stream_.examine();
    if (stream_.kind() == stream_kind::messages) {
      torn_.clear();
      return write_messages(text, ends, guard);
    }
    std::size_t begin = 0;
    if (!torn_.empty()) {
      // If the same entry is written again, continues where it was cut. Otherwise finishes it first.
      if (text.substr(0, torn_.size()) == torn_) {
        begin = torn_out_;
      } else if (int const error = finish_torn(guard); error != 0) {
        return failure(error, 0, count);
      }
    }
    detail::transfer const done = put(text, begin, ends);
    guard.note(done.error);
    if (done.error == 0) {
      torn_.clear();
      stream_.release();
      problem_.clear();
      return write_result::delivered();
    }
    std::size_t const out = begin + done.bytes;
    std::size_t const first = entries_within(out, ends);
    std::size_t const start = first == 0 ? 0 : ends[first - 1];
    torn_.clear();
    if (out > start) {
      torn_ = text.substr(start, ends[first] - start);
      torn_out_ = out - start;
    } else {
      stream_.release();
    }
    return failure(done.error, first, count);
  }

  /// Tries once more to finish an entry that was cut.
  [[gnu::cold]] void stop() {
    sigpipe_guard guard;
    if (fork_generation.load_relaxed() != generation_) forget_torn_in_child();
    if (!torn_.empty()) {
      uncaptured_output const target{descriptor_};
      stream_.set_descriptor(target.descriptor());
      (void)finish_torn(guard);
    }
    stream_.release();
  }

  [[nodiscard]] sink_health health() const { return {problem_.empty(), problem_}; }

 private:
  static constexpr std::chrono::milliseconds zero{0};
  static constexpr std::chrono::milliseconds longest = std::chrono::hours{24};

  /// Writes from offset `begin`, within the first entry, in pieces that end where an entry ends.
  [[nodiscard]] detail::transfer put(std::string_view text, std::size_t begin,
                                     entry_ends const& ends) noexcept {
    std::size_t out = begin;
    for (std::size_t i = 0; out < text.size();) {
      std::size_t end = text.size();
      if (end - out > stream_.max_piece()) {
        end = ends[i++];
        while (i < ends.size() && ends[i] - out <= stream_.max_piece()) end = ends[i++];
      }
      detail::transfer const piece = stream_.write(text.substr(out, end - out), out == begin && begin != 0);
      out += piece.bytes;
      if (piece.error != 0) return {out - begin, piece.error};
    }
    return {out - begin, 0};
  }

  /// Writes each entry as one message.
  [[gnu::cold]] write_result write_messages(std::string_view text, entry_ends const& ends,
                                            sigpipe_guard& guard) {
    std::size_t const count = ends.size();
    std::size_t i = 0;
    std::vector<std::size_t> refused;
    if (!resumes_at_.empty() && text.substr(0, resumes_at_.size()) == resumes_at_) {
      i = (std::min)(resumed_, count);
      refused = std::move(resumed_refused_);
    }
    resumes_at_.clear();
    for (; i < count; ++i) {
      std::size_t const start = i == 0 ? 0 : ends[i - 1];
      int const error = stream_.write(text.substr(start, ends[i] - start)).error;
      guard.note(error);
      if (error == 0) continue;
      if (error == EMSGSIZE) {
        refused.push_back(i);
      } else if (has_no_reader(error)) {
        for (std::size_t rest = i; rest < count; ++rest) refused.push_back(rest);
        (void)failure(error, i, count);
        return write_result::rejected(std::move(refused), problem_);
      } else {
        if (refused.empty()) return failure(error, i, count);
        // The refused entries have to be named with the last attempt: it begins at the first of them, and skips what
        // was sent.
        std::size_t const first = refused.front();
        std::size_t const before = first == 0 ? 0 : ends[first - 1];
        resumes_at_ = text.substr(before, ends[first] - before);
        resumed_ = i - first;
        for (std::size_t& index : refused) index -= first;
        resumed_refused_ = std::move(refused);
        return failure(error, first, count);
      }
    }
    if (refused.empty()) {
      problem_.clear();
      return write_result::delivered();
    }
    problem_ = name() + " takes no message of this length: " + detail::errno_text(EMSGSIZE) +
               "; limit the records with max_record_bytes or a size_guard";
    return write_result::rejected(std::move(refused), problem_);
  }

  [[gnu::cold]] int finish_torn(sigpipe_guard& guard) {
    detail::transfer const done = stream_.write(std::string_view{torn_}.substr(torn_out_), true);
    guard.note(done.error);
    torn_out_ += done.bytes;
    if (done.error == 0) torn_.clear();
    return done.error;
  }
  /// The parent writes the rest of its entry.
  [[gnu::cold]] void forget_torn_in_child() noexcept {
    generation_ = fork_generation.load_relaxed();
    torn_.clear();
    resumes_at_.clear();
  }

  [[nodiscard]] static bool has_no_reader(int error) noexcept {
    return error == EPIPE || error == EBADF || error == ECONNRESET || error == ECONNREFUSED ||
           error == ENOTCONN || error == EDESTADDRREQ;
  }
  [[nodiscard, gnu::cold]] std::string name() const {
    return descriptor_ == 1 ? std::string{"standard output"} : "descriptor " + std::to_string(descriptor_);
  }

  [[gnu::cold]] write_result failure(int error, std::size_t first, std::size_t count) {
    if (has_no_reader(error)) {
      torn_.clear();  // a new reader of the descriptor has read no part of the entry
      stream_.release();
      problem_ = name() + (error == EBADF ? " is closed" : " has no reader any more") + ": " +
                 detail::errno_text(error) + "; records are written again once it is open";
      return reject_from(first, count, problem_);
    }
    constexpr std::chrono::milliseconds pause{100};
    problem_ = error == EAGAIN ? name() + " is full, and its reader took nothing within write_timeout (" +
                                     std::to_string(write_timeout_ms_) + " ms)"
                               : "cannot write to " + name();
    problem_ += ": " + detail::errno_text(error);
    return write_result::retry(problem_, first, pause);
  }

  int descriptor_;
  int write_timeout_ms_;
  shared_stream stream_;
  std::string torn_;          ///< the whole entry of which only a part was written
  std::size_t torn_out_ = 0;  ///< bytes of it that were written
  std::uint32_t generation_ = fork_generation.load_relaxed();
  std::string resumes_at_;   ///< the first refused entry of a batch of messages that is retried
  std::size_t resumed_ = 0;  ///< index of the first entry to send, counted from that one
  std::vector<std::size_t> resumed_refused_;
  std::string problem_;
};

}  // namespace fapilog::inline v0_1::detail
