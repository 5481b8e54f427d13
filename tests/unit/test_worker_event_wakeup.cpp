// SPDX-License-Identifier: MIT
// How the worker notices new records: by the enqueue event if it has one, by polling otherwise.
#include "support/catch.hpp"
#include "support/engine_parts.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

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
  // No naps: after each record the worker sleeps without a timeout, and only the event can wake it.
  support::engine_parts parts{{.wait = fapilog::wait_policy::event}, true};
  auto const log = parts.get_logger();
  for (std::size_t i = 1; i <= 200; ++i) {
    log.info("wake", fapilog::kv("i", i));
    REQUIRE(parts.sink->wait_for(i));
  }
}

TEST_CASE("test_worker_respects_batch_timeout_with_event") {
  fapilog::detail::worker_options options{.batch_max_size = 100, .wait = fapilog::wait_policy::event};
  SECTION("a batch that is not full is held until the timeout ends") {
    options.batch_timeout = 1h;
    support::engine_parts parts{options, true};
    auto const log = parts.get_logger();
    log.info("begins the timeout");
    REQUIRE(parts.worker->flush(30s).complete);
    log.info("waits for the batch to fill up");
    for (int i = 0; i < 99; ++i) log.info("fills the batch");
    REQUIRE(parts.sink->wait_for(101));
    CHECK(parts.sink->batches() == std::vector<std::size_t>{1, 100});
  }
  SECTION("the timeout ends the wait of a batch that is not full") {
    options.batch_timeout = 20ms;
    support::engine_parts parts{options, true};
    auto const log = parts.get_logger();
    for (std::size_t i = 1; i <= 5; ++i) {
      log.info("needs neither a full batch nor a flush");
      REQUIRE(parts.sink->wait_for(i));
    }
  }
}

TEST_CASE("a record of a protected level does not wait for the batch, and takes those before it along") {
  fapilog::detail::worker_options options{.batch_max_size = 100, .wait = fapilog::wait_policy::event};
  options.batch_timeout = 1h;
  options.protected_levels = fapilog::level_set::of(fapilog::level::error);
  support::engine_parts parts{options, true};
  auto const log = parts.get_logger();
  log.info("begins the timeout");
  REQUIRE(parts.worker->flush(30s).complete);
  log.info("waits");
  log.error("is urgent");
  REQUIRE(parts.sink->wait_for(3));
  log.warning("waits again");
  log.info("until the batch is full");
  for (int i = 0; i < 98; ++i) log.info("fills the batch");
  REQUIRE(parts.sink->wait_for(103));
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
