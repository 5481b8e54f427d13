// SPDX-License-Identifier: MIT
// Writes values as JSON: always valid, always UTF-8, with all control characters escaped.
#pragma once

#include <fapilog/detail/float_kind.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/copy_plain.hpp>
#include <fapilog/detail/text/decimal.hpp>
#include <fapilog/detail/text/fmt.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/time.hpp>
#include <fapilog/record/uuid.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fapilog::inline v0_1::detail::json {
namespace json_detail {

/// The longest output for one input byte: `\u0000`.
inline constexpr std::size_t longest_escape = 6;
inline constexpr std::size_t piece = 4096;

inline char* put_escape(char* to, std::uint32_t unit) noexcept {
  *to++ = '\\';
  *to++ = 'u';
  return detail::put_hex(to, unit, 4);
}

/// Writes one character that needs an escape or a check. Returns its length in the input.
inline std::size_t put_special(char*& to, std::string_view text) noexcept {
  char const first = text[0];
  char short_form = 0;
  switch (first) {
    case '"': short_form = '"'; break;
    case '\\': short_form = '\\'; break;
    case '\n': short_form = 'n'; break;
    case '\r': short_form = 'r'; break;
    case '\t': short_form = 't'; break;
    case '\b': short_form = 'b'; break;
    case '\f': short_form = 'f'; break;
    default: break;
  }
  if (short_form != 0) {
    *to++ = '\\';
    *to++ = short_form;
    return 1;
  }
  detail::code_point const point = detail::decode_utf8(text);
  if (!point.ok) {
    std::memcpy(to, "\xEF\xBF\xBD", 3);
    to += 3;
  } else if (detail::is_control(point.value)) {
    to = put_escape(to, point.value);
  } else {
    std::memcpy(to, text.data(), point.size);
    to += point.size;
  }
  return point.size;
}

}  // namespace json_detail

namespace json_detail {

/// Writes a string from its first special character on.
[[gnu::noinline]] inline void put_special_text(detail::text_buffer& out, std::string_view text) {
  while (!text.empty()) {
    // The last character may end a few bytes after the piece; the room includes them.
    std::size_t const size = text.size() < piece ? text.size() : piece;
    char* to = out.room(longest_escape * (size + 4) + detail::block_bytes);
    std::size_t done = 0;
    while (done < size) {
      done += detail::copy_plain(to, text.data() + done, size - done);
      if (done < size) done += put_special(to, text.substr(done));
    }
    out.end_at(to);
    text.remove_prefix(done);
  }
}

}  // namespace json_detail

/// Writes `before`, which has the opening quote, a string, and `after`, which has the closing one. Invalid UTF-8 becomes
/// U+FFFD, control characters become `\u` escapes.
template <std::size_t Before, std::size_t After>
[[gnu::always_inline]] inline void put_text_between(detail::text_buffer& out, char const (&before)[Before],
                                                    std::string_view text, char const (&after)[After]) {
  char* to = out.room(text.size() + Before + After + detail::block_bytes);
  std::memcpy(to, before, Before - 1);
  to += Before - 1;
  std::size_t const plain = detail::copy_plain(to, text.data(), text.size());
  if (plain != text.size()) [[unlikely]] {
    out.end_at(to);
    json_detail::put_special_text(out, text.substr(plain));
    to = out.room(After);
  }
  std::memcpy(to, after, After - 1);
  out.end_at(to + After - 1);
}

/// Writes a string in quotes.
inline void put_text(detail::text_buffer& out, std::string_view text) {
  put_text_between(out, "\"", text, "\"");
}

template <class Integer>
void put_integer(detail::text_buffer& out, Integer number) {
  out.end_at(detail::put_decimal(out.room(20), number));
}

/// Writes the shortest form that reads back as the same number, always with a point or an exponent. NaN and infinities,
/// which JSON does not have, become the strings "NaN", "Infinity" and "-Infinity".
template <class Float>
void put_float(detail::text_buffer& out, Float number) {
  char* const to = out.room(48);
  if constexpr (sizeof(Float) == sizeof(double)) {
    if (char* const end = detail::put_common_decimal(to, number)) return out.end_at(end);
  }
  switch (kind_of_float(number)) {
    case float_kind::finite: break;
    case float_kind::nan: return out.append("\"NaN\"");
    case float_kind::infinity: return out.append("\"Infinity\"");
    case float_kind::minus_infinity: return out.append("\"-Infinity\"");
  }
  char* end = fmt::format_to_n(to, 48, "{}", number).out;
  bool is_integral = true;
  for (char const* c = to; c != end; ++c)
    is_integral = is_integral && ((*c >= '0' && *c <= '9') || *c == '-');
  if (is_integral) {
    *end++ = '.';
    *end++ = '0';
  }
  out.end_at(end);
}

/// Writes seconds with a decimal point: 1.5, 0.000000001, -2.0.
inline void put_duration(detail::text_buffer& out, std::int64_t ns) {
  auto magnitude = ns < 0 ? 0 - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  if (ns < 0) out.push_back('-');
  put_integer(out, magnitude / 1'000'000'000);
  magnitude %= 1'000'000'000;
  char digits[10] = {'.'};
  for (std::size_t i = 9; i > 0; --i) {
    digits[i] = static_cast<char>('0' + magnitude % 10);
    magnitude /= 10;
  }
  std::size_t size = 10;
  while (size > 2 && digits[size - 1] == '0') --size;
  out.append({digits, size});
}

inline void put_hex(detail::text_buffer& out, std::string_view bytes) {
  char* to = out.room(bytes.size() * 2);
  for (char const c : bytes) to = detail::put_hex(to, static_cast<std::uint8_t>(c));
  out.end_at(to);
}

inline void put_pointer(detail::text_buffer& out, std::uint64_t address) {
  char* const to = out.room(20);
  std::memcpy(to, "0x", 2);
  out.end_at(std::to_chars(to + 2, to + 20, address, 16).ptr);
}

inline void put(detail::text_buffer& out, value const& v);
inline void put_members(detail::text_buffer& out, member const* first, std::size_t count);

namespace json_detail {

inline std::string_view utf8_of(char (&bytes)[4], char32_t code_point) noexcept {
  return {bytes, detail::encode_utf8(bytes, code_point)};
}

/// Writes a time, at most 38 characters.
inline char* put_time(char* to, value::timestamp time) noexcept {
  if (time.far_seconds != 0) [[unlikely]]
    return detail::put_far_timestamp(to, time.far_seconds, time.far_us, time.digits);
  return detail::put_timestamp(to, time.unix_ns, time.digits);
}

/// Writes what a value holds as JSON.
struct json_visitor {
  detail::text_buffer& out;

  [[gnu::always_inline]] void operator()(std::nullptr_t) const { out.append("null"); }
  [[gnu::always_inline]] void operator()(bool truth) const { out.append(truth ? "true" : "false"); }
  [[gnu::always_inline]] void operator()(std::int64_t number) const { put_integer(out, number); }
  [[gnu::always_inline]] void operator()(std::uint64_t number) const { put_integer(out, number); }
  [[gnu::always_inline]] void operator()(double number) const { put_float(out, number); }
  [[gnu::always_inline]] void operator()(float number) const { put_float(out, number); }
  [[gnu::always_inline]] void operator()(char32_t code_point) const {
    char bytes[4];
    put_text(out, utf8_of(bytes, code_point));
  }
  [[gnu::always_inline]] void operator()(std::string_view text) const { put_text(out, text); }
  [[gnu::always_inline]] void operator()(value::timestamp time) const {
    char* const to = out.room(40);
    *to = '"';
    char* end = put_time(to + 1, time);
    *end++ = '"';
    out.end_at(end);
  }
  [[gnu::always_inline]] void operator()(value::duration duration) const { put_duration(out, duration.ns); }
  [[gnu::always_inline]] void operator()(uuid const& id) const {
    char* const to = out.room(38);
    *to = '"';
    char* end = detail::put_uuid(to + 1, id);
    *end++ = '"';
    out.end_at(end);
  }
  [[gnu::always_inline]] void operator()(value::bytes raw) const {
    out.push_back('"');
    put_hex(out, raw.bytes);
    out.push_back('"');
  }
  [[gnu::always_inline]] void operator()(value::pointer pointer) const {
    out.push_back('"');
    put_pointer(out, pointer.address);
    out.push_back('"');
  }
  [[gnu::always_inline]] void operator()(value::object object) const {
    put_members(out, object.members, object.size);
  }
  [[gnu::always_inline]] void operator()(value::array array) const {
    out.push_back('[');
    for (std::uint32_t i = 0; i < array.size; ++i) {
      if (i != 0) out.push_back(',');
      put(out, array.elements[i]);
    }
    out.push_back(']');
  }
};

/// Writes the most common kinds of a member in place; `put` writes the others.
struct member_visitor {
  detail::text_buffer& out;
  value const& whole;

  [[gnu::always_inline]] void operator()(std::string_view text) const { put_text(out, text); }
  [[gnu::always_inline]] void operator()(std::int64_t number) const { put_integer(out, number); }
  [[gnu::always_inline]] void operator()(std::uint64_t number) const { put_integer(out, number); }
  [[gnu::always_inline]] void operator()(double number) const { put_float(out, number); }
  template <class Other>
  [[gnu::always_inline]] void operator()(Other const&) const {
    put(out, whole);
  }
};

/// Writes what a value holds as in a message.
struct plain_visitor : json_visitor {
  using json_visitor::operator();

  [[gnu::always_inline]] void operator()(std::string_view text) const { out.append(text); }
  [[gnu::always_inline]] void operator()(char32_t code_point) const {
    char bytes[4];
    out.append(utf8_of(bytes, code_point));
  }
  [[gnu::always_inline]] void operator()(value::timestamp time) const {
    char* const to = out.room(40);
    out.end_at(put_time(to, time));
  }
  [[gnu::always_inline]] void operator()(value::duration duration) const {
    detail::put_duration_text(out, duration.ns, duration.unit);
  }
  [[gnu::always_inline]] void operator()(uuid const& id) const {
    char* const to = out.room(36);
    out.end_at(detail::put_uuid(to, id));
  }
  [[gnu::always_inline]] void operator()(value::bytes raw) const { put_hex(out, raw.bytes); }
  [[gnu::always_inline]] void operator()(value::pointer pointer) const { put_pointer(out, pointer.address); }
};

}  // namespace json_detail

/// Writes `,"key":value`.
inline void put_next_member(detail::text_buffer& out, member const& m) {
  put_text_between(out, ",\"", m.key, "\":");
  m.value.visit(json_detail::member_visitor{out, m.value});
}

/// Writes `{"key":value,...}` with these members.
inline void put_members(detail::text_buffer& out, member const* first, std::size_t count) {
  std::size_t const begin = out.size();
  if (count == 0) out.push_back(',');
  for (std::size_t i = 0; i < count; ++i) put_next_member(out, first[i]);
  out.put_at(begin, '{');  // instead of the first comma
  out.push_back('}');
}

/// Writes any value: bytes in hexadecimal, times as RFC 3339 in UTC, durations in seconds, pointers as strings.
inline void put(detail::text_buffer& out, value const& v) { v.visit(json_detail::json_visitor{out}); }

/// Writes a value as in a message: strings without quotes, durations with their unit, the rest as in JSON.
inline void put_plain(detail::text_buffer& out, value const& v) {
  v.visit(json_detail::plain_visitor{{out}});
}

}  // namespace fapilog::inline v0_1::detail::json
