// SPDX-License-Identifier: MIT
// Writes batches to a receiver that takes bytes in order, in the frames of RFC 6587 or of RELP.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/text/decimal.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/detail/batch_lines.hpp>
#include <fapilog/sinks/detail/cancel_request.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/sinks/syslog/detail/byte_stream.hpp>
#include <fapilog/sinks/syslog/detail/message_writer.hpp>
#include <fapilog/sinks/syslog/detail/relp_session.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::syslog {

enum class frame_form : std::uint8_t {
  octet_counting,
  newline,
  relp,  ///< the receiver acknowledges each message
};

/// Maximum number of records that waiting batches are merged into.
inline constexpr std::size_t stream_batch_size = 1000;

/// Thread: one; `cancel` any. Throws: std::bad_alloc.
class stream_writer {
 public:
  stream_writer(std::unique_ptr<byte_stream> stream, message_writer messages, frame_form form, int timeout_ms)
      : stream_(std::move(stream)), messages_(std::move(messages)), form_(form), timeout_ms_(timeout_ms) {}

  void start() noexcept { cancel_.clear(); }
  /// Writes end soon, until the next start.
  void cancel() noexcept { cancel_.request(); }

  write_result write(batch const& entries) {
    problem_.clear();
    if (form_ == frame_form::relp) return write_relp(entries);
    std::size_t const done = write_frames(entries);
    if (done == entries.size()) return write_result::delivered();
    stream_->close();
    return write_result::retry(problem_, done);
  }

  void stop() {
    if (form_ == frame_form::relp && stream_->is_connected()) {
      out_.clear();
      (void)relp_.put(out_, "close", {});
      (void)stream_->send(out_.view());  // the receiver may also see the end of the connection
    }
    stream_->finish(timeout_ms_);
  }

  [[nodiscard]] sink_health health() const {
    return problem_.empty() ? sink_health{} : sink_health{false, problem_};
  }

 private:
  static constexpr std::size_t kept_bytes = std::size_t{4} << 20;

  /// Returns how many entries were written to the connection.
  std::size_t write_frames(batch const& entries) {
    out_.clear_to(kept_bytes);
    ends_.clear();
    for (entry const& e : entries) {
      std::string_view const message = messages_.put(e.event);
      if (form_ == frame_form::octet_counting) {
        out_.end_at(put_decimal(out_.room(20), std::uint64_t{message.size()}));
        out_.push_back(' ');
      }
      out_.append(message);
      if (form_ == frame_form::newline) out_.push_back('\n');
      ends_.push_back(out_.size());
    }
    // What a connection takes after the receiver has closed it is lost, so that is checked first.
    if (stream_->is_connected() && discard_received() != EAGAIN) stream_->close();
    if (!stream_->is_connected()) {
      connect();
      if (!problem_.empty()) return 0;
    }
    std::size_t sent = 0;
    while (sent < out_.size()) {
      transfer const some = stream_->send(out_.view().substr(sent));
      sent += some.bytes;
      if (some.error == EAGAIN && wait(true)) {
        if (int const error = discard_received(); error != EAGAIN) return failed(error, entries_sent(sent));
      } else if (some.error != 0) {
        return failed(some.error, entries_sent(sent));
      }
    }
    return entries.size();
  }

  void connect() {
    problem_ = cancel_.is_requested() ? std::string{cancel_request::reason} : stream_->connect();
  }
  /// Like `byte_stream::wait`, for the timeout; false also after `cancel`.
  [[nodiscard]] bool wait(bool to_send) const {
    constexpr int max_step_ms = 100;  // until `cancel` is noticed
    for (int left_ms = timeout_ms_; left_ms > 0 && !cancel_.is_requested(); left_ms -= max_step_ms) {
      if (stream_->wait(to_send, (std::min)(left_ms, max_step_ms))) return true;
    }
    return false;
  }
  /// Why `wait` returned false.
  [[nodiscard]] std::string reason_of_wait(std::string_view usual) const {
    return std::string{cancel_.is_requested() ? cancel_request::reason : usual};
  }

  [[nodiscard]] std::size_t entries_sent(std::size_t bytes) const noexcept {
    return entries_within(bytes, entry_ends{ends_});
  }

  /// Returns EAGAIN while the connection is open.
  [[nodiscard]] int discard_received() {
    char ignored[1024];
    for (;;) {
      transfer const got = stream_->receive(static_cast<char*>(ignored), sizeof ignored);
      if (got.error != 0) return got.error;
    }
  }

  std::size_t failed(int error, std::size_t done) {
    problem_ = error != EAGAIN ? stream_->problem(error) : reason_of_wait("the receiver takes nothing");
    return done;
  }
  // --- RELP -----------------------------------------------------------------------------------------------

  write_result write_relp(batch const& entries) {
    // A session that the receiver has ended is noticed before records are sent.
    responses none{0, {}, 0};
    if (stream_->is_connected() && !take_responses(none)) stream_->close();
    if (!stream_->is_connected() && !open_relp()) return write_result::retry(problem_);
    problem_.clear();
    out_.clear_to(kept_bytes);
    responses answers{0, std::vector<std::uint32_t>(entries.size()), entries.size()};
    for (std::size_t i = 0; i < entries.size(); ++i) {
      std::uint32_t const number = relp_.put(out_, "syslog", messages_.put(entries[i].event));
      if (i == 0) answers.first = number;
    }
    for (std::size_t sent = 0; answers.waiting != 0 && problem_.empty();) {
      if (sent < out_.size()) {
        transfer const some = stream_->send(out_.view().substr(sent));
        sent += some.bytes;
        if (some.error != 0 && some.error != EAGAIN) problem_ = stream_->problem(some.error);
      }
      std::size_t const before = answers.waiting;
      if (!problem_.empty() || !take_responses(answers) || answers.waiting < before) continue;
      if (!wait(sent < out_.size())) problem_ = reason_of_wait("the receiver does not acknowledge records");
    }
    if (answers.waiting != 0) stream_->close();
    return result_of(answers);
  }

  /// The status of each entry of a batch; 0: not answered yet.
  struct responses {
    std::uint32_t first;  ///< number of the first entry's command
    std::vector<std::uint32_t> status;
    std::size_t waiting;

    void add(relp_response const& response) {
      std::size_t const index =
          response.number >= first ? response.number - first : response.number + relp_max_number - first;
      if (index >= status.size() || status[index] != 0) return;
      status[index] = response.status;
      --waiting;
    }
  };

  [[nodiscard]] write_result result_of(responses const& answers) {
    std::vector<std::size_t> again;
    std::vector<std::size_t> never;
    for (std::size_t i = 0; i < answers.status.size(); ++i) {
      if (answers.status[i] == 0) again.push_back(i);
      if (answers.status[i] != 0 && answers.status[i] != relp_ok) never.push_back(i);
    }
    std::string const reason = again.empty() ? refusal_ : problem_;
    return write_result::partly(std::move(again), std::move(never), reason);
  }

  /// Takes all responses that have arrived. Returns false if the session is over; then `problem_` has the reason.
  bool take_responses(responses& answers) {
    for (;;) {
      relp_response response;
      switch (relp_.next(response)) {
        case relp_session::progress::malformed: problem_ = "the receiver does not speak RELP"; return false;
        case relp_session::progress::response:
          if (response.number == 0) {
            problem_ = "the receiver has ended the session";
            return false;
          }
          if (response.status != relp_ok) refusal_ = concat({"the receiver refuses: ", response.text});
          answers.add(response);
          continue;
        case relp_session::progress::incomplete: break;
      }
      char bytes[4096];
      transfer const got = stream_->receive(static_cast<char*>(bytes), sizeof bytes);
      if (got.error == EAGAIN) return true;
      if (got.error != 0) {
        problem_ = stream_->problem(got.error);
        return false;
      }
      relp_.received({static_cast<char const*>(bytes), got.bytes});
    }
  }

  /// Connects and begins a session.
  bool open_relp() {
    connect();
    if (!problem_.empty()) return false;
    relp_.begin();
    out_.clear();
    responses answers{relp_.put_open(out_), std::vector<std::uint32_t>(1), 1};
    bool is_going = stream_->send(out_.view()).bytes == out_.size();
    while (is_going && answers.waiting != 0)
      is_going = take_responses(answers) && (answers.waiting == 0 || wait(false));
    if (answers.status[0] == relp_ok) return true;
    if (answers.waiting == 0) problem_ = refusal_;
    problem_ = concat({"the receiver does not begin a RELP session", problem_.empty() ? "" : ": ", problem_});
    stream_->close();
    return false;
  }

  cancel_request cancel_;
  std::unique_ptr<byte_stream> stream_;
  message_writer messages_;
  frame_form form_;
  int timeout_ms_;
  text_buffer out_;
  std::vector<std::size_t> ends_;
  relp_session relp_;
  std::string problem_;
  std::string refusal_;  ///< of the last record that the receiver refused
};

}  // namespace fapilog::inline v0_1::detail::syslog
