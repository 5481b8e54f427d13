// SPDX-License-Identifier: MIT
// Writes an event as readable lines that can neither forge another line nor control the terminal.
#pragma once

#include <fapilog/detail/os/paths.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/copy_plain.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

struct pretty_style {
  bool colours = false;  ///< use the escape sequences of a terminal
  bool location = true;  ///< show file and line of the call
};

namespace pretty_detail {

inline constexpr std::string_view grey = "\x1b[90m";
inline constexpr std::string_view plain = "\x1b[0m";

[[nodiscard]] constexpr std::string_view colour_of(level severity) noexcept {
  if (severity < level::info) return grey;
  if (severity < level::warning) return "\x1b[34m";   // blue
  if (severity < level::error) return "\x1b[33m";     // yellow
  if (severity < level::critical) return "\x1b[31m";  // red
  if (severity < level::audit) return "\x1b[1;31m";   // bold red
  return "\x1b[35m";                                  // magenta
}

/// Writes one character that needs an escape or a check. Returns its length in the input.
inline std::size_t put_special(char*& to, std::string_view text, bool quoted) noexcept {
  auto const put = [&to](std::string_view escape) {
    std::memcpy(to, escape.data(), escape.size());
    to += escape.size();
  };
  char const first = text[0];
  if (first == '"' || first == '\\') {
    if (quoted) *to++ = '\\';
    *to++ = first;
    return 1;
  }
  if (first == '\n' || first == '\r' || first == '\t') {
    put(first == '\n' ? "\\n" : first == '\r' ? "\\r" : "\\t");
    return 1;
  }
  detail::code_point const point = detail::decode_utf8(text);
  if (!point.ok) {
    put("\xEF\xBF\xBD");
  } else if (detail::is_control(point.value)) {
    bool const is_short = point.value < 0x100;
    put(is_short ? "\\x" : "\\u");
    to = detail::put_hex(to, point.value, is_short ? 2 : 4);
  } else {
    put(text.substr(0, point.size));
  }
  return point.size;
}

/// Writes a string from its first special character on.
[[gnu::noinline]] inline void put_special_text(detail::text_buffer& out, std::string_view text, bool quoted) {
  constexpr std::size_t longest_escape = 6;
  constexpr std::size_t piece = 4096;
  while (!text.empty()) {
    // The last character may end a few bytes after the piece; the room includes them.
    std::size_t const size = text.size() < piece ? text.size() : piece;
    char* to = out.room(longest_escape * (size + 4) + detail::block_bytes);
    std::size_t done = 0;
    while (done < size) {
      done += detail::copy_plain(to, text.data() + done, size - done);
      if (done < size) done += put_special(to, text.substr(done), quoted);
    }
    out.end_at(to);
    text.remove_prefix(done);
  }
}

/// Writes a string, with control characters as `\n`, `\x1b` or `\u202e` and invalid UTF-8 as U+FFFD. If `quoted` is
/// true, quotes and backslashes are escaped, too.
inline void put_text(detail::text_buffer& out, std::string_view text, bool quoted = false) {
  char* to = out.room(text.size() + 2 + detail::block_bytes);
  if (quoted) *to++ = '"';
  std::size_t const copied = detail::copy_plain(to, text.data(), text.size());
  out.end_at(to);
  if (copied != text.size()) [[unlikely]]
    put_special_text(out, text.substr(copied), quoted);
  if (quoted) out.push_back('"');
}

/// False if a key or a string is unambiguous without quotes.
[[nodiscard]] constexpr bool needs_quotes(std::string_view text) noexcept {
  for (char const c : text) {
    if (c == ' ' || c == '"' || c == '=' || c == '\\') return true;
  }
  return text.empty();
}

struct pretty_visitor : detail::json::json_detail::plain_visitor {
  using plain_visitor::operator();

  void operator()(std::string_view text) const { put_text(out, text, needs_quotes(text)); }
  void operator()(char32_t code_point) const {
    char bytes[4];
    (*this)(detail::json::json_detail::utf8_of(bytes, code_point));
  }
};

inline void put_value(detail::text_buffer& out, value const& v) { v.visit(pretty_visitor{{{out}}}); }

inline void put_member(detail::text_buffer& out, member const& m) {
  out.push_back(' ');
  put_text(out, m.key, needs_quotes(m.key));
  out.push_back('=');
  put_value(out, m.value);
}

/// Writes `    type: message`, further members, the stack line by line, then each cause.
[[gnu::cold]] inline void put_exception(detail::text_buffer& out, value const& exception) {
  value const* current = &exception;
  for (std::string_view prefix = "    "; current != nullptr; prefix = "    caused by: ") {
    value const* cause = nullptr;
    std::string_view type, message, stack;
    for (std::uint32_t i = 0; i < current->size; ++i) {
      member const& m = current->members[i];
      if (m.key == "error.type") type = m.value.as_string();
      if (m.key == "error.message") message = m.value.as_string();
      if (m.key == "error.stack") stack = m.value.as_string();
      if (m.key == "error.cause" && m.value.is_object()) cause = &m.value;
    }
    out.append(prefix);
    put_text(out, type);
    out.append(": ");
    put_text(out, message);
    for (std::uint32_t i = 0; i < current->size; ++i) {
      member const& m = current->members[i];
      bool const is_shown = m.key == "error.type" || m.key == "error.message" ||
                            (m.key == "error.stack" && !stack.empty()) || &m.value == cause;
      if (!is_shown) put_member(out, m);
    }
    out.push_back('\n');
    while (!stack.empty()) {
      std::size_t const end = stack.find('\n');
      out.append("        ");
      put_text(out, stack.substr(0, end));
      out.push_back('\n');
      stack.remove_prefix(end == std::string_view::npos ? stack.size() : end + 1);
    }
    current = cause;
  }
}

inline void put_location(detail::text_buffer& out, event const& e) {
  std::string_view file = e.file;
  file.remove_prefix(detail::begin_of_file_name(file));
  out.append(" (");
  put_text(out, file);
  out.push_back(':');
  detail::json::put_integer(out, e.line);
  out.push_back(')');
}

}  // namespace pretty_detail

/// Writes events one after the other. Thread: one. Throws: std::bad_alloc.
class pretty_writer {
 public:
  explicit pretty_writer(pretty_style style = {}) : style_(style) {}

  /// Appends `2026-01-27 10:30:00.123Z | INFO     | logger | message key=value ... (file.cpp:12)` with a line end, in UTC:
  /// data, then the ids of the context, then the place of the call. An exception follows on indented lines. Strings with
  /// spaces, quotes, `=` or backslashes are quoted; objects and arrays have the form of JSON. The message id and what
  /// enrichers add to `diagnostics` appear only in JSON.
  void put(detail::text_buffer& out, event const& e) {
    using namespace pretty_detail;
    char* const time = out.room(32);
    out.end_at(time_.put(time, e.unix_ns));
    time[10] = ' ';
    out.append(head_of(e));

    put_text(out, e.message);
    for (member const& m : e.data) put_member(out, m);
    for (member const& m : e.context) {
      if (m.value.type != kind::null) put_member(out, m);
    }
    if (style_.location && e.file != nullptr && e.file[0] != '\0') {
      out.append(location_of(e));
    }
    out.push_back('\n');
    value const* const exception = e.diagnostics.find("exception");
    if (exception != nullptr && exception->is_object()) put_exception(out, *exception);
  }

 private:
  // What many events have, and its text; the text is empty until both are complete.
  struct head {
    level severity = level::info;
    std::string level_name;
    std::string logger;
    std::string text;
  };
  struct location {
    std::string file;
    std::uint32_t line = 0;
    std::string text;
  };

  /// ` | INFO     | logger | `
  [[nodiscard]] std::string_view head_of(event const& e) {
    head& known = heads_[static_cast<std::size_t>(e.severity) / 10 % heads_.size()];
    if (known.text.empty() || known.level_name != e.level_name || known.logger != e.logger ||
        known.severity != e.severity) [[unlikely]] {
      put_head(known, e);
    }
    return known.text;
  }
  [[gnu::noinline]] void put_head(head& known, event const& e) {
    using namespace pretty_detail;
    scratch_.clear();
    scratch_.append(" | ");
    if (style_.colours) scratch_.append(colour_of(e.severity));
    std::size_t const begin = scratch_.size();
    put_text(scratch_, e.level_name);
    constexpr std::size_t widest = 8;  // CRITICAL
    while (scratch_.size() - begin < widest) scratch_.push_back(' ');
    if (style_.colours) scratch_.append(plain);
    scratch_.append(" | ");
    put_text(scratch_, e.logger);
    scratch_.append(" | ");
    known.text.clear();
    known.severity = e.severity;
    known.level_name = e.level_name;
    known.logger = e.logger;
    known.text = scratch_.view();
  }

  /// ` (file.cpp:12)`
  [[nodiscard]] std::string_view location_of(event const& e) {
    auto const address = reinterpret_cast<std::uintptr_t>(e.file);
    location& known = locations_[(address ^ (address >> 6U) ^ e.line) % locations_.size()];
    if (known.text.empty() || known.line != e.line || known.file != e.file) [[unlikely]]
      put_location(known, e);
    return known.text;
  }
  [[gnu::noinline]] void put_location(location& known, event const& e) {
    using namespace pretty_detail;
    scratch_.clear();
    if (style_.colours) scratch_.append(grey);
    pretty_detail::put_location(scratch_, e);
    if (style_.colours) scratch_.append(plain);
    known.text.clear();
    known.line = e.line;
    known.file = e.file;
    known.text = scratch_.view();
  }

  pretty_style style_;
  detail::timestamp_writer time_;
  std::array<head, 8> heads_;
  std::array<location, 64> locations_;
  detail::text_buffer scratch_;
};

}  // namespace fapilog::inline v0_1::detail
