// SPDX-License-Identifier: MIT
// The work of the Kafka sink: the only header that includes librdkafka.
#pragma once

#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/standard_descriptors.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/os/watched_socket.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/event_path.hpp>
#include <fapilog/record/uuid.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/sinks/detail/cancel_request.hpp>
#include <fapilog/sinks/detail/recent_rejections.hpp>
#include <fapilog/sinks/kafka/config.hpp>
#include <fapilog/sinks/kafka/detail/error_kind.hpp>
#include <fapilog/sinks/kafka/detail/producer_figures.hpp>
#include <fapilog/sinks/kafka/detail/sent_messages.hpp>
#include <fapilog/sinks/sink.hpp>

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::kafka {

/// Thread: one at a time, except `collect` and `cancel`. Throws: std::bad_alloc. The constructor throws std::invalid_argument.
class topic_writer {
 public:
  explicit topic_writer(sinks::kafka_config config) : config_(std::move(config)) {
    check_settings("kafka", config_);
    if (!config_.key_field.empty()) key_.emplace(config_.key_field);
    make_properties();
  }
  topic_writer(topic_writer const&) = delete;
  topic_writer& operator=(topic_writer const&) = delete;
  ~topic_writer() { stop(); }

  [[nodiscard]] sinks::kafka_config const& config() const noexcept { return config_; }

  void start() noexcept { cancel_.clear(); }
  /// Writes end soon, until the next start. What the producer has not sent by then, its end discards.
  void cancel() noexcept { cancel_.request(); }

  write_result write(batch const& entries) {
    if (std::string const problem = start_producer(); !problem.empty()) return write_result::retry(problem);
    are_brokers_down_ = false;
    attempt now{entries, std::chrono::steady_clock::now() + config_.timeout,
                std::vector<message*>(entries.size(), nullptr)};
    std::vector<std::size_t> all(entries.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    (void)send_group(now, all);
    return settle(entries, now.messages, std::move(now.never));
  }

  void stop() noexcept {
    if (producer_ == nullptr) return;
    // The threads of a parent process do not exist in a forked child: there is nothing that could be ended.
    if (generation_ == fork_generation.load_relaxed()) {
      ::rd_kafka_purge(producer_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
      ::rd_kafka_destroy(producer_);
    }
    producer_ = nullptr;
    messages_.clear();
  }

  [[gnu::cold]] void collect(metric_list& all) const { figures_.collect(all); }

  [[nodiscard, gnu::cold]] sink_health health() const {
    if (!last_error_.empty()) return {false, concat({"topic ", config_.topic, ": ", last_error_})};
    return {!rejections_.are_many(), rejections_.description()};
  }

 private:
  // --- settings ---

  [[gnu::cold]] void make_properties() {
    properties_.reset(::rd_kafka_conf_new());
    if (properties_ == nullptr) throw std::bad_alloc{};
    // What the guarantees rest on. A message without a time limit is never given up by the producer, so that a later one
    // cannot overtake it and none is sent twice.
    constexpr std::array fixed{std::pair{"enable.idempotence", "true"}, std::pair{"acks", "all"},
                               std::pair{"message.timeout.ms", "0"}};
    for (std::string const& property : config_.properties) {
      std::size_t const equals = property.find('=');
      std::string const name = property.substr(0, equals);
      for (auto const& [fixed_name, value] : fixed) {
        if (name == fixed_name)
          refuse_setting("kafka", "properties", name, "another property: this one is fixed");
      }
      set(name, property.substr(equals + 1));
    }
    for (auto const& [name, value] : fixed) set(name, value);
    std::string brokers;
    for (std::string const& broker : config_.brokers) brokers += (brokers.empty() ? "" : ",") + broker;
    set("bootstrap.servers", brokers);
    set("compression.codec",
        std::string{enum_names<sinks::kafka_compression>::names[static_cast<std::size_t>(config_.compression)]
                        .second});
    set("message.max.bytes", std::to_string(config_.max_message_bytes));
    constexpr std::uint64_t kibibyte = 1024;
    set("queue.buffering.max.kbytes", std::to_string(config_.max_queued_bytes / kibibyte));
    set("queue.buffering.max.messages", "0");
    set("partitioner", "murmur2_random");  // the one of the Java client
    set_default("client.id", "fapilog");
    set_default("linger.ms", "1");
    set_default("reconnect.backoff.max.ms", "1000");
    set_default("socket.connection.setup.timeout.ms", "10000");  // by default 30 s without a response
    set_default("statistics.interval.ms", "5000");
    ::rd_kafka_conf_set_opaque(properties_.get(), this);
    ::rd_kafka_conf_set_dr_msg_cb(properties_.get(), &on_report);
    ::rd_kafka_conf_set_error_cb(properties_.get(), &on_error);
    ::rd_kafka_conf_set_stats_cb(properties_.get(), &on_statistics);
    // librdkafka itself ends a connection only when a request has had no response for `socket.timeout.ms` (60 s): a firewall
    // that forgot the connection would stop the sink for that long.
    if (socket_maker const maker = watched_socket_maker(); maker != nullptr)
      ::rd_kafka_conf_set_socket_cb(properties_.get(), maker);
    ::rd_kafka_conf_set_log_cb(properties_.get(), [](::rd_kafka_t const*, int, char const*, char const*) {});
  }
  /// librdkafka's own message repeats the value, which may be a secret.
  [[gnu::cold]] void set(std::string const& name, std::string const& value) {
    switch (::rd_kafka_conf_set(properties_.get(), name.c_str(), value.c_str(), nullptr, 0)) {
      case RD_KAFKA_CONF_OK: return;
      case RD_KAFKA_CONF_UNKNOWN:
        return refuse_setting("kafka", "properties", name, "a property of this librdkafka");
      case RD_KAFKA_CONF_INVALID: break;
    }
    refuse_setting("kafka", "properties", name, "a value that librdkafka accepts for it");
  }
  [[gnu::cold]] void set_default(std::string const& name, std::string const& value) {
    for (std::string const& property : config_.properties) {
      if (property.starts_with(name + '=')) return;
    }
    set(name, value);
  }

  // --- the producer ---

  /// Returns what is wrong, or nothing.
  [[nodiscard]] std::string start_producer() {
    if (producer_ != nullptr && generation_ != fork_generation.load_relaxed()) stop();
    if (producer_ != nullptr) {
      if (::rd_kafka_fatal_error(producer_, nullptr, 0) == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
      stop();
      figures_.restarts.add();
    }
    reserve_standard_descriptors();
    ::rd_kafka_conf_t* const properties = ::rd_kafka_conf_dup(properties_.get());
    std::array<char, 512> why{};
    producer_ = ::rd_kafka_new(RD_KAFKA_PRODUCER, properties, why.data(), why.size());
    if (producer_ == nullptr) {
      ::rd_kafka_conf_destroy(properties);
      last_error_ = concat({"the producer cannot be made: ", why.data()});
      return last_error_;
    }
    generation_ = watched_fork_generation();
    return {};
  }

  [[nodiscard]] ::rd_kafka_resp_err_t send(entry const& e, message& m,
                                           std::chrono::steady_clock::time_point deadline) {
    m.state = message_state::waiting;
    for (;;) {
      ::rd_kafka_resp_err_t const error = try_to_send(e, m);
      if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) return error;
      int const wait_ms = milliseconds_until(deadline);
      if (wait_ms == 0 || are_brokers_down_ || cancel_.is_requested()) return error;
      ::rd_kafka_poll(producer_, wait_ms);
    }
  }

  [[nodiscard]] ::rd_kafka_resp_err_t try_to_send(entry const& e, message& m) {
    std::array<::rd_kafka_vu_t, 10> parts{};
    std::size_t count = 0;
    auto const add = [&](::rd_kafka_vtype_t type) -> ::rd_kafka_vu_t& {
      parts[count].vtype = type;
      return parts[count++];
    };
    add(RD_KAFKA_VTYPE_TOPIC).u.cstr = config_.topic.c_str();
    // Copied: the message may stay in the producer for longer than the batch.
    add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
    add(RD_KAFKA_VTYPE_OPAQUE).u.ptr = &m;
    constexpr std::int64_t ns_per_ms = 1'000'000;
    add(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = e.event.unix_ns / ns_per_ms;
    auto const view = [](::rd_kafka_vu_t& part, std::string_view text) {
      part.u.mem.ptr = const_cast<char*>(text.data());
      part.u.mem.size = text.size();
    };
    view(add(RD_KAFKA_VTYPE_VALUE), e.json);
    if (key_) {
      if (auto const key = key_->text(e.event, key_text_)) view(add(RD_KAFKA_VTYPE_KEY), *key);
    }
    // A list of our own: with single headers, librdkafka 2.0 frees them twice if the message is refused.
    std::unique_ptr<::rd_kafka_headers_t, void (*)(::rd_kafka_headers_t*)> headers{
        nullptr, ::rd_kafka_headers_destroy};
    if (config_.headers) {
      headers.reset(headers_of(e.event));
      add(RD_KAFKA_VTYPE_HEADERS).u.headers = headers.get();
    }
    std::unique_ptr<::rd_kafka_error_t, void (*)(::rd_kafka_error_t*)> const error{
        ::rd_kafka_produceva(producer_, parts.data(), count), ::rd_kafka_error_destroy};
    if (error != nullptr) return ::rd_kafka_error_code(error.get());
    (void)headers.release();
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }

  [[nodiscard]] static ::rd_kafka_headers_t* headers_of(event const& e) {
    constexpr std::size_t expected = 4;
    ::rd_kafka_headers_t* const all = ::rd_kafka_headers_new(expected);
    if (all == nullptr) throw std::bad_alloc{};
    auto const add = [all](char const* name, std::string_view text) {
      ::rd_kafka_header_add(all, name, -1, text.data(), static_cast<std::ptrdiff_t>(text.size()));
    };
    std::array<char, 36> id{};
    put_uuid(id.data(), e.message_id);
    add("message_id", {id.data(), id.size()});
    add("level", e.level_name);
    add("logger", e.logger);
    if (value const* const trace = e.context.find("trace_id"); trace != nullptr)
      add("trace_id", trace->as_string());
    return all;
  }

  /// Sends these entries and waits for their acknowledgements. Brokers refuse the whole request that a record at fault is in, so the
  /// halves of what they refused are sent again to find it. Returns false if no later record may be sent, because it would
  /// overtake one that has to be sent again.
  [[nodiscard]] bool send_group(attempt& now, std::vector<std::size_t> const& group) {
    bool const is_alone = group.size() == 1 && ::rd_kafka_outq_len(producer_) == 0;
    bool may_go_on = true;
    for (std::size_t const i : group) {
      entry const& e = now.entries[i];
      message& m = messages_[e.event.message_id];
      if (m.state == message_state::unsent || m.state == message_state::failed) {
        may_go_on = !cancel_.is_requested();
        if (!may_go_on) break;
        ::rd_kafka_resp_err_t const error = send(e, m, now.deadline);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
          messages_.erase(e.event.message_id);
          now.messages[i] = nullptr;
          last_error_ = error_text(error);
          may_go_on = kind_of(error) == error_kind::of_record;
          if (!may_go_on) break;
          now.never.push_back(i);
          continue;
        }
        m.is_alone = is_alone;
      }
      now.messages[i] = &m;
    }
    std::vector<std::size_t> refused;
    for (std::size_t const i : group) {
      if (now.messages[i] == nullptr) continue;
      message const& m = *now.messages[i];
      wait_for(m, now.deadline);
      may_go_on = may_go_on && m.state != message_state::waiting;
      if (m.state == message_state::failed && kind_of(m.error) == error_kind::of_record) refused.push_back(i);
    }
    if (refused.empty() || !may_go_on) return may_go_on;
    if (group.size() == 1) return is_alone;
    auto const middle = refused.begin() + static_cast<std::ptrdiff_t>((refused.size() + 1) / 2);
    return send_group(now, {refused.begin(), middle}) && send_group(now, {middle, refused.end()});
  }

  void wait_for(message const& m, std::chrono::steady_clock::time_point deadline) {
    while (m.state == message_state::waiting && !are_brokers_down_ && !cancel_.is_requested()) {
      int const wait_ms = milliseconds_until(deadline);
      if (wait_ms == 0) return;
      ::rd_kafka_poll(producer_, wait_ms);
    }
  }

  /// Sums up what became of the records, and forgets those that are finished.
  [[nodiscard]] write_result settle(batch const& entries, std::vector<message*> const& messages,
                                    std::vector<std::size_t> never) {
    std::vector<std::size_t> again;
    bool is_refused = false;
    std::size_t delivered = 0;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      message const* const m = messages[i];
      if (m == nullptr) {
        if (std::find(never.begin(), never.end(), i) == never.end()) again.push_back(i);
        continue;
      }
      if (m->state == message_state::waiting) {
        again.push_back(i);
        continue;  // the next attempt waits for it instead of sending it again
      }
      if (m->state == message_state::delivered) {
        ++delivered;
      } else {
        last_error_ = error_text(m->error);
        error_kind const kind = kind_of(m->error);
        is_refused = is_refused || kind == error_kind::of_sink;
        (kind == error_kind::of_record && m->is_alone ? never : again).push_back(i);
      }
      messages_.erase(entries[i].event.message_id);
    }
    forget_abandoned(messages_);
    figures_.delivered.add(delivered);
    figures_.rejected.add(never.size());
    figures_.queued.set(static_cast<std::uint64_t>(::rd_kafka_outq_len(producer_)));
    rejections_.add(delivered + never.size(), never.size());
    if (!never.empty()) rejections_.set_last_reason(last_error_);
    if (cancel_.is_requested() && last_error_.empty()) last_error_ = cancel_request::reason;
    std::string const reason =
        concat({"topic ", config_.topic, ": ",
                last_error_.empty() ? "no acknowledgement within the timeout" : last_error_});
    if (again.empty()) {
      last_error_.clear();
      is_sink_refused_ = false;
      std::sort(never.begin(), never.end());
      return never.empty() ? write_result::delivered() : write_result::rejected(std::move(never), reason);
    }
    if (last_error_.empty()) last_error_ = "no acknowledgement within the timeout";
    constexpr std::chrono::seconds pause{30};
    if (is_refused || is_sink_refused_) {
      // A new producer queries the brokers again; an old one may remember for minutes that a topic was refused.
      if (::rd_kafka_outq_len(producer_) == 0) stop();
      return write_result::refused(reason, pause, std::move(again), std::move(never));
    }
    return write_result::partly(std::move(again), std::move(never), reason);
  }

  // --- what librdkafka reports: within rd_kafka_poll, on this thread ---

  static void on_report(::rd_kafka_t* /*producer*/, ::rd_kafka_message_t const* report, void* self) {
    auto& m = *static_cast<message*>(report->_private);
    m.error = report->err;
    m.state = report->err == RD_KAFKA_RESP_ERR_NO_ERROR ? message_state::delivered : message_state::failed;
    if (m.state == message_state::failed) static_cast<topic_writer*>(self)->figures_.failed.add();
  }
  static void on_error(::rd_kafka_t* producer, int code, char const* reason, void* self) {
    auto& writer = *static_cast<topic_writer*>(self);
    auto const error = static_cast<::rd_kafka_resp_err_t>(code);
    writer.figures_.errors.add();
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
      writer.are_brokers_down_ = true;
      if (!writer.last_error_.empty()) return;  // the reason of the last broker is more precise
    }
    std::array<char, 512> fatal{};
    if (error == RD_KAFKA_RESP_ERR__FATAL) {
      ::rd_kafka_fatal_error(producer, fatal.data(), fatal.size());
      reason = fatal.data();
    }
    writer.is_sink_refused_ = kind_of(error) == error_kind::of_sink;
    writer.last_error_ = reason;
  }
  static int on_statistics(::rd_kafka_t* /*producer*/, char* text, std::size_t size, void* self) {
    static_cast<topic_writer*>(self)->figures_.read_statistics({text, size});
    return 0;  // librdkafka frees the text
  }

  [[nodiscard]] static std::string error_text(int code) {
    auto const error = static_cast<::rd_kafka_resp_err_t>(code);
    return concat({::rd_kafka_err2name(error), ": ", ::rd_kafka_err2str(error)});
  }
  [[nodiscard]] static int milliseconds_until(std::chrono::steady_clock::time_point deadline) noexcept {
    auto const left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    constexpr std::int64_t longest = 100;  // until `cancel` is noticed
    return left.count() <= 0 ? 0 : static_cast<int>((std::min)(std::int64_t{left.count()}, longest));
  }

  sinks::kafka_config config_;
  std::optional<event_path> key_;
  text_buffer key_text_;
  std::unique_ptr<::rd_kafka_conf_t, void (*)(::rd_kafka_conf_t*)> properties_{nullptr,
                                                                               ::rd_kafka_conf_destroy};
  ::rd_kafka_t* producer_ = nullptr;
  std::uint32_t generation_ = 0;  ///< the fork generation in which the producer was made
  sent_messages messages_;        ///< given to the producer, and not yet reported to the delivery
  cancel_request cancel_;
  bool are_brokers_down_ = false;
  bool is_sink_refused_ = false;
  std::string last_error_;
  producer_figures figures_;
  recent_rejections rejections_;
};

}  // namespace fapilog::inline v0_1::detail::kafka
