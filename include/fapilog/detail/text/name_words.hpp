// SPDX-License-Identifier: MIT
// The words of a name: `userToken`, `X-Auth-Token` and `user.token_2` have the word `token`; `tokenizer` has not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail {

[[nodiscard]] constexpr bool is_ascii_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
[[nodiscard]] constexpr bool is_ascii_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
[[nodiscard]] constexpr bool is_ascii_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr char ascii_lower(char c) noexcept {
  return is_ascii_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] inline std::string lower_text(std::string_view text) {
  std::string result{text};
  for (char& c : result) c = ascii_lower(c);
  return result;
}

/// Equal but for the case of ASCII letters. Throws: never.
[[nodiscard]] constexpr bool same_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  }
  return true;
}

/// How a name is cut into words.
enum class word_cut : std::uint8_t {
  at_case,   ///< `APIKeyV2` is api, key, v, 2
  by_signs,  ///< only where there is no letter or digit, and between the two: `ApiKey_2` is apikey, 2
};

/// Adds the words of a name, in lower case, to `words`. Bytes of other scripts than ASCII count as letters.
inline void add_words(std::string_view name, word_cut cut, std::vector<std::string>& words) {
  enum class sort : std::uint8_t { sign, letter, digit };
  auto const sort_of = [](char c) {
    if (is_ascii_digit(c)) return sort::digit;
    bool const is_letter = is_ascii_lower(c) || is_ascii_upper(c) || static_cast<unsigned char>(c) >= 0x80;
    return is_letter ? sort::letter : sort::sign;
  };
  sort before = sort::sign;
  for (std::size_t i = 0; i < name.size(); ++i) {
    sort const now = sort_of(name[i]);
    if (now != sort::sign) {
      bool begins = now != before;
      if (cut == word_cut::at_case && !begins && is_ascii_upper(name[i])) {
        bool const ends_capitals = i + 1 < name.size() && is_ascii_lower(name[i + 1]);
        begins = !is_ascii_upper(name[i - 1]) || ends_capitals;
      }
      if (begins) words.emplace_back();
      words.back().push_back(ascii_lower(name[i]));
    }
    before = now;
  }
}

/// The letters and digits of a name alone, in lower case: the same for `request_body`, `requestBody`, `Request-Body`.
[[nodiscard]] inline std::string joined_name(std::string_view name) {
  std::string result;
  for (char const c : name) {
    bool const counts =
        is_ascii_lower(c) || is_ascii_upper(c) || is_ascii_digit(c) || static_cast<unsigned char>(c) >= 0x80;
    if (counts) result.push_back(ascii_lower(c));
  }
  return result;
}

}  // namespace fapilog::inline v0_1::detail
