// SPDX-License-Identifier: MIT
// Kill-safe records in a table: processes that are killed at random moments lose no record of a call that returned, and the table
// has each once. FAPILOG_KILLS is the number of processes.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/kill_safe.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/captured_diagnostics.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"

using fapilog::kv;
using fapilog::sinks::postgres;
using fapilog::sinks::postgres_config;
using support::postgres_server;
using namespace std::chrono_literals;

TEST_CASE("a table has each record of killed processes once, without a flush and without a spool") {
  postgres_server server{{{"log_statement", "none"}}};
  support::temporary_directory const files;
  postgres_config config = server.config_in("kills");
  config.extract_fields = {"timestamp", "message", "data.thread:bigint", "data.n:bigint"};
  server.sql(fapilog::sinks::postgres_ddl(config));
  auto const options = [&] {
    return fapilog::options{
        .when_full = fapilog::when_full::block,
        .sinks = {{postgres{config}, {.when_queue_full = fapilog::when_queue_full::block}}},
        .kill_safe = {.directory = files / "kept"},
        .diagnostics_output = support::captured_diagnostics{}};
  };
  auto* const returned = static_cast<std::atomic<std::uint64_t>*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  char const* const chosen = std::getenv("FAPILOG_KILLS");
  unsigned const rounds = chosen != nullptr ? static_cast<unsigned>(std::atoi(chosen)) : 6;
  std::mt19937 random{std::random_device{}()};
  std::vector<std::uint64_t> acknowledged;
  for (unsigned round = 0; round < rounds; ++round) {
    *returned = 0;
    std::cout.flush();
    pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::alarm(120);
      fapilog::runtime rt{options()};
      auto const log = rt.get_logger();
      for (std::uint64_t n = 0;; ++n) {
        log.info("record", kv("thread", round), kv("n", n));
        returned->store(n + 1);
      }
    }
    for (std::uint64_t const last = 1 + random() % 5'000; *returned < last;) std::this_thread::yield();
    if (random() % 3 == 0) {
      server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fapilog'");
    }
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    acknowledged.push_back(*returned);
  }
  {
    fapilog::runtime rt{options()};
    CHECK(rt.drain(120s));
  }
  server.sql("CREATE TABLE seen AS SELECT thread, n, count(*) AS times FROM kills.logs GROUP BY 1, 2");
  CHECK(server.count("seen WHERE times > 1") == 0);
  for (unsigned round = 0; round < rounds; ++round) {
    std::string const of_round = "seen WHERE thread = " + std::to_string(round);
    INFO("round " << round);
    CHECK(server.count(of_round + " AND n < " + std::to_string(acknowledged[round])) == acknowledged[round]);
    CHECK(server.count(of_round) <= acknowledged[round] + 1);
  }
  for (auto const& item : std::filesystem::directory_iterator{files / "kept"})
    CHECK(item.path().filename().string().starts_with("literals-"));
  ::munmap(returned, 4096);
  if (rounds > 6)
    std::cout << rounds << " kills, " << server.count("kills.logs") << " records in the table\n";
}
