// SPDX-License-Identifier: MIT
// The spool across processes: killed at any moment, forked, damaged on disk.
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/scale.hpp"
#include "support/switched_sink.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <new>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

using fapilog::testing::fault;
using support::switched_sink;
using namespace std::chrono_literals;

namespace {

constexpr fapilog::retry_options quick{.attempts = 0, .first_delay = 1ms, .longest_delay = 5ms};

fapilog::delivery_options spooled(std::filesystem::path const& folder) {
  return {.retry = quick, .spool = {.directory = folder.string(), .segment_bytes = 20'000}};
}
void be_silent(std::string_view /*line*/) {}

/// Signals to another process, in shared memory.
struct shared_number {
  std::atomic<std::uint64_t>* value = static_cast<std::atomic<std::uint64_t>*>(
      ::mmap(nullptr, 4'096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  shared_number() {
    REQUIRE(value != MAP_FAILED);
    ::new (static_cast<void*>(value)) std::atomic<std::uint64_t>{0};
  }
  shared_number(shared_number const&) = delete;
  shared_number& operator=(shared_number const&) = delete;
  ~shared_number() { ::munmap(value, 4'096); }
};

/// Number of the record in a message "<thread> <number>".
struct numbered {
  int thread = 0;
  std::uint64_t number = 0;
};
numbered parse(std::string const& message) {
  auto const blank = message.find(' ');
  return {std::stoi(message.substr(0, blank)), std::stoull(message.substr(blank + 1))};
}

/// Delivers what is in the spool and returns the messages.
std::vector<std::string> recover(std::filesystem::path const& folder) {
  auto sink = std::make_shared<switched_sink>("killed");
  fapilog::runtime rt{{.sinks = {{sink, spooled(folder)}}, .diagnostics_output = be_silent}};
  rt.get_logger().info("last");
  REQUIRE(rt.flush(60s));
  REQUIRE(sink->taken().wait_for(fapilog::testing::has_message("last")));
  auto messages = sink->messages();
  CHECK(messages.back() == "last");
  messages.pop_back();
  CHECK(rt.drain(60s));
  return messages;
}

}  // namespace

TEST_CASE(
    "records that the spool accepted before a kill -9 are delivered once, in the order of each thread") {
  std::minstd_rand random{20260127};
  std::size_t const rounds = support::scaled(12, 3);
  for (std::size_t round = 0; round < rounds; ++round) {
    support::temporary_directory folder;
    shared_number accepted;
    constexpr int threads = 3;
    pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::alarm(60);
      auto sink = std::make_shared<switched_sink>("killed", fault::retry);
      auto* const rt = new fapilog::runtime{{.batch_max_size = 16,
                                             .when_full = fapilog::when_full::block,
                                             .sinks = {{sink, spooled(folder.path())}},
                                             .diagnostics_output = be_silent}};
      std::vector<std::thread> callers;
      for (int t = 0; t < threads; ++t) {
        callers.emplace_back([rt, t] {
          auto const log = rt->get_logger();
          for (std::uint64_t i = 0; i < 2'000; ++i) log.info("{} {}", t, i);
        });
      }
      for (;;) accepted.value->store(rt->sink_counts()[0].second.spooled);
    }
    std::uint64_t const wanted = random() % 5'000 + 1;
    CHECK(support::eventually([&] { return accepted.value->load() >= wanted; }));
    ::kill(child, SIGKILL);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    std::uint64_t const known = accepted.value->load();

    auto const messages = recover(folder.path());
    CHECK(messages.size() >= known);
    // What was only in memory is lost; the rest is in order.
    std::uint64_t next[threads] = {};
    std::size_t wrong = 0;
    for (std::string const& message : messages) {
      numbered const n = parse(message);
      if (n.number < next[n.thread]) ++wrong;
      next[n.thread] = n.number + 1;
    }
    CHECK(wrong == 0);
    CHECK(std::filesystem::is_empty(folder.path()));
  }
}

TEST_CASE("a spool with a relative path stays where it is if the process changes its working directory") {
  support::temporary_directory folder;
  std::filesystem::create_directory(folder / "first");
  std::filesystem::create_directory(folder / "second");
  auto const before = std::filesystem::current_path();
  std::filesystem::current_path(folder / "first");
  {
    auto sink = std::make_shared<switched_sink>("away", fault::retry);
    fapilog::runtime rt{{.sinks = {{sink, spooled("spool")}}, .diagnostics_output = be_silent}};
    std::filesystem::current_path(folder / "second");
    rt.get_logger().info("kept");
    (void)rt.drain(60s);
    CHECK(rt.counts().spooled == 1);
  }
  std::filesystem::current_path(before);
  CHECK(std::filesystem::is_empty(folder / "second"));
  auto sink = std::make_shared<switched_sink>("away");
  fapilog::runtime rt{{.sinks = {{sink, spooled(folder / "first/spool")}}, .diagnostics_output = be_silent}};
  CHECK(sink->taken().wait_for(fapilog::testing::has_message("kept")));
}

TEST_CASE("a process killed while it delivers the spool repeats at most the current batch") {
  support::temporary_directory folder;
  {
    auto sink = std::make_shared<switched_sink>("killed", fault::retry);
    fapilog::runtime rt{{.batch_max_size = 10,
                         .when_full = fapilog::when_full::block,
                         .sinks = {{sink, spooled(folder.path())}},
                         .diagnostics_output = be_silent}};
    for (int i = 0; i < 2'000; ++i) rt.get_logger().info("0 {}", i);
    CHECK(rt.drain(60s).spooled == 2'000);
  }
  shared_number delivered;
  struct counting {
    std::atomic<std::uint64_t>* delivered;
    void write(fapilog::batch const& entries) const {
      if (delivered->fetch_add(entries.size()) > 1'000) ::raise(SIGKILL);
    }
    [[nodiscard]] static std::string name() { return "killed"; }
  };
  pid_t const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(60);
    auto* const rt = new fapilog::runtime{
        {.sinks = {{counting{delivered.value}, spooled(folder.path())}}, .diagnostics_output = be_silent}};
    (void)rt;
    for (;;) ::pause();
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGKILL);
  auto const messages = recover(folder.path());
  std::uint64_t const first = parse(messages.front()).number;
  CHECK(first >= 1'000);
  CHECK(first <= delivered.value->load());
  CHECK(first + messages.size() == 2'000);
}

TEST_CASE(
    "a spool that was cut or changed at any place returns the intact records, in order, and nothing else") {
  support::temporary_directory folder;
  constexpr int count = 40;
  {
    auto sink = std::make_shared<switched_sink>("killed", fault::retry);
    fapilog::runtime rt{{.batch_max_size = 1,
                         .when_full = fapilog::when_full::block,
                         .sinks = {{sink, {.retry = quick, .spool = {.directory = folder.path().string()}}}},
                         .diagnostics_output = be_silent}};
    for (int i = 0; i < count; ++i) {
      rt.get_logger().info("0 {}", i, fapilog::kv("text", std::string(static_cast<std::size_t>(i), 'x')));
      (void)rt.flush(60s);
    }
    CHECK(rt.drain(60s).spooled == count);
  }
  std::filesystem::path segment;
  for (auto const& file : std::filesystem::directory_iterator{folder.path()}) {
    if (file.path().extension() == ".spool") segment = file.path();
  }
  std::string whole;
  {
    std::ifstream file{segment, std::ios::binary};
    whole.assign(std::istreambuf_iterator<char>{file}, {});
  }
  std::minstd_rand random{7};
  std::size_t const step = support::scaled(97, 997);
  for (bool const cut : {true, false}) {
    for (std::size_t at = 0; at < whole.size(); at += step) {
      support::temporary_directory other;
      std::string damaged = cut ? whole.substr(0, at) : whole;
      if (!cut) damaged[at] = static_cast<char>(damaged[at] ^ static_cast<char>(1U << (random() % 8)));
      std::ofstream{other.path() / segment.filename(), std::ios::binary} << damaged;
      auto const messages = recover(other.path());
      std::uint64_t last = 0;
      std::size_t wrong = 0;
      for (std::string const& message : messages) {
        std::uint64_t const number = parse(message).number;
        if (number >= count || (number != 0 && number <= last)) ++wrong;
        last = number;
      }
      CHECK(wrong == 0);
      if (!cut && at >= 64) CHECK(messages.size() >= count - 1);
      if (cut && at >= 64) CHECK(messages.size() + 2 >= count * at / whole.size() / 2);
    }
  }
}

TEST_CASE("a forked child has a queue and a spool of its own") {
  support::temporary_directory folder;
  auto sink = std::make_shared<switched_sink>("killed", fault::retry);
  fapilog::runtime rt{
      {.batch_max_size = 10, .sinks = {{sink, spooled(folder.path())}}, .diagnostics_output = be_silent}};
  for (int i = 0; i < 100; ++i) rt.get_logger().info("0 {}", i);
  REQUIRE(rt.flush(60s));
  if (!support::thread_sanitized) {
    pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::alarm(60);
      for (int i = 0; i < 100; ++i) rt.get_logger().info("1 {}", i);
      auto const end = rt.drain(30s);
      ::_exit(end && end.spooled == 100 && end.balanced() && end.submitted == 100 ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  sink->set(fault::none);
  CHECK(sink->wait_for_messages(100));
  CHECK(rt.drain(60s).processed == 100);
  CHECK(sink->messages().size() == 100);
  auto const left = recover(folder.path());
  CHECK(left.size() == (support::thread_sanitized ? 0 : 100));
  for (std::size_t i = 0; i < left.size(); ++i) CHECK(left[i] == "1 " + std::to_string(i));
}

TEST_CASE("records of this process whose part of the spool is damaged are failed, and no longer spooled") {
  support::temporary_directory folder;
  auto sink = std::make_shared<switched_sink>("damaged", fault::retry);
  fapilog::runtime rt{{.batch_max_size = 1,
                       .when_full = fapilog::when_full::block,
                       .sinks = {{sink, spooled(folder.path())}},
                       .diagnostics_output = be_silent}};
  for (int i = 0; i < 10; ++i) {
    rt.get_logger().info("0 {}", i);
    (void)rt.flush(60s);
  }
  REQUIRE(rt.counts().spooled == 10);
  for (auto const& file : std::filesystem::directory_iterator{folder.path()}) {
    if (file.path().extension() != ".spool") continue;
    std::fstream segment{file.path(), std::ios::in | std::ios::out | std::ios::binary};
    segment.seekp(static_cast<std::streamoff>(file.file_size() / 2));
    segment.put('?');
  }
  sink->set(fault::none);
  CHECK(sink->wait_for_messages(9));
  auto const end = rt.drain(60s);
  CHECK(end.failed == 1);
  CHECK(end.processed == 9);
  CHECK(end.spooled == 0);
  CHECK(end.balanced());
  auto const counts = rt.sink_counts()[0].second;
  CHECK(counts.failed == 1);
  CHECK(counts.spooled == 0);
  CHECK(sink->messages().size() == 9);
}
