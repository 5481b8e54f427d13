// SPDX-License-Identifier: MIT
// Classification and case of ASCII characters, whatever the locale, and hexadecimal digits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fapilog::inline v0_1::detail {

[[nodiscard]] constexpr bool is_ascii_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
[[nodiscard]] constexpr bool is_ascii_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
[[nodiscard]] constexpr bool is_ascii_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_ascii_letter(char c) noexcept {
  return is_ascii_lower(c) || is_ascii_upper(c);
}
[[nodiscard]] constexpr bool is_ascii_alphanumeric(char c) noexcept {
  return is_ascii_letter(c) || is_ascii_digit(c);
}

[[nodiscard]] constexpr char to_ascii_lower(char c) noexcept {
  return is_ascii_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] constexpr char to_ascii_upper(char c) noexcept {
  return is_ascii_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
}

/// True if the strings differ at most in the case of ASCII letters.
[[nodiscard]] constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_ascii_lower(a[i]) != to_ascii_lower(b[i])) return false;
  }
  return true;
}

inline constexpr std::string_view hex_digits = "0123456789abcdef";

/// The two hexadecimal digits of each byte, one pair after the other.
inline constexpr auto hex_pairs = [] {
  std::array<char, 512> pairs{};
  for (std::size_t i = 0; i < 256; ++i) {
    pairs[2 * i] = hex_digits[i >> 4];
    pairs[2 * i + 1] = hex_digits[i & 15];
  }
  return pairs;
}();

/// Writes the two hexadecimal digits of `byte` and returns the position after them.
constexpr char* put_hex(char* to, std::uint8_t byte) noexcept {
  *to++ = hex_pairs[std::size_t{2} * byte];
  *to++ = hex_pairs[std::size_t{2} * byte + 1];
  return to;
}
/// Writes the low `count` hexadecimal digits of `number` and returns the position after them.
constexpr char* put_hex(char* to, std::uint32_t number, int count) noexcept {
  for (int shift = 4 * (count - 1); shift >= 0; shift -= 4) *to++ = hex_digits[(number >> shift) & 15];
  return to;
}

/// The value of a hexadecimal digit of either case, or -1.
[[nodiscard]] constexpr int hex_value(char c) noexcept {
  if (is_ascii_digit(c)) return c - '0';
  char const lower = to_ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace fapilog::inline v0_1::detail
