// SPDX-License-Identifier: MIT
// The adaptive pipeline: levels of pressure, cooldowns, and what each level removes.
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/switched_sink.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/worker/pressure.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

using fapilog::level;
using fapilog::pressure_level;
using fapilog::detail::pressure;
using namespace std::chrono_literals;

namespace {

struct timeline {
  pressure state;
  pressure::clock::time_point now{1h};

  explicit timeline(fapilog::adaptive_options options)
      : state(options, fapilog::level_set::of(level::error),
              std::make_shared<fapilog::diagnostics>([](std::string_view) {})) {}
  pressure_level after(std::chrono::milliseconds time, double fill, std::size_t open = 0) {
    now += time;
    state.evaluate(now, fill, open);
    return state.summary().now;
  }
};

constexpr fapilog::adaptive_options ordinary{.enabled = true};

}  // namespace

TEST_CASE("pressure rises and falls by one level at a time, with a cooldown after each change") {
  timeline t{ordinary};
  CHECK(t.after(0ms, 0.59) == pressure_level::normal);
  CHECK(t.after(250ms, 1.0) == pressure_level::elevated);
  CHECK(t.after(250ms, 1.0) == pressure_level::elevated);
  CHECK(t.after(2s, 1.0) == pressure_level::high);
  CHECK(t.after(2s, 0.91) == pressure_level::high);
  CHECK(t.after(2s, 0.92) == pressure_level::critical);
  CHECK(t.after(2s, 0.75) == pressure_level::critical);
  CHECK(t.after(2s, 0.0) == pressure_level::high);
  CHECK(t.after(2s, 0.61) == pressure_level::high);
  CHECK(t.after(2s, 0.59) == pressure_level::elevated);
  CHECK(t.after(2s, 0.40) == pressure_level::elevated);
  CHECK(t.after(2s, 0.39) == pressure_level::normal);
  auto const summary = t.state.summary();
  CHECK(summary.peak == pressure_level::critical);
  CHECK(summary.escalations == 3);
  CHECK(summary.deescalations == 3);
}

TEST_CASE("an open circuit adds to the pressure") {
  timeline t{ordinary};
  CHECK(t.after(0ms, 0.45, 0) == pressure_level::normal);
  CHECK(t.after(250ms, 0.45, 1) == pressure_level::elevated);
}

TEST_CASE("each level of pressure leaves out more records, but never a protected one") {
  timeline t{{.enabled = true, .cooldown = 0ms}};
  auto const shed = [&](level severity) {
    int count = 0;
    for (int i = 0; i < 100; ++i) count += t.state.shed(severity) ? 1 : 0;
    return count;
  };
  CHECK(shed(level::debug) == 0);
  (void)t.after(1s, 1.0);
  CHECK(shed(level::info) == 50);
  CHECK(shed(level::warning) == 0);
  (void)t.after(1s, 1.0);
  CHECK(shed(level::info) == 100);
  CHECK(shed(level::warning) == 0);
  (void)t.after(1s, 1.0);
  CHECK(shed(level::warning) == 100);
  CHECK(shed(level::error) == 0);
  CHECK(t.state.summary().shed == 250);
}

TEST_CASE("without filter_tightening nothing is left out, and batches grow only if configured") {
  timeline t{{.enabled = true, .cooldown = 0ms, .filter_tightening = false, .batch_sizing = true}};
  CHECK(t.state.batch_factor() == 1);
  (void)t.after(1s, 1.0);
  CHECK(t.state.batch_factor() == 1);
  (void)t.after(1s, 1.0);
  CHECK(t.state.batch_factor() == 2);
  (void)t.after(1s, 1.0);
  CHECK(t.state.batch_factor() == 4);
  CHECK_FALSE(t.state.shed(level::debug));
  timeline plain{{.enabled = true, .cooldown = 0ms}};
  for (int i = 0; i < 3; ++i) (void)plain.after(1s, 1.0);
  CHECK(plain.state.batch_factor() == 1);
}

namespace {

/// Lets the worker take a batch only after the caller has filled its lane again, however slow either of them is.
class refilled_sink : public support::switched_sink {
 public:
  refilled_sink() : switched_sink("flooded") {}
  fapilog::write_result write(fapilog::batch const& entries) {
    if (!over_) fills_.wait(seen_);
    seen_ = fills_;
    return switched_sink::write(entries);
  }
  void filled() {
    ++fills_;
    fills_.notify_all();
  }
  void flood_is_over() {
    over_ = true;
    filled();
  }

 private:
  std::atomic<bool> over_{false};
  std::atomic<int> fills_{0};
  int seen_ = 0;
};

}  // namespace

TEST_CASE("under pressure a runtime leaves records out, reports it, and returns to normal") {
  auto sink = std::make_shared<refilled_sink>();
  std::string reported;
  fapilog::runtime rt{{.lane_bytes = 65'536,
                       .sinks = {{sink, {.thread = fapilog::sink_thread::shared}}},
                       .adaptive = {.enabled = true, .check_interval = 1ms, .cooldown = 0ms},
                       .diagnostics_output = [&](std::string_view line) { reported += line; }}};
  auto const log = rt.get_logger();
  CHECK(support::eventually([&] {
    for (int i = 0; i < 4'000; ++i) log.info("flood {}", i);  // more than a lane has room for
    sink->filled();
    return rt.counts().pressure.peak == pressure_level::critical;
  }));
  sink->flood_is_over();
  REQUIRE(rt.flush(60s).complete);
  log.error("kept");
  CHECK(support::eventually([&] { return rt.counts().pressure.now == pressure_level::normal; }));
  log.info("after");
  auto const end = rt.drain(60s);
  CHECK(end.pressure.peak == pressure_level::critical);
  CHECK(end.pressure.shed > 0);
  CHECK(end.filtered == end.pressure.shed);
  CHECK(end.balanced());
  auto const messages = sink->messages();
  CHECK(std::count(messages.begin(), messages.end(), "kept") == 1);
  CHECK(messages.back() == "after");
  CHECK(reported.find("raised to elevated") != std::string::npos);  // more lines may be suppressed
  CHECK(reported.find("shed_under_pressure ") != std::string::npos);
}
