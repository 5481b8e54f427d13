// SPDX-License-Identifier: MIT
// The requests of Datadog's logs intake (POST /api/v2/logs): https://docs.datadoghq.com/api/latest/logs/#send-logs.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/record/uuid.hpp>
#include <fapilog/record/value.hpp>
#include <fapilog/sinks/detail/syslog_severity.hpp>
#include <fapilog/sinks/http/datadog_config.hpp>
#include <fapilog/sinks/http/detail/exception_causes.hpp>
#include <fapilog/sinks/http/detail/http_message.hpp>
#include <fapilog/sinks/http/detail/http_verdict.hpp>
#include <fapilog/sinks/http/detail/http_writer.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// The status of a level. Datadog would take AUDIT, by its first letter, for an alert.
[[nodiscard]] constexpr std::string_view datadog_status(level severity) noexcept {
  constexpr std::array<std::string_view, 8> names{"emerg", "alert",  "critical", "error",
                                                  "warn",  "notice", "info",     "debug"};
  return names[syslog_severity(severity)];
}

/// An array with an object for each entry. Datadog's own attributes have the names of its standard attributes.
/// Thread: one at a time. Throws: std::bad_alloc.
class datadog_format final : public http_format {
 public:
  /// Datadog cuts a longer log, which leaves no valid JSON.
  static constexpr std::size_t max_log_bytes = 1'000'000;

  explicit datadog_format(sinks::datadog_config config) : config_(std::move(config)) {
    for (std::string const& tag : config_.tags) {
      if (!tags_.empty()) tags_ += ',';
      tags_ += tag;
      has_env_ |= tag.starts_with("env:");
      has_version_ |= tag.starts_with("version:");
    }
  }

  void encode(batch const& entries, std::string& body) override {
    constexpr std::size_t kept_bytes = std::size_t{8} << 20;
    text_.clear_to(kept_bytes);
    for (entry const& e : entries) {
      text_.push_back(text_.size() == 0 ? '[' : ',');
      std::size_t const begin = text_.size();
      put(e.event, e.event.message, /*is_cut=*/false);
      if (text_.size() - begin <= max_log_bytes) continue;
      text_.shrink(begin);
      put(e.event, cut_message(e.event.message), /*is_cut=*/true);
    }
    text_.push_back(']');
    body.append(text_.view());
  }
  void describe(batch const& /*entries*/, http_request& request) override {
    request.path = "/api/v2/logs";
    request.content_type = "application/json";
  }

  /// Datadog answers 202 with an empty object, a proxy may answer 200 with nothing. Any other text is that of another server, such
  /// as a page for logging in.
  [[nodiscard]] http_verdict judge(http_response const& response, batch const& /*entries*/,
                                   std::string_view peer) override {
    http_verdict verdict = verdict_of(response, peer);
    bool const is_delivered =
        response.failure == http_failure::none && verdict.outcome == http_outcome::delivered;
    if (!is_delivered || response.body.empty() || response.body.front() == '{') return verdict;
    return {.outcome = http_outcome::refused,
            .reason = concat(
                {peer, ": the response is not that of the logs intake; the URL is that of another server"})};
  }

 private:
  /// An escape takes at most six bytes, so that the rest of the log has room.
  [[nodiscard]] static std::string_view cut_message(std::string_view message) noexcept {
    constexpr std::size_t max_message = 100'000;
    if (message.size() <= max_message) return message;
    std::size_t size = max_message;
    while (size != 0 && is_utf8_continuation(message[size])) --size;
    return message.substr(0, size);
  }

  void put(event const& e, std::string_view message, bool is_cut) {
    constexpr std::int64_t millisecond_ns = 1'000'000;
    json::put_text_between(text_, "{\"ddsource\":\"", config_.source, "\"");
    put_text("ddtags", tags_of(e));
    put_text("hostname", config_.hostname.empty() ? text_in(e.diagnostics, "host") : config_.hostname);
    put_text("service", config_.service.empty() ? text_in(e.diagnostics, "service") : config_.service);
    put_text("status", datadog_status(e.severity));
    json::put_next_member(text_, {"timestamp", value::of_number(e.unix_ns / millisecond_ns)});
    json::put_text_between(text_, ",\"message\":\"", message, "\",\"message_id\":\"");
    text_.end_at(put_uuid(text_.room(40), e.message_id));
    json::put_text_between(text_, "\",\"logger\":{\"name\":\"", e.logger, "\"");
    put_text("level", e.level_name);
    put_text("thread_name", text_in(e.diagnostics, "thread_name"));
    text_.push_back('}');
    if (is_cut) {
      text_.append(",\"truncated\":true}");
      return;
    }
    put_context(e.context);
    put_diagnostics(e.diagnostics);
    if (!e.data.empty()) {
      text_.append(",\"data\":");
      json::put_members(text_, e.data.begin(), e.data.size());
    }
    text_.push_back('}');
  }

  void put_context(member_list const& context) {
    for (member const& m : context) {
      if (m.value.type == kind::null || m.key == "message_id") continue;
      if (m.key != "user_id") {
        json::put_next_member(text_, m);
        continue;
      }
      text_.append(",\"usr\":{\"id\":");
      json::put(text_, m.value);
      text_.push_back('}');
    }
  }

  void put_diagnostics(member_list const& diagnostics) {
    std::size_t const begin = text_.size();
    value const* exception = nullptr;
    for (member const& m : diagnostics) {
      if (m.key == "exception" && m.value.is_object()) exception = &m.value;
      else if (m.key != "origin" && !is_reserved(m.key)) json::put_next_member(text_, m);
    }
    if (text_.size() != begin) {
      std::string const members{text_.from(begin)};
      text_.shrink(begin);
      text_.append(",\"diagnostics\":{");
      text_.append(std::string_view{members}.substr(1));
      text_.push_back('}');
    }
    if (exception != nullptr) put_exception(*exception);
  }

  /// An exception without a stack has its causes in place of it.
  void put_exception(value const& exception) {
    scratch_.clear();
    put_causes(scratch_, exception);
    text_.append(",\"error\":{");
    std::size_t const begin = text_.size();
    for (std::uint32_t i = 0; i < exception.size; ++i) {
      member const& m = exception.members[i];
      if (m.key == "error.cause") continue;
      std::string_view name = m.key;
      if (name == "error.type") name = "kind";
      else if (name == "error.message") name = "message";
      else if (name == "error.stack") name = "stack";
      if (name == "stack") scratch_.clear();
      json::put_next_member(text_, {name, m.value});
    }
    put_text("stack", scratch_.view());
    if (text_.size() != begin) text_.put_at(begin, ' ');  // instead of the first comma
    text_.push_back('}');
  }

  /// True for what has a place outside `diagnostics`.
  [[nodiscard]] static bool is_reserved(std::string_view key) noexcept {
    constexpr std::array<std::string_view, 5> keys{"host", "service", "env", "version", "thread_name"};
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  }

  [[nodiscard]] std::string const& tags_of(event const& e) {
    tags_of_record_ = tags_;
    if (!has_env_) add_tag("env:", text_in(e.diagnostics, "env"));
    if (!has_version_) add_tag("version:", text_in(e.diagnostics, "version"));
    return tags_of_record_;
  }
  void add_tag(std::string_view key, std::string_view text) {
    if (text.empty()) return;
    if (!tags_of_record_.empty()) tags_of_record_ += ',';
    tags_of_record_.append(key);
    for (char const c : text) tags_of_record_ += c == ',' ? '_' : c;
  }

  [[nodiscard]] static std::string_view text_in(member_list const& members, std::string_view key) noexcept {
    value const* const found = members.find(key);
    return found == nullptr ? std::string_view{} : found->as_string();
  }
  void put_text(std::string_view name, std::string_view text) {
    if (!text.empty()) json::put_next_member(text_, {name, value::of_string(text)});
  }

  sinks::datadog_config config_;
  std::string tags_;
  bool has_env_ = false;
  bool has_version_ = false;
  std::string tags_of_record_;
  text_buffer scratch_;
  text_buffer text_;
};

}  // namespace fapilog::inline v0_1::detail
