// SPDX-License-Identifier: MIT
// Writes events as syslog messages: RFC 5424 with structured data, or RFC 3164.
#pragma once

#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/local_time.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/copy_plain.hpp>
#include <fapilog/detail/text/decimal.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/pretty.hpp>
#include <fapilog/record/scalar.hpp>
#include <fapilog/record/time.hpp>
#include <fapilog/record/uuid.hpp>
#include <fapilog/sinks/detail/flat_fields.hpp>
#include <fapilog/sinks/detail/repeated_fields.hpp>
#include <fapilog/sinks/detail/syslog_severity.hpp>
#include <fapilog/sinks/detail/unique_names.hpp>
#include <fapilog/sinks/syslog/message.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail::syslog {

inline constexpr std::size_t max_param_name = 32;

/// A field of the header: printable ASCII without spaces, at most `max_size` characters, `-` if empty.
[[nodiscard, gnu::cold]] inline std::string header_field(std::string_view text, std::size_t max_size) {
  std::string field{text.substr(0, max_size)};
  for (char& c : field) {
    if (c <= ' ' || c >= '\x7f') c = '_';
  }
  return field.empty() ? "-" : field;
}

/// The name of a parameter: printable ASCII without spaces, `=`, `]` and quotes, at most 32 characters.
inline void map_param_name(std::string_view key, std::string& to) {
  to.assign(key.substr(0, max_param_name));
  for (char& c : to) {
    if (c <= ' ' || c >= '\x7f' || c == '=' || c == ']' || c == '"') c = '_';
  }
  if (to.empty()) to = "_";
}

/// Writes messages one after the other. Thread: one. Throws: std::bad_alloc.
class message_writer {
 public:
  /// `is_local`: the receiver is on this machine, which RFC 3164 shows by leaving out the name of the host.
  message_writer(sinks::syslog_message config, bool is_local, std::uint32_t default_max_bytes)
      : config_(std::move(config)),
        host_(header_field(config_.hostname.empty() ? host_name() : config_.hostname, 255)),
        app_(config_.app_name.empty() ? program_name() : config_.app_name),
        is_local_(is_local),
        max_bytes_(config_.max_bytes != 0 ? config_.max_bytes
                   : is_old()             ? 1024
                                          : default_max_bytes) {
    app_ = is_old() ? tag(app_) : header_field(app_, 48);
  }

  [[nodiscard]] std::size_t max_bytes() const noexcept { return max_bytes_; }

  /// Returns the event as a message of at most `max_bytes` (at least 512). The view is valid until the next call.
  [[nodiscard]] std::string_view put(event const& e, std::size_t max_bytes) {
    constexpr std::size_t kept_bytes = std::size_t{1} << 20;
    out_.clear_to(kept_bytes);
    text_.clear_to(kept_bytes);
    out_.push_back('<');
    put_number(static_cast<unsigned>(config_.facility) * 8 + syslog_severity(e.severity));
    out_.push_back('>');
    pretty_detail::put_text(text_, e.message);
    if (is_old()) {
      put_old(e, max_bytes);
    } else {
      put_new(e, max_bytes);
    }
    return out_.view();
  }
  [[nodiscard]] std::string_view put(event const& e) { return put(e, max_bytes_); }

 private:
  static constexpr std::string_view bom = "\xEF\xBB\xBF";
  static constexpr std::string_view cut_param = " truncated=\"true\"";
  static constexpr std::string_view cut_mark = "...";

  [[nodiscard]] bool is_old() const noexcept { return config_.format == sinks::syslog_format::rfc3164; }

  /// A tag of RFC 3164 ends at the first character that is not alphanumeric; receivers accept a few more.
  [[nodiscard, gnu::cold]] static std::string tag(std::string_view name) {
    std::string result{name.substr(0, 32)};
    for (char& c : result) {
      if (!is_ascii_alphanumeric(c) && c != '-' && c != '_' && c != '.') c = '_';
    }
    return result;
  }

  void put_number(std::uint64_t number) { out_.end_at(put_decimal(out_.room(20), number)); }
  void put_process(event const& e) {
    if (own_process_ == 0 || generation_ != fork_generation.load_relaxed()) {
      own_process_ = process_id();
      generation_ = watched_fork_generation();
    }
    put_number(static_cast<std::uint64_t>(e.process_id != 0 ? e.process_id : own_process_));
  }

  // --- RFC 5424 -------------------------------------------------------------------------------------------

  void put_new(event const& e, std::size_t max_bytes) {
    out_.append("1 ");
    out_.end_at(time_.put<6>(out_.room(40), e.unix_ns));
    for (std::string const* const part : {&host_, &app_}) {
      out_.push_back(' ');
      out_.append(*part);
    }
    out_.push_back(' ');
    put_process(e);
    out_.push_back(' ');
    put_message_type(e);
    out_.push_back(' ');

    bool const has_bom = config_.utf8_bom && !is_ascii(text_.view());
    std::size_t const text_overhead = 1 + (has_bom ? bom.size() : 0);
    // At least a quarter is for the text, if it needs that.
    std::size_t const for_text = text_overhead + (std::min)(text_.size(), max_bytes / 4);
    bool is_cut = false;
    if (config_.sd_id.empty()) {
      out_.push_back('-');
    } else {
      is_cut = !put_fields(e, max_bytes - for_text - cut_param.size() - 1);
      std::size_t const left = max_bytes - out_.size() - cut_param.size() - 1;
      is_cut = is_cut || text_overhead + text_.size() > left;
      if (is_cut) out_.append(cut_param);
      out_.push_back(']');
    }
    if (text_.size() == 0) return;
    out_.push_back(' ');
    if (has_bom) out_.append(bom);
    append_cut(text_.view(), max_bytes);
  }

  /// MSGID, the type of a message: the field `event_id`.
  void put_message_type(event const& e) {
    value const* const id = e.data.find("event_id");
    if (id == nullptr) return out_.push_back('-');
    out_.append(header_field(id->as_string(), 32));
  }

  [[nodiscard]] static bool is_ascii(std::string_view text) noexcept {
    std::uint64_t word = 0;  // eight characters at a time
    for (; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
      std::memcpy(&word, text.data(), sizeof word);
      if ((word & 0x8080808080808080U) != 0) return false;
    }
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  }

  /// Writes the element with all fields, without its end. Returns false if some are cut or left out, because the message would
  /// grow beyond `limit`.
  bool put_fields(event const& e, std::size_t limit) {
    names_.clear();
    out_.push_back('[');
    out_.append(config_.sd_id);
    bool is_whole = put_param("level", value::of_string(e.level_name), limit);
    is_whole = put_param("logger", value::of_string(e.logger), limit) && is_whole;
    char id[36];
    put_uuid(id, e.message_id);
    is_whole = put_param("message_id", value::of_string({id, sizeof id}), limit) && is_whole;
    auto const put_all = [this, limit](member const* first, member const* last) {
      bool are_whole = true;
      for_each_flat_field(first, last, path_, [&](std::string_view path, value const& v) {
        map_param_name(path, name_);
        names_.add(name_, max_param_name);
        are_whole = put_param(name_, v, limit) && are_whole;
      });
      return are_whole;
    };
    constexpr std::size_t any_count = (std::numeric_limits<std::size_t>::max)();
    is_whole = put_all(e.context.begin(), e.context.end()) && is_whole;
    is_whole = diagnostics_.put(e.diagnostics, out_, names_, limit - 1, any_count, put_all) && is_whole;
    return put_all(e.data.begin(), e.data.end()) && is_whole;
  }

  /// Writes a parameter. A string that does not fit is cut, another value is left out; then returns false.
  bool put_param(std::string_view name, value const& v, std::size_t limit) {
    std::size_t const begin = out_.size();
    out_.push_back(' ');
    out_.append(name);
    out_.append("=\"");
    if (out_.size() + 1 >= limit) {
      out_.shrink(begin);
      return false;
    }
    bool is_whole = true;
    if (v.type == kind::string) {
      is_whole = put_plain(v.as_string(), limit) || put_cut(v.as_string(), limit);
    } else if (v.type == kind::object || v.type == kind::exception || v.type == kind::array ||
               v.type == kind::character) {
      value_.clear();
      put_flat_text(value_, v);
      is_whole = put_escaped(value_.view(), limit);
    } else {  // no character of these is escaped
      put_flat_text(out_, v);
      is_whole = out_.size() + 1 <= limit;
    }
    if (!is_whole && v.type != kind::string) {
      out_.shrink(begin);
      return false;
    }
    out_.push_back('"');
    return is_whole;
  }

  /// Writes a string that fits and is printable ASCII without characters to escape. Otherwise writes nothing and returns false.
  bool put_plain(std::string_view text, std::size_t limit) {
    if (out_.size() + text.size() + 1 > limit) return false;
    char* to = out_.room(text.size() + block_bytes);
    char const* const begin = to;
    if (copy_plain(to, text.data(), text.size()) != text.size()) return false;
    if (!text.empty() && std::memchr(begin, ']', text.size()) != nullptr) return false;
    out_.end_at(to);
    return true;
  }
  /// Writes as much of a string as fits. Returns false if it is cut.
  bool put_cut(std::string_view text, std::size_t limit) {
    value_.clear();
    // Escaping only makes it longer, so no more of it can fit.
    pretty_detail::put_text(value_, text.substr(0, limit + 4));
    return put_escaped(value_.view(), limit) && text.size() <= limit;
  }
  /// Writes as much of a text without control characters as fits. Returns false if it is cut.
  bool put_escaped(std::string_view rest, std::size_t limit) {
    while (!rest.empty()) {
      // Nearly all characters need neither an escape nor a look at their size: they are copied at once.
      std::size_t const room = limit > out_.size() ? (std::min)(rest.size(), limit - out_.size() - 1) : 0;
      std::size_t plain = 0;
      while (plain < room && is_plain(rest[plain])) ++plain;
      if (plain != 0) {
        out_.append(rest.substr(0, plain));
        rest.remove_prefix(plain);
        continue;
      }
      code_point const point = decode_utf8(rest);
      bool const is_escaped = rest[0] == '"' || rest[0] == '\\' || rest[0] == ']';
      if (out_.size() + point.size + (is_escaped ? 2 : 1) > limit) return false;
      if (is_escaped) out_.push_back('\\');
      out_.append(rest.substr(0, point.size));
      rest.remove_prefix(point.size);
    }
    return true;
  }

  [[nodiscard]] static bool is_plain(char c) noexcept {
    return static_cast<unsigned char>(c) < 0x80 && c != '"' && c != '\\' && c != ']';
  }

  // --- RFC 3164 -------------------------------------------------------------------------------------------

  void put_old(event const& e, std::size_t max_bytes) {
    put_old_time(e.unix_ns);
    if (!is_local_) {
      out_.push_back(' ');
      out_.append(host_);
    }
    out_.push_back(' ');
    out_.append(app_);
    out_.push_back('[');
    put_process(e);
    out_.append("]: ");
    if (!config_.sd_id.empty()) {
      auto const put = [this](std::string_view path, value const& v) {
        pretty_detail::put_member(text_, {path, v});
      };
      for_each_flat_field(e.context, path_, put);
      for_each_flat_field(e.diagnostics, path_, put);
      for_each_flat_field(e.data, path_, put);
    }
    bool const is_cut = out_.size() + text_.size() > max_bytes;
    append_cut(text_.view(), is_cut ? max_bytes - cut_mark.size() : max_bytes);
    if (is_cut) out_.append(cut_mark);
  }

  /// `Jan  7 10:30:00`, in the zone of the machine.
  void put_old_time(std::int64_t unix_ns) {
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    std::int64_t const second = unix_ns / 1'000'000'000 - (unix_ns % 1'000'000'000 < 0 ? 1 : 0);
    if (second != local_second_) {
      local_ = local_time(second);
      local_second_ = second;
    }
    char* to = out_.room(16);
    to = std::copy_n(months.data() + std::ptrdiff_t{3} * local_.month, 3, to);
    *to++ = ' ';
    time_detail::put_two(to, static_cast<unsigned>(local_.day));
    if (*to == '0') *to = ' ';
    to += 2;
    char before = ' ';
    for (int const part : {local_.hour, local_.minute, local_.second}) {
      *to++ = before;
      to = time_detail::put_two(to, static_cast<unsigned>(part));
      before = ':';
    }
    out_.end_at(to);
  }

  /// Appends as much of the text, up to the end of a character, as a message of this size has room for.
  void append_cut(std::string_view text, std::size_t max_bytes) {
    std::size_t const room = max_bytes > out_.size() ? max_bytes - out_.size() : 0;
    out_.append(text.size() <= room ? text : text.substr(0, clip_utf8(text.data(), room)));
  }

  sinks::syslog_message config_;
  std::string host_;
  std::string app_;
  bool is_local_;
  std::size_t max_bytes_;
  text_buffer out_;
  text_buffer text_;
  text_buffer value_;
  std::string path_;
  std::string name_;
  unique_names names_{"level", "logger", "message_id", "truncated"};
  repeated_fields diagnostics_;
  timestamp_writer time_;
  local_day_time local_;
  std::int64_t local_second_ = -1;
  std::int64_t own_process_ = 0;
  std::uint32_t generation_ = 0;  ///< the fork generation of `own_process_`
};

}  // namespace fapilog::inline v0_1::detail::syslog
