// SPDX-License-Identifier: MIT
// Finds secrets that a string itself names: `password=...`, `"token": "..."`, `Authorization: ...`.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/record/path_cache.hpp>
#include <fapilog/stages/redactors/detail/name_rules.hpp>
#include <fapilog/stages/redactors/detail/text_edits.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Examines the name before and the value after a `=` or `:`. Copies share the names. Thread: one.
class keyword_finder {
 public:
  explicit keyword_finder(std::shared_ptr<name_rules const> names) : names_(std::move(names)) {}

  /// Call this first for each string.
  void begin_text() {
    known_.begin_event();
    done_ = 0;
  }

  /// Adds the value after the sign at `sign` if there is one and the name before it is sensitive. Signs must ascend.
  void examine(std::string_view text, std::size_t sign, text_edits& edits) {
    if (sign == 0 || sign < done_ || is_no_assignment(text, sign)) return;
    name const n = name_before(text, sign);
    if (n.text.empty()) return;
    verdict const said = verdict_of(n.text);
    if (said.covered != coverage::none)
      return take_value(text, sign, n, said.covered, is_weak(n.text), edits);
    if (said.may_be_second) examine_two_words(text, sign, n, edits);
  }

 private:
  struct name {
    std::string_view text;
    std::size_t begin = 0;
    bool is_quoted = false;
  };
  struct part {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool is_quoted = false;
  };
  /// The cached decision on a word before a sign.
  struct verdict {
    coverage covered = coverage::none;
    bool may_be_second = false;  ///< it can end a name of two words
  };
  static constexpr std::size_t longest_name = 64;

  static constexpr std::uint8_t in_name = 1;
  static constexpr std::uint8_t letter = 2;
  /// Character classes by byte.
  static constexpr std::array<std::uint8_t, 256> classes = [] {
    std::array<std::uint8_t, 256> all{};
    for (std::size_t i = 0; i < all.size(); ++i) {
      char const c = static_cast<char>(i);
      bool const is_letter = detail::is_ascii_letter(c) || i >= 0x80;
      bool const is_other = detail::is_ascii_digit(c) || c == '_' || c == '-' || c == '.';
      all[i] = static_cast<std::uint8_t>((is_letter || is_other ? in_name : 0) | (is_letter ? letter : 0));
    }
    return all;
  }();
  [[nodiscard]] static std::uint8_t class_of(char c) noexcept {
    return classes[static_cast<unsigned char>(c)];
  }
  [[nodiscard]] static bool is_in_name(char c) noexcept { return class_of(c) != 0; }
  [[nodiscard]] static bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
  [[nodiscard]] static bool is_line_end(char c) noexcept { return c == '\n' || c == '\r'; }
  [[nodiscard]] static bool is_quote(char c) noexcept { return c == '"' || c == '\'' || c == '`'; }
  [[nodiscard]] static char at(std::string_view text, std::size_t i) noexcept {
    return i < text.size() ? text[i] : '\0';
  }

  /// `https://`, `std::string`, and the first sign of `==`.
  [[nodiscard]] static bool is_no_assignment(std::string_view text, std::size_t sign) noexcept {
    char const next = at(text, sign + 1);
    if (next == '=' || next == ':') return true;
    if (text[sign] != ':') return false;
    bool const is_url = next == '/' && at(text, sign + 2) == '/';
    return is_url || text[sign - 1] == ':';
  }

  /// The name that ends before the sign. Quotes, brackets and spaces may lie between.
  [[nodiscard]] static name name_before(std::string_view text, std::size_t sign) noexcept {
    std::size_t end = sign;
    while (end > 0 && (text[end - 1] == '=' || text[end - 1] == ':' || text[end - 1] == '!')) --end;
    std::size_t const limit = end > 8 ? end - 8 : 0;
    name n;
    for (; end > limit; --end) {
      char const c = text[end - 1];
      if (is_quote(c)) n.is_quoted = true;
      else if (!is_blank(c) && c != '\\' && c != ']') break;
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

  [[nodiscard]] verdict verdict_of(std::string_view text) {
    if (auto const* const found = known_.find(0, text)) return found->decision;
    verdict const said{names_->covers(std::span{&text, 1}), names_->has_name_ending_with(text)};
    (void)known_.add(0, text, said);
    return said;
  }

  /// `API key: ...`.
  void examine_two_words(std::string_view text, std::size_t sign, name const& n, text_edits& edits) {
    if (n.begin < 2 || text[n.begin - 1] != ' ' || !is_in_name(text[n.begin - 2])) return;
    std::size_t begin = n.begin - 1;
    while (begin > 0 && n.begin - begin < longest_name && is_in_name(text[begin - 1])) --begin;
    name const both{text.substr(begin, n.begin + n.text.size() - begin), begin, n.is_quoted};
    coverage const covered = verdict_of(both.text).covered;
    if (covered == coverage::none) return;
    // `secret key` is one name, but `token for` is prose.
    bool const first_alone = verdict_of(text.substr(begin, n.begin - 1 - begin)).covered != coverage::none;
    if (!first_alone || continues_name(n.text)) take_value(text, sign, both, covered, true, edits);
  }
  [[nodiscard]] static bool continues_name(std::string_view word) noexcept {
    constexpr std::array<std::string_view, 8> words{"code", "data",   "hash",   "header",
                                                    "key",  "phrase", "string", "value"};
    return is_one_of(word, words);
  }
  template <std::size_t N>
  [[nodiscard]] static bool is_one_of(std::string_view text,
                                      std::array<std::string_view, N> const& words) noexcept {
    return std::any_of(words.begin(), words.end(),
                       [text](std::string_view word) { return detail::equals_ignoring_case(word, text); });
  }

  /// True for names that prose also puts before a colon: `invalid token: ...`.
  [[nodiscard]] static bool is_weak(std::string_view text) noexcept {
    constexpr std::array<std::string_view, 13> words{"auth",  "bearer", "cred", "credential", "credentials",
                                                     "otp",   "pass",   "pin",  "secret",     "secrets",
                                                     "token", "tokens", "jwt"};
    return is_one_of(text, words);
  }
  [[nodiscard]] static bool is_header(std::string_view text) noexcept {
    constexpr std::array<std::string_view, 5> names{"authorization", "proxy-authorization",
                                                    "www-authenticate", "cookie", "set-cookie"};
    return is_one_of(text, names);
  }

  void take_value(std::string_view text, std::size_t sign, name const& n, coverage covered, bool is_weak_name,
                  text_edits& edits) {
    std::size_t begin = sign + 1;
    if (text[sign] == '=' && at(text, begin) == '>') ++begin;
    while (is_blank(at(text, begin))) ++begin;
    part const value = value_at(text, begin, sign, n);
    std::string_view const shown = text.substr(value.begin, value.end - value.begin);
    if (shown.empty() || (!value.is_quoted && is_nothing(shown))) return;
    if (covered == coverage::unless_measured && is_number(shown)) return;
    bool const is_prose = text[sign] == ':' && begin > sign + 1 && !value.is_quoted && !n.is_quoted;
    if (is_weak_name && is_prose && !looks_secret(shown)) return;
    edits.add(value.begin, value.end, text_rule::keyword);
    done_ = value.end;
  }

  [[nodiscard]] part value_at(std::string_view text, std::size_t begin, std::size_t sign,
                              name const& n) const {
    char const first = at(text, begin);
    std::size_t slashes = 0;
    while (at(text, begin + slashes) == '\\') ++slashes;
    if (is_quote(at(text, begin + slashes))) return quoted(text, begin + slashes + 1, slashes);
    if (first == '{' || first == '[') return {begin, end_of_block(text, begin), true};
    std::size_t end = begin;
    if (text[sign] == ':' && is_header(n.text)) {
      // A quote ends it only if there is one before the name: curl -H "Cookie: ..."
      char const quote = n.begin > 0 && is_quote(text[n.begin - 1]) ? text[n.begin - 1] : '\n';
      while (end < text.size() && !is_line_end(text[end]) && text[end] != quote) ++end;
      return {begin, end, false};
    }
    if (is_between_semicolons(text, n.begin)) {
      while (end < text.size() && !is_line_end(text[end]) && text[end] != ';' && text[end] != '"') ++end;
      return {begin, end, false};
    }
    end = end_of_word(text, begin, text[sign]);
    // `token=Bearer abc`
    for (std::string_view const scheme : {"bearer", "basic", "digest", "token"}) {
      if (!detail::equals_ignoring_case(text.substr(begin, end - begin), scheme) || at(text, end) != ' ')
        continue;
      return {begin, end_of_word(text, end + 1, text[sign]), false};
    }
    return {begin, end, false};
  }

  /// Returns the value up to the closing quote, or the end of the string. Nested JSON escapes its quotes: the closing
  /// quote has as many backslashes as the opening one, a quote within the value has more.
  [[nodiscard]] static part quoted(std::string_view text, std::size_t begin, std::size_t slashes) noexcept {
    char const quote = text[begin - 1];
    std::size_t run = 0;
    for (std::size_t end = begin; end < text.size(); ++end) {
      if (text[end] == quote && run % (2 * (slashes + 1)) == slashes) return {begin, end - slashes, true};
      run = text[end] == '\\' ? run + 1 : 0;
    }
    return {begin, text.size(), true};
  }

  /// The position after the bracket that closes the one at `begin`, or the end of the string.
  [[nodiscard]] static std::size_t end_of_block(std::string_view text, std::size_t begin) noexcept {
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
  [[nodiscard]] static bool is_between_semicolons(std::string_view text, std::size_t begin) noexcept {
    std::size_t before = begin;
    while (before > 0 && begin - before < 4 && is_blank(text[before - 1])) --before;
    return before > 0 && text[before - 1] == ';';
  }

  /// The end of an unquoted value: a space, or a separator after which something else begins or nothing follows. If
  /// this is unclear, the value continues: masking too much is better than too little.
  [[nodiscard]] static std::size_t end_of_word(std::string_view text, std::size_t begin,
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
  /// True if only separators follow before a space or the end, or another name follows.
  [[nodiscard]] static bool ends_here(std::string_view text, std::size_t sign, bool parts,
                                      char assigns) noexcept {
    constexpr std::size_t max_distance = 12;
    constexpr std::string_view signs = "\"'`,;.&}])>{[(\\";
    std::size_t i = sign + 1;
    for (; i < text.size() && i - sign < max_distance && signs.find(text[i]) != std::string_view::npos; ++i) {
      parts = parts || text[i] == ',' || text[i] == ';' || text[i] == '&';
    }
    return i >= text.size() || static_cast<unsigned char>(text[i]) <= ' ' ||
           (parts && name_follows(text, i, assigns));
  }
  /// True if a name that is followed by the same sign begins here.
  [[nodiscard]] static bool name_follows(std::string_view text, std::size_t i, char assigns) noexcept {
    std::size_t const begin = i;
    while (i < text.size() && i - begin < longest_name && (is_quote(text[i]) || is_in_name(text[i]))) ++i;
    return i != begin && at(text, i) == assigns;
  }

  [[nodiscard]] static bool is_nothing(std::string_view shown) noexcept {
    constexpr std::array<std::string_view, 7> words{"***",  "false", "nil",      "none",
                                                    "null", "true",  "undefined"};
    return is_one_of(shown, words);
  }
  [[nodiscard]] static bool is_number(std::string_view shown) noexcept {
    return std::all_of(shown.begin(), shown.end(),
                       [](char c) { return detail::is_ascii_digit(c) || c == '.' || c == '-'; });
  }
  /// True if it has a digit or is long.
  [[nodiscard]] static bool looks_secret(std::string_view shown) noexcept {
    constexpr std::size_t longest_word = 20;
    return shown.size() >= longest_word || std::any_of(shown.begin(), shown.end(), detail::is_ascii_digit);
  }

  std::shared_ptr<name_rules const> names_;
  detail::path_cache<verdict> known_{1, 1024};
  std::size_t done_ = 0;  ///< everything before it in this string is already redacted
};

}  // namespace fapilog::inline v0_1::detail
