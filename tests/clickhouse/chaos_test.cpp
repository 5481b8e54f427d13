// SPDX-License-Identifier: MIT
// Servers that are killed and connections that are cut: no record is lost in ClickHouse, and none is doubled. With
// FAPILOG_CHAOS_AT_LENGTH set: 200,000 records in each case.
#include "clickhouse/clickhouse_server.hpp"
#include "clickhouse/load.hpp"
#include "clickhouse/python_server.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/clickhouse.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using fapilog::sinks::clickhouse_config;
using support::clickhouse_server;
using support::log_to_clickhouse;

TEST_CASE("a ClickHouse server that is killed under load loses and doubles no record") {
  REQUIRE_CLICKHOUSE();
  clickhouse_server server;
  clickhouse_config config;
  config.url = server.url();
  config.database = "chaos";
  config.batch_size = 1'000;
  (void)log_to_clickhouse(server, config, 5, [&](fapilog::runtime&) {
    server.stop(SIGKILL);
    server.start();
  });
}

TEST_CASE("responses of ClickHouse that are lost and INSERTs that are cut double no record") {
  REQUIRE_CLICKHOUSE();
  clickhouse_server const server;
  support::python_server proxy;
  proxy.start("losing_proxy.py", {server.port()});
  clickhouse_config config;
  config.url = proxy.url();
  config.database = "losses";
  config.batch_size = 200;
  auto const metrics = log_to_clickhouse(server, config, 0, [](fapilog::runtime&) {});
  std::string const lost = proxy.read("lost");
  CHECK(std::count(lost.begin(), lost.end(), '\n') > 0);
  CHECK(metrics.at("fapilog_clickhouse_unsure_inserts_total") > 0);
  CHECK(metrics.at("fapilog_clickhouse_found_total") > 0);
}

TEST_CASE(
    "processes that are killed while they write to ClickHouse lose nothing that was flushed and double "
    "nothing") {
  REQUIRE_CLICKHOUSE();
  clickhouse_server const server;
  support::temporary_directory const spool;
  clickhouse_config config;
  config.url = server.url();
  config.database = "killed";
  config.extract_fields = {"timestamp", "message", "data.thread:int64", "data.n:int64"};
  auto const options = [&] {
    return fapilog::options{.when_full = fapilog::when_full::block,
                            .sinks = {{fapilog::sinks::clickhouse{config},
                                       {.when_queue_full = fapilog::when_queue_full::block,
                                        .spool = {.directory = spool.path().string()}}}},
                            .diagnostics_output = support::captured_diagnostics{}};
  };
  std::string const table = config.database + ".logs";
  unsigned const rounds = std::getenv("FAPILOG_CHAOS_AT_LENGTH") != nullptr ? 100 : 8;
  std::mt19937 random{std::random_device{}()};
  std::vector<long> flushed(rounds, -1);  // the last number that each process has flushed
  for (unsigned round = 0; round < rounds; ++round) {
    int reported[2];
    REQUIRE(::pipe(reported) == 0);
    pid_t const child = ::fork();
    if (child == 0) {
      fapilog::runtime rt{options()};
      auto const log = rt.get_logger();
      for (long n = 0;; ++n) {
        log.info("record", fapilog::kv("thread", round), fapilog::kv("n", n));
        if (n % 50 != 49 || !rt.flush(std::chrono::seconds{60})) continue;
        if (::write(reported[1], &n, sizeof n) != sizeof n) ::_exit(1);
      }
    }
    ::close(reported[1]);
    for (auto left = 1 + random() % 10; left != 0; --left)
      REQUIRE(::read(reported[0], &flushed[round], sizeof(long)) == sizeof(long));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (long n = 0; ::read(reported[0], &n, sizeof n) == sizeof n;) flushed[round] = n;
    ::close(reported[0]);
    // The documented exception: an INSERT that still runs cannot be found yet.
    REQUIRE(support::eventually(
        [&] { return server.count("system.processes WHERE query LIKE 'INSERT%'") == 0; }));
  }
  fapilog::runtime rt{options()};
  rt.get_logger().info("record", fapilog::kv("thread", rounds), fapilog::kv("n", 0));
  CHECK(support::eventually(
      [&] { return server.count(table + " WHERE thread = " + std::to_string(rounds)) == 1; }));
  CHECK(rt.drain(std::chrono::seconds{60}).complete);
  CHECK(server.count(table) == server.count("(SELECT DISTINCT thread, n FROM " + table + ")"));
  for (unsigned round = 0; round < rounds; ++round) {
    INFO("process " << round);
    CHECK(server.count(table + " WHERE thread = " + std::to_string(round) + " AND n <= " +
                       std::to_string(flushed[round])) == static_cast<std::size_t>(flushed[round] + 1));
  }
}
