// SPDX-License-Identifier: MIT
// The testing kit: captured records, manual clock, faults and conformance checks.
#include "support/batches.hpp"
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/testing/capture.hpp>
#include <fapilog/testing/conformance.hpp>
#include <fapilog/testing/faulty.hpp>
#include <fapilog/testing/manual_clock.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace kit = fapilog::testing;
using fapilog::kv;
using namespace std::chrono_literals;

TEST_CASE("captured records are found by level, message and values, and can be waited for") {
  auto sink = std::make_shared<kit::capture>();
  fapilog::runtime rt{{.sinks = {sink}}};
  auto const log = rt.get_logger("shop");
  std::thread caller{[&] {
    log.info("started");
    log.error("charge failed", kv("order", 1001), kv("user_id", "u-9"), kv("tags", std::vector<int>{1, 2}));
  }};
  CHECK(sink->wait_for(kit::has_level(fapilog::level::error) && kit::has_message("charge failed") &&
                       kit::has_value("data.order", "1001") && kit::has_value("context.user_id", "u-9")));
  caller.join();
  CHECK(sink->wait_for(2));
  CHECK(sink->size() == 2);
  CHECK(sink->batches() >= 1);
  CHECK(sink->count(kit::message_contains("start")) == 1);
  CHECK_FALSE(sink->contains(kit::has_value("data.order", "1")));
  CHECK_FALSE(sink->wait_for(kit::has_message("never"), 1ms));
  auto const records = sink->records();
  CHECK(records[1].logger == "shop");
  CHECK(records[1].value("data.tags") == "[1,2]");
  CHECK(records[1].value("data.nothing").empty());
  CHECK(records[1].has("diagnostics.service"));
  CHECK(records[0].json.find("started") != std::string::npos);
  sink->clear();
  CHECK(sink->size() == 0);
}

TEST_CASE("a manual clock moves only when it is advanced, in all copies") {
  kit::manual_clock const clock{1'000};
  auto const now = clock.function();
  CHECK(now() == 1'000);
  clock.advance(2us);
  CHECK(now() == 3'000);
  CHECK(clock.now_ns() == 3'000);
  CHECK(kit::manual_clock{}.now_ns() == 1'767'225'600'000'000'000);
}

TEST_CASE("a faulty sink fails, hangs, throws and rejects on request") {
  auto sink = std::make_shared<kit::faulty_sink>(kit::fault::hang);
  sink->reject([](fapilog::event const& e) { return e.message == "refused"; });
  fapilog::runtime rt{
      {.sinks = {{sink, {.retry = {.attempts = 0, .first_delay = 1ms, .longest_delay = 1ms}}}},
       .diagnostics_output = [](std::string_view) {}}};
  auto const log = rt.get_logger();
  log.info("taken");
  CHECK(sink->wait_for_calls(1));
  CHECK_FALSE(rt.flush(1ms));
  sink->set(kit::fault::retry);
  CHECK(sink->wait_for_calls(3));
  CHECK_FALSE(sink->health().healthy);
  sink->set(kit::fault::throws);
  CHECK(sink->wait_for_calls(5));
  sink->set(kit::fault::none);
  CHECK(sink->taken().wait_for(1));
  log.info("refused");
  auto const end = rt.drain(60s);
  CHECK(end.processed == 1);
  CHECK(end.rejected == 1);
}

TEST_CASE("a faulty sink takes the records of a batch that it does not reject") {
  kit::faulty_sink sink;
  sink.reject([](fapilog::event const& e) { return e.message == "bad"; });
  support::events records;
  for (char const* message : {"good", "bad", "better"}) records.add(message);
  auto const result = sink.write(records.batch());
  CHECK(result.rejected_entries() == std::vector<std::size_t>{1});
  CHECK(sink.taken().size() == 2);
  CHECK(sink.taken().contains(kit::has_message("better")));
  CHECK_FALSE(sink.taken().contains(kit::has_message("bad")));
}

TEST_CASE("a faulty stage has the effect that its kind allows and no other") {
  kit::faulty_stage const stage;
  auto sink = std::make_shared<kit::capture>();
  fapilog::runtime rt{{.filters = {stage},
                       .enrichers = {stage},
                       .processors = {stage},
                       .sinks = {sink},
                       .diagnostics_output = [](std::string_view) {}}};
  rt.get_logger().info("kept");
  CHECK(rt.drain(60s).processed == 1);
  fapilog::runtime closed{
      {.redactors = {stage}, .sinks = {sink}, .diagnostics_output = [](std::string_view) {}}};
  closed.get_logger().info("dropped");
  CHECK(closed.drain(60s).failed == 1);
  stage.set(kit::fault::none);
  fapilog::runtime healed{{.filters = {stage}, .redactors = {stage}, .sinks = {sink}}};
  healed.get_logger().info("kept");
  CHECK(healed.drain(60s).processed == 1);
}

TEST_CASE("conforming plugins pass, and violations are found") {
  CHECK(kit::check_sink(std::make_shared<kit::capture>()).empty());
  CHECK(kit::check_enricher(fapilog::enrichers::runtime_info{}).empty());
  CHECK(kit::check_enricher(fapilog::enrichers::source_location{}).empty());
  CHECK(kit::check_filter([](fapilog::event const&) { return true; }).empty());
  CHECK(kit::check_redactor([](fapilog::event&) {}).empty());
  CHECK(kit::check_processor([](fapilog::event const&, std::string&) { return true; }).empty());

  struct bad_sink {
    static fapilog::write_result write(fapilog::batch const& entries) {
      if (entries.empty()) throw std::runtime_error{"nothing to write"};
      if (entries.size() == 7) return fapilog::write_result::retry("not seven");
      return fapilog::write_result::rejected({entries.size()}, "one too many");
    }
  };
  auto const found = kit::check_sink(bad_sink{});
  REQUIRE(found.size() == 5);
  CHECK(found[0] == "write rejected entry 1, which does not exist");
  CHECK(found[1] == "write of 0 records threw: nothing to write");
  CHECK(found[2] == "write of 7 records returned a retry: not seven");
  auto const growing =
      kit::check_redactor([](fapilog::event& e) { e.message = e.copy(std::string{e.message} + "*"); });
  CHECK_FALSE(growing.empty());
  CHECK_FALSE(kit::check_filter([](fapilog::event const&) -> bool { throw 1; }).empty());
}
