// SPDX-License-Identifier: MIT
// Ids of traces and spans: random hexadecimal digits.
#pragma once

#include <fapilog/detail/chance.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/ascii.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// True for lower-case hexadecimal digits that are not all zero.
[[nodiscard]] inline bool is_trace_number(std::string_view text) noexcept {
  bool has_value = false;
  for (char const c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
    has_value = has_value || c != '0';
  }
  return has_value;
}
[[nodiscard]] inline int trace_digit(char c) noexcept {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// Writes 8 hexadecimal digits of `number`, each in a byte of one word.
inline void put_eight_digits(char* to, std::uint32_t number) noexcept {
  std::uint64_t digits = number;
  digits = (digits | digits << 16U) & 0x0000FFFF0000FFFF;
  digits = (digits | digits << 8U) & 0x00FF00FF00FF00FF;
  digits = (digits | digits << 4U) & 0x0F0F0F0F0F0F0F0F;
  std::uint64_t const letters = (digits + 0x0606060606060606) >> 4U & 0x0101010101010101;
  digits += 0x3030303030303030 + letters * ('a' - '0' - 10);
  std::memcpy(to, &digits, sizeof digits);
}

/// Random digits, a multiple of 16; none of these sixteens is all zero. A forked child has other ones.
[[nodiscard]] inline std::string random_trace_number(std::size_t digits) {
  struct source {
    random_bits bits{};
    std::int64_t process = process_mark();
  };
  thread_local source random;
  if (random.process != process_mark()) random = source();
  std::string text(digits, '0');
  for (std::size_t at = 0; at < digits; at += 16) {
    std::uint64_t word = random.bits.next();
    while (word == 0) word = random.bits.next();  // not all digits are zero
    put_eight_digits(text.data() + at, static_cast<std::uint32_t>(word >> 32U));
    put_eight_digits(text.data() + at + 8, static_cast<std::uint32_t>(word));
  }
  return text;
}

}  // namespace fapilog::inline v0_1::detail
