// SPDX-License-Identifier: MIT
// Numbers in decimal, compared with fmt.
#include "support/catch.hpp"

#include <fapilog/detail/text/decimal.hpp>

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

namespace {

template <class Integer>
std::string decimal_of(Integer number) {
  char text[20];
  return {text, fapilog::detail::put_decimal(text, number)};
}

/// Empty if `put_common_decimal` leaves the number to others.
std::string common_decimal_of(double number) {
  char text[31];
  char const* const end = fapilog::detail::put_common_decimal(text, number);
  return end == nullptr ? std::string{} : std::string(static_cast<char const*>(text), end);
}

std::string expected_decimal(double number) {
  std::string text = fmt::format("{}", number);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

}  // namespace

TEMPLATE_TEST_CASE("integers of every length are written in decimal", "", std::int64_t, std::uint64_t,
                   std::uint32_t) {
  std::uint64_t power = 1;
  for (int digits = 1; digits <= 20; ++digits, power *= 10) {
    for (std::uint64_t const number : {power - 1, power, power + 1, 0 - power}) {
      auto const n = static_cast<TestType>(number);
      CHECK(decimal_of(n) == fmt::format("{}", n));
    }
  }
  for (TestType const n : {std::numeric_limits<TestType>::min(), std::numeric_limits<TestType>::max()})
    CHECK(decimal_of(n) == fmt::format("{}", n));
}

TEST_CASE("common decimals have the shortest form that reads back, and are the nearest ones of that length") {
  std::mt19937_64 random{20'261'128};
  int wrong = 0;
  int left = 0;
  auto const check = [&](double number) {
    std::string const text = common_decimal_of(number);
    if (text.empty()) {
      ++left;
    } else if (text != expected_decimal(number) && ++wrong < 5) {
      UNSCOPED_INFO(text << " for " << expected_decimal(number));
    }
  };
  for (int exponent = -11; exponent <= 28; ++exponent) {
    double const power = std::ldexp(1.0, exponent);
    for (int i = 0; i < 500; ++i) {
      double const number = power * (1.0 + static_cast<double>(random() >> 12U) / 4'503'599'627'370'496.0);
      check(number);
      check(-number);
      check(std::round(number * 1e3) / 1e3 + power);
    }
    for (double const number : {power, std::nextafter(power, 0.0), std::nextafter(power, 1e9)}) check(number);
  }
  CHECK(wrong == 0);
  CHECK(left < 1'000);
}

TEST_CASE(
    "a number halfway between two shortest decimals is left to others, like very large and very small ones") {
  for (double const number :
       {268'435'456.0 + 1.0 / 512 + 1.0 / 1'024, 1e9, 1e300, 1e-5, 5e-324, 0.0,
        std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    std::string const text = common_decimal_of(number);
    CHECK((text.empty() || text == expected_decimal(number)));
  }
  CHECK(common_decimal_of(1e9).empty());
  CHECK(common_decimal_of(1e-5).empty());
  CHECK(common_decimal_of(std::numeric_limits<double>::quiet_NaN()).empty());
  CHECK(common_decimal_of(0.1 + 0.2) == "0.30000000000000004");
  CHECK(common_decimal_of(-2.0) == "-2.0");
  CHECK(common_decimal_of(999.5) == "999.5");
}
