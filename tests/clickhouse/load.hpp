// SPDX-License-Identifier: MIT
// Logs to ClickHouse through disturbances, and checks that each record is in the table once.
#pragma once

#include "clickhouse/clickhouse_server.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/scale.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/clickhouse.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace support {

/// Logs by four threads while `disturb(runtime)` is called `steps` times, and checks that each record is in the table once.
/// Returns the metrics of the sink.
template <class Disturb>
std::map<std::string, double> log_to_clickhouse(clickhouse_server const& server,
                                                fapilog::sinks::clickhouse_config config, unsigned steps,
                                                Disturb const& disturb) {
  constexpr std::size_t threads = 4;
  std::size_t const each = std::getenv("FAPILOG_CHAOS_AT_LENGTH") != nullptr ? 50'000 : scaled(4'000, 1'000);
  config.extract_fields = {"timestamp", "message", "data.thread:int64", "data.n:int64"};
  config.connection.timeout = std::chrono::seconds{3};
  temporary_directory const spool;
  auto const sink = std::make_shared<fapilog::sinks::clickhouse>(config);
  captured_diagnostics reported;
  fapilog::runtime rt{
      {.batch_max_size = 500,
       .when_full = fapilog::when_full::block,
       .sinks = {{sink,
                  {.retry = {.attempts = 2, .longest_delay = std::chrono::milliseconds{200}},
                   .circuit_breaker = {.recovery_timeout = std::chrono::milliseconds{300}},
                   .spool = {.directory = spool.path().string(), .max_bytes = std::uint64_t{1} << 30}}}},
       .diagnostics_output = reported}};
  std::vector<std::thread> callers;
  for (std::size_t t = 0; t < threads; ++t) {
    callers.emplace_back([&, t] {
      auto const log = rt.get_logger("chaos");
      for (std::size_t n = 0; n < each; ++n)
        log.info("record", fapilog::kv("thread", t), fapilog::kv("n", n));
    });
  }
  auto const delivered = [&rt] { return rt.sink_counts().at(0).second.delivered; };
  for (unsigned step = 0; step < steps; ++step) {
    (void)eventually([&] { return delivered() >= threads * each * step / (steps + 1); },
                     std::chrono::seconds{60});
    disturb(rt);
  }
  for (auto& caller : callers) caller.join();
  REQUIRE(rt.flush(std::chrono::seconds{120}));
  CHECK(eventually([&] { return delivered() == threads * each; },
                   std::chrono::seconds{120}));  // those of the spool, too
  auto const account = rt.sink_counts().at(0).second;
  CHECK(account.given == threads * each);
  CHECK(account.delivered == threads * each);
  std::string const table = config.database + ".logs";
  CHECK(server.count(table) == threads * each);
  CHECK(server.count("(SELECT DISTINCT thread, n FROM " + table + ")") == threads * each);
  fapilog::metric_list metrics;
  sink->collect(metrics);
  std::map<std::string, double> values;
  for (auto const& one : metrics) values[one.name] = one.value;
  return values;
}

}  // namespace support
