// SPDX-License-Identifier: MIT
// Tables whose columns cannot hold every value, and databases with another encoding: noticed at start, no record is lost.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "support/batches.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/postgres_server.hpp"

using fapilog::kv;
using fapilog::sinks::postgres;
using fapilog::sinks::postgres_config;
using fapilog::sinks::postgres_ddl;
using support::eventually;
using support::shared_server;
using namespace std::chrono_literals;

namespace {

/// A batch of `count` records with this logger.
fapilog::batch records_of(std::string_view logger, std::size_t count) {
  support::events e;
  static fapilog::detail::uuid7_generator ids;
  for (std::size_t i = 0; i < count; ++i) {
    auto& one = e.add("m");
    one.logger = logger;
    one.message_id = ids.next(1'769'509'800'123'456'789);
  }
  return e.batch();
}

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "a value that is too long for its column is NULL and remains in the event, and the start reports it") {
  auto& server = shared_server();
  postgres_config config = shared_server().config_in("narrow_columns");
  config.extract_fields = {"level", "logger", "message", "correlation_id", "data.code"};
  server.sql(
      postgres_ddl(config) +
      "CREATE DOMAIN narrow_columns.short AS varchar(10); CREATE DOMAIN narrow_columns.shorter AS "
      "narrow_columns.short CHECK "
      "(VALUE <> 'refused');"
      "ALTER TABLE narrow_columns.logs ALTER COLUMN level TYPE varchar(8), ALTER COLUMN logger TYPE "
      "varchar(10), ALTER COLUMN correlation_id TYPE narrow_columns.shorter, ALTER COLUMN code TYPE char(3)");
  support::captured_diagnostics reported;
  fapilog::runtime rt{{.sinks = {postgres{config}}, .diagnostics_output = reported}};
  std::string const ten_umlauts = "äöüäöüäöüä";
  for (int i = 0; i < 2000; ++i)
    rt.get_logger("longer than ten").info("all", kv("correlation_id", "longer than ten"), kv("code", "four"));
  rt.get_logger(ten_umlauts).info("fits", kv("correlation_id", "x"), kv("code", "abc    "));
  rt.get_logger(ten_umlauts + "x").info("too long", kv("correlation_id", "refused"), kv("code", 1234));
  REQUIRE(rt.flush(30s));
  auto const account = rt.sink_counts().at(0).second;
  CHECK(account.delivered == 2002);
  CHECK(account.rejected == 0);
  CHECK(server.sql("SELECT count(*), count(logger), count(correlation_id), count(code), "
                   "min(event->'log'->>'logger') FROM narrow_columns.logs WHERE message = 'all'") ==
        std::vector<strings>{{"2000", "0", "0", "0", "longer than ten"}});
  CHECK(server.sql(
            "SELECT level, logger, correlation_id, code FROM narrow_columns.logs WHERE message = 'fits'") ==
        std::vector<strings>{{"INFO", ten_umlauts, "x", "abc"}});
  CHECK(server.sql("SELECT level, logger, correlation_id, code, event->'log'->'context'->>'correlation_id' "
                   "FROM narrow_columns.logs WHERE message = 'too long'") ==
        std::vector<strings>{{"INFO", "NULL", "NULL", "NULL", "refused"}});
  CHECK(reported.contains("column \\\"logger\\\" holds 10 characters: longer values are stored as NULL"));
  CHECK(reported.contains("column \\\"correlation_id\\\" holds 10 characters"));
  CHECK(reported.contains("column \\\"code\\\" holds 3 characters"));
  CHECK(reported.contains("ALTER COLUMN \\\"logger\\\" TYPE text"));
  CHECK_FALSE(reported.contains("longer than ten"));
  CHECK(rt.is_healthy());
  CHECK(rt.health().at(0).second.detail.find("6003 values did not fit their columns") != std::string::npos);
}

TEST_CASE("a column that is narrowed or widened while records arrive loses none") {
  auto& server = shared_server();
  postgres_config const config = shared_server().config_in("changing");
  server.sql(postgres_ddl(config));
  postgres sink{config};
  sink.start(fapilog::start_context{});
  CHECK(sink.write(records_of("longer than ten", 500)));
  server.sql(
      "UPDATE changing.logs SET logger = 'old'; ALTER TABLE changing.logs ALTER logger TYPE varchar(10)");
  auto const before = sink.counts().statements.value();
  CHECK(sink.write(records_of("longer than ten", 500)));
  CHECK(sink.counts().statements.value() - before <= 6);
  CHECK(server.count("changing.logs") == 1000);
  CHECK(server.count("changing.logs WHERE logger IS NULL") == 500);
  server.sql("ALTER TABLE changing.logs ALTER logger TYPE text");
  CHECK(eventually([&] {
    CHECK(sink.write(records_of("longer than ten", 1)));
    return server.count("changing.logs WHERE logger = 'longer than ten'") > 0;
  }));
}

TEST_CASE("columns that are dropped, changed or added while records arrive stop no record") {
  auto& server = shared_server();
  postgres_config config = shared_server().config_in("live");
  config.extract_fields = {"timestamp", "level", "logger", "message", "label=message"};
  config.connections = 3;
  server.sql(postgres_ddl(config));
  postgres sink{config};
  CHECK(sink.write(records_of("web", 500)));
  CHECK(sink.health().healthy);
  server.sql("ALTER TABLE live.logs DROP COLUMN logger, ALTER label TYPE int USING NULL");
  CHECK(sink.write(records_of("web", 500)));
  CHECK(server.count("live.logs") == 1000);
  CHECK(server.count("live.logs WHERE event->'log'->>'logger' = 'web' AND level = 'INFO'") == 1000);
  CHECK_FALSE(sink.health().healthy);
  CHECK(sink.health().detail.find("connected, \"live\".\"logs\"") == 0);
  CHECK(sink.health().detail.find("column \"logger\" is missing; column \"label\" is integer, not text") !=
        std::string::npos);
  server.sql("ALTER TABLE live.logs ADD COLUMN logger text, ALTER label TYPE text");
  CHECK(eventually([&] {
    CHECK(sink.write(records_of("again", 1)));
    return server.count("live.logs WHERE logger = 'again' AND label = 'm'") > 0;
  }));
  CHECK(sink.health().healthy);
  // A column that must have a value, and cannot get it, is not left out.
  server.sql(
      "TRUNCATE live.logs; ALTER TABLE live.logs ALTER label TYPE int USING 1, ALTER label SET NOT NULL");
  CHECK(sink.write(records_of("web", 1)).outcome() == fapilog::write_outcome::retry);
  CHECK(sink.health().detail.find("column \"label\" is integer, not text") != std::string::npos);
  CHECK(server.count("live.logs") == 0);
}

TEST_CASE(
    "a sink that starts with a table that lacks columns reports the SQL that adds them, and stores all") {
  auto& server = shared_server();
  postgres_config config = shared_server().config_in("fewer");
  config.include_raw_json = false;
  server.sql(
      "CREATE SCHEMA fewer; CREATE TABLE fewer.logs (id uuid PRIMARY KEY, \"timestamp\" timestamptz, event "
      "jsonb)");
  support::captured_diagnostics const reported;
  fapilog::runtime rt{{.sinks = {postgres{config}}, .diagnostics_output = reported}};
  rt.get_logger("web").info("stored");
  REQUIRE(rt.drain(30s));
  CHECK(server.count("fewer.logs WHERE event->>'logger' = 'web' AND event->>'message' = 'stored'") == 1);
  CHECK(reported.contains("column \\\"logger\\\" is missing: its values are only in `event`"));
  CHECK(reported.contains("ALTER TABLE \\\"fewer\\\".\\\"logs\\\" ADD COLUMN \\\"logger\\\" text;"));
}

TEST_CASE("a record that a constraint or a trigger refuses is stored without the column") {
  auto& server = shared_server();
  postgres_config config = shared_server().config_in("judged");
  config.extract_fields = {"level", "logger", "message", "user_id"};
  server.sql(
      postgres_ddl(config) +
      "CREATE TABLE judged.levels (name text PRIMARY KEY); INSERT INTO judged.levels VALUES ('INFO');"
      "ALTER TABLE judged.logs ADD CHECK (length(logger) <= 10), ADD FOREIGN KEY (level) REFERENCES "
      "judged.levels;"
      "CREATE FUNCTION judged.judge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
      "NEW.user_id::int; RETURN NEW; END $$;"
      "CREATE TRIGGER judge BEFORE INSERT ON judged.logs FOR EACH ROW EXECUTE FUNCTION judged.judge()");
  fapilog::runtime rt{{.sinks = {postgres{config}}}};
  auto const log = rt.get_logger("fits");
  for (int i = 0; i < 100; ++i) log.info("fits", kv("user_id", "7"));
  rt.get_logger("longer than ten").info("check", kv("user_id", "7"));
  log.error("key", kv("user_id", "7"));
  log.info("trigger", kv("user_id", "seven"));
  rt.get_logger("longer than ten").error("everything", kv("user_id", "seven"));
  REQUIRE(rt.flush(30s));
  CHECK(server.sql(
            "SELECT message, level, logger, user_id FROM judged.logs WHERE message <> 'fits' ORDER BY id") ==
        std::vector<strings>{{"check", "INFO", "NULL", "7"},
                             {"key", "NULL", "fits", "7"},
                             {"trigger", "INFO", "fits", "NULL"}});
  CHECK(
      server.sql(
          "SELECT event->'log'->>'level', event->'log'->>'logger' FROM judged.logs WHERE message IS NULL") ==
      std::vector<strings>{{"ERROR", "longer than ten"}});
  CHECK(server.count("judged.logs") == 104);
  CHECK(rt.sink_counts().at(0).second.rejected == 0);
}

TEST_CASE("a value that is too long for the index of its column is NULL") {
  auto& server = shared_server();
  postgres_config const config = shared_server().config_in("indexed");
  server.sql(postgres_ddl(config));
  std::string random;  // cannot be compressed
  std::uint32_t state = 1;
  for (int i = 0; i < 20'000; ++i) {
    state = state * 1'664'525U + 1'013'904'223U;
    random += static_cast<char>('0' + (state >> 24) % 75);
  }
  fapilog::runtime rt{{.max_record_bytes = 1 << 20, .sinks = {postgres{config}}}};
  rt.get_logger().info("long", kv("correlation_id", random));
  rt.get_logger().info("short", kv("correlation_id", "c"));
  REQUIRE(rt.flush(30s));
  CHECK(server.sql("SELECT message, correlation_id, length(event->'log'->'context'->>'correlation_id') FROM "
                   "indexed.logs ORDER BY message") ==
        std::vector<strings>{{"long", "NULL", "20000"}, {"short", "c", "1"}});
}

TEST_CASE(
    "a column that is NOT NULL gets a cut value, and records without a value are rejected, as reported") {
  auto& server = shared_server();
  postgres_config const config = shared_server().config_in("required");
  server.sql(postgres_ddl(config) +
             "ALTER TABLE required.logs ALTER logger TYPE varchar(10), ALTER logger SET NOT NULL, ALTER "
             "correlation_id SET NOT NULL, ALTER level SET NOT NULL");
  support::captured_diagnostics reported;
  fapilog::runtime rt{{.sinks = {postgres{config}}, .diagnostics_output = reported}};
  rt.get_logger("äöüäöüäöüäöü").info("cut", kv("correlation_id", "c"));
  rt.get_logger("x").info("without");
  REQUIRE(rt.flush(30s));
  CHECK(server.sql("SELECT logger, message, event->'log'->>'logger' FROM required.logs") ==
        std::vector<strings>{{"äöüäöüäöüä", "cut", "äöüäöüäöüäöü"}});
  CHECK(rt.sink_counts().at(0).second.rejected == 1);
  CHECK(reported.contains(
      "column \\\"correlation_id\\\" is NOT NULL: records without a value for it are rejected"));
  CHECK(reported.contains("ALTER COLUMN \\\"correlation_id\\\" DROP NOT NULL"));
  CHECK(reported.contains("longer values are cut"));
  CHECK_FALSE(reported.contains("column \\\"level\\\""));
}

TEST_CASE("times before 1677 and after 2262 are stored, and one that the server cannot hold is NULL") {
  using namespace std::chrono;
  auto& server = shared_server();
  postgres_config config = shared_server().config_in("far_times");
  config.extract_fields = {"message", "data.at:timestamptz"};
  fapilog::runtime rt{{.sinks = {postgres{config}}}};
  auto const log = rt.get_logger();
  log.info("1", kv("at", sys_time<milliseconds>{milliseconds{253'402'300'799'999}}));
  log.info("2", kv("at", sys_days{year{1066} / 10 / 14}));
  log.info("3", kv("at", sys_days{year{-4712} / 1 / 1}));
  log.info("4", kv("at", sys_days{year{32'000} / 1 / 1}));
  log.info("5", kv("at", sys_seconds::max()));
  log.info("6", kv("at", sys_days{year{2026} / 1 / 27}));
  REQUIRE(rt.flush(30s));
  CHECK(server.sql("SET timezone = 'UTC'; SELECT at::text, event->'log'->'data'->>'at' FROM far_times.logs "
                   "ORDER BY message") ==
        std::vector<strings>{{"9999-12-31 23:59:59.999+00", "9999-12-31T23:59:59.999Z"},
                             {"1066-10-14 00:00:00+00", "1066-10-14T00:00:00Z"},
                             {"4713-01-01 00:00:00+00 BC", "-4712-01-01T00:00:00Z"},
                             {"32000-01-01 00:00:00+00", "+32000-01-01T00:00:00Z"},
                             {"NULL", "+292277026596-12-04T15:30:07Z"},
                             {"2026-01-27 00:00:00+00", "2026-01-27T00:00:00Z"}});
}

TEST_CASE("health reports how many of the last records were rejected, and the last SQLSTATE") {
  auto& server = shared_server();
  postgres_config const config = shared_server().config_in("refusing");
  server.sql(postgres_ddl(config) +
             "ALTER TABLE refusing.logs ADD COLUMN shard int DEFAULT 1 CHECK (shard = 1);"
             "ALTER TABLE refusing.logs ALTER shard SET DEFAULT 2");
  fapilog::runtime rt{{.sinks = {postgres{config}}}};
  for (int i = 0; i < 20; ++i) rt.get_logger().info("refused");
  REQUIRE(rt.flush(30s));
  CHECK_FALSE(rt.is_healthy());
  auto const detail = rt.health().at(0).second.detail;
  INFO(detail);
  CHECK(detail.find(
            "connected, \"refusing\".\"logs\", 20 of the last 20 records rejected, the last one because "
            "of: a constraint of the table (SQLSTATE 23514)") == 0);
  server.sql("ALTER TABLE refusing.logs ALTER shard SET DEFAULT 1");
  CHECK(eventually([&] {
    for (int i = 0; i < 100; ++i) rt.get_logger().info("stored");
    (void)rt.flush(30s);
    return rt.is_healthy();
  }));
  CHECK(rt.sink_counts().at(0).second.rejected == 20);
}

TEST_CASE("a database that is not UTF8 is reported, and stores ? for characters that it lacks") {
  auto& server = shared_server();
  server.sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
  postgres_config config = server.config();
  config.database = "latin";
  support::captured_diagnostics reported;
  {
    fapilog::runtime rt{{.sinks = {postgres{config}}, .diagnostics_output = reported}};
    for (int i = 0; i < 10; ++i) rt.get_logger().info("gr\u00FC\u00DFe");
    rt.get_logger().info("a\u2192b \U0001F600 \u00E4 \u2028", kv("k", "\u20AC"));
    REQUIRE(rt.flush(30s));
    CHECK(rt.sink_counts().at(0).second.delivered == 11);
  }
  CHECK(reported.contains("the database's encoding is LATIN1, not UTF8"));
  pqxx::connection connection{server.conninfo() + " dbname=latin client_encoding=UTF8"};
  pqxx::nontransaction transaction{connection};
  auto const rows = transaction.exec(
      "SELECT message, event->'log'->>'message', coalesce(event->>'altered', '-'), "
      "event->'log'->'data'->>'k' "
      "FROM logs ORDER BY id DESC LIMIT 2");
  CHECK(std::string{rows[0][0].c_str()} == "a?b ? \u00E4 ?");
  CHECK(std::string{rows[0][1].c_str()} == "a?b ? \u00E4 ?");
  CHECK(std::string{rows[0][2].c_str()} == "true");
  CHECK(std::string{rows[0][3].c_str()} == "?");
  CHECK(std::string{rows[1][0].c_str()} == "gr\u00FC\u00DFe");
  CHECK(std::string{rows[1][2].c_str()} == "-");
}

TEST_CASE("a client_encoding in the dsn does not change what is stored") {
  auto& server = shared_server();
  std::string const folder = server.socket_folder();
  std::vector<std::string> const dsns{
      server.conninfo() + " client_encoding=LATIN1",
      server.conninfo() + " client_encoding='SQL_ASCII' options='-c client_encoding=LATIN1'",
      "client_encoding=LATIN1 " + server.conninfo() + " application_name=x\\",
      "postgresql://postgres@/postgres?host=" + folder + "&client_encoding=LATIN1&",
  };
  for (std::string const& dsn : dsns) {
    INFO(dsn);
    server.sql("DROP SCHEMA IF EXISTS encoded CASCADE");
    postgres_config config;
    config.dsn = dsn;
    config.schema_name = "encoded";
    fapilog::runtime rt{{.sinks = {postgres{config}}}};
    rt.get_logger().info("\u00E4\u20AC");
    REQUIRE(rt.flush(30s));
    CHECK(server.value("SELECT length(message) FROM encoded.logs") == "2");
  }
}
