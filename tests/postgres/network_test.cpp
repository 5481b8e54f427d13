// SPDX-License-Identifier: MIT
// A network that drops all packets: the sink notices it and continues afterwards.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "support/batches.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/postgres_server.hpp"
#include "support/separate_network.hpp"

using fapilog::kv;
using fapilog::sinks::postgres;
using fapilog::sinks::postgres_config;
using support::eventually;
using support::postgres_server;
using support::separate_network;
using namespace std::chrono_literals;

namespace {

/// A server that listens on the link and trusts its clients.
postgres_config config_for(separate_network const& network) {
  postgres_config config;
  config.host = network.address();
  config.database = "postgres";
  config.user = "postgres";
  return config;
}

/// A server that has the table.
std::unique_ptr<postgres_server> server_at(separate_network const& network, postgres_config const& config) {
  auto server =
      std::make_unique<postgres_server>(postgres_server::settings{{"listen_addresses", network.address()}});
  server->set_access({}, "host all all " + network.network() + " trust\n");
  server->sql(fapilog::sinks::postgres_ddl(config));
  return server;
}

}  // namespace

TEST_CASE("notices a cut network while sending, and stores everything once afterwards", "[slow]") {
  separate_network const network;
  if (!network.exists()) SKIP("a network namespace needs root and the program ip");
  auto const config = config_for(network);
  auto const server = server_at(network, config);
  support::captured_diagnostics reported;
  int written = 0;
  bool is_there = false;
  bool is_noticed = false;
  bool is_done = false;
  std::thread{[&] {
    is_there = network.enter();
    if (!is_there) return;
    fapilog::runtime rt{{.batch_timeout = 20ms,
                         .sinks = {{postgres{config}, {.retry = {.longest_delay = 1s}}}},
                         .diagnostics_output = reported}};
    auto const log = rt.get_logger();
    auto const put = [&] { log.info("record", kv("n", written++)); };
    for (int i = 0; i < 500; ++i) put();
    (void)rt.flush(20s);
    network.cut();
    // Without `tcp_user_timeout` the system gives up after a quarter of an hour.
    is_noticed = eventually([&] {
      put();
      return reported.contains("the connection was lost");
    });
    for (int i = 0; i < 1'000; ++i) put();
    network.mend();
    is_done = static_cast<bool>(rt.flush(60s));
  }}.join();
  REQUIRE(is_there);
  CHECK(is_noticed);
  CHECK(is_done);
  CHECK(server->count("logs") == static_cast<std::size_t>(written));
  CHECK(server->count("(SELECT DISTINCT event->'log'->'data'->'n' FROM logs) t") ==
        static_cast<std::size_t>(written));
}

TEST_CASE("notices a cut network while waiting for a response", "[slow]") {
  separate_network const network;
  if (!network.exists()) SKIP("a network namespace needs root and the program ip");
  auto const config = config_for(network);
  auto const server = server_at(network, config);
  support::events e;
  e.add("x");
  auto const batch = e.batch();
  pqxx::connection holder{server->conninfo()};
  bool was_lost = false;
  std::thread{[&] {
    if (!network.enter()) return;
    postgres sink{config};
    sink.start(fapilog::start_context{});
    pqxx::work lock{holder};
    lock.exec("LOCK TABLE logs IN ACCESS EXCLUSIVE MODE");  // delays the answer
    std::thread cutter{[&] {
      (void)eventually([&] { return server->count("pg_stat_activity WHERE wait_event_type = 'Lock'") == 1; },
                       4s);
      network.cut();
    }};
    was_lost = sink.write(batch).reason() == "postgres: the connection was lost";
    cutter.join();
    network.mend();
  }}.join();
  CHECK(was_lost);
}
