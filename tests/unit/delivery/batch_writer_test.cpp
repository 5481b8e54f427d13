// SPDX-License-Identifier: MIT
// Which thread calls the sinks: the worker for an isolated record, its helper under load; in order, without deadlocks.
#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/gate_sink.hpp"
#include "support/scale.hpp"
#include "support/thread_state.hpp"

#include <fapilog/fapilog.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <latch>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

using fapilog::kv;
using namespace std::chrono_literals;

namespace {

/// Notes which thread writes which numbers, and checks that only one writes at a time.
class notes_threads {
 public:
  void write(fapilog::batch const& entries) {
    if (busy_.exchange(true)) overlapped_ = true;
    threads_.insert(std::this_thread::get_id());
    for (auto const& e : entries) {
      if (auto const* const i = e.event.data.find("i")) seen_.push_back(i->i64);
    }
    busy_ = false;
  }
  [[nodiscard]] std::vector<std::int64_t> const& seen() const { return seen_; }
  [[nodiscard]] std::size_t threads() const { return threads_.size(); }
  [[nodiscard]] bool overlapped() const { return overlapped_; }

 private:
  std::atomic<bool> busy_{false};
  std::atomic<bool> overlapped_{false};
  std::set<std::thread::id> threads_;
  std::vector<std::int64_t> seen_;
};

}  // namespace

TEST_CASE(
    "under load the sinks get every record in order and one batch at a time, whichever thread calls them") {
  auto sink = std::make_shared<notes_threads>();
  constexpr std::size_t records = support::scaled(200'000, 20'000);
  {
    fapilog::runtime rt{{.batch_max_size = 64, .when_full = fapilog::when_full::block, .sinks = {sink}}};
    auto const log = rt.get_logger();
    for (std::size_t i = 0; i < records; ++i) log.info("flood", kv("i", i));
    auto const end = rt.drain(60s);
    CHECK(end.processed == records);
    CHECK(end.balanced());
  }
  REQUIRE(sink->seen().size() == records);
  CHECK(std::is_sorted(sink->seen().begin(), sink->seen().end()));
  CHECK_FALSE(sink->overlapped());
  CHECK(sink->threads() <= 2);
}

TEST_CASE("isolated records are all written by one thread") {
  auto sink = std::make_shared<notes_threads>();
  fapilog::runtime rt{{.batch_max_size = 1, .sinks = {sink}}};
  auto const log = rt.get_logger();
  for (int i = 0; i < 50; ++i) {
    log.info("alone", kv("i", i));
    REQUIRE(rt.flush(30s).complete);
  }
  CHECK(sink->seen().size() == 50);
  CHECK(sink->threads() == 1);
}

TEST_CASE("while a sink blocks the helper, the worker continues for a bounded number of batches") {
  auto sink = std::make_shared<support::gate_sink>();
  std::atomic<int> handled{0};
  std::atomic<::pid_t> worker{0};
  std::latch flooded{1};
  fapilog::runtime rt{{.batch_max_size = 10,
                       .enrichers = {[&](fapilog::event&) {
                         worker = support::this_thread_id();
                         flooded.wait();
                         ++handled;
                       }},
                       .sinks = {sink}}};
  auto const log = rt.get_logger();
  for (int i = 0; i < 2'000; ++i) log.info("flood");
  flooded.count_down();
  REQUIRE(sink->wait_until_held());
  // One batch in the sink, seven or eight that wait for the helper, and one with which the worker waits. With one processor
  // there is no helper.
  int const least = std::thread::hardware_concurrency() == 1 ? 10 : 90;
  CHECK(support::eventually([&] { return handled >= least && support::is_asleep(worker); }));
  CHECK(handled <= 110);
  CHECK(rt.counts().processed == 0);
  CHECK(rt.counts().balanced());
  sink->open();
  auto const end = rt.drain(30s);
  CHECK(end.processed == 2'000);
  CHECK(handled == 2'000);
}

TEST_CASE("a sink may log and flush in a flood without a deadlock") {
  struct talks {
    fapilog::logger const* log;
    fapilog::runtime* rt;
    int budget = 500;
    void write(fapilog::batch const&) {
      for (int i = 0; i < 20 && budget > 0; ++i, --budget)
        log->info("from the sink", kv("text", std::string(500, 'x')));
      (void)rt->flush(1h);  // returns at once on the thread that delivers
    }
  };
  fapilog::logger log;
  auto sink = std::make_shared<talks>();
  fapilog::runtime rt{
      {.batch_max_size = 8, .when_full = fapilog::when_full::block, .lane_bytes = 4096, .sinks = {sink}}};
  log = rt.get_logger();
  sink->log = &log;
  sink->rt = &rt;
  for (int i = 0; i < 5'000; ++i) log.info("flood");
  auto const end = rt.drain(60s);
  CHECK(end.complete);
  CHECK(end.balanced());
  CHECK(end.processed + end.dropped.queue_full + end.dropped.closed == end.submitted);
}

TEST_CASE("large records make small batches, so that the batches in flight are bounded in bytes") {
  auto sink = std::make_shared<support::capture>();
  fapilog::runtime rt{{.batch_max_size = 1'000,
                       .batch_timeout = 10s,
                       .when_full = fapilog::when_full::block,
                       .sinks = {sink}}};
  auto const log = rt.get_logger();
  std::string const large(200'000, 'x');
  for (int i = 0; i < 40; ++i) log.info("large", kv("text", large));
  CHECK(rt.drain(60s).processed == 40);
  auto const sizes = sink->batches();
  CHECK(*std::max_element(sizes.begin(), sizes.end()) <= 6);  // 1 MiB, and the record that exceeds it
}
