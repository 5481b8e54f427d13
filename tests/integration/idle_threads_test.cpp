// SPDX-License-Identifier: MIT
// Threads that log once or a little: how much memory each takes.
#include "support/catch.hpp"
#include "support/process_memory.hpp"
#include "support/scale.hpp"

#include <fapilog/fapilog.hpp>

#include <chrono>
#include <cstddef>
#include <latch>
#include <vector>

#include <pthread.h>

using namespace std::chrono_literals;

namespace {

struct discarding_sink {
  void write(fapilog::batch const&) {}
};

struct crowd {
  fapilog::logger log;
  bool logs;
  std::latch ready;
  std::latch may_end{1};

  static void* body(void* self) {
    auto& all = *static_cast<crowd*>(self);
    if (all.logs) all.log.info("once");
    all.ready.count_down();
    all.may_end.wait();
    return nullptr;
  }
};

/// Growth of the resident memory while `count` threads run.
std::size_t growth(fapilog::runtime& rt, std::size_t count, bool logs) {
  crowd all{rt.get_logger(), logs, std::latch{static_cast<std::ptrdiff_t>(count)}};
  ::pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, 65'536);
  std::size_t const before = support::resident_bytes();
  std::vector<::pthread_t> threads(count);
  for (::pthread_t& thread : threads)
    REQUIRE(::pthread_create(&thread, &attributes, &crowd::body, &all) == 0);
  ::pthread_attr_destroy(&attributes);
  all.ready.wait();
  CHECK(rt.flush(30s).complete);
  std::size_t const after = support::resident_bytes();
  all.may_end.count_down();
  for (::pthread_t const thread : threads) ::pthread_join(thread, nullptr);
  return after > before ? after - before : 0;
}

}  // namespace

TEST_CASE("a thread that logs once takes a few pages") {
  if (support::sanitized) return;
  constexpr std::size_t count = 500;
  fapilog::runtime rt{{.sinks = {discarding_sink{}}}};
  rt.get_logger().info("warm");
  CHECK(rt.flush(30s).complete);
  std::size_t const quiet = growth(rt, count, false);
  std::size_t const logging = growth(rt, count, true);
  std::size_t const each = logging > quiet ? (logging - quiet) / count : 0;
  CHECK(each < 3 * 4096);
}

TEST_CASE("a thread whose records are read in time keeps to the first pages of its lane") {
  if (support::sanitized) return;
  fapilog::runtime rt{{.sinks = {discarding_sink{}}}};
  auto const log = rt.get_logger();
  auto const log_and_flush = [&](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      for (int n = 0; n < 20; ++n) log.info("twenty of these records {} {} fit into a page", i, n);
      REQUIRE(rt.flush(30s).complete);
    }
  };
  log_and_flush(100);
  std::size_t const before = support::resident_bytes();
  log_and_flush(2000);
  std::size_t const after = support::resident_bytes();
  CHECK((after > before ? after - before : 0) < std::size_t{256} * 1024);
}
