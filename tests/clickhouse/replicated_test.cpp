// SPDX-License-Identifier: MIT
// Exactly once in a replicated table of ClickHouse with ZooKeeper: the server itself recognises blocks that come again.
#include "clickhouse/clickhouse_server.hpp"
#include "clickhouse/load.hpp"
#include "clickhouse/python_server.hpp"
#include "support/batches.hpp"
#include "support/catch.hpp"

#include <fapilog/sinks/clickhouse.hpp>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>

using fapilog::sinks::clickhouse;
using fapilog::sinks::clickhouse_config;

namespace {

clickhouse_config replicated_config(std::string const& url, std::string const& database) {
  clickhouse_config config;
  config.url = url;
  config.database = database;
  config.engine = "ReplicatedMergeTree('/tables/" + database + "', 'one')";
  config.batch_size = 200;
  return config;
}

}  // namespace

#define REQUIRE_REPLICATION()                     \
  REQUIRE_CLICKHOUSE();                           \
  if (!support::zookeeper_server::is_installed()) \
  SKIP("no ZooKeeper (Debian: zookeeper, default-jre-headless)")

TEST_CASE(
    "a replicated table of ClickHouse has each record once after lost responses and a kill of the server") {
  REQUIRE_REPLICATION();
  support::zookeeper_server const zookeeper;
  support::clickhouse_server server{zookeeper.port()};
  support::python_server proxy;
  proxy.start("losing_proxy.py", {server.port()});
  auto const metrics =
      support::log_to_clickhouse(server, replicated_config(proxy.url(), "once"), 1, [&](fapilog::runtime&) {
        server.stop(SIGKILL);
        server.start();
      });
  std::string const lost = proxy.read("lost");
  CHECK(std::count(lost.begin(), lost.end(), '\n') > 0);
  CHECK(metrics.at("fapilog_clickhouse_unsure_inserts_total") > 0);
  CHECK(server.sql("SELECT engine FROM system.tables WHERE database = 'once' AND name = 'logs'") ==
        "ReplicatedMergeTree\n");
}

TEST_CASE("a replicated ClickHouse table without ZooKeeper takes nothing, and the records wait") {
  REQUIRE_REPLICATION();
  support::zookeeper_server zookeeper;
  support::clickhouse_server const server{zookeeper.port()};
  auto const config = replicated_config(server.url(), "waiting");
  (void)support::log_to_clickhouse(server, config, 1, [&](fapilog::runtime& rt) {
    zookeeper.stop();
    CHECK(support::eventually([&] { return !rt.health().at(0).second.healthy; }));
    zookeeper.start();
  });
}

TEST_CASE(
    "a block that comes again to a replicated ClickHouse table is stored once, among other records too") {
  REQUIRE_REPLICATION();
  support::zookeeper_server const zookeeper;
  support::clickhouse_server const server{zookeeper.port()};
  auto config = replicated_config(server.url(), "again");
  server.run("CREATE DATABASE again");
  std::string const ddl =
      fapilog::sinks::clickhouse_ddl(config, fapilog::sinks::clickhouse_dialect::before_20_1);
  server.run(ddl.substr(ddl.find('\n') + 1, ddl.rfind(';') - ddl.find('\n') - 1));
  support::events made;
  for (std::uint8_t i = 0; i < 100; ++i) made.add("m").message_id.bytes[15] = i;
  fapilog::batch const all = made.batch();
  clickhouse first{config};
  CHECK(first.write(all));
  clickhouse second{config};  // another process that has the same records
  CHECK(second.write(all));
  CHECK(server.count("again.logs") == 100);
}
