// SPDX-License-Identifier: MIT
// Makes numbers of cards, whose last digit is a check digit.
#pragma once

#include <cstddef>
#include <string>

namespace support {

/// Appends the check digit by Luhn's formula.
[[nodiscard]] inline std::string with_check_digit(std::string number) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < number.size(); ++i) {
    auto digit = static_cast<unsigned>(number[number.size() - 1 - i] - '0');
    if (i % 2 == 0) digit *= 2;
    sum += digit / 10 + digit % 10;
  }
  number += static_cast<char>('0' + (10 - sum % 10) % 10);
  return number;
}

}  // namespace support
