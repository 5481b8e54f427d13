// SPDX-License-Identifier: MIT
// Random decisions: shares that hold, and seeds that repeat.
#include "support/catch.hpp"

#include <fapilog/detail/chance.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

using fapilog::detail::chance;
using fapilog::detail::random_bits;

TEST_CASE("the random numbers of a seed are the published ones of SplitMix64") {
  random_bits bits{1234567};
  CHECK(bits.next() == 6457827717110365317U);
  CHECK(bits.next() == 3203168211198807973U);
  CHECK(bits.next() == 9817491932198370423U);
}

TEST_CASE("a random share is the number's first 53 bits below 1") {
  CHECK(random_bits{1234567}.next_share() == 0x1.667b405fec23ep-2);
  random_bits bits{7};
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    double const share = bits.next_share();
    REQUIRE((share >= 0 && share < 1));
    sum += share;
  }
  CHECK(sum > 4'800);
  CHECK(sum < 5'200);
}

TEST_CASE("without a seed two generators differ") { CHECK(random_bits{}.next() != random_bits{}.next()); }

TEST_CASE("a chance accepts its share: nothing at 0 and everything at 1") {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  for (double const never : {0.0, -1.0, std::nan("")}) CHECK_FALSE(chance{never}.takes(0));
  CHECK(chance{1}.takes(most));
  CHECK(chance{0.5}.takes((most >> 1)));
  CHECK_FALSE(chance{0.5}.takes((most >> 1) + 1));
  random_bits bits{7};
  chance const tenth{0.1};
  int taken = 0;
  for (int i = 0; i < 100'000; ++i) taken += tenth.takes(bits.next()) ? 1 : 0;
  CHECK(taken > 9'500);
  CHECK(taken < 10'500);
}
