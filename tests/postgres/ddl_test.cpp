// SPDX-License-Identifier: MIT
// Schema changes: never under `production` and `hardened`, whatever the configuration; otherwise by the sink, once.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/plugins/postgres.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/batches.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"

using fapilog::kv;
using fapilog::sinks::postgres;
using fapilog::sinks::postgres_config;
using fapilog::sinks::postgres_ddl;
using fapilog::sinks::postgres_layout;
using support::eventually;
using support::postgres_server;
using support::shared_server;
using namespace std::chrono_literals;

namespace {

/// A user's sink that wraps a Postgres sink, for example for its own retries.
struct wrapping_sink {
  postgres inner;
  void start(fapilog::start_context const& context) { inner.start(context); }
  fapilog::write_result write(fapilog::batch const& entries) { return inner.write(entries); }
};

struct refusing_sink {
  fapilog::write_result write(fapilog::batch const& entries) {
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < entries.size(); ++i) all.push_back(i);
    return fapilog::write_result::rejected(all, "as always");
  }
};

/// Each way to give a runtime of this preset a Postgres sink with `create_table`.
template <fapilog::preset const& P>
std::vector<std::pair<std::string, std::function<fapilog::basic_options<P>()>>> ways(postgres_config config) {
  config.create_table = true;
  std::string const json = R"({"core": {"sinks": ["postgres"]}, "sink_config": {"postgres": {"host": ")" +
                           config.host +
                           R"(", "database": "postgres", "user": "postgres", "schema_name": ")" +
                           config.schema_name + R"(", "create_table": true}}})";
  fapilog::environment_map const variables{
      {"FAPILOG_CORE__SINKS", "postgres"},
      {"FAPILOG_POSTGRES__DSN", "host=" + config.host + " dbname=postgres user=postgres"},
      {"FAPILOG_POSTGRES__SCHEMA_NAME", config.schema_name},
      {"FAPILOG_POSTGRES__CREATE_TABLE", "true"}};
  auto const plugins = [] {
    auto all = fapilog::builtin_plugins();
    fapilog::add_postgres(all);
    return all;
  };
  using options = fapilog::basic_options<P>;
  return {
      {"in code", [=] { return options{.sinks = {postgres{config}}}; }},
      {"by assignment",
       [=] {
         options chosen;
         chosen.sinks.clear();
         postgres_config mine = config;
         mine.create_table = true;
         chosen.sinks.emplace_back(postgres{mine});
         return chosen;
       }},
      {"shared", [=] { return options{.sinks = {std::make_shared<postgres>(config)}}; }},
      {"with its own thread",
       [=] {
         return options{.sinks = {{postgres{config}, {.thread = fapilog::sink_thread::own}}}};
       }},
      {"on the worker's thread",
       [=] {
         return options{.sinks = {{postgres{config}, {.thread = fapilog::sink_thread::shared}}}};
       }},
      {"behind a route",
       [=] {
         return options{.sinks = {{postgres{config}, {.route = {.min_level = fapilog::level::debug}}}}};
       }},
      {"as a fallback",
       [=] {
         return options{.sinks = {{refusing_sink{}, {.fallback = postgres{config}}}}};
       }},
      {"inside another sink",
       [=] { return options{.sinks = {std::make_shared<wrapping_sink>(wrapping_sink{postgres{config}})}}; }},
      {"by a file",
       [=] { return fapilog::settings::from_json(json, "test", plugins()).template options<P>(); }},
      {"by variables",
       [=] { return fapilog::settings::from_environment(variables, plugins()).template options<P>(); }},
      {"by variables over a file",
       [=] {
         return fapilog::settings::from_json(json, "test", plugins())
             .with_environment(variables)
             .template options<P>();
       }},
  };
}

template <fapilog::preset const& P>
void nothing_is_created(std::string const& schema) {
  postgres_server server;
  postgres_config config = server.config_in(schema);
  auto const all = ways<P>(config);
  for (auto const& [way, options] : all) {
    INFO(way);
    support::captured_diagnostics reported;
    auto chosen = options();
    chosen.diagnostics_output = reported;
    chosen.shutdown_timeout = 5s;
    {
      fapilog::basic_runtime<P> rt{std::move(chosen)};
      rt.get_logger().error("is there a table?");
      CHECK(eventually([&] { return reported.contains("the preset forbids DDL"); }));
      CHECK(eventually([&] { return reported.contains("does not exist"); }));
      (void)rt.flush(50ms);
    }
    std::string const text = *reported.text;
    auto const first = text.find("the preset forbids DDL");
    CHECK(text.find("the preset forbids DDL", first + 1) == std::string::npos);
    // The report contains the SQL to run.
    CHECK(reported.contains("CREATE TABLE IF NOT EXISTS"));
  }
  CHECK(server.statements_of_sink().size() >= all.size() * 2);
  CHECK(server.ddl_of_sink().empty());
  CHECK(server.count("pg_namespace WHERE nspname = '" + schema + "'") == 0);
}

}  // namespace

TEST_CASE("under production no DDL reaches the server, whether code, file or environment enable it") {
  nothing_is_created<fapilog::presets::production>("forbidden");
}

TEST_CASE("under hardened no DDL reaches the server, whether code, file or environment enable it") {
  nothing_is_created<fapilog::presets::hardened>("forbidden");
}

TEST_CASE("creates the table under a preset that allows DDL, however the sink is configured") {
  postgres_server server;
  postgres_config config = server.config_in("allowed");
  for (auto const& [way, options] : ways<fapilog::presets::minimal>(config)) {
    INFO(way);
    server.sql("DROP SCHEMA IF EXISTS allowed CASCADE");
    auto chosen = options();
    chosen.diagnostics_output = support::captured_diagnostics{};
    fapilog::runtime rt{std::move(chosen)};
    rt.get_logger().error("created");
    REQUIRE(rt.flush(60s));
    CHECK(server.count("allowed.logs") == 1);
  }
  CHECK_FALSE(server.ddl_of_sink().empty());
  auto const indexes =
      server.sql("SELECT indexdef FROM pg_indexes WHERE schemaname = 'allowed' ORDER BY indexname");
  REQUIRE(indexes.size() == 3);  // no GIN index by default
  CHECK(indexes[0][0].find("correlation_id) WHERE") != std::string::npos);
  CHECK(indexes[2][0].find("USING brin") != std::string::npos);
}

TEST_CASE("a sink that two runtimes share may run DDL only if both allow it") {
  auto& server = shared_server();
  postgres_config config = server.config_in("shared_by_two");
  auto const log_with = [](auto& runtime) { runtime.get_logger().error("is there a table?"); };
  for (bool const is_forbidden_first : {true, false}) {
    INFO((is_forbidden_first ? "forbidden first" : "allowed first"));
    server.sql("DROP SCHEMA IF EXISTS shared_by_two CASCADE");
    auto const sink = std::make_shared<postgres>(config);
    if (!is_forbidden_first) {
      fapilog::runtime allows{{.sinks = {sink}}};
      log_with(allows);
      REQUIRE(allows.flush(60s));
      server.sql("DROP SCHEMA shared_by_two CASCADE");
    }
    support::captured_diagnostics reported;
    {
      fapilog::basic_runtime<fapilog::presets::hardened> forbids{
          {.sinks = {sink}, .shutdown_timeout = 1s, .diagnostics_output = reported}};
      log_with(forbids);
      CHECK(eventually([&] { return reported.contains("the preset forbids DDL"); }));
      CHECK(eventually([&] { return reported.contains("does not exist"); }));
    }
    support::captured_diagnostics reported_later;
    fapilog::runtime allows{{.sinks = {sink}, .shutdown_timeout = 1s, .diagnostics_output = reported_later}};
    log_with(allows);
    CHECK(eventually([&] { return reported_later.contains("does not exist"); }));
    CHECK(reported_later.contains("another runtime of this sink"));
    CHECK(server.count("pg_namespace WHERE nspname = 'shared_by_two'") == 0);
  }
}

TEST_CASE("creates and reports nothing if create_table is off") {
  auto& server = shared_server();
  postgres_config config = server.config_in("off");
  config.create_table = false;
  support::captured_diagnostics reported;
  {
    fapilog::runtime rt{
        {.sinks = {{postgres{config}, {.retry = {.attempts = 1}}}}, .diagnostics_output = reported}};
    rt.get_logger().error("x");
    (void)rt.flush(60s);
  }
  CHECK(reported.contains("the schema \\\"off\\\" does not exist"));
  CHECK_FALSE(reported.contains("forbids DDL"));
  CHECK(server.count("pg_namespace WHERE nspname = 'off'") == 0);
}

TEST_CASE("needs no right but INSERT") {
  auto& server = shared_server();
  postgres_config config = server.config_in("narrow", "writer");
  support::make_role(server, "writer");
  server.sql(postgres_ddl(config) +
             "REVOKE ALL ON SCHEMA public FROM PUBLIC; REVOKE TEMP ON DATABASE postgres FROM PUBLIC;"
             "GRANT USAGE ON SCHEMA narrow TO writer; GRANT INSERT ON narrow.logs TO writer");
  fapilog::runtime rt{{.sinks = {postgres{config}}}};
  rt.get_logger().info("x");
  REQUIRE(rt.flush(60s));
  CHECK(rt.is_healthy());
  CHECK(server.count("narrow.logs") == 1);
}

TEST_CASE("many sinks that start at the same time create one table and all write to it") {
  auto& server = shared_server();
  postgres_config config = server.config_in("race");
  support::captured_diagnostics reported;
  std::vector<std::thread> threads;
  std::vector<std::unique_ptr<fapilog::runtime>> runtimes;
  for (int i = 0; i < 8; ++i) {
    runtimes.push_back(std::make_unique<fapilog::runtime>(
        fapilog::options{.sinks = {postgres{config}}, .diagnostics_output = reported}));
  }
  for (auto& rt : runtimes) {
    threads.emplace_back([&rt] {
      rt->get_logger().info("x");
      (void)rt->flush(60s);
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(server.count("race.logs") == 8);
  CHECK(reported.text->empty());
}

TEST_CASE("the migration can be run again, and names of any form are quoted") {
  auto& server = shared_server();
  for (std::string const name :
       {"plain", "With Capital", "select", "a\"b", "x'); DROP TABLE y; --", "semi;colon", "$fapilog$",
        "back\\slash", "\xC3\xA4\xE2\x82\xAC", "new\nline", "%I%s"}) {
    INFO(name);
    postgres_config config = server.config_in("n " + name);
    config.table_name = name;
    config.extract_fields = {"timestamp", "message", name + "=data.x", "correlation_id"};
    for (auto const layout : {postgres_layout::plain, postgres_layout::partitioned}) {
      config.table_name = (layout == postgres_layout::plain ? "" : "p ") + name;
      server.sql(postgres_ddl(config, layout));
      server.sql(postgres_ddl(config, layout));
      fapilog::runtime rt{{.sinks = {postgres{config}}}};
      rt.get_logger().info("hello", kv("x", name));
      REQUIRE(rt.flush(60s));
      CHECK(rt.health().at(0).second.detail.find("at least once") == std::string::npos);
      CHECK(server.value("SELECT " + fapilog::detail::pg::quoted_name(name) + " FROM " +
                         fapilog::detail::pg::table_of(config)) == name);
    }
  }
}

TEST_CASE("names of 63 bytes keep their indexes apart") {
  auto& server = shared_server();
  postgres_config config = server.config_in("long");
  for (char const last : {'a', 'b'}) {
    config.table_name = std::string(62, 'x') + last;
    server.sql(postgres_ddl(config));
    server.sql(postgres_ddl(config, postgres_layout::plain));
  }
  CHECK(server.count("pg_indexes WHERE schemaname = 'long'") == 6);
}

TEST_CASE("partitions by day: rows go to their own or the default partition, and old ones are dropped") {
  auto& server = shared_server();
  postgres_config config = server.config_in("daily");
  server.sql(postgres_ddl(config, postgres_layout::partitioned));
  server.sql(
      "CREATE TABLE daily.logs_20200101 PARTITION OF daily.logs FOR VALUES FROM ('2020-01-01 00:00:00+00') "
      "TO ('2020-01-02 "
      "00:00:00+00')");
  {
    fapilog::runtime rt{{.sinks = {postgres{config}}}};
    for (int i = 0; i < 10; ++i) rt.get_logger().info("today");
    REQUIRE(rt.flush(60s));
    CHECK(rt.health().at(0).second.detail.find("at least once") == std::string::npos);
  }
  support::events e;
  e.add("long ago");  // 2026-01-27
  e.add("older").unix_ns = 1'577'880'000'000'000'000;
  postgres sink{config};
  sink.start(fapilog::start_context{});
  CHECK(sink.write(e.batch()));
  CHECK(sink.write(e.batch()));
  CHECK(server.count("daily.logs") == 12);  // both have the id 0, but not at the same time
  CHECK(server.count("daily.logs_default") == 1);
  CHECK(server.count("daily.logs_20200101") == 1);
  CHECK(server.count("pg_inherits WHERE inhparent = 'daily.logs'::regclass") == 10);
  server.sql(fapilog::sinks::postgres_partitions(config, 3, 30));
  CHECK(server.count("daily.logs") == 11);
  CHECK(server.count("pg_inherits WHERE inhparent = 'daily.logs'::regclass") == 9);
}

TEST_CASE("records wait for a missing partition, which is reported") {
  auto& server = shared_server();
  postgres_config config = server.config_in("gap");
  server.sql(postgres_ddl(config, postgres_layout::partitioned) + "DROP TABLE gap.logs_default");
  support::events e;
  e.add("long ago");
  postgres sink{config};
  sink.start(fapilog::start_context{});
  auto const result = sink.write(e.batch());
  CHECK(result.outcome() == fapilog::write_outcome::retry);
  CHECK(result.reason() == "postgres: no partition of the table accepts the record's time");
  server.sql("CREATE TABLE gap.rest PARTITION OF gap.logs DEFAULT");
  CHECK(sink.write(e.batch()));
}

TEST_CASE("writes to an existing table and reports what it lacks") {
  auto& server = shared_server();
  postgres_config config = server.config_in("lacks", "reader");
  support::make_role(server, "reader");
  server.sql(
      "CREATE SCHEMA lacks; CREATE TABLE lacks.logs (id bigserial PRIMARY KEY, \"timestamp\" timestamptz, "
      "level "
      "varchar(10), logger varchar(255), message text, event json NOT NULL, shard int NOT NULL)");
  support::captured_diagnostics reported;
  auto const problem = [&] {
    postgres sink{config};
    sink.start(fapilog::start_context{});
    return sink.health().detail;
  };
  CHECK(problem() ==
        "connected, \"lacks\".\"logs\": the role \"reader\" may not use the schema \"lacks\"; column \"id\" "
        "is bigint, not "
        "uuid; column \"event\" is json, not jsonb (see `use_jsonb`); "
        "the role "
        "\"reader\" has no right to INSERT; column \"shard\" is NOT NULL without a default, and the sink "
        "does not write it");
  server.sql(
      "GRANT USAGE ON SCHEMA lacks TO reader; GRANT INSERT ON lacks.logs TO reader; ALTER TABLE lacks.logs "
      "DROP "
      "COLUMN id, ADD COLUMN id uuid, ADD COLUMN correlation_id text, ALTER COLUMN shard DROP NOT NULL");
  config.use_jsonb = false;
  support::events e;
  e.add("x");
  postgres sink{config};
  sink.start(fapilog::start_context{});
  CHECK(sink.write(e.batch()));
  CHECK(sink.health().healthy);
  CHECK(sink.health().detail.find("at least once: the table has no unique key on id") != std::string::npos);
}

TEST_CASE("reports another unique key, because records that repeat it are left out") {
  auto& server = shared_server();
  postgres_config config = server.config_in("keyed");
  server.sql(postgres_ddl(config) + "CREATE UNIQUE INDEX ON keyed.logs (correlation_id)");
  support::events e;
  e.add("x");
  postgres sink{config};
  sink.start(fapilog::start_context{});
  CHECK(sink.write(e.batch()));
  CHECK(sink.health().detail.find("records that repeat another unique key of the table are left out") !=
        std::string::npos);
  CHECK(sink.health().detail.find("at least once") == std::string::npos);
}

TEST_CASE("reports the SQL if the role may not create the table, and continues once it exists") {
  auto& server = shared_server();
  postgres_config config = server.config_in("poor", "poor");
  support::make_role(server, "poor");
  support::captured_diagnostics reported;
  fapilog::runtime rt{{.sinks = {postgres{config}}, .diagnostics_output = reported}};
  rt.get_logger().info("x");
  CHECK(eventually(
      [&] { return reported.contains("the table could not be created: no permission (SQLSTATE 42501)"); }));
  CHECK(reported.contains("CREATE TABLE IF NOT EXISTS \\\"poor\\\".\\\"logs\\\""));
  server.sql(postgres_ddl(config) + "GRANT USAGE ON SCHEMA poor TO poor; GRANT INSERT ON poor.logs TO poor");
  CHECK(rt.flush(60s));
  CHECK(server.count("poor.logs") == 1);
}

TEST_CASE("DDL for TimescaleDB and Citus keeps the key that divides the table") {
  postgres_config const config;
  std::string const timescale = postgres_ddl(config, postgres_layout::timescale);
  CHECK(timescale.find("PRIMARY KEY (\"id\", \"timestamp\")") != std::string::npos);
  CHECK(timescale.find("SELECT create_hypertable('\"public\".\"logs\"', 'timestamp'") != std::string::npos);
  std::string const citus = postgres_ddl(config, postgres_layout::citus);
  CHECK(citus.find("SELECT create_distributed_table('\"public\".\"logs\"', 'id');") != std::string::npos);
  CHECK(postgres_ddl({.gin_index = true}).find("USING gin (\"event\" jsonb_path_ops)") != std::string::npos);
}

TEST_CASE("refuses invalid settings by text, too") {
  auto plugins = fapilog::builtin_plugins();
  fapilog::add_postgres(plugins);
  auto const problems = [&plugins](std::string const& members) {
    try {
      (void)fapilog::settings::from_json(
          R"({"core": {"sinks": ["postgres"]}, "sink_config": {"postgres": {)" + members + "}}}", "test",
          plugins)
          .options();
    } catch (fapilog::settings_error const& error) {
      return std::string{error.what()};
    }
    return std::string{};
  };
  CHECK(
      problems(R"("connections": 0)").find("sink_config.postgres.connections: 0 is out of range (1 to 64)") !=
      std::string::npos);
  auto const across = problems(R"("sslmode": "verify", "dsn": "host")");
  INFO(across);
  CHECK(across.find("postgres.sslmode") != std::string::npos);
  CHECK(across.find("\"verify\" is invalid; it must be disable") != std::string::npos);
  CHECK(across.find("a keyword without \"=\" at character 1") != std::string::npos);
}
