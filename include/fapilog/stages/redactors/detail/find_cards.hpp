// SPDX-License-Identifier: MIT
// Finds payment card numbers by their length, their issuer prefix and their check digit.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/stages/redactors/detail/text_edits.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fapilog::inline v0_1::detail {

inline constexpr std::size_t shortest_card = 13;
inline constexpr std::size_t longest_card = 19;
inline constexpr std::uint64_t min_card = 1'000'000'000'000;

/// True for the digits of a card number: an issuer uses this prefix and length, and the check digit is valid (ISO/IEC
/// 7812). Throws: never.
[[nodiscard]] inline bool is_card(std::string_view digits) noexcept {
  std::size_t const size = digits.size();
  if (size < shortest_card || size > longest_card) return false;
  unsigned first = 0;  // six digits
  for (std::size_t i = 0; i < 6; ++i) first = first * 10 + static_cast<unsigned>(digits[i] - '0');
  auto const between = [first](unsigned low, unsigned high, unsigned cut) {
    return first / cut >= low && first / cut <= high;
  };
  constexpr unsigned one = 100'000;
  constexpr unsigned two = 10'000;
  constexpr unsigned three = 1'000;
  constexpr unsigned four = 100;
  bool const visa = between(4, 4, one) && (size == 13 || size == 16 || size == 19);
  bool const mastercard = (between(51, 55, two) || between(2221, 2720, four)) && size == 16;
  bool const amex = (between(34, 34, two) || between(37, 37, two)) && size == 15;
  bool const diners = (between(300, 305, three) || between(309, 309, three) || between(36, 36, two) ||
                       between(38, 39, two)) &&
                      size >= 14;
  bool const discover =
      (between(6011, 6011, four) || between(644, 649, three) || between(65, 65, two)) && size >= 16;
  bool const jcb = between(3528, 3589, four) && size >= 16;
  bool const unionpay = between(62, 62, two) && size >= 16;
  bool const mir = between(2200, 2204, four) && size >= 16;
  bool const maestro = between(5018, 5018, four) || between(5020, 5020, four) || between(5038, 5038, four) ||
                       between(5612, 5612, four) || between(5893, 5893, four) || between(6304, 6304, four) ||
                       between(6390, 6390, four) || between(6703, 6703, four) || between(6759, 6763, four);
  if (!(visa || mastercard || amex || diners || discover || jcb || unionpay || mir || maestro)) return false;
  unsigned sum = 0;
  for (std::size_t i = 0; i < size; ++i) {
    auto digit = static_cast<unsigned>(digits[size - 1 - i] - '0');
    if (i % 2 == 1) digit = digit < 5 ? digit * 2 : digit * 2 - 9;
    sum += digit;
  }
  return sum % 10 == 0;
}

/// The same for a number.
[[nodiscard]] inline bool is_card(std::uint64_t number) noexcept {
  if (number < min_card) return false;
  std::array<char, 20> digits{};
  char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return is_card(std::string_view{digits.data(), static_cast<std::size_t>(end - digits.data())});
}

namespace card_detail {

[[nodiscard]] constexpr bool is_separator(char c) noexcept { return c == ' ' || c == '-'; }
[[nodiscard]] constexpr bool belongs(char c) noexcept { return detail::is_ascii_digit(c) || is_separator(c); }

/// A run of digits.
struct group {
  std::size_t begin;
  std::size_t size;
};

inline constexpr std::size_t widest_gap = 3;      ///< ` - `
inline constexpr std::size_t smallest_group = 2;  ///< if there are several

/// Adds the longest card number that begins with the first of these groups. Returns how many groups it takes, or 0.
inline std::size_t add_card(std::string_view text, group const* first, std::size_t count, text_edits& edits) {
  std::array<char, longest_card> digits{};
  std::size_t size = 0;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < count && size + first[i].size <= longest_card; ++i) {
    if (i != 0 && (first[i].begin - first[i - 1].begin - first[i - 1].size > widest_gap ||
                   first[i].size < smallest_group || first[i - 1].size < smallest_group)) {
      break;
    }
    for (std::size_t d = 0; d < first[i].size; ++d) digits[size++] = text[first[i].begin + d];
    if (is_card(std::string_view{digits.data(), size})) taken = i + 1;
  }
  if (taken != 0) {
    edits.add(first[0].begin, first[taken - 1].begin + first[taken - 1].size, text_rule::card);
  }
  return taken;
}

/// True if the digits at `begin` are the decimals of a number whose whole part is shorter than a card number.
[[nodiscard]] inline bool are_decimals(std::string_view text, std::size_t begin) noexcept {
  if (begin < 2 || text[begin - 1] != '.') return false;
  std::size_t whole = 0;
  while (whole < shortest_card && begin >= whole + 2 && detail::is_ascii_digit(text[begin - 2 - whole]))
    ++whole;
  return whole > 0 && whole < shortest_card;
}

/// Searches a stretch of digits, spaces and dashes.
inline void search_stretch(std::string_view text, std::size_t begin, std::size_t end, text_edits& edits) {
  // A sliding window of the groups that one card number can have.
  std::array<group, longest_card> window{};
  std::size_t count = 0;
  std::size_t at = begin;
  auto const read_group = [&] {
    while (at < end && is_separator(text[at])) ++at;
    group g{at, 0};
    while (at < end && detail::is_ascii_digit(text[at])) ++at;
    g.size = at - g.begin;
    return g;
  };
  for (;;) {
    while (count < window.size() && at < end) {
      group const g = read_group();
      if (g.size != 0) window[count++] = g;
    }
    if (count == 0) return;
    std::size_t taken = add_card(text, window.data(), count, edits);
    if (taken == 0) taken = 1;
    for (std::size_t i = taken; i < count; ++i) window[i - taken] = window[i];
    count -= taken;
  }
}

/// The signs between two groups that begin at `at`: up to three bytes that are no letters, digits, spaces or line ends, or
/// an encoded space. Returns their size, or 0.
[[nodiscard]] inline std::size_t size_of_gap(std::string_view text, std::size_t at) noexcept {
  for (std::string_view const code : {"%20", "%2D", "%2d", "%09", "\\t", "&nbsp;", "\\u00a0", "\\u2013"}) {
    if (text.substr(at).starts_with(code)) return code.size();
  }
  std::size_t size = 0;
  while (size <= widest_gap && at + size < text.size()) {
    char const c = text[at + size];
    if (detail::is_ascii_alphanumeric(c) || c == '\n' || c == '\r' || c == '"' || c == '\'') break;
    ++size;
  }
  return size <= widest_gap ? size : 0;
}
/// The digits that begin at `at`, counted up to seven.
[[nodiscard]] inline std::size_t size_of_group(std::string_view text, std::size_t at) noexcept {
  constexpr std::size_t limit = 7;
  std::size_t size = 0;
  while (size < limit && at + size < text.size() && detail::is_ascii_digit(text[at + size])) ++size;
  return size;
}

/// Adds the card number that begins with the four digits at `begin` and has the groups that are printed on cards, 4-4-4-4
/// or 4-6-5 for example, with the same signs between them. Returns its end, or 0.
inline std::size_t add_grouped_card(std::string_view text, std::size_t begin, text_edits& edits) {
  constexpr std::size_t first_group = 4;
  constexpr std::size_t max_groups = 5;
  std::size_t const gap_size = size_of_gap(text, begin + first_group);
  std::string_view const gap = text.substr(begin + first_group, gap_size);
  if (gap_size == 0 || gap == ", ") return 0;  // the latter separates the numbers of a list
  std::array<char, longest_card> digits{};
  std::size_t size = 0;
  std::size_t end = 0;
  std::array<std::size_t, max_groups> sizes{};
  std::size_t at = begin;
  for (std::size_t count = 0; count < max_groups; ++count) {
    std::size_t const group = size_of_group(text, at);
    if (group == 0 || size + group > longest_card) break;
    sizes[count] = group;
    for (std::size_t i = 0; i < group; ++i) digits[size++] = text[at + i];
    at += group;
    bool const is_card_layout =
        (count == 3 && sizes[1] == 4 && sizes[2] == 4 && (group == 4 || group == 1)) ||
        (count == 2 && sizes[1] == 6 && (group == 4 || group == 5)) ||
        (count == 4 && sizes[1] == 4 && sizes[2] == 4 && sizes[3] == 4 && group == 3);
    if (is_card_layout && is_card(std::string_view{digits.data(), size})) end = at;
    if (text.substr(at, gap_size) != gap) break;
    at += gap_size;
  }
  if (end == 0) return 0;
  edits.add(begin, end, text_rule::card);
  return end;
}

/// Searches for groups of digits with signs other than spaces and dashes between them.
inline void find_grouped_cards(std::string_view text, text_edits& edits) {
  constexpr std::size_t first_group = 4;
  for (std::size_t probe = first_group - 1; probe < text.size();) {
    if (!detail::is_ascii_digit(text[probe])) {
      probe += first_group;
      continue;
    }
    std::size_t begin = probe;
    std::size_t end = probe + 1;
    while (begin > 0 && probe - begin < first_group && detail::is_ascii_digit(text[begin - 1])) --begin;
    while (end < text.size() && detail::is_ascii_digit(text[end])) ++end;
    std::size_t const found = end - begin == first_group ? add_grouped_card(text, begin, edits) : 0;
    probe = (std::max)(found, end) + first_group;
  }
}

}  // namespace card_detail

/// Adds card numbers: 13 to 19 digits in a row, in groups of two or more separated by spaces or dashes, or in the groups
/// that are printed on cards, separated by other signs. Parts of longer rows of digits and the decimals of a number are not
/// card numbers.
inline void find_cards(std::string_view text, text_edits& edits) {
  using card_detail::belongs;
  for (std::size_t probe = shortest_card - 1; probe < text.size();) {
    if (!belongs(text[probe])) {
      probe += shortest_card;
      continue;
    }
    std::size_t begin = probe;
    std::size_t end = probe;
    while (begin > 0 && belongs(text[begin - 1])) --begin;
    while (end < text.size() && belongs(text[end])) ++end;
    if (end - begin >= shortest_card) {
      if (card_detail::are_decimals(text, begin)) {
        while (begin < end && detail::is_ascii_digit(text[begin])) ++begin;
      }
      card_detail::search_stretch(text, begin, end, edits);
    }
    probe = end + shortest_card - 1;
  }
  card_detail::find_grouped_cards(text, edits);
}

}  // namespace fapilog::inline v0_1::detail
