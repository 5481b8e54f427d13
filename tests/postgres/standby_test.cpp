// SPDX-License-Identifier: MIT
// Streaming replication: the sink finds the primary, and the standby after it has been promoted.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "support/captured_diagnostics.hpp"
#include "support/postgres_server.hpp"

using fapilog::kv;
using fapilog::sinks::postgres;
using fapilog::sinks::postgres_config;
using support::eventually;
using support::postgres_server;
using namespace std::chrono_literals;

namespace {

/// A primary with the table of the sink, and its standby.
struct replicated {
  replicated() {
    primary.sql(fapilog::sinks::postgres_ddl(config()));
    standby = std::make_unique<postgres_server>(postgres_server::standby_of{primary});
    REQUIRE(standby->value("SELECT pg_is_in_recovery()") == "t");
    REQUIRE(eventually([&] { return primary.count("pg_stat_replication WHERE state = 'streaming'") == 1; }));
  }
  /// Each record has its number in a column.
  [[nodiscard]] postgres_config config() const {
    auto chosen = primary.config();
    chosen.create_table = false;
    chosen.extract_fields = {"timestamp", "message", "data.n:bigint"};
    return chosen;
  }
  /// The primary acknowledges only what the standby has on disk, or in its table (remote_apply).
  void make_synchronous(std::string const& how) const {
    primary.sql("ALTER SYSTEM SET synchronous_commit = '" + how + "'");
    primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
    primary.sql("SELECT pg_reload_conf()");
    REQUIRE(eventually([&] { return primary.count("pg_stat_replication WHERE sync_state = 'sync'") == 1; }));
  }
  /// The standby stores the sink's next rows, and the sink gets no acknowledgement.
  void withhold_acknowledgements() const {
    standby->sql("SELECT pg_wal_replay_pause()");
    CHECK(eventually([&] {
      return primary.count("pg_stat_activity WHERE application_name = 'fapilog' AND wait_event = 'SyncRep'") >
                 0 &&
             primary.count("pg_stat_replication WHERE flush_lsn = pg_current_wal_lsn()") == 1;
    }));
  }

  postgres_server primary;
  std::unique_ptr<postgres_server> standby;
};

/// Checks that each number below `count` is stored once, and that ids ascend with the numbers.
void look_at_numbers(postgres_server const& server, std::size_t count) {
  CHECK(server.count("logs") == count);
  CHECK(server.count("(SELECT DISTINCT n FROM logs) t") == count);
  CHECK(server.count("(SELECT n, coalesce(lag(n) OVER (ORDER BY id), -1) AS last FROM logs) t WHERE n <> "
                     "last + 1") == 0);
}

std::string health_of(fapilog::runtime const& rt) { return rt.health().at(0).second.detail; }

/// Kills the primary while records flow and promotes the standby. Returns how many rows were sent twice.
std::uint64_t fail_over(bool before_an_acknowledgement) {
  replicated two;
  two.make_synchronous(before_an_acknowledgement ? "remote_apply" : "on");
  auto config = two.config();
  config.host = two.primary.socket_folder() + ',' + two.standby->socket_folder();
  auto const sink = std::make_shared<postgres>(config);
  fapilog::runtime rt{{.batch_max_size = 50,
                       .batch_timeout = 5ms,
                       .when_full = fapilog::when_full::block,
                       .sinks = {{sink,
                                  {.queue_bytes = 1 << 20,
                                   .when_queue_full = fapilog::when_queue_full::block,
                                   .retry = {.longest_delay = 500ms}}}},
                       .diagnostics_output = support::captured_diagnostics{}}};
  std::atomic<bool> is_enough{false};
  std::size_t written = 0;
  std::thread caller{[&] {
    auto const log = rt.get_logger("shop");
    while (!is_enough) log.info("record", kv("n", written++));  // as fast as the queue accepts them
  }};
  auto const known = [&] { return sink->counts().rows.value() + sink->counts().duplicates.value(); };
  constexpr std::size_t before = 1'000;
  CHECK(eventually([&] { return known() >= before; }));
  if (before_an_acknowledgement) two.withhold_acknowledgements();
  two.primary.stop(SIGKILL);
  CHECK(eventually([&] { return !rt.is_healthy(); }));
  std::size_t const acknowledged = known();
  two.standby->promote();
  CHECK(eventually([&] { return known() >= acknowledged + before; }));
  is_enough = true;
  caller.join();
  REQUIRE(rt.flush(60s));
  CHECK(rt.is_healthy());
  auto const account = rt.sink_counts().at(0).second;
  CHECK(account.given == written);
  CHECK(account.delivered == written);
  look_at_numbers(*two.standby, written);
  WARN(acknowledged << " acknowledged before the end of the primary, " << written << " in all");
  return sink->counts().duplicates.value();
}

}  // namespace

TEST_CASE("writes to the primary, not to its standby") {
  replicated const two;
  auto config = two.config();
  config.host = two.standby->socket_folder() + ',' + two.primary.socket_folder();
  fapilog::runtime rt{{.sinks = {postgres{config}}}};
  auto const log = rt.get_logger("shop");
  for (int n = 0; n < 100; ++n) log.info("record", kv("n", n));
  REQUIRE(rt.flush(60s));
  CHECK(rt.is_healthy());
  CHECK(two.primary.count("pg_stat_activity WHERE application_name = 'fapilog'") > 0);
  CHECK(two.standby->count("pg_stat_activity WHERE application_name = 'fapilog'") == 0);
  look_at_numbers(two.primary, 100);
  CHECK(eventually([&] { return two.standby->count("logs") == 100; }));
}

TEST_CASE("records wait while only a standby answers, and arrive when it is promoted") {
  replicated const two;
  auto config = two.config();
  config.host = two.standby->socket_folder();
  config.target_session_attrs = "any";  // accepts a session that is read-only
  support::captured_diagnostics const reported;
  auto const sink = std::make_shared<postgres>(config);
  fapilog::runtime rt{{.when_full = fapilog::when_full::block,
                       .sinks = {{sink, {.retry = {.longest_delay = 1s}}}},
                       .diagnostics_output = reported}};
  auto const log = rt.get_logger("shop");
  int written = 0;
  auto const put = [&] { log.info("record", kv("n", written++)); };
  while (written < 500) put();
  CHECK(eventually(
      [&] { return health_of(rt).find("the server is read-only (SQLSTATE 25006)") != std::string::npos; }));
  while (written < 1'000) put();
  CHECK_FALSE(rt.is_healthy());
  CHECK(two.standby->count("logs") == 0);

  two.standby->promote();
  REQUIRE(rt.flush(60s));
  CHECK(rt.is_healthy());
  look_at_numbers(*two.standby, 1'000);
  CHECK(sink->counts().rows.value() == 1'000);
  CHECK(sink->counts().rejected.value() == 0);
  CHECK(two.primary.count("logs") == 0);
  // The server's message and the statement are not passed on.
  CHECK(two.standby->log().find("cannot execute INSERT in a read-only transaction") != std::string::npos);
  CHECK_FALSE(reported.contains("cannot execute"));
}

TEST_CASE("follows a killed primary to its standby, which has every record once and in order") {
  (void)fail_over(false);
}

TEST_CASE("stores records once if their acknowledgement was lost with the primary") {
  CHECK(fail_over(true) > 0);
}
