// SPDX-License-Identifier: MIT
// Finds the tokens of services by their prefix, length and characters.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/text_marks.hpp>
#include <fapilog/stages/redactors/detail/text_edits.hpp>
#include <fapilog/stages/redactors/detail/token_table.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Calls `f(begin, end)` for each row of at least `shortest_row` letters, digits, `_` and `-`.
template <class F>
void for_each_row(std::string_view text, F&& f) {
  auto const is_in_row = [](char c) { return is_ascii_alphanumeric(c) || c == '_' || c == '-'; };
  for (std::size_t probe = shortest_row - 1; probe < text.size();) {
    if (!is_in_row(text[probe])) {
      probe += shortest_row;
      continue;
    }
    std::size_t begin = probe;
    std::size_t end = probe + 1;
    std::size_t const limit = probe - (shortest_row - 1);
    while (begin > limit && is_in_row(text[begin - 1])) --begin;
    while (end < text.size() && is_in_row(text[end])) ++end;
    if (end - begin >= shortest_row) f(begin, end);
    probe = end + shortest_row;
  }
}

namespace vendor_detail {

[[nodiscard]] constexpr bool is_in(token_set set, char c) noexcept {
  switch (set) {
    case token_set::hex: return hex_value(c) >= 0;
    case token_set::uuid: return hex_value(c) >= 0 || c == '-';
    case token_set::upper: return is_ascii_upper(c) || is_ascii_digit(c);
    case token_set::letters: return is_ascii_alphanumeric(c);
    case token_set::words: return is_ascii_alphanumeric(c) || c == '_' || c == '-';
    case token_set::dotted: return is_ascii_alphanumeric(c) || c == '_' || c == '-' || c == '.' || c == '=';
    case token_set::base64: return is_ascii_alphanumeric(c) || c == '+' || c == '/' || c == '=' || c == '_';
  }
  return false;
}

/// Index of the first form for each character below 128.
inline constexpr auto first_forms = [] {
  std::array<std::uint8_t, 129> all{};
  std::size_t at = 0;
  for (std::size_t c = 0; c < all.size(); ++c) {
    while (at < token_forms.size() && static_cast<std::size_t>(token_forms[at].prefix[0]) < c) ++at;
    all[c] = static_cast<std::uint8_t>(at);
  }
  return all;
}();
static_assert(token_forms.size() < 256);
static_assert(std::is_sorted(token_forms.begin(), token_forms.end(),
                             [](auto const& a, auto const& b) { return a.prefix[0] < b.prefix[0]; }));

/// True if at least two of capitals, small letters and digits occur: a name seldom has them.
[[nodiscard]] constexpr bool is_mixed(std::string_view body) noexcept {
  bool upper = false;
  bool lower = false;
  bool digit = false;
  for (char const c : body) {
    upper = upper || is_ascii_upper(c);
    lower = lower || is_ascii_lower(c);
    digit = digit || is_ascii_digit(c);
  }
  return (upper ? 1 : 0) + (lower ? 1 : 0) + (digit ? 1 : 0) >= 2;
}

/// Prefixes that other names contain, too: they count only at the begin of a row. `cache-key-5d41...` has no token.
[[nodiscard]] constexpr bool is_common(std::string_view prefix) noexcept {
  return prefix == "key-" || prefix == "live_" || prefix == "secret_" || prefix == "rnd_" ||
         prefix == "API-" || prefix == "fc-" || prefix == "sdk-" || prefix == "cio";
}

/// The end of the token whose prefix of this form ends at `body`, or 0.
[[nodiscard]] inline std::size_t end_of_token(std::string_view text, std::size_t body,
                                              token_form const& form) noexcept {
  constexpr std::size_t longest_body = 512;  // examined: a longer token is found by its beginning
  std::size_t end = body;
  while (end < text.size() && end - body < longest_body && is_in(form.set, text[end])) ++end;
  while (end > body && (text[end - 1] == '.' || text[end - 1] == '/')) --end;
  bool const is_long = end - body >= form.shortest && is_mixed(text.substr(body, end - body));
  if (!is_long) return 0;
  // The rest of a longer word is part of the secret, too.
  while (end < text.size() && is_in(token_set::words, text[end])) ++end;
  return end;
}

[[nodiscard]] inline bool all_in(std::string_view text, token_set set) noexcept {
  return std::all_of(text.begin(), text.end(), [set](char c) { return is_in(set, c); });
}
/// Number of digits before this position, up to a limit.
[[nodiscard]] inline std::size_t digits_before(std::string_view text, std::size_t at) noexcept {
  constexpr std::size_t limit = 24;
  std::size_t count = 0;
  while (count < limit && at > count && is_ascii_digit(text[at - 1 - count])) ++count;
  return count;
}

/// Adds tokens that have no prefix but a form of their own.
inline bool add_special(std::string_view text, std::size_t begin, std::size_t end, text_edits& edits) {
  std::string_view const row = text.substr(begin, end - begin);
  auto const add = [&](std::size_t from, std::size_t to) {
    edits.add(from, to, text_rule::vendor_token);
    return true;
  };
  char const before = begin > 0 ? text[begin - 1] : ' ';
  // Mailchimp: 32 hexadecimal digits and a data centre.
  constexpr std::size_t hash = 32;
  if (row.size() > hash + 3 && row.size() <= hash + 5 && row.substr(hash, 3) == "-us" &&
      all_in(row.substr(0, hash), token_set::hex)) {
    return add(begin, end);
  }
  // Twilio: SK and 32 hexadecimal digits.
  if (row.size() == hash + 2 && row.starts_with("SK") && all_in(row.substr(2), token_set::hex))
    return add(begin, end);
  // Telegram: digits, a colon, and 35 characters that begin with AA.
  if (before == ':' && row.starts_with("AA") && row.size() >= 33 && row.size() <= 37) {
    std::size_t const digits = digits_before(text, begin - 1);
    if (digits >= 8 && digits <= 10) return add(begin - 1 - digits, end);
  }
  // Asana: the version, a slash, the id of the user, a colon, and 32 hexadecimal digits.
  if (before == ':' && row.size() == hash && all_in(row, token_set::hex)) {
    std::size_t const digits = digits_before(text, begin - 1);
    std::size_t const slash = begin - 2 - digits;
    if (digits >= 15 && digits + 3 <= begin && text[slash] == '/' &&
        (text[slash - 1] == '1' || text[slash - 1] == '2'))
      return add(slash - 1, end);
  }
  // Google OAuth, to refresh: 1//0 and 40 or more.
  if (before == '/' && begin >= 3 && text.substr(begin - 3, 3) == "1//" && row[0] == '0' && row.size() >= 40)
    return add(begin - 3, end);
  // Resend: re_, 8 characters, an underscore, and 24.
  if (row.size() == 36 && row.starts_with("re_") && row[11] == '_' && is_mixed(row.substr(12)) &&
      all_in(row.substr(3, 8), token_set::letters) && all_in(row.substr(12), token_set::letters)) {
    return add(begin, end);
  }
  // Discord: three parts, the first of which is the id of the bot in base64.
  std::string_view const rest = text.substr(end);
  if (row.size() >= 23 && row.size() <= 28 && row.find_first_of("MNO") == 0 && rest.size() > 8 &&
      rest[0] == '.' && rest[7] == '.') {
    std::size_t tail = 8;
    while (tail < rest.size() && is_in(token_set::words, rest[tail])) ++tail;
    if (tail - 8 >= 27 && all_in(rest.substr(1, 6), token_set::words)) return add(begin, end + tail);
  }
  // Microsoft Entra: three characters, a digit, Q~, and 31 to 34 characters.
  if (before == '~' && begin >= 6 && text[begin - 2] == 'Q' && is_ascii_digit(text[begin - 3]))
    return add(begin - 6, end);
  // HCP Terraform: 14 characters, .atlasv1., and 60 or more.
  constexpr std::string_view atlas = ".atlasv1.";
  if (before == '.' && begin >= atlas.size() + 14 &&
      text.substr(begin - atlas.size(), atlas.size()) == atlas) {
    return add(begin - atlas.size() - 14, end);
  }
  // Airtable: pat, 14 characters, a dot, and 64 hexadecimal digits.
  if (before == '.' && row.size() == 64 && begin >= 18 && text.substr(begin - 18, 3) == "pat" &&
      all_in(row, token_set::hex)) {
    return add(begin - 18, end);
  }
  // Webhooks: the end of the path.
  if (before == '/') {
    constexpr std::size_t longest_path = 256;
    std::string_view const path =
        text.substr(begin > longest_path ? begin - longest_path : 0, (std::min)(begin, longest_path));
    std::string_view const url = path.substr(path.find_last_of(" \t\n\"'") + 1);
    for (std::string_view const host :
         {"hooks.slack.com/", "/api/webhooks/", "webhook.office.com/", "hooks.zapier.com/"}) {
      if (url.find(host) != url.npos) return add(begin, end);
    }
  }
  return false;
}

}  // namespace vendor_detail

/// Adds the tokens in the row of letters, digits, `_` and `-` from `begin` to `end`. A prefix begins a word: it is not
/// preceded by a letter or digit.
inline void find_vendor_tokens(std::string_view text, std::size_t begin, std::size_t end, text_edits& edits) {
  using namespace vendor_detail;
  if (add_special(text, begin, end, edits)) return;
  if (begin > 0 && (text[begin - 1] == '.' || text[begin - 1] == '~')) {
    for (token_form const& form : dotted_token_forms) {
      std::size_t const size = form.prefix.size();
      if (begin < size || text.substr(begin - size, size) != form.prefix) continue;
      if (begin > size && is_ascii_alphanumeric(text[begin - size - 1])) continue;
      if (std::size_t const found = end_of_token(text, begin, form); found != 0)
        return edits.add(begin - size, found, text_rule::vendor_token);
    }
  }
  for (std::size_t at = begin; at + shortest_row <= end + 1; ++at) {
    if (at != begin && is_ascii_alphanumeric(text[at - 1])) continue;
    auto const first = static_cast<unsigned char>(text[at]);
    for (std::size_t i = first_forms[first]; i < first_forms[first + 1U]; ++i) {
      token_form const& form = token_forms[i];
      if (!text.substr(at).starts_with(form.prefix) || (at != begin && is_common(form.prefix))) continue;
      std::size_t const found = end_of_token(text, at + form.prefix.size(), form);
      if (found == 0) continue;
      return edits.add(at, found, text_rule::vendor_token);
    }
  }
}

}  // namespace fapilog::inline v0_1::detail
