// SPDX-License-Identifier: MIT
// The sink behind connection pools, whose sessions it shares with other clients.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <pqxx/pqxx>

#include <chrono>
#include <cstddef>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "support/batches.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/child_process.hpp"
#include "support/connection_pools.hpp"
#include "support/cutting_proxy.hpp"
#include "support/postgres_server.hpp"

using fapilog::kv;
using fapilog::sinks::postgres;
using fapilog::sinks::postgres_config;
using support::eventually;
using support::pgbouncer;
using support::pgpool;
using support::postgres_server;
using support::shared_server;
using namespace std::chrono_literals;

namespace {

/// A configuration through the pool for a new table.
postgres_config through(support::connection_pool const& pool, std::string const& schema,
                        std::string const& table = "logs") {
  postgres_config config = pool.config();
  config.schema_name = schema;
  config.table_name = table;
  config.connections = 1;
  shared_server().sql("DROP TABLE IF EXISTS " + schema + "." + table + ";" +
                      fapilog::sinks::postgres_ddl(config));
  return config;
}

fapilog::batch numbered(std::size_t count, std::string const& message) {
  static fapilog::detail::uuid7_generator ids;
  support::events e;
  for (std::size_t i = 0; i < count; ++i) {
    auto& event = e.add(message);
    event.message_id = ids.next(event.unix_ns);
  }
  return e.batch();
}

/// The statements that begin a transaction or insert rows, in the order in which a sink with this configuration sends
/// them for two batches.
std::string statements_of_two_writes(postgres_server const& server, postgres_config config,
                                     std::string const& name) {
  config.schema_name = name;
  config.application_name = name;
  config.connections = 1;
  server.sql(fapilog::sinks::postgres_ddl(config));
  postgres sink{config};
  sink.start(fapilog::start_context{});
  CHECK(sink.write(numbered(10, "m")));
  CHECK(sink.write(numbered(10, "m")));
  CHECK(server.count(name + ".logs") == 20);
  std::string found;
  for (std::string const& statement : server.statements(name)) {
    if (statement.find(": BEGIN; SET LOCAL statement_timeout") != std::string::npos) found += "BEGIN ";
    if (statement.find(": INSERT INTO") != std::string::npos) found += "INSERT ";
    if (statement.find(": COMMIT; SELECT txid_status") != std::string::npos) found += "COMMIT ";
  }
  return found;
}

}  // namespace

TEST_CASE("a statement is a transaction of its own, unless a pool or proxy may be before the server") {
  std::string const address = "127.213.77." + std::to_string(::getpid() % 250 + 1);
  postgres_server const server{{{"listen_addresses", address}}};
  auto const with_host = [](postgres_config config, std::string const& host) {
    config.host = host;
    return config;
  };
  constexpr char const* direct = "INSERT INSERT ";
  constexpr char const* shared = "BEGIN INSERT COMMIT BEGIN INSERT COMMIT ";
  CHECK(statements_of_two_writes(server, server.config(), "by_socket") == direct);
  CHECK(statements_of_two_writes(server, with_host(server.config(), address), "by_tcp") == direct);
  if (pgbouncer::is_installed()) {
    pgbouncer const pool{server, "transaction", "listen_addr = " + address + "\n"};
    CHECK(statements_of_two_writes(server, pool.config(), "bouncer_by_socket") == shared);
    CHECK(statements_of_two_writes(server, with_host(pool.config(), address), "bouncer_by_tcp") == shared);
  }
  if (pgpool::is_installed()) {
    pgpool const pool{server, "listen_addresses = '" + address + "'\n"};
    CHECK(statements_of_two_writes(server, pool.config(), "pgpool_by_socket") == shared);
    CHECK(statements_of_two_writes(server, with_host(pool.config(), address), "pgpool_by_tcp") == shared);
    pgpool const of_tcp{server, "backend_hostname0 = '" + address + "'\n"};
    CHECK(statements_of_two_writes(server, of_tcp.config(), "pgpool_to_tcp") == shared);
  }
}

TEST_CASE("the setting pooler chooses how rows are sent, and a pool that contradicts it is reported") {
  using enum fapilog::sinks::postgres_pooler;
  auto& server = shared_server();
  constexpr char const* direct = "INSERT INSERT ";
  constexpr char const* shared = "BEGIN INSERT COMMIT BEGIN INSERT COMMIT ";
  auto const with = [](postgres_config config, fapilog::sinks::postgres_pooler pooler) {
    config.pooler = pooler;
    return config;
  };
  CHECK(statements_of_two_writes(server, with(server.config(), transaction), "says_transaction") == shared);
  support::cutting_proxy const proxy{server.socket_folder()};
  postgres_config proxied = server.config();
  proxied.host = proxy.host();
  CHECK(statements_of_two_writes(server, proxied, "says_nothing") == shared);
  CHECK(statements_of_two_writes(server, with(proxied, none), "says_none") == direct);

  if (!pgbouncer::is_installed()) SKIP("pgbouncer is not installed");
  pgbouncer const pool{server, "transaction", "", 2};
  CHECK(statements_of_two_writes(server, with(pool.config(), none), "wrongly_none") == shared);
  support::captured_diagnostics const reported;
  auto const report_to = [&reported](postgres_config const& config) {
    return fapilog::runtime{{.sinks = {postgres{config}}, .diagnostics_output = reported}};
  };
  {
    auto rt = report_to(with(through(pool, "wrong_pooler"), none));
    rt.get_logger().info("x");
    REQUIRE(rt.flush(60s));
    CHECK(rt.health().at(0).second.detail.find("`pooler` is none, but a connection pool answers") !=
          std::string::npos);
    CHECK(reported.contains("postgres: `pooler` is none, but a connection pool answers: it is used as with"));
  }
  auto rt = report_to(with(through(pool, "wrong_pooler"), session));
  rt.get_logger().info("x");
  REQUIRE(rt.flush(60s));
  CHECK(rt.health().at(0).second.detail.find("`pooler`") == std::string::npos);
  // Another client takes the session, so that the pool gives the sink another one.
  pqxx::connection foreign{pool.conninfo()};
  pqxx::connection other{pool.conninfo()};
  pqxx::work first{foreign};
  first.exec("SELECT 1");
  rt.get_logger().info("y");
  REQUIRE(rt.flush(60s));
  first.abort();
  pqxx::work second{other};
  second.exec("SELECT 1");
  CHECK(eventually([&] {
    rt.get_logger().info("z");
    REQUIRE(rt.flush(60s));
    return rt.health().at(0).second.detail.find("`pooler` is session, but the pool changes the session") !=
           std::string::npos;
  }));
}

TEST_CASE(
    "processes behind PgBouncer and Pgpool-II store each record once, and a foreign session does not "
    "change") {
  if (!pgbouncer::is_installed() || !pgpool::is_installed()) SKIP("pgbouncer or pgpool2 is not installed");
  auto& server = shared_server();
  pgbouncer const bouncer{server, "transaction"};
  pgpool const raw{server};
  constexpr std::size_t processes = 3;
  constexpr std::size_t each = 400;
  for (support::connection_pool const* const pool : {static_cast<support::connection_pool const*>(&bouncer),
                                                     static_cast<support::connection_pool const*>(&raw)}) {
    std::string const schema = pool == &bouncer ? "by_bouncer" : "by_pgpool";
    INFO(schema);
    postgres_config config = through(*pool, schema);
    config.pooler = fapilog::sinks::postgres_pooler::transaction;
    std::vector<pid_t> children;
    for (std::size_t p = 0; p < processes; ++p) {
      children.push_back(support::start_child([&config, p] {
        fapilog::runtime rt{
            {.batch_max_size = 20,
             .when_full = fapilog::when_full::block,
             .sinks = {{postgres{config}, {.when_queue_full = fapilog::when_queue_full::block}}},
             .diagnostics_output = support::captured_diagnostics{}}};
        auto const log = rt.get_logger();
        for (std::size_t i = 0; i < each; ++i) log.info("m", kv("n", p * each + i));
        bool const is_done = rt.flush(60s) && rt.sink_counts().at(0).second.delivered == each;
        ::_exit(is_done ? 0 : 1);
      }));
    }
    // A foreign client of the same pool, with each transaction in whatever session it gets.
    pqxx::connection foreign{pool->conninfo()};
    std::size_t changed = 0;
    for (std::size_t i = 1; i <= 4; ++i) {
      (void)eventually([&] { return server.count(schema + ".logs") >= processes * each * i / 5; });
      pqxx::nontransaction look{foreign};
      changed +=
          look.exec(
                  "SELECT FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout', "
                  "'idle_in_transaction_session_timeout', 'search_path') AND setting <> reset_val UNION "
                  "ALL SELECT FROM pg_prepared_statements")
              .size();
    }
    for (pid_t const child : children) CHECK(support::wait_for_child(child) == 0);
    CHECK(changed == 0);
    CHECK(server.count(schema + ".logs") == processes * each);
    CHECK(server.count("(SELECT DISTINCT event->'log'->'data'->>'n' FROM " + schema + ".logs) t") ==
          processes * each);
  }
}

TEST_CASE("the timeouts hold without a pool, too") {
  auto& server = shared_server();
  postgres_config config = server.config();
  config.schema_name = "timed";
  config.connections = 1;
  config.statement_timeout = 5'300ms;
  config.lock_timeout = 700ms;
  server.sql(
      fapilog::sinks::postgres_ddl(config) +
      "CREATE TABLE timed.seen (name text, setting text);"
      "CREATE FUNCTION timed.look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO timed.seen "
      "SELECT name, setting FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout'); "
      "RETURN NULL; END $$;"
      "CREATE TRIGGER look AFTER INSERT ON timed.logs FOR EACH STATEMENT EXECUTE FUNCTION timed.look()");
  postgres sink{config};
  sink.start(fapilog::start_context{});
  CHECK(sink.write(numbered(1, "m")));
  CHECK(server.value("SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM timed.seen") ==
        "lock_timeout=700 statement_timeout=5300");
}

TEST_CASE("two sinks that share a session of PgBouncer each write to their own table") {
  if (!pgbouncer::is_installed()) SKIP("pgbouncer is not installed");
  auto& server = shared_server();
  pgbouncer const pool{server};
  postgres first{through(pool, "bounced", "first")};
  postgres second{through(pool, "bounced", "second")};
  first.start(fapilog::start_context{});
  second.start(fapilog::start_context{});
  for (int i = 0; i < 20; ++i) {
    CHECK(first.write(numbered(10, "first")));
    CHECK(second.write(numbered(10, "second")));
  }
  CHECK(server.count("bounced.first WHERE message = 'first'") == 200);
  CHECK(server.count("bounced.second WHERE message = 'second'") == 200);
  CHECK(server.count("bounced.first") == 200);
  CHECK(server.count("bounced.second") == 200);
}

TEST_CASE("leaves no timeout, statement or transaction in a session of PgBouncer") {
  if (!pgbouncer::is_installed()) SKIP("pgbouncer is not installed");
  pgbouncer const pool{shared_server()};
  postgres_config config = through(pool, "traceless");
  config.statement_timeout = 300ms;
  config.lock_timeout = 300ms;
  postgres sink{config};
  sink.start(fapilog::start_context{});
  REQUIRE(sink.write(numbered(10, "m")));
  pqxx::connection foreign{pool.conninfo()};
  pqxx::nontransaction session{foreign};
  CHECK(session.exec("SELECT pg_sleep(1)").size() == 1);
  auto const changed = session.exec(
      "SELECT name || '=' || setting FROM pg_settings WHERE source IN ('session', 'interactive') AND name "
      "NOT IN ('application_name', 'client_encoding', 'DateStyle', 'TimeZone', "
      "'standard_conforming_strings')");
  for (auto const& row : changed) FAIL_CHECK(row[0].c_str());
  CHECK(session.exec("SELECT FROM pg_prepared_statements").empty());
  REQUIRE(sink.write(numbered(10, "m")));
  CHECK(shared_server().count("traceless.logs") == 20);
}

TEST_CASE("a foreign statement of 12 s in the same pool is not cancelled", "[slow]") {
  if (!pgbouncer::is_installed()) SKIP("pgbouncer is not installed");
  pgbouncer const pool{shared_server()};
  postgres_config const config = through(pool, "patient");
  fapilog::runtime rt{{.sinks = {postgres{config}}}};
  auto const log = rt.get_logger();
  log.info("before");
  REQUIRE(rt.flush(30s));
  pqxx::connection foreign{pool.conninfo() + " application_name=foreign"};
  auto statement = std::async(std::launch::async, [&foreign] {
    pqxx::nontransaction session{foreign};
    return session.exec("SELECT pg_sleep(12)").size();
  });
  REQUIRE(eventually([] {
    return shared_server().count(
               "pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(12)'") == 1;
  }));
  log.info("meanwhile");
  CHECK(statement.get() == 1);
  REQUIRE(rt.flush(60s));
  CHECK(shared_server().count("patient.logs") == 2);
}

TEST_CASE("stores every record once through each mode of PgBouncer that has transactions") {
  if (!pgbouncer::is_installed()) SKIP("pgbouncer is not installed");
  for (std::string const mode : {"session", "transaction"}) {
    INFO(mode);
    pgbouncer const pool{shared_server(), mode};
    postgres_config const config = through(pool, "bounced_" + mode);
    support::captured_diagnostics const reported;
    {
      fapilog::runtime rt{{.batch_max_size = 50,
                           .when_full = fapilog::when_full::block,
                           .sinks = {postgres{config}},
                           .diagnostics_output = reported}};
      auto const log = rt.get_logger();
      for (int i = 0; i < 2'000; ++i) log.info("record", kv("n", i));
      REQUIRE(rt.flush(60s));
      CHECK(rt.sink_counts().at(0).second.delivered == 2'000);
    }
    CHECK(shared_server().count(config.schema_name + ".logs") == 2'000);
  }
}

TEST_CASE("a pool without transactions is reported at start with the setting to change, and records wait") {
  if (!pgbouncer::is_installed()) SKIP("pgbouncer is not installed");
  pgbouncer const pool{shared_server(), "statement"};
  postgres sink{through(pool, "stateless")};
  sink.start(fapilog::start_context{});
  CHECK_FALSE(sink.health().healthy);
  CHECK(sink.health().detail ==
        "not connected, \"stateless\".\"logs\": the connection was closed at BEGIN; if a connection pool "
        "allows no "
        "transactions, set its `pool_mode` to transaction or session, or connect to the server directly");
  CHECK_FALSE(sink.write(numbered(10, "m")));
  CHECK(shared_server().count("stateless.logs") == 0);
}

TEST_CASE(
    "two services behind one PgBouncer store every record once, in their tables, while its sessions die") {
  if (!pgbouncer::is_installed()) SKIP("pgbouncer is not installed");
  auto& server = shared_server();
  pgbouncer const pool{server};
  constexpr std::size_t each = 3'000;
  auto const run_service = [&](postgres_config config, std::string const& name) {
    config.connections = 2;
    support::captured_diagnostics const reported;
    fapilog::runtime rt{{.batch_max_size = 100,
                         .when_full = fapilog::when_full::block,
                         .sinks = {{postgres{config}, {.when_queue_full = fapilog::when_queue_full::block}}},
                         .diagnostics_output = reported}};
    auto const log = rt.get_logger();
    for (std::size_t i = 0; i < each; ++i) log.info(fapilog::runtime_text{name}, kv("n", i));
    return rt.flush(120s) ? rt.sink_counts().at(0).second.delivered : 0;
  };
  auto const first = through(pool, "services", "first");
  auto const second = through(pool, "services", "second");
  auto one = std::async(std::launch::async, run_service, first, "first");
  auto other = std::async(std::launch::async, run_service, second, "second");
  for (std::size_t i = 1; i < 10; ++i) {
    (void)eventually([&] { return server.count("services.first") >= each * i / 10; });
    server.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name IN ('fapilog')");
  }
  CHECK(one.get() == each);
  CHECK(other.get() == each);
  for (std::string const name : {"first", "second"}) {
    INFO(name);
    CHECK(server.count("services." + name) == each);
    CHECK(server.count("services." + name + " WHERE message = '" + name + "'") == each);
    CHECK(server.count("(SELECT DISTINCT event->'log'->'data'->>'n' FROM services." + name + ") t") == each);
  }
}

TEST_CASE("what Pgpool-II in raw mode acknowledges is committed, and each sink writes to its own table") {
  if (!pgpool::is_installed()) SKIP("pgpool2 is not installed");
  auto& server = shared_server();
  pgpool const pool{server};
  postgres first{through(pool, "pooled", "first")};
  postgres second{through(pool, "pooled", "second")};
  first.start(fapilog::start_context{});
  second.start(fapilog::start_context{});
  for (std::size_t i = 1; i <= 20; ++i) {
    CHECK(first.write(numbered(10, "first")));
    CHECK(second.write(numbered(10, "second")));
    CHECK(server.count("pooled.first WHERE message = 'first'") == 10 * i);
    CHECK(server.count("pooled.second WHERE message = 'second'") == 10 * i);
  }
  // A refused record is found inside a transaction, too.
  server.sql("ALTER TABLE pooled.first ADD CHECK (coalesce(message, 'refused') <> 'refused')");
  CHECK(first.write(numbered(1, "refused")).rejected_entries() == std::vector<std::size_t>{0});
  CHECK(first.write(numbered(10, "first")));
  CHECK(server.count("pooled.first") == 210);
}
