// SPDX-License-Identifier: MIT
// Attempts with several results: entries that are delivered, rejected and retried at once, and a destination that refuses the
// sink.
#include "support/captured_diagnostics.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

using fapilog::sink_thread;
using fapilog::write_result;
using support::captured_diagnostics;
using namespace std::chrono_literals;

namespace {

using record_texts = std::vector<std::string>;

/// A sink that takes what its answer says, and notes the size of each write. Its first write waits for `go_on`.
class item_sink {
 public:
  static constexpr std::size_t batch_size = 100;
  using answer_function = std::function<write_result(fapilog::batch const&, std::size_t call)>;

  explicit item_sink(answer_function answer) : answer_(std::move(answer)) {}

  write_result write(fapilog::batch const& entries) {
    std::size_t call = 0;
    {
      std::lock_guard const lock{mutex_};
      sizes_.push_back(entries.size());
      call = sizes_.size();
    }
    if (call == 1) {
      is_inside.set_value();
      go_on.get_future().wait();
    }
    write_result result = answer_(entries, call);
    auto const has = [](std::vector<std::size_t> const& all, std::size_t i) {
      return std::find(all.begin(), all.end(), i) != all.end();
    };
    bool const is_retry = result.outcome() == fapilog::write_outcome::retry;
    std::lock_guard const lock{mutex_};
    for (std::size_t i = 0; i < entries.size(); ++i) {
      bool const is_left = result.entries_to_retry().empty() ? is_retry && i >= result.first_to_retry()
                                                             : has(result.entries_to_retry(), i);
      if (!is_left && !has(result.rejected_entries(), i)) taken_.emplace_back(entries[i].event.message);
    }
    return result;
  }
  [[nodiscard]] record_texts taken() const {
    std::lock_guard const lock{mutex_};
    auto all = taken_;
    std::sort(all.begin(), all.end());
    return all;
  }
  [[nodiscard]] std::vector<std::size_t> sizes() const {
    std::lock_guard const lock{mutex_};
    return sizes_;
  }
  [[nodiscard]] static std::string name() { return "items"; }

  std::promise<void> is_inside;
  std::promise<void> go_on;

 private:
  answer_function answer_;
  mutable std::mutex mutex_;
  record_texts taken_;
  std::vector<std::size_t> sizes_;
};

std::string item_text(int i) { return "item " + std::to_string(100 + i); }

record_texts item_texts(int begin, int end, int step = 1) {
  record_texts all;
  for (int i = begin; i < end; i += step) all.push_back(item_text(i));
  return all;
}

/// Every entry, every second or every third one, from `first` on.
std::vector<std::size_t> every(std::size_t step, std::size_t first, std::size_t end) {
  std::vector<std::size_t> all;
  for (std::size_t i = first; i < end; i += step) all.push_back(i);
  return all;
}

fapilog::delivery_options item_options(std::uint32_t attempts, sink_thread thread = sink_thread::own) {
  return {.thread = thread, .retry = {.attempts = attempts, .first_delay = 1ms, .longest_delay = 2ms}};
}

fapilog::options item_runtime(std::shared_ptr<item_sink> const& sink, fapilog::delivery_options delivery,
                              captured_diagnostics const& reported) {
  return {.batch_max_size = 10,
          .batch_timeout = 10s,
          .sinks = {{sink, std::move(delivery)}},
          .diagnostics_output = reported};
}

/// Logs one record, which is the first write, and then `count - 1` more while the sink is in that write.
void log_items(fapilog::runtime& rt, item_sink& sink, int count) {
  auto const log = rt.get_logger();
  log.info("{}", item_text(0));
  sink.is_inside.get_future().wait();
  for (int i = 1; i < count; ++i) log.info("{}", item_text(i));
  CHECK(support::eventually([&] { return rt.sink_counts()[0].second.given == std::uint64_t(count); }));
  sink.go_on.set_value();
}

}  // namespace

TEST_CASE("one attempt may deliver, reject and retry entries, in merged batches, and the account is exact") {
  // The second write has 60 entries: a third is rejected, a third must be retried.
  auto const sink = std::make_shared<item_sink>([](fapilog::batch const& entries, std::size_t call) {
    if (call == 2)
      return write_result::partly(every(3, 2, entries.size()), every(3, 1, entries.size()), "by item");
    if (call == 3) return write_result::partly({19, 0, 777}, {1, 777}, "by item again");
    return write_result::delivered();
  });
  captured_diagnostics const reported;
  fapilog::runtime rt{item_runtime(sink, item_options(5), reported)};
  log_items(rt, *sink, 61);
  REQUIRE(rt.flush(60s).complete);
  CHECK(sink->sizes() == std::vector<std::size_t>{1, 60, 20, 2});
  auto expected = item_texts(1, 61, 3);  // delivered at once
  auto const later = item_texts(3, 61, 3);
  expected.insert(expected.end(), later.begin(), later.end());
  expected.erase(std::find(expected.begin(), expected.end(), item_text(6)));  // index 1 of the third write
  expected.push_back(item_text(0));
  std::sort(expected.begin(), expected.end());
  CHECK(sink->taken() == expected);
  auto const account = rt.sink_counts()[0].second;
  CHECK(account.delivered == 40);
  CHECK(account.rejected == 21);
  auto const end = rt.drain(60s);
  CHECK(end.processed == 40);
  CHECK(end.rejected == 21);
  CHECK(end.balanced());
}

TEST_CASE("on the worker's thread too, only the entries to retry are written again") {
  auto const sink = std::make_shared<item_sink>([](fapilog::batch const&, std::size_t call) {
    return call == 1 ? write_result::partly({0}, {}, "later") : write_result::delivered();
  });
  sink->go_on.set_value();
  captured_diagnostics const reported;
  fapilog::runtime rt{item_runtime(sink, item_options(3, sink_thread::shared), reported)};
  rt.get_logger().info("{}", item_text(0));
  auto const end = rt.drain(60s);
  CHECK(sink->sizes() == std::vector<std::size_t>{1, 1});
  CHECK(sink->taken() == item_texts(0, 1));
  CHECK(end.processed == 1);
  CHECK(end.balanced());
}

TEST_CASE("the spool gets exactly the entries without a result, of every merged batch") {
  support::temporary_directory const folder;
  std::promise<void> is_up;
  auto const wait_for_up = is_up.get_future().share();
  auto const sink =
      std::make_shared<item_sink>([wait_for_up](fapilog::batch const& entries, std::size_t call) {
        if (call == 2)
          return write_result::partly(every(3, 2, entries.size()), every(3, 1, entries.size()), "by item");
        if (call == 3) wait_for_up.wait();
        return write_result::delivered();
      });
  auto delivery = item_options(1);
  delivery.spool.directory = folder.path().string();
  captured_diagnostics const reported;
  fapilog::runtime rt{item_runtime(sink, delivery, reported)};
  log_items(rt, *sink, 61);
  CHECK(support::eventually([&] { return sink->sizes().size() == 3; }));
  auto const meanwhile = rt.sink_counts()[0].second;
  CHECK(meanwhile.spooled == 20);
  CHECK(meanwhile.delivered == 21);
  CHECK(meanwhile.rejected == 20);
  CHECK(rt.counts().spooled == 20);
  is_up.set_value();
  CHECK(support::eventually([&] { return rt.sink_counts()[0].second.delivered == 41; }));
  CHECK(sink->sizes() == std::vector<std::size_t>{1, 60, 20});
  CHECK(sink->taken().size() == 41);
  auto const end = rt.drain(60s);
  CHECK(end.processed == 41);
  CHECK(end.rejected == 20);
  CHECK(end.spooled == 0);
  CHECK(end.balanced());
}

TEST_CASE("entries of a spooled batch have results of their own, too") {
  support::temporary_directory const folder;
  auto const sink = std::make_shared<item_sink>([](fapilog::batch const&, std::size_t call) {
    if (call == 1) return write_result::retry("down");
    if (call == 2) return write_result::partly({1, 3}, {0}, "by item");
    return write_result::delivered();
  });
  auto delivery = item_options(1);
  delivery.spool.directory = folder.path().string();
  captured_diagnostics const reported;
  fapilog::runtime rt{item_runtime(sink, delivery, reported)};
  log_items(rt, *sink, 5);
  CHECK(support::eventually([&] { return rt.sink_counts()[0].second.delivered == 4; }));
  auto const end = rt.drain(60s);
  CHECK(end.processed == 4);
  CHECK(end.rejected == 1);
  CHECK(end.spooled == 0);
  CHECK(end.balanced());
}

TEST_CASE("the fallback gets rejected entries and those that are given up, each once") {
  auto const spare = std::make_shared<item_sink>([](fapilog::batch const& entries, std::size_t) {
    return entries.size() == 1 ? write_result::delivered() : write_result::partly({1}, {0}, "only some");
  });
  spare->go_on.set_value();
  auto const sink = std::make_shared<item_sink>([](fapilog::batch const&, std::size_t call) {
    return call == 2 ? write_result::partly({0, 2, 4}, {1}, "by item") : write_result::delivered();
  });
  auto delivery = item_options(1);
  delivery.fallback = spare;
  captured_diagnostics const reported;
  fapilog::runtime rt{item_runtime(sink, delivery, reported)};
  log_items(rt, *sink, 6);
  auto const end = rt.drain(60s);
  CHECK(sink->taken() == record_texts{item_text(0), item_text(4)});
  CHECK(spare->taken() == record_texts{item_text(2), item_text(5)});
  auto const account = rt.sink_counts()[0].second;
  CHECK(account.to_fallback == 2);
  CHECK(account.failed == 2);
  CHECK(end.processed == 4);
  CHECK(end.failed == 2);
  CHECK(end.balanced());
}

TEST_CASE("a destination that refuses the sink gets no further attempt until the pause is over") {
  auto const sink = std::make_shared<item_sink>([](fapilog::batch const&, std::size_t) {
    return write_result::refused("401: the credentials are refused", 1h);
  });
  sink->go_on.set_value();
  auto const thread = GENERATE(sink_thread::own, sink_thread::shared);
  auto const spare = std::make_shared<item_sink>(
      [](fapilog::batch const&, std::size_t) { return write_result::delivered(); });
  spare->go_on.set_value();
  auto delivery = item_options(3, thread);
  delivery.fallback = spare;
  captured_diagnostics const reported;
  fapilog::runtime rt{item_runtime(sink, delivery, reported)};
  for (int i = 0; i < 3; ++i) {
    rt.get_logger().info("{}", item_text(i));
    REQUIRE(rt.flush(60s).complete);
  }
  CHECK(sink->sizes().size() == 1);
  CHECK(spare->taken() == item_texts(0, 3));
  CHECK(fapilog::prometheus_text(rt).find("fapilog_circuit_breaker_opened_total{sink=\"items\"} 1\n") !=
        std::string::npos);
  CHECK(reported.contains("the destination refuses the sink; it is tried again after a pause"));
  CHECK(reported.contains("401: the credentials are refused"));
  bool is_in_health = false;
  for (auto const& [name, health] : rt.health())
    is_in_health |= !health.healthy && health.detail.find("the credentials are refused") != std::string::npos;
  CHECK(is_in_health);
  auto const end = rt.drain(60s);
  CHECK(end.processed == 3);
  CHECK(end.balanced());
}

TEST_CASE("records wait while the destination refuses the sink, and arrive when it does not") {
  auto const sink = std::make_shared<item_sink>([](fapilog::batch const&, std::size_t call) {
    return call < 4 ? write_result::refused("403", 1ms) : write_result::delivered();
  });
  captured_diagnostics const reported;
  fapilog::runtime rt{item_runtime(sink, item_options(0), reported)};
  log_items(rt, *sink, 5);
  CHECK(support::eventually([&] { return rt.sink_counts()[0].second.delivered == 5; }));
  CHECK(rt.is_healthy());
  CHECK(sink->taken() == item_texts(0, 5));
  CHECK(rt.drain(60s).balanced());
}
