// SPDX-License-Identifier: MIT
// Doubles are read alike with and without std::from_chars.
#include "support/catch.hpp"

#include <fapilog/detail/text/read_double.hpp>

#include <charconv>
#include <cstring>
#include <string_view>
#include <system_error>

using fapilog::detail::read_decimal;

TEST_CASE("a decimal number is read like std::from_chars does") {
  for (std::string_view const text : {"0",
                                      "-0",
                                      "0.5",
                                      "-12.25",
                                      "1e5",
                                      "1.5E-3",
                                      ".5",
                                      "5.",
                                      "1e",
                                      "1e+",
                                      "-",
                                      ".",
                                      "",
                                      "x",
                                      " 1",
                                      "+1",
                                      "1x",
                                      "1e400",
                                      "123456789012345678901234567890",
                                      "2.2250738585072014e-308",
                                      "0x10",
                                      "--1",
                                      "1.2.3",
                                      "-.e1"}) {
    CAPTURE(text);
    double expected = 7;
    double number = 7;
    auto const by_library = std::from_chars(text.data(), text.data() + text.size(), expected);
    auto const result = read_decimal(text.data(), text.data() + text.size(), number);
    CHECK(result.ec == by_library.ec);
    CHECK(result.ptr == by_library.ptr);
    CHECK(std::memcmp(&number, &expected, sizeof number) == 0);
  }
}

TEST_CASE("a name of infinity or of no number is not a decimal number") {
  for (std::string_view const text : {"inf", "nan", "-infinity"}) {
    double number = 7;
    auto const result = read_decimal(text.data(), text.data() + text.size(), number);
    CHECK(result.ec == std::errc::invalid_argument);
  }
}
