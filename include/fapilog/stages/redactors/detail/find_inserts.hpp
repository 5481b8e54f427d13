// SPDX-License-Identifier: MIT
// Finds the values of secret columns: `INSERT INTO users (name, password) VALUES ('ada', 'x')`.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/stages/redactors/detail/keyword_text.hpp>
#include <fapilog/stages/redactors/detail/text_edits.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace fapilog::inline v0_1::detail {
namespace insert_detail {

using keyword_detail::at;
using keyword_detail::is_quote;

inline constexpr std::size_t longest_list = 2'048;

[[nodiscard]] constexpr bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

[[nodiscard]] inline std::size_t skip_spaces(std::string_view text, std::size_t i) noexcept {
  while (is_space(at(text, i))) ++i;
  return i;
}

/// The closing quote of the string that begins after the quote at `open`, or the end of the text. A doubled quote is a part of
/// the string.
[[nodiscard]] inline std::size_t end_of_string(std::string_view text, std::size_t open) noexcept {
  std::size_t end = keyword_detail::quoted(text, open + 1, 0).end;
  while (at(text, end + 1) == text[open]) end = keyword_detail::quoted(text, end + 2, 0).end;
  return end;
}

/// The end of the value that begins at `i`: a comma or parenthesis that is in no string and no parentheses.
[[nodiscard]] inline std::size_t end_of_value(std::string_view text, std::size_t i) noexcept {
  std::size_t depth = 0;
  while (i < text.size()) {
    char const c = text[i];
    if (is_quote(c)) {
      i = end_of_string(text, i) + 1;
      continue;
    }
    if (depth == 0 && (c == ',' || c == ')')) return i;
    if (c == '(') ++depth;
    if (c == ')') --depth;
    ++i;
  }
  return text.size();
}

/// How many columns precede the one that begins at `begin` in its list, or npos if it is in none.
[[nodiscard]] inline std::size_t index_of_column(std::string_view text, std::size_t begin) noexcept {
  std::size_t commas = 0;
  for (std::size_t i = begin; i > 0 && begin - i < longest_list; --i) {
    char const c = text[i - 1];
    if (c == '(') return commas;
    if (c == ',') ++commas;
    else if (!keyword_detail::is_in_name(c) && !is_quote(c) && !is_space(c) && c != '[' && c != ']') break;
  }
  return std::string_view::npos;
}

/// The position after the parenthesis that begins the values of the list of columns in which `end` is, or npos.
[[nodiscard]] inline std::size_t begin_of_values(std::string_view text, std::size_t end) noexcept {
  constexpr std::string_view values = "values";
  std::size_t i = text.substr(0, end + longest_list).find(')', end);
  if (i == text.npos || text.substr(end, i - end).find_first_of("(;=:{}<>") != text.npos) return text.npos;
  i = skip_spaces(text, i + 1);
  if (!equals_ignoring_case(text.substr(i, values.size()), values)) return text.npos;
  i = skip_spaces(text, i + values.size());
  return at(text, i) == '(' ? i + 1 : text.npos;
}

}  // namespace insert_detail

/// Adds the values of the column whose name is from `begin` to `end`, if it is one of an INSERT. Returns true if it is.
inline bool find_inserted(std::string_view text, std::size_t begin, std::size_t end, text_edits& edits) {
  using namespace insert_detail;
  char const next =
      at(text, skip_spaces(text, is_quote(at(text, end)) || at(text, end) == ']' ? end + 1 : end));
  if (next != ',' && next != ')') return false;
  std::size_t const column = index_of_column(text, begin);
  if (column == text.npos) return false;
  std::size_t at_row = begin_of_values(text, end);
  if (at_row == text.npos) return false;
  while (at_row != text.npos) {
    std::size_t i = at_row;
    std::size_t value_end = end_of_value(text, i);
    for (std::size_t skipped = 0; skipped < column && at(text, value_end) == ','; ++skipped) {
      i = value_end + 1;
      value_end = end_of_value(text, i);
    }
    std::size_t quote = skip_spaces(text, i);
    if (at(text, quote) == 'N' || at(text, quote) == 'E') ++quote;  // prefixes of strings
    if (is_quote(at(text, quote)))
      edits.add(quote + 1, (std::min)(end_of_string(text, quote), text.size()), text_rule::keyword);
    while (at(text, value_end) == ',') value_end = end_of_value(text, value_end + 1);
    std::size_t const comma = skip_spaces(text, value_end + 1);
    std::size_t const row = at(text, comma) == ',' ? skip_spaces(text, comma + 1) : text.size();
    at_row = at(text, row) == '(' ? row + 1 : text.npos;
  }
  return true;
}

}  // namespace fapilog::inline v0_1::detail
