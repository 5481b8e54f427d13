// SPDX-License-Identifier: MIT
// 10,000 lines of every kind against the JSON Schema of the envelope, which is that of fapilog for Python, with the types
// that the page on the envelope promises.
#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/json_schema.hpp"

#include <fapilog/fapilog.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using fapilog::kv;
using namespace std::chrono_literals;

namespace {

constexpr char envelope_schema[] = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object", "additionalProperties": false, "required": ["schema_version", "log"],
  "properties": {
    "schema_version": {"const": "1.1"},
    "log": {
      "type": "object", "additionalProperties": false,
      "required": ["timestamp", "level", "message", "logger", "context", "diagnostics", "data"],
      "properties": {
        "timestamp": {"type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$"},
        "level": {"type": "string", "minLength": 1},
        "message": {"type": "string"},
        "logger": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "context": {
          "type": "object", "additionalProperties": false, "required": ["message_id", "correlation_id"],
          "properties": {
            "message_id": {"type": "string", "minLength": 36, "maxLength": 36},
            "correlation_id": {"type": ["string", "null"]},
            "request_id": {"type": "string"}, "user_id": {"type": "string"}, "tenant_id": {"type": "string"},
            "trace_id": {"type": "string"}, "span_id": {"type": "string"}}},
        "diagnostics": {
          "type": "object", "required": ["origin"],
          "properties": {
            "origin": {"enum": ["native", "stdlib", "third_party"]},
            "service": {"type": "string"}, "env": {"type": "string"}, "version": {"type": "string"},
            "host": {"type": "string"}, "pid": {"type": "integer"}, "file": {"type": "string"},
            "line": {"type": "integer"}, "function": {"type": "string"}, "thread_id": {"type": "integer"},
            "exception": {"$ref": "#/$defs/exception"}}},
        "data": {"type": "object"}}}},
  "$defs": {
    "exception": {
      "type": "object", "required": ["error.type", "error.message"],
      "properties": {
        "error.type": {"type": "string"}, "error.message": {"type": "string"},
        "error.cause": {"$ref": "#/$defs/exception"}}}}
})";

struct throws_now_and_then {
  int calls = 0;
  void redact(fapilog::event&) {
    if (++calls % 2 == 0) throw std::runtime_error{"cannot redact"};
  }
};

std::exception_ptr nested() {
  try {
    try {
      throw std::invalid_argument{"inner"};
    } catch (...) {
      std::throw_with_nested(std::runtime_error{"outer"});
    }
  } catch (...) {
    return std::current_exception();
  }
}

/// Logs a record of the nth kind.
void log_kind(fapilog::logger const& log, std::size_t n) {
  switch (n % 16) {
    case 0: return log.info("plain");
    case 1: return log.warning("arguments {} {} {}", n, 1.5, "text");
    case 2: return log.error("exception", fapilog::caught(std::runtime_error{"broken"}), kv("n", n));
    case 3: return log.critical("nested", fapilog::caught(nested()));
    case 4:
      return log.info("ids", kv("request_id", n), kv("user_id", 7), kv("trace_id", 1.5), kv("span_id", true));
    case 5: return log.info("null ids", kv("correlation_id", nullptr), kv("tenant_id", nullptr));
    case 6:
      return log.audit("keys of the envelope", kv("pid", "x"), kv("exception", "y"), kv("origin", 1),
                       kv("message_id", 2), kv("log", "z"), kv("schema_version", 3));
    case 7: return log.security("\xff\xfe invalid \x01", kv("text", std::string{"\0\xc3", 2}));
    case 8:
      return log.info("numbers", kv("nan", std::numeric_limits<double>::quiet_NaN()),
                      kv("inf", std::numeric_limits<double>::infinity()),
                      kv("u64", std::numeric_limits<std::uint64_t>::max()));
    case 9:
      return log.info("containers", kv("list", std::vector<int>{1, 2}),
                      kv("map", std::map<std::string, int>{{"a", 1}}));
    case 10: return log.info("cut", kv("text", std::string(5'000, 'x')));
    case 11: return log.log(static_cast<fapilog::level>(25), "a level without a name");
    case 12: return log.with(kv("request_id", "bound"), kv("bound", n)).info("bound");
    case 13: {
      fapilog::scope const in{kv("correlation_id", "scope"), kv("thread_id", "mine")};
      return log.info("scope");
    }
    case 14: return log.info(fapilog::runtime_text("run-time {}"), n);
    default:
      return log.debug("lazy", fapilog::lazy("lazy", [] { return 1; }), kv("time", std::chrono::seconds{3}));
  }
}

}  // namespace

TEST_CASE("10,000 lines of every kind satisfy the schema of the envelope") {
  std::vector<nlohmann::json> lines;
  for (auto const mode : {fapilog::redaction_fail_mode::warn, fapilog::redaction_fail_mode::open}) {
    auto const sink = std::make_shared<support::capture>();
    fapilog::options chosen{.redactors = {fapilog::any_redactor{throws_now_and_then{}}}, .sinks = {sink}};
    chosen.log_level = fapilog::level::debug;
    chosen.when_full = fapilog::when_full::block;
    chosen.max_record_bytes = 2'048;
    chosen.redaction_fail_mode = mode;
    chosen.source_location = mode == fapilog::redaction_fail_mode::warn;
    chosen.diagnostics_output = [](std::string_view) {};
    fapilog::runtime rt{std::move(chosen)};
    auto const log = rt.get_logger("a secret name");
    for (std::size_t n = 0; n < 5'000; ++n) log_kind(log, n + n / 16);
    CHECK(rt.drain(60s).processed == 5'000);
    for (auto const& line : sink->lines()) lines.push_back(nlohmann::json::parse(line));
  }
  REQUIRE(lines.size() == 10'000);
  auto const errors = support::schema_errors(nlohmann::json::parse(envelope_schema), lines);
  if (!errors) {
    WARN("skipped: python3-jsonschema is not installed");
    return;
  }
  REQUIRE(errors->size() == lines.size());
  std::size_t invalid = 0;
  std::size_t blanked = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    bool const is_blank = lines[i].at("log").at("message") == "[REDACTION FAILED]";
    blanked += is_blank ? 1U : 0U;
    if (is_blank && lines[i].at("log").at("logger") == "a secret name") ++invalid;
    if (errors->at(i).empty()) continue;
    if (++invalid < 5) UNSCOPED_INFO(errors->at(i) << " in " << lines[i].dump());
  }
  CHECK(invalid == 0);
  CHECK(blanked == 5'000);
}
