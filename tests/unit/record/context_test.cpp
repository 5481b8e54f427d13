// SPDX-License-Identifier: MIT
// Tests record/context.hpp: scopes nest, shadow and end; they belong to a thread and to the moment of the call.
#include <fapilog/record/context.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/logged.hpp"

namespace {

using fapilog::kv;
using fapilog::scope;
using nlohmann::json;

/// The fields of a record whose call has none of its own.
json in_force(support::logged& test) {
  test.log.info("now");
  return test.data();
}

/// Lets a test end scopes where they must not end: in a debug build that is an assertion.
struct unasserted_scopes {
  unasserted_scopes() {
    fapilog::on_misused_scope([](fapilog::scope_misuse const&) {});
  }
  unasserted_scopes(unasserted_scopes const&) = delete;
  unasserted_scopes& operator=(unasserted_scopes const&) = delete;
  ~unasserted_scopes() { fapilog::on_misused_scope(nullptr); }
};

}  // namespace

TEST_CASE("a scope adds its fields to every record of its block and to none after it") {
  support::logged test;
  CHECK(in_force(test) == json::object());
  {
    scope const one{kv("a", 1), kv("b", "text")};
    CHECK(in_force(test) == json{{"a", 1}, {"b", "text"}});
    CHECK(in_force(test) == json{{"a", 1}, {"b", "text"}});
  }
  CHECK(in_force(test) == json::object());
}

TEST_CASE("inner scopes add to outer ones and win over them, until they end") {
  support::logged test;
  scope const outer{kv("a", 1), kv("b", 1)};
  {
    scope const inner{kv("b", 2), kv("c", 2)};
    {
      scope const innermost{kv("c", 3)};
      CHECK(in_force(test) == json{{"a", 1}, {"b", 2}, {"c", 3}});
    }
    CHECK(in_force(test) == json{{"a", 1}, {"b", 2}, {"c", 2}});
  }
  CHECK(in_force(test) == json{{"a", 1}, {"b", 1}});
}

TEST_CASE("a call's own fields win over bound ones, these over the scope's") {
  support::logged test;
  scope const s{kv("a", "scope"), kv("b", "scope"), kv("c", "scope")};
  auto const bound = test.log.with(kv("a", "bound"), kv("b", "bound"));
  bound.info("all", kv("a", "call"));
  CHECK(test.data() == json{{"a", "call"}, {"b", "bound"}, {"c", "scope"}});
  test.log.info("no bound ones", kv("a", "call"));
  CHECK(test.data() == json{{"a", "call"}, {"b", "scope"}, {"c", "scope"}});
}

TEST_CASE("a scope takes a list, dynamic keys and values with their own code") {
  support::logged test;
  scope const listed{{{"a", 1}, {"v", std::vector<int>{1, 2}}}};
  scope const dynamic{kv(fapilog::dynamic_key{"d"}, 2), fapilog::lazy("l", [] { return 3; })};
  CHECK(in_force(test) == json{{"a", 1}, {"v", {1, 2}}, {"d", 2}, {"l", 3}});
}

TEST_CASE("if a key occurs twice in one scope or one with, the last value counts, as in a call") {
  support::logged test;
  fapilog::dynamic_key const a{
      "a"};  // equal literal keys of one call do not compile if the compiler sees them
  {
    scope const s{{{a, 1}, {a, 2}}};
    CHECK(in_force(test) == json{{"a", 2}});
  }
  {
    scope const s{kv(a, 1), kv(a, 2), kv("b", 3)};
    CHECK(in_force(test) == json{{"a", 2}, {"b", 3}});
  }
  test.log.with({{a, 1}, {a, 2}}).info("bound");
  CHECK(test.data() == json{{"a", 2}});
  test.log.info("call", {{a, 1}, {a, 2}});
  CHECK(test.data() == json{{"a", 2}});
}

TEST_CASE("a scope copies its values: later changes have no effect") {
  support::logged test;
  std::string text = "before";
  scope const s{kv("t", text)};
  text = "after!";
  CHECK(in_force(test) == json{{"t", "before"}});
}

TEST_CASE("a scope belongs to its thread") {
  support::logged test;
  scope const here{kv("thread", "first")};
  json there;
  json nested;
  std::thread{[&] {
    test.log.info("other thread");
    there = test.data();
    scope const own{kv("thread", "second")};
    test.log.info("other thread");
    nested = test.data();
  }}.join();
  CHECK(there == json::object());
  CHECK(nested == json{{"thread", "second"}});
  CHECK(in_force(test) == json{{"thread", "first"}});
}

TEST_CASE("a scope applies to every runtime of its thread") {
  support::logged first;
  support::logged second;
  scope const s{kv("a", 1)};
  CHECK(in_force(first) == json{{"a", 1}});
  CHECK(in_force(second) == json{{"a", 1}});
  {
    scope const inner{kv("a", 2)};
    CHECK(in_force(second) == json{{"a", 2}});
  }
  CHECK(in_force(first) == json{{"a", 1}});
  CHECK(in_force(second) == json{{"a", 1}});
}

TEST_CASE("if scopes end out of order, the innermost remaining one stays in force") {
  unasserted_scopes const allowed;
  support::logged test;
  auto first = std::make_unique<scope>(kv("first", 1));
  auto second = std::make_unique<scope>(kv("second", 2));
  auto third = std::make_unique<scope>(kv("third", 3));
  second.reset();
  CHECK(in_force(test).at("third") == 3);
  third.reset();
  CHECK(in_force(test) == json{{"first", 1}});
  first.reset();
  CHECK(in_force(test) == json::object());

  first = std::make_unique<scope>(kv("first", 1));
  second = std::make_unique<scope>(kv("second", 2));
  first.reset();
  CHECK(in_force(test).at("second") == 2);
  second.reset();
  CHECK(in_force(test) == json::object());
}

TEST_CASE("the context of a record is that of the call, not that of the worker or of a later moment") {
  std::promise<void> opened;
  auto gate = std::make_shared<std::shared_future<void>>(opened.get_future().share());
  fapilog::options options;
  options.filters.emplace_back([gate](fapilog::event const&) {
    gate->wait();
    return true;
  });
  support::logged test{std::move(options)};
  {
    scope const s{kv("moment", "first")};
    test.log.info("held back by the filter");
    test.log.info("in the lane");
  }
  test.log.info("without");
  {
    scope const s{kv("moment", "second")};
    test.log.info("again");
  }
  opened.set_value();  // the worker continues only now, after all scopes have ended
  auto const records = test.records();
  REQUIRE(records.size() == 4);
  CHECK(records[0].at("data") == json{{"moment", "first"}});
  CHECK(records[1].at("data") == json{{"moment", "first"}});
  CHECK(records[2].at("data") == json::object());
  CHECK(records[3].at("data") == json{{"moment", "second"}});
}

TEST_CASE("a captured context is in force where it is attached, and only there") {
  support::logged test;
  std::optional<fapilog::context> carried;
  {
    scope const s{kv("request_id", "r-1"), kv("step", 1)};
    carried = fapilog::context::capture();
  }
  CHECK(in_force(test) == json::object());
  json attached;
  json after;
  std::string request;
  std::thread{[&] {
    {
      auto const here = carried->attach();
      test.log.info("in the pool");
      attached = test.data();
      request = test.last().at("context").at("request_id");
    }
    test.log.info("next task");
    after = test.data();
  }}.join();
  CHECK(attached == json{{"step", 1}});
  CHECK(request == "r-1");
  CHECK(after == json::object());
}

TEST_CASE("an attached context replaces the thread's own scope, and scopes inside it add to it") {
  support::logged test;
  fapilog::context carried;
  {
    scope const s{kv("a", "captured")};
    carried = fapilog::context::capture();
  }
  scope const own{kv("own", 1)};
  {
    auto const attached = carried.attach();
    CHECK(in_force(test) == json{{"a", "captured"}});
    scope const inner{kv("inner", 2)};
    CHECK(in_force(test) == json{{"a", "captured"}, {"inner", 2}});
  }
  CHECK(in_force(test) == json{{"own", 1}});
}

TEST_CASE("an empty captured context hides the thread's scope as long as it is attached") {
  support::logged test;
  fapilog::context const nothing = fapilog::context::capture();
  scope const own{kv("own", 1)};
  {
    auto const attached = nothing.attach();
    CHECK(in_force(test) == json::object());
  }
  CHECK(in_force(test) == json{{"own", 1}});
}

TEST_CASE("copies of a context share its fields and can be attached on many threads at once") {
  support::logged test;
  fapilog::context carried;
  {
    scope const s{kv("shared", "yes")};
    carried = fapilog::context::capture();
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&test, copy = carried, t] {
      for (int i = 0; i < 50; ++i) {
        auto const attached = copy.attach();
        test.log.info("there", kv("thread", t));
      }
    });
  }
  carried = fapilog::context{};
  for (std::thread& t : threads) t.join();
  auto const records = test.records();
  REQUIRE(records.size() == 200);
  for (json const& record : records) CHECK(record.at("data").at("shared") == "yes");
}

TEST_CASE("threads that use one lane one after the other never inherit a scope") {
  support::logged test;
  for (int i = 0; i < 50; ++i) {
    std::thread{[&test, i] {
      std::optional<scope> mine;
      if (i % 2 == 0) mine.emplace(kv("round", i));
      test.log.info("short", kv("n", i));
    }}.join();
    (void)test.rt.flush(std::chrono::seconds{60});  // the lane is empty and free for the next thread
  }
  auto const records = test.records();
  REQUIRE(records.size() == 50);
  for (int i = 0; i < 50; ++i) {
    json const& data = records[static_cast<std::size_t>(i)].at("data");
    CHECK(data.at("n") == i);
    CHECK(data.contains("round") == (i % 2 == 0));
  }
}

TEST_CASE("a scope that ends on another thread is removed from its own thread by the next scope there") {
  unasserted_scopes const allowed;
  auto sink = std::make_shared<support::capture>();
  fapilog::runtime rt{{.sinks = {sink}}};
  auto const log = rt.get_logger();
  auto moved = std::make_unique<fapilog::scope>(fapilog::kv("tenant_id", "moved"));
  auto inner = std::make_unique<fapilog::scope>(fapilog::kv("request_id", "inner"));
  log.info("both");
  std::thread{[&] {
    moved.reset();
    log.info("the other thread has neither");
  }}.join();
  log.info("a call in between reads nothing that is gone");
  inner.reset();
  log.info("none");
  // Made on a thread that has ended, destroyed here.
  std::unique_ptr<fapilog::scope> orphan;
  std::thread{[&] { orphan = std::make_unique<fapilog::scope>(fapilog::kv("tenant_id", "orphan")); }}.join();
  orphan.reset();
  log.info("none, either");
  REQUIRE(rt.drain(std::chrono::seconds{30}).complete);
  std::map<std::string, nlohmann::json> context;
  for (std::size_t i = 0; i < sink->lines().size(); ++i) {
    auto const part = sink->at(i).at("log");
    context[part.at("message")] = part.at("context");
  }
  CHECK(context.at("both").at("tenant_id") == "moved");
  CHECK(context.at("both").at("request_id") == "inner");
  CHECK_FALSE(context.at("the other thread has neither").contains("tenant_id"));
  CHECK_FALSE(context.at("none").contains("tenant_id"));
  CHECK_FALSE(context.at("none").contains("request_id"));
  CHECK_FALSE(context.at("none, either").contains("tenant_id"));
}

TEST_CASE("a scope that ends on another thread stays in force until its own thread's next scope") {
  unasserted_scopes const allowed;
  support::logged test;
  auto foreign = std::make_unique<scope>(kv("foreign", 1));
  CHECK(in_force(test) == json{{"foreign", 1}});
  std::thread{[&] {
    scope const own{kv("own", 2)};
    foreign.reset();
    test.log.info("other thread");
  }}.join();
  CHECK(test.data() == json{{"own", 2}});
  (void)in_force(test);  // in force or not, but intact
  {
    scope const next{kv("next", 3)};
    CHECK(in_force(test).at("next") == 3);
  }
  CHECK(in_force(test) == json::object());
}

TEST_CASE("a scope may outlive its thread") {
  unasserted_scopes const allowed;
  support::logged test;
  std::unique_ptr<scope> survivor;
  std::thread{[&] {
    survivor = std::make_unique<scope>(kv("thread", "first"));
    test.log.info("first");
  }}.join();
  CHECK(test.data() == json{{"thread", "first"}});
  std::thread{[&] {
    test.log.info("second");
    survivor.reset();
    test.log.info("second");
  }}.join();
  auto const records = test.records();
  REQUIRE(records.size() == 3);
  CHECK(records[1].at("data") == json::object());
  CHECK(records[2].at("data") == json::object());
  CHECK(in_force(test) == json::object());
}
