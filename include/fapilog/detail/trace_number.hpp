// SPDX-License-Identifier: MIT
// Ids of traces and spans: random hexadecimal digits.
#pragma once

#include <fapilog/detail/chance.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/ascii.hpp>

#include <cstddef>
#include <cstdint>
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

/// Random digits; a forked child has other ones.
[[nodiscard]] inline std::string random_trace_number(std::size_t digits) {
  struct source {
    random_bits bits{};
    std::int64_t process = process_mark();
  };
  thread_local source random;
  if (random.process != process_mark()) random = source();
  std::string text(digits, '0');
  for (std::uint64_t seen = 0; seen == 0 && digits != 0;) {  // not all digits are zero
    for (std::size_t at = 0; at < digits;) {
      std::uint64_t word = random.bits.next();
      for (int i = 0; i < 16 && at < digits; ++i, ++at, word >>= 4U) {
        text[at] = hex_digits[word & 15U];
        seen |= word & 15U;
      }
    }
  }
  return text;
}

}  // namespace fapilog::inline v0_1::detail
