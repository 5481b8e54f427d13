// SPDX-License-Identifier: MIT
// Reads names and values around a `=` or `:`: quotes, brackets, separators, escapes.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/stages/redactors/detail/harmless_values.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail::keyword_detail {

inline constexpr std::size_t longest_name = 64;
inline constexpr std::size_t longest_pair = 256;  ///< characters between the members of a pair

/// A name within a string.
struct name {
  std::string_view text;
  std::size_t begin = 0;
  bool is_quoted = false;
};
/// A value within a string.
struct part {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool is_quoted = false;
};

inline constexpr std::uint8_t in_name = 1;
inline constexpr std::uint8_t letter = 2;
/// Character classes by byte.
inline constexpr std::array<std::uint8_t, 256> classes = [] {
  std::array<std::uint8_t, 256> all{};
  for (std::size_t i = 0; i < all.size(); ++i) {
    char const c = static_cast<char>(i);
    bool const is_letter = is_ascii_letter(c) || i >= 0x80;
    bool const is_other = is_ascii_digit(c) || c == '_' || c == '-' || c == '.';
    all[i] = static_cast<std::uint8_t>((is_letter || is_other ? in_name : 0) | (is_letter ? letter : 0));
  }
  return all;
}();
[[nodiscard]] inline std::uint8_t class_of(char c) noexcept { return classes[static_cast<unsigned char>(c)]; }
[[nodiscard]] inline bool is_in_name(char c) noexcept { return class_of(c) != 0; }
[[nodiscard]] inline bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
[[nodiscard]] inline bool is_line_end(char c) noexcept { return c == '\n' || c == '\r'; }
[[nodiscard]] inline bool is_quote(char c) noexcept { return c == '"' || c == '\'' || c == '`'; }
/// The character at a position, or NUL after the end.
[[nodiscard]] inline char at(std::string_view text, std::size_t i) noexcept {
  return i < text.size() ? text[i] : '\0';
}

/// `https://`, `std::string`, the first sign of `==`, and a quoted sign: `token '=' expected`.
[[nodiscard]] inline bool is_no_assignment(std::string_view text, std::size_t sign) noexcept {
  char const next = at(text, sign + 1);
  if (next == '=' || next == ':') return true;
  if (sign >= 2 && is_quote(next) && text[sign - 1] == next && is_blank(text[sign - 2])) return true;
  if (text[sign] != ':') return false;
  bool const is_url = next == '/' && at(text, sign + 2) == '/';
  return is_url || text[sign - 1] == ':';
}

/// `arn:aws:secretsmanager:eu-west-1:123456789012:secret:db`: the name of a resource of AWS. `offset` is in it.
[[nodiscard]] inline bool is_in_arn(std::string_view text, std::size_t offset) noexcept {
  constexpr std::size_t longest = 128;
  std::size_t begin = offset;
  while (begin > 0 && offset - begin < longest && (is_in_name(text[begin - 1]) || text[begin - 1] == ':'))
    --begin;
  return text.substr(begin).starts_with("arn:");
}

/// The name that ends before the sign. Quotes, brackets and spaces may lie between.
[[nodiscard]] inline name name_before(std::string_view text, std::size_t sign) noexcept {
  std::size_t end = sign;
  while (end > 0 && (text[end - 1] == '=' || text[end - 1] == ':' || text[end - 1] == '!')) --end;
  std::size_t const limit = end > 8 ? end - 8 : 0;
  name n;
  for (; end > limit; --end) {
    char const c = text[end - 1];
    if (is_quote(c)) n.is_quoted = true;
    else if (!is_blank(c) && c != '\\' && c != ']' && (c != '[' || end == sign || text[end] != ']')) break;
  }
  if (end >= 3 && text[end - 3] == '%' && text[end - 2] == '5') end -= 3;  // a bracket in a URL
  std::size_t begin = end;
  std::uint8_t seen = 0;
  while (begin > 0 && end - begin < longest_name && is_in_name(text[begin - 1])) {
    --begin;
    seen = static_cast<std::uint8_t>(seen | class_of(text[begin]));
  }
  bool const is_escape = begin > 0 && text[begin - 1] == '%' && end - begin > 2;
  n.begin = is_escape ? begin + 2 : begin;
  if ((seen & letter) != 0) n.text = text.substr(n.begin, end - n.begin);
  return n;
}

/// Decodes `%41`, twice, and returns what follows the last character that no name has.
inline std::string_view decoded_name(std::string_view text, std::string& decoded) {
  decoded = text;
  for (int round = 0; round < 2; ++round) {
    std::size_t to = 0;
    for (std::size_t i = 0; i < decoded.size(); ++i) {
      int const high = decoded[i] == '%' && i + 2 < decoded.size() ? hex_value(decoded[i + 1]) : -1;
      int const low = high >= 0 ? hex_value(decoded[i + 2]) : -1;
      decoded[to++] = low >= 0 ? static_cast<char>(high * 16 + low) : decoded[i];
      if (low >= 0) i += 2;
    }
    decoded.resize(to);
  }
  std::size_t begin = decoded.size();
  while (begin > 0 && is_in_name(decoded[begin - 1])) --begin;
  return std::string_view{decoded}.substr(begin);
}

/// The position after an encoded `=` or `:` (`%3D`, `%253d`), or 0.
[[nodiscard]] inline std::size_t end_of_encoded_sign(std::string_view text, std::size_t sign) noexcept {
  std::size_t const code = text.substr(sign).starts_with("%25") ? sign + 3 : sign + 1;
  char const kind = to_ascii_upper(at(text, code + 1));
  return at(text, code) == '3' && (kind == 'D' || kind == 'A') ? code + 2 : 0;
}

/// The position of a value after its type: `string(5) "x"` in a dump of PHP, `!!str x` in YAML.
[[nodiscard]] inline std::size_t skip_type(std::string_view text, std::size_t begin) noexcept {
  std::string_view const rest = text.substr(begin, longest_name);
  bool const is_php = rest.starts_with("string(");
  if (!is_php && !rest.starts_with("!!")) return begin;
  std::size_t const space = rest.find(' ');
  bool const is_type = space != rest.npos && (!is_php || rest[space - 1] == ')');
  return is_type ? begin + space + 1 : begin;
}

/// The end of a value in an encoded query.
[[nodiscard]] inline std::size_t end_of_encoded_value(std::string_view text, std::size_t begin) noexcept {
  constexpr std::string_view ends = "&#\"'<>`;, \t\r\n";
  std::size_t end = begin;
  for (; end < text.size() && ends.find(text[end]) == std::string_view::npos; ++end) {
    std::string_view const rest = text.substr(end, 5);
    if (rest.starts_with("%26") || rest == "%2526" || rest.starts_with("%20") || rest.starts_with("%22"))
      break;
  }
  return end;
}

/// The end of `${...}`, or 0.
[[nodiscard]] inline std::size_t end_of_template(std::string_view text, std::size_t begin) noexcept {
  std::string_view const nearby = text.substr(begin, longest_pair);
  bool const is_double = nearby.starts_with("${{") || nearby.starts_with("{{");
  if (!is_double && !nearby.starts_with("${")) return 0;
  std::size_t const end = nearby.find(is_double ? "}}" : "}");
  return end == nearby.npos ? 0 : begin + end + (is_double ? 2 : 1);
}

/// The user and the password of a URL that is a part of another: `https%3A%2F%2Fada%3Ax%40host`. `after` follows `%3A`.
[[nodiscard]] inline part encoded_user(std::string_view text, std::size_t after) noexcept {
  auto const is_slash = [](std::string_view code) { return code == "%2F" || code == "%2f"; };
  if (!is_slash(text.substr(after, 3)) || !is_slash(text.substr((std::min)(after + 3, text.size()), 3)))
    return {};
  std::size_t const begin = after + 6;
  std::string_view const rest = text.substr(begin, longest_pair);
  std::size_t const end = rest.find("%40");
  std::string_view const user = rest.substr(0, end);
  bool const is_one = user.find("%2F") == user.npos && user.find("%2f") == user.npos &&
                      user.find('&') == user.npos && user.find(' ') == user.npos;
  bool const has_password = user.find("%3A") != user.npos || user.find("%3a") != user.npos;
  if (end == rest.npos || !is_one || !has_password) return {};
  return {begin, begin + end, false};
}

/// Returns the value up to the closing quote, or the end of the string. Nested JSON escapes its quotes: the closing quote
/// has as many backslashes as the opening one, a quote within the value has more.
[[nodiscard]] inline part quoted(std::string_view text, std::size_t begin, std::size_t slashes) noexcept {
  char const quote = text[begin - 1];
  std::size_t run = 0;
  for (std::size_t end = begin; end < text.size(); ++end) {
    if (text[end] == quote && run % (2 * (slashes + 1)) == slashes) return {begin, end - slashes, true};
    run = text[end] == '\\' ? run + 1 : 0;
  }
  return {begin, text.size(), true};
}

/// The position after the bracket that closes the one at `begin`, or the end of the string.
[[nodiscard]] inline std::size_t end_of_block(std::string_view text, std::size_t begin) noexcept {
  std::size_t depth = 0;
  char quote = '\0';
  for (std::size_t i = begin; i < text.size(); ++i) {
    char const c = text[i];
    if (c == '\\') {
      ++i;
    } else if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"') {
      quote = c;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return text.size();
}

/// True for a form such as `Server=db;Password=a b;Timeout=3`, in which only a semicolon ends a value.
[[nodiscard]] inline bool is_between_semicolons(std::string_view text, std::size_t begin) noexcept {
  std::size_t before = begin;
  while (before > 0 && begin - before < 4 && is_blank(text[before - 1])) --before;
  return before > 0 && text[before - 1] == ';';
}

/// True if a name that is followed by the same sign begins here.
[[nodiscard]] inline bool name_follows(std::string_view text, std::size_t i, char assigns) noexcept {
  std::size_t const begin = i;
  while (i < text.size() && i - begin < longest_name && (is_quote(text[i]) || is_in_name(text[i]))) ++i;
  return i != begin && at(text, i) == assigns;
}

/// True if only separators follow before a space or the end, or another name follows.
[[nodiscard]] inline bool ends_here(std::string_view text, std::size_t sign, bool parts,
                                    char assigns) noexcept {
  constexpr std::size_t max_distance = 12;
  constexpr std::string_view signs = "\"'`,;.:&}])>{[(\\";
  std::size_t i = sign + 1;
  for (; i < text.size() && i - sign < max_distance && signs.find(text[i]) != std::string_view::npos; ++i) {
    parts = parts || text[i] == ',' || text[i] == ';' || text[i] == '&';
  }
  return i >= text.size() || static_cast<unsigned char>(text[i]) <= ' ' ||
         (parts && name_follows(text, i, assigns));
}

/// The end of an unquoted value: a space, or a separator after which something else begins or nothing follows. If this is
/// unclear, the value continues: masking too much is better than too little.
[[nodiscard]] inline std::size_t end_of_word(std::string_view text, std::size_t begin,
                                             char assigns) noexcept {
  std::size_t end = begin;
  for (; end < text.size(); ++end) {
    char const c = text[end];
    if (static_cast<unsigned char>(c) <= ' ') break;
    bool const parts = c == '&' || c == ';' || c == ',';
    bool const closes = is_quote(c) || c == '}' || c == ']' || c == ')' || c == '>';
    bool const escapes = c == '\\' && is_quote(at(text, end + 1));
    if ((parts || closes || escapes) && ends_here(text, end, parts, assigns)) break;
  }
  return end;
}

/// The begin of the line of a position, at most 256 characters before it.
[[nodiscard]] inline std::size_t begin_of_line(std::string_view text, std::size_t offset) noexcept {
  constexpr std::size_t longest = 256;
  std::size_t begin = offset;
  while (begin > 0 && offset - begin < longest && !is_line_end(text[begin - 1])) --begin;
  return begin;
}
[[nodiscard]] inline std::size_t end_of_line(std::string_view text, std::size_t offset) noexcept {
  while (offset < text.size() && !is_line_end(text[offset])) ++offset;
  return offset;
}
/// The position after a line end, which may be escaped, or `offset` if there is none.
[[nodiscard]] inline std::size_t skip_line_end(std::string_view text, std::size_t offset) noexcept {
  for (std::string_view const end : {"\r\n", "\n", "\\r\\n", "\\n"}) {
    if (text.substr(offset).starts_with(end)) return offset + end.size();
  }
  return offset;
}

/// True if only spaces, list signs and an `export` precede the name in its line.
[[nodiscard]] inline bool begins_line(std::string_view text, name const& n) noexcept {
  std::string_view before = text.substr(0, n.begin);
  before.remove_prefix(begin_of_line(text, n.begin));
  for (std::string_view const word : {"export ", "declare -x ", "set "}) {
    if (before == word) return true;
  }
  return std::all_of(before.begin(), before.end(), [](char c) { return is_blank(c) || c == '-'; });
}

/// The lines after `from` that are indented more than the line of `offset`, or only the first one.
[[nodiscard]] inline part indented_lines(std::string_view text, std::size_t offset, std::size_t from,
                                         bool only_first) noexcept {
  auto const indent_of = [text](std::size_t line) {
    std::size_t count = 0;
    while (line + count < text.size() && is_blank(text[line + count])) ++count;
    return count;
  };
  std::size_t const indent = indent_of(begin_of_line(text, offset));
  part lines{from, from, true};
  for (std::size_t line = skip_line_end(text, from); line != from && line < text.size();) {
    std::size_t const end = end_of_line(text, line);
    std::size_t const own = indent_of(line);
    if (end - line > own) {
      if (own <= indent) break;
      if (lines.begin == from) lines.begin = line + own;
      lines.end = end;
      if (only_first) break;
    }
    from = end;
    line = skip_line_end(text, end);
  }
  return lines;
}

/// The value of a name whose line ends after the sign, or has only the mark of a block (`|`, `>-`): the indented lines
/// that follow, unless they are members themselves.
[[nodiscard]] inline part yaml_block(std::string_view text, std::size_t offset, std::size_t begin) noexcept {
  std::size_t mark = begin;
  while (mark < begin + 3 && std::string_view{"|>+-123456789"}.find(at(text, mark)) != std::string_view::npos)
    ++mark;
  if (!is_line_end(at(text, mark)) || (mark != begin && at(text, begin) != '|' && at(text, begin) != '>'))
    return {};
  part const lines = indented_lines(text, offset, mark, mark == begin);
  if (lines.begin >= lines.end) return {};
  if (mark != begin) return lines;
  std::string_view const first = text.substr(lines.begin, lines.end - lines.begin);
  if (first.starts_with("- ") || first.starts_with('#') || first.find(": ") != first.npos ||
      first.ends_with(':') || first.starts_with('{') || first.starts_with('[')) {
    return {};
  }
  return lines;
}

}  // namespace fapilog::inline v0_1::detail::keyword_detail
