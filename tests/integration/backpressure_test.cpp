// SPDX-License-Identifier: MIT
// A full lane: drop, wait, block, the reserve of protected levels, and an account that adds up in each case.
#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/gate_sink.hpp"
#include "support/thread_state.hpp"

#include <fapilog/fapilog.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

using fapilog::kv;
using namespace std::chrono_literals;

TEST_CASE("with drop, a record without room is dropped at once and counted") {
  auto sink = std::make_shared<support::gate_sink>();
  fapilog::runtime rt{
      {.batch_max_size = 1, .when_full = fapilog::when_full::drop, .lane_bytes = 4096, .sinks = {sink}}};
  auto const log = rt.get_logger();
  log.info("held");
  REQUIRE(sink->wait_until_held());
  for (int i = 0; i < 1'000; ++i) log.info("flood", kv("i", i));
  auto const meanwhile = rt.counts();
  CHECK(meanwhile.submitted == 1'001);
  CHECK(meanwhile.dropped.queue_full > 500);
  CHECK(meanwhile.balanced());
  sink->open();
  auto const end = rt.drain(30s);
  CHECK(end.complete);
  CHECK(end.processed + end.dropped.queue_full == 1'001);
  CHECK(end.processed == sink->passed());
  CHECK(end.queue_depth_high_watermark > 2'000);
  CHECK(end.queue_depth_high_watermark <= 4'096);
  CHECK(end.balanced());
}

TEST_CASE("a flood of INFO cannot push out an ERROR") {
  auto sink = std::make_shared<support::gate_sink>();
  fapilog::runtime rt{{.batch_max_size = 1,
                       .when_full = fapilog::when_full::drop,
                       .lane_bytes = 8192,
                       .protected_share = 0.25,
                       .sinks = {sink}}};
  auto const log = rt.get_logger();
  log.info("held");
  REQUIRE(sink->wait_until_held());
  for (int i = 0; i < 1'000; ++i) log.info("flood");
  for (int i = 0; i < 10; ++i) log.error("must survive");
  auto const meanwhile = rt.counts();
  sink->open();
  auto const end = rt.drain(30s);
  CHECK(sink->passed_errors() == 10);
  CHECK(meanwhile.dropped.queue_full > 500);
  CHECK(end.balanced());
}

TEST_CASE("with wait, a call drops its record if there is no room within the configured time") {
  auto sink = std::make_shared<support::gate_sink>();
  fapilog::runtime rt{{.batch_max_size = 1,
                       .when_full = fapilog::when_full::wait,
                       .backpressure_wait = 20ms,
                       .lane_bytes = 4096,
                       .sinks = {sink}}};
  auto const log = rt.get_logger();
  log.info("held");
  REQUIRE(sink->wait_until_held());
  while (rt.counts().dropped.queue_full == 0) log.info("fill");
  log.info("waits");
  sink->open();
  auto const end = rt.drain(30s);
  CHECK(end.dropped.queue_full == 2);
  CHECK(end.balanced());
}

TEST_CASE(
    "with block, and with wait while there is time, a call waits until there is room and drops nothing") {
  auto const when_full = GENERATE(fapilog::when_full::block, fapilog::when_full::wait);
  auto sink = std::make_shared<support::gate_sink>();
  fapilog::runtime rt{{.batch_max_size = 1,
                       .when_full = when_full,
                       .backpressure_wait = 1h,
                       .lane_bytes = 4096,
                       .sinks = {sink}}};
  auto const log = rt.get_logger();
  log.info("held");
  REQUIRE(sink->wait_until_held());
  support::followed_caller caller;
  std::thread producer{[&] {
    caller.begin();
    for (int i = 0; i < 500; ++i) {
      log.info("blocks", kv("i", i));
      caller.count_call();
    }
  }};
  CHECK(support::eventually([&] { return caller.waits_for_room(); }));
  CHECK(caller.calls() < 500);
  sink->open();
  producer.join();
  auto const end = rt.drain(30s);
  CHECK(end.processed == 501);
  CHECK(end.dropped.total() == 0);
  CHECK(end.balanced());
}

TEST_CASE("a blocked caller returns when the runtime is drained, and its record is counted") {
  auto sink = std::make_shared<support::gate_sink>();
  auto rt = std::make_unique<fapilog::runtime>(fapilog::options{
      .batch_max_size = 1, .when_full = fapilog::when_full::block, .lane_bytes = 4096, .sinks = {sink}});
  auto const log = rt->get_logger();
  log.info("held");
  REQUIRE(sink->wait_until_held());
  std::thread producer{[&] {
    while (rt->counts().dropped.closed == 0) log.info("blocks");
  }};
  auto const hung = rt->drain(50ms);
  CHECK_FALSE(hung.complete);
  CHECK(hung.pending > 0);
  CHECK(hung.balanced());
  producer.join();
  sink->open();
  auto const end = rt->drain(30s);
  CHECK(end.complete);
  CHECK(end.pending == 0);
  CHECK(end.dropped.closed == 1);
  CHECK(end.balanced());
}

TEST_CASE("records that are too large for the lane are bounded in bytes") {
  auto sink = std::make_shared<support::gate_sink>();
  fapilog::runtime rt{{.batch_max_size = 1,
                       .when_full = fapilog::when_full::drop,
                       .lane_bytes = std::size_t{1} << 20,
                       .sinks = {sink}}};
  auto const log = rt.get_logger();
  log.info("held");
  REQUIRE(sink->wait_until_held());
  std::string const large(300'000, 'x');
  for (int i = 0; i < 50; ++i) log.info("large", kv("text", large));
  auto const meanwhile = rt.counts();
  CHECK(meanwhile.dropped.queue_full == 47);  // three of them are less than a lane, four are more
  log.info("a small one still finds room");
  CHECK(rt.counts().dropped.queue_full == 47);
  sink->open();
  (void)rt.flush(30s);
  log.info("large", kv("text", large));
  auto const end = rt.drain(30s);
  CHECK(end.dropped.queue_full == 47);
  CHECK(end.processed == 6);
  CHECK(end.balanced());
}

TEST_CASE("a flush returns as soon as everything is written and does not wait for its timeout") {
  auto sink = std::make_shared<support::capture>();
  fapilog::runtime rt{{.sinks = {sink}}};
  for (std::uint64_t round = 1; round <= 10; ++round) {
    rt.get_logger().info("flushed");
    auto const now = rt.flush(1h);
    CHECK(now);
    CHECK(now.processed == round);
  }
}

TEST_CASE("flush gives up at its timeout and returns what is pending") {
  auto sink = std::make_shared<support::gate_sink>();
  fapilog::runtime rt{{.sinks = {sink}}};
  auto const log = rt.get_logger();
  log.info("held");
  REQUIRE(sink->wait_until_held());
  auto const part = rt.flush(20ms);
  CHECK_FALSE(part.complete);
  CHECK(part.pending == 1);
  CHECK(part.flush_latency > 0);
  CHECK(part.balanced());
  sink->open();
  auto const whole = rt.flush(30s);
  CHECK(whole.complete);
  CHECK(whole.pending == 0);
  CHECK(whole.processed == 1);
}

TEST_CASE("a runtime whose sink hangs forever is destroyed after shutdown_timeout and reports the loss") {
  auto sink = std::make_shared<support::gate_sink>();
  auto reported = std::make_shared<std::string>();
  auto mutex = std::make_shared<std::mutex>();
  {
    fapilog::runtime rt{
        {.sinks = {sink}, .shutdown_timeout = 50ms, .diagnostics_output = [=](std::string_view line) {
           std::lock_guard const lock{*mutex};
           *reported += line;
         }}};
    rt.get_logger().info("never written");
    REQUIRE(sink->wait_until_held());
  }
  {
    std::lock_guard const lock{*mutex};
    CHECK(reported->find("not drained within shutdown_timeout") != std::string::npos);
    CHECK(reported->find("1 pending") != std::string::npos);
  }
  sink->open();
  // The thread that was left behind continues and ends by itself; the sanitizers would report any invalid access.
  CHECK(sink->wait_for_passed(1));
}
