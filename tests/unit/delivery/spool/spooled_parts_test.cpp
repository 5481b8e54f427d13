// SPDX-License-Identifier: MIT
// Delivery of a spool to a sink that prefers large batches: merged, in order, and continued where it stopped.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "support/captured_diagnostics.hpp"
#include "support/eventually.hpp"
#include "support/temporary_directory.hpp"

using namespace std::chrono_literals;

namespace {

/// Prefers batches of 100 records and rejects those that end with 99. While it is down, it takes `part` records of a batch that has
/// as many, once.
struct replay_sink {
  static constexpr bool may_block = true;
  static constexpr std::size_t batch_size = 100;
  struct state {
    std::mutex mutex;
    bool is_down = true;
    std::size_t part = 0;
    std::size_t writes = 0;  // while it is not down
    std::vector<std::string> messages;
  };
  std::shared_ptr<state> shared = std::make_shared<state>();

  fapilog::write_result write(fapilog::batch const& entries) const {
    std::lock_guard const lock{shared->mutex};
    bool const takes_part = shared->part <= entries.size();
    std::size_t const taken = !shared->is_down ? entries.size()
                              : takes_part     ? std::exchange(shared->part, 0)
                                               : 0;
    for (std::size_t i = 0; i < taken; ++i) shared->messages.emplace_back(entries[i].event.message);
    if (taken < entries.size()) return fapilog::write_result::retry("down", taken);
    ++shared->writes;
    std::vector<std::size_t> poison;
    for (std::size_t i = 0; i < taken; ++i) {
      if (entries[i].event.message.ends_with("99")) poison.push_back(i);
    }
    return poison.empty() ? fapilog::write_result::delivered()
                          : fapilog::write_result::rejected(std::move(poison), "99");
  }
  static std::string name() { return "replay"; }
};

template <class Change>
void change_replay(replay_sink const& sink, Change&& how) {
  std::lock_guard const lock{sink.shared->mutex};
  how(*sink.shared);
}

std::vector<std::string> replayed(int begin, int end) {
  std::vector<std::string> all;
  for (int i = begin; i < end; ++i) all.push_back("record " + std::to_string(i));
  return all;
}

fapilog::options replay_options(replay_sink const& sink, support::temporary_directory const& folder) {
  return {.batch_max_size = 7,
          .batch_timeout = 10s,
          .sinks = {{sink,
                     {.retry = {.attempts = 1, .first_delay = 1ms, .longest_delay = 5ms},
                      .spool = {.directory = folder.path().string()}}}},
          .diagnostics_output = support::captured_diagnostics{}};
}

}  // namespace

TEST_CASE("a spool of small batches is delivered in large ones, in order and once") {
  support::temporary_directory const folder;
  replay_sink const sink;
  fapilog::runtime rt{replay_options(sink, folder)};
  for (int i = 0; i < 2'000; ++i) rt.get_logger().info("record {}", i);
  REQUIRE(rt.flush(60s));
  CHECK(support::eventually([&] { return rt.sink_counts()[0].second.spooled >= 1'900; }));
  change_replay(sink, [](auto& state) { state.is_down = false; });
  CHECK(support::eventually([&] { return rt.sink_counts()[0].second.delivered == 1'980; }));
  change_replay(sink, [](auto& state) {
    CHECK(state.messages == replayed(0, 2'000));
    CHECK(state.writes <= 2'000 / 90);
  });
  auto const end = rt.drain(60s);
  CHECK(end.processed == 1'980);
  CHECK(end.rejected == 20);
  CHECK(end.spooled == 0);
  CHECK(end.balanced());
}

TEST_CASE("the age of a spool and the records that leave it are in health and metrics") {
  support::temporary_directory const folder;
  replay_sink const sink;
  auto const value_of = [](fapilog::runtime const& rt, std::string const& name) {
    for (fapilog::metric const& one : rt.metrics()) {
      if (one.name == name) return one.value;
    }
    return -1.0;
  };
  constexpr char const* age = "spool: the oldest record is ";
  {
    fapilog::runtime rt{replay_options(sink, folder)};
    CHECK(rt.health().at(0).second.detail.find(age) == std::string::npos);
    rt.get_logger().info("record 0");
    REQUIRE(rt.flush(60s));
    CHECK(
        support::eventually([&] { return rt.health().at(0).second.detail.find(age) != std::string::npos; }));
    CHECK(support::eventually([&] { return value_of(rt, "fapilog_sink_spool_oldest_seconds") >= 1; }));
    CHECK(value_of(rt, "fapilog_sink_spool_drained_total") == 0);
    CHECK(value_of(rt, "fapilog_sink_spool_drain_rate") == 0);
  }
  // The next process knows how old what it finds is.
  fapilog::runtime rt{replay_options(sink, folder)};
  for (int i = 1; i < 100; ++i) rt.get_logger().info("record {}", i);
  REQUIRE(rt.flush(60s));
  CHECK(support::eventually([&] { return value_of(rt, "fapilog_sink_spool_oldest_seconds") >= 1; }));
  change_replay(sink, [](auto& state) { state.is_down = false; });
  CHECK(support::eventually([&] { return value_of(rt, "fapilog_sink_spool_drained_total") >= 2; }));
  CHECK(support::eventually([&] { return rt.health().at(0).second.detail.find(age) == std::string::npos; }));
  CHECK(value_of(rt, "fapilog_sink_spool_oldest_seconds") == 0);
  CHECK(value_of(rt, "fapilog_sink_spool_drain_rate") == 0);
}

TEST_CASE("a spool of which a part of a large batch was delivered continues behind that part") {
  support::temporary_directory const folder;
  replay_sink const sink;
  {
    fapilog::runtime rt{replay_options(sink, folder)};
    for (int i = 0; i < 200; ++i) rt.get_logger().info("record {}", i);
    REQUIRE(rt.flush(60s));
    CHECK(rt.drain(60s).balanced());
  }
  {
    // The whole spool is there from the beginning, so that its first batch is a large one.
    change_replay(sink, [](auto& state) { state.part = 50; });
    fapilog::runtime rt{replay_options(sink, folder)};
    rt.get_logger().info("record 200");
    CHECK(support::eventually([&] {
      bool is_taken = false;
      change_replay(sink, [&](auto& state) { is_taken = state.messages.size() == 50; });
      return is_taken;
    }));
    CHECK(rt.drain(60s).balanced());
  }
  change_replay(sink, [](auto& state) { state.is_down = false; });
  fapilog::runtime next{replay_options(sink, folder)};
  next.get_logger().info("record 201");
  CHECK(support::eventually([&] { return next.sink_counts()[0].second.delivered == 1; }));
  change_replay(sink, [](auto& state) {
    REQUIRE(state.messages.size() >= 202);
    std::size_t const repeated = state.messages.size() - 202;
    CHECK(repeated < 7);
    state.messages.erase(state.messages.begin() + 50,
                         state.messages.begin() + 50 + static_cast<std::ptrdiff_t>(repeated));
    CHECK(state.messages == replayed(0, 202));
  });
}
