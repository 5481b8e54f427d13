// SPDX-License-Identifier: MIT
// Sinks with their own threads: none delays another, queues are bounded, and every record is accounted for.
#include "support/batches.hpp"
#include "support/capture.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/files.hpp"
#include "support/switched_sink.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/delivery/delivery_thread.hpp>
#include <fapilog/delivery/spool/spooled_parts.hpp>
#include <fapilog/fapilog.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using fapilog::kv;
using fapilog::testing::fault;
using support::captured_diagnostics;
using support::switched_sink;
using namespace std::chrono_literals;

namespace {

constexpr fapilog::retry_options endless_retry{.attempts = 0, .first_delay = 1ms, .longest_delay = 5ms};

std::vector<std::string> numbered(int begin, int end) {
  std::vector<std::string> all;
  for (int i = begin; i < end; ++i) all.push_back("record " + std::to_string(i));
  return all;
}

void log_numbers(fapilog::logger const& log, int begin, int end) {
  for (int i = begin; i < end; ++i) log.info("record {}", i);
}

/// Waits until the account of the first sink meets the condition.
template <class Condition>
fapilog::sink_account wait_for_account(fapilog::runtime const& rt, Condition const& condition) {
  fapilog::sink_account now;
  CHECK(support::eventually([&] { return condition(now = rt.sink_counts().at(0).second); }));
  return now;
}

}  // namespace

TEST_CASE("a sink that hangs and one that throws take no records from another sink") {
  auto hung = std::make_shared<switched_sink>("hung", fault::hang);
  auto throwing = std::make_shared<switched_sink>("throwing", fault::throws);
  auto good = std::make_shared<support::capture>();
  captured_diagnostics reported;
  fapilog::runtime rt{{.when_full = fapilog::when_full::block,
                       .sinks = {hung, throwing, good},
                       .diagnostics_output = reported}};
  auto const log = rt.get_logger();
  constexpr std::size_t count = 20'000;
  for (std::size_t i = 0; i < count; ++i) log.info("to all {}", i);
  CHECK(good->wait_for(count));
  auto const early = rt.drain(100ms);
  CHECK_FALSE(early);
  CHECK(early.balanced());
  CHECK(early.pending > 0);
  hung->set(fault::none);
  auto const end = rt.drain(60s);
  CHECK(end);
  CHECK(end.balanced());
  CHECK(end.pending == 0);
  CHECK(end.failed == count);  // the throwing sink's
  for (auto const& [name, account] : rt.sink_counts()) {
    CHECK(account.balanced());
    CHECK(account.given == count);
  }
}

TEST_CASE(
    "a runtime whose sink hangs on its own thread is destroyed after shutdown_timeout, and the loss is "
    "reported") {
  auto hung = std::make_shared<switched_sink>("hung", fault::hang);
  auto good = std::make_shared<support::capture>();
  captured_diagnostics reported;
  {
    fapilog::runtime rt{{.sinks = {hung, good}, .shutdown_timeout = 50ms, .diagnostics_output = reported}};
    log_numbers(rt.get_logger(), 0, 10);
    CHECK(hung->wait_for_calls(1));
  }
  CHECK(reported.contains("not drained within shutdown_timeout"));
  CHECK(reported.contains("10 pending"));
  CHECK(good->wait_for(10));
  hung->set(fault::none);  // the thread that was left behind can still use everything it needs
  CHECK(hung->wait_for_messages(10));
}

TEST_CASE("health reports the first failed attempt, while others are left") {
  support::temporary_directory const directory;
  auto sink = std::make_shared<switched_sink>("slow");
  captured_diagnostics reported;
  fapilog::runtime rt{{.sinks = {{sink,
                                  {.thread = fapilog::sink_thread::own,
                                   .retry = {.attempts = 1'000'000, .first_delay = 1ms, .longest_delay = 1ms},
                                   .spool = {.directory = directory.path()}}}},
                       .diagnostics_output = reported}};
  log_numbers(rt.get_logger(), 0, 1);
  CHECK(rt.flush(60s));
  CHECK(rt.health().at(0).second.healthy);
  sink->set(fault::retry);
  log_numbers(rt.get_logger(), 1, 10);
  CHECK(support::eventually([&] { return !rt.health().at(0).second.healthy; }));
  CHECK(rt.sink_counts().at(0).second.spooled == 0);  // it is not given up
  sink->set(fault::none);
  CHECK(rt.flush(60s));
  CHECK(rt.health().at(0).second.healthy);
}

TEST_CASE("a sink with its own thread gets its records in order once it works again") {
  auto sink = std::make_shared<switched_sink>("late", fault::retry);
  captured_diagnostics reported;
  fapilog::runtime rt{{.batch_max_size = 7,
                       .sinks = {{sink, {.thread = fapilog::sink_thread::own, .retry = endless_retry}}},
                       .diagnostics_output = reported}};
  log_numbers(rt.get_logger(), 0, 100);
  CHECK(sink->wait_for_calls(5));
  CHECK_FALSE(rt.flush(20ms));
  CHECK(rt.health().at(0).second.healthy == false);
  sink->set(fault::none);
  CHECK(rt.flush(60s));
  CHECK(sink->messages() == numbered(0, 100));
  CHECK(rt.health().at(0).second.healthy);
  auto const end = rt.drain(60s);
  CHECK(end.processed == 100);
  CHECK(end.retried > 0);
  CHECK(end.balanced());
  CHECK(reported.contains("its records wait in its queue"));
  CHECK(reported.contains("the sink works again"));
}

TEST_CASE("a drain does not wait for room in the queue of a sink that is down") {
  auto sink = std::make_shared<switched_sink>("down", fault::retry);
  fapilog::runtime rt{{.batch_max_size = 1,
                       .when_full = fapilog::when_full::block,
                       .sinks = {{sink,
                                  {.thread = fapilog::sink_thread::own,
                                   .queue_bytes = 65'536,
                                   .when_queue_full = fapilog::when_queue_full::block,
                                   .retry = endless_retry}}},
                       .diagnostics_output = captured_diagnostics{}}};
  log_numbers(rt.get_logger(), 0, 200);
  auto const end = rt.drain(60s);
  CHECK(end);
  CHECK(end.failed == 200);
  CHECK(end.pending == 0);
  CHECK(end.balanced());
  CHECK(rt.sink_counts()[0].second.balanced());
}

TEST_CASE("a drain loses nothing if the queue is full because the sink is slow") {
  struct slow {
    std::atomic<bool> may_take{false};
    std::size_t taken = 0;
    void write(fapilog::batch const& entries) {
      may_take.wait(false);
      taken += entries.size();
    }
  };
  auto sink = std::make_shared<slow>();
  fapilog::runtime rt{{.batch_max_size = 1,
                       .when_full = fapilog::when_full::block,
                       .sinks = {{sink,
                                  {.thread = fapilog::sink_thread::own,
                                   .queue_bytes = 65'536,
                                   .when_queue_full = fapilog::when_queue_full::block}}}}};
  auto const log = rt.get_logger();
  log_numbers(log, 0, 200);
  // Once calls are refused, the drain has begun while the queue is full.
  std::thread release{[&] {
    while (rt.counts().dropped.closed == 0) log.info("is the drain under way?");
    sink->may_take = true;
    sink->may_take.notify_all();
  }};
  auto const end = rt.drain(60s);
  release.join();
  CHECK(end.complete);
  CHECK(end.dropped.total() == end.dropped.closed);
  CHECK(end.processed == end.submitted - end.dropped.closed);
  CHECK(end.processed >= 200);
  CHECK(sink->taken == end.processed);
}

TEST_CASE("a batch that waited for room in the queue does not overtake batches that were spooled meanwhile") {
  support::temporary_directory folder;
  auto sink = std::make_shared<switched_sink>("down", fault::hang);
  fapilog::runtime rt{{.batch_max_size = 1,
                       .when_full = fapilog::when_full::block,
                       .sinks = {{sink,
                                  {.queue_bytes = 65'536,
                                   .when_queue_full = fapilog::when_queue_full::block,
                                   .retry = {.attempts = 1, .first_delay = 200ms, .longest_delay = 200ms},
                                   .spool = {.directory = folder.path().string(), .max_bytes = 65'536}}}},
                       .diagnostics_output = captured_diagnostics{}}};
  auto const log = rt.get_logger();
  log.info("first");
  REQUIRE(sink->wait_for_calls(1));
  log.info("too large for the spool", kv("text", std::string(100'000, 'x')));
  auto const is_given = [](fapilog::sink_account const& a) { return a.given == 2; };
  REQUIRE(wait_for_account(rt, is_given).given == 2);
  sink->set(fault::retry);  // the first record goes to the spool
  REQUIRE(wait_for_account(rt, [](fapilog::sink_account const& a) { return a.spooled == 1; }).spooled == 1);
  sink->set(fault::none);
  CHECK(sink->wait_for_messages(2));
  CHECK(rt.drain(60s).processed == 2);
  CHECK(sink->messages() == std::vector<std::string>{"first", "too large for the spool"});
}

TEST_CASE("a full queue starts the fallback even before the sink's thread has begun") {
  struct spare {
    bool may_change_schema = true;
    std::size_t taken = 0;
    void start(fapilog::start_context const& context) { may_change_schema = context.may_change_schema(); }
    void write(fapilog::batch const& entries) { taken += entries.size(); }
  };
  auto fallback = std::make_shared<spare>();
  auto sink = std::make_shared<support::capture>();
  std::promise<void> go;
  auto const output = std::make_shared<fapilog::diagnostics>(captured_diagnostics{});
  fapilog::placed_sink placed{
      sink,
      {.name = "late", .thread = fapilog::sink_thread::own, .queue_bytes = 65'536, .fallback = fallback}};
  auto const late = std::make_shared<fapilog::detail::delivery_thread>(
      std::move(placed), output, [wait = go.get_future().share()] { wait.wait(); });
  late->start(std::make_shared<fapilog::start_context const>());
  support::events many;
  constexpr std::size_t count = 2'000;
  for (std::size_t i = 0; i < count; ++i) many.add("record");
  REQUIRE(many.batch().bytes() > 65'536);
  for (int i = 0; i < 3; ++i) late->enqueue({many.batch(), {}, nullptr});  // the first fills the queue
  CHECK(fallback->taken == 2 * count);
  CHECK_FALSE(fallback->may_change_schema);
  go.set_value();
  late->close();
  late->join();
  CHECK(sink->lines().size() == count);
}

TEST_CASE("a fallback that hangs delays neither the other sinks nor the timeout of a drain") {
  auto down = std::make_shared<switched_sink>("down", fault::retry);
  auto spare = std::make_shared<switched_sink>("spare", fault::hang);
  auto good = std::make_shared<support::capture>();
  fapilog::runtime rt{{.when_full = fapilog::when_full::block,
                       .sinks = {{down,
                                  {.thread = fapilog::sink_thread::own,
                                   .retry = {.attempts = 1, .first_delay = 1ms, .longest_delay = 1ms},
                                   .fallback = spare}},
                                 {good, {.thread = fapilog::sink_thread::own}}},
                       .diagnostics_output = captured_diagnostics{}}};
  log_numbers(rt.get_logger(), 0, 1);
  CHECK(spare->wait_for_calls(1));
  log_numbers(rt.get_logger(), 1, 100);
  CHECK(good->wait_for(100));
  CHECK_FALSE(rt.drain(20ms));
  spare->set(fault::none);
  auto const end = rt.drain(60s);
  CHECK(end.processed == 100);
  CHECK(rt.sink_counts()[0].second.to_fallback == 100);
}

TEST_CASE("the queue moves to the front of the spool completely or not at all") {
  for (std::size_t pad = 0; pad < 400; pad += 8) {
    support::temporary_directory folder;
    fapilog::detail::sink_counters counts;
    captured_diagnostics reported;
    fapilog::detail::spooled_parts spool{
        {.directory = folder.path().string(), .max_bytes = 65'536, .segment_bytes = 4'096},
        "s",
        [&](std::string_view line, std::string_view) { reported(line); },
        counts};
    spool.open();
    std::deque<std::string> texts;
    auto const of = [&texts](std::size_t size) {
      support::events one;
      one.add(texts.emplace_back(size, 'x'));
      return fapilog::detail::batch_part{one.batch(), {}, nullptr};
    };
    REQUIRE(spool.append(of(20'000)));
    fapilog::detail::batch_queue waiting{1 << 20};
    for (int i = 0; i < 4; ++i) waiting.push(of(9'800 + pad));
    fapilog::detail::delivery_job current{of(5'000)};
    bool const moved = spool.move_before(current, waiting);
    INFO(pad << " bytes more");
    CHECK(waiting.size() == (moved ? 0 : 4));
    CHECK(current.results[0] ==
          (moved ? fapilog::detail::record_result::spooled : fapilog::detail::record_result::delivered));
    CHECK(counts.spooled.value() == (moved ? 6 : 1));
  }
}

namespace {

/// Declares a large batch size, notes the size of each batch, and blocks at the first one until it is released.
struct gathering_sink {
  static constexpr bool may_block = true;
  static constexpr std::size_t batch_size = 100;
  struct shared_part {
    std::promise<void> is_inside;
    std::promise<void> go_on;
    std::mutex mutex;
    std::vector<std::size_t> sizes;
    std::vector<std::string> messages;
    std::string text;
    fapilog::write_result (*answer)(std::size_t call, fapilog::batch const&) = nullptr;
  };
  fapilog::write_result write(fapilog::batch const& entries) const {
    std::size_t call = 0;
    {
      std::lock_guard const lock{shared->mutex};
      call = shared->sizes.size();
      shared->sizes.push_back(entries.size());
    }
    if (call == 0) {
      shared->is_inside.set_value();
      shared->go_on.get_future().wait();
    }
    auto result =
        shared->answer == nullptr ? fapilog::write_result::delivered() : shared->answer(call, entries);
    std::size_t const taken =
        result.outcome() == fapilog::write_outcome::retry ? result.first_to_retry() : entries.size();
    std::lock_guard const lock{shared->mutex};
    for (std::size_t i = 0; i < taken; ++i) {
      auto const& refused = result.rejected_entries();
      if (std::find(refused.begin(), refused.end(), i) == refused.end())
        shared->messages.emplace_back(entries[i].event.message);
    }
    shared->text += entries.text();
    return result;
  }
  std::shared_ptr<shared_part> shared = std::make_shared<shared_part>();
};

}  // namespace

TEST_CASE(
    "waiting batches are merged up to the batch size of the sink, in order, and each gets its own results") {
  gathering_sink sink;
  auto const seen = sink.shared;
  fapilog::runtime rt{{.batch_max_size = 30, .batch_timeout = 10s, .sinks = {{sink}}}};
  auto const log = rt.get_logger();
  log_numbers(log, 0, 1);  // the first is a batch of its own, the others wait for a full batch
  seen->is_inside.get_future().wait();
  log_numbers(log, 1, 301);  // ten batches wait
  auto const waiting = wait_for_account(rt, [](auto const& now) { return now.given == 301; });
  CHECK(waiting.delivered == 0);
  seen->go_on.set_value();
  REQUIRE(rt.flush(60s).complete);
  CHECK(seen->sizes == std::vector<std::size_t>{1, 90, 90, 90, 30});
  CHECK(seen->messages == numbered(0, 301));
  CHECK(std::count(seen->text.begin(), seen->text.end(), '\n') == 301);
  auto const account = rt.sink_counts().at(0).second;
  CHECK(account.delivered == 301);
  auto const figures = fapilog::prometheus_text(rt);
  CHECK(figures.find("queue_bytes{sink=\"sink\"} 0\n") != std::string::npos);
  auto const end = rt.drain(60s);
  CHECK(end.processed == 301);
  CHECK(end.balanced());
}

TEST_CASE("rejections and retries of merged batches apply to exactly the right records") {
  gathering_sink sink;
  auto const seen = sink.shared;
  seen->answer = [](std::size_t call, fapilog::batch const&) {
    switch (call) {
      case 1: return fapilog::write_result::retry("half of the third", 75);
      case 2: return fapilog::write_result::rejected({0, 14}, "the first and the last of what was left");
      default: return fapilog::write_result::delivered();
    }
  };
  fapilog::runtime rt{{.batch_max_size = 30,
                       .batch_timeout = 10s,
                       .sinks = {{sink, {.retry = endless_retry}}},
                       .diagnostics_output = captured_diagnostics{}}};
  auto const log = rt.get_logger();
  log_numbers(log, 0, 1);  // the first is a batch of its own, the others wait for a full batch
  seen->is_inside.get_future().wait();
  log_numbers(log, 1, 91);
  (void)wait_for_account(rt, [](auto const& now) { return now.given == 91; });
  seen->go_on.set_value();
  REQUIRE(rt.flush(60s).complete);
  CHECK(seen->sizes == std::vector<std::size_t>{1, 90, 15});
  auto expected = numbered(0, 91);
  expected.erase(expected.begin() + 90);
  expected.erase(expected.begin() + 76);
  CHECK(seen->messages == expected);
  auto const end = rt.drain(60s);
  CHECK(end.processed == 89);
  CHECK(end.rejected == 2);
  CHECK(end.balanced());
}

TEST_CASE("merged batches are spooled one by one, from the first record that the sink did not take") {
  support::temporary_directory const folder;
  gathering_sink sink;
  auto const seen = sink.shared;
  seen->answer = [](std::size_t call, fapilog::batch const&) {
    return call == 1 ? fapilog::write_result::retry("half of the second", 45)
                     : fapilog::write_result::delivered();
  };
  fapilog::runtime rt{
      {.batch_max_size = 30,
       .batch_timeout = 10s,
       .sinks = {{sink, {.retry = {.attempts = 1}, .spool = {.directory = folder.path().string()}}}},
       .diagnostics_output = captured_diagnostics{}}};
  auto const log = rt.get_logger();
  log_numbers(log, 0, 1);  // the first is a batch of its own, the others wait for a full batch
  seen->is_inside.get_future().wait();
  log_numbers(log, 1, 121);
  (void)wait_for_account(rt, [](auto const& now) { return now.given == 121; });
  seen->go_on.set_value();
  auto const account = wait_for_account(rt, [](auto const& now) { return now.delivered == 121; });
  CHECK(account.spooled == 0);
  auto const end = rt.drain(60s);
  CHECK(seen->messages == numbered(0, 121));
  CHECK(seen->sizes == std::vector<std::size_t>{1, 90, 75});
  CHECK(end.processed == 121);
  CHECK(end.balanced());
}

TEST_CASE("a full queue drops new batches and counts their records") {
  auto sink = std::make_shared<switched_sink>("full", fault::hang);
  captured_diagnostics reported;
  fapilog::runtime rt{{.batch_max_size = 1,
                       .when_full = fapilog::when_full::block,
                       .sinks = {{sink, {.thread = fapilog::sink_thread::own, .queue_bytes = 1'000'000}}},
                       .diagnostics_output = reported}};
  auto const log = rt.get_logger();
  std::uint64_t logged = 0;
  while (rt.sink_counts()[0].second.dropped < 10) {
    log.info("record {}", logged++);
    if (logged > 1'000'000) break;
  }
  sink->set(fault::none);
  auto const end = rt.drain(60s);
  auto const account = rt.sink_counts()[0].second;
  CHECK(account.dropped >= 10);
  CHECK(account.delivered + account.dropped == logged);
  CHECK(end.failed == account.dropped);
  CHECK(end.balanced());
  CHECK(reported.contains("the sink's queue is full"));
  INFO(*reported.text);
  CHECK(reported.contains("queue_full "));
}

TEST_CASE("a full queue that blocks loses nothing") {
  auto sink = std::make_shared<switched_sink>("full", fault::hang);
  fapilog::runtime rt{{.batch_max_size = 1,
                       .when_full = fapilog::when_full::block,
                       .sinks = {{sink,
                                  {.thread = fapilog::sink_thread::own,
                                   .queue_bytes = 300'000,
                                   .when_queue_full = fapilog::when_queue_full::block}}}}};
  std::thread caller{[&] { log_numbers(rt.get_logger(), 0, 2'000); }};
  CHECK(sink->wait_for_calls(1));
  sink->set(fault::none);
  caller.join();
  CHECK(rt.flush(60s));
  CHECK(sink->messages() == numbered(0, 2'000));
  CHECK(rt.drain(60s).processed == 2'000);
}

TEST_CASE("an open circuit stops attempts, then tries the sink once and closes") {
  auto sink = std::make_shared<switched_sink>("breaking", fault::retry);
  captured_diagnostics reported;
  fapilog::runtime rt{
      {.sinks = {{sink,
                  {.thread = fapilog::sink_thread::own,
                   .retry = endless_retry,
                   .circuit_breaker = {.enabled = true, .failure_threshold = 3, .recovery_timeout = 50ms}}}},
       .diagnostics_output = reported}};
  log_numbers(rt.get_logger(), 0, 10);
  CHECK(sink->wait_for_calls(3));
  CHECK(support::eventually([&] { return reported.contains("its circuit is open"); }));
  CHECK(sink->wait_for_calls(5));  // half-open, twice
  sink->set(fault::none);
  CHECK(rt.flush(60s));
  CHECK(sink->messages() == numbered(0, 10));
  CHECK(rt.drain(60s).processed == 10);
}

TEST_CASE("the fallback gets the records that the sink fails to write or rejects") {
  auto sink = std::make_shared<switched_sink>("main", fault::retry);
  auto fallback = std::make_shared<switched_sink>("spare");
  captured_diagnostics reported;
  fapilog::runtime rt{{.sinks = {{sink,
                                  {.thread = fapilog::sink_thread::own,
                                   .retry = {.attempts = 2, .first_delay = 1ms, .longest_delay = 1ms},
                                   .fallback = fallback}}},
                       .diagnostics_output = reported}};
  auto const log = rt.get_logger();
  log_numbers(log, 0, 10);
  CHECK(rt.flush(60s));
  CHECK(fallback->messages() == numbered(0, 10));
  sink->set(fault::none);
  log.info("record 10");
  log.info("poison");
  auto const end = rt.drain(60s);
  CHECK(sink->messages() == numbered(10, 11));
  auto const account = rt.sink_counts()[0].second;
  CHECK(account.to_fallback == 10);
  CHECK(account.rejected == 1);  // the fallback refuses poison, too
  CHECK(end.processed == 11);
  CHECK(end.rejected == 1);
  CHECK(end.balanced());
}

TEST_CASE("if the fallback fails too, the records count as failed and both reasons are reported") {
  auto sink = std::make_shared<switched_sink>("main", fault::retry);
  auto fallback = std::make_shared<switched_sink>("spare", fault::throws);
  captured_diagnostics reported;
  fapilog::runtime rt{{.sinks = {{sink,
                                  {.thread = fapilog::sink_thread::own,
                                   .retry = {.attempts = 1, .first_delay = 1ms, .longest_delay = 1ms},
                                   .fallback = fallback}}},
                       .diagnostics_output = reported}};
  log_numbers(rt.get_logger(), 0, 10);
  CHECK(rt.flush(60s));
  auto const account = rt.sink_counts()[0].second;
  CHECK(account.failed == 10);
  CHECK(account.to_fallback == 0);
  CHECK(account.balanced());
  CHECK(reported.contains("the fallback threw"));
  CHECK(reported.contains("the sink failed; records are lost"));
  fallback->set(fault::none);
  rt.get_logger().info("record 10");
  auto const end = rt.drain(60s);
  CHECK(fallback->messages() == numbered(10, 11));
  CHECK(end.failed == 10);
  CHECK(end.processed == 1);
  CHECK(end.balanced());
}

TEST_CASE("a sink on the worker's thread can have a fallback") {
  auto sink = std::make_shared<switched_sink>("main", fault::throws);
  auto fallback = std::make_shared<switched_sink>("spare");
  captured_diagnostics reported;
  fapilog::runtime rt{
      {.sinks = {{sink, {.retry = {.attempts = 1}, .fallback = fallback}}}, .diagnostics_output = reported}};
  log_numbers(rt.get_logger(), 0, 10);
  auto const end = rt.drain(60s);
  CHECK(fallback->messages() == numbered(0, 10));
  CHECK(end.processed == 10);
  CHECK(end.failed == 0);
}

TEST_CASE(
    "the records of a sink that is down wait in the spool and are delivered in order, once, when it works "
    "again") {
  support::temporary_directory folder;
  auto sink = std::make_shared<switched_sink>("down", fault::retry);
  captured_diagnostics reported;
  fapilog::runtime rt{
      {.batch_max_size = 10,
       .sinks = {{sink, {.retry = endless_retry, .spool = {.directory = folder.path().string()}}}},
       .diagnostics_output = reported}};
  auto const log = rt.get_logger();
  log_numbers(log, 0, 500);
  auto const down = wait_for_account(rt, [](auto const& a) { return a.spooled == 500; });
  CHECK(down.spooled == 500);
  auto const account = rt.flush(60s);
  CHECK(account);
  CHECK(account.spooled == 500);
  CHECK(account.balanced());
  sink->set(fault::none);
  log_numbers(log, 500, 600);
  CHECK(sink->wait_for_messages(600));
  auto const up = wait_for_account(rt, [](auto const& a) { return a.delivered == 600; });
  CHECK(up.delivered == 600);
  CHECK(up.spooled == 0);
  CHECK(sink->messages() == numbered(0, 600));
  auto const end = rt.drain(60s);
  CHECK(end.processed == 600);
  CHECK(end.spooled == 0);
  CHECK(end.balanced());
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("the next process delivers the spool of the previous one before its own records") {
  support::temporary_directory folder;
  captured_diagnostics reported;
  fapilog::delivery_options const how{.retry = endless_retry,
                                      .spool = {.directory = folder.path().string(), .segment_bytes = 4'096}};
  std::vector<std::string> lines;
  {
    auto sink = std::make_shared<switched_sink>("stream", fault::retry);
    auto seen = std::make_shared<support::capture>();
    fapilog::runtime rt{{.batch_max_size = 10, .sinks = {{sink, how}, seen}, .diagnostics_output = reported}};
    auto const log = rt.get_logger("first").with(kv("bound", 7));
    for (int i = 0; i < 300; ++i)
      log.info("record {}", i, kv("nested", std::vector<int>{i, i + 1}), kv("ratio", i * 0.5),
               kv("user_id", "u"));
    auto const end = rt.drain(60s);
    CHECK(end.spooled == 300);
    CHECK(end.balanced());
    CHECK(seen->wait_for(300));
    lines = seen->lines();
  }
  CHECK_FALSE(std::filesystem::is_empty(folder.path()));
  auto sink = std::make_shared<switched_sink>("stream", fault::none);
  fapilog::runtime rt{{.sinks = {{sink, how}}, .diagnostics_output = reported}};
  log_numbers(rt.get_logger(), 300, 310);
  CHECK(sink->wait_for_messages(310));
  CHECK(sink->messages() == numbered(0, 310));
  auto first = sink->lines();
  first.resize(300);
  CHECK(first == lines);
  CHECK(rt.flush(60s));
  CHECK(rt.sink_counts()[0].second.recovered == 300);
  CHECK(rt.drain(60s).processed == 10);
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("two runtimes with one spool directory never touch each other's files") {
  support::temporary_directory folder;
  captured_diagnostics reported;
  fapilog::delivery_options const how{.retry = endless_retry, .spool = {.directory = folder.path().string()}};
  auto one = std::make_shared<switched_sink>("same", fault::retry);
  auto two = std::make_shared<switched_sink>("same", fault::retry);
  fapilog::runtime first{{.sinks = {{one, how}}, .diagnostics_output = reported}};
  log_numbers(first.get_logger(), 0, 50);
  CHECK(wait_for_account(first, [](auto const& a) { return a.spooled == 50; }).spooled == 50);
  fapilog::runtime second{{.sinks = {{two, how}}, .diagnostics_output = reported}};
  log_numbers(second.get_logger(), 50, 100);
  CHECK(wait_for_account(second, [](auto const& a) { return a.spooled == 50; }).spooled == 50);
  one->set(fault::none);
  two->set(fault::none);
  CHECK(one->wait_for_messages(50));
  CHECK(two->wait_for_messages(50));
  CHECK(one->messages() == numbered(0, 50));
  CHECK(two->messages() == numbered(50, 100));
}

TEST_CASE("a spool is bounded: records that do not fit are dropped and counted, the others stay intact") {
  support::temporary_directory folder;
  auto sink = std::make_shared<switched_sink>("bounded", fault::retry);
  captured_diagnostics reported;
  fapilog::runtime rt{{.batch_max_size = 10,
                       .when_full = fapilog::when_full::block,
                       .sinks = {{sink,
                                  {.queue_bytes = 200'000,
                                   .retry = endless_retry,
                                   .spool = {.directory = folder.path().string(), .max_bytes = 100'000}}}},
                       .diagnostics_output = reported}};
  log_numbers(rt.get_logger(), 0, 5'000);
  CHECK(wait_for_account(rt, [](auto const& a) { return a.dropped > 0 && a.given == 5'000; }).dropped > 0);
  std::uintmax_t bytes = 0;
  for (auto const& file : std::filesystem::directory_iterator{folder.path()}) bytes += file.file_size();
  CHECK(bytes <= 100'000);
  auto const full = rt.sink_counts()[0].second;
  CHECK(full.dropped > 0);
  CHECK(full.spooled > 0);
  CHECK(full.balanced());
  CHECK(reported.contains("the spool is full"));
  sink->set(fault::none);
  auto const end = wait_for_account(rt, [](auto const& a) { return a.spooled == 0 && a.pending == 0; });
  CHECK(end.delivered + end.dropped == 5'000);
  auto const taken = sink->messages();
  CHECK(std::set<std::string>(taken.begin(), taken.end()).size() == taken.size());
  CHECK(rt.drain(60s).balanced());
}

TEST_CASE("a spool that fills up is reported once, before it is full") {
  support::temporary_directory folder;
  auto sink = std::make_shared<switched_sink>("filling", fault::retry);
  captured_diagnostics reported;
  fapilog::runtime rt{{.sinks = {{sink,
                                  {.retry = endless_retry,
                                   .spool = {.directory = folder.path().string(), .max_bytes = 100'000}}}},
                       .diagnostics_output = reported}};
  auto const log = rt.get_logger();
  std::string const text(1'000, 'x');
  constexpr char const* announced = "the spool is filling up";
  while (!reported.contains(announced)) {
    log.info("one", kv("text", text));
    REQUIRE(rt.flush(60s));
    REQUIRE(rt.sink_counts()[0].second.dropped == 0);
  }
  CHECK(reported.contains(" % of 100000 bytes"));
  CHECK(rt.sink_counts()[0].second.spooled > 10);
  CHECK(rt.health()[0].second.detail.find(" % full") != std::string::npos);
  for (auto const& m : rt.metrics()) {
    if (m.name == "fapilog_sink_spool_bytes") CHECK(m.value >= 80'000);
    if (m.name == "fapilog_sink_spool_max_bytes") CHECK(m.value == 100'000);
  }
  while (rt.sink_counts()[0].second.dropped == 0) {
    log.info("one", kv("text", text));
    REQUIRE(rt.flush(60s));
  }
  REQUIRE(rt.drain(60s));
  std::lock_guard const lock{*reported.mutex};
  auto const first = reported.text->find(announced);
  CHECK(reported.text->find(announced, first + 1) == std::string::npos);
  CHECK(first < reported.text->find("the spool is full"));
  CHECK(reported.text->find("spool_full ") != std::string::npos);
}

TEST_CASE(
    "a full disk under the spool is reported: records that do not fit are dropped and counted, the others "
    "stay intact") {
  support::small_file_system const disk{"size=128k"};
  if (!disk.is_mounted()) SKIP("mounting a file system is not permitted");
  auto sink = std::make_shared<switched_sink>("full", fault::retry);
  captured_diagnostics reported;
  fapilog::runtime rt{
      {.batch_max_size = 10,
       .when_full = fapilog::when_full::block,
       .sinks = {{sink,
                  {.queue_bytes = 200'000, .retry = endless_retry, .spool = {.directory = disk / "spool"}}}},
       .diagnostics_output = reported}};
  log_numbers(rt.get_logger(), 0, 5'000);
  CHECK(wait_for_account(rt, [](auto const& a) { return a.dropped > 0 && a.given == 5'000; }).dropped > 0);
  CHECK(rt.sink_counts()[0].second.spooled > 0);
  CHECK(reported.contains("the spool takes no more records"));
  CHECK(reported.contains("No space left on device"));
  sink->set(fault::none);
  auto const end = wait_for_account(rt, [](auto const& a) { return a.spooled == 0 && a.pending == 0; });
  CHECK(end.delivered + end.dropped == 5'000);
  CHECK(end.balanced());
  auto const taken = sink->messages();
  CHECK(std::set<std::string>(taken.begin(), taken.end()).size() == taken.size());
  CHECK(rt.drain(60s).balanced());
}

TEST_CASE("a spool directory that cannot be created is reported, and the sink works without a spool") {
  support::temporary_directory folder;
  std::ofstream{folder / "file"} << "x";
  auto sink = std::make_shared<switched_sink>("homeless");
  captured_diagnostics reported;
  fapilog::runtime rt{{.sinks = {{sink, {.spool = {.directory = folder / "file" + "/spool"}}}},
                       .diagnostics_output = reported}};
  log_numbers(rt.get_logger(), 0, 10);
  CHECK(rt.drain(60s).processed == 10);
  CHECK(reported.contains("the spool cannot be used"));
  CHECK(reported.contains("Not a directory"));
}

TEST_CASE("records go to the sinks whose routes match") {
  auto errors = std::make_shared<switched_sink>("errors");
  auto quiet = std::make_shared<switched_sink>("quiet");
  auto database = std::make_shared<switched_sink>("database");
  auto chosen = std::make_shared<switched_sink>("chosen");
  auto rest = std::make_shared<switched_sink>("rest");
  fapilog::runtime rt{
      {.log_level = fapilog::level::debug,
       .sinks = {
           {errors, {.route = {.min_level = fapilog::level::error}}},
           {quiet,
            {.route = {.levels = fapilog::level_set::of(fapilog::level::debug, fapilog::level::audit)}}},
           {database, {.route = {.logger = "db"}}},
           {chosen, {.route = {.predicate = [](fapilog::event const& e) { return e.message == "chosen"; }}}},
           {rest, {.route = {.otherwise = true}}}}}};
  rt.get_logger("web").error("error");
  rt.get_logger("web").debug("debug");
  rt.get_logger("web").audit("audit");  // above error, too
  rt.get_logger("db").info("db");
  rt.get_logger("db.pool").info("db.pool");
  rt.get_logger("dbx").info("dbx");
  rt.get_logger("web").info("chosen");
  rt.get_logger("web").info("rest");
  auto const end = rt.drain(60s);
  CHECK(errors->messages() == std::vector<std::string>{"error", "audit"});
  CHECK(quiet->messages() == std::vector<std::string>{"debug", "audit"});
  CHECK(database->messages() == std::vector<std::string>{"db", "db.pool"});
  CHECK(chosen->messages() == std::vector<std::string>{"chosen"});
  CHECK(rest->messages() == std::vector<std::string>{"dbx", "rest"});
  CHECK(end.processed == 8);
  CHECK(end.balanced());
}

TEST_CASE("a route whose predicate throws takes the record") {
  auto chosen = std::make_shared<switched_sink>("chosen");
  auto rest = std::make_shared<switched_sink>("rest");
  fapilog::runtime rt{{.sinks = {{chosen, {.route = {.predicate = [](fapilog::event const& e) -> bool {
                                             if (e.message == "odd") throw std::runtime_error{"no answer"};
                                             return false;
                                           }}}},
                                 {rest, {.route = {.otherwise = true}}}}}};
  rt.get_logger().info("odd");
  rt.get_logger().info("even");
  auto const end = rt.drain(60s);
  CHECK(chosen->messages() == std::vector<std::string>{"odd"});
  CHECK(rest->messages() == std::vector<std::string>{"even"});
  CHECK(end.processed == 2);
}

TEST_CASE(
    "with first_match a record goes to one sink, and a record that matches no route counts as filtered") {
  auto errors = std::make_shared<switched_sink>("errors");
  auto warnings = std::make_shared<switched_sink>("warnings");
  fapilog::runtime rt{{.sinks = {{errors, {.route = {.min_level = fapilog::level::error}}},
                                 {warnings, {.route = {.min_level = fapilog::level::warning}}}},
                       .routing = fapilog::routing::first_match}};
  auto const log = rt.get_logger();
  log.error("error");
  log.warning("warning");
  log.info("nobody's");
  auto const end = rt.drain(60s);
  CHECK(errors->messages() == std::vector<std::string>{"error"});
  CHECK(warnings->messages() == std::vector<std::string>{"warning"});
  CHECK(end.processed == 2);
  CHECK(end.filtered == 1);
  CHECK(end.balanced());
}
