// SPDX-License-Identifier: MIT
// Measures what column types and indexes cost an insert. With FAPILOG_INDEX_COSTS_ROWS=100000 on a quiet machine it gives
// the figures of docs/plugins/sinks/postgres.md.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>
#include <fapilog/sinks/postgres/ddl.hpp>
#include <fapilog/sinks/postgres/detail/columns.hpp>
#include <fapilog/sinks/postgres/detail/connection.hpp>
#include <fapilog/sinks/postgres/detail/row_encoder.hpp>

#if __has_include(<postgresql/libpq-fe.h>)

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "bench/postgres/libpq.hpp"
#include "support/postgres_server.hpp"
#include "support/scale.hpp"

using fapilog::kv;
using fapilog::sinks::postgres;
using fapilog::sinks::postgres_config;
using support::postgres_server;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t rows_of_one_statement = 1'000;

constexpr std::size_t rows_at_a_time = 100'000;

/// Batches like those a sink receives, four records for each request; the same for every table.
std::vector<fapilog::batch> requests_in_batches(std::size_t first, std::size_t rows) {
  return support::batches_of(rows_of_one_statement, [&](auto const& log) {
    std::mt19937_64 random{first};
    char id[40];
    for (std::size_t i = first; i < first + rows; ++i) {
      if (i % 4 == 0)
        std::snprintf(id, sizeof id, "%016llx%016llx", static_cast<unsigned long long>(random()),
                      static_cast<unsigned long long>(random()));
      log.info("order accepted", kv("order", i), kv("customer", random() % 1'000), kv("ms", random() % 250),
               kv("correlation_id", std::string_view{id}));
    }
  });
}

/// Statements that the sink does not send: `event` as text, and ON CONFLICT from the first statement on.
class plain_statement {
 public:
  plain_statement(std::string const& conninfo, std::string const& table,
                  std::vector<fapilog::detail::pg::column> const& columns, bool may_repeat)
      : connection_(conninfo), rows_(columns, true) {
    connection_.prepare(fapilog::detail::pg::insert_statement(table, columns) +
                        (may_repeat ? " ON CONFLICT DO NOTHING" : ""));
  }

  void write(fapilog::batch const& entries) {
    (void)rows_.encode(entries, 0, entries.size(), std::numeric_limits<std::size_t>::max());
    connection_.execute_binary(rows_.arrays());
  }

 private:
  support::libpq connection_;
  fapilog::detail::pg::row_encoder rows_;
};

/// CPU time of the sessions with the application name of the sink.
double server_cpu_seconds(postgres_server const& server) {
  double ticks = 0;
  for (auto const& row : server.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'fapilog'")) {
    std::ifstream file{"/proc/" + row.at(0) + "/stat"};
    std::string const text{std::istreambuf_iterator<char>{file}, {}};
    std::istringstream fields{text.substr(text.rfind(')') + 1)};
    std::string ignored;
    for (int field = 3; field < 14; ++field) fields >> ignored;
    double user = 0;
    double system = 0;
    fields >> user >> system;
    ticks += user + system;
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

/// A table and whether the sink writes to it.
struct table_kind {
  std::string name;
  std::string event = "jsonb";
  bool has_key = true;
  std::string indexes = {};
  bool by_sink = true;
};

struct insert_cost {
  double us_per_row = 0;
  double wal_per_row = 0;
  double p99_ms = 0;
  double max_ms = 0;
};

insert_cost cost_of(postgres_server const& server, table_kind const& kind, std::size_t rows) {
  auto config = server.config();
  config.create_table = false;
  config.connections = 1;  // a second one would run at the same time
  config.use_jsonb = kind.event == "jsonb";
  config.schema_name = "costs";
  std::string table = fapilog::detail::pg::create_table(config, fapilog::sinks::postgres_layout::plain);
  if (kind.event == "text") table.replace(table.find("\"event\" json"), 12, "\"event\" text");
  if (!kind.has_key) table.replace(table.find(" PRIMARY KEY"), 12, "");
  server.sql("DROP SCHEMA IF EXISTS costs CASCADE; CREATE SCHEMA costs; " + table + kind.indexes);

  auto columns = fapilog::detail::pg::columns_of(config);
  if (kind.event == "text") columns.back().type = fapilog::detail::pg::sql_type::text;
  postgres sink{config};
  std::unique_ptr<plain_statement> plain;
  if (kind.by_sink) {
    sink.start(fapilog::start_context{});
  } else {
    plain = std::make_unique<plain_statement>(server.conninfo() + " application_name=fapilog",
                                              fapilog::detail::pg::table_of(config), columns, kind.has_key);
  }
  server.sql("CHECKPOINT");
  std::string const wal_now = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')";
  double const wal = std::stod(server.value(wal_now));
  double const cpu = server_cpu_seconds(server);
  std::vector<double> times;
  for (std::size_t at = 0; at < rows; at += rows_at_a_time) {
    for (auto const& batch : requests_in_batches(at, std::min(rows - at, rows_at_a_time))) {
      auto const begin = std::chrono::steady_clock::now();
      if (plain) plain->write(batch);
      else CHECK(static_cast<bool>(sink.write(batch)));
      times.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() * 1e3);
    }
  }
  auto const each = static_cast<double>(rows);
  std::ranges::sort(times);
  insert_cost const cost{
      .us_per_row = (server_cpu_seconds(server) - cpu) * 1e6 / each,
      .wal_per_row = (std::stod(server.value(wal_now)) - wal) / each,
      .p99_ms = times.at(times.size() * 99 / 100 - (times.size() >= 100 ? 1 : 0)),
      .max_ms = times.back(),
  };
  INFO(kind.name);
  CHECK(server.count("costs.logs") == rows);
  return cost;
}

}  // namespace

TEST_CASE("an index makes inserts write more WAL, a GIN index most") {
  postgres_server const server{{{"log_statement", "none"},
                                {"fsync", "on"},
                                {"shared_buffers", "128MB"},
                                {"min_wal_size", "4GB"},
                                {"max_wal_size", "4GB"},
                                {"autovacuum", "off"}}};
  char const* const chosen = std::getenv("FAPILOG_INDEX_COSTS_ROWS");
  std::size_t const rows = chosen != nullptr ? std::stoul(chosen) : support::scaled(10'000, 2'000);
  auto config = server.config();
  config.schema_name = "costs";
  auto const indexes = [&](bool gin) {
    config.gin_index = gin;
    return fapilog::detail::pg::create_indexes(config, fapilog::sinks::postgres_layout::plain);
  };
  std::vector<table_kind> const kinds{
      {.name = "no index, `event` as text", .event = "text", .has_key = false, .by_sink = false},
      {.name = "no index, json", .event = "json", .has_key = false},
      {.name = "no index, jsonb", .has_key = false},
      {.name = "primary key"},
      {.name = "primary key, with ON CONFLICT", .by_sink = false},
      {.name = "with BRIN and btree: the default", .indexes = indexes(false)},
      {.name = "three btrees",
       .indexes = "CREATE INDEX ON costs.logs (timestamp); CREATE INDEX ON costs.logs (level);"
                  "CREATE INDEX ON costs.logs (correlation_id)"},
      {.name = "the default with GIN", .indexes = indexes(true)},
  };
  // WAL files are recycled, as on a server that has been up for a while: creating one takes 10 ms.
  constexpr std::size_t rows_of_file = 8'000;
  for (std::size_t i = 0; i < 3 + rows / rows_of_file; ++i)
    server.sql("SELECT pg_logical_emit_message(false, 'costs', ''), pg_switch_wal()");

  std::size_t bytes = 0;
  for (auto const& batch : requests_in_batches(0, 1'000)) {
    for (auto const& e : batch) bytes += e.json.size();
  }
  std::printf("%zu rows of about %zu bytes of JSON\n%-36s us/row  WAL/row  p99 of a batch, slowest\n", rows,
              bytes / 1'000, "");
  std::vector<insert_cost> costs;
  for (auto const& kind : kinds) {
    auto const& cost = costs.emplace_back(cost_of(server, kind, rows));
    std::printf("%-36s %6.1f  %7.0f  %6.1f ms  %6.1f ms\n", kind.name.c_str(), cost.us_per_row,
                cost.wal_per_row, cost.p99_ms, cost.max_ms);
  }
  auto const& by_default = costs.at(costs.size() - 3);
  CHECK(costs.at(2).wal_per_row < by_default.wal_per_row);
  CHECK(by_default.wal_per_row < costs.back().wal_per_row);
}

#endif
