// SPDX-License-Identifier: MIT
// Writes parts of an event as readable text that can neither forge a line nor control the terminal.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/copy_plain.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fapilog::inline v0_1::detail {

namespace pretty_detail {

inline constexpr std::string_view plain = "\x1b[0m";

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
[[nodiscard]] inline bool needs_quotes(std::string_view text) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  auto const has_any = [](char const* from) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, sizeof word);
    auto const has = [word](unsigned char c) {
      std::uint64_t const other = word ^ (ones * c);
      return (other - ones) & ~other & (ones << 7U);
    };
    return (has(' ') | has('"') | has('=') | has('\\')) != 0;
  };
  constexpr std::size_t step = sizeof(std::uint64_t);
  if (text.size() >= step) {
    char const* const last = text.data() + text.size() - step;
    for (char const* at = text.data(); at < last; at += step) {
      if (has_any(at)) return true;
    }
    return has_any(last);
  }
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

}  // namespace pretty_detail

}  // namespace fapilog::inline v0_1::detail
