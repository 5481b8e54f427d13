// SPDX-License-Identifier: MIT
// Threads that log once: how much memory each takes.
#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/scale.hpp"

#include <fapilog/fapilog.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <vector>

#include <pthread.h>
#include <unistd.h>

using namespace std::chrono_literals;

namespace {

struct discarding_sink {
  void write(fapilog::batch const&) {}
};

std::size_t resident_bytes() {
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  unsigned long size = 0, resident = 0;
  if (file == nullptr) return 0;
  if (std::fscanf(file, "%lu %lu", &size, &resident) != 2) resident = 0;
  std::fclose(file);
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

struct crowd {
  fapilog::logger log;
  bool logs;
  std::atomic<std::size_t> ready{0};
  std::atomic<bool> may_end{false};

  static void* body(void* self) {
    auto& all = *static_cast<crowd*>(self);
    if (all.logs) all.log.info("once");
    ++all.ready;
    while (!all.may_end) (void)::usleep(10'000);
    return nullptr;
  }
};

/// Growth of the resident memory while `count` threads run.
std::size_t growth(fapilog::runtime& rt, std::size_t count, bool logs) {
  crowd all{rt.get_logger(), logs};
  ::pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, 65'536);
  std::size_t const before = resident_bytes();
  std::vector<::pthread_t> threads(count);
  for (::pthread_t& thread : threads)
    REQUIRE(::pthread_create(&thread, &attributes, &crowd::body, &all) == 0);
  ::pthread_attr_destroy(&attributes);
  while (all.ready < count) (void)::usleep(1'000);
  CHECK(rt.flush(30s).complete);
  std::size_t const after = resident_bytes();
  all.may_end = true;
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
  CHECK(each < 4 * 4096);
}
