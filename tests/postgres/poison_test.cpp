// SPDX-License-Identifier: MIT
// Hostile and impossible records: stored unchanged, repaired and marked, or rejected alone with a reason.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/batches.hpp"
#include "support/capture.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/postgres_server.hpp"

using fapilog::kv;
using fapilog::sinks::postgres;
using fapilog::sinks::postgres_config;
using fapilog::sinks::postgres_ddl;
using support::shared_server;
using namespace std::chrono_literals;

namespace {

/// A batch of `count` numbered records; those in `bad` have this logger.
fapilog::batch numbered(std::size_t count, std::vector<std::size_t> const& bad, std::string_view logger) {
  support::events e;
  fapilog::detail::uuid7_generator ids;
  std::vector<fapilog::event*> all;
  for (std::size_t i = 0; i < count; ++i) {
    auto& one = e.add("");
    one.message = one.copy(std::to_string(i));
    one.message_id = ids.next(1'769'509'800'123'456'789);
    if (std::find(bad.begin(), bad.end(), i) != bad.end()) one.logger = logger;
  }
  return e.batch();
}

/// SQL that makes a table refuse records whose logger has more than ten characters.
std::string refuse_long_loggers(std::string const& schema) {
  return "ALTER TABLE " + schema + ".logs ALTER COLUMN logger SET NOT NULL; CREATE FUNCTION " + schema +
         ".refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF length(NEW.logger) > 10 THEN RAISE "
         "EXCEPTION 'x' USING ERRCODE = '22001'; END IF; RETURN NEW; END $$; CREATE TRIGGER refuse BEFORE "
         "INSERT ON " +
         schema + ".logs FOR EACH ROW EXECUTE FUNCTION " + schema + ".refuse()";
}

/// A sink on such a table of its own.
postgres narrow_sink(std::string const& schema) {
  auto& server = shared_server();
  postgres_config config = server.config_in(schema);
  server.sql(postgres_ddl(config) + refuse_long_loggers(schema));
  postgres sink{config};
  sink.start(fapilog::start_context{});
  return sink;
}

std::string stored_json(std::string const& schema, std::string_view json) {
  auto& server = shared_server();
  postgres_config config = server.config_in(schema);
  server.sql("DROP SCHEMA IF EXISTS " + schema + " CASCADE;" + postgres_ddl(config));
  auto storage = std::make_shared<fapilog::detail::batch_storage>();
  auto& entry = storage->entries().emplace_back(storage->memory());
  entry.event.level_name = "INFO";
  entry.event.logger = "raw";
  entry.event.unix_ns = 1'769'509'800'123'456'789;
  entry.json = json;
  postgres sink{config};
  sink.start(fapilog::start_context{});
  auto const result = sink.write(fapilog::batch{storage});
  if (!result) return result.reason();
  return server.value("SELECT event::text FROM " + schema + ".logs");
}

}  // namespace

TEST_CASE("finds refused records among a thousand with few statements, and stores the others once") {
  struct example {
    std::vector<std::size_t> bad;
    std::uint64_t max_statements;
  };
  std::vector<std::size_t> spread;
  for (std::size_t i = 0; i < 20; ++i) spread.push_back(i * 50 + 3);
  for (example const& now :
       {example{{0}, 28}, example{{999}, 28}, example{{1, 2, 500, 501, 998}, 120}, example{spread, 400}}) {
    INFO(now.bad.size());
    shared_server().sql("DROP SCHEMA IF EXISTS poison CASCADE");
    postgres sink = narrow_sink("poison");
    auto const batch = numbered(1000, now.bad, "longer than ten");
    auto const result = sink.write(batch);
    REQUIRE(result.outcome() == fapilog::write_outcome::rejected);
    CHECK(result.rejected_entries() == now.bad);
    CHECK(result.reason() == "postgres: " + std::to_string(now.bad.size()) +
                                 " refused: " + std::to_string(now.bad.size()) +
                                 " x a value that the column cannot hold (SQLSTATE 22001)");
    CHECK(sink.counts().statements.value() <= now.max_statements);
    CHECK(sink.counts().rejected.value() == now.bad.size());
    CHECK(shared_server().count("poison.logs") == 1000 - now.bad.size());
    CHECK(sink.health().healthy);
  }
}

TEST_CASE("rejects a batch of refused records only, and stores the next one") {
  postgres sink = narrow_sink("all_bad");
  std::vector<std::size_t> all(64);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  CHECK(sink.write(numbered(64, all, "longer than ten")).rejected_entries() == all);
  CHECK(sink.write(numbered(64, {}, "")));
  CHECK(shared_server().count("all_bad.logs") == 64);
}

TEST_CASE("rejects a record with the SQLSTATE of the server, whatever it is") {
  auto& server = shared_server();
  postgres_config config = server.config_in("codes");
  config.extract_fields = {"timestamp", "logger", "message", "data.n:bigint"};
  server.sql(
      postgres_ddl(config) +
      "CREATE FUNCTION codes.judge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
      "  IF NEW.logger = 'raise' THEN RAISE EXCEPTION 'secret-of-the-trigger %', NEW.message; END IF;"
      "  IF NEW.logger ~ '^[0-9A-Z]{5}$' THEN RAISE EXCEPTION 'secret' USING ERRCODE = NEW.logger; END IF;"
      "  RETURN NEW; END $$;"
      "CREATE TRIGGER judge BEFORE INSERT ON codes.logs FOR EACH ROW EXECUTE FUNCTION codes.judge();"
      "ALTER TABLE codes.logs ADD CHECK (logger <> 'check'), ALTER COLUMN logger SET NOT NULL;"
      "CREATE UNIQUE INDEX ON codes.logs ((1 / nullif(length(logger) - 4, 0)))  WHERE logger = 'none'");
  postgres sink{config};
  sink.start(fapilog::start_context{});
  std::map<std::string, std::string> const codes{
      {"raise", "P0001"}, {"check", "23514"}, {"22P02", "22P02"}, {"22003", "22003"}, {"22021", "22021"},
      {"22P05", "22P05"}, {"23502", "23502"}, {"54001", "54001"}, {"23503", "23503"}, {"09000", "09000"},
      {"21000", "21000"}, {"27000", "27000"}, {"2F005", "2F005"}, {"38000", "38000"}, {"39P01", "39P01"},
      {"P0002", "P0002"}, {"P0004", "P0004"}};
  for (auto const& [logger, code] : codes) {
    INFO(code);
    auto const result = sink.write(numbered(9, {4}, logger));
    CHECK(result.rejected_entries() == std::vector<std::size_t>{4});
    CHECK(result.reason().find("(SQLSTATE " + code + ")") != std::string::npos);
    CHECK(result.reason().find("secret") == std::string::npos);
  }
  CHECK(server.count("codes.logs") == codes.size() * 8);
}

TEST_CASE("retries an unknown error a few times, then rejects the record") {
  auto& server = shared_server();
  postgres_config config = server.config_in("strange");
  server.sql(
      postgres_ddl(config) +
      "CREATE FUNCTION strange.judge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
      "  IF NEW.logger = 'XX000' THEN RAISE EXCEPTION 'x' USING ERRCODE = NEW.logger; END IF; RETURN NEW; "
      "END $$;"
      "CREATE TRIGGER judge BEFORE INSERT ON strange.logs FOR EACH ROW EXECUTE FUNCTION strange.judge()");
  postgres sink{config};
  sink.start(fapilog::start_context{});
  auto const batch = numbered(10, {7}, "XX000");
  int offers = 0;
  auto result = sink.write(batch);
  for (; result.outcome() == fapilog::write_outcome::retry && offers < 50; ++offers) {
    CHECK(result.first_to_retry() == 0);
    result = sink.write(batch);
  }
  CHECK(offers == 5);
  CHECK(result.rejected_entries() == std::vector<std::size_t>{7});
  CHECK(server.count("strange.logs") == 9);
}

TEST_CASE("rejected records go to the fallback, and the account is exact") {
  auto& server = shared_server();
  postgres_config config = server.config_in("aside");
  server.sql(postgres_ddl(config) + refuse_long_loggers("aside"));
  auto const spare = std::make_shared<support::capture>();
  support::captured_diagnostics reported;
  fapilog::runtime rt{{.sinks = {{postgres{config}, {.fallback = spare}}}, .diagnostics_output = reported}};
  for (int i = 0; i < 1000; ++i) rt.get_logger(i % 100 == 7 ? "much too long for it" : "short").info("{}", i);
  REQUIRE(rt.flush(30s));
  CHECK(server.count("aside.logs") == 990);
  CHECK(spare->lines().size() == 10);
  auto const account = rt.sink_counts().at(0).second;
  CHECK(account.given == 1000);
  CHECK(account.delivered == 990);
  CHECK(account.to_fallback == 10);
  CHECK(reported.contains("a value that the column cannot hold (SQLSTATE 22001)"));
  CHECK_FALSE(reported.contains("much too long"));
}

TEST_CASE("stores hostile content unchanged, or repairs and marks it") {
  auto& server = shared_server();
  postgres_config config = server.config_in("hostile");
  config.extract_fields = {"timestamp", "logger", "message", "correlation_id", "data.v"};
  std::string wide;
  for (int i = 0; i < 10'000; ++i) wide += "k" + std::to_string(i);
  std::string const ten_megabytes(10'000'000, 'x');
  struct example {
    std::string text;
    std::string stored;
    bool altered = false;
  };
  std::string const replaced = "\xEF\xBF\xBD";
  std::vector<example> const examples{
      {"'); DROP TABLE hostile.logs; --", ""},
      {"\\'; DROP TABLE hostile.logs; --", ""},
      {"$1 $$ $fapilog$ %s %n {}", ""},
      {"\"quoted\" \\ back / slash", ""},
      {"{\"json\":[1,2]}", ""},
      {"{NULL,\"a\"}", ""},
      {"\\u0000 is only text", ""},
      {"\\\\u0000", ""},
      {"\\x00\\N\\.", ""},
      {"new\nline\ttab\r\n", ""},
      {"\x01\x1b[31m\x7f", ""},
      {"\xF0\x9F\x98\x80 \xD9\x85\xE2\x80\xAE", ""},
      {"\xEE\x80\x80\xEF\xBF\xBF", ""},
      {"", ""},
      {" ", ""},
      {"NULL", ""},
      {std::string(100'000, 'y'), ""},
      {std::string("a\0b", 3), "a" + replaced + "b", true},
      {std::string("\0", 1), replaced, true},
      {"\xff\xfe", replaced + replaced, true},
      {"cut \xE2\x82", "cut " + replaced, true},
      {"\xED\xA0\x80", replaced + replaced + replaced, true},
      {"\xC0\x80", replaced + replaced, true},
  };
  {
    fapilog::runtime rt{{.when_full = fapilog::when_full::block,
                         .max_record_bytes = 64 << 20,
                         .sinks = {{postgres{config}, {.queue_bytes = 1 << 30}}}}};
    auto const log = rt.get_logger();
    for (std::size_t i = 0; i < examples.size(); ++i) {
      auto const& text = examples[i].text;
      log.info("{}", text, kv("v", text), kv("n", i), kv("correlation_id", text));
    }
    log.info("{}", ten_megabytes, kv("n", 100));
    log.info("numbers", kv("n", 101), kv("nan", std::nan("")),
             kv("inf", std::numeric_limits<double>::infinity()),
             kv("big", std::numeric_limits<std::uint64_t>::max()),
             kv("small", std::numeric_limits<std::int64_t>::min()), kv("tiny", 5e-324), kv("huge", 1.7e308));
    std::map<std::string, int> fields;
    for (int i = 0; i < 10'000; ++i) fields["k" + std::to_string(i)] = i;
    log.info("wide", kv("n", 102), kv("fields", fields));
    REQUIRE(rt.flush(60s));
    auto const account = rt.sink_counts().at(0).second;
    INFO(account.given << " " << account.rejected << " " << account.failed << " " << account.dropped << " "
                       << account.pending << " drops " << rt.counts().dropped.total());
    CHECK(account.delivered == examples.size() + 3);
  }
  for (std::size_t i = 0; i < examples.size(); ++i) {
    INFO(examples[i].text.substr(0, 100));
    std::string const wanted = examples[i].stored.empty() ? examples[i].text : examples[i].stored;
    auto const row =
        server
            .sql(
                "SELECT message, v, correlation_id, event->'log'->>'message', event->'log'->'data'->>'v', "
                "coalesce(event->>'altered', 'false') FROM hostile.logs WHERE event->'log'->'data'->>'n' = "
                "'" +
                std::to_string(i) + "'")
            .at(0);
    CHECK(row == std::vector<std::string>{wanted, wanted, wanted, wanted, wanted,
                                          examples[i].altered ? "true" : "false"});
  }
  CHECK(server.value("SELECT length(message) FROM hostile.logs WHERE event->'log'->'data'->>'n' = '100'") ==
        "10000000");
  auto const numbers = server.sql(
      "SELECT d->>'nan', d->>'inf', d->>'big', d->>'small', (d->>'tiny')::float8 = 5e-324, "
      "(d->>'huge')::float8 = 1.7e308 FROM "
      "(SELECT event->'log'->'data' AS d FROM hostile.logs) t WHERE d->>'n' = '101'");
  CHECK(numbers.at(0) == std::vector<std::string>{"NaN", "Infinity", "18446744073709551615",
                                                  "-9223372036854775808", "t", "t"});
  CHECK(server.value("SELECT count(*) FROM hostile.logs, jsonb_object_keys(event->'log'->'data'->'fields') "
                     "WHERE message = "
                     "'wide'") == "10000");
}

TEST_CASE("repairs and marks JSON that a processor has damaged") {
  CHECK(stored_json("repair", R"({"a":"x\u0000y"})") == "{\"a\": \"x\xEF\xBF\xBDy\", \"altered\": true}");
  CHECK(stored_json("repair", R"({"a":"\\u0000"})") == R"({"a": "\\u0000"})");
  CHECK(stored_json("repair", R"({"a":"\ud800"})") == "{\"a\": \"\xEF\xBF\xBD\", \"altered\": true}");
  CHECK(stored_json("repair", R"({"a":"\udc00\ud83d\ude00"})") ==
        "{\"a\": \"\xEF\xBF\xBD\xF0\x9F\x98\x80\", \"altered\": true}");
  CHECK(stored_json("repair", R"({"a":1e400,"b":1})").size() > 400);
  CHECK(stored_json("repair", R"({"a":1e200000,"b":-1.5E-300000})") ==
        R"({"a": "1e200000", "b": "-1.5E-300000", "altered": true})");
  CHECK(stored_json("repair", "{\"a\":\"\xff\"}") == "{\"a\": \"\xEF\xBF\xBD\", \"altered\": true}");
  std::string const thousand = "{\"a\":" + std::string(1000, '[') + std::string(1000, ']') + "}";
  CHECK(stored_json("repair", thousand).size() == thousand.size() + 1);
  std::string const far_too_deep = "{\"a\":" + std::string(20'000, '[') + std::string(20'000, ']') + "}";
  CHECK(stored_json("repair", far_too_deep).find("[[\"too deep\"]]") != std::string::npos);
  CHECK(stored_json("repair", R"({"a":)") ==
        "postgres: 1 refused: 1 x a value that the column cannot hold (SQLSTATE 22P02)");
}
