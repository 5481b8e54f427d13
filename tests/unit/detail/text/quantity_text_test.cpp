// SPDX-License-Identifier: MIT
// Numbers in texts for people: whole ones without a fraction, and rounding.
#include "support/catch.hpp"

#include <fapilog/detail/text/quantity_text.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

using fapilog::detail::nearest_integer;
using fapilog::detail::number_text;

TEST_CASE("a whole number has no fraction, and others have all their digits") {
  CHECK(number_text(256'000) == "256000");
  CHECK(number_text(-3) == "-3");
  CHECK(number_text(0.5) == "0.5");
  CHECK(number_text(-0.25) == "-0.25");
  CHECK(number_text(1e300) == "1e+300");
  CHECK(number_text(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(number_text(std::nan("")) == "nan");
}

TEST_CASE("rounds to the nearest integer as llround does") {
  for (double const number :
       {0.0, 0.4, 0.49999999999999994, 0.5, 1.5, 2.5, -0.5, -1.5, -0.4, 4503599627370497.5,
        9007199254740993.0, -4503599627370497.5, 0x1.fffffffffffffp62, -0x1p63}) {
    CAPTURE(number);
    CHECK(nearest_integer(number) == std::llround(number));
  }
}
