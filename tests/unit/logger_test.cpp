// SPDX-License-Identifier: MIT
// Tests logger.hpp through the runtime: levels, forms of a call, bound fields, and the life of loggers.
#include <fapilog/limited_calls.hpp>
#include <fapilog/logger.hpp>
#include <fapilog/setup/presets.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/logged.hpp"

namespace {

using fapilog::kv;
using fapilog::lazy;
using fapilog::level;
using fapilog::runtime_text;
using nlohmann::json;

std::vector<std::string> messages(support::logged& test) {
  std::vector<std::string> all;
  for (json const& record : test.records()) all.push_back(record.at("message"));
  return all;
}

}  // namespace

TEST_CASE("a call below the level is not logged and not even submitted") {
  support::logged test{{.log_level = level::warning}};
  test.log.debug("debug");
  test.log.info("info");
  test.log.log(level::info, "log info");
  test.log.info("list", {{"a", 1}});
  test.log.warning("warning");
  test.log.error("error");
  CHECK(messages(test) == std::vector<std::string>{"warning", "error"});
  CHECK(test.rt.counts().submitted == 2);
  CHECK_FALSE(test.log.is_enabled(level::info));
  CHECK(test.log.is_enabled(level::warning));
}

TEST_CASE("set_level of a logger applies at once to all loggers with its name, and to no others") {
  support::logged test;
  auto const same = test.rt.get_logger("test");
  auto const other = test.rt.get_logger("other");
  auto const child = same.with(kv("a", 1));
  test.log.set_level(level::error);
  CHECK_FALSE(same.is_enabled(level::warning));
  CHECK_FALSE(child.is_enabled(level::warning));
  CHECK(other.is_enabled(level::info));
  test.log.set_level(level::debug);
  CHECK(child.is_enabled(level::debug));
  CHECK(test.rt.get_logger("test").is_enabled(level::debug));
  CHECK_FALSE(other.is_enabled(level::debug));
}

TEST_CASE(
    "levels are set by name, by prefix and for all, and the most specific rule applies whatever the order") {
  support::logged test;
  auto const db = test.rt.get_logger("db");
  auto const pool = test.rt.get_logger("db.pool");
  auto const worker = test.rt.get_logger("db.pool.worker");
  auto const dbx = test.rt.get_logger("dbx");
  auto const levels = [&] {
    return std::vector<bool>{db.is_enabled(level::debug), pool.is_enabled(level::debug),
                             worker.is_enabled(level::debug), dbx.is_enabled(level::debug)};
  };
  CHECK(levels() == std::vector<bool>{false, false, false, false});
  test.rt.set_level("db.*", level::debug);
  CHECK(levels() == std::vector<bool>{true, true, true, false});
  test.rt.set_level("db.pool", level::error);
  CHECK(levels() == std::vector<bool>{true, false, true, false});
  test.rt.set_level("db.pool.*", level::error);
  CHECK(levels() == std::vector<bool>{true, false, false, false});
  test.rt.set_level(level::debug);
  CHECK(levels() == std::vector<bool>{true, false, false, true});
  test.rt.set_level("*", level::error);
  CHECK(levels() == std::vector<bool>{true, false, false, false});
  test.rt.set_level("db.pool", level::debug);
  CHECK(levels() == std::vector<bool>{true, true, false, false});
  CHECK(test.rt.get_logger("db.made.later").is_enabled(level::debug));
  CHECK_FALSE(test.rt.get_logger("made.later").is_enabled(level::warning));
}

TEST_CASE("a level that is set while threads log takes effect on them") {
  support::logged test{{.when_full = fapilog::when_full::block}};
  std::atomic<bool> off{false};
  std::thread thread{[&] {
    while (test.log.is_enabled(level::info)) test.log.info("on");
    off = true;
  }};
  test.log.set_level(level::critical);
  thread.join();
  CHECK(off);
}

TEST_CASE("a call at level trace is logged if the level allows, in each of its forms") {
  support::logged test{{.log_level = level::trace}};
  test.log.trace("step {}", 1, kv("a", 2));
  test.log.trace("listed", {{"b", 3}});
  fapilog::once(test.log).trace("once");
  test.log.log(fapilog::custom_level(4), "too low");
  auto const records = test.records();
  REQUIRE(records.size() == 3);
  for (auto const& record : records) CHECK(record.at("level") == "TRACE");
  CHECK(records[0].at("message") == "step 1");
  CHECK(records[0].at("data") == json{{"a", 2}});
  CHECK(records[1].at("data") == json{{"b", 3}});
  test.log.set_level(level::debug);
  test.log.trace("hidden");
  CHECK(test.records().size() == 3);
}

TEST_CASE("a custom level has its place among the others and the name that the options give it") {
  constexpr level notice = fapilog::custom_level(25);
  support::logged test{{.level_names = {{notice, "NOTICE"}}}};
  test.log.log(notice, "named {}", 1, kv("a", 2));
  test.log.log(fapilog::custom_level(26), "unnamed");
  test.log.log(fapilog::custom_level(19), "too low");
  auto const records = test.records();
  REQUIRE(records.size() == 2);
  CHECK(records[0].at("level") == "NOTICE");
  CHECK(records[0].at("message") == "named 1");
  CHECK(records[1].at("level") == "LEVEL_26");
  test.log.set_level(fapilog::custom_level(26));
  CHECK_FALSE(test.log.is_enabled(notice));
}

TEST_CASE("a number that is not a level does no harm") {
  support::logged test;
  test.log.log(static_cast<level>(100), "odd");
  test.log.log(static_cast<level>(255), "odder");
  auto const records = test.records();
  for (json const& record : records) {
    std::string const name = record.at("level");
    CHECK(name != "CRITICAL");
    CHECK(name != "LEVEL_0");
  }
  fapilog::logger{}.log(static_cast<level>(255), "nowhere");
  CHECK(test.rt.counts().balanced());
}

TEST_CASE("fields can be given as a list") {
  support::logged test;
  std::string const ip = "10.0.0.1";
  test.log.info("text", {{"user", 42}, {"ip", ip}});
  CHECK(test.data() == json{{"user", 42}, {"ip", "10.0.0.1"}});
  test.log.info("one", {{"a", 1}});
  CHECK(test.data() == json{{"a", 1}});
  test.log.info("two texts", {{"a", "b"}, {"c", "d"}});
  CHECK(test.data() == json{{"a", "b"}, {"c", "d"}});
  test.log.log(level::error, "of a level", {{"a", std::vector<int>{1}}});
  CHECK(test.data() == json{{"a", {1}}});
  test.log.warning(runtime_text{"{text}"},
                   {{fapilog::dynamic_key{"k"}, 1}, kv("l", 2), lazy("m", [] { return 3; })});
  CHECK(test.message() == "{text}");
  CHECK(test.data() == json{{"k", 1}, {"l", 2}, {"m", 3}});
  test.log.set_level(level::debug);
  test.log.debug("all levels", {{"a", 1}});
  test.log.critical("all levels", {{"a", 1}});
  test.log.audit("all levels", {{"a", 1}});
  test.log.security("all levels", {{"a", 1}});
  test.log.error("all levels", {{"a", 1}});
  CHECK(test.records().size() == 10);
}

TEST_CASE("doubled braces are braces, with and without arguments") {
  support::logged test;
  test.log.info("{{}}");
  test.log.info("{{{}}} {{", 1);
  test.log.info("}}", {{"a", 1}});
  test.log.info("{{x}}", kv("a", 1));
  CHECK(messages(test) == std::vector<std::string>{"{}", "{1} {", "}", "{x}"});
}

TEST_CASE("a runtime_text without arguments is used unchanged, including braces") {
  support::logged test;
  std::string text = "{} {unbalanced {{ %s";
  test.log.info(runtime_text{text});
  test.log.info(runtime_text{text}, kv("a", 1));
  std::string const copy = text;
  text.assign(text.size(), 'x');
  CHECK(messages(test) == std::vector<std::string>{copy, copy});
  CHECK(test.data() == json{{"a", 1}});
}

TEST_CASE("a runtime_text with arguments is a format string, and a mistake in it is reported in the record") {
  support::logged test;
  test.log.info(runtime_text{"{} and {:>4}"}, 1, "x", kv("a", 1));
  CHECK(test.message() == "1 and    x");
  CHECK(test.diagnostics_text().empty());
  test.log.info(runtime_text{"{} {} {}"}, 1, 2, kv("a", 1));
  CHECK(test.message().starts_with("{} {} {} <error: "));
  CHECK(test.data() == json{{"a", 1}});
  test.log.info(runtime_text{"{:d}"}, "text");
  CHECK(test.message().starts_with("{:d} <error: "));
  test.log.info(runtime_text{"{"}, 1);
  CHECK(test.message().starts_with("{ <error: "));
  CHECK_FALSE(test.diagnostics_text().empty());
}

TEST_CASE("the message is the literal, with its NUL-free length, at any size") {
  support::logged test;
  test.log.info("");
  test.log.info("a");
  test.log.info("\xC3\xA9\n\"quoted\"");
  CHECK(messages(test) == std::vector<std::string>{"", "a", "\xC3\xA9\n\"quoted\""});
}

TEST_CASE("with returns a new logger with the same name and leaves the original unchanged") {
  support::logged test;
  auto const child = test.log.with(kv("a", 1));
  auto const grandchild = child.with(kv("b", 2), kv("a", 3));
  CHECK(child.name() == "test");
  test.log.info("original");
  CHECK(test.data() == json::object());
  child.info("child");
  CHECK(test.data() == json{{"a", 1}});
  grandchild.info("grandchild", kv("c", 4));
  CHECK(test.data() == json{{"a", 3}, {"b", 2}, {"c", 4}});
  child.info("child again");
  CHECK(test.data() == json{{"a", 1}});
}

TEST_CASE("bound values are copied: later changes have no effect") {
  support::logged test;
  std::string text = "before";
  std::vector<int> list{1, 2};
  auto const child =
      test.log.with(kv("text", text), kv("list", list), lazy("l", [&] { return list.size(); }));
  text = "after!";
  list.clear();
  child.info("bound");
  CHECK(test.data() == json{{"text", "before"}, {"list", {1, 2}}, {"l", 2}});
}

TEST_CASE("a record keeps bound fields even if their logger is destroyed before the worker runs") {
  support::logged test;
  for (int i = 0; i < 500; ++i) {
    auto const child = test.log.with(kv("n", i), kv("text", std::string(100, 'x')));
    child.info("short life");
  }
  auto const records = test.records();
  REQUIRE(records.size() == 500);
  for (int i = 0; i < 500; ++i) CHECK(records[static_cast<std::size_t>(i)].at("data").at("n") == i);
}

TEST_CASE("an exception can be bound") {
  support::logged test;
  std::runtime_error const error{"bound"};
  auto const child = test.log.with(fapilog::caught(error), kv("a", 1));
  child.error("x");
  CHECK(test.last().at("diagnostics").at("exception").at("error.message") == "bound");
  child.error("x", fapilog::caught(std::logic_error{"own"}));
  CHECK(test.last().at("diagnostics").at("exception").at("error.message") == "own");
}

TEST_CASE("copies of a logger are the same logger") {
  support::logged test;
  fapilog::logger const child = test.log.with(kv("a", 1));
  fapilog::logger copy = child;
  fapilog::logger assigned;
  assigned = copy;
  copy = test.log;
  assigned.info("assigned");
  CHECK(test.data() == json{{"a", 1}});
  copy.info("copy");
  CHECK(test.data() == json::object());
  auto& self = assigned;
  assigned = self;
  assigned.info("self");
  CHECK(test.data() == json{{"a", 1}});
  STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<fapilog::logger>);
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<fapilog::logger>);
}

TEST_CASE("default-constructed and moved-from loggers log nothing and do no harm") {
  support::logged test;
  fapilog::logger none;
  none.info("nowhere {}", 1, kv("a", 1));
  none.error("nowhere", {{"a", 1}});
  none.security("nowhere");
  none.set_level(level::debug);
  CHECK(none.name().empty());
  CHECK_FALSE(none.is_enabled(level::security));
  none.with(kv("a", 1)).critical("nowhere");

  fapilog::logger first = test.log;
  fapilog::logger const second = std::move(first);
  first.critical("nowhere");  // NOLINT(bugprone-use-after-move)
  CHECK_FALSE(first.is_enabled(level::security));
  CHECK(first.name().empty());
  second.info("here");
  first = second;
  first.info("here again");
  CHECK(messages(test) == std::vector<std::string>{"here", "here again"});
}

TEST_CASE("fapilog::logger takes the loggers of runtimes of every preset") {
  auto const name_of = [](fapilog::logger const& log) { return std::string{log.name()}; };
  fapilog::basic_runtime<fapilog::presets::production> const production{{.sinks = {}}};
  fapilog::basic_runtime<fapilog::presets::minimal> const minimal{{.sinks = {}}};
  CHECK(name_of(production.get_logger("a")) == "a");
  CHECK(name_of(minimal.get_logger("b")) == "b");
  STATIC_REQUIRE(std::is_same_v<decltype(production.get_logger()), fapilog::logger>);
}

TEST_CASE("loggers of every floor convert to each other and log to the same runtime") {
  support::logged test;
  test.rt.set_level(level::debug);
  fapilog::basic_logger<level::warning> const floored = test.log;
  floored.info("below the floor");
  floored.info("below the floor", {{"a", 1}});
  floored.log(level::info, "below the floor");
  floored.warning("at the floor");
  fapilog::logger const again = floored.with(kv("a", 1));
  again.debug("no floor");
  CHECK(messages(test) == std::vector<std::string>{"at the floor", "no floor"});
  CHECK(test.data() == json{{"a", 1}});
  CHECK(test.rt.counts().submitted == 2);
}

TEST_CASE("a call below the compiled level of its file is removed") {
  support::logged test;
  test.log.info<level::warning>("removed {}", 1);
  test.log.info<level::warning>("removed", {{"a", 1}});
  test.log.log<level::warning>(level::info, "removed");
  test.log.info<level::info>("kept {}", 1);
  CHECK(messages(test) == std::vector<std::string>{"kept 1"});
  CHECK(test.rt.counts().submitted == 1);
}

TEST_CASE("warn is warning") {
  support::logged test;
  test.log.warn("{} % full", 93, kv("disk", "sda"));
  CHECK(test.last().at("level") == "WARNING");
  CHECK(test.message() == "93 % full");
  test.log.warn("list", {{"a", 1}});
  CHECK(test.last().at("level") == "WARNING");
  CHECK(test.data() == json{{"a", 1}});
}

TEST_CASE("a logger may outlive its runtime: its calls are counted and have no other effect") {
  std::optional<support::logged> test{std::in_place};
  fapilog::logger log = test->rt.get_logger("survivor");
  auto const child = log.with(kv("a", 1));
  log.info("before");
  auto const end = test->rt.drain(std::chrono::seconds{60});
  CHECK(end);
  log.info("after the end");
  child.info("after the end", kv("b", std::vector<int>(100)));
  auto const counts = test->rt.counts();
  CHECK(counts.submitted == 3);
  CHECK(counts.processed == 1);
  CHECK(counts.dropped.closed == 2);
  CHECK(counts.balanced());
  auto const sink = test->sink;
  test.reset();
  log.info("without a runtime", kv("a", 1));
  child.with(kv("c", 2)).error("without a runtime {}", 1);
  log.set_level(level::debug);
  log.debug("without a runtime");
  CHECK(log.name() == "survivor");
  std::thread{[copy = log] { copy.info("from another thread"); }}.join();
  CHECK(sink->lines().size() == 1);
}

TEST_CASE("file, line and function of the call are known without macros") {
  support::logged test{{.source_location = true}};
  auto const check = [&](unsigned line, std::string_view function) {
    json const diagnostics = test.last().at("diagnostics");
    CHECK(std::filesystem::path{diagnostics.at("file").get<std::string>()}.filename() == "logger_test.cpp");
    CHECK(diagnostics.at("line") == line);
    CHECK(diagnostics.at("function").get<std::string>().find(function) != std::string::npos);
    CHECK(diagnostics.at("thread_id").is_number_integer());
  };
  struct caller {
    static unsigned variadic(fapilog::logger const& log) {
      log.info("text {}", 1, kv("a", 1));
      return __LINE__ - 1;
    }
    static unsigned list(fapilog::logger const& log) {
      log.info("text", {{"a", 1}});
      return __LINE__ - 1;
    }
    static unsigned run_time(fapilog::logger const& log) {
      log.log(level::error, runtime_text{"text"});
      return __LINE__ - 1;
    }
  };
  check(caller::variadic(test.log), "variadic");
  check(caller::list(test.log), "list");
  check(caller::run_time(test.log), "run_time");
  test.log.with(kv("b", 1)).audit("text");
  check(__LINE__ - 1, "");
}

TEST_CASE("a disabled record evaluates no lazy value and copies nothing") {
  support::logged test;
  int calls = 0;
  auto const count = [&] { return ++calls; };
  test.log.debug("off", lazy("n", count));
  test.log.debug("off {}", 1, lazy("n", count));
  test.log.debug("off", {lazy("n", count)});
  test.log.log(level::debug, "off", lazy("n", count));
  fapilog::logger{}.critical("off", lazy("n", count));
  CHECK(calls == 0);
  test.log.info("on", lazy("n", count));
  CHECK(calls == 1);
  CHECK(test.data() == json{{"n", 1}});
}

TEST_CASE("every format argument and field of a long call arrives in its place") {
  support::logged test;
  test.log.info("{} {} {} {} {} {} {} {} {} {}", 0, 1U, 2L, 3.5, "4", std::string{"5"}, '6', true, nullptr,
                std::string_view{"9"}, kv("f0", 0), kv("f1", 1U), kv("f2", 2L), kv("f3", 3.5), kv("f4", "4"),
                kv("f5", std::string{"5"}), kv("f6", '6'), kv("f7", true), kv("f8", nullptr),
                kv("f9", std::string_view{"9"}));
  CHECK(test.message() == "0 1 2 3.5 4 5 6 true null 9");
  CHECK(test.data() == json{{"f0", 0},
                            {"f1", 1},
                            {"f2", 2},
                            {"f3", 3.5},
                            {"f4", "4"},
                            {"f5", "5"},
                            {"f6", "6"},
                            {"f7", true},
                            {"f8", nullptr},
                            {"f9", "9"}});
}

TEST_CASE("loggers of one thread, of any name and with any fields, keep the order of their calls") {
  support::logged test;
  auto const other = test.rt.get_logger("other");
  auto const child = other.with(kv("child", true));
  fapilog::logger const* const all[] = {&test.log, &other, &child};
  for (int i = 0; i < 300; ++i) all[i % 3]->info("in order", kv("n", i));
  auto const records = test.records();
  REQUIRE(records.size() == 300);
  for (int i = 0; i < 300; ++i) {
    json const& record = records[static_cast<std::size_t>(i)];
    CHECK(record.at("data").at("n") == i);
    CHECK(record.at("logger") == (i % 3 == 0 ? "test" : "other"));
  }
}
