// SPDX-License-Identifier: MIT
// Tests level_scope.hpp: a lower level for one thread, carried by contexts, and nothing for other threads.
#include <fapilog/level_scope.hpp>
#include <fapilog/limited_calls.hpp>
#include <fapilog/record/coroutine_scope.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <coroutine>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/logged.hpp"

namespace {

using fapilog::kv;
using fapilog::level;
using fapilog::level_scope;

void on_another_thread(auto const& work) { std::thread{work}.join(); }

std::vector<std::string> messages_of(support::logged& test) {
  std::vector<std::string> all;
  for (auto const& record : test.records()) all.push_back(record.at("message"));
  return all;
}
using texts = std::vector<std::string>;

std::atomic<int> scoped_formats{0};

struct counting_value {};

struct detailed_task {
  struct promise_type {
    detailed_task get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};
struct level_gate {
  std::coroutine_handle<> waiting;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) noexcept { waiting = coroutine; }
  void await_resume() const noexcept {}
};

detailed_task serve_in_detail(fapilog::logger log, fapilog::context detailed, level_gate& gate) {
  fapilog::coroutine_scope request{detailed};
  log.debug("before");
  co_await request(gate);
  log.debug("after");
}

}  // namespace

template <>
struct fmt::formatter<counting_value> : fmt::formatter<int> {
  auto format(counting_value, fmt::format_context& context) const {
    return fmt::formatter<int>::format(++scoped_formats, context);
  }
};

TEST_CASE(
    "a level_scope logs details of its thread with all loggers of the runtime, up to the end of the block") {
  support::logged test;
  auto const db = test.rt.get_logger("db");
  test.log.debug("hidden");
  {
    level_scope const detailed{test.log, level::debug};
    test.log.debug("one");
    db.debug("two {}", 2);
    db.with(kv("a", 1)).log(level::debug, "three");
    db.debug("four", {{"a", 1}});
    test.rt.get_logger("made here").debug("five");
    db.log(fapilog::custom_level(5), "hidden");
    CHECK(db.is_enabled(level::debug));
    CHECK_FALSE(db.is_enabled(fapilog::custom_level(5)));
    fapilog::once(db).debug("six");
    on_another_thread([&] {
      for (int i = 0; i < 3; ++i) {
        test.log.debug("hidden");
        db.debug("hidden {}", 2);
        db.log(level::debug, "hidden");
        db.debug("hidden", {{"a", 1}});
        fapilog::every_n(db, 2).debug("hidden");
        if (i == 1) test.log.info("info");  // from here on the thread has a lane
      }
      CHECK_FALSE(db.is_enabled(level::debug));
      CHECK(db.is_enabled(level::info));
    });
  }
  test.log.debug("hidden");
  CHECK_FALSE(db.is_enabled(level::debug));
  CHECK(messages_of(test) == texts{"one", "two 2", "three", "four", "five", "six", "info"});
  CHECK(test.rt.counts().submitted == 7);
}

TEST_CASE("values of calls that another thread's level_scope lets pass are not computed") {
  support::logged test;
  level_scope const detailed{test.log, level::debug};
  int computed = 0;
  on_another_thread([&] {
    test.log.debug("hidden", fapilog::lazy("n", [&] { return ++computed; }));
    test.log.debug("hidden {}", counting_value{});
  });
  CHECK(computed == 0);
  CHECK(scoped_formats == 0);
  test.log.debug("shown {}", counting_value{}, fapilog::lazy("n", [&] { return ++computed; }));
  CHECK(messages_of(test) == texts{"shown 1"});
  CHECK(computed == 1);
}

TEST_CASE(
    "scopes in a level_scope keep its level, and an inner level_scope does not hide what the outer one "
    "shows") {
  support::logged test;
  level_scope const outer{test.log, level::debug};
  {
    fapilog::scope const fields{kv("request_id", 7)};
    level_scope const inner{test.log, level::error};
    test.log.debug("both");
    CHECK(test.last().at("context").at("request_id") == "7");
  }
  test.log.debug("outer");
  CHECK(messages_of(test) == texts{"both", "outer"});
}

TEST_CASE("a context carries the level to other threads and coroutines, also behind the end of the block") {
  support::logged test;
  fapilog::context detailed;
  {
    level_scope const scope{test.log, level::debug};
    detailed = fapilog::context::capture();
  }
  test.log.debug("hidden");
  on_another_thread([&] {
    test.log.debug("hidden");
    auto const attached = detailed.attach();
    test.log.debug("attached");
    {
      auto const none = fapilog::context{}.attach();
      test.log.debug("hidden");
    }
    test.log.debug("again");
  });
  level_gate gate;
  serve_in_detail(test.log, std::exchange(detailed, {}), gate);
  test.log.debug("hidden");
  on_another_thread([&] { gate.waiting.resume(); });
  test.log.debug("hidden");
  CHECK(messages_of(test) == texts{"attached", "again", "before", "after"});
  CHECK_FALSE(test.log.is_enabled(level::debug));
}

TEST_CASE("a level_scope has no effect on another runtime, and levels of two runtimes hold side by side") {
  support::logged first;
  support::logged second;
  level_scope const of_first{first.log, level::debug};
  second.log.debug("hidden");
  {
    level_scope const of_second{second.log, level::debug};
    first.log.debug("first");
    second.log.debug("second");
  }
  first.log.debug("first");
  second.log.debug("hidden");
  level_scope const of_none{fapilog::logger{}, level::debug};
  first.log.debug("first");
  CHECK(messages_of(first) == texts{"first", "first", "first"});
  CHECK(messages_of(second) == texts{"second"});
}

TEST_CASE("levels that are set while a level_scope exists hold for all other threads") {
  support::logged test;
  {
    level_scope const detailed{test.log, level::debug};
    test.rt.set_level("test", level::error);
    test.rt.set_level(level::critical);
    test.log.debug("mine");
    on_another_thread([&] {
      test.log.warning("hidden");
      test.log.error("error");
      test.rt.get_logger("other").error("hidden");
    });
  }
  test.log.warning("hidden");
  test.rt.set_level("test", level::debug);
  test.log.debug("all");
  CHECK(messages_of(test) == texts{"mine", "error", "all"});
}

TEST_CASE("with a flight recorder, a level_scope logs at once what would be kept for an error") {
  support::logged test{{.flight_recorder = {.enabled = true, .level = level::debug}}};
  constexpr auto trace = fapilog::level::trace;
  {
    level_scope const detailed{test.log, trace};
    test.log.debug("mine");
    test.log.log(trace, "mine, too");
    on_another_thread([&] {
      for (int i = 0; i < 2; ++i) {
        test.log.debug("recent");
        test.log.log(trace, "hidden");
        CHECK(test.log.is_enabled(level::debug));
        CHECK_FALSE(test.log.is_enabled(trace));
      }
      test.log.error("error");
    });
  }
  CHECK(messages_of(test) == texts{"mine", "mine, too", "recent", "recent", "error"});
}

TEST_CASE("a level_scope may outlive its runtime and its loggers") {
  std::optional<support::logged> test{std::in_place};
  std::optional<level_scope> detailed{std::in_place, test->log, level::debug};
  auto const kept = fapilog::context::capture();
  test->log.debug("logged");
  CHECK(messages_of(*test) == texts{"logged"});
  test.reset();
  detailed.reset();
  on_another_thread([&] { auto const attached = kept.attach(); });
}

TEST_CASE("many threads begin and end a level_scope while others log below their level") {
  support::logged test{{.when_full = fapilog::when_full::block}};
  std::atomic<bool> is_done{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([&] {
      while (!is_done) test.log.debug("hidden");
    });
  std::vector<std::thread> detailed;
  for (int t = 0; t < 2; ++t)
    detailed.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        level_scope const scope{test.log, i % 2 == 0 ? level::debug : level::warning};
        test.log.debug("{}", i);
        test.log.info("{}", i);
      }
    });
  for (auto& thread : detailed) thread.join();
  is_done = true;
  for (auto& thread : threads) thread.join();
  auto const records = test.records();
  CHECK(records.size() == 600);
  for (auto const& record : records) CHECK(record.at("message") != "hidden");
}
