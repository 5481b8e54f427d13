// SPDX-License-Identifier: MIT
// All operations of a runtime, from many threads at once, while others log and while it ends.
#include "support/catch.hpp"
#include "support/scale.hpp"
#include "support/switched_sink.hpp"

#include <fapilog/fapilog.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using fapilog::kv;
using namespace std::chrono_literals;

TEST_CASE("levels, flushes, metrics and drains from many threads disturb no record") {
  constexpr std::size_t rounds = support::scaled(20, 5);
  constexpr std::size_t each = support::scaled(4'000, 500);
  constexpr std::size_t threads = 3;
  for (std::size_t round = 0; round < rounds; ++round) {
    auto own = std::make_shared<support::switched_sink>("own");
    auto shared = std::make_shared<support::switched_sink>("shared");
    bool const ends_meanwhile = round % 2 == 1;
    fapilog::runtime rt{{.when_full = fapilog::when_full::block,
                         .lane_bytes = 16'384,
                         .sinks = {{own,
                                    {.thread = fapilog::sink_thread::own,
                                     .retry = {.first_delay = 1ms, .longest_delay = 2ms}}},
                                   {shared, {.thread = fapilog::sink_thread::shared}}},
                         .drop_summary_window = 1ms,
                         .diagnostics_output = [](std::string_view) {}}};
    std::atomic<bool> over{false};
    std::atomic<std::uint64_t> always{0};  // calls that every level lets through
    std::atomic<std::uint64_t> sometimes{0};
    std::atomic<std::size_t> wrong{0};
    std::vector<std::thread> callers;
    for (std::size_t t = 0; t < threads; ++t) {
      callers.emplace_back([&, t] {
        auto const log = rt.get_logger("thread." + std::to_string(t));
        for (std::size_t i = 0; i < each; ++i) {
          log.error("always", kv("i", i));
          log.with(kv("bound", t)).debug("sometimes");
          ++always;
          ++sometimes;
        }
      });
    }
    std::vector<std::thread> others;
    auto const again_and_again = [&](auto const& what) {
      others.emplace_back([&over, what] {
        while (!over) what();
      });
    };
    again_and_again([&] {
      rt.set_level(fapilog::level::debug);
      rt.set_level("thread.*", fapilog::level::error);
      rt.get_logger("thread.0").set_level(fapilog::level::debug);
    });
    again_and_again([&] { wrong += rt.flush(1ms).balanced() ? 0U : 1U; });
    again_and_again([&] {
      wrong += rt.metrics().empty() || fapilog::prometheus_text(rt.metrics()).empty() ? 1U : 0U;
      wrong += rt.health().size() == 2 && rt.counts().balanced() ? 0U : 1U;
      static_cast<void>(rt.is_healthy());
      for (auto const& [name, account] : rt.sink_counts()) wrong += account.balanced() ? 0U : 1U;
    });
    again_and_again([&] {
      own->set(fapilog::testing::fault::retry);
      own->set(fapilog::testing::fault::none);
    });
    if (!ends_meanwhile) {
      for (std::thread& t : callers) t.join();
      callers.clear();
    }
    std::vector<std::thread> drains;
    std::atomic<std::size_t> complete{0};
    for (int i = 0; i < 2; ++i) drains.emplace_back([&] { complete += rt.drain(60s).complete ? 1U : 0U; });
    for (std::thread& t : drains) t.join();
    for (std::thread& t : callers) t.join();
    over = true;
    for (std::thread& t : others) t.join();

    CHECK(complete == 2);
    CHECK(wrong == 0);
    auto const end = rt.drain(60s);
    CHECK(end);
    CHECK(end.balanced());
    CHECK(end.pending == 0);
    CHECK(end.submitted >= always);
    CHECK(end.submitted <= always + sometimes);
    if (!ends_meanwhile) CHECK(end.dropped.total() == 0);
    auto const counts = rt.sink_counts();
    CHECK(counts[1].second.delivered == shared->messages().size());
    CHECK(counts[0].second.delivered == own->messages().size());
    for (auto const& [name, account] : counts) {
      CHECK(account.balanced());
      CHECK(account.pending == 0);
    }
  }
}
