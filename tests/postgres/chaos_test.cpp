// SPDX-License-Identifier: MIT
// Exactly once: whatever is killed or cut, each accepted record is in the table once, in the order of its thread. With
// FAPILOG_CHAOS_AT_LENGTH set: 600,000 records, five kills and 200 terminated backends, then 200 killed processes, which
// takes minutes.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "support/captured_diagnostics.hpp"
#include "support/cutting_proxy.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"

using fapilog::kv;
using fapilog::sinks::postgres;
using fapilog::sinks::postgres_config;
using support::eventually;
using support::postgres_server;
using namespace std::chrono_literals;

namespace {

struct chaos {
  std::size_t records;  ///< of each of four threads
  unsigned kills;
  unsigned terminations;
};

/// Checks that every record is in the table once, and that `id` follows the order of each thread.
void check_rows(postgres_server const& server, std::size_t threads, std::size_t each) {
  CHECK(server.count("chaos.logs") == threads * each);
  CHECK(server.count("(SELECT DISTINCT thread, n FROM chaos.logs) t") == threads * each);
  CHECK(server.count("(SELECT n, lag(n) OVER (PARTITION BY thread ORDER BY id) AS last FROM chaos.logs) t "
                     "WHERE n <> last + 1") == 0);
}

void run_chaos(chaos const& how) {
  postgres_server server{{{"log_statement", "none"}, {"fsync", "on"}}};
  support::cutting_proxy proxy{server.socket_folder()};
  proxy.before = 17;
  proxy.after = 11;
  postgres_config config = server.config();
  config.host = proxy.host();
  config.schema_name = "chaos";
  config.batch_size = 100;  // many statements, so that many places are cut
  config.extract_fields = {"timestamp", "level", "message", "data.thread:bigint", "data.n:bigint"};
  constexpr std::size_t threads = 4;
  server.sql(fapilog::sinks::postgres_ddl(config));
  std::shared_ptr<postgres> const sink = std::make_shared<postgres>(config);
  support::captured_diagnostics reported;
  {
    fapilog::runtime rt{
        {.batch_max_size = 500,
         .when_full = fapilog::when_full::block,
         .sinks = {{sink,
                    {.when_queue_full = fapilog::when_queue_full::block, .retry = {.longest_delay = 500ms}}}},
         .diagnostics_output = reported}};
    std::vector<std::thread> callers;
    std::atomic<unsigned> running{threads};
    for (std::size_t t = 0; t < threads; ++t) {
      callers.emplace_back([&, t] {
        auto const log = rt.get_logger("chaos");
        for (std::size_t n = 0; n < how.records; ++n) log.info("record", kv("thread", t), kv("n", n));
        --running;
      });
    }
    std::minstd_rand random{42};
    std::size_t const all = threads * how.records;
    unsigned const steps = how.kills + how.terminations;
    unsigned kills = 0;
    for (unsigned step = 0; step < steps; ++step) {
      // Spread over the run: each step waits until its share of the rows is stored.
      (void)eventually(
          [&] {
            return sink->counts().rows.value() + sink->counts().duplicates.value() >=
                   all * step / (steps + 1);
          },
          120s);
      if (kills < how.kills && step * how.kills >= kills * steps) {
        ++kills;
        server.stop(SIGKILL);
        server.start();
      } else {
        server.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fapilog'");
      }
    }
    for (auto& caller : callers) caller.join();
    REQUIRE(rt.flush(300s));
    auto const account = rt.sink_counts().at(0).second;
    CHECK(account.given == all);
    CHECK(account.delivered == all);
    CHECK(kills == how.kills);
  }
  check_rows(server, threads, how.records);
  CHECK(proxy.cut_before > 0);
  CHECK(proxy.cut_after > 0);
  // Acknowledgements were lost, and rows that were sent again were recognised.
  CHECK(sink->counts().duplicates.value() > 0);
  WARN("cut before " << proxy.cut_before << ", after " << proxy.cut_after << ", connections "
                     << sink->counts().connections.value() << ", sent twice "
                     << sink->counts().duplicates.value());
}

}  // namespace

TEST_CASE("nothing is lost or doubled while servers and connections die") {
  if (std::getenv("FAPILOG_CHAOS_AT_LENGTH") != nullptr)
    run_chaos({.records = 150'000, .kills = 5, .terminations = 200});
  else run_chaos({.records = 2'000, .kills = 2, .terminations = 10});
}

TEST_CASE("a process that is killed leaves its spool, and the next one delivers each record once") {
  postgres_server server;
  support::temporary_directory const spool;
  postgres_config config = server.config_in("chaos");
  config.extract_fields = {"timestamp", "message", "data.thread:bigint", "data.n:bigint"};
  server.sql(fapilog::sinks::postgres_ddl(config));
  auto const options = [&] {
    return fapilog::options{
        .sinks = {{postgres{config},
                   {.retry = {.attempts = 1}, .spool = {.directory = spool.path().string()}}}},
        .diagnostics_output = support::captured_diagnostics{}};
  };
  constexpr std::size_t each = 1'000;
  // Three processes die in turn: while the server is down, while it works, and in the middle of the replay.
  for (int round = 0; round < 3; ++round) {
    if (round == 0) server.stop();
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    pid_t const child = ::fork();
    if (child == 0) {
      fapilog::runtime rt{options()};
      auto const log = rt.get_logger();
      for (std::size_t n = 0; n < each; ++n) log.info("record", kv("thread", round), kv("n", n));
      bool const done = static_cast<bool>(rt.flush(60s));
      char const answer = done ? 'y' : 'n';
      if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
      ::pause();
      ::_exit(0);
    }
    ::close(ready[1]);
    char answer = 0;
    CHECK(::read(ready[0], &answer, 1) == 1);
    CHECK(answer == 'y');
    ::close(ready[0]);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (round == 0) server.start();
  }
  fapilog::runtime rt{options()};
  CHECK(eventually([&] { return server.count("chaos.logs") >= 3 * each; }));
  REQUIRE(rt.flush(60s));
  check_rows(server, 3, each);
}

TEST_CASE(
    "processes and servers that are killed at any moment lose nothing that was flushed and double nothing",
    "[slow]") {
  postgres_server server{{{"log_statement", "none"}}};
  support::temporary_directory const spool;
  postgres_config config = server.config_in("chaos");
  config.connections = 3;
  config.extract_fields = {"timestamp", "message", "data.thread:bigint", "data.n:bigint"};
  server.sql(fapilog::sinks::postgres_ddl(config));
  auto const options = [&] {
    return fapilog::options{.when_full = fapilog::when_full::block,
                            .sinks = {{postgres{config},
                                       {.when_queue_full = fapilog::when_queue_full::block,
                                        .retry = {.attempts = 2},
                                        .spool = {.directory = spool.path().string()}}}},
                            .diagnostics_output = support::captured_diagnostics{}};
  };
  char const* const chosen = std::getenv("FAPILOG_CHAOS_SEED");
  auto const seed = chosen != nullptr ? std::stoul(chosen) : std::random_device{}();
  INFO("FAPILOG_CHAOS_SEED=" << seed);
  std::mt19937 random{static_cast<std::mt19937::result_type>(seed)};
  std::vector<long> flushed;  // the last number that each process has flushed
  bool const at_length = std::getenv("FAPILOG_CHAOS_AT_LENGTH") != nullptr;
  unsigned const rounds = at_length ? 200 : 9;
  long const records_per_flush = at_length ? 1'000 : 200;
  for (unsigned round = 0; round < rounds; ++round) {
    int reported[2];
    REQUIRE(::pipe(reported) == 0);
    pid_t const child = ::fork();
    if (child == 0) {
      fapilog::runtime rt{options()};
      auto const log = rt.get_logger();
      for (long n = 0;; ++n) {
        log.info("record", kv("thread", round), kv("n", n));
        if (n % records_per_flush != records_per_flush - 1 || !rt.flush(60s)) continue;
        if (::write(reported[1], &n, sizeof n) != sizeof n) ::_exit(1);
      }
    }
    ::close(reported[1]);
    flushed.push_back(-1);
    // Waits for a random number of flushes. The process continues to log.
    auto const wait_for_flushes = [&](unsigned limit) {
      for (auto left = random() % limit; left != 0; --left) {
        long n = 0;
        REQUIRE(::read(reported[0], &n, sizeof n) == sizeof n);
        flushed.back() = n;
      }
    };
    wait_for_flushes(at_length ? 60 : 20);
    auto const event = random() % 3;
    if (event == 1)
      server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fapilog'");
    if (event == 2) server.stop(SIGKILL);
    wait_for_flushes(at_length ? 40 : 15);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    if (event == 2) server.start();
    for (long n = 0; ::read(reported[0], &n, sizeof n) == sizeof n;) flushed.back() = n;
    ::close(reported[0]);
  }
  fapilog::runtime rt{options()};
  rt.get_logger().info("record", kv("thread", rounds), kv("n", 0));
  CHECK(eventually([&] { return server.count("chaos.logs WHERE thread = " + std::to_string(rounds)) == 1; },
                   120s));
  CHECK(rt.drain(60s));
  server.sql(
      "CREATE TABLE seen AS SELECT thread, n, count(*) AS times FROM chaos.logs GROUP BY 1, 2;"
      "CREATE INDEX ON seen (thread, n)");
  CHECK(server.count("seen WHERE times > 1") == 0);
  for (unsigned round = 0; round < rounds; ++round) {
    INFO("process " << round << " had flushed up to " << flushed[round]);
    CHECK(server.count("seen WHERE thread = " + std::to_string(round) + " AND n <= " +
                       std::to_string(flushed[round])) == static_cast<std::size_t>(flushed[round] + 1));
  }
}
