// SPDX-License-Identifier: MIT
// Compares the whole pipeline into the default table with a loop of libpq with the same statement, and single INSERTs.
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
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>

#include "bench/postgres/libpq.hpp"
#include "support/postgres_server.hpp"

using fapilog::kv;
using fapilog::sinks::postgres;
using fapilog::sinks::postgres_config;
using support::postgres_server;
using namespace std::chrono_literals;

namespace {

constexpr int rows_in_all = 200'000;
constexpr int rows_of_batch = 1'000;

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  auto const seconds = [](timeval const& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

struct figure {
  double rows_per_second = 0;
  double client_us_per_row = 0;
};

figure measure(int rows, std::function<void()> const& run) {
  double const cpu = cpu_seconds();
  auto const begin = std::chrono::steady_clock::now();
  run();
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return {rows / seconds, (cpu_seconds() - cpu) * 1e6 / rows};
}

void log_records(fapilog::logger const& log, int count) {
  for (int i = 0; i < count; ++i) {
    log.info("order accepted after {} tries", i % 3, kv("order", i), kv("customer", "c-1000"),
             kv("amount", 12.5), kv("path", "/api/v1/orders"),
             kv("correlation_id", "7f3c9a52-1f60-4a2c-9d8e-0c5a3b1d2e4f"));
  }
}

std::vector<fapilog::batch> batches_of(int rows) {
  return support::batches_of(rows_of_batch, [rows](auto const& log) { log_records(log, rows); });
}

/// Inserts one row.
std::string insert_values(std::string const& table, std::vector<fapilog::detail::pg::column> const& columns) {
  std::string names;
  std::string values;
  for (auto const& c : columns) {
    names += (names.empty() ? "" : ", ") + fapilog::detail::pg::quoted_name(c.name);
    values += (values.empty() ? "$" : ", $") + std::to_string(&c - columns.data() + 1) +
              "::" + std::string{fapilog::detail::pg::info_of(c.type).sql};
  }
  return "INSERT INTO " + table + " (" + names + ") VALUES (" + values + ")";
}

/// The same statement with data encoded beforehand, on as many connections and threads as the configuration says.
figure with_libpq(postgres_server const& server, postgres_config const& config) {
  auto const columns = fapilog::detail::pg::columns_of(config);
  fapilog::detail::pg::row_encoder rows{columns, true};
  std::vector<std::vector<std::string>> made;
  for (fapilog::batch const& batch : batches_of(rows_in_all)) {
    for (std::size_t at = 0; at < batch.size();) {
      at = rows.encode(batch, at, batch.size(), std::size_t{64} << 20);
      auto& one = made.emplace_back();
      for (auto const array : rows.arrays()) one.emplace_back(array);
    }
  }
  std::vector<std::unique_ptr<support::libpq>> connections;
  for (std::uint32_t i = 0; i < config.connections; ++i) {
    connections.push_back(std::make_unique<support::libpq>(server.conninfo()));
    connections.back()->prepare(
        fapilog::detail::pg::insert_statement(fapilog::detail::pg::table_of(config), columns));
  }
  return measure(rows_in_all, [&] {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < connections.size(); ++i) {
      threads.emplace_back([&, i] {
        for (std::size_t at = i; at < made.size(); at += connections.size())
          connections[i]->execute_binary({made[at].begin(), made[at].end()});
      });
    }
    for (std::thread& each : threads) each.join();
  });
}

/// A prepared INSERT of one row, `batch_rows` in a transaction; without the id if the table generates its own.
figure with_single_inserts(postgres_server const& server, postgres_config const& config, int rows,
                           std::size_t batch_rows, bool with_id) {
  auto columns = fapilog::detail::pg::columns_of(config);
  if (!with_id) columns.erase(columns.begin());
  auto const batches = batches_of(rows);
  support::libpq const db{server.conninfo()};
  db.prepare(insert_values(fapilog::detail::pg::table_of(config), columns));
  return measure(rows, [&] {
    fapilog::detail::text_buffer scratch;
    std::size_t row = 0;
    for (auto const& batch : batches) {
      for (auto const& e : batch) {
        if (row % batch_rows == 0) db.run(row == 0 ? "BEGIN" : "COMMIT; BEGIN");
        ++row;
        std::vector<std::string> texts;
        if (with_id) texts.push_back(to_string(e.event.message_id));
        for (std::size_t i = texts.size(); i + 1 < columns.size(); ++i)
          texts.emplace_back(columns[i].path.text(e.event, scratch).value_or(""));
        texts.emplace_back(e.json);
        db.execute_texts(texts);
      }
    }
    db.run("COMMIT");
  });
}

figure with_fapilog(postgres_config const& config, std::size_t batch_rows = rows_of_batch) {
  auto const sink = std::make_shared<postgres>(config);
  fapilog::runtime rt{{.batch_max_size = batch_rows,
                       .when_full = fapilog::when_full::block,
                       .sinks = {{sink, {.when_queue_full = fapilog::when_queue_full::block}}}}};
  auto const log = rt.get_logger("shop");
  log_records(log, 1'000);
  REQUIRE(rt.flush(60s));
  auto const result = measure(rows_in_all, [&] {
    log_records(log, rows_in_all);
    REQUIRE(rt.flush(120s));
  });
  CHECK(sink->counts().rows.value() == rows_in_all + 1'000);
  return result;
}

}  // namespace

TEST_CASE("writes at least 0.4 times as many rows a second as loops of libpq with as many connections") {
  postgres_server server{
      {{"log_statement", "none"}, {"fsync", "on"}, {"shared_buffers", "128MB"}, {"max_wal_size", "4GB"}}};
  postgres_config config = server.config();
  auto const table = [&](std::string const& schema, bool gin) {
    config.schema_name = schema;
    config.gin_index = gin;
    server.sql("DROP SCHEMA IF EXISTS " + schema + " CASCADE;" + fapilog::sinks::postgres_ddl(config) +
               "CHECKPOINT");
  };
  // The table, indexes and batch size of fapilog for Python.
  std::string const python_table =
      "CREATE TABLE speed.logs (id BIGSERIAL PRIMARY KEY, created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(), "
      "\"timestamp\" "
      "TIMESTAMPTZ, level VARCHAR(10), logger VARCHAR(255), correlation_id VARCHAR(64), message TEXT, event "
      "JSONB NOT NULL);"
      "CREATE INDEX ON speed.logs (timestamp DESC); CREATE INDEX ON speed.logs (level);"
      "CREATE INDEX ON speed.logs (correlation_id) WHERE correlation_id IS NOT NULL; CREATE INDEX ON "
      "speed.logs USING GIN (event)";
  struct pair {
    std::uint32_t connections;
    figure plain = {};
    figure ours = {};
  };
  std::vector<pair> pairs{{.connections = 1}, {.connections = 2}, {.connections = 4}};
  figure python;
  figure of_small;
  figure single;
  auto const keep_best = [](figure& best, figure const& now) {
    if (now.rows_per_second > best.rows_per_second) best = now;
  };
  for (int round = 0; round < 3; ++round) {
    for (pair& each : pairs) {
      config.connections = each.connections;
      table("speed", false);
      keep_best(each.plain, with_libpq(server, config));
      table("speed", false);
      keep_best(each.ours, with_fapilog(config));
    }
    config.connections = postgres_config{}.connections;
    table("speed", false);
    keep_best(of_small, with_fapilog(config, 100));
    table("speed", false);
    keep_best(single, with_single_inserts(server, config, 20'000, rows_of_batch, true));
    server.sql("DROP SCHEMA speed CASCADE; CREATE SCHEMA speed; " + python_table);
    keep_best(python, with_single_inserts(server, config, 20'000, 100, false));
  }
  table("speed", true);
  figure const gin = with_fapilog(config);
  auto const print = [](char const* who, figure const& f) {
    std::printf("%-32s %8.0f rows/s  client %5.2f us/row\n", who, f.rows_per_second, f.client_us_per_row);
  };
  for (pair const& each : pairs) {
    std::printf("connections: %u\n", each.connections);
    print("libpq, data encoded beforehand", each.plain);
    print("fapilog, whole pipeline", each.ours);
    std::printf("fapilog is %.2f x libpq\n", each.ours.rows_per_second / each.plain.rows_per_second);
  }
  print("fapilog, batches of 100", of_small);
  print("single INSERTs", single);
  print("like fapilog for Python", python);
  print("fapilog, GIN index", gin);
  // Lower bounds for a busy machine; docs/plugins/sinks/postgres.md has figures.
  for (pair const& each : pairs) {
    CHECK(each.ours.rows_per_second > 0.4 * each.plain.rows_per_second);
    CHECK(each.ours.rows_per_second > 1.3 * single.rows_per_second);
    CHECK(each.ours.rows_per_second > 2 * python.rows_per_second);
  }
}

#endif
