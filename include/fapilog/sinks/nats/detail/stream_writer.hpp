// SPDX-License-Identifier: MIT
// The work of the NATS sink: publishes batches, and waits for the acknowledgements of a stream.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/text/decimal.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/event_path.hpp>
#include <fapilog/record/uuid.hpp>
#include <fapilog/sinks/detail/cancel_request.hpp>
#include <fapilog/sinks/detail/recent_rejections.hpp>
#include <fapilog/sinks/nats/config.hpp>
#include <fapilog/sinks/nats/detail/acknowledgement.hpp>
#include <fapilog/sinks/nats/detail/connection.hpp>
#include <fapilog/sinks/sink.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::nats {

/// Thread: one at a time, except `collect` and `cancel`. Throws: std::bad_alloc. The constructor throws std::invalid_argument.
class stream_writer {
 public:
  explicit stream_writer(sinks::nats_config config) : config_(std::move(config)), connection_(config_) {
    check_settings("nats", config_);
    if (!config_.subject_field.empty()) field_.emplace(config_.subject_field);
  }
  stream_writer(stream_writer const&) = delete;
  stream_writer& operator=(stream_writer const&) = delete;

  [[nodiscard]] sinks::nats_config const& config() const noexcept { return config_; }

  void start(start_context const& context) {
    cancel_.clear();
    if (!config_.tls.verify)
      context.report("the certificate of the server is not checked (tls.verify)", connection_.peer());
  }
  void cancel() noexcept { cancel_.request(); }
  void stop() noexcept { connection_.close(); }

  write_result write(batch const& entries) {
    if (!connection_.is_open()) {
      connect_failure failure = connection_.open();
      if (!failure.reason.empty()) {
        last_error_ = std::move(failure.reason);
        return failure.is_refused ? write_result::refused(last_error_) : write_result::retry(last_error_);
      }
      figures_.connections.add();
    }
    sigpipe_guard pipe;  // libnats writes in this thread, too
    ++number_;
    progress now{std::vector<state>(entries.size(), state::unsent)};
    publish(entries, now);
    wait_for_answers(now);
    pipe.note(EPIPE);
    return settle(now);
  }

  [[gnu::cold]] void collect(metric_list& all) const {
    auto const add = [&all](char const* name, char const* help, counter const& count) {
      all.push_back({.name = name,
                     .help = help,
                     .kind = metric_kind::counter,
                     .value = static_cast<double>(count.value())});
    };
    add("fapilog_nats_delivered_total", "Records that a stream has acknowledged.", figures_.delivered);
    add("fapilog_nats_duplicates_total", "Of these, records that the stream had already.",
        figures_.duplicates);
    add("fapilog_nats_rejected_total", "Records that the stream does not accept.", figures_.rejected);
    add("fapilog_nats_connections_total", "Connections opened.", figures_.connections);
  }
  [[nodiscard, gnu::cold]] sink_health health() const {
    if (!last_error_.empty()) return {false, last_error_};
    return {!rejections_.are_many(), rejections_.description()};
  }

 private:
  enum class state : std::uint8_t { unsent, waiting, stored, failed, never };
  struct progress {
    std::vector<state> states;  ///< of each entry
    std::size_t waiting = 0;
    bool is_lost = false;     ///< the connection
    bool is_refused = false;  ///< the sink, by the stream
    std::string rejection = {};
  };
  struct totals {
    counter delivered;
    counter duplicates;
    counter rejected;
    counter connections;
  };

  void publish(batch const& entries, progress& now) {
    std::array<char, 37> id{};
    std::array<char, 48> answer_to{};
    char* const index_begin = put_decimal(answer_to.data(), number_) + 1;
    index_begin[-1] = '.';
    for (std::size_t i = 0; i < entries.size() && !cancel_.is_requested(); ++i) {
      put_uuid(id.data(), entries[i].event.message_id);
      char const* const end = put_decimal(index_begin, std::uint64_t{i});
      ::natsStatus const status = connection_.publish(
          subject_of(entries[i].event), {answer_to.data(), static_cast<std::size_t>(end - answer_to.data())},
          id.data(), entries[i].json);
      if (status == NATS_OK) {
        now.states[i] = state::waiting;
        ++now.waiting;
        continue;
      }
      if (status == NATS_MAX_PAYLOAD) {
        now.states[i] = state::never;
        now.rejection =
            concat({connection_.peer(), ": a record takes ", std::to_string(entries[i].json.size()),
                    " bytes, more than max_payload of the server"});
        continue;
      }
      now.is_lost = true;
      last_error_ = concat({connection_.peer(), ": ", connection::text_of(status)});
      return;
    }
  }

  /// The subject, with the value of the field as a further token. Valid until the next call.
  [[nodiscard]] std::string const& subject_of(event const& e) {
    if (!field_) return config_.subject;
    subject_.assign(config_.subject).push_back('.');
    std::size_t const begin = subject_.size();
    if (auto const text = field_->text(e, field_text_)) subject_ += *text;
    for (std::size_t i = begin; i < subject_.size(); ++i) {
      char const c = subject_[i];
      if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '.' || c == '*' || c == '>')
        subject_[i] = '_';
    }
    if (subject_.size() == begin) subject_ += '_';
    return subject_;
  }

  void wait_for_answers(progress& now) {
    auto const deadline = std::chrono::steady_clock::now() + config_.timeout;
    bool has_answer = false;
    while (now.waiting != 0 && !cancel_.is_requested()) {
      message answer;
      ::natsStatus status = connection_.next_answer(answer, 0);  // most have arrived: no look at the clock
      if (status == NATS_OK) {
        has_answer = true;
        take(answer, now);
        continue;
      }
      constexpr std::int64_t longest = 100;  // until `cancel` is noticed
      auto const left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) {
        std::string const server = connection_.server_error();
        last_error_ = concat({connection_.peer(), ": no acknowledgement within the timeout",
                              server.empty() ? "" : "; the server says: ", server});
        now.is_lost = !has_answer;  // perhaps nobody is there: the next attempt opens another one
        return;
      }
      if (status == NATS_TIMEOUT)
        status = connection_.next_answer(answer, (std::min)(std::int64_t{left.count()}, longest));
      if (status == NATS_TIMEOUT) continue;
      if (status == NATS_NO_RESPONDERS) {  // without a message: it does not say to which record
        has_answer = true;
        now.is_refused = true;
        last_error_ = concat({connection_.peer(), ": no stream takes the subject ", config_.subject,
                              field_ ? ".*" : "", "; create one with JetStream"});
        --now.waiting;
        continue;
      }
      if (status != NATS_OK) {
        std::string const server = connection_.server_error();
        last_error_ =
            concat({connection_.peer(), ": the connection is lost", server.empty() ? "" : ": ", server});
        now.is_lost = true;
        return;
      }
      has_answer = true;
      take(answer, now);
    }
    if (now.waiting != 0) last_error_ = cancel_request::reason;
  }

  void take(message const& answer, progress& now) {
    std::size_t const index = index_of(connection_.answered(answer));
    if (index >= now.states.size() || now.states[index] != state::waiting) return;  // of an earlier attempt
    --now.waiting;
    acknowledgement const ack = read_acknowledgement(
        {::natsMsg_GetData(answer.get()), static_cast<std::size_t>(::natsMsg_GetDataLength(answer.get()))});
    switch (ack.kind) {
      case ack_kind::duplicate: figures_.duplicates.add(); [[fallthrough]];
      case ack_kind::stored: now.states[index] = state::stored; return;
      case ack_kind::of_record:
        now.states[index] = state::never;
        now.rejection = concat({connection_.peer(), ": ", ack.reason});
        return;
      case ack_kind::of_sink: now.is_refused = true; [[fallthrough]];
      case ack_kind::temporary:
        now.states[index] = state::failed;
        last_error_ = concat({connection_.peer(), ": ", ack.reason});
    }
  }
  /// The index in a response to this attempt, `<number>.<index>`; else a number that is none.
  [[nodiscard]] std::size_t index_of(std::string_view answered) const noexcept {
    std::uint64_t number = 0;
    std::size_t index = 0;
    char const* const end = answered.data() + answered.size();
    auto const [dot, first] = std::from_chars(answered.data(), end, number);
    if (first != std::errc{} || dot == end || *dot != '.' || number != number_) return no_index;
    auto const [last, second] = std::from_chars(dot + 1, end, index);
    return second == std::errc{} && last == end ? index : no_index;
  }

  [[nodiscard]] write_result settle(progress const& now) {
    if (now.is_lost) connection_.close();
    std::vector<std::size_t> again;
    std::vector<std::size_t> never;
    for (std::size_t i = 0; i < now.states.size(); ++i) {
      if (now.states[i] == state::never) never.push_back(i);
      else if (now.states[i] != state::stored) again.push_back(i);
    }
    std::size_t const delivered = now.states.size() - again.size() - never.size();
    figures_.delivered.add(delivered);
    figures_.rejected.add(never.size());
    rejections_.add(delivered + never.size(), never.size());
    if (!never.empty()) rejections_.set_last_reason(now.rejection);
    if (again.empty()) {
      last_error_.clear();
      return write_result::partly({}, std::move(never), now.rejection);
    }
    if (last_error_.empty()) last_error_ = cancel_request::reason;
    constexpr std::chrono::seconds pause{30};
    return now.is_refused ? write_result::refused(last_error_, pause, std::move(again), std::move(never))
                          : write_result::partly(std::move(again), std::move(never), last_error_);
  }

  static constexpr std::size_t no_index = static_cast<std::size_t>(-1);

  sinks::nats_config config_;
  connection connection_;
  std::optional<event_path> field_;
  text_buffer field_text_;
  std::string subject_;
  std::uint64_t number_ = 0;  ///< of the attempt
  cancel_request cancel_;
  std::string last_error_;
  totals figures_;
  recent_rejections rejections_;
};

}  // namespace fapilog::inline v0_1::detail::nats
