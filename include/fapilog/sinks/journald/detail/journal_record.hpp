// SPDX-License-Identifier: MIT
// Writes an event in journald's native protocol, one journal field for each field.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/decimal.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/time.hpp>
#include <fapilog/record/uuid.hpp>
#include <fapilog/record/value.hpp>
#include <fapilog/sinks/detail/flat_fields.hpp>
#include <fapilog/sinks/detail/repeated_fields.hpp>
#include <fapilog/sinks/detail/syslog_severity.hpp>
#include <fapilog/sinks/detail/unique_names.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fapilog::inline v0_1::detail::journal {

inline constexpr std::size_t max_name = 64;
/// journald ignores entries with more than 1024 fields, including its own.
inline constexpr std::size_t max_fields = 960;

/// True for names that journald, journalctl or this sink give a meaning.
[[nodiscard]] inline bool is_reserved(std::string_view name) noexcept {
  constexpr std::array names{"MESSAGE",     "MESSAGE_ID",    "PRIORITY",           "TID",  "LOGGER",
                             "LEVEL",       "TIMESTAMP",     "FAPILOG_MESSAGE_ID", "UNIT", "USER_UNIT",
                             "MORE_FIELDS", "INVOCATION_ID", "USER_INVOCATION_ID"};
  for (std::string_view const prefix : {"SYSLOG_", "CODE_", "COREDUMP_", "OBJECT_"}) {
    if (name.starts_with(prefix)) return true;
  }
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Writes the name of the journal field for a key to `to`: upper case, other characters than A-Z, 0-9 and _ as _, at most 64
/// characters. Names that are reserved or begin with _ or a digit get the prefix `FIELD_`.
inline void map_name(std::string_view key, std::string& to) {
  to.clear();
  for (char const c : key) to.push_back(is_ascii_alphanumeric(c) ? to_ascii_upper(c) : '_');
  if (to.empty() || to.front() == '_' || is_ascii_digit(to.front()) || is_reserved(to))
    to.insert(0, "FIELD_");
  if (to.size() > max_name) to.resize(max_name);
}

/// Writes records one behind the other. Thread: one. Throws: std::bad_alloc.
class record_writer {
 public:
  explicit record_writer(std::string identifier) : identifier_(std::move(identifier)) {}

  /// Removes all records.
  void clear() noexcept { out_.clear_to(kept_bytes); }
  [[nodiscard]] text_buffer const& text() const noexcept { return out_; }

  /// Adds the event as one message of the protocol.
  void put(event const& e) {
    more_.clear_to(kept_bytes);
    names_.clear();
    put_text("MESSAGE", e.message);
    put_number("PRIORITY", syslog_severity(e.severity));
    put_text("SYSLOG_IDENTIFIER", identifier_);
    put_text("LEVEL", e.level_name);
    put_text("LOGGER", e.logger);
    begin("TIMESTAMP");
    out_.end_at(time_.put<9>(out_.room(40), e.unix_ns));
    out_.push_back('\n');
    begin("FAPILOG_MESSAGE_ID");
    out_.end_at(put_uuid(out_.room(36), e.message_id));
    out_.push_back('\n');
    if (*e.file != '\0') {
      put_text("CODE_FILE", e.file);
      put_number("CODE_LINE", e.line);
      put_text("CODE_FUNC", e.function);
    }
    if (e.thread_id != 0) put_number("TID", e.thread_id);
    if (e.process_id != 0) put_number("SYSLOG_PID", static_cast<std::uint64_t>(e.process_id));
    put_event_id(e.data);
    auto const put_one = [this](std::string_view path, value const& v) { put_field(path, v); };
    auto const put_diagnostics = [this](member const* first, member const* last) {
      for_each_flat_field(first, last, path_, [this](std::string_view path, value const& v) {
        if (!is_location(path)) put_field(path, v);
      });
      return more_.size() == 0;
    };
    constexpr std::size_t any_size = (std::numeric_limits<std::size_t>::max)();
    for_each_flat_field(e.context, path_, put_one);
    diagnostics_.put(e.diagnostics, out_, names_, any_size, max_fields, put_diagnostics);
    for_each_flat_field(e.data, path_, put_one);
    put_more();
  }

 private:
  static constexpr std::size_t kept_bytes = std::size_t{1} << 20;

  /// What `CODE_FILE` and the like have already.
  [[nodiscard]] static bool is_location(std::string_view key) noexcept {
    return key == "file" || key == "line" || key == "function" || key == "thread_id";
  }

  void begin(std::string_view name) {
    out_.append(name);
    out_.push_back('=');
  }
  /// Values with a line break have their size before them.
  void put_text(std::string_view name, std::string_view text) {
    if (text.find('\n') == std::string_view::npos) {
      begin(name);
      out_.append(text);
    } else {
      out_.append(name);
      out_.push_back('\n');
      for (unsigned shift = 0; shift < 64; shift += 8)
        out_.push_back(static_cast<char>((std::uint64_t{text.size()} >> shift) & 0xFF));
      out_.append(text);
    }
    out_.push_back('\n');
  }
  void put_number(std::string_view name, std::uint64_t number) {
    begin(name);
    out_.end_at(put_decimal(out_.room(20), number));
    out_.push_back('\n');
  }

  /// `MESSAGE_ID` is the id of a kind of event, so it is written only for a field `event_id` that is a UUID.
  void put_event_id(member_list const& data) {
    value const* const id = data.find("event_id");
    if (id == nullptr) return;
    std::string digits;
    if (id->type == kind::uuid) {
      id->visit([&digits]<class T>(T const& held) {
        if constexpr (std::is_same_v<T, uuid>) digits = to_string(held);
      });
    } else {
      digits = id->as_string();
    }
    std::erase(digits, '-');
    bool is_id = digits.size() == 32;
    for (char const c : digits) is_id = is_id && hex_value(c) >= 0;
    if (is_id) put_text("MESSAGE_ID", digits);
  }

  void put_field(std::string_view path, value const& v) {
    if (names_.size() == max_fields) return json::put_next_member(more_, {path, v});
    map_name(path, name_);
    names_.add(name_, max_name);
    if (v.type == kind::string) return put_text(name_, v.as_string());
    begin(name_);
    put_flat_text(out_, v);
    out_.push_back('\n');
  }

  /// The fields beyond the maximum, as one object of JSON.
  void put_more() {
    if (more_.size() == 0) return;
    more_.put_at(0, '{');  // instead of the first comma
    more_.push_back('}');
    put_text("MORE_FIELDS", more_.view());
  }

  std::string identifier_;
  text_buffer out_;
  text_buffer more_;
  std::string path_;
  std::string name_;
  unique_names names_;
  repeated_fields diagnostics_;
  timestamp_writer time_;
};

}  // namespace fapilog::inline v0_1::detail::journal
