// SPDX-License-Identifier: MIT
// Paths into an event: what each form finds, and what is not a path.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/settings.hpp"

#include <fapilog/record/event_path.hpp>

#include <optional>
#include <string>
#include <string_view>

using fapilog::event_path;
using fapilog::value;

namespace {

/// The text at a path, or "-" if there is none.
std::string at(fapilog::event const& e, std::string_view path) {
  fapilog::detail::text_buffer memory;
  auto const text = event_path{path}.text(e, memory);
  return text ? std::string{*text} : "-";
}

}  // namespace

TEST_CASE("a path finds each part of the envelope") {
  support::events made;
  fapilog::event& e = made.add("charge failed", fapilog::level::error);
  e.context.push_back({"trace_id", value::of_string("t-1")});
  e.diagnostics.push_back({"pid", value::of_number(7)});
  e.data.push_back({"order", value::of_number(1001)});
  CHECK(at(e, "timestamp") == "2026-01-27T10:30:00.123Z");
  CHECK(at(e, "level") == "ERROR");
  CHECK(at(e, "message") == "charge failed");
  CHECK(at(e, "logger") == "billing");
  CHECK(at(e, "context.trace_id") == "t-1");
  CHECK(at(e, "diagnostics.pid") == "7");
  CHECK(at(e, "data.order") == "1001");
  CHECK(at(e, "data.trace_id") == "-");
  CHECK(at(e, "context.order") == "-");
  CHECK(event_path{"data.order"}.dotted() == "data.order");
}

TEST_CASE("a path without a part of the envelope is searched in context, data and diagnostics") {
  support::events made;
  fapilog::event& e = made.add("x");
  CHECK(at(e, "user") == "-");
  e.diagnostics.push_back({"user", value::of_string("in diagnostics")});
  CHECK(at(e, "user") == "in diagnostics");
  e.data.push_back({"user", value::of_string("in data")});
  CHECK(at(e, "user") == "in data");
  e.context.push_back({"user", value::of_string("in context")});
  CHECK(at(e, "user") == "in context");
  CHECK(at(e, "context") == "-");
}

TEST_CASE("a path goes into nested objects and exceptions, and a key with dots wins over them") {
  support::events made;
  fapilog::event& e = made.add("x");
  e.data.push_back({"user", made.object({{"id", value::of_number(42)},
                                         {"home", made.object({{"city", value::of_string("Ulm")}})},
                                         {"a.b", value::of_string("dotted")}})});
  e.diagnostics.push_back(
      {"exception", made.object({{"error.type", value::of_string("std::runtime_error")},
                                 {"error.cause", made.object({{"error.type", value::of_string("io_error")}},
                                                             fapilog::kind::exception)}},
                                fapilog::kind::exception)});
  CHECK(at(e, "data.user.id") == "42");
  CHECK(at(e, "user.id") == "42");
  CHECK(at(e, "data.user.home.city") == "Ulm");
  CHECK(at(e, "data.user.a.b") == "dotted");
  CHECK(at(e, "data.user.home.street") == "-");
  CHECK(at(e, "data.user.id.x") == "-");
  CHECK(at(e, "data.use.id") == "-");
  CHECK(at(e, "diagnostics.exception.error.type") == "std::runtime_error");
  CHECK(at(e, "diagnostics.exception.error.cause.error.type") == "io_error");
  e.data.push_back({"user.id", value::of_string("whole")});
  CHECK(at(e, "data.user.id") == "whole");
}

TEST_CASE("members that the envelope adds have a path") {
  support::events made;
  fapilog::event& e = made.add("x");
  e.message_id.bytes[0] = 0xAB;
  CHECK(at(e, "context.message_id") == "ab000000-0000-0000-0000-000000000000");
  CHECK(at(e, "message_id") == at(e, "context.message_id"));
  CHECK(at(e, "diagnostics.origin") == "native");
  CHECK(at(e, "context.correlation_id") == "-");
  e.context.push_back({"request_id", value::of_string("r-7")});
  CHECK(at(e, "context.correlation_id") == "r-7");
  e.context.push_back({"correlation_id", value{}});
  CHECK(at(e, "correlation_id") == "r-7");
  *e.context.edit("correlation_id") = value::of_string("c-1");
  CHECK(at(e, "correlation_id") == "c-1");
}

TEST_CASE("null has no text, and an empty string has an empty text") {
  support::events made;
  fapilog::event& e = made.add("x");
  e.data.push_back({"none", value{}});
  e.data.push_back({"empty", value::of_string("")});
  CHECK(at(e, "data.none") == "-");
  CHECK(event_path{"data.none"}.find(e).has_value());
  CHECK(at(e, "data.empty").empty());
}

TEST_CASE("an invalid path is refused") {
  for (auto const* const bad : {"", ".", ".a", "a.", "a..b", "data."}) {
    CHECK(support::refusal_of([&] { return event_path{bad}; }) ==
          "fapilog: path '" + std::string{bad} +
              "' is not valid; it must be keys separated by dots, such as context.trace_id");
  }
}
