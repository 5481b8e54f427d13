// SPDX-License-Identifier: MIT
// A signal handler leaves a log call by siglongjmp: the thread can log again, and the account balances.
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/gate_sink.hpp"
#include "support/scale.hpp"
#include "support/thread_state.hpp"

#include <fapilog/fapilog.hpp>

#include <atomic>
#include <chrono>
#include <csetjmp>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <thread>

#include <pthread.h>

using fapilog::kv;
using namespace std::chrono_literals;

namespace {

thread_local sigjmp_buf jump_target;
thread_local volatile std::sig_atomic_t may_jump = 0;

extern "C" void leave_by_jump(int) {
  if (may_jump == 0) return;
  may_jump = 0;
  siglongjmp(jump_target, 1);
}

struct jumping_signal {
  struct sigaction before {};
  jumping_signal() {
    struct sigaction action {};
    action.sa_handler = &leave_by_jump;
    ::sigaction(SIGUSR2, &action, &before);
  }
  ~jumping_signal() { ::sigaction(SIGUSR2, &before, nullptr); }
};

/// Logs from a deeper frame than the call that was left.
[[gnu::noinline]] void log_deeper(fapilog::logger const& log, int depth) {
  volatile char filler[256] = {};
  if (depth > 0) return log_deeper(log, depth - 1 + filler[0]);
  log.info("deeper");
}

}  // namespace

TEST_CASE("a thread logs again after a signal handler has left a call that waits") {
  if (support::thread_sanitized) return;
  jumping_signal const installed;
  int const depth = GENERATE(0, 8);
  auto sink = std::make_shared<support::gate_sink>();
  fapilog::runtime rt{{.batch_max_size = 1,
                       .when_full = fapilog::when_full::block,
                       .lane_bytes = 4096,
                       .sinks = {{sink, {.thread = fapilog::sink_thread::shared}}}}};
  auto const log = rt.get_logger();
  support::followed_caller followed;
  std::promise<void> left;
  std::thread caller{[&] {
    followed.begin();
    if (sigsetjmp(jump_target, 1) == 0) {
      may_jump = 1;
      for (;;) {
        log.info("fills the lane");
        followed.count_call();
      }
    }
    left.set_value();
    (void)rt.flush(60s);
    log_deeper(log, depth);
  }};
  REQUIRE(support::eventually([&] { return followed.waits_for_room(); }));
  std::size_t const before = followed.calls();
  CHECK(rt.counts().submitted == before + 1);
  REQUIRE(::pthread_kill(caller.native_handle(), SIGUSR2) == 0);
  REQUIRE(left.get_future().wait_for(60s) == std::future_status::ready);
  sink->open();
  caller.join();
  auto const end = rt.drain(60s);
  CHECK(end.complete);
  CHECK(end.submitted == before + 2);
  CHECK(end.processed == before + 1);  // all but the one that was left
  CHECK(end.dropped.reentrant == 1);
  CHECK(end.pending == 0);
}

TEST_CASE("calls that are left at any instruction lose at most their own record, which is counted") {
  if (support::thread_sanitized) return;
  jumping_signal const installed;
  auto sink = std::make_shared<support::gate_sink>();
  sink->open();
  fapilog::runtime rt{{.when_full = fapilog::when_full::block,
                       .lane_bytes = 4096,
                       .sinks = {{sink, {.thread = fapilog::sink_thread::shared}}}}};
  auto const log = rt.get_logger();
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> jumps{0};
  std::thread caller{[&] {
    log.info("first");
    volatile std::uint64_t i = 0;
    while (!stop) {
      if (sigsetjmp(jump_target, 1) != 0) jumps.fetch_add(1);
      may_jump = 1;
      for (int n = 0; n < 200; ++n) {
        log.info("call {}", i);
        i = i + 1;
      }
      may_jump = 0;
    }
    log.info("last");
  }};
  while (jumps < 2'000) ::pthread_kill(caller.native_handle(), SIGUSR2);
  stop = true;
  caller.join();
  auto const end = rt.drain(60s);
  CHECK(end.complete);
  CHECK(end.pending == 0);
  CHECK(end.balanced());
  CHECK(end.processed == sink->passed());
  CHECK(end.dropped.reentrant <= jumps);
  CHECK(end.submitted == end.processed + end.dropped.reentrant);
}
