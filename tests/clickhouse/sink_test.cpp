// SPDX-License-Identifier: MIT
// The ClickHouse sink against a real server: columns, the table check, DDL, users, and records that are lost or doubled.
#include "clickhouse/clickhouse_server.hpp"
#include "support/batches.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/plugins/http.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/sinks/clickhouse.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using fapilog::kv;
using fapilog::sinks::clickhouse;
using fapilog::sinks::clickhouse_config;
using fapilog::sinks::clickhouse_dialect;
using support::shared_clickhouse;
using namespace std::chrono_literals;

namespace {

/// A database of its own for each case.
clickhouse_config clickhouse_in(std::string const& database, bool creates = false) {
  clickhouse_config config;
  config.url = shared_clickhouse().url();
  config.database = database;
  config.create_table = creates;
  return config;
}
void make_clickhouse_table(clickhouse_config const& config) {
  std::string const ddl = fapilog::sinks::clickhouse_ddl(config, clickhouse_dialect::before_20_1);
  std::size_t const end = ddl.find(';');
  shared_clickhouse().run(ddl.substr(0, end));
  shared_clickhouse().run(ddl.substr(end + 1, ddl.rfind(';') - end - 1));
}
/// Events with ids of their own.
fapilog::batch events_with_ids(support::events& made, std::size_t count, std::uint8_t family = 1) {
  for (std::size_t i = 0; i < count; ++i) {
    fapilog::event& e = made.add("message");
    e.message_id.bytes[0] = family;
    e.message_id.bytes[14] = static_cast<std::uint8_t>(i >> 8);
    e.message_id.bytes[15] = static_cast<std::uint8_t>(i);
  }
  return made.batch();
}

template <fapilog::preset const& P>
std::vector<std::pair<std::string, std::function<fapilog::basic_options<P>()>>> clickhouse_ways(
    clickhouse_config config) {
  config.create_table = true;
  std::string const json = R"({"core": {"sinks": ["clickhouse"]}, "sink_config": {"clickhouse": {"url": ")" +
                           config.url + R"(", "database": ")" + config.database +
                           R"(", "create_table": true}}})";
  fapilog::environment_map const variables{{"FAPILOG_CORE__SINKS", "clickhouse"},
                                           {"FAPILOG_CLICKHOUSE__URL", config.url},
                                           {"FAPILOG_CLICKHOUSE__DATABASE", config.database},
                                           {"FAPILOG_CLICKHOUSE__CREATE_TABLE", "true"}};
  auto const plugins = [] {
    auto all = fapilog::builtin_plugins();
    fapilog::add_http(all);
    return all;
  };
  using options = fapilog::basic_options<P>;
  return {{"in code", [=] { return options{.sinks = {clickhouse{config}}}; }},
          {"shared", [=] { return options{.sinks = {std::make_shared<clickhouse>(config)}}; }},
          {"from a file",
           [=] { return fapilog::settings::from_json(json, "test", plugins()).template options<P>(); }},
          {"from the environment",
           [=] { return fapilog::settings::from_environment(variables, plugins()).template options<P>(); }}};
}

template <fapilog::preset const& P>
void expect_no_ddl(std::string const& preset) {
  std::string const database = "forbidden_" + preset;
  for (auto const& [name, make] : clickhouse_ways<P>(clickhouse_in(database))) {
    INFO(preset << ", " << name);
    support::captured_diagnostics reported;
    auto chosen = make();
    chosen.diagnostics_output = reported;
    {
      fapilog::basic_runtime<P> rt{std::move(chosen)};
      rt.get_logger("x").error("message");
      REQUIRE(support::eventually([&] { return !rt.health().at(0).second.healthy; }));
      (void)rt.drain(100ms);
    }
    CHECK(reported.contains("the preset forbids DDL"));
    CHECK(reported.contains("CREATE TABLE IF NOT EXISTS"));
    CHECK(reported.contains("does not exist"));
  }
  CHECK(shared_clickhouse().statements("query LIKE 'CREATE%' AND query LIKE '%" + database + "%'").empty());
  CHECK(shared_clickhouse().count("system.tables WHERE database = '" + database + "'") == 0);
  CHECK_FALSE(shared_clickhouse().statements("query LIKE '%system.tables%" + database + "%'").empty());
}

}  // namespace

TEST_CASE("the clickhouse sink creates its table and writes typed columns") {
  REQUIRE_CLICKHOUSE();
  auto const& server = shared_clickhouse();
  auto config = clickhouse_in("typed", true);
  config.extract_fields = {"timestamp",      "level:low_cardinality", "logger",
                           "message",        "data.n:int64",          "took=data.took:float64",
                           "data.ok:bool",   "data.user.id",          "ns=timestamp:int64",
                           "data.list:json", "at=data.at:datetime",   "data.wrong:int64"};
  {
    fapilog::runtime rt{
        {.sinks = {clickhouse{config}}, .diagnostics_output = support::captured_diagnostics{}}};
    auto const log = rt.get_logger("shop");
    log.info("caf\xC3\xA9 \"quoted\" \\ \x01 tab\t", kv("n", std::int64_t{-7}), kv("took", 1.5),
             kv("ok", true), kv("list", std::vector<int>{1, 2}), kv("wrong", "text"),
             kv("at", std::chrono::system_clock::time_point{std::chrono::seconds{1'700'000'000}}));
    log.error("bad \xFF", kv("n", 8), kv("took", 2ms));
    REQUIRE(rt.flush(30s));
    auto const account = rt.sink_counts().at(0).second;
    CHECK(account.delivered == 2);
    CHECK(rt.health().at(0).second.healthy);
  }
  CHECK(server.sql("SELECT level, logger, message, n, took, ok, list, toInt64(at), wrong FROM typed.logs "
                   "ORDER BY n") ==
        "INFO\tshop\tcaf\xC3\xA9 \"quoted\" \\\\ \x01 tab\\t\t-7\t1.5\t1\t[1,2]\t1700000000\t\\N\n"
        "ERROR\tshop\tbad \xEF\xBF\xBD\t8\t0.002\t\\N\t\t\\N\t\\N\n");
  CHECK(server.sql("SELECT count() FROM typed.logs WHERE visitParamExtractString(event, 'message') != '' AND "
                   "abs(toInt64(timestamp) - intDiv(ns, 1000000000)) <= 0") == "2\n");
  CHECK(server.sql("SELECT uniqExact(id) FROM typed.logs") == "2\n");
}

TEST_CASE("a batch is one block of one INSERT, divided only by the limits") {
  REQUIRE_CLICKHOUSE();
  auto const& server = shared_clickhouse();
  auto config = clickhouse_in("blocks");
  config.batch_size = 300;
  make_clickhouse_table(config);
  clickhouse sink{config};
  support::events made;
  CHECK(sink.write(events_with_ids(made, 1'000)));
  CHECK(server.count("blocks.logs") == 1'000);
  CHECK(server.sql("SELECT rows FROM system.parts WHERE database = 'blocks' ORDER BY rows") ==
        "100\n300\n300\n300\n");
}

TEST_CASE("the presets production and hardened never run DDL on ClickHouse") {
  REQUIRE_CLICKHOUSE();
  expect_no_ddl<fapilog::presets::production>("production");
  expect_no_ddl<fapilog::presets::hardened>("hardened");
}

TEST_CASE("a clickhouse sink that one runtime forbids DDL runs none in another") {
  REQUIRE_CLICKHOUSE();
  auto const sink = std::make_shared<clickhouse>(clickhouse_in("once_forbidden", true));
  sink->start(fapilog::start_context{});
  {
    fapilog::runtime rt{{.sinks = {sink}, .diagnostics_output = support::captured_diagnostics{}}};
    rt.get_logger("x").error("message");
    REQUIRE(support::eventually([&] { return !rt.health().at(0).second.healthy; }));
    (void)rt.drain(100ms);
  }
  CHECK(shared_clickhouse().statements("query LIKE 'CREATE%once_forbidden%'").empty());
}

TEST_CASE("the check of the ClickHouse table reports what is wrong, with the SQL that helps") {
  REQUIRE_CLICKHOUSE();
  auto const& server = shared_clickhouse();
  auto const config = clickhouse_in("checked");
  clickhouse sink{config};
  support::captured_diagnostics reported;
  sink.start(fapilog::start_context{[&](std::string_view message, std::string_view detail) {
    reported(std::string{message} + "|" + std::string{detail} + "\n");
  }});
  support::events made;
  fapilog::batch const entries = events_with_ids(made, 3);
  auto missing = sink.write(entries);
  CHECK(missing.is_refused());
  CHECK_THAT(missing.reason(),
             Catch::Matchers::ContainsSubstring(
                 "the table \"checked\".\"logs\" does not exist; run: CREATE DATABASE IF NOT EXISTS"));
  CHECK(reported.contains("run: CREATE DATABASE IF NOT EXISTS \"checked\""));
  CHECK_FALSE(sink.health().healthy);
  server.run("CREATE DATABASE checked");
  server.run(
      "CREATE TABLE checked.logs (id UUID, timestamp DateTime('UTC'), level String, logger Int32, "
      "correlation_id "
      "String, event String MATERIALIZED 'x') ENGINE = MergeTree() ORDER BY timestamp");
  auto const wrong = sink.write(entries);
  CHECK(wrong.is_refused());
  for (char const* const words :
       {"column \"logger\" is Int32, not String", "column \"event\" is MATERIALIZED",
        "column \"message\" is missing", "ALTER TABLE \"checked\".\"logs\" ADD COLUMN \"message\" String;"})
    CHECK_THAT(wrong.reason(), Catch::Matchers::ContainsSubstring(words));
  server.run("DROP TABLE checked.logs");
  make_clickhouse_table(config);
  CHECK(sink.write(entries));
  CHECK(sink.health().healthy);
  CHECK(server.count("checked.logs") == 3);
}

TEST_CASE("a ClickHouse table that is changed meanwhile costs no record") {
  REQUIRE_CLICKHOUSE();
  auto const& server = shared_clickhouse();
  auto config = clickhouse_in("changed");
  make_clickhouse_table(config);
  clickhouse sink{config};
  support::events first;
  CHECK(sink.write(events_with_ids(first, 10, 1)));
  server.run("ALTER TABLE changed.logs DROP COLUMN correlation_id");
  support::events second;
  fapilog::batch const entries = events_with_ids(second, 10, 2);
  auto const stopped = sink.write(entries);
  CHECK(stopped.is_refused());
  CHECK(stopped.rejected_entries().empty());
  CHECK_THAT(stopped.reason(), Catch::Matchers::ContainsSubstring("ADD COLUMN \"correlation_id\" String"));
  server.run("ALTER TABLE changed.logs ADD COLUMN correlation_id String");
  CHECK(sink.write(entries));
  CHECK(server.count("changed.logs") == 20);
  server.run("DROP TABLE changed.logs");
  CHECK(sink.write(entries).is_refused());
}

TEST_CASE("users that ClickHouse refuses, and no secret in any message") {
  REQUIRE_CLICKHOUSE();
  struct row {
    char const* user;
    char const* password;
    char const* words;
  };
  auto config = clickhouse_in("users");
  make_clickhouse_table(config);
  support::events made;
  fapilog::batch const entries = events_with_ids(made, 1);
  for (row const& r :
       {row{"nobody", "correct horse", "192 (UNKNOWN_USER)"},
        row{"shipper", "battery staple", "193 (WRONG_PASSWORD)"}, row{"reader", "", "164 (READONLY)"}}) {
    INFO(r.user);
    config.user = r.user;
    config.connection.credential.value = r.password;
    clickhouse sink{config};
    auto const result = sink.write(entries);
    CHECK(result.is_refused());
    CHECK_THAT(result.reason(), Catch::Matchers::ContainsSubstring(r.words));
    CHECK(result.reason().find("horse") == std::string::npos);
    CHECK(result.reason().find("staple") == std::string::npos);
    CHECK(sink.health().detail.find("staple") == std::string::npos);
  }
  config.user = "shipper";
  config.connection.credential.value = "correct horse";
  CHECK(clickhouse{config}.write(entries));
  auto by_url = clickhouse_in("users");
  by_url.url = "http://shipper:correct%20horse@127.0.0.1:" + shared_clickhouse().port();
  CHECK(clickhouse{by_url}.write(entries));
}

TEST_CASE("a record that ClickHouse cannot store is rejected alone") {
  REQUIRE_CLICKHOUSE();
  auto const& server = shared_clickhouse();
  auto config = clickhouse_in("poison");
  config.extract_fields = {"timestamp", "kind=data.kind:json"};
  server.run("CREATE DATABASE poison");
  // A column whose default cannot be computed for some values.
  server.run(
      "CREATE TABLE poison.logs (id UUID, timestamp DateTime('UTC'), kind String, number UInt8 DEFAULT "
      "toUInt8(kind), "
      "event String) ENGINE = MergeTree() ORDER BY timestamp");
  clickhouse sink{config};
  support::events made;
  (void)events_with_ids(made, 100);
  std::size_t i = 0;
  for (fapilog::entry const& e : made.batch()) {
    const_cast<fapilog::event&>(e.event).data.set(
        "kind", ++i == 42 ? fapilog::value::of_string("x") : fapilog::value::of_number(1));
  }
  auto const result = sink.write(made.batch());
  CHECK(result.outcome() == fapilog::write_outcome::rejected);
  CHECK(result.rejected_entries() == std::vector<std::size_t>{41});
  CHECK(server.count("poison.logs") == 99);
}

TEST_CASE("records whose response was lost are looked up before they are sent again") {
  REQUIRE_CLICKHOUSE();
  auto const& server = shared_clickhouse();
  auto config = clickhouse_in("lookup");
  make_clickhouse_table(config);
  clickhouse sink{config};
  support::events made;
  fapilog::batch const entries = events_with_ids(made, 50);
  CHECK(sink.write(entries.up_to(20)));
  auto const found = sink.find_arrived(entries);
  REQUIRE(found.size() == 50);
  for (std::size_t i = 0; i < 50; ++i) CHECK(found[i] == (i < 20));
  CHECK(server.count("lookup.logs") == 20);
}

TEST_CASE("settings of the clickhouse sink are checked") {
  auto const problem = [](clickhouse_config const& config) -> std::string {
    try {
      (void)clickhouse{config};
    } catch (std::invalid_argument const& error) {
      return error.what();
    }
    return "accepted";
  };
  using Catch::Matchers::ContainsSubstring;
  CHECK(problem({.url = ""}) == "fapilog: clickhouse.url: must not be empty");
  CHECK_THAT(problem({.url = "http://h", .table_name = ""}),
             ContainsSubstring("clickhouse.table_name: must not be empty"));
  CHECK_THAT(
      problem({.url = "http://h", .extract_fields = {"a:text"}}),
      ContainsSubstring(
          "clickhouse.extract_fields: the type 'text' is unknown; it must be string, low_cardinality,"));
  CHECK_THAT(problem({.url = "http://h", .extract_fields = {"id=data.x"}}),
             ContainsSubstring("the column 'id' exists"));
  CHECK_THAT(problem({.url = "http://h", .extract_fields = {"timestamp:string"}}),
             ContainsSubstring("the column 'timestamp' must be the time of the record"));
  CHECK_THAT(problem({.url = "http://h", .settings = {"a b=1"}}),
             ContainsSubstring("clickhouse.settings: must be"));
  CHECK(problem({.url = "http://h"}) == "accepted");
}

TEST_CASE("the DDL for ClickHouse has a key, a partition for each day, and the types of the server") {
  clickhouse_config const config{.database = "a\"b",
                                 .engine = "ReplicatedMergeTree('/t/{shard}/logs', '{replica}')",
                                 .ttl_days = 30,
                                 .extract_fields = {"level:low_cardinality", "data.n:int64"}};
  auto with_url = config;
  with_url.url = "http://h";
  CHECK(fapilog::sinks::clickhouse_ddl(with_url) ==
        "CREATE DATABASE IF NOT EXISTS \"a\\\"b\";\n"
        "CREATE TABLE IF NOT EXISTS \"a\\\"b\".\"logs\" (\n"
        "  \"id\" UUID,\n"
        "  \"timestamp\" DateTime64(9, 'UTC'),\n"
        "  \"level\" LowCardinality(String),\n"
        "  \"n\" Nullable(Int64),\n"
        "  \"event\" String\n"
        ") ENGINE = ReplicatedMergeTree('/t/{shard}/logs', '{replica}')\n"
        "PARTITION BY toYYYYMMDD(\"timestamp\")\n"
        "ORDER BY (\"timestamp\", \"id\")\n"
        "TTL toDateTime(\"timestamp\") + INTERVAL 30 DAY;\n");
}
