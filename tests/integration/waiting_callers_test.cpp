// SPDX-License-Identifier: MIT
// Many calls that wait for room in their lanes: they sleep until the worker wakes them, and all of them end.
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/gate_sink.hpp"
#include "support/scale.hpp"
#include "support/thread_state.hpp"

#include <fapilog/fapilog.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using fapilog::kv;
using namespace std::chrono_literals;

namespace {

long voluntary_switches() {
  ::rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

}  // namespace

TEST_CASE("a call that waits for room sleeps until the worker wakes it") {
  auto sink = std::make_shared<support::gate_sink>();
  fapilog::runtime rt{{.batch_max_size = 1,
                       .when_full = fapilog::when_full::block,
                       .lane_bytes = 4096,
                       .sinks = {{sink, {.thread = fapilog::sink_thread::shared}}}}};
  auto const log = rt.get_logger();
  log.info("held");
  REQUIRE(sink->wait_until_held());
  constexpr std::size_t threads = 64;
  constexpr std::size_t calls = 100;  // more than a lane holds
  std::vector<long> switches(threads);
  std::vector<support::followed_caller> followed(threads);
  std::vector<std::thread> callers;
  for (std::size_t t = 0; t < threads; ++t) {
    callers.emplace_back([&, t] {
      followed[t].begin();
      long const before = voluntary_switches();
      for (std::size_t i = 0; i < calls; ++i) {
        log.info("call", kv("i", i));
        followed[t].count_call();
      }
      switches[t] = voluntary_switches() - before;
    });
  }
  for (auto const& caller : followed) REQUIRE(support::eventually([&] { return caller.waits_for_room(); }));
  for (int i = 0; i < 20; ++i) (void)rt.flush(10ms);  // while a caller that polls would poll
  CHECK(rt.counts().processed == 0);
  sink->open();
  for (auto& caller : callers) caller.join();
  auto const end = rt.drain(60s);
  CHECK(end.complete);
  CHECK(end.processed == threads * calls + 1);
  CHECK(sink->passed() == threads * calls + 1);
  CHECK(end.balanced());
  std::size_t busy = 0;
  for (long const count : switches) busy += count > 100 ? 1U : 0U;
  CHECK(busy == 0);
}

TEST_CASE("hundreds of callers that wait for room all end, and lose nothing") {
  auto sink = std::make_shared<support::gate_sink>();
  sink->open();
  auto const lane_bytes = GENERATE(std::size_t{4096}, std::size_t{64} * 1024);
  std::size_t const threads = support::scaled(256, 32);
  std::size_t const calls = support::scaled(lane_bytes / 16, lane_bytes / 64);
  fapilog::runtime rt{{.when_full = fapilog::when_full::block, .lane_bytes = lane_bytes, .sinks = {sink}}};
  auto const log = rt.get_logger();
  std::vector<std::thread> callers;
  for (std::size_t t = 0; t < threads; ++t) {
    callers.emplace_back([&log, t, calls] {
      for (std::size_t i = 0; i < calls; ++i) log.info("call", kv("i", i), kv("thread", t));
    });
  }
  for (auto& caller : callers) caller.join();
  auto const end = rt.drain(120s);
  CHECK(end.complete);
  CHECK(end.processed == threads * calls);
  CHECK(sink->passed() == threads * calls);
  CHECK(end.dropped.total() == 0);
}

TEST_CASE("calls that wait for room on the heap, or beside the reserve, are woken") {
  auto sink = std::make_shared<support::gate_sink>();
  sink->open();
  fapilog::runtime rt{{.when_full = fapilog::when_full::block,
                       .lane_bytes = 16'384,
                       .protected_share = 0.5,
                       .sinks = {sink}}};
  auto const log = rt.get_logger();
  std::string const quarter(3'000, 'x');
  std::string const beyond(30'000, 'y');
  std::vector<std::thread> callers;
  for (int t = 0; t < 8; ++t) {
    callers.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        log.info("large", kv("text", quarter));
        log.info("larger than the lane", kv("text", beyond));
        log.error("protected");
      }
    });
  }
  for (auto& caller : callers) caller.join();
  auto const end = rt.drain(60s);
  CHECK(end.complete);
  CHECK(end.processed == 8 * 200 * 3);
  CHECK(end.dropped.total() == 0);
}

TEST_CASE("a call that waits for room is no cancellation point") {
  auto sink = std::make_shared<support::gate_sink>();
  fapilog::runtime rt{{.batch_max_size = 1,
                       .when_full = fapilog::when_full::block,
                       .lane_bytes = 4096,
                       .sinks = {{sink, {.thread = fapilog::sink_thread::shared}}}}};
  auto const log = rt.get_logger();
  log.info("held");
  REQUIRE(sink->wait_until_held());
  struct logs_then_pauses {
    fapilog::logger log;
    support::followed_caller followed;
    static void* body(void* given) {
      auto& self = *static_cast<logs_then_pauses*>(given);
      self.followed.begin();
      for (int i = 0; i < 150; ++i) {
        self.log.info("call", kv("i", i));
        self.followed.count_call();
      }
      for (;;) ::pause();  // a cancellation point
    }
  };
  logs_then_pauses task{log, {}};
  ::pthread_t caller{};
  REQUIRE(::pthread_create(&caller, nullptr, &logs_then_pauses::body, &task) == 0);
  REQUIRE(support::eventually([&] { return task.followed.waits_for_room(); }));
  CHECK(::pthread_cancel(caller) == 0);
  for (int i = 0; i < 5; ++i) (void)rt.flush(10ms);
  sink->open();
  void* result = nullptr;
  REQUIRE(::pthread_join(caller, &result) == 0);
  CHECK(result == PTHREAD_CANCELED);
  CHECK(task.followed.calls() == 150);
  auto const end = rt.drain(60s);
  CHECK(end.processed == 151);
  CHECK(end.balanced());
}

TEST_CASE("a process that forks while calls wait for room continues, and so does the child") {
  if (support::thread_sanitized) return;
  auto sink = std::make_shared<support::gate_sink>();
  sink->open();
  fapilog::runtime rt{{.when_full = fapilog::when_full::block, .lane_bytes = 4096, .sinks = {sink}}};
  auto const log = rt.get_logger();
  constexpr std::size_t calls = 20'000;
  constexpr int threads = 8;
  // The address sanitizer's allocator must not be in use at a fork: each thread starts and makes its lane before the first.
  std::latch logging{threads + 1};
  std::vector<std::thread> callers;
  for (int t = 0; t < threads; ++t) {
    callers.emplace_back([&] {
      log.info("call", kv("i", 0));
      logging.arrive_and_wait();
      for (std::size_t i = 1; i < calls; ++i) log.info("call", kv("i", i));
    });
  }
  logging.arrive_and_wait();
  for (int i = 0; i < 10; ++i) {
    ::pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      for (int n = 0; n < 200; ++n) log.info("child", kv("n", n));
      auto const end = rt.drain(60s);
      ::_exit(end.complete && end.processed == 200 ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  for (auto& caller : callers) caller.join();
  auto const end = rt.drain(60s);
  CHECK(end.complete);
  CHECK(end.processed == threads * calls);
}
