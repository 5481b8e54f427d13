// SPDX-License-Identifier: MIT
// Reads a double, also with standard libraries that have no `std::from_chars` for it.
#pragma once

#include <cerrno>
#include <charconv>
#include <clocale>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

namespace fapilog::inline v0_1::detail {

/// End of the longest decimal number that begins at `first`, or `first`. Throws: never.
[[nodiscard, gnu::cold]] inline char const* end_of_decimal(char const* first, char const* last) noexcept {
  auto const skip_digits = [last](char const* at) {
    while (at != last && *at >= '0' && *at <= '9') ++at;
    return at;
  };
  char const* at = first;
  if (at != last && *at == '-') ++at;
  char const* const whole = skip_digits(at);
  bool has_digits = whole != at;
  at = whole;
  if (at != last && *at == '.') {
    char const* const fraction = skip_digits(at + 1);
    has_digits = has_digits || fraction != at + 1;
    at = fraction;
  }
  if (!has_digits) return first;
  if (at == last || (*at != 'e' && *at != 'E')) return at;
  char const* exponent = at + 1;
  if (exponent != last && (*exponent == '-' || *exponent == '+')) ++exponent;
  char const* const end = skip_digits(exponent);
  return end == exponent ? at : end;
}

/// Like `std::from_chars`, for decimal numbers only, by strtod(3) in the locale of the process.
[[nodiscard, gnu::cold]] inline std::from_chars_result read_decimal(char const* first, char const* last,
                                                                    double& number) {
  char const* const end = end_of_decimal(first, last);
  if (end == first) return {first, std::errc::invalid_argument};
  std::string copy{first, end};
  if (auto const point = copy.find('.'); point != std::string::npos)
    copy.replace(point, 1, std::localeconv()->decimal_point);
  int const before = errno;
  errno = 0;
  double const value = std::strtod(copy.c_str(), nullptr);
  bool const is_out_of_range = errno == ERANGE;
  errno = before;
  if (is_out_of_range) return {end, std::errc::result_out_of_range};
  number = value;
  return {end, std::errc{}};
}

/// Like `std::from_chars`, which libc++ has for doubles since version 20. A template, because the overload may be deleted.
template <class Double>
[[nodiscard]] std::from_chars_result read_double(std::string_view text, Double& number) {
  char const* const last = text.data() + text.size();
  if constexpr (requires { std::from_chars(text.data(), last, number); })
    return std::from_chars(text.data(), last, number);
  else return read_decimal(text.data(), last, number);
}

}  // namespace fapilog::inline v0_1::detail
