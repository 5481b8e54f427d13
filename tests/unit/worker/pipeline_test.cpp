// SPDX-License-Identifier: MIT
// The order of the stages, what each may do to an event, and what happens if one throws.
#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/logged.hpp"

#include <fapilog/fapilog.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using fapilog::kv;
using namespace std::chrono_literals;

namespace {

struct keeps_odd {
  int* calls;
  bool keep(fapilog::event const& e) const {
    ++*calls;
    return e.data.find("i")->i64 % 2 == 1;
  }
};

struct adds_region {
  static void enrich(fapilog::event& e) { e.diagnostics.set("region", fapilog::value::of_string("eu")); }
};

struct masks_password {
  static void redact(fapilog::event& e) {
    if (auto* const secret = e.data.edit("password")) *secret = fapilog::value::of_string("***");
  }
};

struct shouts {
  static bool process(fapilog::event const&, std::string& line) {
    auto const at = line.find("quiet");
    if (at != std::string::npos) line.replace(at, 5, "LOUD!");
    return true;
  }
};

}  // namespace

TEST_CASE("filters, enrichers, redactors and processors each take effect") {
  auto sink = std::make_shared<support::capture>();
  int calls = 0;
  fapilog::runtime rt{{.filters = {keeps_odd{&calls}},
                       .enrichers = {adds_region{}},
                       .redactors = {masks_password{}},
                       .processors = {shouts{}},
                       .sinks = {sink}}};
  auto const log = rt.get_logger();
  for (int i = 0; i < 10; ++i) log.info("quiet", kv("i", i), kv("password", "hunter2"));
  auto const end = rt.drain(30s);
  CHECK(calls == 10);
  CHECK(end.filtered == 5);
  CHECK(end.processed == 5);
  CHECK(end.balanced());
  REQUIRE(sink->lines().size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    auto const part = sink->at(i).at("log");
    CHECK(part.at("message") == "LOUD!");
    CHECK(part.at("data").at("password") == "***");
    CHECK(part.at("diagnostics").at("region") == "eu");
    CHECK(sink->lines()[i].find("hunter2") == std::string::npos);
  }
}

TEST_CASE("an enricher sees what those before it added, and redactors see all of it") {
  auto sink = std::make_shared<support::capture>();
  fapilog::runtime rt{{.enrichers = {[](fapilog::event& e) { e.data.set("a", fapilog::value::of_number(1)); },
                                     [](fapilog::event& e) {
                                       e.data.set("b", fapilog::value::of_number(e.data.find("a")->i64 + 1));
                                     }},
                       .redactors = {[](fapilog::event& e) { e.data.erase("a"); },
                                     [](fapilog::event& e) {
                                       bool const has_a = e.data.find("a") != nullptr;
                                       e.data.set("c", fapilog::value::of_number(has_a ? 1 : 3));
                                     }},
                       .sinks = {sink}}};
  rt.get_logger().info("x");
  (void)rt.drain(30s);
  CHECK(sink->last().at("data") == nlohmann::json{{"b", 2}, {"c", 3}});
}

TEST_CASE("functions can be stages") {
  auto sink = std::make_shared<support::capture>();
  fapilog::runtime rt{
      {.filters = {[](fapilog::event const& e) { return e.severity >= fapilog::level::warning; }},
       .processors = {[](fapilog::event const&, std::string& line) {
         line += ' ';
         return line.find("drop me") == std::string::npos;
       }},
       .sinks = {sink}}};
  auto const log = rt.get_logger();
  log.info("filtered");
  log.error("kept");
  log.error("drop me");
  auto const end = rt.drain(30s);
  CHECK(end.filtered == 1);
  CHECK(end.failed == 1);
  CHECK(end.processed == 1);
  CHECK(end.balanced());
  CHECK(sink->last().at("message") == "kept");
}

TEST_CASE("a record passes a filter or enricher that throws, but not a redactor that throws") {
  auto sink = std::make_shared<support::capture>();
  auto const throws_for = [](std::string const& word) {
    return [word](fapilog::event const& e) {
      if (e.message == word) throw std::runtime_error{"thrown by a stage"};
    };
  };
  std::string reported;
  fapilog::account end;
  {
    fapilog::runtime rt{{.filters = {[&](fapilog::event const& e) {
                           throws_for("filter")(e);
                           return true;
                         }},
                         .enrichers = {[&](fapilog::event& e) { throws_for("enricher")(e); }},
                         .redactors = {[&](fapilog::event& e) { throws_for("redactor")(e); }},
                         .processors = {[&](fapilog::event const& e, std::string& line) {
                           line += "   ";
                           throws_for("processor")(e);
                           return true;
                         }},
                         .sinks = {sink},
                         .diagnostics_output = [&](std::string_view line) { reported += line; }}};
    auto const log = rt.get_logger();
    for (auto const* const word : {"filter", "enricher", "redactor", "processor", "none"}) {
      log.info(fapilog::runtime_text(word));
    }
    end = rt.drain(30s);
  }
  std::vector<std::string> messages;
  for (std::size_t i = 0; i < sink->lines().size(); ++i)
    messages.push_back(sink->at(i).at("log").at("message"));
  CHECK(messages == std::vector<std::string>{"filter", "enricher", "processor", "none"});
  CHECK(end.failed == 1);
  CHECK(end.processed == 4);
  CHECK(end.balanced());
  for (auto const* const words :
       {"a filter threw", "an enricher threw", "a redactor threw", "a processor threw"}) {
    CHECK(reported.find(words) != std::string::npos);
  }
  // The text of an exception may contain what a redactor would mask; its type cannot.
  CHECK(reported.find("thrown by a stage") == std::string::npos);
  CHECK(reported.find("std::runtime_error") != std::string::npos);
}

TEST_CASE("the message of an exception from a stage is reported if there are no redactors") {
  support::logged test{
      {.filters = {[](fapilog::event const&) -> bool { throw std::runtime_error{"no table"}; }}}};
  test.log.info("x");
  CHECK(test.records().size() == 1);
  CHECK(test.diagnostics_text().find("no table") != std::string::npos);
}

TEST_CASE("members prepared for all records of a batch can be changed in one of them") {
  auto sink = std::make_shared<support::capture>();
  auto const edits = [](fapilog::event& e) {
    auto const* const i = e.data.find("i");
    if (i == nullptr) return;
    if (i->i64 == 1) e.diagnostics.set("host", fapilog::value::of_string("hidden"));
    if (i->i64 == 2) e.diagnostics.erase("pid");
    if (i->i64 == 3) {
      for (fapilog::member& m : e.diagnostics.edit()) {
        if (m.key == "service") m.value = fapilog::value::of_string("other");
      }
    }
    if (i->i64 == 4) *e.diagnostics.edit("env") = fapilog::value::of_number(4);
  };
  fapilog::runtime rt{
      {.batch_timeout = 10s, .service = "billing", .env = "test", .redactors = {edits}, .sinks = {sink}}};
  auto const log = rt.get_logger();
  for (int i = 0; i < 6; ++i) log.info("edited", kv("i", i));
  REQUIRE(rt.drain(30s).processed == 6);
  auto const diagnostics = [&](std::size_t i) { return sink->at(i).at("log").at("diagnostics"); };
  auto const untouched = diagnostics(0);
  CHECK(untouched.at("service") == "billing");
  CHECK(untouched.at("env") == "test");
  CHECK(untouched.size() == 6);
  CHECK(diagnostics(5) == untouched);
  CHECK(diagnostics(1).at("host") == "hidden");
  CHECK(diagnostics(1).size() == 6);
  CHECK(diagnostics(2).size() == 5);
  CHECK_FALSE(diagnostics(2).contains("pid"));
  CHECK(diagnostics(3).at("service") == "other");
  CHECK(diagnostics(4).at("env") == 4);
}
