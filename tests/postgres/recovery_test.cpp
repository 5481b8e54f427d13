// SPDX-License-Identifier: MIT
// Temporary failures: each has its documented effect, and delivery continues afterwards.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>
#include <fapilog/sinks/postgres/ddl.hpp>
#include <fapilog/sinks/postgres/detail/columns.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/batches.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/postgres_server.hpp"
#include "support/scale.hpp"
#include "support/temporary_directory.hpp"

using fapilog::kv;
using fapilog::sinks::postgres;
using fapilog::sinks::postgres_config;
using fapilog::sinks::postgres_ddl;
using support::eventually;
using support::postgres_server;
using support::shared_server;
using namespace std::chrono_literals;

namespace {

/// A runtime whose sink writes to a table of its own; records wait in the queue while it fails.
struct writer {
  explicit writer(postgres_config const& chosen, fapilog::delivery_options how = {})
      : config(chosen),
        sink(std::make_shared<postgres>(config)),
        rt({.batch_timeout = 5ms,
            .when_full = fapilog::when_full::block,
            .sinks = {{sink, std::move(how)}},
            .diagnostics_output = reported}),
        log(rt.get_logger("writer")) {}

  void put(int count) {
    for (int i = 0; i < count; ++i) log.info("record", kv("n", written++));
  }
  [[nodiscard]] bool health_tells(std::string const& text) const {
    return eventually([&] { return rt.health().at(0).second.detail.find(text) != std::string::npos; });
  }
  /// Waits until every record is in the table once.
  [[nodiscard]] bool all_arrive(postgres_server const& server, std::chrono::seconds deadline = 60s) {
    return static_cast<bool>(rt.flush(deadline)) && rt.is_healthy() &&
           server.count(fapilog::detail::pg::table_of(config)) == static_cast<std::size_t>(written) &&
           server.count("(SELECT DISTINCT event->'log'->'data'->'n' FROM " +
                        fapilog::detail::pg::table_of(config) + ") t") == static_cast<std::size_t>(written);
  }

  postgres_config config;
  support::captured_diagnostics reported;
  std::shared_ptr<postgres> sink;
  fapilog::runtime rt;
  fapilog::logger log;
  int written = 0;
};

postgres_config with_table(postgres_server const& server, std::string const& schema,
                           std::string const& user = "postgres") {
  postgres_config config = server.config_in(schema, user);
  config.create_table = false;
  server.sql(postgres_ddl(config));
  return config;
}

void use_role(postgres_server const& server, std::string const& schema, std::string const& role) {
  support::make_role(server, role);
  server.sql("GRANT USAGE ON SCHEMA " + schema + " TO " + role + "; GRANT INSERT ON " + schema + ".logs TO " +
             role);
}

}  // namespace

TEST_CASE("reports a missing table with its DDL, and records arrive after the migration") {
  auto& server = shared_server();
  postgres_config config = server.config_in("migrated");
  config.create_table = false;
  writer w{config};
  w.put(100);
  CHECK(w.health_tells("the schema \"migrated\" does not exist"));
  CHECK(w.reported.contains("CREATE TABLE IF NOT EXISTS \\\"migrated\\\".\\\"logs\\\""));
  server.sql(postgres_ddl(config));
  CHECK(w.all_arrive(server));
}

TEST_CASE("waits for a table that was dropped, or creates it again if that is allowed") {
  auto& server = shared_server();
  writer w{with_table(server, "dropped")};
  w.put(10);
  REQUIRE(w.all_arrive(server));
  server.sql("DROP TABLE dropped.logs");
  w.written = 0;
  w.put(10);
  CHECK(w.health_tells("the table \"dropped\".\"logs\" does not exist"));
  server.sql(postgres_ddl(w.config));
  CHECK(w.all_arrive(server));

  postgres_config config = w.config;
  config.create_table = true;
  writer maker{config};
  maker.put(1);
  REQUIRE(maker.rt.flush(30s));
  server.sql("DROP SCHEMA dropped CASCADE");
  maker.written = 0;
  maker.put(5);
  CHECK(maker.all_arrive(server));
}

TEST_CASE("records wait while a column is missing that every row needs") {
  auto& server = shared_server();
  writer w{with_table(server, "altered")};
  w.put(1);
  REQUIRE(w.all_arrive(server));
  server.sql("ALTER TABLE altered.logs RENAME COLUMN event TO old_event");
  w.put(10);
  CHECK(w.health_tells("column \"event\" is missing"));
  CHECK(eventually([&] {
    return w.reported.contains("ALTER TABLE \\\"altered\\\".\\\"logs\\\" ADD COLUMN \\\"event\\\" jsonb;");
  }));
  server.sql("ALTER TABLE altered.logs RENAME COLUMN old_event TO event");
  CHECK(w.all_arrive(server));
}

TEST_CASE("records wait while the right to INSERT is revoked") {
  auto& server = shared_server();
  auto config = with_table(server, "revoked", "revokee");
  use_role(server, "revoked", "revokee");
  writer w{config};
  w.put(10);
  REQUIRE(w.all_arrive(server));
  server.sql("REVOKE INSERT ON revoked.logs FROM revokee");
  w.put(10);
  CHECK(w.health_tells("the role \"revokee\" has no right to INSERT"));
  CHECK(eventually([&] { return w.reported.contains("GRANT INSERT ON"); }));
  server.sql("GRANT INSERT ON revoked.logs TO revokee");
  CHECK(w.all_arrive(server));
}

TEST_CASE("replaces terminated backends") {
  auto& server = shared_server();
  writer w{with_table(server, "ended")};
  for (int i = 0; i < 20; ++i) {
    w.put(20);
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fapilog'");
  }
  CHECK(w.all_arrive(server));
  CHECK(w.sink->counts().connections.value() > 1);
}

TEST_CASE("retries transient errors, whatever their code") {
  auto& server = shared_server();
  auto const config = with_table(server, "passing");
  server.sql(
      "CREATE SEQUENCE passing.calls; CREATE TABLE passing.code (value text); INSERT INTO passing.code "
      "VALUES ('');"
      "CREATE FUNCTION passing.judge() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE now text; BEGIN"
      "  SELECT value INTO now FROM passing.code;"
      "  IF now <> '' AND nextval('passing.calls') <= 7 THEN RAISE EXCEPTION 'x' USING ERRCODE = now; END "
      "IF; RETURN NULL; END $$;"
      "CREATE TRIGGER judge BEFORE INSERT ON passing.logs FOR EACH STATEMENT EXECUTE FUNCTION "
      "passing.judge()");
  writer w{config};
  for (std::string const code :
       {"40P01", "40001", "53100", "53200", "53300", "55P03", "57014", "57P01", "57P03", "25006",
        "25P02", "2D000", "3B001", "72000", "08006", "58030", "26000", "HV00N", "XX001", "XX002"}) {
    INFO(code);
    server.sql("UPDATE passing.code SET value = '" + code + "'; SELECT setval('passing.calls', 1)");
    w.put(7);
    CHECK(w.all_arrive(server));
    CHECK(std::stoi(server.value("SELECT last_value FROM passing.calls")) >= 8);
  }
  CHECK(w.sink->counts().rejected.value() == 0);
}

TEST_CASE("waits for a locked table, and sends fewer rows at a time to a slow one") {
  auto& server = shared_server();
  auto config = with_table(server, "slow");
  config.lock_timeout = 200ms;
  config.statement_timeout = 400ms;
  {
    writer w{config};
    w.put(1);
    REQUIRE(w.all_arrive(server));
    pqxx::connection holder{server.conninfo()};
    {
      pqxx::work lock{holder};
      lock.exec("LOCK TABLE slow.logs IN ACCESS EXCLUSIVE MODE");
      w.put(10);
      CHECK(w.health_tells("SQLSTATE 55P03"));
    }
    CHECK(w.all_arrive(server));
  }
  server.sql(
      "TRUNCATE slow.logs; CREATE FUNCTION slow.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
      "pg_sleep(0.005); RETURN NEW; END $$; CREATE TRIGGER wait BEFORE INSERT ON slow.logs FOR EACH ROW "
      "EXECUTE FUNCTION slow.wait()");
  writer w{config};
  w.put(300);  // 1.5 s in one statement
  CHECK(w.all_arrive(server));
}

TEST_CASE("retries a server that has too many connections") {
  auto& server = shared_server();
  auto config = with_table(server, "crowded", "crowd");
  use_role(server, "crowded", "crowd");
  std::vector<std::unique_ptr<pqxx::connection>> others;
  server.sql("ALTER ROLE crowd CONNECTION LIMIT 1");
  others.push_back(std::make_unique<pqxx::connection>(server.conninfo("crowd")));
  writer w{config};
  w.put(10);
  CHECK(w.health_tells("the server has too many connections"));
  others.clear();
  CHECK(w.all_arrive(server));
}

TEST_CASE("reports a changed password without showing it, and records arrive once it is valid again") {
  postgres_server server;
  auto config = with_table(server, "secret", "keeper");
  use_role(server, "secret", "keeper");
  server.sql("ALTER ROLE keeper PASSWORD 'first-Secret'");
  server.set_access("local all keeper scram-sha-256\n", {});
  config.password = "first-Secret";
  writer w{config};
  w.put(10);
  REQUIRE(w.all_arrive(server));
  server.sql(
      "ALTER ROLE keeper PASSWORD 'other'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
      "application_name = 'fapilog'");
  w.put(10);
  CHECK(w.health_tells("the role or its password is refused"));
  server.sql("ALTER ROLE keeper PASSWORD 'first-Secret'");
  CHECK(w.all_arrive(server));
  CHECK_FALSE(w.reported.contains("first-Secret"));
}

TEST_CASE("no failed connection shows any part of the password") {
  std::string const secret = "Sup3rS3cretW0rd";
  auto& server = shared_server();
  auto const check_no_part = [&secret](std::string const& all) {
    for (std::size_t i = 0; i + 4 <= secret.size(); ++i)
      CHECK(all.find(secret.substr(i, 4)) == std::string::npos);
  };
  for (std::string const& malformed :
       {"host=/nowhere password '" + secret + "'", "password " + secret, "\"" + secret, "password='" + secret,
        "postgresql://user:" + secret + "?@%zz/x", "postgres://x/y?" + secret,
        "host=127.0.0.1 port=" + secret, "host=127.0.0.1 sslmode=" + secret, secret + "=x"}) {
    INFO(malformed);
    try {
      postgres const sink{{.dsn = malformed}};
      FAIL_CHECK("not refused");
    } catch (std::invalid_argument const& error) {
      check_no_part(error.what());
    }
  }
  for (std::string const& dsn :
       {"host=/nowhere password=" + secret, "postgresql://user:" + secret + "@/x?host=/nowhere",
        "postgresql://user:a@" + secret + "@nohost/x", "postgresql://user:" + secret + "@nohost.invalid:1/x",
        "postgresql://user:" + secret + "@127.0.0.1:1/x",
        "host=" + server.socket_folder() + " user=nobody_" + secret + " password=" + secret + " dbname=x",
        "host=" + server.socket_folder() + " user=postgres dbname=" + secret,
        "host=" + server.socket_folder() + " user=postgres options='-c " + secret + "=1'"}) {
    INFO(dsn);
    support::captured_diagnostics reported;
    fapilog::runtime rt{
        {.sinks = {{postgres{{.dsn = dsn}}, {.retry = {.attempts = 1}}}}, .diagnostics_output = reported}};
    rt.get_logger().info("x");
    (void)rt.flush(20s);
    std::string const detail = rt.health().at(0).second.detail;
    CHECK_FALSE(rt.is_healthy());
    std::string all = detail + *reported.text;
    for (auto const& m : rt.metrics()) all += m.name + m.help;
    check_no_part(all);
  }
}

TEST_CASE("leaves a read-only database until it is writable") {
  auto& server = shared_server();
  server.sql("CREATE DATABASE standby");
  postgres_config config = server.config();
  config.database = "standby";
  writer w{config};
  w.put(5);
  REQUIRE(w.rt.flush(60s));
  server.sql("ALTER DATABASE standby SET default_transaction_read_only = on");
  server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fapilog'");
  w.put(5);
  CHECK(w.health_tells("the server is read-only"));
  server.sql("ALTER DATABASE standby SET default_transaction_read_only = off");
  CHECK(w.rt.flush(60s));
  CHECK(w.rt.is_healthy());
  CHECK(w.sink->counts().rows.value() == 10);
}

TEST_CASE("switches to the next host when a server is gone, and back") {
  postgres_server first;
  postgres_server second;
  postgres_config config = with_table(first, "moved");
  (void)with_table(second, "moved");
  config.host = first.socket_folder() + ',' + second.socket_folder();
  writer w{config};
  w.put(10);
  REQUIRE(w.all_arrive(first));
  first.stop(SIGQUIT);
  w.put(10);
  CHECK(w.rt.flush(60s));
  CHECK(second.count("moved.logs") == 10);
  first.start();
  second.stop(SIGQUIT);
  w.put(10);
  CHECK(w.rt.flush(60s));
  CHECK(first.count("moved.logs") == 20);
}

TEST_CASE("starts without the server, and replays the spool in order") {
  postgres_server server;
  support::temporary_directory const folder;
  auto const config = with_table(server, "late");
  server.stop();
  writer w{config,
           {.retry = {.attempts = 1}, .spool = {.directory = folder.path().string(), .max_bytes = 64 << 20}}};
  w.put(5'000);
  CHECK(w.rt.flush(60s));
  CHECK(eventually([&] { return w.rt.sink_counts().at(0).second.spooled > 0; }));
  auto const account = w.rt.sink_counts().at(0).second;
  auto const accepted = account.given - account.dropped;
  CHECK(account.dropped == 0);
  server.start();
  CHECK(eventually([&] { return server.count("late.logs") == accepted; }));
  CHECK(server.count("(SELECT (event->'log'->'data'->>'n')::int AS n, lag((event->'log'->'data'->>'n')::int) "
                     "OVER (ORDER BY id) "
                     "AS last FROM late.logs) t WHERE n <= last") == 0);
}

TEST_CASE("a drain without the server ends and reports what is left") {
  postgres_server server;
  writer w{with_table(server, "left")};
  w.put(1);
  REQUIRE(w.all_arrive(server));
  server.stop(SIGQUIT);
  w.put(100);
  auto const end = w.rt.drain(5s);
  CHECK(end.pending + end.failed == 100);
  CHECK(end.processed == 1);
}

TEST_CASE("a drain commits what is pending") {
  auto& server = shared_server();
  auto const config = with_table(server, "drained");
  {
    writer w{config};
    w.put(5'000);
    CHECK(w.rt.drain(60s));
  }
  CHECK(server.count("drained.logs") == 5'000);
}

TEST_CASE("a forked child opens its own connections and does not use those of its parent") {
  if constexpr (support::thread_sanitized)
    SKIP("the thread sanitizer does not support threads in a forked child");
  auto& server = shared_server();
  for (int const count :
       {10, 5'000}) {  // for the larger one, the sink has a second connection and its thread
    std::string const schema = "forked_" + std::to_string(count);
    writer w{with_table(server, schema), {.when_queue_full = fapilog::when_queue_full::block}};
    w.put(count);
    REQUIRE(w.all_arrive(server));
    for (bool const child_logs : {true, false}) {
      pid_t const child = ::fork();
      if (child == 0) {
        if (child_logs) {
          w.put(count);
          ::_exit(w.rt.flush(60s) ? 0 : 1);
        }
        w.rt.drain(5s);
        ::_exit(0);
      }
      int status = -1;
      ::waitpid(child, &status, 0);
      CHECK(status == 0);
      w.put(count);
      REQUIRE(w.rt.flush(60s));
    }
    CHECK(server.count(schema + ".logs") == static_cast<std::size_t>(4 * count));
    CHECK(w.sink->counts().connections.value() <= (count == 10 ? 1 : 2));
  }
}

TEST_CASE("records wait while the disk is full") {
  postgres_server server;
  std::string const disk = server.folder() / "disk";
  std::filesystem::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=24m,mode=0777") != 0)
    SKIP("mounting a small disk is not permitted");
  support::postgres_server::own(disk);
  {
    server.sql("CREATE TABLESPACE small LOCATION '" + disk + "'");
    auto const config = with_table(server, "full");
    server.sql(
        "ALTER TABLE \"full\".logs SET TABLESPACE small; ALTER TABLE \"full\".logs SET (autovacuum_enabled = "
        "off)");
    writer w{config, {.queue_bytes = 256 << 20}};
    std::string const filler(2'000, 'f');
    std::minstd_rand random;
    auto const noise = [&] {
      std::string text = filler;
      for (char& c : text) c = static_cast<char>('a' + random() % 26);
      return text;
    };
    for (int i = 0; i < 12'000; ++i) {
      w.log.info("record", kv("n", w.written++), kv("filler", noise()));
    }
    CHECK(w.health_tells("the server's disk is full (SQLSTATE 53100)"));
    server.sql("ALTER TABLE \"full\".logs SET TABLESPACE pg_default");
    CHECK(w.all_arrive(server));
  }
  server.stop();
  ::umount(disk.c_str());
}
