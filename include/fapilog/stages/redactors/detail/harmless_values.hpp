// SPDX-License-Identifier: MIT
// Recognises values that are no secret, whatever their name: placeholders, states, measures.
#pragma once

#include <fapilog/detail/text/ascii.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// True if one of these words equals the string, whatever the case of ASCII letters.
template <std::size_t N>
[[nodiscard]] constexpr bool is_one_of(std::string_view text,
                                       std::array<std::string_view, N> const& words) noexcept {
  return std::any_of(words.begin(), words.end(),
                     [text](std::string_view word) { return equals_ignoring_case(word, text); });
}

/// True for a string that means "no value": `null`, `false`.
[[nodiscard]] constexpr bool is_nothing(std::string_view value) noexcept {
  constexpr std::array<std::string_view, 7> words{"***", "false", "nil", "none", "null", "true", "undefined"};
  return is_one_of(value, words);
}

/// True for what an earlier redaction or a template leaves in place of a secret: `****`, `[REDACTED]`, `<hidden>`,
/// `xxxxx`, `${DB_PASSWORD}`, `$1`, `{{ password }}`, `?`, `%s`.
[[nodiscard]] constexpr bool is_placeholder(std::string_view value) noexcept {
  if (value.empty()) return false;
  auto const all_of = [](std::string_view text, auto&& test) {
    return std::all_of(text.begin(), text.end(), test);
  };
  if (value == "?" || value == "%s") return true;
  constexpr std::string_view fillers = "*xX";
  bool const is_filler = fillers.find(value[0]) < (value.size() < 3 ? 1U : fillers.size());
  if (is_filler && all_of(value, [value](char c) { return c == value[0]; })) return true;
  auto const is_name = [](char c) { return is_ascii_upper(c) || is_ascii_digit(c) || c == '_'; };
  if (value[0] == '$' && value.size() > 1) {
    if (all_of(value.substr(1), is_name)) return true;
    if (value[1] == '{' || value[1] == '(') return value.back() == '}' || value.back() == ')';
  }
  if (value.starts_with("{{") && value.ends_with("}}")) return true;
  char const first = value.front();
  char const last = value.back();
  bool const in_brackets =
      (first == '[' && last == ']') || (first == '<' && last == '>') || (first == '(' && last == ')');
  if (!in_brackets || value.size() < 3) return false;
  std::string_view const inner = value.substr(1, value.size() - 2);
  auto const is_word = [](char c) { return is_ascii_letter(c) || c == '-' || c == '_' || c == ' '; };
  if (first == '<' && all_of(inner, is_word)) return true;  // `<your token>`
  constexpr std::array<std::string_view, 8> words{"redacted", "filtered", "hidden", "masked",
                                                  "omitted",  "none",     "null",   "sensitive"};
  return is_one_of(inner.substr(0, inner.find(':')), words);
}

/// True for words that say how something is, or name a method: `expired`, `basic`. They are no value of a weak name.
[[nodiscard]] constexpr bool is_state(std::string_view value) noexcept {
  constexpr auto words = std::to_array<std::string_view>(
      {"completed", "done",      "sent",      "weak",     "strong",  "absent",  "accepted", "active",
       "anonymous", "apikey",    "basic",     "bearer",   "changed", "cookie",  "default",  "denied",
       "digest",    "disabled",  "empty",     "enabled",  "error",   "expired", "expires",  "external",
       "fail",      "failed",    "failure",   "found",    "granted", "hidden",  "inactive", "incorrect",
       "internal",  "invalid",   "jwt",       "kerberos", "ldap",    "local",   "locked",   "login",
       "lost",      "malformed", "mfa",       "mismatch", "missing", "mtls",    "n/a",      "no",
       "not",       "ntlm",      "oauth",     "oauth2",   "off",     "oidc",    "ok",       "on",
       "optional",  "pass",      "passed",    "password", "pending", "plain",   "present",  "publickey",
       "refreshed", "rejected",  "requested", "required", "reset",   "revoked", "rotated",  "saml",
       "set",       "strict",    "success",   "token",    "trust",   "unknown", "valid",    "yes",
       "argon2",    "argon2id",  "bcrypt",    "pbkdf2",   "scrypt"});
  return is_nothing(value) || is_one_of(value, words);
}

/// True for words that continue a sentence after `password:` or `password `.
[[nodiscard]] constexpr bool continues_sentence(std::string_view word) noexcept {
  constexpr std::array<std::string_view, 51> words{
      "a",        "above",   "again",    "an",    "and",  "are",     "at",    "be",        "can",
      "cannot",   "changed", "contains", "could", "does", "doesn't", "don't", "entered",   "field",
      "for",      "from",    "has",      "have",  "if",   "in",      "is",    "it",        "may",
      "minimum",  "must",    "needs",    "no",    "of",   "only",    "or",    "please",    "policy",
      "provided", "should",  "that",     "the",   "this", "to",      "too",   "unchanged", "updated",
      "was",      "weak",    "were",     "will",  "with", "wrong"};
  return is_one_of(word, words);
}

/// True for what a validation says about a value: `is too short`, `can't be blank`, `this field is required`.
[[nodiscard]] constexpr bool is_complaint(std::string_view text) noexcept {
  constexpr std::array<std::string_view, 22> begins{
      "is too ",      "is required", "is invalid",   "is not ",       "is missing", "is incorrect",
      "must be ",     "must not ",   "must contain", "must have ",    "must match", "can't be ",
      "cannot be ",   "should be ",  "should not ",  "may not be ",   "does not ",  "doesn't match",
      "has already ", "this field ", "this value ",  "field required"};
  return std::any_of(begins.begin(), begins.end(), [text](std::string_view begin) {
    return equals_ignoring_case(text.substr(0, begin.size()), begin);
  });
}

/// True for a list, such as `["is too short"]`, of which each string is a complaint.
[[nodiscard]] constexpr bool is_list_of_complaints(std::string_view text) noexcept {
  if (!text.starts_with('[') || !text.ends_with(']')) return false;
  std::size_t count = 0;
  for (std::size_t at = text.find('"'); at != text.npos; at = text.find('"', at + 1), ++count) {
    std::size_t const end = text.find('"', at + 1);
    if (end == text.npos || !is_complaint(text.substr(at + 1, end - at - 1))) return false;
    at = end;
  }
  return count != 0;
}

/// True for an absolute path of a directory: `/home/ada`, `C:\\Users`.
[[nodiscard]] constexpr bool is_directory(std::string_view text) noexcept {
  constexpr std::string_view signs = "/\\:._- ";
  bool const is_windows = text.size() > 2 && is_ascii_letter(text[0]) && text[1] == ':' && text[2] == '\\';
  if (!text.starts_with('/') && !is_windows) return false;
  return std::all_of(text.begin(), text.end(),
                     [signs](char c) { return is_ascii_alphanumeric(c) || signs.find(c) != signs.npos; });
}

/// True for types that a declaration has after a colon: `password: string`.
[[nodiscard]] constexpr bool is_type_name(std::string_view word) noexcept {
  constexpr std::array<std::string_view, 14> words{"any",  "bool",   "boolean", "byte",    "bytes",
                                                   "char", "i32",    "int",     "integer", "number",
                                                   "str",  "string", "u32",     "varchar"};
  return is_one_of(word, words);
}

/// True for digits with the signs of numbers, dates and times, and for a number with a unit of at most three letters.
[[nodiscard]] constexpr bool is_measure_text(std::string_view value) noexcept {
  if (value.empty() || !is_ascii_digit(value[0])) return is_nothing(value);
  std::size_t at = 0;
  constexpr std::string_view signs = ".:+-/% TZ";
  while (at < value.size() && (is_ascii_digit(value[at]) || signs.find(value[at]) != std::string_view::npos))
    ++at;
  std::string_view const unit = value.substr(at);
  return unit.size() <= 3 && std::all_of(unit.begin(), unit.end(), is_ascii_letter);
}

[[nodiscard]] constexpr bool is_number(std::string_view value) noexcept {
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return is_ascii_digit(c) || c == '.' || c == '-'; });
}

/// True if it has a digit or is long: prose seldom is.
[[nodiscard]] constexpr bool looks_secret(std::string_view value) noexcept {
  constexpr std::size_t longest_word = 20;
  return value.size() >= longest_word || std::any_of(value.begin(), value.end(), is_ascii_digit);
}

/// True for at least six characters with letters and, within or after them, digits or signs: `hunter2`, `S3cret!`.
[[nodiscard]] constexpr bool looks_like_password(std::string_view value) noexcept {
  constexpr std::size_t shortest = 6;
  std::string_view const signs = "!#$%^&*~?";
  auto const has = [value](auto&& test) { return std::any_of(value.begin(), value.end(), test); };
  if (value.size() < shortest || value.front() == '/' || value.front() == '-') return false;
  return has(is_ascii_letter) &&
         has([signs](char c) { return is_ascii_digit(c) || signs.find(c) != signs.npos; });
}

/// True for a row of base64 of at least 24 characters that has digits, capitals and small letters and is no path.
[[nodiscard]] constexpr bool looks_like_base64(std::string_view value) noexcept {
  constexpr std::size_t shortest = 24;
  auto const has = [value](auto&& test) { return std::any_of(value.begin(), value.end(), test); };
  auto const is_other = [](char c) { return !is_ascii_alphanumeric(c) && c != '+' && c != '/' && c != '='; };
  return value.size() >= shortest && value.front() != '/' && !has(is_other) && has(is_ascii_digit) &&
         has(is_ascii_upper) && has(is_ascii_lower);
}

/// True for at least 16 characters of which some are digits and some letters, without a separator in a stretch of 16.
[[nodiscard]] constexpr bool looks_generated(std::string_view value) noexcept {
  constexpr std::size_t shortest = 16;
  std::size_t row = 0;
  std::size_t digits = 0;
  std::size_t letters = 0;
  for (char const c : value) {
    bool const is_digit = is_ascii_digit(c);
    bool const is_letter = is_ascii_letter(c);
    if (!is_digit && !is_letter) row = digits = letters = 0;
    row += is_digit || is_letter ? 1U : 0U;
    digits += is_digit ? 1U : 0U;
    letters += is_letter ? 1U : 0U;
    if (row >= shortest && digits >= 2 && letters >= 2) return true;
  }
  return false;
}

}  // namespace fapilog::inline v0_1::detail
