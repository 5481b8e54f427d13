// SPDX-License-Identifier: MIT
// What waiting costs, seen through the public logger: a record wakes the worker at once, an idle worker never wakes.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace {

/// Notes when each batch arrived.
struct arrival {
  std::mutex mutex;
  std::condition_variable arrived;
  std::uint64_t count = 0;
  clock_type::time_point when;

  void write(fapilog::batch const& entries) {
    auto const now = clock_type::now();
    std::lock_guard const lock{mutex};
    count += entries.size();
    when = now;
    arrived.notify_all();
  }
  clock_type::time_point wait_for(std::uint64_t wanted) {
    std::unique_lock lock{mutex};
    REQUIRE(arrived.wait_for(lock, 30s, [&] { return count >= wanted; }));
    return when;
  }
};

/// Sleeps that the threads of this name have taken so far, by the kernel's own count; 0 threads where there is none.
struct thread_switches {
  std::uint64_t voluntary = 0;
  int threads = 0;
};
thread_switches switches_of(std::string const& name) {
  thread_switches sum;
  for (auto const& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
    std::string comm;
    std::getline(std::ifstream{task.path() / "comm"} >> std::ws, comm);
    if (comm != name) continue;
    ++sum.threads;
    std::ifstream status{task.path() / "status"};
    for (std::string line; std::getline(status, line);) {
      constexpr auto key = "voluntary_ctxt_switches:";
      if (line.rfind(key, 0) == 0) sum.voluntary += std::stoull(line.substr(std::string{key}.size()));
    }
  }
  return sum;
}

}  // namespace

TEST_CASE("test_enqueue_wakes_worker_immediately") {
  auto sink = std::make_shared<arrival>();
  fapilog::runtime rt{{.spin = 0ns, .linger = 0ns, .sinks = {sink}}};
  auto const log = rt.get_logger();
  std::vector<std::chrono::nanoseconds> latencies;
  for (std::uint64_t i = 1; i <= 301; ++i) {
    auto const called = clock_type::now();
    log.info("wake");
    latencies.push_back(sink->wait_for(i) - called);
  }
  std::ranges::nth_element(latencies, latencies.begin() + 150);
  INFO("median " << latencies[150].count() << " ns");
  CHECK(latencies[150] < 1ms);
}

TEST_CASE("an idle runtime makes no voluntary context switch in its worker") {
  auto sink = std::make_shared<arrival>();
  fapilog::runtime rt{{.sinks = {sink}}};
  auto const log = rt.get_logger();
  log.info("one record, then silence");
  sink->wait_for(1);
  (void)rt.flush();

  // The worker still spins and naps for a moment; idle is what comes after its last wake-up.
  auto const settle = clock_type::now() + 20s;
  auto before = switches_of("fapilog");
  REQUIRE(before.threads == 1);
  for (bool settled = false; !settled && clock_type::now() < settle;) {
    std::this_thread::sleep_for(100ms);  // a window to look at, not a condition to wait for
    auto const now = switches_of("fapilog");
    settled = now.voluntary == before.voluntary;
    before = now;
  }
  std::this_thread::sleep_for(3s);  // the measured silence
  auto const after = switches_of("fapilog");
  CHECK(after.threads == 1);
  CHECK(after.voluntary == before.voluntary);

  log.info("and it still wakes");
  sink->wait_for(2);
}

TEST_CASE("both ways to order calls and worker wake it through the public logger") {
  for (bool const membarrier : {true, false}) {
    auto sink = std::make_shared<arrival>();
    fapilog::runtime rt{{.spin = 0ns, .linger = 0ns, .use_membarrier = membarrier, .sinks = {sink}}};
    auto const log = rt.get_logger();
    for (std::uint64_t i = 1; i <= 500; ++i) {
      log.info("wake");
      sink->wait_for(i);
    }
    CHECK(rt.drain(30s).processed == 500);
  }
}
