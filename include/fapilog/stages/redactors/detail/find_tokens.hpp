// SPDX-License-Identifier: MIT
// Finds secrets by their format: JSON web tokens, bearer tokens, AWS keys, private keys.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/stages/redactors/detail/text_edits.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace fapilog::inline v0_1::detail {
namespace token_detail {

[[nodiscard]] constexpr bool is_letter_or_digit(char c) noexcept { return detail::is_ascii_alphanumeric(c); }
/// The characters of base64url.
[[nodiscard]] constexpr bool is_in_jwt_part(char c) noexcept {
  return is_letter_or_digit(c) || c == '-' || c == '_';
}
/// The characters of credentials in HTTP (RFC 9110, token68).
[[nodiscard]] constexpr bool is_in_token(char c) noexcept {
  return is_in_jwt_part(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '=';
}
[[nodiscard]] constexpr bool is_in_key_id(char c) noexcept {
  return detail::is_ascii_upper(c) || detail::is_ascii_digit(c);
}

[[nodiscard]] constexpr bool is_aws_prefix(std::string_view prefix) noexcept {
  return prefix == "AKIA" || prefix == "ASIA" || prefix == "ABIA" || prefix == "ACCA";
}

/// False for what reads as a word: letters, of which only the first may be a capital.
[[nodiscard]] inline bool looks_random(std::string_view token) noexcept {
  constexpr std::size_t longest_word = 20;
  if (token.size() >= longest_word) return true;
  return std::any_of(token.begin(), token.end(), [&token](char const& c) {
    return detail::is_ascii_digit(c) || c == '=' || c == '+' ||
           (detail::is_ascii_upper(c) && &c != token.data());
  });
}

}  // namespace token_detail

/// Adds the JSON web token whose first three characters, `eyJ`, end at `j`: header and payload separated by a dot, and up
/// to three further parts. `looked_to` is 0 at first for each string; everything before it was searched already.
inline void find_jwt(std::string_view text, std::size_t j, std::size_t& looked_to, text_edits& edits) {
  using token_detail::is_in_jwt_part;
  constexpr std::size_t shortest_part = 8;
  constexpr std::size_t shortest = 20;
  constexpr std::size_t max_parts = 5;
  if (j < 2 || text[j - 1] != 'y' || text[j - 2] != 'e' || j - 2 < looked_to) return;
  std::size_t const begin = j - 2;
  std::size_t end = begin;
  std::size_t parts = 0;
  for (std::size_t at = begin; parts < max_parts; ++at) {
    std::size_t const part = at;
    while (at < text.size() && is_in_jwt_part(text[at])) ++at;
    // Later starts within the same first part would end alike.
    if (parts == 0) looked_to = at;
    bool const is_encrypted = parts == 1 && at == part;  // the second part of five may be empty
    if (parts < 2 && at - part < shortest_part && !is_encrypted) break;
    ++parts;
    end = at;
    if (at == text.size() || text[at] != '.') break;
  }
  if (parts < 2 || end - begin < shortest) return;
  edits.add(begin, end, text_rule::jwt);
  looked_to = end;
}

/// Adds what follows `Bearer` and `Basic`: at least 8 characters that do not read as a word.
inline void find_bearers(std::string_view text, text_edits& edits) {
  using token_detail::is_in_token;
  constexpr std::size_t shortest_token = 8;
  for (std::size_t at = 0; at + 6 + shortest_token <= text.size(); ++at) {
    if (detail::to_ascii_lower(text[at]) != 'b') continue;
    std::size_t size = 0;
    for (std::string_view const scheme : {"bearer", "basic"}) {
      if (detail::equals_ignoring_case(text.substr(at, scheme.size()), scheme)) size = scheme.size();
    }
    if (size == 0) continue;
    std::size_t begin = at + size;
    // Also `Bearer%20...`, `Bearer+...` and `Bearer: ...`.
    if (text.substr(begin).starts_with("%20")) begin += 3;
    while (begin < text.size() && (text[begin] == ' ' || text[begin] == '\t' || text[begin] == ':')) ++begin;
    if (begin == at + size && begin < text.size() && text[begin] == '+') ++begin;
    if (begin == at + size) continue;
    std::size_t end = begin;
    while (end < text.size() && is_in_token(text[end])) ++end;
    std::string_view const token = text.substr(begin, end - begin);
    if (std::size_t const sign = token.find('='); token.find_first_not_of('=', sign) != token.npos)
      continue;  // `token_type=Bearer expires_in=3600`
    bool const is_name =
        size == 5 && token.find_first_of("-_.~") != token.npos;  // Basic has base64: `basic tier-2` has not
    if (token.size() >= shortest_token && !is_name && token_detail::looks_random(token)) {
      edits.add(begin, end, text_rule::bearer);
      at = end - 1;
    }
  }
}

/// Length of an access key id.
inline constexpr std::size_t aws_id_size = 20;

/// Adds key ids that begin with AKIA, ASIA, ABIA or ACCA. In a string that has one, also adds what has the format of a secret key: 40
/// characters of base64.
inline void find_aws_keys(std::string_view text, text_edits& edits) {
  using namespace token_detail;
  constexpr std::size_t secret_size = 40;
  bool found = false;
  for (std::size_t probe = aws_id_size - 1; probe < text.size();) {
    std::size_t begin = probe;
    std::size_t end = probe;
    while (end < text.size() && is_in_key_id(text[end])) ++end;
    if (end != probe) {
      while (begin > 0 && is_in_key_id(text[begin - 1])) --begin;
      std::string_view const id = text.substr(begin, end - begin);
      bool const is_word = (begin > 0 && is_letter_or_digit(text[begin - 1])) ||
                           (end < text.size() && is_letter_or_digit(text[end]));
      if (id.size() == aws_id_size && !is_word && is_aws_prefix(id.substr(0, 4))) {
        edits.add(begin, end, text_rule::aws_key);
        found = true;
      }
    }
    probe = end + aws_id_size;
  }
  if (!found) return;
  auto const is_in_secret = [](char c) { return is_letter_or_digit(c) || c == '/' || c == '+'; };
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::size_t const begin = at;
    while (at < text.size() && is_in_secret(text[at])) ++at;
    if (at - begin == secret_size) edits.add(begin, at, text_rule::aws_key);
  }
}

/// Adds PEM blocks with a private key, up to their end or that of the string.
inline void find_private_keys(std::string_view text, text_edits& edits) {
  constexpr std::string_view begin_mark = "-----BEGIN ";
  constexpr std::string_view key_mark = "PRIVATE KEY";
  constexpr std::string_view end_mark = "-----END ";
  constexpr std::string_view dashes = "-----";
  constexpr std::size_t longest_label = 64;
  for (std::size_t begin = text.find(begin_mark); begin != std::string_view::npos;) {
    std::size_t const label = begin + begin_mark.size();
    std::size_t const key = text.substr(label, longest_label).find(key_mark);
    std::size_t const head_end = text.substr(label, longest_label).find(dashes);
    if (key == std::string_view::npos || head_end < key) {
      begin = text.find(begin_mark, label);
      continue;
    }
    std::size_t end = text.find(end_mark, label);
    if (end != std::string_view::npos) {
      end += end_mark.size();
      std::size_t const tail = text.substr(end, longest_label).find(dashes);
      end = tail == std::string_view::npos ? text.size() : end + tail + dashes.size();
    } else {
      end = text.size();
    }
    edits.add(begin, end, text_rule::private_key);
    begin = text.find(begin_mark, end);
  }
}

}  // namespace fapilog::inline v0_1::detail
