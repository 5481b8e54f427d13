// SPDX-License-Identifier: MIT
// A record whose redactor throws: in no mode does an unredacted value pass.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/logged.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/worker/pipeline.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

using Catch::Matchers::ContainsSubstring;
using fapilog::kv;
using fapilog::redaction_fail_mode;
using fapilog::value;

namespace {

/// A pipeline with one redactor, and its diagnostics.
struct line {
  explicit line(redaction_fail_mode mode, fapilog::any_redactor redactor)
      : stages({.filters = {},
                .enrichers = {},
                .redactors = {std::move(redactor)},
                .processors = {},
                .on_failed_redaction = mode},
               std::make_shared<fapilog::diagnostics>([this](std::string_view text) { reported += text; })) {}

  /// The JSON of the event, or an empty string if it was dropped.
  std::string run(fapilog::event& e) {
    if (stages.run(e) != fapilog::detail::pipeline::verdict::keep) return {};
    fapilog::detail::text_buffer text;
    REQUIRE(stages.write(e, text));
    return std::string{text.view()};
  }

  std::string reported;
  fapilog::detail::pipeline stages;
};

/// Redacts a part, then throws an exception whose message contains the value.
struct fails_half_way {
  static void redact(fapilog::event& e) {
    e.data.set("looked_at", value::of_string("***"));
    throw std::runtime_error{"cannot read 'hunter2'"};
  }
};

fapilog::event& secret_event(support::events& events) {
  fapilog::event& e = events.add("the password is hunter2");
  e.context.set("user_id", value::of_string("hunter2"));
  e.data.set("password", value::of_string("hunter2"));
  e.data.set("pin", value::of_number(4711));
  e.data.set("list", events.array({value::of_string("hunter2")}));
  e.data.set("object", events.object({{"hunter2", value::of_string("hunter2")}}));
  e.data.set("nothing", value{});
  e.data.set("tok-hunter2", value::of_number(1));
  e.diagnostics.set(
      "exception", events.object({{"error.message", value::of_string("hunter2")}}, fapilog::kind::exception));
  return e;
}

}  // namespace

TEST_CASE("after a failed redaction no unredacted value passes, in any mode") {
  for (auto const mode :
       {redaction_fail_mode::open, redaction_fail_mode::warn, redaction_fail_mode::closed}) {
    support::events events;
    line pipeline{mode, fails_half_way{}};
    std::string const json = pipeline.run(secret_event(events));
    CHECK_THAT(json, !ContainsSubstring("hunter2") && !ContainsSubstring("4711"));
    CHECK_THAT(pipeline.reported, !ContainsSubstring("hunter2"));
    CHECK(pipeline.stages.failed_redactions() == 1);
  }
}

TEST_CASE("closed drops a record whose redaction failed and reports it") {
  support::events events;
  line pipeline{redaction_fail_mode::closed, fails_half_way{}};
  CHECK(pipeline.run(secret_event(events)).empty());
  CHECK_THAT(pipeline.reported, ContainsSubstring("a redactor threw; the record is dropped") &&
                                    ContainsSubstring("std::runtime_error"));
}

TEST_CASE("warn keeps a record whose redaction failed, without its message and values, and reports it") {
  support::events events;
  line pipeline{redaction_fail_mode::warn, fails_half_way{}};
  auto const log = nlohmann::json::parse(pipeline.run(secret_event(events))).at("log");
  CHECK(log.at("message") == "[REDACTION FAILED]");
  CHECK(log.at("level") == "INFO");
  CHECK(log.at("logger") == "[REDACTION FAILED]");
  CHECK(log.at("context").at("user_id") == "[REDACTION FAILED]");
  CHECK(log.at("data") == nlohmann::json{{"password", "[REDACTION FAILED]"},
                                         {"pin", "[REDACTION FAILED]"},
                                         {"list", "[REDACTION FAILED]"},
                                         {"object", "[REDACTION FAILED]"},
                                         {"nothing", nullptr},
                                         {"looked_at", "[REDACTION FAILED]"}});
  CHECK(log.at("diagnostics").at("exception") ==
        nlohmann::json{{"error.type", "[REDACTION FAILED]"}, {"error.message", "[REDACTION FAILED]"}});
  CHECK_THAT(pipeline.reported, ContainsSubstring("the record is written without its message and values"));
}

TEST_CASE("open does the same as warn, without a report") {
  support::events events;
  line pipeline{redaction_fail_mode::open, [](fapilog::event&) { throw 42; }};
  auto const log = nlohmann::json::parse(pipeline.run(secret_event(events))).at("log");
  CHECK(log.at("message") == "[REDACTION FAILED]");
  CHECK(pipeline.reported.empty());
  CHECK(pipeline.stages.failed_redactions() == 1);
}

TEST_CASE("members prepared for all records of a batch are blanked only in the failed one") {
  support::events events;
  fapilog::enrichers::runtime_info info{{.service = "billing", .env = "test"}};
  line pipeline{redaction_fail_mode::warn, [](fapilog::event& e) {
                  if (e.message == "bad") throw std::runtime_error{"no"};
                }};
  auto const diagnostics_of = [&](std::string_view message) {
    fapilog::event& e = events.add(message);
    info.enrich(e);
    return nlohmann::json::parse(pipeline.run(e)).at("log").at("diagnostics");
  };
  CHECK(diagnostics_of("good").at("service") == "billing");
  CHECK(diagnostics_of("bad").at("service") == "[REDACTION FAILED]");
  CHECK(diagnostics_of("bad").at("pid").is_number());
  CHECK(diagnostics_of("good").at("service") == "billing");
}

TEST_CASE("a failed redaction drops the record by default") {
  support::logged test{{.redactors = {fails_half_way{}}}};
  test.log.info("the password is hunter2", kv("password", "hunter2"));
  CHECK(test.records().empty());
  CHECK(test.rt.counts().failed == 1);
  CHECK(test.rt.counts().balanced());
  CHECK_THAT(test.diagnostics_text(), !ContainsSubstring("hunter2"));
}
