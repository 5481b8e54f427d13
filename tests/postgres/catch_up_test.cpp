// SPDX-License-Identifier: MIT
// After an outage the sink stores what its spool holds with large statements, so that it catches up.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <chrono>
#include <memory>

#include "support/captured_diagnostics.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"

using fapilog::kv;
using fapilog::sinks::postgres;
using support::eventually;
using namespace std::chrono_literals;

TEST_CASE(
    "catches up after an outage with a statement for a thousand rows, however small the worker's batches "
    "were") {
  support::postgres_server server;
  support::temporary_directory const folder;
  auto config = server.config_in("behind");
  server.sql(fapilog::sinks::postgres_ddl(config));
  server.stop();
  auto const sink = std::make_shared<postgres>(config);
  fapilog::runtime rt{
      {.batch_max_size = 14,
       .when_full = fapilog::when_full::block,
       .sinks = {{sink, {.retry = {.attempts = 1}, .spool = {.directory = folder.path().string()}}}},
       .diagnostics_output = support::captured_diagnostics{}}};
  constexpr std::size_t count = 20'000;  // five seconds at 4,000 records/s
  for (std::size_t i = 0; i < count; ++i) rt.get_logger().info("while it is down", kv("n", i));
  REQUIRE(rt.flush(60s));
  CHECK(eventually([&] { return rt.sink_counts().at(0).second.spooled >= count - 2'000; }));
  server.start();
  CHECK(eventually([&] { return rt.sink_counts().at(0).second.delivered == count; }));
  CHECK(server.count("behind.logs") == count);
  CHECK(server.count(
            "(SELECT (event->'log'->'data'->>'n')::int AS n, lag((event->'log'->'data'->>'n')::int) OVER "
            "(ORDER BY id) AS last FROM behind.logs) t WHERE n <> last + 1") == 0);
  CHECK(sink->counts().statements.value() <= 60);
}
