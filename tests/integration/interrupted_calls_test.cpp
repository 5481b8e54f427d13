// SPDX-License-Identifier: MIT
// Signals and forks in number while threads log: each record arrives once or is counted. FAPILOG_FORKS and FAPILOG_SIGNALS are the
// numbers of forks and signals.
#include <fapilog/fapilog.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/scale.hpp"
#include "support/temporary_directory.hpp"

using fapilog::kv;
using namespace std::chrono_literals;

namespace {

int number_of(char const* variable, int usual) {
  char const* const chosen = std::getenv(variable);
  return chosen != nullptr ? std::atoi(chosen) : usual;
}

/// The `log` objects of a file; each line must be a whole record with an id of its own.
std::vector<nlohmann::json> unique_records(std::string const& path) {
  std::vector<nlohmann::json> all;
  std::set<std::string> ids;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    all.push_back(nlohmann::json::parse(line).at("log"));
    REQUIRE(ids.insert(all.back().at("context").at("message_id").get<std::string>()).second);
  }
  return all;
}

fapilog::options options_for_file(std::string const& path) {
  return {.when_full = fapilog::when_full::block,
          .sinks = {fapilog::sinks::rotating_file{{.path = path, .max_bytes = 0}}},
          .diagnostics_output = [](std::string_view) {}};
}

/// Lets threads log while a test goes on, but not so much that its check takes long.
struct pace {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> allowed{0};
  /// Waits until the thread may make its call number `i`. False if it must end.
  [[nodiscard]] bool may_make(std::uint64_t i) const {
    while (!stop && i >= allowed) std::this_thread::yield();
    return !stop;
  }
};

std::optional<fapilog::logger> handler_log;
std::atomic<std::uint64_t> handler_calls{0};
void logging_handler(int) {
  handler_calls.fetch_add(1);
  handler_log->info("of a handler");
}

}  // namespace

TEST_CASE(
    "forks while threads log neither lose nor repeat a record of parent or child, and no two have one id") {
  if (support::thread_sanitized) SKIP("the sanitizer does not support threads in such a child");
  int const forks = number_of("FAPILOG_FORKS", support::sanitized ? 10 : 40);
  constexpr int of_child = 50;
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  std::uint64_t submitted = 0;
  {
    fapilog::runtime rt{options_for_file(path)};
    pace own;
    std::atomic<std::uint64_t> calls{0};
    std::atomic<int> ready{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&, t] {
        auto const log = rt.get_logger("parent");
        log.info("counted", kv("of", t), kv("i", 0));
        ready.fetch_add(1);
        std::uint64_t i = 1;
        for (; own.may_make(i); ++i) log.info("counted", kv("of", t), kv("i", i));
        calls.fetch_add(i);
      });
    }
    while (ready != 2) std::this_thread::yield();
    for (int child = 0; child < forks; ++child) {
      own.allowed.fetch_add(300);
      int const status = support::status_of_child([&] {
        auto const log = rt.get_logger("child");
        for (int i = 0; i < of_child; ++i) log.info("counted", kv("of", 2 + child), kv("i", i));
        auto const account = rt.drain(60s);
        ::_exit(account.complete && account.processed == of_child && account.submitted == of_child ? 0 : 1);
      });
      CHECK(status == 0);
    }
    own.stop = true;
    for (auto& one : threads) one.join();
    auto const account = rt.drain(60s);
    CHECK(account.complete);
    CHECK(account.submitted == calls);
    CHECK(account.processed == calls);
    submitted = calls;
  }
  std::map<int, std::uint64_t> next;
  std::uint64_t records = 0;
  for (auto const& log : unique_records(path)) {
    auto const& data = log.at("data");
    REQUIRE(data.at("i") == next[data.at("of").get<int>()]++);
    ++records;
  }
  CHECK(records == submitted + static_cast<std::uint64_t>(forks) * of_child);
}

TEST_CASE("signal handlers that log while threads log lose only what is counted") {
  if (support::thread_sanitized) SKIP("the sanitizer reports handlers that allocate");
  int const signals = number_of("FAPILOG_SIGNALS", support::sanitized ? 500 : 5'000);
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  fapilog::account account;
  std::atomic<std::uint64_t> calls{0};
  handler_calls = 0;
  {
    fapilog::runtime rt{options_for_file(path)};
    handler_log.emplace(rt.get_logger("handler"));
    struct sigaction handler {};
    struct sigaction before {};
    handler.sa_handler = logging_handler;
    handler.sa_flags = SA_RESTART;
    REQUIRE(::sigaction(SIGUSR1, &handler, &before) == 0);
    pace own;
    std::atomic<int> ready{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&, t] {
        auto const log = rt.get_logger("thread." + std::to_string(t));
        log.info("of a thread", kv("i", 0));
        ready.fetch_add(1);
        std::uint64_t i = 1;
        for (; own.may_make(i); ++i) log.info("of a thread", kv("i", i), kv("text", "some text"));
        calls.fetch_add(i);
      });
    }
    while (ready != 2) std::this_thread::yield();
    for (int n = 0; n < signals; ++n) {
      own.allowed.fetch_add(4);
      auto const handled = handler_calls.load();
      REQUIRE(::pthread_kill(threads[static_cast<std::size_t>(n % 2)].native_handle(), SIGUSR1) == 0);
      while (handler_calls == handled) std::this_thread::yield();
    }
    own.stop = true;
    for (auto& one : threads) one.join();
    account = rt.drain(60s);
    REQUIRE(::sigaction(SIGUSR1, &before, nullptr) == 0);
    handler_log.reset();
  }
  CHECK(account.complete);
  CHECK(account.balanced());
  CHECK(account.submitted == calls + handler_calls);
  CHECK(account.dropped.total() == account.dropped.reentrant);
  CHECK(account.processed + account.dropped.reentrant == account.submitted);
  std::uint64_t of_threads = 0;
  auto const all = unique_records(path);
  for (auto const& log : all) of_threads += log.at("message") == "of a thread" ? 1U : 0U;
  CHECK(of_threads == calls);
  CHECK(all.size() == account.processed);
}
