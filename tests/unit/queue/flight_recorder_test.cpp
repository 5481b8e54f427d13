// SPDX-License-Identifier: MIT
// Tests queue/flight_recorder.hpp through a runtime: takes records below the level, and writes them when an error asks for them.
#include <fapilog/fapilog.hpp>

#include <fapilog/stages/filters/level.hpp>
#include <fapilog/stages/redactors/field_mask.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/gate_sink.hpp"
#include "support/logged.hpp"

using fapilog::kv;
using fapilog::level;
using namespace std::chrono_literals;

namespace recorded_types {

struct order {
  int id;
};
inline void to_log(fapilog::object_writer& writer, order const& o) { writer.kv("id", o.id); }

struct price {
  double amount;
};

}  // namespace recorded_types

template <>
struct fmt::formatter<recorded_types::price> : fmt::formatter<double> {
  auto format(recorded_types::price const& p, fmt::format_context& to) const {
    return fmt::formatter<double>::format(p.amount, to);
  }
};

namespace {

fapilog::options recording(std::size_t bytes = std::size_t{64} * 1024) {
  return {.flight_recorder = {.enabled = true, .bytes_per_thread = bytes}};
}

std::vector<std::string> messages_of(support::logged& logged) {
  std::vector<std::string> all;
  for (auto const& log : logged.records()) all.push_back(log.at("message"));
  return all;
}

bool is_recent(nlohmann::json const& log) { return log.at("diagnostics").contains("recent"); }

/// The records that have left the recorder with this result.
std::uint64_t recorder_count(fapilog::runtime const& rt, std::string_view result) {
  for (fapilog::metric const& m : rt.metrics()) {
    if (m.name == "fapilog_recorder_records_total" && m.labels.at(0).second == result)
      return static_cast<std::uint64_t>(m.value);
  }
  throw std::runtime_error("there is no such metric");
}

using expected_messages = std::vector<std::string>;

}  // namespace

TEST_CASE("without a flight recorder nothing below the level is kept") {
  support::logged l;
  CHECK_FALSE(l.log.is_enabled(level::debug));
  l.log.debug("below");
  l.log.dump_recent();
  l.log.error("failed");
  fapilog::logger{}.dump_recent();
  CHECK(messages_of(l) == expected_messages{"failed"});
  for (auto const& m : l.rt.metrics()) CHECK(m.name.find("recorder") == std::string::npos);
}

TEST_CASE("the recent records of a thread are written before its error, in order, marked, and once") {
  support::logged l{recording()};
  CHECK(l.log.is_enabled(level::debug));
  CHECK_FALSE(l.log.is_enabled(fapilog::custom_level(5)));
  l.log.debug("one {}", 1, kv("i", 1));
  l.log.info("written");
  l.log.debug("two");
  CHECK(messages_of(l) == expected_messages{"written"});
  CHECK(l.rt.counts().submitted == 1);
  auto const before = std::chrono::system_clock::now();
  while (std::chrono::system_clock::now() < before + 3ms) {  // so that the timestamps differ
  }
  l.log.error("failed");
  l.log.error("failed again");
  auto const all = l.records();
  CHECK(messages_of(l) == expected_messages{"written", "one 1", "two", "failed", "failed again"});
  CHECK(is_recent(all[1]));
  CHECK(is_recent(all[2]));
  for (std::size_t const i : {0U, 3U, 4U}) CHECK_FALSE(is_recent(all[i]));
  CHECK(all[1].at("level") == "DEBUG");
  CHECK(all[1].at("logger") == "test");
  CHECK(all[1].at("data").at("i") == 1);
  CHECK(all[1].at("timestamp").get<std::string>() <= all[0].at("timestamp").get<std::string>());
  CHECK(all[2].at("timestamp").get<std::string>() < all[3].at("timestamp").get<std::string>());
  auto const end = l.rt.drain(60s);
  CHECK(end.submitted == 5);
  CHECK(end.processed == 5);
  CHECK(end.balanced());
  CHECK(recorder_count(l.rt, "written") == 2);
}

TEST_CASE("dump_recent writes what the thread has kept, from all loggers") {
  support::logged l{recording()};
  auto const other = l.rt.get_logger("other");
  for (int i = 0; i < 3; ++i) {
    l.log.debug("mine");
    other.debug("other");
  }
  l.log.dump_recent();
  l.log.dump_recent();
  auto const all = l.records();
  REQUIRE(all.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) CHECK(all[i].at("logger") == (i % 2 == 0 ? "test" : "other"));
  l.log.debug("later");
  other.dump_recent();
  CHECK(messages_of(l).size() == 7);
}

TEST_CASE("new records replace the oldest, which are counted") {
  constexpr int count = 10'000;
  for (std::size_t const bytes : {4'096U, 16'384U, 65'536U}) {
    CAPTURE(bytes);
    support::logged l{recording(bytes)};
    fapilog::scope const outer{kv("outer", 1)};
    for (int i = 0; i < count; ++i) {
      std::optional<fapilog::scope> inner;
      if (i % 7 == 3) inner.emplace(kv("inner", i));
      l.log.debug("kept", kv("i", i), kv("text", std::string(static_cast<std::size_t>(i % 50), 'x')));
    }
    l.log.error("failed");
    auto const all = l.records();
    auto const kept = all.size() - 1;
    CHECK(kept > bytes / 200);
    CHECK(kept < bytes / 30);
    for (std::size_t n = 0; n < kept; ++n) {
      int const i = count - static_cast<int>(kept) + static_cast<int>(n);
      auto const& data = all[n].at("data");
      REQUIRE(data.at("i") == i);
      REQUIRE(data.at("text").get<std::string>().size() == static_cast<std::size_t>(i % 50));
      REQUIRE(data.at("outer") == 1);
      REQUIRE(data.contains("inner") == (i % 7 == 3));
      if (i % 7 == 3) REQUIRE(data.at("inner") == i);
    }
    CHECK(recorder_count(l.rt, "written") == kept);
    CHECK(recorder_count(l.rt, "overwritten") == static_cast<std::uint64_t>(count) - kept);
    CHECK(l.rt.counts().submitted == kept + 1);
  }
}

TEST_CASE("a recent record has the fields of its scope and of its logger, even if both have ended") {
  support::logged l{recording()};
  {
    fapilog::scope const request{kv("request_id", "r-1")};
    auto const bound = l.rt.get_logger("short").with(kv("worker", std::string(100, 'w')));
    bound.debug("in the request");
    fapilog::scope const step{kv("step", 2)};
    bound.debug("in the step");
  }
  for (int i = 0; i < 100; ++i) {
    auto const gone = l.rt.get_logger("gone" + std::to_string(i)).with(kv("i", i));
    gone.debug("gone");
    if (i % 10 == 0) (void)l.rt.flush(60s);  // the worker deletes loggers that nobody uses
  }
  fapilog::scope const last{kv("request_id", "r-2")};
  l.log.error("failed");
  l.log.info("after");
  auto const all = l.records();
  REQUIRE(all.size() == 104);
  CHECK(all[0].at("logger") == "short");
  CHECK(all[0].at("context").at("request_id") == "r-1");
  CHECK(all[0].at("data").at("worker") == std::string(100, 'w'));
  CHECK_FALSE(all[0].at("data").contains("step"));
  CHECK(all[1].at("context").at("request_id") == "r-1");
  CHECK(all[1].at("data").at("step") == 2);
  for (std::size_t i = 0; i < 100; ++i) {
    CHECK(all[2 + i].at("logger") == "gone" + std::to_string(i));
    CHECK(all[2 + i].at("data").at("i") == i);
    CHECK_FALSE(all[2 + i].at("context").contains("request_id"));
  }
  CHECK(all[102].at("context").at("request_id") == "r-2");
  CHECK(all[103].at("context").at("request_id") == "r-2");
}

TEST_CASE("values of every kind are kept as they were at the call") {
  support::logged l{recording()};
  std::string text = "at the call";
  int computed = 0;
  l.log.debug("types {}", recorded_types::price{1.5}, kv("text", text), kv("order", recorded_types::order{7}),
              fapilog::lazy("lazy", [&] { return ++computed; }), fapilog::sensitive("card", "4111"),
              kv("list", std::vector<int>{1, 2}), kv("none", std::optional<int>{}));
  l.log.log(level::debug, "a level at run time", {{"n", 1}});
  l.log.log(level::debug, fapilog::runtime_text(text), kv("n", 2));
  l.log.debug("a failure", fapilog::caught(std::runtime_error{"broken"}));
  CHECK(computed == 1);
  text.assign(text.size(), '?');
  l.log.critical("failed");
  auto const all = l.records();
  REQUIRE(all.size() == 5);
  CHECK(all[0].at("message") == "types 1.5");
  auto const& data = all[0].at("data");
  CHECK(data.at("text") == "at the call");
  CHECK(data.at("order").at("id") == 7);
  CHECK(data.at("lazy") == 1);
  CHECK(data.at("card") == "***");
  CHECK(data.at("list") == std::vector<int>{1, 2});
  CHECK(all[1].at("data").at("n") == 1);
  CHECK(all[2].at("message") == "at the call");
  CHECK(all[3].at("diagnostics").at("exception").at("error.message") == "broken");
  for (std::size_t i = 0; i < 4; ++i) CHECK(is_recent(all[i]));
}

TEST_CASE("a record that is recorded or written while another one is made has its place before it") {
  support::logged l{recording()};
  auto const log = l.log;
  log.debug("outer", fapilog::lazy("inner", [&] {
              log.debug("inner");
              return 1;
            }));
  log.debug("outer of an error", fapilog::lazy("inner", [&] {
              log.error("inner error");
              return 1;
            }));
  log.error("error", fapilog::lazy("inner", [&] {
              log.debug("inner of the error");
              return 1;
            }));
  CHECK(messages_of(l) == expected_messages{"inner", "outer", "inner error", "outer of an error",
                                            "inner of the error", "error"});
}

TEST_CASE("long records are kept whole as long as all of them take no more than the recorder has") {
  support::logged l{recording(16'384)};
  std::string const ten(10'000, 'x');
  l.log.debug("first", kv("text", ten));
  l.log.debug("second", kv("text", ten));  // replaces the first
  l.log.debug("short", kv("text", std::string(3'000, 'y')));
  l.log.error("failed");
  CHECK(messages_of(l) == expected_messages{"second", "short", "failed"});
  CHECK(l.records()[0].at("data").at("text") == ten);
  CHECK(recorder_count(l.rt, "overwritten") == 1);
  l.log.debug("too long", kv("text", std::string(100'000, 'z')));
  l.log.dump_recent();
  auto const cut = l.last();
  CHECK(cut.at("data").at("_truncated") == true);
  CHECK(cut.at("data").at("text").get<std::string>().size() > 16'000);
  CHECK(cut.at("data").at("text").get<std::string>().size() < 16'384);
}

TEST_CASE("redactors see recent records like any other") {
  auto options = recording();
  options.redactors = {fapilog::redactors::field_mask{{.fields_to_mask = {"data.password"}}}};
  support::logged l{std::move(options)};
  l.log.debug("login", kv("password", "hunter2"));
  l.log.error("failed");
  CHECK(l.records()[0].at("data").at("password") == "***");
  l.log.debug("again", kv("password", "hunter2"));
  l.log.dump_recent();
  CHECK(l.data().at("password") == "***");
}

TEST_CASE("filters and routes decide on recent records by their level") {
  auto all = std::make_shared<support::capture>();
  auto pager = std::make_shared<support::capture>();
  fapilog::runtime rt{{.sinks = {all, {pager, {.route = {.min_level = level::error}}}},
                       .flight_recorder = {.enabled = true}}};
  auto const log = rt.get_logger();
  log.debug("kept");
  log.error("failed");
  REQUIRE(rt.flush(60s));
  CHECK(all->lines().size() == 2);
  CHECK(pager->lines().size() == 1);
  rt.change({.filters = {{fapilog::filters::level{{.min_level = level::info}}}}});
  log.debug("kept");
  log.error("failed");
  auto const end = rt.drain(60s);
  CHECK(all->lines().size() == 3);
  CHECK(end.filtered == 1);
  CHECK(end.balanced());
}

TEST_CASE("the level may change at any time: what it lets pass is written at once and unmarked") {
  support::logged l{recording()};
  l.log.debug("kept");
  l.log.set_level(level::debug);
  l.log.debug("written");
  l.rt.set_level("*", level::critical);
  l.log.set_level(level::warning);
  CHECK(l.log.is_enabled(level::debug));
  l.log.info("kept, too");
  l.log.warning("written, too");
  l.log.error("failed");
  auto const all = l.records();
  REQUIRE(messages_of(l) == expected_messages{"written", "written, too", "kept", "kept, too", "failed"});
  for (std::size_t i = 0; i < 5; ++i) CHECK(is_recent(all[i]) == (i == 2 || i == 3));
  l.log.set_level(level::audit);
  l.log.error("below the level");
  CHECK(messages_of(l).size() == 5);
  l.rt.change({.log_level = level::info, .log_levels = {{}}});
  l.log.error("asks");
  CHECK(messages_of(l) == expected_messages{"written", "written, too", "kept", "kept, too", "failed",
                                            "below the level", "asks"});
}

TEST_CASE("the trigger levels choose what asks for the recent records") {
  auto options = recording();
  options.flight_recorder.level = level::info;
  options.flight_recorder.trigger_levels = fapilog::level_set::of(level::audit);
  options.log_level = level::warning;
  support::logged l{std::move(options)};
  CHECK_FALSE(l.log.is_enabled(level::debug));
  l.log.debug("below the recorder");
  l.log.info("kept");
  l.log.error("no trigger");
  l.log.audit("trigger");
  CHECK(messages_of(l) == expected_messages{"no trigger", "kept", "trigger"});
  support::logged usual{recording()};
  usual.log.debug("kept");
  usual.log.audit("no trigger by default");
  usual.log.security("nor this");
  CHECK(messages_of(usual).size() == 2);
}

TEST_CASE("a thread writes its own records only, and those of a thread that has ended are discarded") {
  support::logged l{recording()};
  l.log.debug("of the main thread");
  std::thread{[&] {
    l.log.debug("of the other thread");
    l.log.error("fails");
    l.log.debug("discarded");
    l.log.debug("discarded, too");
  }}.join();
  CHECK(messages_of(l) == expected_messages{"of the other thread", "fails"});
  CHECK(recorder_count(l.rt, "discarded") == 2);
  std::thread{[&] {
    l.log.error("has nothing from the thread before");
    l.log.debug("third");
    l.log.dump_recent();
  }}.join();
  (void)l.rt.flush(60s);  // old records of one lane may come before new ones of another
  l.log.error("main");
  CHECK(messages_of(l) == expected_messages{"of the other thread", "fails",
                                            "has nothing from the thread before", "third",
                                            "of the main thread", "main"});
  CHECK(recorder_count(l.rt, "written") == 3);
  CHECK(recorder_count(l.rt, "failed") == 0);
}

TEST_CASE("recent records that find no room in the lane are dropped and counted, and the error is not") {
  for (auto const when_full : {fapilog::when_full::drop, fapilog::when_full::wait}) {
    auto sink = std::make_shared<support::gate_sink>();
    fapilog::runtime rt{{.batch_max_size = 1,
                         .when_full = when_full,
                         .backpressure_wait = 20ms,
                         .lane_bytes = 4096,
                         .protected_share = 0.25,
                         .sinks = {{sink, {.thread = fapilog::sink_thread::shared}}},
                         .flight_recorder = {.enabled = true}}};
    auto const log = rt.get_logger();
    log.info("held");
    REQUIRE(sink->wait_until_held());
    for (int i = 0; i < 500; ++i) log.debug("kept", kv("i", i));
    log.debug("long", kv("text", std::string(10'000, 'x')));
    log.error("failed");
    auto const meanwhile = rt.counts();
    CHECK(meanwhile.submitted == 503);
    CHECK(meanwhile.dropped.queue_full > 300);
    CHECK(meanwhile.balanced());
    sink->open();
    auto const end = rt.drain(60s);
    CHECK(end.complete);
    CHECK(sink->passed_errors() == 1);
    CHECK(end.processed + end.dropped.queue_full == 503);
    CHECK(end.processed == sink->passed());
    CHECK(end.balanced());
  }
}

TEST_CASE("with block, the recent records wait for room, however many they are") {
  auto options = recording();
  options.lane_bytes = 4096;
  options.when_full = fapilog::when_full::block;
  support::logged l{std::move(options)};
  for (int i = 0; i < 500; ++i) l.log.debug("kept", kv("i", i));
  l.log.debug("long", kv("text", std::string(10'000, 'x')));
  l.log.error("failed");
  auto const all = l.records();
  REQUIRE(all.size() == 502);
  for (std::size_t i = 0; i < 500; ++i) REQUIRE(all[i].at("data").at("i") == i);
}

TEST_CASE("a runtime that has ended records and writes nothing") {
  support::logged l{recording()};
  l.log.debug("kept");
  (void)l.rt.drain(60s);
  l.log.debug("kept");
  l.log.dump_recent();
  l.log.error("too late");
  auto const end = l.rt.counts();
  CHECK(end.submitted == 1);
  CHECK(end.dropped.closed == 1);
  CHECK(end.balanced());
}

TEST_CASE("loggers and scopes that only recent records refer to are freed") {
  support::logged l{recording(4096)};
  for (int i = 0; i < 20'000; ++i) {
    fapilog::scope const request{kv("request", i), kv("text", std::string(100, 'x'))};
    auto const bound = l.log.with(kv("i", i));
    bound.debug("kept", kv("large", std::string(i % 100 == 0 ? 2'000 : 1, 'x')));
  }
  l.log.error("failed");
  auto const all = l.records();
  REQUIRE(all.size() > 10);
  auto const& newest = all[all.size() - 2].at("data");
  CHECK(newest.at("request") == 19'999);
  CHECK(newest.at("i") == 19'999);
}

TEST_CASE("each use of the processor's counter and of barriers can keep records") {
  auto options = recording();
  options.use_tsc = false;
  options.use_membarrier = false;
  support::logged l{std::move(options)};
  for (int i = 0; i < 10; ++i) l.log.debug("kept {}", i);
  l.log.error("failed");
  CHECK(messages_of(l).size() == 11);
}
