// SPDX-License-Identifier: MIT
// Delivery to a sink: retries, rejections, sinks that throw or do not start, and the account of each record.
#include "support/capture.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using fapilog::write_result;
using support::captured_diagnostics;
using namespace std::chrono_literals;

namespace {

/// A sink with a scripted result for each call, which keeps what it took.
struct reported {
  std::function<write_result(fapilog::batch const&, int call)> answer;
  int calls = 0;
  std::vector<std::string> messages;

  write_result write(fapilog::batch const& entries) { return answer(entries, ++calls); }
  void take(fapilog::batch const& entries, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) messages.emplace_back(entries[i].event.message);
  }
  [[nodiscard]] static std::string name() { return "reported"; }
};

constexpr fapilog::retry_options quick{.attempts = 3, .first_delay = 1ms, .longest_delay = 2ms};

}  // namespace

TEST_CASE("a batch is retried until the sink takes it") {
  auto sink = std::make_shared<reported>();
  sink->answer = [&](fapilog::batch const& entries, int call) {
    if (call < 3) return write_result::retry("not yet");
    sink->take(entries, entries.size());
    return write_result::delivered();
  };
  fapilog::runtime rt{{.sinks = {sink}, .retry = quick}};
  rt.get_logger().info("persistent");
  auto const end = rt.drain(30s);
  CHECK(sink->messages == std::vector<std::string>{"persistent"});
  CHECK(end.processed == 1);
  CHECK(end.retried == 2);
  CHECK(end.failed == 0);
  CHECK(end.balanced());
}

TEST_CASE("after a partial write only the rest is retried") {
  auto sink = std::make_shared<reported>();
  sink->answer = [&](fapilog::batch const& entries, int call) {
    if (call == 2) {
      REQUIRE(entries.size() == 5);
      sink->take(entries, 2);
      return write_result::retry("two only", 2);
    }
    sink->take(entries, entries.size());
    return write_result::delivered();
  };
  fapilog::basic_runtime<fapilog::presets::production> rt{
      {.batch_max_size = 5, .batch_timeout = 1h, .sinks = {sink}, .retry = quick}};
  auto const log = rt.get_logger();
  // The first record is a batch of its own; the next five are one full batch.
  std::vector<std::string> expected{"first"};
  log.info("first");
  REQUIRE(rt.flush(30s));
  for (int i = 0; i < 5; ++i) {
    expected.push_back("record " + std::to_string(i));
    log.info("record {}", i);
  }
  auto const end = rt.drain(30s);
  std::sort(sink->messages.begin(), sink->messages.end());
  CHECK(sink->messages == expected);
  CHECK(end.processed == 6);
  CHECK(end.balanced());
}

TEST_CASE("a sink that keeps failing loses its records, which are counted and reported, and then recovers") {
  auto sink = std::make_shared<reported>();
  bool broken = true;
  sink->answer = [&](fapilog::batch const& entries, int) {
    if (broken) return write_result::retry("the disk is on fire");
    sink->take(entries, entries.size());
    return write_result::delivered();
  };
  captured_diagnostics reported;
  fapilog::runtime rt{{.batch_max_size = 1, .sinks = {sink}, .retry = quick, .diagnostics_output = reported}};
  auto const log = rt.get_logger();
  log.info("lost");
  auto const first = rt.flush(30s);
  CHECK(first.failed == 1);
  CHECK(first.retried == 2);
  CHECK(sink->calls == 3);
  CHECK(reported.contains("the disk is on fire"));
  log.info("lost, too");
  (void)rt.flush(30s);
  CHECK(sink->calls == 4);  // while it fails, a batch has one attempt: other sinks must not starve
  broken = false;
  log.info("taken");
  auto const end = rt.drain(30s);
  CHECK(sink->messages == std::vector<std::string>{"taken"});
  CHECK(reported.contains("the sink works again"));
  CHECK(end.processed == 1);
  CHECK(end.failed == 2);
  CHECK(end.balanced());
}

TEST_CASE("rejected records count as rejected and do not delay the others") {
  auto sink = std::make_shared<reported>();
  sink->answer = [&](fapilog::batch const& entries, int) {
    std::vector<std::size_t> refused;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].event.message == "poison") refused.push_back(i);
    }
    return refused.empty() ? write_result::delivered()
                           : write_result::rejected(refused, "poison is not taken");
  };
  captured_diagnostics reported;
  fapilog::runtime rt{{.sinks = {sink}, .diagnostics_output = reported}};
  auto const log = rt.get_logger();
  for (int i = 0; i < 10; ++i) {
    log.info("good");
    if (i == 5) log.info("poison");
  }
  auto const end = rt.drain(30s);
  CHECK(end.processed == 10);
  CHECK(end.rejected == 1);
  CHECK(end.failed == 0);
  CHECK(end.balanced());
  CHECK(rt.sink_counts()[0].second.rejected == 1);
  CHECK(reported.contains("poison is not taken"));
}

TEST_CASE("a fallback that takes part of a batch is credited with that part") {
  bool const rejects = GENERATE(true, false);
  auto sink = std::make_shared<reported>();
  sink->answer = [](fapilog::batch const&, int) { return write_result::retry("down"); };
  auto spare = std::make_shared<reported>();
  spare->answer = [&](fapilog::batch const& entries, int) {
    std::size_t const taken = entries.size() - 1;  // all but the last
    spare->take(entries, taken);
    return rejects ? write_result::rejected({taken}, "one too many") : write_result::retry("full", taken);
  };
  fapilog::runtime rt{{.batch_max_size = 4,
                       .batch_timeout = 1h,
                       .sinks = {{sink, {.retry = {.attempts = 1}, .fallback = spare}}},
                       .diagnostics_output = captured_diagnostics{}}};
  for (int i = 0; i < 4; ++i) rt.get_logger().info("record {}", i);
  auto const end = rt.drain(30s);
  auto const account = rt.sink_counts()[0].second;
  CHECK(account.to_fallback == spare->messages.size());
  CHECK(account.failed == 4 - spare->messages.size());
  CHECK(account.to_fallback > 0);
  CHECK(account.balanced());
  CHECK(end.processed == account.to_fallback);
  CHECK(end.failed == account.failed);
}

TEST_CASE("a fallback that does not start gets no records, and is started again when it is needed next") {
  struct late {
    int starts = 0;
    int writes = 0;
    int writes_before_start = 0;
    bool is_started = false;
    void start(fapilog::start_context const&) {
      if (++starts == 1) throw std::runtime_error{"the spare disk is not mounted"};
      is_started = true;
    }
    void write(fapilog::batch const&) { ++(is_started ? writes : writes_before_start); }
  };
  auto sink = std::make_shared<reported>();
  sink->answer = [](fapilog::batch const&, int) { return write_result::retry("down"); };
  auto spare = std::make_shared<late>();
  captured_diagnostics reported;
  fapilog::runtime rt{
      {.sinks = {{sink, {.retry = {.attempts = 1}, .fallback = spare}}}, .diagnostics_output = reported}};
  for (int i = 0; i < 3; ++i) {
    rt.get_logger().info("record {}", i);
    (void)rt.flush(30s);
  }
  (void)rt.drain(30s);
  CHECK(spare->starts == 2);
  CHECK(spare->writes == 2);
  CHECK(spare->writes_before_start == 0);
  CHECK(rt.sink_counts()[0].second.to_fallback == 2);
  CHECK(rt.sink_counts()[0].second.failed == 1);
  CHECK(reported.contains("the spare disk is not mounted"));
}

TEST_CASE("a failing sink takes no records from another sink, and they count as failed") {
  auto good = std::make_shared<support::capture>();
  auto bad = std::make_shared<reported>();
  bad->answer = [](fapilog::batch const&, int) -> write_result { throw std::runtime_error{"broken"}; };
  captured_diagnostics reported;
  fapilog::runtime rt{{.sinks = {bad, good}, .retry = {.attempts = 1}, .diagnostics_output = reported}};
  auto const log = rt.get_logger();
  for (int i = 0; i < 50; ++i) log.info("to both");
  auto const end = rt.drain(30s);
  CHECK(good->lines().size() == 50);
  CHECK(end.failed == 50);
  CHECK(end.processed == 0);
  CHECK(end.balanced());
  CHECK(reported.contains("broken"));
}

TEST_CASE("a sink that does not start is reported and started again, and its records are counted") {
  struct late {
    int starts = 0;
    int writes = 0;
    void start(fapilog::start_context const&) {
      if (++starts == 1) throw std::runtime_error{"no such server"};
    }
    void write(fapilog::batch const&) { ++writes; }
    [[nodiscard]] static fapilog::sink_health health() { return {true, "up"}; }
  };
  auto sink = std::make_shared<late>();
  captured_diagnostics reported;
  fapilog::runtime rt{{.sinks = {sink}, .diagnostics_output = reported}};
  auto const log = rt.get_logger();
  log.info("too early");
  auto const early = rt.flush(30s);
  CHECK(early.failed == 1);
  CHECK(reported.contains("no such server"));
  auto const give_up = std::chrono::steady_clock::now() + 30s;
  std::uint64_t submitted = 1;
  while (rt.counts().processed == 0 && std::chrono::steady_clock::now() < give_up) {
    log.info("again");
    ++submitted;
    (void)rt.flush(30s);
  }
  auto const end = rt.drain(30s);
  CHECK(sink->starts == 2);
  CHECK(end.processed > 0);
  CHECK(end.submitted == submitted);
  CHECK(end.balanced());
}

TEST_CASE("start, write, flush and stop are called in this order, stop once, and the health is updated") {
  struct ordered {
    std::vector<std::string> calls;
    void start(fapilog::start_context const&) { calls.emplace_back("start"); }
    void write(fapilog::batch const&) { calls.emplace_back("write"); }
    void flush() { calls.emplace_back("flush"); }
    void stop() { calls.emplace_back("stop"); }
    [[nodiscard]] static fapilog::sink_health health() { return {false, "tired"}; }
    [[nodiscard]] static std::string name() { return "ordered"; }
  };
  auto sink = std::make_shared<ordered>();
  fapilog::runtime rt{{.sinks = {sink}}};
  rt.get_logger().info("x");
  (void)rt.drain(30s);
  (void)rt.drain(30s);
  CHECK(sink->calls == std::vector<std::string>{"start", "write", "flush", "stop"});
  REQUIRE(rt.health().size() == 1);
  CHECK(rt.health()[0].first == "ordered");
  CHECK_FALSE(rt.health()[0].second.healthy);
  CHECK(rt.health()[0].second.detail == "tired");
}

TEST_CASE("a user's own sink takes fewer than ten lines") {
  struct counting {
    std::size_t* count;
    void write(fapilog::batch const& entries) const { *count += entries.size(); }
  };
  std::size_t count = 0;
  fapilog::runtime rt{{.sinks = {counting{&count}}}};
  for (int i = 0; i < 7; ++i) rt.get_logger().info("counted");
  (void)rt.drain(30s);
  CHECK(count == 7);
}

TEST_CASE("a batch that a sink keeps does not change") {
  struct keeper {
    std::vector<fapilog::batch> kept;
    void write(fapilog::batch const& entries) { kept.push_back(entries); }
  };
  auto sink = std::make_shared<keeper>();
  {
    fapilog::runtime rt{{.batch_max_size = 3, .when_full = fapilog::when_full::block, .sinks = {sink}}};
    auto const log = rt.get_logger("kept").with(fapilog::kv("bound", std::string(100, 'b')));
    auto const scope = fapilog::scope(fapilog::kv("tenant_id", "t"));
    for (int i = 0; i < 1'000; ++i) log.info("message {}", i, fapilog::kv("text", std::string(50, 'x')));
    log.log(fapilog::custom_level(25), "message 1000", fapilog::kv("text", std::string(50, 'x')));
    (void)rt.drain(30s);
  }
  int next = 0;
  for (auto const& entries : sink->kept) {
    for (auto const& e : entries) {
      CHECK(e.event.logger == "kept");
      CHECK(e.event.level_name == (next < 1'000 ? "INFO" : "LEVEL_25"));
      CHECK(e.event.message == "message " + std::to_string(next++));
      auto const log = nlohmann::json::parse(e.json).at("log");
      CHECK(log.at("data").at("bound") == std::string(100, 'b'));
      REQUIRE(e.event.data.find("text") != nullptr);
      CHECK(e.event.data.find("text")->as_string() == std::string(50, 'x'));
      REQUIRE(e.event.context.find("tenant_id") != nullptr);
      CHECK(e.event.context.find("tenant_id")->as_string() == "t");
    }
  }
  CHECK(next == 1'001);
}
