// SPDX-License-Identifier: MIT
// Runs the recipes of docs/plugins/sinks/postgres-operations.md with psql, pg_cron and pg_partman.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "support/captured_diagnostics.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"

using fapilog::kv;
using fapilog::sinks::postgres_layout;
using support::eventually;
using support::postgres_server;
using namespace std::chrono_literals;

namespace {

/// The block `number` (from 0) of SQL below a heading of the page.
std::string recipe(std::string const& heading, int number = 0) {
  std::ifstream file{std::filesystem::path{FAPILOG_TEST_SOURCE_DIR} /
                     "docs/plugins/sinks/postgres-operations.md"};
  std::string const page{std::istreambuf_iterator<char>{file}, {}};
  std::string const fence = "```psql\n";
  std::size_t at = page.find("## " + heading);
  REQUIRE(at != std::string::npos);
  for (int i = 0; i <= number; ++i) {
    at = page.find(fence, at);
    REQUIRE(at != std::string::npos);
    at += fence.size();
  }
  return page.substr(at, page.find("```", at) - at);
}

/// Runs scripts with psql, in a folder of its own.
class psql {
 public:
  explicit psql(postgres_server const& server) : server_(server) {}

  void write(std::string const& name, std::string const& text) const {
    std::ofstream{folder_ / name} << text;
  }
  void run(std::string const& script) const {
    write("script.sql", script);
    std::string const command = "cd " + folder_.path().string() + " && " + postgres_server::binaries() +
                                "/psql -X -q -v ON_ERROR_STOP=1 -f script.sql '" + server_.conninfo() +
                                "' >log 2>&1 </dev/null";
    int const status = std::system(command.c_str());
    std::ifstream log{folder_ / "log"};
    INFO(script << std::string(std::istreambuf_iterator<char>{log}, {}));
    REQUIRE(status == 0);
  }

 private:
  postgres_server const& server_;
  support::temporary_directory folder_;
};

bool has_extension(std::string const& name) {
  return std::filesystem::exists("/usr/share/postgresql/15/extension/" + name + ".control") &&
         postgres_server::binaries() == "/usr/lib/postgresql/15/bin";
}

fapilog::runtime writer_to(postgres_server const& server) {
  auto config = server.config();
  config.create_table = false;
  return fapilog::runtime{
      {.sinks = {{fapilog::sinks::postgres{config}, {.retry = {.attempts = 0, .first_delay = 1ms}}}},
       .diagnostics_output = support::captured_diagnostics{}}};
}

}  // namespace

TEST_CASE("pg_cron runs the job that creates the next partitions", "[slow]") {
  if (!has_extension("pg_cron")) SKIP("postgresql-15-cron is not installed");
  postgres_server const server{{{"shared_preload_libraries", "pg_cron"},
                                {"cron.database_name", "postgres"},
                                {"cron.use_background_workers", "on"}}};
  server.sql(fapilog::sinks::postgres_ddl({}, postgres_layout::partitioned));
  server.sql("DROP TABLE public.logs_" +
             server.value("SELECT to_char(now() AT TIME ZONE 'UTC' + interval '3 days', 'YYYYMMDD')"));
  std::string const job = fapilog::sinks::postgres_partitions({}, 7, 30);
  psql const client{server};
  client.write("partitions.sql", job);
  client.run(recipe("Run the daily job with pg_cron"));
  CHECK(server.value("SELECT command || E'\\n' FROM cron.job WHERE jobname = 'fapilog partitions'") == job);
  auto const days = [&server] {
    return server.count("pg_inherits WHERE inhparent = 'public.logs'::regclass");
  };
  CHECK(days() == 8);
  server.sql("UPDATE cron.job SET schedule = '* * * * *'");
  CHECK(
      eventually([&] { return server.count("cron.job_run_details WHERE status = 'succeeded'") > 0; }, 150s));
  CHECK(days() == 9);
}

TEST_CASE("pg_partman makes the partitions of a table that the sink writes to, and drops old ones") {
  if (!has_extension("pg_partman")) SKIP("postgresql-15-partman is not installed");
  postgres_server const server;
  psql const client{server};
  client.run(recipe("Partition with pg_partman"));
  CHECK(server.count("pg_inherits WHERE inhparent = 'public.logs'::regclass") > 8);
  auto rt = writer_to(server);
  rt.get_logger().info("partitioned");
  REQUIRE(rt.flush(60s));
  CHECK(rt.health().at(0).second.detail.find("at least once") == std::string::npos);
  CHECK(server.count("public.logs") == 1);
  CHECK(server.count("public.logs_default") == 0);
  auto const yesterday =
      "public.logs_p" + server.value("SELECT to_char(now() - interval '1 day', 'YYYY_MM_DD')");
  REQUIRE(server.value("SELECT to_regclass('" + yesterday + "') IS NOT NULL") == "t");
  client.run("UPDATE partman.part_config SET retention = '0 days'; CALL partman.run_maintenance_proc();");
  CHECK(server.value("SELECT to_regclass('" + yesterday + "') IS NULL") == "t");
}

TEST_CASE("a table is partitioned while the sink writes to it, and every record is there once") {
  postgres_server const server;
  server.sql(fapilog::sinks::postgres_ddl({}) + "CREATE ROLE log_writer");
  psql const client{server};
  client.write("partitioned.sql", fapilog::sinks::postgres_ddl({}, postgres_layout::partitioned));
  constexpr std::size_t each = 6'000;
  auto rt = writer_to(server);
  auto const log = rt.get_logger();
  for (std::size_t i = 0; i < each; ++i) log.info("before", kv("n", i));
  REQUIRE(rt.flush(60s));
  REQUIRE(server.count("public.logs") == each);
  // The sink waits for the lock of a transaction that has renamed the table.
  for (std::size_t i = 0; i < each; ++i) log.info("meanwhile", kv("n", each + i));
  client.run(recipe("Partition an existing table"));
  REQUIRE(rt.flush(60s));
  while (server.count("public.logs_old") != 0) client.run(recipe("Partition an existing table", 1));
  CHECK(server.value("SELECT relkind FROM pg_class WHERE oid = 'public.logs'::regclass") == "p");
  CHECK(server.count("public.logs") == rt.sink_counts().at(0).second.delivered);
  CHECK(server.count("(SELECT DISTINCT event->'log'->'data'->>'n' FROM public.logs) t") ==
        server.count("public.logs"));
}

TEST_CASE("the reader's role reads and cannot write, and the queries use their indexes") {
  postgres_server const server;
  server.sql(fapilog::sinks::postgres_ddl({}));
  psql const client{server};
  client.run(recipe("A role that only reads"));
  client.run(recipe("Queries that stay fast"));
  {
    auto rt = writer_to(server);
    rt.get_logger().error("read me");
    REQUIRE(rt.flush(60s));
  }
  CHECK(server.value("SET ROLE log_reader; SELECT message FROM public.logs") == "read me");
  CHECK_THROWS(server.sql("SET ROLE log_reader; DELETE FROM public.logs"));
  CHECK_THROWS(server.sql("SET ROLE log_reader; INSERT INTO public.logs (id) VALUES (gen_random_uuid())"));
  server.sql(
      "INSERT INTO public.logs (id, \"timestamp\", level, event) SELECT gen_random_uuid(), now(), CASE WHEN "
      "n % "
      "100 = 0 THEN 'ERROR' ELSE 'INFO' END, '{}' FROM generate_series(1, 20000) n; ANALYZE public.logs");
  auto const plan_of = [&](int line) {
    std::string sql = recipe("Queries that stay fast");
    for (int i = 0; i < line; ++i) sql.erase(0, sql.find(";\n") + 2);
    std::string plan;
    for (auto const& row : server.sql("EXPLAIN " + sql.substr(0, sql.find(";\n")))) plan += row.at(0) + '\n';
    return plan;
  };
  CHECK(plan_of(1).find("Index Scan Backward using logs_pkey") != std::string::npos);
  CHECK(plan_of(2).find("Index Scan Backward using logs_errors") != std::string::npos);
}
