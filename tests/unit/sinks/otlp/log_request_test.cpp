// SPDX-License-Identifier: MIT
#include <fapilog/sinks/otlp/detail/json_form.hpp>
#include <fapilog/sinks/otlp/detail/log_request.hpp>

#include "support/batches.hpp"
#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using fapilog::kind;
using fapilog::value;
namespace otlp = fapilog::detail::otlp;

namespace {

std::string otlp_json(fapilog::batch const& entries, otlp::resource_attributes const& common = {}) {
  fapilog::detail::text_buffer out;
  otlp::log_request_writer<otlp::json_form>::put(out, otlp::log_groups{entries}, common);
  return std::string{out.view()};
}
std::string otlp_protobuf(fapilog::batch const& entries) {
  fapilog::detail::text_buffer out;
  otlp::log_request_writer<otlp::protobuf_form>::put(out, otlp::log_groups{entries}, {});
  return std::string{out.view()};
}

// Reads any protobuf message into text such as `1{2{1:"x"}}`, without knowing its schema: `path` are the fields that are messages.
class wire_reader {
 public:
  explicit wire_reader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t varint() {
    std::uint64_t result = 0;
    for (unsigned shift = 0;; shift += 7) {
      REQUIRE(!rest_.empty());
      auto const byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      result |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return result;
    }
  }
  std::string_view take(std::size_t size) {
    REQUIRE(rest_.size() >= size);
    std::string_view const taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  /// The content of the first field with this number.
  std::string_view field(std::uint64_t number) {
    while (!rest_.empty()) {
      std::uint64_t const tag = varint();
      std::string_view content;
      switch (tag & 7) {
        case 0: varint(); break;
        case 1: content = take(8); break;
        case 2: content = take(varint()); break;
        default: FAIL("unexpected wire type " << (tag & 7));
      }
      if (tag >> 3 == number) return content;
    }
    FAIL("there is no field " << number);
    return {};
  }

 private:
  std::string_view rest_;
};

std::string_view content_at(std::string_view bytes, std::initializer_list<std::uint64_t> path) {
  for (std::uint64_t const number : path) bytes = wire_reader{bytes}.field(number);
  return bytes;
}

}  // namespace

TEST_CASE("a record in OTLP's JSON form has typed attributes, ids and a resource") {
  support::events made;
  fapilog::event& e = made.add("took 3 ms", fapilog::level::error);
  e.context.push_back({"trace_id", value::of_string("0af7651916cd43dd8448eb211c80319c")});
  e.context.push_back({"span_id", value::of_string("00F067aa0ba902b7")});
  e.context.push_back({"user_id", value::of_string("u-9")});
  e.diagnostics.push_back({"service", value::of_string("shop")});
  e.diagnostics.push_back({"pid", value::of_number(4711)});
  e.diagnostics.push_back({"line", value::of_number(10)});
  e.diagnostics.push_back(
      {"exception", made.object({{"error.type", value::of_string("std::runtime_error")}}, kind::exception)});
  e.data.push_back({"order", value::of_number(-7)});
  e.data.push_back({"paid", value::of_bool(false)});
  value huge;
  huge.type = kind::u64;
  huge.u64 = 18'446'744'073'709'551'615U;
  e.data.push_back({"huge", huge});
  e.data.push_back({"nothing", {}});
  e.data.push_back({"items", made.array({value::of_number(1), made.object({{"n", value::of_number(2)}})})});

  otlp::resource_attributes common;
  common.set("service.name", "checkout");
  common.set("team", "pay");
  CHECK(otlp_json(made.batch(), common) ==
        R"({"resourceLogs":[{"resource":{"attributes":[)"
        R"({"key":"service.name","value":{"stringValue":"checkout"}},)"
        R"({"key":"team","value":{"stringValue":"pay"}},)"
        R"({"key":"process.pid","value":{"intValue":"4711"}}]},)"
        R"("scopeLogs":[{"scope":{"name":"billing"},"logRecords":[{)"
        R"("timeUnixNano":"1769509800123456789","observedTimeUnixNano":"1769509800123456789",)"
        R"("severityNumber":17,"severityText":"ERROR","body":{"stringValue":"took 3 ms"},)"
        R"("traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"00f067aa0ba902b7","attributes":[)"
        R"({"key":"order","value":{"intValue":"-7"}},)"
        R"({"key":"paid","value":{"boolValue":false}},)"
        R"({"key":"huge","value":{"stringValue":"18446744073709551615"}},)"
        R"({"key":"nothing","value":{}},)"
        R"({"key":"items","value":{"arrayValue":{"values":[{"intValue":"1"},)"
        R"({"kvlistValue":{"values":[{"key":"n","value":{"intValue":"2"}}]}}]}}},)"
        R"({"key":"log.record.uid","value":{"stringValue":"00000000-0000-0000-0000-000000000000"}},)"
        R"({"key":"user_id","value":{"stringValue":"u-9"}},)"
        R"({"key":"code.line.number","value":{"intValue":"10"}},)"
        R"({"key":"exception.type","value":{"stringValue":"std::runtime_error"}}]}]}]}]})");
}

TEST_CASE("lengths of nested protobuf messages are right whatever their size") {
  for (std::size_t const size :
       {std::size_t{0}, std::size_t{1}, std::size_t{80}, std::size_t{127}, std::size_t{128},
        std::size_t{16'383}, std::size_t{16'384}, std::size_t{3'000'000}}) {
    std::string const message(size, 'x');
    support::events made;
    made.add(message);
    std::string const bytes = otlp_protobuf(made.batch());
    // resource_logs, scope_logs, log_records, body, string_value
    CHECK(content_at(bytes, {1, 2, 2, 5, 1}) == message);
    CHECK(content_at(bytes, {1, 2, 1, 1}) == "billing");
  }
}

TEST_CASE("protobuf strings are UTF-8, whatever was logged") {
  support::events made;
  made.add("a\xFF\xC3\xA9\xE2\x82");
  CHECK(content_at(otlp_protobuf(made.batch()), {1, 2, 2, 5, 1}) == "a\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD");
}

TEST_CASE("ids that are not valid stay attributes") {
  auto const id = GENERATE(std::string_view{"r-7"}, std::string_view{"00000000000000000000000000000000"},
                           std::string_view{"0af7651916cd43dd8448eb211c80319g"});
  support::events made;
  fapilog::event& e = made.add("m");
  e.context.push_back({"trace_id", value::of_string(id)});
  e.context.push_back({"span_id", value::of_string("00f067aa0ba902b7")});
  std::string const json = otlp_json(made.batch());
  CHECK(json.find("\"traceId\"") == std::string::npos);
  CHECK(json.find("\"spanId\"") == std::string::npos);
  CHECK(json.find("{\"key\":\"trace_id\",\"value\":{\"stringValue\":\"" + std::string{id}) !=
        std::string::npos);
  CHECK(json.find("\"key\":\"span_id\"") != std::string::npos);
}

TEST_CASE("no attribute occurs twice: the application's own has precedence") {
  support::events made;
  fapilog::event& e = made.add("m");
  e.data.push_back({"code.line.number", value::of_number(1)});
  e.diagnostics.push_back({"line", value::of_number(2)});
  std::string const json = otlp_json(made.batch());
  std::size_t const first = json.find("code.line.number");
  REQUIRE(first != std::string::npos);
  CHECK(json.find("code.line.number", first + 1) == std::string::npos);
  CHECK(json.find("\"intValue\":\"1\"") != std::string::npos);
}

TEST_CASE("records are grouped by process and by logger, in their order") {
  support::events made;
  auto const add = [&made](std::string_view message, std::string_view logger, std::int64_t pid) {
    fapilog::event& e = made.add(message);
    e.logger = logger;
    e.diagnostics.push_back({"pid", value::of_number(pid)});
  };
  add("1", "a", 10);
  add("2", "b", 10);
  add("3", "a", 10);
  add("4", "a", 20);
  fapilog::batch const entries = made.batch();
  otlp::log_groups const groups{entries};
  std::string seen;
  for (otlp::log_group const& group : groups.all()) {
    seen += "[";
    for (otlp::log_scope const& scope : groups.scopes_of(group)) {
      seen.append(scope.name).append(":");
      groups.for_each(scope, [&](fapilog::event const& e) { seen.append(e.message); });
      seen += " ";
    }
    seen += "]";
  }
  CHECK(seen == "[a:13 b:2 ][a:4 ]");
}

TEST_CASE("levels have the severity numbers of OpenTelemetry") {
  using fapilog::level;
  CHECK(otlp::severity_number(fapilog::custom_level(0)) == 1);
  CHECK(otlp::severity_number(level::trace) == 1);
  CHECK(otlp::severity_number(fapilog::custom_level(9)) == 4);
  CHECK(otlp::severity_number(level::debug) == 5);
  CHECK(otlp::severity_number(level::info) == 9);
  CHECK(otlp::severity_number(fapilog::custom_level(25)) == 11);
  CHECK(otlp::severity_number(level::warning) == 13);
  CHECK(otlp::severity_number(level::error) == 17);
  CHECK(otlp::severity_number(level::critical) == 21);
  CHECK(otlp::severity_number(fapilog::custom_level(59)) == 24);
  CHECK(otlp::severity_number(level::audit) == 12);
  CHECK(otlp::severity_number(level::security) == 16);
}
