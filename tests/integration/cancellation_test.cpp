// SPDX-License-Identifier: MIT
// Threads that are cancelled while they log: only the thread ends, and its record is complete or dropped.
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/gate_sink.hpp"
#include "support/thread_state.hpp"

#include <fapilog/fapilog.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include <pthread.h>

using namespace std::chrono_literals;

namespace {

/// A value whose formatting reaches a cancellation point.
struct value_with_cancellation_point {};
void to_log(fapilog::object_writer& out, value_with_cancellation_point const&) {
  ::pthread_testcancel();
  out.kv("n", 1);
}

/// Runs `body` on a thread that is cancelled before it begins, and returns what pthread_join returns.
template <class F>
void* cancelled_in(F const& body) {
  ::pthread_t thread{};
  REQUIRE(::pthread_create(
              &thread, nullptr,
              [](void* given) -> void* {
                ::pthread_cancel(::pthread_self());
                (*static_cast<F const*>(given))();
                ::pthread_testcancel();
                return nullptr;
              },
              const_cast<F*>(&body)) == 0);
  void* result = nullptr;
  REQUIRE(::pthread_join(thread, &result) == 0);
  return result;
}

}  // namespace

TEST_CASE("a thread that is cancelled while it waits for room ends, and the process continues") {
  auto const sink = std::make_shared<support::gate_sink>();
  fapilog::options o{.when_full = fapilog::when_full::block, .lane_bytes = 1 << 14};
  o.batch_max_size = 1;
  o.sinks = {sink};
  fapilog::runtime rt{std::move(o)};
  auto const log = rt.get_logger("cancelled");
  support::followed_caller followed;
  auto const body = [&] {
    followed.begin();
    std::string const text(1'000, 'x');
    for (int i = 0; i < 200; ++i) {
      log.info("{}", text);
      followed.count_call();
    }
  };
  auto opened = std::async(std::launch::async, [&] {
    bool const has_waited = support::eventually([&] { return followed.waits_for_room(); });
    sink->open();
    return has_waited;
  });
  CHECK(cancelled_in(body) == PTHREAD_CANCELED);
  CHECK(opened.get());
  CHECK(followed.calls() == 200);
  auto const account = rt.drain(60s);
  CHECK(account.processed == 200);
  CHECK(account.balanced());
}

TEST_CASE("the first call of a thread that is cancelled logs its record") {
  fapilog::runtime rt{{.sinks = {}}};
  auto const log = rt.get_logger("cancelled");
  for (int i = 0; i < 100; ++i) {
    CHECK(cancelled_in([&] { log.info("first"); }) == PTHREAD_CANCELED);
  }
  CHECK(rt.drain(60s).processed == 100);
}

TEST_CASE("a value that reaches a cancellation point while it is logged is logged completely") {
  fapilog::runtime rt{{.sinks = {}}};
  auto const log = rt.get_logger("cancelled");
  value_with_cancellation_point const value;
  std::atomic<int> done{0};
  auto const body = [&] {
    log.info("value", fapilog::kv("v", value));
    log.info("value", fapilog::lazy("v", [] {
               ::pthread_testcancel();
               return 1;
             }));
    auto const bound = log.with(fapilog::kv("v", value));
    fapilog::scope const in_scope{fapilog::kv("v", value)};
    bound.info("value");
    ++done;
  };
  CHECK(cancelled_in(body) == PTHREAD_CANCELED);
  CHECK(done == 1);
  CHECK(rt.drain(60s).processed == 3);
}

TEST_CASE("flush and drain return to a thread that is cancelled meanwhile") {
  fapilog::runtime rt{{.sinks = {}}};
  auto const log = rt.get_logger("cancelled");
  bool flushed = false;
  bool drained = false;
  auto const body = [&] {
    log.info("one");
    flushed = rt.flush(60s).complete;
    drained = rt.drain(60s).complete;
  };
  CHECK(cancelled_in(body) == PTHREAD_CANCELED);
  CHECK(flushed);
  CHECK(drained);
}
