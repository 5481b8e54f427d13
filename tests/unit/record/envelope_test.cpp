// SPDX-License-Identifier: MIT
// Tests record/envelope.hpp through the runtime: envelope v1.1 with its required members and their types.
#include <fapilog/record/envelope.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <ctime>
#include <initializer_list>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "support/catch.hpp"
#include "support/logged.hpp"

namespace {

using fapilog::dynamic_key;
using fapilog::kv;
using nlohmann::json;

/// Parses and fails on a key that occurs twice in one object, of which nlohmann would keep the last.
json parsed_strictly(std::string const& line) {
  std::vector<std::set<std::string>> open;
  std::string twice;
  json const result = json::parse(line, [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end) open.pop_back();
    if (event == json::parse_event_t::key && !open.back().insert(value.get<std::string>()).second) {
      twice = value.get<std::string>();
    }
    return true;
  });
  if (!twice.empty()) FAIL("the key '" << twice << "' occurs twice in " << line);
  return result;
}

/// `#` matches a digit, `x` a lower-case hexadecimal digit, everything else itself.
bool has_form(std::string const& text, std::string_view form) {
  if (text.size() != form.size()) return false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    bool const is_digit = text[i] >= '0' && text[i] <= '9';
    bool const is_hexadecimal = is_digit || (text[i] >= 'a' && text[i] <= 'f');
    if (form[i] == '#' ? !is_digit : form[i] == 'x' ? !is_hexadecimal : text[i] != form[i]) return false;
  }
  return true;
}

void check_required_members(std::string const& line) {
  json const root = parsed_strictly(line);
  REQUIRE(root.is_object());
  CHECK(root.size() == 2);
  CHECK(root.at("schema_version") == "1.1");
  json const& log = root.at("log");
  CHECK(has_form(log.at("timestamp"), "####-##-##T##:##:##.###Z"));
  CHECK(log.at("level").is_string());
  CHECK(log.at("message").is_string());
  CHECK(log.at("logger").is_string());
  CHECK(log.at("data").is_object());
  json const& context = log.at("context");
  CHECK(has_form(context.at("message_id"), "xxxxxxxx-xxxx-7xxx-xxxx-xxxxxxxxxxxx"));
  CHECK((context.at("correlation_id").is_null() || context.at("correlation_id").is_string()));
  for (auto const& [key, value] : context.items()) {
    if (key != "correlation_id") CHECK(value.is_string());
  }
  json const& diagnostics = log.at("diagnostics");
  CHECK(diagnostics.at("origin") == "native");
  for (char const* key : {"service", "env", "version", "host"}) CHECK(diagnostics.at(key).is_string());
  CHECK(diagnostics.at("pid").is_number_integer());
}

}  // namespace

TEST_CASE("a record has exactly the members that the envelope requires") {
  support::logged test;
  test.log.info("hello");
  std::string const line = test.last_line();
  check_required_members(line);
  json const log = json::parse(line).at("log");
  CHECK(log.size() == 7);
  CHECK(log.at("message") == "hello");
  CHECK(log.at("level") == "INFO");
  CHECK(log.at("logger") == "test");
  CHECK(log.at("data") == json::object());
  CHECK(log.at("context").size() == 2);
  CHECK(log.at("diagnostics").size() == 6);
}

TEST_CASE("the required members are present whatever was logged") {
  support::logged test;
  auto const bound = test.log.with(kv("user_id", 42), kv("region", "eu"));
  fapilog::scope const scope{kv("tenant_id", "acme"), kv("region", "us")};
  test.log.info("");
  test.log.error("fields", kv("a", 1), kv("b", nullptr), kv(dynamic_key{"message_id"}, 3),
                 kv(dynamic_key{"origin"}, 4));
  bound.critical("failed", fapilog::caught(std::runtime_error{"x"}), kv("user_id", "own"));
  bound.security("{} of {}", 1, 2);
  CHECK(test.records().size() == 4);
  for (std::string const& line : test.sink->lines()) check_required_members(line);
}

TEST_CASE("a record has the name of its level, for every named level") {
  support::logged test{{.log_level = fapilog::custom_level(0)}};
  test.log.debug("x");
  test.log.info("x");
  test.log.warning("x");
  test.log.error("x");
  test.log.critical("x");
  test.log.audit("x");
  test.log.security("x");
  std::vector<std::string> names;
  for (json const& record : test.records()) names.push_back(record.at("level"));
  CHECK(names ==
        std::vector<std::string>{"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "AUDIT", "SECURITY"});
}

TEST_CASE("the timestamp is the time of the call in UTC") {
  for (bool const use_tsc : {true, false}) {
    support::logged test{{.use_tsc = use_tsc}};
    auto const before = std::chrono::system_clock::now();
    test.log.info("now");
    auto const after = std::chrono::system_clock::now();
    std::string const text = test.last().at("timestamp");
    std::tm parts{};
    REQUIRE(::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) != nullptr);
    auto const logged = std::chrono::system_clock::from_time_t(::timegm(&parts)) +
                        std::chrono::milliseconds{std::stoi(text.substr(20, 3))};
    std::chrono::milliseconds const slack{
        500};  // the counter is calibrated against the clock; both are cut to 1 ms
    CHECK(logged >= before - slack);
    CHECK(logged <= after + slack);
  }
}

TEST_CASE("the six context keys go to the context, all others to data") {
  support::logged test;
  test.log.info("keys", kv("request_id", "r"), kv("user_id", "u"), kv("tenant_id", "t"), kv("trace_id", "tr"),
                kv("span_id", "s"), kv("correlation_id", "c"), kv("session_id", "x"), kv("user_ids", "y"));
  json const log = test.last();
  json context = log.at("context");
  context.erase("message_id");
  CHECK(context == json{{"request_id", "r"},
                        {"user_id", "u"},
                        {"tenant_id", "t"},
                        {"trace_id", "tr"},
                        {"span_id", "s"},
                        {"correlation_id", "c"}});
  CHECK(log.at("data") == json{{"session_id", "x"}, {"user_ids", "y"}});
}

TEST_CASE("context values become strings") {
  support::logged test;
  test.log.info("keys", kv("user_id", 42), kv("tenant_id", -1.5), kv("trace_id", true), kv("span_id", 'c'),
                kv("request_id", std::vector<int>{1, 2}));
  json const context = test.last().at("context");
  CHECK(context.at("user_id") == "42");
  CHECK(context.at("tenant_id") == "-1.5");
  CHECK(context.at("trace_id") == "true");
  CHECK(context.at("span_id") == "c");
  CHECK(context.at("request_id") == "[1,2]");
}

TEST_CASE("the correlation id is the record's own, else the request id, else null") {
  support::logged test;
  test.log.info("none");
  CHECK(test.last().at("context").at("correlation_id").is_null());
  test.log.info("own", kv("correlation_id", "own"));
  CHECK(test.last().at("context").at("correlation_id") == "own");
  test.log.info("request", kv("request_id", 17));
  CHECK(test.last().at("context").at("correlation_id") == "17");
  test.log.info("both", kv("request_id", "req"), kv("correlation_id", "own"));
  CHECK(test.last().at("context").at("correlation_id") == "own");
  CHECK(test.last().at("context").at("request_id") == "req");
}

TEST_CASE("a null context value is left out") {
  support::logged test;
  test.log.info("null", kv("user_id", nullptr), kv("correlation_id", nullptr), kv("a", nullptr));
  json const log = test.last();
  CHECK_FALSE(log.at("context").contains("user_id"));
  CHECK(log.at("context").at("correlation_id").is_null());
  CHECK(log.at("data").at("a").is_null());
}

TEST_CASE("a null context value at the call hides the bound one and the scope's") {
  support::logged test;
  auto const bound = test.log.with(kv("user_id", 1), kv("correlation_id", "bound"));
  fapilog::scope const scope{kv("tenant_id", "acme")};
  bound.info("hidden", kv("user_id", nullptr), kv("tenant_id", nullptr), kv("correlation_id", nullptr));
  json const context = test.last().at("context");
  CHECK_FALSE(context.contains("user_id"));
  CHECK_FALSE(context.contains("tenant_id"));
  CHECK(context.at("correlation_id").is_null());
}

TEST_CASE("no key occurs twice, however often and wherever it was given") {
  support::logged test;
  auto const bound =
      test.log.with(kv("k", "bound"), kv("b", "bound"), kv("user_id", "bound")).with(kv("b", "again"));
  fapilog::scope const outer{kv("k", "outer"), kv("s", "outer"), kv("o", "outer"), kv("user_id", "outer")};
  fapilog::scope const inner{kv("k", "inner"), kv("s", "inner")};
  bound.info("keys", kv("k", "call"), kv(dynamic_key{"k"}, "last"), kv("user_id", 1),
             kv(dynamic_key{"user_id"}, 2));
  std::string const line = test.last_line();
  json const log = parsed_strictly(line).at("log");
  CHECK(log.at("data") == json{{"k", "last"}, {"b", "again"}, {"s", "inner"}, {"o", "outer"}});
  CHECK(log.at("context").at("user_id") == "2");
}

TEST_CASE("no key occurs twice among many fields") {
  support::logged test;
  std::vector<std::string> names;
  for (int i = 0; i < 60; ++i) names.push_back("k" + std::to_string(i % 40));
  fapilog::logger many = test.log;
  for (std::size_t i = 0; i < names.size(); ++i) many = many.with(kv(dynamic_key{names[i]}, i));
  many.info("many", kv("k7", "call"));
  json const data = parsed_strictly(test.last_line()).at("log").at("data");
  REQUIRE(data.size() == 40);
  CHECK(data.at("k7") == "call");
  CHECK(data.at("k19") == 59);
  CHECK(data.at("k20") == 20);
  CHECK(data.at("k0") == 40);
}

TEST_CASE("the diagnostics have the process and the service of the options") {
  support::logged test{{.service = "shop", .env = "prod", .version = "1.2.3"}};
  test.log.info("hello");
  json const diagnostics = test.last().at("diagnostics");
  CHECK(diagnostics.at("service") == "shop");
  CHECK(diagnostics.at("env") == "prod");
  CHECK(diagnostics.at("version") == "1.2.3");
  CHECK(diagnostics.at("pid") == ::getpid());
  CHECK_FALSE(diagnostics.at("host").get<std::string>().empty());
  CHECK_FALSE(diagnostics.contains("file"));
}

TEST_CASE("an exception goes to the diagnostics, not to data") {
  support::logged test;
  test.log.error("failed", fapilog::caught(std::runtime_error{"no route"}), kv("order", 7));
  json const log = test.last();
  CHECK(log.at("diagnostics").at("exception") ==
        json{{"error.type", "std::runtime_error"}, {"error.message", "no route"}});
  CHECK(log.at("data") == json{{"order", 7}});
}

TEST_CASE("is_context_key is true for the six keys and for no similar key") {
  for (std::string_view const key :
       {"request_id", "user_id", "tenant_id", "trace_id", "span_id", "correlation_id"}) {
    CHECK(fapilog::detail::is_context_key(key));
    CHECK_FALSE(fapilog::detail::is_context_key(std::string{key} + " "));
    CHECK_FALSE(fapilog::detail::is_context_key(key.substr(1)));
  }
  for (std::string_view const key : {"", "message_id", "id", "USER_ID", "user-id", "session_id"}) {
    CHECK_FALSE(fapilog::detail::is_context_key(key));
  }
}
