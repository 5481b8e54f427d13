// SPDX-License-Identifier: MIT
// A timeout of any unit and size is a wait of at most 100 years.
#include "support/catch.hpp"

#include <fapilog/detail/time_limit.hpp>
#include <fapilog/fapilog.hpp>
#include <fapilog/process_end.hpp>

#include <chrono>
#include <limits>
#include <memory>
#include <utility>

#include "support/capture.hpp"

using namespace std::chrono_literals;

TEST_CASE("a timeout that is longer than 100 years means 100 years") {
  using fapilog::detail::time_limit;
  using std::chrono::nanoseconds;
  constexpr nanoseconds longest = std::chrono::hours{24 * 36'525};
  using real_seconds = std::chrono::duration<double>;
  auto const ns = [](time_limit given) { return nanoseconds{given}; };
  CHECK(ns(5s) == 5s);
  CHECK(ns(-1ms) == -1ms);
  CHECK(ns(real_seconds{0.25}) == 250ms);
  CHECK(ns(nanoseconds::max()) == longest);
  CHECK(ns(std::chrono::hours::max()) == longest);
  CHECK(ns(std::chrono::years{250}) == longest);
  CHECK(ns(std::chrono::hours::min()) == -longest);
  CHECK(ns(real_seconds{std::numeric_limits<double>::infinity()}) == longest);
  CHECK(ns(real_seconds{std::numeric_limits<double>::quiet_NaN()}) == 0ns);
}

TEST_CASE("flush, change and drain wait with the longest timeout of any unit") {
  auto const sink = std::make_shared<support::capture>();
  fapilog::runtime rt{{.sinks = {sink}}};
  rt.get_logger().info("written");
  CHECK(rt.flush(std::chrono::hours::max()));
  fapilog::runtime_changes next;
  next.log_level = fapilog::level::debug;
  CHECK(rt.change(std::move(next), std::chrono::hours::max()));
  CHECK(fapilog::flush_all(std::chrono::milliseconds::max()));
  CHECK(rt.drain(std::chrono::years::max()).processed == 1);
  CHECK(sink->lines().size() == 1);
}

TEST_CASE("a runtime runs with the longest durations, and refuses longer ones") {
  constexpr auto longest = std::chrono::hours{24 * 36'525};
  auto const sink = std::make_shared<support::capture>();
  fapilog::options chosen{.batch_timeout = longest,
                          .when_full = fapilog::when_full::wait,
                          .backpressure_wait = longest,
                          .sinks = {sink},
                          .drop_summary_window = longest,
                          .shutdown_timeout = longest};
  chosen.retry = {.first_delay = longest, .longest_delay = longest};
  chosen.crash = {.enabled = true, .timeout = longest};
  chosen.adaptive.enabled = true;
  chosen.adaptive.check_interval = longest;
  chosen.adaptive.cooldown = longest;
  fapilog::runtime rt{chosen};
  for (int i = 0; i < 1'000; ++i) rt.get_logger().info("{}", i);
  CHECK(rt.drain(60s).processed == 1'000);
  chosen.shutdown_timeout = longest + 1s;
  CHECK_THROWS_WITH(fapilog::runtime{chosen}, Catch::Matchers::ContainsSubstring("at most 100 years"));
}
