// SPDX-License-Identifier: MIT
// Writes events as syslog messages: RFC 5424 with structured data, or RFC 3164.
#pragma once

#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/local_time.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/decimal.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/pretty.hpp>
#include <fapilog/record/scalar.hpp>
#include <fapilog/record/time.hpp>
#include <fapilog/record/uuid.hpp>
#include <fapilog/sinks/detail/flat_fields.hpp>
#include <fapilog/sinks/detail/syslog_severity.hpp>
#include <fapilog/sinks/syslog/message.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
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
    out_.end_at(put_timestamp(out_.room(40), e.unix_ns, 6));
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
    std::string_view const text = id == nullptr ? std::string_view{} : id->as_string();
    out_.append(header_field(text, 32));
  }

  [[nodiscard]] static bool is_ascii(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  }

  /// Writes the element with all fields, without its end. Returns false if some are cut or left out, because the message would
  /// grow beyond `limit`.
  bool put_fields(event const& e, std::size_t limit) {
    names_.clear();
    out_.push_back('[');
    out_.append(config_.sd_id);
    bool is_whole = true;
    auto const put = [this, limit, &is_whole](std::string const& path, value const& v) {
      map_param_name(path, name_);
      is_whole = put_param(v, limit) && is_whole;
    };
    name_ = "level";
    is_whole = put_param(value::of_string(e.level_name), limit);
    name_ = "logger";
    is_whole = put_param(value::of_string(e.logger), limit) && is_whole;
    char id[36];
    put_uuid(id, e.message_id);
    name_ = "message_id";
    is_whole = put_param(value::of_string({id, sizeof id}), limit) && is_whole;
    name_ = "truncated";  // reserved
    names_.add(name_, max_param_name);
    for_each_flat_field(e.context, path_, put);
    for_each_flat_field(e.diagnostics, path_, put);
    for_each_flat_field(e.data, path_, put);
    return is_whole;
  }

  /// Writes the parameter `name_`. A string that does not fit is cut, another value is left out; then returns false.
  bool put_param(value const& v, std::size_t limit) {
    std::size_t const begin = out_.size();
    names_.add(name_, max_param_name);
    out_.push_back(' ');
    out_.append(name_);
    out_.append("=\"");
    if (out_.size() + 1 >= limit) {
      out_.shrink(begin);
      return false;
    }
    value_.clear();
    if (v.type == kind::string) {
      // Escaping only makes it longer, so no more of it can fit.
      std::string_view const text = v.as_string();
      pretty_detail::put_text(value_, text.substr(0, limit + 4));
    } else {
      put_flat_text(value_, v);
    }
    bool is_whole = v.type != kind::string || v.as_string().size() <= limit;
    std::string_view rest = value_.view();
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
      if (out_.size() + point.size + (is_escaped ? 2 : 1) > limit) break;
      if (is_escaped) out_.push_back('\\');
      out_.append(rest.substr(0, point.size));
      rest.remove_prefix(point.size);
    }
    is_whole = is_whole && rest.empty();
    if (!is_whole && v.type != kind::string) {
      out_.shrink(begin);
      return false;
    }
    out_.push_back('"');
    return is_whole;
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
      auto const put = [this](std::string const& path, value const& v) {
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
  unique_names names_;
  local_day_time local_;
  std::int64_t local_second_ = -1;
  std::int64_t own_process_ = 0;
  std::uint32_t generation_ = 0;  ///< the fork generation of `own_process_`
};

}  // namespace fapilog::inline v0_1::detail::syslog
