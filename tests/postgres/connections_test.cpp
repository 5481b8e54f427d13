// SPDX-License-Identifier: MIT
// A sink with several connections, and a server process that hangs.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "support/batches.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/child_process.hpp"
#include "support/postgres_server.hpp"
#include "support/scale.hpp"

using fapilog::kv;
using fapilog::sinks::postgres;
using fapilog::sinks::postgres_config;
using support::eventually;
using support::postgres_server;
using support::shared_server;
using namespace std::chrono_literals;

namespace {

postgres_config several(postgres_server const& server, std::string const& schema, std::uint32_t connections,
                        std::string const& user = "postgres") {
  postgres_config config = server.config_in(schema, user);
  config.connections = connections;
  config.extract_fields = {"timestamp", "message", "data.thread:bigint", "data.n:bigint"};
  server.sql("DROP SCHEMA IF EXISTS " + schema + " CASCADE;" + fapilog::sinks::postgres_ddl(config));
  return config;
}

/// A batch of numbered records; those at `marked` have another message.
fapilog::batch records(std::size_t count, std::vector<std::size_t> const& marked = {}) {
  static fapilog::detail::uuid7_generator ids;
  support::events e;
  for (std::size_t i = 0; i < count; ++i) {
    bool const is_marked = std::find(marked.begin(), marked.end(), i) != marked.end();
    auto& event = e.add(is_marked ? "marked" : "plain");
    event.message_id = ids.next(event.unix_ns);
  }
  return e.batch();
}

std::size_t backends(postgres_server const& server, std::string const& name) {
  return server.count("pg_stat_activity WHERE application_name = '" + name + "'");
}

}  // namespace

TEST_CASE("divides large batches among connections, which are opened when the first one arrives") {
  auto& server = shared_server();
  auto config = several(server, "divided", 3);
  config.application_name = "divided";
  postgres sink{config};
  sink.start(fapilog::start_context{});
  CHECK(sink.write(records(199)));
  CHECK(backends(server, "divided") == 1);
  CHECK(sink.write(records(200)));
  CHECK(backends(server, "divided") == 2);
  auto const large = records(1'000);
  CHECK(sink.write(large));
  CHECK(backends(server, "divided") == 3);
  CHECK(server.count("divided.logs") == 1'399);
  CHECK(sink.write(large));
  CHECK(server.count("divided.logs") == 1'399);
  CHECK(sink.counts().duplicates.value() == 1'000);
  CHECK(server.count("(SELECT DISTINCT xmin FROM divided.logs) t") == 6);
  CHECK(sink.health().detail.starts_with("connected, "));
  CHECK(sink.write(records(1)));
  CHECK(backends(server, "divided") == 3);
  sink.stop();
  CHECK(eventually([&] { return backends(server, "divided") == 0; }));
}

TEST_CASE("closes additional connections when no large batch has arrived for a while") {
  auto& server = shared_server();
  auto config = several(server, "idle", 3);
  config.application_name = "idle";
  config.connection_idle_timeout = 0s;
  postgres sink{config};
  sink.start(fapilog::start_context{});
  CHECK(sink.write(records(300)));
  CHECK(backends(server, "idle") == 3);
  CHECK(sink.write(records(200)));
  CHECK(eventually([&] { return backends(server, "idle") == 2; }));
  CHECK(sink.write(records(1)));
  CHECK(eventually([&] { return backends(server, "idle") == 1; }));
  CHECK(sink.write(records(300)));
  CHECK(server.count("idle.logs") == 801);
}

TEST_CASE("stores every record once over several connections that keep failing") {
  auto& server = shared_server();
  auto config = several(server, "dying", 3);
  config.application_name = "dying";
  constexpr std::size_t threads = 3;
  constexpr std::size_t each = 8'000;
  auto const sink = std::make_shared<postgres>(config);
  support::captured_diagnostics reported;
  {
    fapilog::runtime rt{{.batch_max_size = 1'000,
                         .when_full = fapilog::when_full::block,
                         .sinks = {{sink, {.when_queue_full = fapilog::when_queue_full::block}}},
                         .diagnostics_output = reported}};
    std::vector<std::thread> callers;
    for (std::size_t t = 0; t < threads; ++t) {
      callers.emplace_back([&, t] {
        auto const log = rt.get_logger();
        for (std::size_t n = 0; n < each; ++n) log.info("record", kv("thread", t), kv("n", n));
      });
    }
    for (std::size_t i = 1; i < 20; ++i) {
      (void)eventually([&] { return sink->counts().rows.value() >= threads * each * i / 20; });
      // The newest one: the others are in the middle of their shares.
      server.sql(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dying' "
          "ORDER BY backend_start DESC LIMIT " +
          std::to_string(1 + i % 3));
    }
    for (auto& caller : callers) caller.join();
    REQUIRE(rt.flush(120s));
    auto const account = rt.sink_counts().at(0).second;
    CHECK(account.delivered == threads * each);
    CHECK(rt.is_healthy());
  }
  CHECK(sink->counts().connections.value() > 3);
  CHECK(server.count("dying.logs") == threads * each);
  CHECK(server.count("(SELECT n, lag(n) OVER (PARTITION BY thread ORDER BY id) AS last FROM dying.logs) t "
                     "WHERE n <> last + 1") == 0);
}

TEST_CASE("the first connection takes over the share of one that is refused, and health says so") {
  auto& server = shared_server();
  support::make_role(server, "limited");
  auto config = several(server, "limited", 2, "limited");
  server.sql(
      "ALTER ROLE limited CONNECTION LIMIT 1; GRANT USAGE ON SCHEMA limited TO limited; "
      "GRANT INSERT ON limited.logs TO limited");
  postgres sink{config};
  sink.start(fapilog::start_context{});
  CHECK(sink.write(records(500)));
  CHECK(sink.write(records(500)));
  CHECK(server.count("limited.logs") == 1'000);
  CHECK(sink.counts().connections.value() == 1);
  CHECK(sink.counts().duplicates.value() == 0);
  auto const health = sink.health();
  CHECK(health.healthy);
  CHECK(health.detail.find("not on all of its 2 connections: the server has too many connections") !=
        std::string::npos);
}

TEST_CASE("finds refused records in every share of a batch") {
  auto& server = shared_server();
  auto const config = several(server, "shares", 3);
  server.sql("ALTER TABLE shares.logs ADD CHECK (coalesce(message, 'marked') <> 'marked')");
  postgres sink{config};
  sink.start(fapilog::start_context{});
  std::vector<std::size_t> const marked{0, 299, 300, 450, 599, 600, 899};
  auto const result = sink.write(records(900, marked));
  CHECK(result.rejected_entries() == marked);
  CHECK(result.reason() == "postgres: 7 refused: 7 x a constraint of the table (SQLSTATE 23514)");
  CHECK(server.count("shares.logs") == 893);
  CHECK(sink.counts().connections.value() == 3);
}

TEST_CASE("a failed share makes the batch retry from there, and each record is stored once") {
  auto& server = shared_server();
  auto const config = several(server, "failing", 3);
  server.sql(
      "CREATE TABLE failing.switch (is_on boolean); INSERT INTO failing.switch VALUES (true);"
      "CREATE FUNCTION failing.judge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
      "  IF NEW.message = 'marked' AND (SELECT is_on FROM failing.switch) THEN"
      "    RAISE EXCEPTION 'x' USING ERRCODE = '53100'; END IF;"
      "  RETURN NEW; END $$;"
      "CREATE TRIGGER judge BEFORE INSERT ON failing.logs FOR EACH ROW EXECUTE FUNCTION failing.judge()");
  postgres sink{config};
  sink.start(fapilog::start_context{});
  auto const batch = records(900, {500});
  auto const result = sink.write(batch);
  REQUIRE(result.outcome() == fapilog::write_outcome::retry);
  CHECK(result.first_to_retry() == 300);
  CHECK(server.count("failing.logs") == 600);
  CHECK_FALSE(sink.health().healthy);
  server.sql("UPDATE failing.switch SET is_on = false");
  CHECK(sink.write(batch.from(300)));
  CHECK(server.count("failing.logs") == 900);
  CHECK(sink.health().healthy);
}

TEST_CASE("checks for an existing key only if the record may be stored already") {
  auto& server = shared_server();
  auto config = several(server, "known", 1);
  config.application_name = "known";
  server.sql("ALTER TABLE known.logs ADD CHECK (coalesce(message, 'marked') <> 'marked')");
  auto const sent = [&server](std::string const& clause) {
    std::size_t count = 0;
    for (auto const& line : server.statements("known"))
      count +=
          line.find("INSERT INTO \"known\"") != std::string::npos && line.find(clause) != std::string::npos;
    return count;
  };
  postgres first{config};
  first.start(fapilog::start_context{});
  auto const batch = records(100);
  CHECK(first.write(batch));
  CHECK(first.write(records(100, {50})).rejected_entries() == std::vector<std::size_t>{50});
  CHECK(first.write(records(100)));
  CHECK(sent("ON CONFLICT") == 0);
  postgres later{config};
  later.start(fapilog::start_context{});
  CHECK(later.write(batch));
  CHECK(sent("ON CONFLICT") == 1);
  CHECK(later.counts().duplicates.value() == 100);
  CHECK(later.write(records(100)));
  CHECK(sent("ON CONFLICT") == 1);
  // The connection died in the middle: it is unknown what was stored.
  server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'known'");
  auto const repeated = records(100);
  CHECK_FALSE(later.write(repeated));
  CHECK(later.write(repeated));
  CHECK(sent("ON CONFLICT") == 2);
  CHECK(later.write(records(100)));
  CHECK(sent("ON CONFLICT") == 2);
  CHECK(server.count("known.logs") == 599);
}

TEST_CASE("a row that the server does not confirm is not delivered, unless a trigger explains it") {
  auto& server = shared_server();
  auto const config = several(server, "suppressed", 1);
  postgres sink{config};
  sink.start(fapilog::start_context{});
  CHECK(sink.write(records(10)));
  CHECK(sink.health().detail.find("trigger") == std::string::npos);
  // The sink has read the catalogue already and does not know this trigger.
  server.sql(
      "CREATE FUNCTION suppressed.skip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
      "  IF NEW.message = 'marked' THEN RETURN NULL; END IF; RETURN NEW; END $$;"
      "CREATE TRIGGER skip BEFORE INSERT ON suppressed.logs FOR EACH ROW EXECUTE FUNCTION suppressed.skip()");
  auto const batch = records(10, {3, 4});
  auto const result = sink.write(batch);
  CHECK(result.outcome() == fapilog::write_outcome::retry);
  CHECK(result.reason() ==
        "postgres: the server confirmed 8 of 10 rows, and no trigger or rule of the table explains it");
  CHECK(sink.write(batch));
  CHECK(server.count("suppressed.logs") == 18);
  CHECK(sink.health().detail.find("a trigger or rule decides which records are stored") != std::string::npos);
  CHECK(sink.write(records(10, {5})));
  CHECK(server.count("suppressed.logs") == 27);
}

TEST_CASE("replaces a connection whose server process is stopped") {
  auto& server = shared_server();
  auto config = several(server, "stopped", 1);
  config.application_name = "stopped";
  config.statement_timeout = 300ms;
  config.tcp_user_timeout = 200ms;
  postgres sink{config};
  sink.start(fapilog::start_context{});
  CHECK(sink.write(records(1)));
  auto const pid =
      std::stoi(server.value("SELECT pid FROM pg_stat_activity WHERE application_name = 'stopped'"));
  REQUIRE(::kill(pid, SIGSTOP) == 0);
  auto const batch = records(10);
  auto const result = sink.write(batch);
  CHECK(result.outcome() == fapilog::write_outcome::retry);
  CHECK(result.reason() ==
        "postgres: the server did not answer within `statement_timeout` and `tcp_user_timeout`");
  CHECK(sink.write(batch));
  CHECK(sink.health().healthy);
  CHECK(server.count("stopped.logs") == 11);
  // The old one still reads what is in its socket, then notices that the client is gone.
  REQUIRE(::kill(pid, SIGCONT) == 0);
  CHECK(eventually([&] { return backends(server, "stopped") == 1; }));
  CHECK(server.count("stopped.logs") == 11);
}

// Makes no runtime, which would register the handlers of fork(2) that a sink must register itself.
TEST_CASE("a Postgres sink in a program without a runtime", "[.fresh_process]") {
  postgres_config config;
  config.host = std::getenv("FAPILOG_TEST_HOST");
  config.database = "postgres";
  config.user = "postgres";
  config.schema_name = "forked_alone";
  config.create_table = false;
  postgres sink{config};
  sink.start(fapilog::start_context{});
  auto const first = records(10);
  auto const of_child = records(10);
  auto const last = records(10);
  CHECK(sink.write(first));
  int const status = support::status_of_child([&] {
    bool const is_written = static_cast<bool>(sink.write(of_child));
    ::_exit(is_written && sink.counts().connections.value() == 2 ? 42 : 1);  // its own is the second one
  });
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 42));
  CHECK(sink.write(last));
  CHECK(sink.counts().connections.value() == 1);
}

TEST_CASE("a forked child of a program without a runtime opens its own connection to PostgreSQL") {
  if constexpr (support::thread_sanitized)
    SKIP("the thread sanitizer does not support threads in a forked child");
  auto& server = shared_server();
  auto config = server.config_in("forked_alone");
  config.create_table = false;
  server.sql(fapilog::sinks::postgres_ddl(config));
  std::string const self = std::filesystem::read_symlink("/proc/self/exe").string();
  int const status = std::system(("FAPILOG_TEST_HOST='" + config.host + "' '" + self +
                                  "' 'a Postgres sink in a program without a runtime' >/dev/null")
                                     .c_str());
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(server.count("forked_alone.logs") == 30);
}
