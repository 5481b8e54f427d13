// SPDX-License-Identifier: MIT
// Writes numbers in decimal.
#pragma once

#include <fapilog/detail/compiler.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace fapilog::inline v0_1::detail {

/// The two digits of each number below 100, one pair after the other.
inline constexpr auto decimal_pairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

/// 0, then the powers of ten from 10 on.
inline constexpr auto least_of_digits = [] {
  std::array<std::uint64_t, 20> least{};
  std::uint64_t power = 1;
  for (std::size_t i = 1; i < least.size(); ++i) least[i] = power *= 10;
  return least;
}();

/// The number of digits.
[[nodiscard]] constexpr std::size_t count_digits(std::uint64_t number) noexcept {
  // 1233 / 4096 is a little more than the logarithm of 2 to the base of 10.
  std::size_t const fewest = (number_cast<std::size_t>(std::bit_width(number)) * 1'233) >> 12U;
  return fewest + (number >= least_of_digits[fewest] ? 1U : 0U);
}

/// Writes an integer, at most 20 characters, and returns the end.
template <class Integer>
[[gnu::always_inline]] inline char* put_decimal(char* to, Integer number) noexcept {
  auto rest = static_cast<std::uint64_t>(number);
  if constexpr (std::is_signed_v<Integer>) {
    if (number < 0) {
      *to++ = '-';
      rest = 0 - rest;
    }
  }
  char* const end = to + count_digits(rest);
  for (to = end; rest >= 100; rest /= 100) {
    to -= 2;
    std::memcpy(to, decimal_pairs.data() + 2 * (rest % 100), 2);
  }
  if (rest >= 10) {
    std::memcpy(to - 2, decimal_pairs.data() + 2 * rest, 2);
  } else {
    to[-1] = static_cast<char>('0' + rest);
  }
  return end;
}

/// What is left of a number while its digits after the point are taken: `rest / 2^shift` of the last digit.
struct decimal_rest {
  std::uint64_t rest;
  std::uint64_t unit;  ///< the distance of neighbouring numbers, in units of `rest`
  unsigned shift;

  /// Removes this many digits and returns them.
  template <unsigned Digits>
  std::uint64_t take() noexcept {
    // Times ten for each digit, of which two is in the shift.
    constexpr std::uint64_t five = Digits == 1 ? 5 : 25;
    rest *= five;
    unit *= five;
    shift -= Digits;
    std::uint64_t const digits = rest >> shift;
    rest -= digits << shift;
    return digits;
  }
  /// The distance to the decimal above, in units of `rest`.
  [[nodiscard]] std::uint64_t above() const noexcept { return (std::uint64_t{1} << shift) - rest; }
  /// True if the digits taken so far, or the decimal above, are nearer than the middle to the next number.
  [[nodiscard]] bool is_near() const noexcept { return 2 * rest < unit || 2 * above() < unit; }
};

/// Writes the shortest decimal that reads back as the same number, and the nearest one of these, with a point and at least
/// one digit after it, at most 31 characters. Returns the end, or null for a number outside of about 0.0005 to 5e8 and for
/// the rare number halfway between two such decimals.
[[nodiscard]] inline char* put_common_decimal(char* to, double number) noexcept {
  constexpr unsigned fraction_bits = 52;
  constexpr unsigned bias = 1'023;
  constexpr unsigned smallest = bias - 11;  // below, a shift would reach 64
  constexpr unsigned largest = bias + 28;   // above, a decimal could lie on the edge between two numbers
  auto const bits = std::bit_cast<std::uint64_t>(number);
  unsigned const exponent = static_cast<unsigned>(bits >> fraction_bits) & 0x7FFU;
  if (exponent - smallest > largest - smallest) return nullptr;
  if ((bits >> 63U) != 0) *to++ = '-';

  // The number is `significand / 2^shift`. It differs from the edges to its neighbours by half a unit of the significand.
  // Digits follow one by one, until a decimal is nearer than that. No power of two in this range has that many digits
  // that its smaller lower half matters.
  constexpr std::uint64_t one = 1;
  std::uint64_t const significand = (bits & ((one << fraction_bits) - 1)) | (one << fraction_bits);
  unsigned shift = bias + fraction_bits - exponent;
  std::uint64_t const whole = significand >> shift;
  to = put_decimal(to, whole);
  *to++ = '.';
  decimal_rest now{significand - (whole << shift), 1, shift};
  // Two digits at a time, as long as both are needed.
  while (now.shift <= 59) {
    decimal_rest next = now;
    std::uint64_t const pair = next.take<2>();
    if (next.is_near()) break;
    std::memcpy(to, decimal_pairs.data() + 2 * pair, 2);
    to += 2;
    now = next;
  }
  do {
    *to++ = static_cast<char>('0' + now.take<1>());
  } while (!now.is_near());
  if (now.rest == now.above()) return nullptr;
  // Never from 9 to 10: the digit before would have been near enough.
  if (now.rest > now.above()) ++to[-1];
  return to;
}

}  // namespace fapilog::inline v0_1::detail
