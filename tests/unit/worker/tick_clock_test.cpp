// SPDX-License-Identifier: MIT
// Timestamps while counters restart, clocks stand still and clocks are set.
#include "support/catch.hpp"

#include <fapilog/worker/tick_clock.hpp>

#include <cstdint>
#include <cstdlib>

namespace {

/// Clocks of a machine; each reading takes 20 ns.
struct played_clocks {
  static inline double ticks_now = 0;
  static inline double ticks_per_ns = 2.5;
  static inline std::int64_t steady_now = 0;
  static inline std::int64_t wall_now = 0;

  static void reset() {
    ticks_now = 1e12;
    ticks_per_ns = 2.5;
    steady_now = 5'000'000'000;
    wall_now = 1'700'000'000'000'000'000;
  }
  static void run(std::int64_t ns) {
    ticks_now += static_cast<double>(ns) * ticks_per_ns;
    steady_now += ns;
    wall_now += ns;
  }
  static std::uint64_t ticks() {
    run(20);
    return static_cast<std::uint64_t>(ticks_now);
  }
  static std::int64_t steady_ns() {
    run(20);
    return steady_now;
  }
  static std::int64_t wall_ns() {
    run(20);
    return wall_now;
  }
};
using played_clock = fapilog::detail::basic_tick_clock<played_clocks>;

/// Milliseconds between the time of a record that is logged now and its timestamp, in a pass that begins a bit later.
std::int64_t error_now_ms(played_clock& clock) {
  std::uint64_t const ticks = played_clocks::ticks();
  std::int64_t const wall = played_clocks::wall_now;
  played_clocks::run(50'000);
  clock.sync_if_due();
  return std::abs(clock.unix_ns(ticks) - wall) / 1'000'000;
}

/// The largest error of records logged every 20 ms.
std::int64_t largest_error_ms(played_clock& clock, int records) {
  std::int64_t largest = 0;
  for (int i = 0; i < records; ++i) {
    std::int64_t const error = error_now_ms(clock);
    if (error > largest) largest = error;
    played_clocks::run(20'000'000);
  }
  return largest;
}

constexpr std::int64_t second = 1'000'000'000;

}  // namespace

TEST_CASE("timestamps are right after a suspend, whatever the counters do meanwhile") {
  played_clocks::reset();
  int const awake = GENERATE(1, 10, 500);
  std::int64_t const asleep = GENERATE(as<std::int64_t>{}, 1, 3, 60, 100'000) * second;
  played_clock clock{true};
  CHECK(largest_error_ms(clock, awake) <= 1);

  played_clocks::wall_now += asleep;
  SECTION("the counter goes on, the steady clock stops") {
    played_clocks::ticks_now += static_cast<double>(asleep) * played_clocks::ticks_per_ns;
  }
  SECTION("the counter restarts") { played_clocks::ticks_now = 1'000; }
  SECTION(
      "the counter stops, so that only the wall clock jumps, which is noticed a tenth of a second "
      "later") {
    played_clocks::run(100'100'000);
  }
  SECTION("the counter jumps ahead, as on another machine") { played_clocks::ticks_now += 1e17; }
  SECTION("the counter has another rate, as on another machine") {
    played_clocks::ticks_now = 7e13;
    played_clocks::ticks_per_ns = 3.9;
  }
  SECTION("all clocks go on") {
    played_clocks::ticks_now += static_cast<double>(asleep) * played_clocks::ticks_per_ns;
    played_clocks::steady_now += asleep;
  }
  CHECK(largest_error_ms(clock, 500) <= 100);
  CHECK(largest_error_ms(clock, 50) <= 1);
}

TEST_CASE("records from before a counter restarted keep their time") {
  played_clocks::reset();
  played_clock clock{true};
  (void)largest_error_ms(clock, 100);
  std::uint64_t const ticks = played_clocks::ticks();
  std::int64_t const wall = played_clocks::wall_now;
  played_clocks::run(second);
  played_clocks::wall_now += 30 * second;
  SECTION("at zero") { played_clocks::ticks_now = 0; }
  SECTION("far ahead") { played_clocks::ticks_now += 1e16; }
  clock.sync_if_due();
  CHECK(std::abs(clock.unix_ns(ticks) - wall) < 100'000'000);
  CHECK(error_now_ms(clock) <= 1);
}

TEST_CASE("timestamps follow the wall clock when it is set, within a tenth of a second") {
  played_clocks::reset();
  std::int64_t const step = GENERATE(as<std::int64_t>{}, -86'400, -1, 1, 86'400) * second;
  played_clock clock{true};
  (void)largest_error_ms(clock, 100);
  played_clocks::wall_now += step;
  played_clocks::run(100'100'000);
  CHECK(largest_error_ms(clock, 100) <= 1);
}

TEST_CASE("timestamps follow a rate that changes for good") {
  played_clocks::reset();
  played_clock clock{true};
  (void)largest_error_ms(clock, 100);
  played_clocks::ticks_per_ns = 2.6;
  CHECK(largest_error_ms(clock, 500) <= 100);
  CHECK(largest_error_ms(clock, 100) <= 1);
}
