// SPDX-License-Identifier: MIT
// The Postgres sink with a real server: rows, columns, settings.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/batches.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"

using fapilog::kv;
using fapilog::sinks::postgres;
using fapilog::sinks::postgres_config;
using fapilog::sinks::postgres_ddl;
using support::shared_server;
using namespace std::chrono_literals;

namespace {

/// What the constructor of the sink throws, or an empty string.
std::string error_of(postgres_config const& config) {
  try {
    postgres const sink{config};
  } catch (std::invalid_argument const& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a record becomes a row with its columns and its envelope") {
  auto& server = shared_server();
  postgres_config config = server.config_in("first");
  {
    fapilog::runtime rt{{.sinks = {postgres{config}}}};
    auto const log = rt.get_logger("billing");
    auto const scope = fapilog::scope(kv("correlation_id", "c-1"), kv("tenant_id", "acme"));
    log.warning("took {} ms", 12, kv("order", 1001), kv("item", "a \"quoted\" \\ thing"));
    REQUIRE(rt.flush(30s));
    CHECK(rt.is_healthy());
    CHECK(rt.health().at(0).second.detail.starts_with("connected, \"first\".\"logs\", last row "));
    CHECK(fapilog::prometheus_text(rt).find("fapilog_postgres_rows_total{sink=\"postgres\"} 1\n") !=
          std::string::npos);
  }
  auto const rows = server.sql(
      "SELECT level, logger, correlation_id, message, event->'log'->'data'->>'order', "
      "event->'log'->'context'->>'tenant_id', "
      "event->'log'->'data'->>'item', id::text = event->'log'->'context'->>'message_id', "
      "abs(extract(epoch FROM now() - \"timestamp\")) < 60, "
      "date_trunc('milliseconds', \"timestamp\") = (event->'log'->>'timestamp')::timestamptz FROM "
      "first.logs");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0] == std::vector<std::string>{"WARNING", "billing", "c-1", "took 12 ms", "1001", "acme",
                                            "a \"quoted\" \\ thing", "t", "t", "t"});
}

TEST_CASE("the same batch written again adds nothing") {
  auto& server = shared_server();
  postgres_config config = server.config_in("again");
  config.connections = 1;
  server.sql(fapilog::sinks::postgres_ddl(config));
  support::events e;
  fapilog::detail::uuid7_generator ids;
  for (int i = 0; i < 1500; ++i) e.add("m").message_id = ids.next(1'769'509'800'123'456'789);
  fapilog::batch const batch = e.batch();
  postgres sink{config};
  sink.start(fapilog::start_context{});
  CHECK(sink.write(batch));
  CHECK(sink.write(batch));
  CHECK(sink.write(batch.from(700)));
  CHECK(server.count("again.logs") == 1500);
  CHECK(sink.counts().rows.value() == 1500);
  CHECK(sink.counts().duplicates.value() == 2300);
  // One statement each of the second and third batch is refused first.
  CHECK(sink.counts().statements.value() == 7);
  CHECK(sink.counts().connections.value() == 1);
}

TEST_CASE("fields become typed columns, and a value that does not fit is NULL and remains in the event") {
  auto& server = shared_server();
  postgres_config config = server.config_in("typed");
  config.extract_fields = {"timestamp",           "message",           "data.order.id:bigint",
                           "took=data.ms:double", "data.paid:boolean", "data.when:timestamptz",
                           "data.list:jsonb",     "user_id",           "service"};
  {
    fapilog::runtime rt{{.service = "shop", .sinks = {postgres{config}}}};
    auto const log = rt.get_logger();
    struct order {
      int id;
    };
    log.info("fits", kv("order", std::map<std::string, int>{{"id", 7}}), kv("ms", 1.5), kv("paid", true),
             kv("when", std::chrono::system_clock::time_point{} + 1s), kv("list", std::vector<int>{1, 2}),
             kv("user_id", "u1"));
    log.info("does not", kv("order", std::map<std::string, std::string>{{"id", "seven"}}), kv("ms", "slow"),
             kv("paid", 1), kv("when", "soon"));
    REQUIRE(rt.flush(30s));
  }
  auto const rows = server.sql(
      "SELECT order_id, took, paid, extract(epoch FROM \"when\")::int, list::text, user_id, service FROM "
      "typed.logs ORDER BY id");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0] == std::vector<std::string>{"7", "1.5", "t", "1", "[1, 2]", "u1", "shop"});
  CHECK(rows[1] == std::vector<std::string>{"NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "shop"});
  CHECK(server.value(
            "SELECT event->'log'->'data'->'order'->>'id' FROM typed.logs WHERE message = 'does not'") ==
        "seven");
}

TEST_CASE("without raw JSON the event contains the extracted fields, and no envelope is encoded") {
  auto& server = shared_server();
  postgres_config config = server.config_in("small");
  config.include_raw_json = false;
  config.use_jsonb = false;
  config.extract_fields = {"level", "message", "data.n:bigint"};
  {
    fapilog::runtime rt{{.sinks = {postgres{config}}}};
    rt.get_logger().info("x", kv("n", 3), kv("other", 4));
    REQUIRE(rt.flush(30s));
  }
  auto const event = nlohmann::json::parse(server.value("SELECT event::text FROM small.logs"));
  CHECK(event.at("n") == 3);
  CHECK(event.at("message") == "x");
  CHECK_FALSE(event.contains("other"));
  CHECK(server.value("SELECT pg_typeof(event)::text FROM small.logs") == "json");
}

TEST_CASE("connects by PG* variables or a service file if that is chosen, and by its settings otherwise") {
  auto& server = shared_server();
  server.sql(postgres_ddl(server.config_in("by_variables")) + "CREATE ROLE by_service LOGIN SUPERUSER");
  support::temporary_directory const folder;
  postgres_config const settings = server.config();
  std::ofstream{folder / "services"} << "[logs]\nhost=" << settings.host << "\nport=" << settings.port
                                     << "\ndbname=" << settings.database << "\nuser=by_service\n";
  auto const user_of = [&server](postgres_config config) {
    config.schema_name = "by_variables";
    postgres sink{config};
    sink.start(fapilog::start_context{});
    if (!sink.health().healthy) return sink.health().detail;
    return server.value(
        "SELECT usename FROM pg_stat_activity WHERE application_name = 'fapilog' AND backend_type = "
        "'client backend' ORDER BY backend_start DESC LIMIT 1");
  };
  std::map<std::string, std::string> const variables{{"PGHOST", settings.host},
                                                     {"PGPORT", std::to_string(settings.port)},
                                                     {"PGDATABASE", settings.database},
                                                     {"PGUSER", settings.user},
                                                     {"PGAPPNAME", "not used"}};
  for (auto const& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  postgres_config by_variables{.libpq_environment = true};
  CHECK(user_of(by_variables) == settings.user);
  ::setenv("PGSERVICEFILE", (folder / "services").c_str(), 1);
  ::setenv("PGSERVICE", "logs", 1);
  ::setenv("PGUSER", "nobody_of_that_name", 1);  // the service file comes first
  CHECK(user_of(by_variables) == "by_service");
  CHECK(user_of({.dsn = "user=" + settings.user}) == settings.user);
  CHECK(user_of(settings) == settings.user);
  ::setenv("PGHOST", "/nowhere", 1);
  ::unsetenv("PGSERVICE");
  CHECK(user_of(settings) == settings.user);
  CHECK(user_of(by_variables).find("not connected") == 0);
  for (auto const& [name, value] : variables) ::unsetenv(name.c_str());
  ::unsetenv("PGSERVICEFILE");
}

TEST_CASE("refuses invalid settings and says what is valid") {
  CHECK(error_of({}).empty());
  CHECK(error_of({.table_name = ""}) == "fapilog: postgres.table_name: must not be empty");
  CHECK(error_of({.schema_name = std::string(64, 's')}) ==
        "fapilog: postgres.schema_name: must have at most 63 bytes");
  CHECK(error_of({.schema_name = std::string("a\0b", 3)}) ==
        "fapilog: postgres.schema_name: must not contain a NUL character");
  CHECK(error_of({.table_name = "\xff"}) == "fapilog: postgres.table_name: must be UTF-8");
  CHECK(error_of({.extract_fields = {"level", "level"}}) ==
        "fapilog: postgres.extract_fields: the column 'level' exists already; give the field another column, "
        "as in "
        "x=level");
  CHECK(error_of({.extract_fields = {"data.n:varchar"}}) ==
        "fapilog: postgres.extract_fields: the type 'varchar' is unknown; it must be text, bigint, double, "
        "boolean, "
        "timestamptz or jsonb");
  CHECK(error_of({.extract_fields = {"data..n"}}).find("data..n") != std::string::npos);
}

TEST_CASE("refuses every number and duration that is out of range") {
  std::vector<std::pair<std::string, postgres_config>> const configs{
      {"port", {.port = 0}},
      {"batch_size", {.batch_size = 0}},
      {"batch_size", {.batch_size = 100'001}},
      {"batch_bytes", {.batch_bytes = 1'023}},
      {"connections", {.connections = 0}},
      {"connections", {.connections = 65}},
      {"connection_idle_timeout", {.connection_idle_timeout = -1s}},
      {"connect_timeout", {.connect_timeout = 1s}},
      {"statement_timeout", {.statement_timeout = 99ms}},
      {"statement_timeout", {.statement_timeout = 25h}},
      {"lock_timeout", {.lock_timeout = 0ms}},
      {"tcp_user_timeout", {.tcp_user_timeout = 0ms}},
      {"keepalives_idle", {.keepalives_idle = 0s}},
      {"keepalives_interval", {.keepalives_interval = 0s}},
      {"keepalives_count", {.keepalives_count = 0}},
      {"keepalives_count", {.keepalives_count = 101}},
  };
  for (auto const& [name, config] : configs) {
    INFO(name);
    CHECK(error_of(config).starts_with("fapilog: postgres." + name + ": "));
    CHECK_THROWS_AS(postgres_ddl(config), std::invalid_argument);
  }
  CHECK(error_of({.batch_size = 100'000, .batch_bytes = 1'024, .connections = 64}).empty());
}

TEST_CASE("refuses choices that libpq does not know") {
  CHECK(error_of({.sslmode = "verify"}) ==
        "fapilog: postgres.sslmode: \"verify\" is invalid; it must be disable, allow, prefer, require, "
        "verify-ca, "
        "verify-full, or empty");
  CHECK(error_of({.target_session_attrs = "rw"})
            .starts_with("fapilog: postgres.target_session_attrs: \"rw\" is invalid"));
  CHECK(error_of({.sslmode = "verify-full", .target_session_attrs = "any"}).empty());
  CHECK(error_of({.target_session_attrs = ""}).empty());
}

TEST_CASE("refuses a malformed dsn without repeating it") {
  std::string const prefix = "fapilog: postgres.dsn: ";
  CHECK(error_of({.dsn = "host=a secret"}) == prefix + "a keyword without \"=\" at character 8");
  CHECK(error_of({.dsn = "=secret"}) == prefix + "a \"=\" without a keyword at character 1");
  CHECK(error_of({.dsn = "password='secret"}) == prefix + "a quote that is not closed at character 10");
  CHECK(error_of({.dsn = "password='secret\\'"}) == prefix + "a quote that is not closed at character 10");
  CHECK(error_of({.dsn = "postgres://u:100%@h/d"}) == prefix + "an invalid percent escape at character 17");
  CHECK(error_of({.dsn = "postgres://h/d?sslmode"}) ==
        prefix + "a parameter that is not \"key=value\" at character 16");
  CHECK(error_of({.dsn = "postgresql://h/d?user=b&c=d=e"}) ==
        prefix + "a parameter that is not \"key=value\" at character 25");
  CHECK(error_of({.dsn = "host=a pasword=secret"}) ==
        prefix + "a keyword that libpq does not know at character 8");
  CHECK(error_of({.dsn = "postgres://h/d?secret=1"}) ==
        prefix + "a keyword that libpq does not know at character 16");
  CHECK(error_of({.dsn = "host=a port=secret"}) ==
        prefix + "the value of port is not from 1 to 65535 at character 8");
  CHECK(error_of({.dsn = "postgres://u:p@h:secret/d"}) ==
        prefix + "a port that is not from 1 to 65535 at character 18");
  CHECK(error_of({.dsn = "postgres://u:p@[::1/d"}) ==
        prefix + "a bracket that is not closed at character 16");
  CHECK(error_of({.dsn = "sslmode='secret'"}) ==
        prefix +
            "the value of sslmode is invalid; it must be disable, allow, prefer, require, verify-ca, "
            "verify-full, or empty at character 1");
  CHECK(error_of({.dsn = "postgres://h/d?target_session_attrs=secret"})
            .starts_with(prefix + "the value of target_session_attrs is invalid; it must be any, "));
  for (char const* const value : {"-1", "0", "5x", "x", "99999999999"}) {
    INFO(value);
    CHECK(error_of({.dsn = std::string{"connect_timeout="} + value}) ==
          prefix + "the value of connect_timeout is not a whole number from 1 to 2147483647 at character 1");
  }
  CHECK_FALSE(error_of({.dsn = "tcp_user_timeout=-1"}).empty());
  CHECK_FALSE(error_of({.dsn = "keepalives_count=many"}).empty());
  for (char const* const valid :
       {"", "host=a", " host = a  password = 'it\\'s = two' port=1", "dbname=", "password=a\\ b user=c",
        "postgres://", "postgresql://u:p%3Fw@h1:1,h2:2/d?sslmode=require&application_name=x",
        "postgres://u:p?w@h/d", "host=a,b port=5432,5433 connect_timeout=' 10 ' sslmode=verify-full",
        "host=/run/x port=, target_session_attrs=any keepalives=0", "postgresql://[::1]:5432,h:1/d?ssl=true",
        "postgresql:///d?host=/run/x&port=5433&%73slmode=re%71uire", "service=logs options='-c geqo=off'"}) {
    INFO(valid);
    CHECK(error_of({.dsn = valid}).empty());
  }
}
