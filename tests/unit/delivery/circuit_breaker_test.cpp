// SPDX-License-Identifier: MIT
// When a circuit breaker opens, lets one attempt pass, and closes. The time is given.
#include "support/catch.hpp"

#include <fapilog/delivery/circuit_breaker.hpp>

#include <chrono>

using fapilog::detail::circuit;
using fapilog::detail::circuit_breaker;
using namespace std::chrono_literals;

namespace {

circuit_breaker::clock::time_point breaker_time(std::chrono::seconds since_start) {
  return circuit_breaker::clock::time_point{1h + since_start};
}
circuit_breaker breaker_of_three() {
  return circuit_breaker{{.enabled = true, .failure_threshold = 3, .recovery_timeout = 10s}};
}

}  // namespace

TEST_CASE("a circuit opens at the failure that reaches the threshold, and only failures in a row count") {
  auto breaker = breaker_of_three();
  CHECK_FALSE(breaker.note_failure(breaker_time(0s)));
  CHECK_FALSE(breaker.note_failure(breaker_time(0s)));
  breaker.note_success();
  CHECK_FALSE(breaker.note_failure(breaker_time(0s)));
  CHECK_FALSE(breaker.note_failure(breaker_time(0s)));
  CHECK(breaker.allows_attempt());
  CHECK(breaker.note_failure(breaker_time(0s)));
  CHECK(breaker.state() == circuit::open);
  CHECK_FALSE(breaker.allows_attempt());
}

TEST_CASE(
    "a circuit is half open after the recovery timeout, then a success closes it, a failure opens it again") {
  auto breaker = breaker_of_three();
  for (int i = 0; i < 3; ++i) (void)breaker.note_failure(breaker_time(0s));
  breaker.update(breaker_time(9s));
  CHECK(breaker.state() == circuit::open);
  breaker.update(breaker_time(10s));
  CHECK(breaker.state() == circuit::half_open);
  CHECK(breaker.allows_attempt());
  CHECK(breaker.note_failure(breaker_time(10s)));
  CHECK(breaker.retry_at() == breaker_time(20s));
  breaker.update(breaker_time(20s));
  breaker.note_success();
  CHECK(breaker.state() == circuit::closed);
  CHECK_FALSE(breaker.note_failure(breaker_time(20s)));  // the count began anew
  CHECK_FALSE(breaker.note_failure(breaker_time(20s)));
  CHECK(breaker.note_failure(breaker_time(20s)));
}

TEST_CASE("a destination that refuses opens the circuit of a breaker that is disabled, too") {
  circuit_breaker breaker{{}};
  for (int i = 0; i < 100; ++i) CHECK_FALSE(breaker.note_failure(breaker_time(0s)));
  CHECK(breaker.open(breaker_time(0s), 5s));
  CHECK_FALSE(breaker.open(breaker_time(1s), 5s));  // it was open
  breaker.update(breaker_time(5s));
  CHECK(breaker.state() == circuit::open);
  breaker.update(breaker_time(6s));
  CHECK(breaker.state() == circuit::half_open);
}
