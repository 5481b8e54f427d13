// SPDX-License-Identifier: MIT
// Wake-ups of the worker, counted through the public logger: each record wakes it, and an idle worker never wakes.
#include "support/catch.hpp"
#include "support/gate_sink.hpp"

#include <fapilog/fapilog.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

using namespace std::chrono_literals;

namespace {

/// How often the threads with this name have gone to sleep, as counted by the kernel.
struct thread_sleeps {
  std::uint64_t count = 0;
  int threads = 0;
};
thread_sleeps sleeps_of(std::string const& name) {
  thread_sleeps sum;
  for (auto const& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
    std::string comm;
    std::getline(std::ifstream{task.path() / "comm"} >> std::ws, comm);
    if (comm != name) continue;
    ++sum.threads;
    std::ifstream status{task.path() / "status"};
    for (std::string line; std::getline(status, line);) {
      constexpr auto key = "voluntary_ctxt_switches:";
      if (line.rfind(key, 0) == 0) sum.count += std::stoull(line.substr(std::string{key}.size()));
    }
  }
  return sum;
}

}  // namespace

TEST_CASE("test_enqueue_wakes_worker_immediately") {
  // Without naps the worker sleeps without a timeout, so each record arrives only because its call woke the
  // worker; and few sleeps for each record mean that the worker does not poll.
  constexpr std::uint64_t records = 300;
  auto sink = std::make_shared<support::gate_sink>();
  sink->open();
  fapilog::runtime rt{{.wait_policy = fapilog::wait_policy::event, .sinks = {sink}}};
  auto const log = rt.get_logger();
  log.info("starts the worker");
  REQUIRE(sink->wait_for_passed(1));
  auto const before = sleeps_of("fapilog");
  REQUIRE(before.threads == 1);
  for (std::uint64_t i = 1; i <= records; ++i) {
    log.info("wake");
    REQUIRE(sink->wait_for_passed(i + 1));
  }
  auto const after = sleeps_of("fapilog");
  INFO(after.count - before.count << " sleeps for " << records << " records");
  CHECK(after.count - before.count <= 4 * records);
}

TEST_CASE("an idle runtime makes no voluntary context switch in its worker") {
  auto sink = std::make_shared<support::gate_sink>();
  sink->open();
  fapilog::runtime rt{{.sinks = {sink}}};
  auto const log = rt.get_logger();
  log.info("one record, then silence");
  REQUIRE(sink->wait_for_passed(1));
  REQUIRE(rt.flush(30s).complete);

  // The worker naps briefly after its last record. After that there must be a whole second without a wake-up, which a worker
  // that polls never has.
  auto before = sleeps_of("fapilog");
  REQUIRE(before.threads == 1);
  bool is_silent = false;
  for (int second = 0; second < 20 && !is_silent; ++second) {
    std::this_thread::sleep_for(1s);  // the window in which wake-ups are counted
    auto const now = sleeps_of("fapilog");
    is_silent = now.threads == 1 && now.count == before.count;
    before = now;
  }
  CHECK(is_silent);

  log.info("and it still wakes");
  REQUIRE(sink->wait_for_passed(2));
}

TEST_CASE("both barriers wake the worker through the public logger") {
  for (bool const membarrier : {true, false}) {
    auto sink = std::make_shared<support::gate_sink>();
    sink->open();
    fapilog::runtime rt{
        {.wait_policy = fapilog::wait_policy::event, .use_membarrier = membarrier, .sinks = {sink}}};
    auto const log = rt.get_logger();
    for (std::uint64_t i = 1; i <= 500; ++i) {
      log.info("wake");
      REQUIRE(sink->wait_for_passed(i));
    }
    CHECK(rt.drain(30s).processed == 500);
  }
}
