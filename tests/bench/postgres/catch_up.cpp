// SPDX-License-Identifier: MIT
// Measures how long the sink needs after an outage of five seconds until its spool is empty, while the program goes on logging.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <thread>

#include "support/captured_diagnostics.hpp"
#include "support/eventually.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"

using fapilog::kv;
using fapilog::sinks::postgres;
using namespace std::chrono_literals;

TEST_CASE("catches up after an outage of five seconds at 4,000 records a second") {
  constexpr std::uint64_t records_per_ms = 4;
  support::postgres_server server{{{"log_statement", "none"}, {"fsync", "on"}, {"max_wal_size", "4GB"}}};
  support::temporary_directory const folder;
  auto config = server.config_in("behind");
  server.sql(fapilog::sinks::postgres_ddl(config));
  fapilog::runtime rt{
      {.when_full = fapilog::when_full::block,
       .sinks = {{std::make_shared<postgres>(config),
                  {.retry = {.attempts = 1}, .spool = {.directory = folder.path().string()}}}},
       .diagnostics_output = support::captured_diagnostics{}}};
  std::atomic<bool> done{false};
  std::thread program{[&, log = rt.get_logger("shop")] {
    std::uint64_t number = 0;
    for (auto next = std::chrono::steady_clock::now(); !done; next += 1ms) {
      std::this_thread::sleep_until(next);
      for (std::uint64_t i = 0; i < records_per_ms; ++i, ++number)
        log.info("order accepted after {} tries", number % 3, kv("order", number), kv("customer", "c-1000"),
                 kv("amount", 12.5), kv("path", "/api/v1/orders"));
    }
  }};
  auto const counts = [&] { return rt.sink_counts().at(0).second; };
  auto const wait_until = [](auto const& condition) { REQUIRE(support::eventually(condition, 120s)); };
  wait_until([&] { return counts().delivered >= 4'000; });

  server.stop();
  std::this_thread::sleep_for(5s);
  server.start();
  auto const begin = std::chrono::steady_clock::now();
  auto const before = counts();
  wait_until([&] { return counts().delivered > before.delivered; });
  auto const first = std::chrono::steady_clock::now();
  wait_until([&] { return counts().spooled == 0; });
  auto const end = std::chrono::steady_clock::now();
  auto const after = counts();
  done = true;
  program.join();

  auto const seconds = [](auto duration) { return std::chrono::duration<double>(duration).count(); };
  std::printf(
      "spooled when the server was back: %llu\nfirst row after: %.2f s\nspool empty after: %.2f s, rows per "
      "second: %.0f\n",
      static_cast<unsigned long long>(before.spooled), seconds(first - begin), seconds(end - begin),
      static_cast<double>(after.delivered - before.delivered) / seconds(end - first));
  REQUIRE(rt.flush(120s));
  auto const account = rt.drain(120s);
  CHECK(account.processed == server.count("behind.logs"));
  CHECK(account.balanced());
}
