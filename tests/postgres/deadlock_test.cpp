// SPDX-License-Identifier: MIT
// Locks of other sessions: a deadlock in which the server cancels the session of the sink, and a drain that does not wait for one.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <chrono>
#include <memory>
#include <string>

#include "support/captured_diagnostics.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"

using fapilog::kv;
using fapilog::sinks::postgres;
using support::eventually;
using support::postgres_server;
using namespace std::chrono_literals;

TEST_CASE("retries records after a deadlock, and stores each once") {
  // A session looks for a cycle once, this long after it began to wait. The test closes the cycle before that.
  postgres_server const server{{{"deadlock_timeout", "3s"}}};
  auto config = server.config();
  config.create_table = false;
  server.sql(fapilog::sinks::postgres_ddl(config) +
             "CREATE TABLE t1 (n int); INSERT INTO t1 VALUES (0); CREATE TABLE t2 (n int); INSERT INTO t2 "
             "VALUES (0);"
             "CREATE FUNCTION count_twice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
             "  UPDATE t1 SET n = n + 1; UPDATE t2 SET n = n + 1; RETURN NULL; END $$;"
             "CREATE TRIGGER count_twice BEFORE INSERT ON logs FOR EACH STATEMENT EXECUTE FUNCTION "
             "count_twice()");
  auto const sink = std::make_shared<postgres>(config);
  support::captured_diagnostics const reported;
  fapilog::runtime rt{{.batch_timeout = 5ms,
                       .when_full = fapilog::when_full::block,
                       .sinks = {{sink, {}}},
                       .diagnostics_output = reported}};
  auto const log = rt.get_logger("writer");

  pqxx::connection other{server.conninfo() + " application_name=other"};
  {
    pqxx::work transaction{other};
    transaction.exec("SET LOCAL deadlock_timeout = '60s'");
    transaction.exec("UPDATE t2 SET n = n");
    for (int i = 0; i < 100; ++i) log.info("record", kv("n", i));
    std::string const waits_for_us = "pg_stat_activity WHERE application_name = 'fapilog' AND " +
                                     std::to_string(other.backendpid()) + " = ANY (pg_blocking_pids(pid))";
    REQUIRE(eventually([&] { return server.count(waits_for_us) > 0; }));
    transaction.exec("UPDATE t1 SET n = n");  // returns when the sink's transaction has been rolled back
    CHECK(eventually(
        [&] { return server.log().find("|fapilog|ERROR:  deadlock detected") != std::string::npos; }));
    CHECK(eventually(
        [&] { return rt.health().at(0).second.detail.find("SQLSTATE 40P01") != std::string::npos; }));
    transaction.commit();
  }
  REQUIRE(rt.flush(60s));

  CHECK(server.log().find("|other|ERROR:") == std::string::npos);
  CHECK(server.count("logs") == 100);
  CHECK(server.count("(SELECT DISTINCT event->'log'->'data'->'n' FROM logs) t") == 100);
  CHECK(sink->counts().rows.value() == 100);
  CHECK(sink->counts().duplicates.value() == 0);
  CHECK(sink->counts().rejected.value() == 0);
  auto const account = rt.sink_counts().at(0).second;
  CHECK(account.given == 100);
  CHECK(account.delivered == 100);
  CHECK(account.retried > 0);
  CHECK(rt.is_healthy());
  // Neither table counted what was rolled back, and the sink sent one statement more than these.
  CHECK(server.value("SELECT (SELECT n FROM t1) = (SELECT n FROM t2)") == "t");
  CHECK(sink->counts().statements.value() > std::stoull(server.value("SELECT n FROM t1")));
}

TEST_CASE(
    "a statement that waits for a lock is abandoned when the time of a drain runs out, and stored once "
    "later") {
  postgres_server const server;
  support::temporary_directory const spool;
  auto config = server.config();
  config.create_table = false;
  config.statement_timeout = config.lock_timeout = 1h;
  server.sql(fapilog::sinks::postgres_ddl(config));
  auto const options = [&] {
    return fapilog::options{
        .when_full = fapilog::when_full::block,
        .sinks = {{std::make_shared<postgres>(config), {.spool = {.directory = spool.path().string()}}}},
        .diagnostics_output = support::captured_diagnostics{}};
  };
  {
    fapilog::runtime rt{options()};
    pqxx::connection other{server.conninfo() + " application_name=other"};
    pqxx::work transaction{other};
    transaction.exec("LOCK TABLE logs IN ACCESS EXCLUSIVE MODE");
    for (int i = 0; i < 100; ++i) rt.get_logger("writer").info("record", kv("n", i));
    std::string const waits_for_us = "pg_stat_activity WHERE application_name = 'fapilog' AND " +
                                     std::to_string(other.backendpid()) + " = ANY (pg_blocking_pids(pid))";
    REQUIRE(eventually([&] { return server.count(waits_for_us) > 0; }));
    auto const end = rt.drain(20s);
    CHECK(end.complete);
    CHECK(end.balanced());
    CHECK(rt.sink_counts().at(0).second.spooled == 100);
  }
  {
    fapilog::runtime rt{options()};
    CHECK(eventually([&] { return server.count("logs") == 100; }));
  }
  CHECK(server.count("(SELECT DISTINCT event->'log'->'data'->'n' FROM logs) t") == 100);
}
