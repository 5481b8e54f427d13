// SPDX-License-Identifier: MIT
// The daily job of a partitioned table: a row in the default partition, a report or a view does not stop it.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "support/batches.hpp"
#include "support/postgres_server.hpp"

using fapilog::sinks::postgres;
using fapilog::sinks::postgres_config;
using fapilog::sinks::postgres_ddl;
using fapilog::sinks::postgres_layout;
using fapilog::sinks::postgres_partitions;
using support::eventually;
using support::shared_server;
using namespace std::chrono_literals;

namespace {

using table_rows = std::vector<std::vector<std::string>>;

/// A partitioned table in a schema of its own, with a partition of the year 2020.
postgres_config partitioned_table(std::string const& schema) {
  auto& server = shared_server();
  postgres_config config = server.config_in(schema);
  server.sql(postgres_ddl(config, postgres_layout::partitioned) + "CREATE TABLE " + schema +
             ".logs_20200101 PARTITION OF " + schema +
             ".logs FOR VALUES FROM ('2020-01-01 00:00:00+00') TO ('2020-01-02 00:00:00+00')");
  return config;
}

/// Name of the partition of the day in this many days.
std::string day_ahead(int days) {
  return shared_server().value("SELECT 'logs_' || to_char((now() AT TIME ZONE 'UTC')::date + " +
                               std::to_string(days) + ", 'YYYYMMDD')");
}

std::string row_at(std::string const& schema, std::string const& time, std::string const& message) {
  return "INSERT INTO " + schema + ".logs (id, \"timestamp\", message, event) VALUES (gen_random_uuid(), " +
         time + ", '" + message + "', '{}');";
}

}  // namespace

TEST_CASE("rows in the default partition move to the new partition of their day, and retention is done") {
  auto& server = shared_server();
  postgres_config const config = partitioned_table("moved_rows");
  server.sql(row_at("moved_rows", "now() + interval '9 days'", "nine days ahead") +
             row_at("moved_rows", "now() + interval '20 days'", "too far") +
             row_at("moved_rows", "'2010-01-01'", "wrong clock"));
  CHECK(server.count("moved_rows.logs_default") == 3);
  server.sql(postgres_partitions(config, 9, 30));
  CHECK(server.sql("SELECT message, created_at IS NOT NULL FROM moved_rows." + day_ahead(9)) ==
        table_rows{{"nine days ahead", "t"}});
  CHECK(server.sql("SELECT message FROM moved_rows.logs_default ORDER BY 1") ==
        table_rows{{"too far"}, {"wrong clock"}});
  CHECK(server.value("SELECT to_regclass('moved_rows.logs_20200101')") == "NULL");
  CHECK(server.count("pg_inherits WHERE inhparent = 'moved_rows.logs'::regclass") == 11);
  // The moved row keeps its key, so that a record that is sent again is not stored twice.
  server.sql("INSERT INTO moved_rows.logs SELECT * FROM moved_rows.logs ON CONFLICT DO NOTHING");
  CHECK(server.count("moved_rows.logs") == 3);
  CHECK(server.count("pg_index WHERE indrelid = 'moved_rows." + day_ahead(9) +
                     "'::regclass AND indisprimary") == 1);
  server.sql("UPDATE moved_rows.logs SET created_at = '2010-01-01' WHERE message = 'wrong clock'");
  server.sql(postgres_partitions(config, 20, 30));
  CHECK(server.count("moved_rows.logs_default") == 0);
  CHECK(server.count("moved_rows.logs") == 2);
}

TEST_CASE("moves rows of a default partition whose columns have another order") {
  auto& server = shared_server();
  postgres_config const config = partitioned_table("reordered");
  server.sql(
      "DROP TABLE reordered.logs_default;"
      "CREATE TABLE reordered.rest (event jsonb NOT NULL, dropped int, message text, correlation_id text, "
      "logger "
      "text, level text, \"timestamp\" timestamptz NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), "
      "id uuid "
      "NOT NULL, size int GENERATED ALWAYS AS (length(message)) STORED);"
      "ALTER TABLE reordered.rest DROP COLUMN dropped;"
      "ALTER TABLE reordered.logs ADD COLUMN size int GENERATED ALWAYS AS (length(message)) STORED;"
      "ALTER TABLE reordered.logs ATTACH PARTITION reordered.rest DEFAULT;" +
      row_at("reordered", "now() + interval '9 days'", "ahead"));
  server.sql(postgres_partitions(config, 9));
  CHECK(server.sql("SELECT message, level, event::text, size FROM reordered." + day_ahead(9)) ==
        table_rows{{"ahead", "NULL", "{}", "5"}});
}

TEST_CASE("a report that reads the table delays the daily job, and no sink") {
  auto& server = shared_server();
  postgres_config const config = partitioned_table("busy");
  server.sql(row_at("busy", "now() + interval '9 days'", "ahead"));
  pqxx::connection reader{server.conninfo()};
  {
    pqxx::work report{reader};
    (void)report.exec("SELECT count(*) FROM busy.logs");
    std::atomic<bool> is_done = false;
    std::thread job{[&] {
      server.sql(postgres_partitions(config, 9, 30));
      is_done = true;
    }};
    fapilog::runtime rt{{.sinks = {postgres{config}}}};
    std::size_t stored = 0;
    CHECK(eventually([&] {
      rt.get_logger().info("today");
      stored += rt.flush(30s) ? 1 : 0;
      return is_done.load();
    }));
    report.commit();
    job.join();
    CHECK(server.count("busy.logs WHERE message = 'today'") == stored);
  }
  CHECK(server.value("SELECT to_regclass('busy.logs_20200101')") == "busy.logs_20200101");
  server.sql(postgres_partitions(config, 9, 30));
  CHECK(server.value("SELECT to_regclass('busy.logs_20200101')") == "NULL");
  CHECK(server.count("busy." + day_ahead(9)) == 1);
}

TEST_CASE("one partition that cannot be dropped or created does not stop the others") {
  auto& server = shared_server();
  postgres_config const config = partitioned_table("partly");
  server.sql(
      "CREATE VIEW partly.old AS SELECT * FROM partly.logs_20200101;"
      "CREATE TABLE partly.logs_20200102 PARTITION OF partly.logs FOR VALUES FROM ('2020-01-02 00:00:00+00') "
      "TO "
      "('2020-01-03 00:00:00+00');"
      "CREATE TABLE partly." +
      day_ahead(8) + " (mine int)");
  server.sql(postgres_partitions(config, 9, 30));
  CHECK(server.value("SELECT to_regclass('partly.logs_20200101')") == "partly.logs_20200101");
  CHECK(server.value("SELECT to_regclass('partly.logs_20200102')") == "NULL");
  CHECK(server.value("SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = 'partly." + day_ahead(9) +
                     "'::regclass") == "partly.logs");
  CHECK(server.value("SHOW lock_timeout") == "0");
}

TEST_CASE("the daily job of a role without rights, or without a table, is an error") {
  auto& server = shared_server();
  postgres_config config = partitioned_table("foreign_job");
  support::make_role(server, "stranger");
  server.sql("GRANT USAGE ON SCHEMA foreign_job TO stranger");
  CHECK_THROWS(server.sql("SET ROLE stranger; " + postgres_partitions(config, 9, 30)));
  config.table_name = "missing";
  CHECK_THROWS(server.sql(postgres_partitions(config, 9, 30)));
}
