// SPDX-License-Identifier: MIT
// The flight recorder of real threads and processes: many threads, level changes, forks, signal handlers and crashes.
#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/scale.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/stages/redactors/field_mask.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <csetjmp>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

using fapilog::kv;
using namespace std::chrono_literals;

namespace {

fapilog::options recording_to(std::string const& path) {
  return {.when_full = fapilog::when_full::block,
          .sinks = {fapilog::sinks::rotating_file{{.path = path, .max_bytes = 0}}},
          .crash = {.enabled = true, .timeout = 30s},
          .flight_recorder = {.enabled = true}};
}

/// Runs `body` in a child process that must not return from it, and returns the child's wait status.
int recorder_child_status(std::function<void()> const& body) {
  std::cout.flush();
  std::fflush(nullptr);
  pid_t const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(120);
    // Without the handlers of Catch and of the sanitizers, which end the process in their own ways.
    for (int const number : {SIGSEGV, SIGBUS, SIGABRT, SIGTERM}) std::signal(number, SIG_DFL);
    body();
    ::_exit(99);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

std::vector<nlohmann::json> recorded_lines(std::string const& path) {
  std::vector<nlohmann::json> all;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) all.push_back(nlohmann::json::parse(line).at("log"));
  return all;
}

std::vector<std::string> recorded_messages(std::string const& path) {
  std::vector<std::string> all;
  for (auto const& log : recorded_lines(path)) all.push_back(log.at("message"));
  return all;
}

std::uint64_t left_recorder(fapilog::runtime const& rt, std::string_view result) {
  for (fapilog::metric const& m : rt.metrics()) {
    if (m.name == "fapilog_recorder_records_total" && m.labels.at(0).second == result)
      return static_cast<std::uint64_t>(m.value);
  }
  return 0;
}

using dumped_messages = std::vector<std::string>;

}  // namespace

TEST_CASE("many threads record and write at once, and every record is accounted for") {
  constexpr int threads = 4;
  constexpr int per_thread = support::sanitized ? 5'000 : 40'000;
  support::logged l{{.when_full = fapilog::when_full::block,
                     .flight_recorder = {.enabled = true, .bytes_per_thread = 8'192}}};
  std::atomic<bool> stop{false};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      auto const mine = l.rt.get_logger("thread" + std::to_string(t));
      for (int i = 0; i < per_thread; ++i) {
        fapilog::scope const request{kv("request", i / 10)};
        if (i % 3 == 0) {
          l.log.debug("shared", kv("thread", t), kv("i", i));
        } else if (i % 3 == 1) {
          mine.with(kv("bound", i)).debug("mine", kv("thread", t), kv("i", i));
        } else {
          mine.debug("text", kv("thread", t), kv("i", i),
                     kv("text", std::string(i % 100 == 5 ? 3'000 : 3, 'x')));
        }
        if (i % 500 == 499) mine.error("asks", kv("thread", t), kv("i", i));
      }
    });
  }
  std::thread observer{[&] {
    while (!stop) {
      (void)left_recorder(l.rt, "overwritten");
      (void)l.rt.flush(60s);
    }
  }};
  for (auto& thread : all) thread.join();
  stop = true;
  observer.join();
  std::map<int, int> last;
  std::uint64_t kept = 0;
  std::uint64_t errors = 0;
  for (auto const& log : l.records()) {
    int const thread = log.at("data").at("thread");
    int const i = log.at("data").at("i");
    if (log.at("message") == "asks") {
      ++errors;
      CHECK(last[thread] == i);  // the record right before it
      continue;
    }
    ++kept;
    REQUIRE(log.at("diagnostics").at("recent") == true);
    REQUIRE((last.count(thread) == 0 || last[thread] < i));
    REQUIRE(log.at("data").at("request") == i / 10);
    REQUIRE(log.at("data").contains("bound") == (log.at("message") == "mine"));
    last[thread] = i;
  }
  auto const end = l.rt.drain(60s);
  CHECK(end.balanced());
  CHECK(end.pending == 0);
  CHECK(errors == threads * (per_thread / 500));
  CHECK(end.submitted == kept + errors);
  CHECK(left_recorder(l.rt, "written") == kept);
  CHECK(left_recorder(l.rt, "failed") == 0);
  CHECK(left_recorder(l.rt, "written") + left_recorder(l.rt, "overwritten") +
            left_recorder(l.rt, "discarded") ==
        std::uint64_t{threads} * per_thread);
}

TEST_CASE("recent records stay whole while levels change") {
  support::logged l{{.when_full = fapilog::when_full::block, .flight_recorder = {.enabled = true}}};
  std::atomic<bool> stop{false};
  std::thread changes{[&] {
    for (int n = 0; !stop; ++n) l.rt.set_level(n % 2 == 0 ? fapilog::level::debug : fapilog::level::warning);
  }};
  constexpr int count = support::sanitized ? 2'000 : 20'000;
  for (int i = 0; i < count; ++i) {
    l.log.debug("counted", kv("i", i));
    if (i % 100 == 99) l.log.dump_recent();
  }
  stop = true;
  changes.join();
  std::vector<int> seen(count);
  for (auto const& log : l.records()) ++seen[log.at("data").at("i").get<std::size_t>()];
  for (int const times : seen) REQUIRE(times == 1);
}

TEST_CASE("a forked child begins with an empty recorder, and the parent keeps its own") {
  if (support::thread_sanitized) SKIP("the sanitizer does not support threads in such a child");
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  int const status = recorder_child_status([&] {
    fapilog::runtime rt{recording_to(path)};
    auto const log = rt.get_logger();
    fapilog::scope const outer{kv("outer", 1)};
    log.debug("kept by the parent", kv("text", std::string(20'000, 'x')));
    std::thread{[&] { log.debug("kept by a thread"); }}.join();
    (void)rt.flush(60s);
    if (pid_t const child = ::fork(); child == 0) {
      log.error("child");
      log.debug("kept by the child");
      log.error("child again");
      bool const is_right = left_recorder(rt, "written") == 1 && rt.flush(60s).processed == 3;
      ::_exit(is_right ? 0 : 1);
    } else {
      int ended = 0;
      ::waitpid(child, &ended, 0);
      if (ended != 0) ::_exit(2);
    }
    log.error("parent");
    (void)rt.flush(60s);
    ::_exit(7);
  });
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
  CHECK(recorded_messages(path) ==
        dumped_messages{"child", "kept by the child", "child again", "kept by the parent", "parent"});
  for (auto const& log : recorded_lines(path)) CHECK(log.at("data").at("outer") == 1);
}

TEST_CASE("a crash is preceded by the recent records of the crashed thread") {
  for (bool const on_thread : {false, true}) {
    CAPTURE(on_thread);
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    int const status = recorder_child_status([&] {
      auto options = recording_to(path);
      options.redactors = {fapilog::redactors::field_mask{{.fields_to_mask = {"data.password"}}}};
      options.source_location = true;
      fapilog::runtime rt{std::move(options)};
      auto const log = rt.get_logger();
      auto const crash = [&] {
        fapilog::scope const request{kv("request_id", "r-17")};
        log.debug("kept {}", 1, kv("password", "hunter2"));
        log.debug("kept {}", 2, kv("text", std::string(20'000, 'x')));
        log.info("written");
        log.debug("kept {}", 3);
        std::raise(SIGSEGV);
      };
      if (!on_thread) crash();
      log.debug("of a thread that did not crash");
      std::thread{crash}.join();
    });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGSEGV);
    CHECK(recorded_messages(path) ==
          dumped_messages{"written", "kept 1", "kept 2", "kept 3", "the process crashed with SIGSEGV"});
    auto const lines = recorded_lines(path);
    CHECK(lines[1].at("data").at("password") == "***");
    CHECK(lines[2].at("data").at("text").get<std::string>().size() == 20'000);
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(lines[i].at("context").at("request_id") == "r-17");
      CHECK(lines[i].at("diagnostics").contains("recent") == (i != 0));
      CHECK(lines[i].at("diagnostics").at("thread_id") == lines[4].at("data").at("crashed_thread"));
    }
  }
}

TEST_CASE("a crash writes all recent records, even if the lane is much smaller, and no record twice") {
  for (auto const when_full : {fapilog::when_full::drop, fapilog::when_full::block}) {
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    int const status = recorder_child_status([&] {
      auto options = recording_to(path);
      options.when_full = when_full;
      options.lane_bytes = 4'096;
      options.flight_recorder.bytes_per_thread = std::size_t{1} << 20;
      fapilog::runtime rt{std::move(options)};
      auto const log = rt.get_logger();
      for (int i = 0; i < 5'000; ++i) log.debug("kept", kv("i", i));
      std::abort();
    });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
    auto const lines = recorded_lines(path);
    REQUIRE(lines.size() == 5'001);
    for (std::size_t i = 0; i < 5'000; ++i) REQUIRE(lines[i].at("data").at("i") == i);
    CHECK(lines.back().at("level") == "CRITICAL");
  }
}

TEST_CASE("crashes at random moments keep the recorder whole") {
  // A handler that runs inside of the thread sanitizer's own code may wait for a lock that its thread holds.
  if (support::thread_sanitized) SKIP("the thread sanitizer does not support signals at every instruction");
  // The signal may arrive at any instruction of a call that adds to the recorder.
  for (int round = 0; round < 8; ++round) {
    CAPTURE(round);
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    int const status = recorder_child_status([&] {
      auto options = recording_to(path);
      options.flight_recorder.bytes_per_thread = 8'192;
      fapilog::runtime rt{std::move(options)};
      auto const log = rt.get_logger();
      std::atomic<int> kept{0};
      std::thread caller{[&] {
        // Made before: a thread that crashes in malloc would keep all others from it.
        std::vector<fapilog::context> requests;
        for (int n = 0; n < 100; ++n) {
          fapilog::scope const request{kv("request", n)};
          requests.push_back(fapilog::context::capture());
        }
        for (int i = 0;; ++i) {
          auto const request = requests[static_cast<std::size_t>(i / 5 % 100)].attach();
          log.debug("kept", kv("i", i));
          kept = i;
        }
      }};
      while (kept < 1'000 + 777 * round) std::this_thread::yield();
      ::pthread_kill(caller.native_handle(), SIGSEGV);
      for (;;) ::pause();
    });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGSEGV);
    auto const lines = recorded_lines(path);
    REQUIRE(lines.size() > 50);
    CHECK(lines.back().at("level") == "CRITICAL");
    int const first = lines[0].at("data").at("i");
    for (int n = 0; n + 1 < static_cast<int>(lines.size()); ++n) {
      auto const& data = lines[static_cast<std::size_t>(n)].at("data");
      REQUIRE(data.at("i") == first + n);
      REQUIRE(data.at("request") == (first + n) / 5 % 100);
    }
  }
}

TEST_CASE("a termination signal does not ask for recent records") {
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  int const status = recorder_child_status([&] {
    auto options = recording_to(path);
    options.crash.termination_signals = true;
    fapilog::runtime rt{std::move(options)};
    rt.get_logger().debug("kept");
    std::raise(SIGTERM);
    for (;;) ::pause();
  });
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGTERM);
  CHECK(recorded_messages(path) == dumped_messages{"received SIGTERM"});
}

namespace {

thread_local sigjmp_buf recorder_jump;
thread_local volatile std::sig_atomic_t may_leave = 0;
fapilog::logger const* log_of_handler = nullptr;

extern "C" void log_and_leave(int) {
  if (may_leave == 0) return;
  log_of_handler->debug("of the handler");
  if (may_leave == 2) {
    may_leave = 0;
    siglongjmp(recorder_jump, 1);
  }
}

}  // namespace

TEST_CASE("signal handlers may log at any instruction of a call that records or writes, and may leave it") {
  if (support::thread_sanitized) return;
  int const mode = GENERATE(1, 2);  // log, log and leave
  struct sigaction before {};
  struct sigaction action {};
  action.sa_handler = &log_and_leave;
  ::sigaction(SIGUSR2, &action, &before);
  support::logged l{{.when_full = fapilog::when_full::block,
                     .lane_bytes = 16'384,
                     .flight_recorder = {.enabled = true, .bytes_per_thread = 4'096}}};
  log_of_handler = &l.log;
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> rounds{0};
  std::atomic<std::uint64_t> errors{0};
  std::thread caller{[&] {
    l.log.debug("first");
    volatile int i = 0;
    while (!stop) {
      (void)sigsetjmp(recorder_jump, 1);
      may_leave = mode;
      for (int n = 0; n < 200; ++n) {
        l.log.debug("kept", kv("i", i + 0));
        i = i + 1;
        if (n % 50 == 0) l.log.dump_recent();
      }
      may_leave = 0;
      rounds.fetch_add(1);
    }
    l.log.error("last");
    ++errors;
  }};
  for (int n = 0; n < 2'000; ++n) ::pthread_kill(caller.native_handle(), SIGUSR2);
  while (rounds < 50) std::this_thread::yield();
  stop = true;
  caller.join();
  ::sigaction(SIGUSR2, &before, nullptr);
  int last = -1;
  for (auto const& log : l.records()) {
    if (log.at("message") != "kept") continue;
    int const i = log.at("data").at("i");
    REQUIRE(i >= last);  // a call that was left is repeated with the same number
    last = i;
  }
  auto const end = l.rt.drain(60s);
  CHECK(end.complete);
  CHECK(end.pending == 0);
  CHECK(end.balanced());
}
