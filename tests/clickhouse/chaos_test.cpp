// SPDX-License-Identifier: MIT
// Servers that are killed and connections that are cut: no record is lost in ClickHouse, and none is doubled. With
// FAPILOG_CHAOS_AT_LENGTH set: 200,000 records in each case.
#include "clickhouse/clickhouse_server.hpp"
#include "clickhouse/load.hpp"
#include "clickhouse/python_server.hpp"
#include "support/catch.hpp"

#include <fapilog/sinks/clickhouse.hpp>

#include <algorithm>
#include <csignal>
#include <string>

using fapilog::sinks::clickhouse_config;
using support::clickhouse_server;
using support::log_to_clickhouse;

TEST_CASE("a ClickHouse server that is killed under load loses and doubles no record") {
  REQUIRE_CLICKHOUSE();
  clickhouse_server server;
  clickhouse_config config;
  config.url = server.url();
  config.database = "chaos";
  config.batch_size = 1'000;
  (void)log_to_clickhouse(server, config, 5, [&](fapilog::runtime&) {
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
  auto const metrics = log_to_clickhouse(server, config, 0, [](fapilog::runtime&) {});
  std::string const lost = proxy.read("lost");
  CHECK(std::count(lost.begin(), lost.end(), '\n') > 0);
  CHECK(metrics.at("fapilog_clickhouse_unsure_inserts_total") > 0);
  CHECK(metrics.at("fapilog_clickhouse_found_total") > 0);
}
