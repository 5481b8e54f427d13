// SPDX-License-Identifier: MIT
// Programs that become daemons, and other parents that end by _exit after a fork: their records are written once.
#include "support/catch.hpp"
#include "support/files.hpp"
#include "support/scale.hpp"
#include "support/switched_sink.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

using fapilog::kv;
using namespace std::chrono_literals;

namespace {

std::atomic<bool> process_forks{false};

/// Appends to a file, on a thread of its own, but not before the process forks: until then records wait in its queue.
struct late_file_sink {
  static constexpr bool may_block = true;
  std::string path;
  void write(fapilog::batch const& entries) const {
    process_forks.wait(false);
    std::ofstream{path, std::ios::app} << entries.text();
  }
};

/// Becomes a daemon in one of the usual ways. Returns in the daemon only. Logs before each fork.
void become_daemon(int way, fapilog::logger const& log) {
  log.info("started");
  if (way == 0) {
    if (::daemon(1, 0) != 0) ::_exit(1);
    return;
  }
  if (::fork() != 0) ::_exit(0);
  log.info("between");
  ::setsid();
  if (::fork() != 0) ::_exit(0);
}

/// The number of records of each message in both files.
std::map<std::string, int> daemon_messages(std::string const& path) {
  std::map<std::string, int> all;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);)
    ++all[nlohmann::json::parse(line).at("log").at("message").get<std::string>()];
  return all;
}

}  // namespace

TEST_CASE("records before daemon(3) or a double fork are written once, though the parent ends by _exit") {
  if (support::thread_sanitized) SKIP("the thread sanitizer does not support threads in a forked child");
  int const way = GENERATE(0, 1);
  CAPTURE(way);
  support::temporary_directory const directory;
  std::string const direct = directory / "direct.log";
  std::string const behind = directory / "behind.log";
  support::pipe_pair alive;  // its end of file is the end of the daemon
  ::pid_t const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(120);
    fapilog::options o{.when_full = fapilog::when_full::block};
    o.batch_max_size = 16;
    o.batch_timeout = 1h;  // a part of the records waits in the batch
    o.sinks = {fapilog::sinks::rotating_file{{.path = direct}}, late_file_sink{behind}};
    auto* const rt = new fapilog::runtime{std::move(o)};
    // Of the functions before a fork, the last one that is registered runs first.
    auto const release = [] {
      process_forks = true;
      process_forks.notify_all();
    };
    if (::pthread_atfork(release, nullptr, nullptr) != 0) ::_exit(2);
    auto const log = rt->get_logger("daemon");
    for (int i = 0; i < 500; ++i) log.info("before");
    become_daemon(way, log);
    for (int i = 0; i < 100; ++i) log.info("after");
    ::_exit(rt->drain(60s).complete ? 0 : 1);
  }
  alive.close_write();
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(alive.read_once().empty());
  std::map<std::string, int> expected{{"before", 500}, {"started", 1}, {"after", 100}};
  if (way == 1) expected["between"] = 1;
  CHECK(daemon_messages(direct) == expected);
  CHECK(daemon_messages(behind) == expected);
}

TEST_CASE("a fork does not wait for a sink that fails, and the parent keeps its records") {
  if (support::thread_sanitized) SKIP("the thread sanitizer does not support threads in a forked child");
  auto const sink = std::make_shared<support::switched_sink>("failing", fapilog::testing::fault::retry);
  fapilog::retry_options const tries_hourly{.attempts = 0, .first_delay = 1h, .longest_delay = 1h};
  fapilog::runtime rt{
      {.sinks = {{sink, {.retry = tries_hourly}}}, .diagnostics_output = [](std::string_view) {}}};
  auto const log = rt.get_logger("daemon");
  log.info("waits");
  REQUIRE(sink->wait_for_calls(1));
  ::pid_t const child = ::fork();
  if (child == 0) ::_exit(0);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  sink->set(fapilog::testing::fault::none);
  CHECK(rt.drain(60s).processed == 1);
}
