// SPDX-License-Identifier: MIT
// How the worker learns of new records: by the enqueue event where it has one, else by looking.
#include "support/catch.hpp"
#include "support/engine_parts.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

TEST_CASE("test_worker_accepts_enqueue_event_parameter") {
  support::engine_parts parts{{}, true};
  parts.get_logger().info("with an event");
  REQUIRE(parts.sink->wait_for(1));
  auto const end = parts.worker->drain(30s);
  CHECK(end.complete);
  CHECK(end.processed == 1);
  CHECK(end.balanced());
}

TEST_CASE("test_worker_wakes_on_event_set") {
  // No spin and no naps: after each record the worker is asleep without a timeout, and only the event can wake it.
  support::engine_parts parts{{.spin = 0ns, .linger = 0ns}, true};
  auto const log = parts.get_logger();
  for (std::size_t i = 1; i <= 200; ++i) {
    log.info("wake", fapilog::kv("i", i));
    REQUIRE(parts.sink->wait_for(i));
  }
}

TEST_CASE("test_worker_respects_batch_timeout_with_event") {
  auto const timeout = 300ms;
  support::engine_parts parts{{.batch_max_size = 100, .batch_timeout = timeout, .spin = 0ns, .linger = 0ns},
                              true};
  auto const log = parts.get_logger();
  log.info("isolated");  // nothing went out for longer than the timeout: it does not wait
  REQUIRE(parts.sink->wait_for(1));
  auto const began = clock_type::now();
  log.info("first of a trickle");
  log.info("second of a trickle");
  REQUIRE(parts.sink->wait_for(3));
  auto const waited = clock_type::now() - began;
  CHECK(waited >= timeout / 2);                                    // held back for company, ...
  CHECK(parts.sink->batches() == std::vector<std::size_t>{1, 2});  // ... which it got, without being full

  // A full batch does not wait.
  auto const full = clock_type::now();
  for (int i = 0; i < 100; ++i) log.info("full");
  REQUIRE(parts.sink->wait_for(103));
  CHECK(clock_type::now() - full < 25s);
  CHECK(parts.sink->batches().back() == 100);
}

TEST_CASE("test_worker_falls_back_to_polling_without_event") {
  support::engine_parts parts{{}, false};
  auto const log = parts.get_logger();
  for (std::size_t i = 1; i <= 20; ++i) {
    log.info("polled");
    REQUIRE(parts.sink->wait_for(i));
  }
  CHECK(parts.worker->flush(30s).complete);
  auto const end = parts.worker->drain(30s);
  CHECK(end.complete);
  CHECK(end.processed == 20);
}
