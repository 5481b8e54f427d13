// SPDX-License-Identifier: MIT
// Numbers as hexadecimal text.
#pragma once

#include <fapilog/detail/text/ascii.hpp>

#include <cstdint>
#include <string>

namespace fapilog::inline v0_1::detail {

/// `0x` and the digits of a number in hexadecimal.
[[nodiscard, gnu::cold]] inline std::string hex_text(std::uint64_t number) {
  char digits[16];
  std::size_t first = sizeof digits;
  do {
    digits[--first] = hex_digits[number & 15];
    number >>= 4;
  } while (number != 0);
  return "0x" + std::string(digits + first, sizeof digits - first);
}

}  // namespace fapilog::inline v0_1::detail
