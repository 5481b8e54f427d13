// SPDX-License-Identifier: MIT
// Finds secrets that follow their name without a sign: `--password x`, `PASSWORD 'x'`, `IDENTIFIED BY x`, `token 8f3a...`.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/stages/redactors/detail/command_flags.hpp>
#include <fapilog/stages/redactors/detail/find_inserts.hpp>
#include <fapilog/stages/redactors/detail/harmless_values.hpp>
#include <fapilog/stages/redactors/detail/keyword_text.hpp>
#include <fapilog/stages/redactors/detail/name_verdicts.hpp>
#include <fapilog/stages/redactors/detail/text_edits.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {
namespace argument_detail {

using keyword_detail::at;
using keyword_detail::is_blank;
using keyword_detail::is_in_name;
using keyword_detail::is_quote;

/// The argument after a flag that ends at `end`: after a space, or as the next string of a list.
[[nodiscard]] inline keyword_detail::part argument_after(std::string_view text, std::size_t end) noexcept {
  std::size_t begin = end;
  std::size_t slashes = 0;
  while (at(text, begin + slashes) == '\\') ++slashes;
  bool const in_list = is_quote(at(text, begin + slashes));
  if (in_list) {
    begin += slashes + 1;
    while (is_blank(at(text, begin)) || at(text, begin) == ',') ++begin;
  }
  std::size_t const gap = begin;
  while (is_blank(at(text, begin)) ||
         (!in_list && begin == gap && at(text, begin) == '\\' && at(text, begin + 1) == '\n'))
    ++begin;
  if (begin == end) return {};
  slashes = 0;
  while (at(text, begin + slashes) == '\\') ++slashes;
  if (is_quote(at(text, begin + slashes))) return keyword_detail::quoted(text, begin + slashes + 1, slashes);
  if (in_list) return {};
  std::size_t last = begin;
  while (last < text.size() && static_cast<unsigned char>(text[last]) > ' ' &&
         !(is_quote(text[last]) && keyword_detail::ends_here(text, last, false, '='))) {
    ++last;
  }
  return {begin, last, false};
}

/// The secret after a flag of one letter, from `begin` to `end`, of one of these commands, or nothing.
[[nodiscard]] inline keyword_detail::part argument_of_letter(std::string_view text, std::size_t begin,
                                                             std::size_t end,
                                                             command_words const& commands) noexcept {
  char const next = at(text, end);
  bool const is_attached =
      end - begin > 1 || (next > ' ' && !(is_quote(next) && begin > 1 && is_quote(text[begin - 2])));
  for (std::size_t i = 0; i < secret_flags.size(); ++i) {
    secret_flag const& form = secret_flags[i];
    if (text[begin] != form.flag || form.is_attached != is_attached || !commands.has(i)) continue;
    if (!is_attached) return argument_after(text, end);
    if (is_quote(at(text, begin + 1))) return keyword_detail::quoted(text, begin + 2, 0);
    std::size_t last = begin + 1;
    while (last < text.size() && static_cast<unsigned char>(text[last]) > ' ' && !is_quote(text[last]))
      ++last;
    return {begin + 1, last, false};
  }
  return {};
}

}  // namespace argument_detail

/// Adds the arguments of flags such as `--api-key x`, `["--password", "x"]` and, for known commands, `-p x`.
inline void find_flags(std::string_view text, name_verdicts& names, text_edits& edits) {
  using namespace argument_detail;
  command_words commands;
  auto const take = [&](keyword_detail::part const& value) {
    std::string_view const shown = text.substr(value.begin, value.end - value.begin);
    if (shown.empty() || shown[0] == '-' || is_nothing(shown) || is_placeholder(shown)) return false;
    if (!value.is_quoted && continues_sentence(shown)) return false;  // `the flag --password is deprecated`
    edits.add(value.begin, value.end, text_rule::keyword);
    return true;
  };
  for (std::size_t dash = text.find('-'); dash != text.npos; dash = text.find('-', dash)) {
    std::size_t begin = dash;
    while (at(text, begin) == '-') ++begin;
    std::size_t const dashes = begin - dash;
    bool const is_flag =
        (dash == 0 || is_blank(text[dash - 1]) || is_quote(text[dash - 1]) || text[dash - 1] == '\n') &&
        dashes <= 2 && is_ascii_alphanumeric(at(text, begin));
    if (!is_flag) {
      dash = begin;
      continue;
    }
    std::size_t end = begin;
    while (end < text.size() && end - begin <= keyword_detail::longest_name && is_in_name(text[end])) ++end;
    std::string_view const flag = text.substr(begin, end - begin);
    dash = end;
    if (at(text, end) == '=' || at(text, end) == ':') continue;
    if (dashes == 1) {
      commands.read(text, begin);
      auto const value = argument_of_letter(text, begin, end, commands);
      if (value.end != 0 && take(value)) {
        dash = value.end;
        continue;
      }
    }
    bool const is_user = flag == "user" || flag == "proxy-user";
    bool const may_be_user = dashes == 1 && flag.size() <= 3 && (flag.back() == 'u' || flag.back() == 'a');
    if (is_user || (may_be_user && commands.has_user_flag())) {
      auto const value = argument_after(text, end);
      std::size_t const colon = text.substr(value.begin, value.end - value.begin).find(':');
      if (colon == text.npos) continue;
      keyword_detail::part const password{value.begin + colon + 1, value.end, false};
      bool const is_id =
          is_number(text.substr(password.begin, password.end - password.begin));  // --user 1000:1000
      if (may_be_user || !is_id) (void)take(password);
      continue;
    }
    if (dashes == 1 && flag == "b" && commands.has_user_flag()) {  // curl -b 'sid=x'
      auto const value = argument_after(text, end);
      if (text.substr(value.begin, value.end - value.begin).find('=') != text.npos) (void)take(value);
      continue;
    }
    if (dashes == 1 && flag == "U") {  // smbclient -U user%password
      auto const value = argument_after(text, end);
      std::size_t const sign = text.substr(value.begin, value.end - value.begin).find('%');
      if (sign != text.npos) (void)take({value.begin + sign + 1, value.end, false});
      continue;
    }
    if (flag.size() < 2) continue;
    auto const said = names.of(flag);
    if (said.covered <= coverage::unless_measured) continue;
    auto const value = argument_after(text, end);
    bool const is_method = said.covered <= coverage::unless_state &&
                           is_state(text.substr(value.begin, value.end - value.begin));  // --auth basic
    if (!is_method && take(value)) dash = value.end;
  }
}

namespace argument_detail {

/// Adds the value of `SET PASSWORD FOR user = 'x'`. `from` is the position after `FOR`.
inline std::size_t add_after_for(std::string_view text, std::size_t from, std::size_t end,
                                 text_edits& edits) {
  constexpr std::size_t longest_user = 128;
  std::size_t const sign = text.substr(from, longest_user).find('=');
  if (sign == text.npos) return end;
  std::size_t begin = from + sign + 1;
  while (is_blank(at(text, begin))) ++begin;
  if (!is_quote(at(text, begin))) return end;
  auto const value = keyword_detail::quoted(text, begin + 1, 0);
  edits.add(value.begin, value.end, text_rule::keyword);
  return value.end;
}

/// The position after the next word and its spaces.
inline std::size_t after_user(std::string_view text, std::size_t from) noexcept {
  constexpr std::size_t longest_user = 128;
  std::size_t at = from;
  while (is_blank(keyword_detail::at(text, at))) ++at;
  while (at < text.size() && at - from<longest_user&& static_cast<unsigned char>(text[at])> ' ' &&
         text[at] != '=')
    ++at;
  if (!is_blank(keyword_detail::at(text, at))) return from;
  while (is_blank(keyword_detail::at(text, at))) ++at;
  return at < text.size() && is_ascii_letter(text[at]) ? at : from;
}

/// Adds the value after the name that ends at `end`: `PASSWORD 'x'`, `PASSWORD('x')`, `password hunter2`.
inline std::size_t add_after_name(std::string_view text, std::size_t begin, std::size_t end,
                                  text_edits& edits) {
  constexpr std::array<std::string_view, 4> fillers{"from", "is", "to", "was"};
  std::size_t from = end;
  char const before = begin > 0 ? text[begin - 1] : ' ';
  bool const is_listed = is_quote(before) && at(text, end) == before && at(text, end + 1) == ',';
  if (is_listed) from = end + 2;
  while (is_blank(at(text, from)) || at(text, from) == '(') ++from;
  if (from == end) return end;
  std::size_t word = from;
  while (word < text.size() && is_ascii_letter(text[word])) ++word;
  if (equals_ignoring_case(text.substr(from, word - from), "for")) {
    std::size_t const filler = after_user(text, word);  // `password for ada is x`
    if (filler == word) return add_after_for(text, word, end, edits);
    from = word = filler;
    while (word < text.size() && is_ascii_letter(text[word])) ++word;
    if (!is_blank(at(text, word)) || !is_one_of(text.substr(from, word - from), fillers)) return end;
  }
  if (is_blank(at(text, word)) && is_one_of(text.substr(from, word - from), fillers)) {
    from = word;
    while (is_blank(at(text, from))) ++from;
  }
  std::size_t slashes = 0;
  while (at(text, from + slashes) == '\\') ++slashes;
  if (is_quote(at(text, from + slashes))) {
    auto const value = keyword_detail::quoted(text, from + slashes + 1, slashes);
    std::string_view const shown = text.substr(value.begin, value.end - value.begin);
    if (is_nothing(shown) || is_placeholder(shown) || (is_listed && !looks_like_password(shown))) return end;
    edits.add(value.begin, value.end, text_rule::keyword);
    return value.end;
  }
  if (is_listed) return end;
  std::size_t last = from;
  while (last < text.size() && static_cast<unsigned char>(text[last]) > ' ' &&
         std::string_view{"(){}[]<>,;\"'`=:"}.find(text[last]) == std::string_view::npos) {
    ++last;
  }
  std::string_view const shown = text.substr(from, last - from);
  if (!looks_like_password(shown) || is_placeholder(shown) || is_measure_text(shown)) return end;
  edits.add(from, last, text_rule::keyword);
  return last;
}

/// Adds the value after `IDENTIFIED BY`, `IDENTIFIED WITH plugin BY`. `by` is the position of `BY`.
inline void add_identified(std::string_view text, std::size_t by, text_edits& edits) {
  constexpr std::size_t longest_plugin = 64;
  constexpr std::string_view identified = "identified";
  std::size_t word = by > longest_plugin ? by - longest_plugin : 0;
  auto const is_identified = [&](std::size_t at) {
    return to_ascii_lower(text[at]) == 'i' &&
           equals_ignoring_case(text.substr(at, identified.size()), identified);
  };
  while (word < by && !is_identified(word)) ++word;
  if (word == by) return;
  std::size_t from = by + 2;
  while (is_blank(at(text, from))) ++from;
  if (is_quote(at(text, from)) || at(text, from) == '\\') {
    std::size_t slashes = 0;
    while (at(text, from + slashes) == '\\') ++slashes;
    if (!is_quote(at(text, from + slashes))) return;
    auto const value = keyword_detail::quoted(text, from + slashes + 1, slashes);
    edits.add(value.begin, value.end, text_rule::keyword);
    constexpr std::string_view replace = " replace ";
    std::size_t const old = (std::min)(value.end + slashes + 1, text.size());
    if (!equals_ignoring_case(text.substr(old, replace.size()), replace)) return;
    from = old + replace.size();
    if (!is_quote(at(text, from))) return;
    auto const former = keyword_detail::quoted(text, from + 1, 0);
    return edits.add(former.begin, former.end, text_rule::keyword);
  }
  std::size_t last = from;
  while (last < text.size() && static_cast<unsigned char>(text[last]) > ' ' && text[last] != ';' &&
         text[last] != '"')
    ++last;
  std::string_view const shown = text.substr(from, last - from);
  if (!is_placeholder(shown) && !shown.starts_with(':')) edits.add(from, last, text_rule::keyword);
}

}  // namespace argument_detail

/// Adds what follows a name that contains `pas` (`password`, `db_pass`), values of columns with such a name, and
/// `IDENTIFIED BY`.
inline void find_words(std::string_view text, name_verdicts& names, text_edits& edits) {
  using namespace argument_detail;
  constexpr int max_columns = 16;  // each looks at all rows of its INSERT
  int columns = 0;
  for (std::size_t i = 0; i + 4 < text.size(); ++i) {
    char const c = static_cast<char>(text[i] | 0x20);
    char const second = static_cast<char>(text[i + 1] | 0x20);
    if (c == 'b' && second == 'y' && is_blank(text[i + 2]) && i > 0 && is_blank(text[i - 1])) {
      add_identified(text, i, edits);
      continue;
    }
    if (c != 'p' || second != 'a' || (text[i + 2] | 0x20) != 's') continue;
    std::size_t begin = i;
    std::size_t end = i + 3;
    while (begin > 0 && i - begin < keyword_detail::longest_name && is_in_name(text[begin - 1])) --begin;
    while (end < text.size() && end - i < keyword_detail::longest_name && is_in_name(text[end])) ++end;
    i = end - 1;
    char const next = at(text, end);
    bool const may_follow = is_blank(next) || next == '(' || is_quote(next);
    bool const may_be_column = next == ',' || next == ')' || next == ']' || (may_follow && next != '(');
    if ((!may_follow && !may_be_column) || (begin > 0 && text[begin - 1] == '-')) continue;
    auto const said = names.of(text.substr(begin, end - begin));
    if (said.covered <= coverage::unless_measured || said.is_weak) continue;  // `tests pass`
    if (may_be_column && columns < max_columns && find_inserted(text, begin, end, edits)) {
      ++columns;
      continue;
    }
    if (!may_follow) continue;
    i = (std::max)(end, add_after_name(text, begin, end, edits)) - 1;
  }
}

/// Adds the row of letters and digits from `begin` to `end` if it looks generated and a name precedes it: `token 8f3a...`,
/// `('X-Api-Key', '8f3a...')`, `<token>8f3a...</token>`.
inline void find_named_row(std::string_view text, std::size_t begin, std::size_t end, name_verdicts& names,
                           text_edits& edits) {
  using namespace argument_detail;
  constexpr std::size_t longest_part = 128;
  constexpr std::size_t widest_gap = 6;
  auto const is_in_token = [](char c) {
    return is_ascii_alphanumeric(c) || std::string_view{"_-+/=.~"}.find(c) != std::string_view::npos;
  };
  std::size_t first = begin;
  while (first > 0 && begin - first < longest_part && is_in_token(text[first - 1])) --first;
  std::size_t last = end;
  while (last < text.size() && last - end < longest_part && is_in_token(text[last])) ++last;
  std::string_view const nearby = text.substr(first, last - first);
  if (!looks_generated(text.substr(begin, end - begin)) && !looks_like_base64(nearby)) return;
  std::size_t name_end = first;
  bool is_quoted = false;
  auto const skip_gap = [&] {
    std::size_t const from = name_end;
    while (name_end > 0 && from - name_end < widest_gap) {
      char const c = text[name_end - 1];
      is_quoted = is_quoted || is_quote(c);
      if (!is_blank(c) && !is_quote(c) && c != '(' && c != '[' && c != '>' && c != '\\' &&
          (c != ',' || !is_quoted))
        break;
      --name_end;
    }
    return name_end != from;
  };
  auto const word_before = [&](std::size_t word_end) {
    std::size_t word = word_end;
    while (word > 0 && word_end - word < keyword_detail::longest_name && is_in_name(text[word - 1])) --word;
    return word;
  };
  if (!skip_gap()) return;
  std::size_t name_begin = word_before(name_end);
  constexpr std::array<std::string_view, 5> fillers{"from", "is", "now", "to", "was"};
  if (is_one_of(text.substr(name_begin, name_end - name_begin), fillers)) {
    name_end = name_begin;
    if (!skip_gap()) return;
    name_begin = word_before(name_end);
  }
  std::string_view const word = text.substr(name_begin, name_end - name_begin);
  if (word.empty()) return;
  auto said = names.of(word);
  if (said.covered == coverage::none && said.may_be_second && name_begin > 1 && text[name_begin - 1] == ' ') {
    std::size_t const both = word_before(name_begin - 1);
    said = names.of_two(text.substr(both, name_end - both), text.substr(both, name_begin - 1 - both), word);
  }
  if (said.covered <= coverage::unless_measured) return;
  while (last < text.size() && is_in_token(text[last])) ++last;
  while (last > end && text[last - 1] == '.') --last;
  edits.add(first, last, text_rule::keyword);
}

}  // namespace fapilog::inline v0_1::detail
