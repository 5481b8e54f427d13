// SPDX-License-Identifier: MIT
// The requests of Splunk's HTTP Event Collector, and what the responses mean.
#pragma once

#include <fapilog/detail/os/platform.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/event_path.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/json_parts.hpp>
#include <fapilog/record/uuid.hpp>
#include <fapilog/record/value.hpp>
#include <fapilog/sinks/http/detail/http_message.hpp>
#include <fapilog/sinks/http/detail/http_verdict.hpp>
#include <fapilog/sinks/http/detail/http_writer.hpp>
#include <fapilog/sinks/http/detail/named_path.hpp>
#include <fapilog/sinks/http/detail/splunk_acknowledgements.hpp>
#include <fapilog/sinks/http/detail/splunk_code.hpp>
#include <fapilog/sinks/http/splunk_config.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// `{"time":<s>,"host":...,"source":...,"sourcetype":...,"index":...,"fields":{...},"event":<record>}` for each entry.
/// Thread: one at a time. Throws: std::bad_alloc.
class splunk_format final : public http_format {
 public:
  explicit splunk_format(sinks::splunk_config config)
      : config_(std::move(config)),
        channel_(config_.channel.empty() && config_.acknowledgement
                     ? to_string(uuid7_generator{}.next(wall_clock_ns()))
                     : config_.channel),
        acknowledgements_(config_.acknowledgement ? channel_header() : std::string{}) {
    for (std::string const& field : config_.fields) fields_.emplace_back(field);
  }

  [[nodiscard]] sinks::splunk_config const& config() const noexcept { return config_; }
  [[nodiscard]] splunk_acknowledgements& acknowledgements() noexcept { return acknowledgements_; }

  void encode(batch const& entries, std::string& body) override {
    constexpr std::size_t kept_bytes = std::size_t{8} << 20;
    text_.clear_to(kept_bytes);
    for (entry const& e : entries) put(e);
    body.append(text_.view());
  }
  void describe(batch const& /*entries*/, http_request& request) override {
    request.path = "/services/collector/event";
    request.content_type = "application/json";
    if (!channel_.empty()) request.headers.push_back(channel_header());
  }

  [[nodiscard]] http_verdict judge(http_response const& response, batch const& entries,
                                   std::string_view peer) override {
    http_verdict verdict = splunk_verdict(response, peer);
    if (verdict.outcome != http_outcome::delivered || !acknowledgements_.are_expected()) return verdict;
    auto const id = json::unsigned_number(json::find_member(response.body, "\"ackId\""));
    if (!id) {
      return {.outcome = http_outcome::refused,
              .reason = concat({peer, ": ", splunk_codes[splunk_ack_disabled].meaning})};
    }
    acknowledgements_.add(*id, entries);
    return verdict;
  }

 private:
  [[nodiscard]] std::string channel_header() const {
    return concat({"X-Splunk-Request-Channel: ", channel_});
  }

  void put(entry const& e) {
    text_.append("{\"time\":");
    put_time(e.event.unix_ns);
    put_member("host", config_.host.empty() ? host_.text(e.event, value_text_).value_or("") : config_.host);
    put_member("source", config_.source.empty() ? e.event.logger : config_.source);
    put_member("sourcetype", config_.sourcetype);
    put_member("index", config_.index);
    put_fields(e.event);
    text_.append(",\"event\":");
    bool const is_object = !e.json.empty() && e.json.front() == '{';
    if (is_object) text_.append(e.json);
    else json::put_text(text_, e.json);  // a processor made another form of it
    text_.append("}\n");
  }
  /// Seconds with microseconds; the collector has no times before 1970.
  void put_time(std::int64_t unix_ns) {
    constexpr std::int64_t second_us = 1'000'000;
    std::int64_t const us = unix_ns < 0 ? 0 : unix_ns / 1'000;
    json::put_integer(text_, us / second_us);
    std::string const fraction = std::to_string(second_us + us % second_us);
    text_.push_back('.');
    text_.append(std::string_view{fraction}.substr(1));
  }
  void put_member(std::string_view name, std::string_view text) {
    if (!text.empty()) json::put_next_member(text_, {name, value::of_string(text)});
  }
  void put_fields(event const& e) {
    std::size_t const begin = text_.size();
    for (named_path const& field : fields_) {
      if (auto const text = field.path.text(e, value_text_)) put_member(field.name, *text);
    }
    if (text_.size() == begin) return;
    text_.push_back('}');
    std::string const members{text_.from(begin)};
    text_.shrink(begin);
    text_.append(",\"fields\":{");
    text_.append(std::string_view{members}.substr(1));
  }

  sinks::splunk_config config_;
  std::string channel_;
  splunk_acknowledgements acknowledgements_;
  std::vector<named_path> fields_;
  event_path host_{"diagnostics.host"};
  text_buffer value_text_;
  text_buffer text_;
};

}  // namespace fapilog::inline v0_1::detail
