// SPDX-License-Identifier: MIT
// A long life in a short time: rotation, changes, forks, sinks and runtimes that come and go, threads that end. The account stays
// exact, and memory, descriptors and threads stay as they are. FAPILOG_SOAK_ROUNDS is the number of rounds, 40 by default.
#include <fapilog/fapilog.hpp>
#include <fapilog/kill_safe.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/process_memory.hpp"
#include "support/scale.hpp"
#include "support/temporary_directory.hpp"

using fapilog::kv;
using namespace std::chrono_literals;

namespace {

/// What a process holds at a moment when its runtime has nothing to do.
struct held {
  std::size_t descriptors = 0;
  std::size_t threads = 0;
  std::size_t resident_bytes = 0;

  [[nodiscard]] static std::size_t count_of(char const* directory) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{directory}, {}));
  }
  [[nodiscard]] static held now() {
    return {count_of("/proc/self/fd"), count_of("/proc/self/task"), support::resident_bytes()};
  }
};

/// Fails from time to time, as a service does that is restarted.
struct restarted_sink {
  static constexpr bool may_block = true;
  std::shared_ptr<std::atomic<std::uint64_t>> taken;
  std::shared_ptr<std::atomic<bool>> is_up;
  fapilog::write_result write(fapilog::batch const& entries) const {
    if (!*is_up) return fapilog::write_result::retry("it is down");
    taken->fetch_add(entries.size());
    return {};
  }
};

struct short_life {
  explicit short_life(std::string const& path)
      : rt{{.sinks = {fapilog::sinks::rotating_file{{.path = path, .max_bytes = 0}}}}} {
    for (int i = 0; i < 10; ++i) rt.get_logger("short").info("a short life", kv("i", i));
  }
  fapilog::runtime rt;
};

}  // namespace

TEST_CASE(
    "after thousands of rotations, changes, forks and failures nothing has grown and every record is "
    "accounted for") {
  char const* const chosen = std::getenv("FAPILOG_SOAK_ROUNDS");
  int const soak_rounds = chosen != nullptr ? std::atoi(chosen) : 40;
  constexpr int warm_up = 20;
  constexpr int threads = 3;
  constexpr int calls = 200;
  support::temporary_directory folder;
  auto const taken = std::make_shared<std::atomic<std::uint64_t>>(0);
  auto const is_up = std::make_shared<std::atomic<bool>>(true);
  fapilog::options options{.batch_max_size = 64,
                           .when_full = fapilog::when_full::block,
                           .lane_bytes = 32'768,
                           .sinks = {{fapilog::sinks::rotating_file{{.path = folder / "app.log",
                                                                     .max_bytes = 65'536,
                                                                     .max_files = 3,
                                                                     .compress_rotated = false}}},
                                     {restarted_sink{taken, is_up},
                                      {.name = "restarted",
                                       .queue_bytes = 65'536,
                                       .when_queue_full = fapilog::when_queue_full::block,
                                       .retry = {.attempts = 2, .first_delay = 1ms, .longest_delay = 1ms},
                                       .spool = {.directory = folder / "spool", .segment_bytes = 16'384}}}},
                           .kill_safe = {.directory = folder / "kept"},
                           .diagnostics_output = [](std::string_view) {}};
  fapilog::runtime rt{std::move(options)};
  std::uint64_t submitted = 0;
  std::uint64_t filtered = 0;
  held before;
  held after;
  for (int round = 0; round < soak_rounds; ++round) {
    // Other stages, routes and levels.
    bool const has_filter = round % 2 == 0;
    fapilog::runtime_changes next;
    next.filters.emplace();
    if (has_filter)
      next.filters->emplace_back([](fapilog::event const& e) { return e.message != "left out"; });
    next.log_levels = {{{"noise." + std::to_string(round % 7) + ".*", fapilog::level::error}}};
    next.routes = std::vector<fapilog::route>{
        {}, {.min_level = round % 3 == 0 ? fapilog::level::warning : fapilog::level::info}};
    REQUIRE(rt.change(std::move(next), 60s));
    *is_up = round % 4 != 1;

    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t) {
      all.emplace_back([&, t] {
        auto const log = rt.get_logger("thread." + std::to_string(t)).with(kv("round", round));
        fapilog::scope const in{kv("request_id", round * threads + t)};
        for (int i = 0; i < calls; ++i) {
          if (i % 10 == 0) log.info("left out", kv("i", i));
          else if (i % 50 == 1) log.warning("a warning", kv("text", std::string(2'000, 'x')));
          else log.info("a record {}", i, kv("i", i));
        }
        rt.get_logger("noise." + std::to_string(round % 7) + ".x").info("below its level");
      });
    }
    for (auto& one : all) one.join();
    submitted += threads * calls;
    if (has_filter) filtered += threads * (calls / 10);

    // A child logs to a spool and a file that it shares; a runtime comes and goes.
    if (!support::thread_sanitized && round % 5 == 0) {
      (void)rt.flush(60s);  // no thread starts meanwhile
      pid_t const child = ::fork();
      REQUIRE(child >= 0);
      if (child == 0) {
        ::alarm(60);
        for (int i = 0; i < 10; ++i) rt.get_logger("child").info("of a child", kv("i", i));
        ::_exit(rt.drain(60s).complete ? 0 : 1);
      }
      int status = 0;
      REQUIRE(::waitpid(child, &status, 0) == child);
      CHECK(status == 0);
    }
    if (round % 3 == 0) short_life{folder / "short.log"};

    *is_up = true;
    REQUIRE(support::eventually([&] { return rt.flush(60s).complete && rt.counts().spooled == 0; }));
    auto const account = rt.counts();
    REQUIRE(account.balanced());
    REQUIRE(account.submitted == submitted);
    REQUIRE(account.processed + account.filtered == submitted);
    REQUIRE(account.filtered == filtered);
    if (round == (std::min)(warm_up, soak_rounds / 2)) before = held::now();
    if (chosen != nullptr && round % 100 == 99) {
      held const at = held::now();
      std::printf("%d rounds: %zu descriptors, %zu threads, %zu KiB\n", round + 1, at.descriptors, at.threads,
                  at.resident_bytes / 1024);
      std::fflush(stdout);
    }
  }
  REQUIRE(support::eventually([&] {
    after = held::now();
    return after.descriptors <= before.descriptors && after.threads <= before.threads;
  }));
  if (!support::sanitized) CHECK(after.resident_bytes < before.resident_bytes + (std::size_t{8} << 20));
  auto const last = rt.drain(60s);
  CHECK(last.complete);
  CHECK(last.processed + last.filtered == submitted);
}
