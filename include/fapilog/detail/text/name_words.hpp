// SPDX-License-Identifier: MIT
// Splits names into words: `userToken`, `X-Auth-Token` and `user.token_2` contain the word `token`, `tokenizer` does not.
#pragma once

#include <fapilog/detail/text/ascii.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Where a name is split into words.
enum class word_cut : std::uint8_t {
  at_case,   ///< `APIKeyV2` is api, key, v, 2
  by_signs,  ///< only at signs, and between letters and digits: `ApiKey_2` is apikey, 2
};

/// Adds the words of a name to `words`, in lower case. Bytes above ASCII count as letters.
inline void add_words(std::string_view name, word_cut cut, std::vector<std::string>& words) {
  enum class sort : std::uint8_t { sign, letter, digit };
  auto const sort_of = [](char c) {
    if (is_ascii_digit(c)) return sort::digit;
    bool const is_letter = is_ascii_letter(c) || static_cast<unsigned char>(c) >= 0x80;
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
      words.back().push_back(to_ascii_lower(name[i]));
    }
    before = now;
  }
}

/// Returns only the letters and digits of a name, in lower case: the same for `request_body`, `requestBody`,
/// `Request-Body`.
[[nodiscard]] inline std::string joined_name(std::string_view name) {
  std::string result;
  for (char const c : name) {
    bool const counts = is_ascii_alphanumeric(c) || static_cast<unsigned char>(c) >= 0x80;
    if (counts) result.push_back(to_ascii_lower(c));
  }
  return result;
}

}  // namespace fapilog::inline v0_1::detail
