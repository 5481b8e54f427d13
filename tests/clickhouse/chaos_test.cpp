// SPDX-License-Identifier: MIT
// Servers that are killed and connections that are cut: no record is lost in ClickHouse, and none is doubled.
#include "clickhouse/clickhouse_server.hpp"
#include "clickhouse/python_server.hpp"
#include "support/batches.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/catch.hpp"
#include "support/scale.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/clickhouse.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using fapilog::kv;
using fapilog::sinks::clickhouse;
using fapilog::sinks::clickhouse_config;
using support::clickhouse_server;
using support::eventually;
using namespace std::chrono_literals;

namespace {

/// Logs by four threads while `disturb(step)` is called `steps` times, and checks that each record is in the table once.
/// Returns the metrics of the sink.
template <class Disturb>
std::map<std::string, double> log_to_clickhouse(clickhouse_server const& server, clickhouse_config config,
                                                unsigned steps, Disturb const& disturb) {
  constexpr std::size_t threads = 4;
  std::size_t const each =
      std::getenv("FAPILOG_CHAOS_AT_LENGTH") != nullptr ? 50'000 : support::scaled(8'000, 2'000);
  config.extract_fields = {"timestamp", "message", "data.thread:int64", "data.n:int64"};
  config.connection.timeout = 3s;
  support::temporary_directory const spool;
  auto const sink = std::make_shared<clickhouse>(config);
  support::captured_diagnostics reported;
  fapilog::runtime rt{
      {.batch_max_size = 500,
       .when_full = fapilog::when_full::block,
       .sinks = {{sink,
                  {.retry = {.attempts = 2, .longest_delay = 200ms},
                   .circuit_breaker = {.recovery_timeout = 300ms},
                   .spool = {.directory = spool.path().string(), .max_bytes = std::uint64_t{1} << 30}}}},
       .diagnostics_output = reported}};
  std::vector<std::thread> callers;
  for (std::size_t t = 0; t < threads; ++t) {
    callers.emplace_back([&, t] {
      auto const log = rt.get_logger("chaos");
      for (std::size_t n = 0; n < each; ++n) log.info("record", kv("thread", t), kv("n", n));
    });
  }
  auto const delivered = [&rt] { return rt.sink_counts().at(0).second.delivered; };
  for (unsigned step = 0; step < steps; ++step) {
    (void)eventually([&] { return delivered() >= threads * each * step / (steps + 1); }, 60s);
    disturb(step);
  }
  for (auto& caller : callers) caller.join();
  REQUIRE(rt.flush(120s));
  CHECK(eventually([&] { return delivered() == threads * each; }, 120s));  // those of the spool, too
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

}  // namespace

TEST_CASE("a ClickHouse server that is killed under load loses and doubles no record") {
  REQUIRE_CLICKHOUSE();
  clickhouse_server server;
  clickhouse_config config;
  config.url = server.url();
  config.database = "chaos";
  config.batch_size = 1'000;
  (void)log_to_clickhouse(server, config, 5, [&](unsigned) {
    server.stop(SIGKILL);
    server.start();
  });
}

TEST_CASE("answers of ClickHouse that are lost and INSERTs that are cut double no record") {
  REQUIRE_CLICKHOUSE();
  clickhouse_server const server;
  support::python_server proxy;
  proxy.start("losing_proxy.py", {server.port()});
  clickhouse_config config;
  config.url = proxy.url();
  config.database = "losses";
  config.batch_size = 200;
  auto const metrics = log_to_clickhouse(server, config, 0, [](unsigned) {});
  std::string const lost = proxy.read("lost");
  CHECK(std::count(lost.begin(), lost.end(), '\n') > 0);
  CHECK(metrics.at("fapilog_clickhouse_unsure_inserts_total") > 0);
  CHECK(metrics.at("fapilog_clickhouse_found_total") > 0);
}
