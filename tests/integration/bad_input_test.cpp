// SPDX-License-Identifier: MIT
// Tests that bad values, exceptions and broken sinks are contained: only their own record shows them, diagnostics report
// them, all other records arrive intact, and the account is balanced.
#include <fapilog/fapilog.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <exception>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/repaired_utf8.hpp"

namespace bad_input {

struct throws_std {};
inline void to_log(fapilog::object_writer& out, throws_std) {
  out.kv("before", 1);
  throw std::runtime_error{"no value today"};
}
struct throws_int {};
inline void to_log(fapilog::value_writer& out, throws_int) {
  out.array([](fapilog::array_writer& a) {
    a.value(1);
    throw 42;
  });
}
struct throws_much {};
inline void to_log(fapilog::value_writer&, throws_much) {
  throw std::runtime_error{std::string(5'000, 'w') + "\xC3"};
}

struct formats_badly {};

/// An object in an object in an object ...
struct nested {
  int left = 0;
};
inline void to_log(fapilog::object_writer& out, nested const& n) {
  out.kv("left", n.left);
  if (n.left > 0) out.kv("next", nested{n.left - 1});
  out.kv("after", true);
}
struct nested_value {
  int left = 0;
};
inline void to_log(fapilog::value_writer& out, nested_value const& n) {
  out.array([&](fapilog::array_writer& a) {
    if (n.left > 0) a.value(nested_value{n.left - 1});
    a.value("sibling");
  });
}

struct wide {
  std::size_t members = 0;
};
inline void to_log(fapilog::object_writer& out, wide const& w) {
  for (std::size_t i = 0; i < w.members; ++i) out.kv(fapilog::dynamic_key{"key" + std::to_string(i)}, i);
}

struct logs_itself {
  fapilog::logger const* log;
  int depth = 0;
};
inline void to_log(fapilog::object_writer& out, logs_itself const& l) {
  out.kv("begin", l.depth);
  if (l.depth > 0) {
    l.log->info("from within {}", l.depth, fapilog::kv("inner", logs_itself{l.log, l.depth - 1}),
                fapilog::kv("list", std::vector<int>(200, l.depth)));
  }
  out.kv("end", l.depth);
}

}  // namespace bad_input

template <>
struct fmt::formatter<bad_input::formats_badly> : fmt::formatter<int> {
  template <class Context>
  auto format(bad_input::formats_badly, Context& context) const -> decltype(context.out()) {
    throw std::runtime_error{"no form today"};
  }
};

namespace {

using bad_input::throws_std;
using Catch::Matchers::ContainsSubstring;
using fapilog::kv;
using fapilog::lazy;
using fapilog::runtime_text;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr char replacement[] = "\xEF\xBF\xBD";
constexpr std::size_t ten_megabytes = 10'000'000;
constexpr std::size_t max_bytes_of_record = std::size_t{1} << 20;

/// Logs a good record before and after the bad one and checks that both arrive intact; returns the bad one.
template <class F>
json between_others(support::logged& test, F&& bad) {
  std::size_t const before = test.sink->lines().size();
  test.log.info("before", kv("list", std::vector<int>{1, 2}), kv("text", "whole"));
  bad();
  test.log.info("after", kv("list", std::vector<int>{3, 4}), kv("text", "whole"));
  auto const records = test.records();
  REQUIRE(records.size() == before + 3);
  CHECK(records[before].at("message") == "before");
  CHECK(records[before].at("data") == json{{"list", {1, 2}}, {"text", "whole"}});
  CHECK(records[before + 2].at("message") == "after");
  CHECK(records[before + 2].at("data") == json{{"list", {3, 4}}, {"text", "whole"}});
  auto const counts = test.rt.counts();
  CHECK(counts.balanced());
  CHECK(counts.processed == before + 3);
  CHECK(counts.submitted == before + 3);
  return records[before + 1];
}

/// True if a line of the diagnostics contains this text, and each line is JSON.
void check_complaint(support::logged& test, std::string const& named) {
  std::string const all = test.diagnostics_text();
  CHECK_THAT(all, ContainsSubstring(named));
  for (std::size_t at = 0; at < all.size();) {
    std::size_t const end = all.find('\n', at);
    REQUIRE(end != std::string::npos);
    json const line = json::parse(all.substr(at, end - at));
    CHECK(line.at("level") == "WARN");
    CHECK(line.at("component").is_string());
    at = end + 1;
  }
}

void check_cut(support::logged& test, json const& record) {
  CHECK(record.at("data").at("_truncated") == true);
  check_complaint(test, "max_record_bytes");
}

#define FAPILOG_TEST_TEN(text) text text text text text text text text text text

}  // namespace

TEST_CASE("invalid UTF-8 becomes U+FFFD wherever it is") {
  support::logged test;
  std::string const broken = "a\xC3\x28\xF0\x9F\x98\xFF\xED\xA0\x80z";
  std::string const repaired = support::repaired_utf8(broken);
  json const record = between_others(test, [&] {
    test.rt.get_logger(broken).info(
        runtime_text{broken}, kv("text", broken), kv(fapilog::dynamic_key{broken}, 1), kv("user_id", broken),
        kv("list", std::vector<std::string>{broken}), kv("map", std::map<std::string, int>{{broken, 2}}));
  });
  CHECK(record.at("message") == repaired);
  CHECK(record.at("logger") == repaired);
  CHECK(record.at("context").at("user_id") == repaired);
  CHECK(record.at("data") ==
        json{{"text", repaired}, {repaired, 1}, {"list", {repaired}}, {"map", {{repaired, 2}}}});
  json const argument = between_others(test, [&] { test.log.info("[{}] {:>20}", broken, broken); });
  CHECK(argument.at("message").get<std::string>().starts_with("[" + repaired + "]"));
  json const thrown =
      between_others(test, [&] { test.log.info("x", fapilog::caught(std::runtime_error{broken})); });
  CHECK(thrown.at("diagnostics").at("exception").at("error.message") == repaired);
  CHECK(test.diagnostics_text().empty());
}

TEST_CASE("an embedded NUL is kept, and no control character is written raw") {
  support::logged test;
  std::string const text{"a\0b\x1B[31m\r\n\x7F\xC2\x9B\xE2\x80\xAE", 17};
  json const record = between_others(
      test, [&] { test.log.info(runtime_text{text}, kv("text", text), kv(fapilog::dynamic_key{text}, 1)); });
  CHECK(record.at("message") == text);
  CHECK(record.at("data") == json{{"text", text}, {text, 1}});
  for (std::string const& line : test.sink->lines())
    CHECK(support::find_raw_control(line) == std::string::npos);
  CHECK(test.diagnostics_text().empty());
}

TEST_CASE("a long literal is a message like any other and takes no room in the record") {
  support::logged test;
  constexpr std::size_t size = 16 * 1'000;
  json const record = between_others(test, [&] {
    test.log.info(FAPILOG_TEST_TEN(FAPILOG_TEST_TEN(FAPILOG_TEST_TEN("0123456789abcdef"))), kv("a", 1));
  });
  CHECK(record.at("message").get<std::string>().size() == size);
  CHECK(record.at("data") == json{{"a", 1}});
  CHECK(test.diagnostics_text().empty());
}

TEST_CASE("a run-time message of 10 MB is cut to the limit of a record and marked") {
  support::logged test;
  std::string const text(ten_megabytes, 'm');
  json const record = between_others(test, [&] { test.log.info(runtime_text{text}, kv("a", 1)); });
  std::string const message = record.at("message");
  CHECK(message.size() > max_bytes_of_record / 10 * 9);
  CHECK(message.size() <= max_bytes_of_record);
  CHECK(message.find_first_not_of('m') == std::string::npos);
  CHECK(record.at("data").at("a") == 1);
  check_cut(test, record);
}

TEST_CASE("a format argument of 10 MB is cut and marked, the other arguments keep their places") {
  support::logged test;
  std::string const text(ten_megabytes, 'm');
  json const record = between_others(test, [&] { test.log.info("{} {} {}", 1, text, 2, kv("a", 1)); });
  std::string const message = record.at("message");
  CHECK(message.starts_with("1 mmm"));
  CHECK(message.ends_with("mmm 2"));
  CHECK(message.size() > max_bytes_of_record / 10 * 9);
  CHECK(record.at("data").at("a") == 1);
  check_cut(test, record);
}

TEST_CASE("a field of 10 MB is cut and marked, and the others stay intact") {
  support::logged test;
  std::string const text(ten_megabytes, 'm');
  json const record =
      between_others(test, [&] { test.log.info("big", kv("a", 1), kv("big", text), kv("b", "whole")); });
  std::string const big = record.at("data").at("big");
  CHECK(big.size() > max_bytes_of_record / 10 * 9);
  CHECK(big.find_first_not_of('m') == std::string::npos);
  CHECK(record.at("data").at("a") == 1);
  CHECK(record.at("data").at("b") == "whole");
  check_cut(test, record);
}

TEST_CASE("the part of a 10 MB container that fits arrives, and the record is marked") {
  support::logged test;
  std::vector<std::string> const list(10'000, std::string(1'000, 'm'));
  json const record =
      between_others(test, [&] { test.log.info("big", kv("a", 1), kv("list", list), kv("b", "whole")); });
  json const& arrived = record.at("data").at("list");
  REQUIRE(arrived.is_array());
  CHECK(arrived.size() > 500);
  CHECK(arrived.size() < list.size());
  CHECK(arrived.at(0) == list[0]);
  CHECK(record.at("data").at("a") == 1);
  CHECK(record.at("data").at("b") == "whole");
  check_cut(test, record);
}

TEST_CASE("a string is not cut within a character") {
  support::logged test{{.max_record_bytes = 1'024}};
  for (std::size_t shift = 0; shift < 8; ++shift) {
    std::string text(shift, 'a');
    for (int i = 0; i < 1'000; ++i) text += "\xF0\x9F\x98\x80";
    test.log.info("cut", kv("text", text));
    std::string const arrived = test.data().at("text");
    CHECK(arrived.size() > 500);
    CHECK(arrived.find(replacement) == std::string::npos);
    CHECK(text.starts_with(arrived));
  }
}

TEST_CASE("several strings that are too large together are cut, and no small value is lost") {
  for (std::size_t const limit : {1'024U, 1'025U, 4'096U, 70'001U}) {
    support::logged test{{.max_record_bytes = limit}};
    std::string const text(limit, 't');
    json const record = between_others(test, [&] {
      test.log.info("{} {}", text, 7, kv("a", 1), kv("t1", text), kv("t2", text),
                    kv("map", std::map<std::string, std::string>{{"k", text}}), kv("z", "last"));
    });
    CHECK(record.at("message").get<std::string>().ends_with(" 7"));
    CHECK(record.at("data").at("a") == 1);
    CHECK(record.at("data").at("z") == "last");
    CHECK(record.at("data").at("_truncated") == true);
  }
}

TEST_CASE("all of 10,000 fields from a map and from to_log arrive") {
  support::logged test;
  std::map<std::string, int> map;
  for (int i = 0; i < 10'000; ++i) map["key" + std::to_string(i)] = i;
  json const record = between_others(
      test, [&] { test.log.info("many", kv("map", map), kv("own", bad_input::wide{10'000})); });
  REQUIRE(record.at("data").at("map").size() == 10'000);
  REQUIRE(record.at("data").at("own").size() == 10'000);
  for (int i = 0; i < 10'000; i += 37) {
    std::string const key = "key" + std::to_string(i);
    CHECK(record.at("data").at("map").at(key) == i);
    CHECK(record.at("data").at("own").at(key) == i);
  }
  CHECK(test.diagnostics_text().empty());
}

TEST_CASE("all of 10,000 bound fields arrive, or as many as fit, and the record is valid") {
  support::logged test;
  fapilog::logger bound = test.log;
  for (int i = 0; i < 1'000; ++i) {
    std::vector<std::string> names;
    for (int k = 0; k < 10; ++k) names.push_back("key" + std::to_string(i * 10 + k));
    using fapilog::dynamic_key;
    bound =
        bound.with(kv(dynamic_key{names[0]}, i), kv(dynamic_key{names[1]}, i), kv(dynamic_key{names[2]}, i),
                   kv(dynamic_key{names[3]}, i), kv(dynamic_key{names[4]}, i), kv(dynamic_key{names[5]}, i),
                   kv(dynamic_key{names[6]}, i), kv(dynamic_key{names[7]}, i), kv(dynamic_key{names[8]}, i),
                   kv(dynamic_key{names[9]}, i));
  }
  json const record = between_others(test, [&] { bound.info("many"); });
  CHECK(record.at("data").size() == 10'000);
  CHECK(record.at("data").at("key9999") == 999);
  CHECK(record.at("data").at("key0") == 0);
}

TEST_CASE("a value nested 1,000 deep is cut at the deepest level and marked") {
  support::logged test;
  json const record = between_others(
      test, [&] { test.log.info("deep", kv("deep", bad_input::nested{1'000}), kv("after", 1)); });
  json const* at = &record.at("data").at("deep");
  int depth = 0;
  for (; at->is_object(); ++depth) {
    REQUIRE(at->at("left") == 1'000 - depth);
    CHECK(at->at("after") == true);
    at = &at->at("next");
  }
  CHECK(depth == static_cast<int>(fapilog::detail::max_depth));
  CHECK(*at == "<nested deeper than 64>");
  CHECK(record.at("data").at("after") == 1);
  CHECK(record.at("data").at("_truncated") == true);
  CHECK_FALSE(test.diagnostics_text().empty());
}

TEST_CASE("values beside one that is too deep are not lost") {
  support::logged test;
  json const record =
      between_others(test, [&] { test.log.info("deep {}", 1, kv("deep", bad_input::nested_value{1'000})); });
  json const* at = &record.at("data").at("deep");
  int depth = 0;
  for (; at->is_array(); ++depth) {
    REQUIRE(at->size() == 2);
    CHECK(at->at(1) == "sibling");
    at = &at->at(0);
  }
  CHECK(depth == static_cast<int>(fapilog::detail::max_depth));
}

TEST_CASE("NaN, infinities and null strings are written as documented, without a report") {
  support::logged test;
  char const* const null = nullptr;
  json const record = between_others(test, [&] {
    test.log.info("{} {}", std::nan(""), null, kv("nan", std::nan("")),
                  kv("inf", -std::numeric_limits<double>::infinity()), kv("null", null),
                  kv("list", std::vector<char const*>{null, "a"}));
  });
  CHECK(record.at("message") == "nan null");
  CHECK(record.at("data") ==
        json{{"nan", "NaN"}, {"inf", "-Infinity"}, {"null", nullptr}, {"list", {nullptr, "a"}}});
  CHECK(test.diagnostics_text().empty());
}

TEST_CASE("a to_log that throws becomes a string with the reason, and the other fields are intact") {
  support::logged test;
  json record =
      between_others(test, [&] { test.log.info("field", kv("a", 1), kv("bad", throws_std{}), kv("b", 2)); });
  CHECK(record.at("data") == json{{"a", 1}, {"bad", "<error: no value today>"}, {"b", 2}});
  check_complaint(test, ", in a field\"");
  record =
      between_others(test, [&] { test.log.info("other", kv("odd", bad_input::throws_int{}), kv("b", 2)); });
  CHECK(record.at("data") == json{{"odd", "<error: unknown exception>"}, {"b", 2}});
  check_complaint(test, ", in a field\"");
  record = between_others(
      test, [&] { test.log.info("inside", kv("list", std::vector<throws_std>(3)), kv("b", 2)); });
  CHECK(record.at("data") == json{{"list", "<error: no value today>"}, {"b", 2}});
  record = between_others(test, [&] { test.log.info("long", kv("long", bad_input::throws_much{})); });
  std::string const text = record.at("data").at("long");
  CHECK(text.starts_with("<error: www"));
  CHECK(text.ends_with(">"));
}

TEST_CASE("a to_log that throws as a format argument is reported in the message and in the diagnostics") {
  support::logged test;
  json const record =
      between_others(test, [&] { test.log.info("{} [{}] {}", 1, throws_std{}, 2, kv("a", 1)); });
  CHECK(record.at("message") == "1 [<error: no value today>] 2");
  CHECK(record.at("data") == json{{"a", 1}});
  check_complaint(test, ", in the message");
  CHECK_THAT(test.diagnostics_text(),
             ContainsSubstring("bad_input_test.cpp:") && !ContainsSubstring("logger test"));
  CHECK_THAT(test.diagnostics_text(), !ContainsSubstring("no value today"));
}

TEST_CASE("a value that throws while it is bound is marked in every record, and reported") {
  support::logged test;
  auto const bound = test.log.with(kv("bad", throws_std{}), kv("good", 1));
  json record = between_others(test, [&] { bound.info("bound"); });
  CHECK(record.at("data") == json{{"bad", "<error: no value today>"}, {"good", 1}});
  check_complaint(test, ", in a field\"");
  record = between_others(test, [&] {
    fapilog::scope const scope{kv("worse", throws_std{})};
    test.log.info("scope");
  });
  CHECK(record.at("data") == json{{"worse", "<error: no value today>"}});
  check_complaint(test, ", in a field\"");
}

TEST_CASE("a formatter that throws leaves the format string as the message, with the reason") {
  support::logged test;
  json record =
      between_others(test, [&] { test.log.info("{} [{}]", 1, bad_input::formats_badly{}, kv("a", 1)); });
  CHECK(record.at("message").get<std::string>().starts_with("{} [{}] <error: no form today>"));
  CHECK(record.at("data") == json{{"a", 1}});
  CHECK_FALSE(test.diagnostics_text().empty());
  record = between_others(test,
                          [&] { test.log.info("field", kv("bad", bad_input::formats_badly{}), kv("a", 1)); });
  CHECK(record.at("data") == json{{"bad", "<error: no form today>"}, {"a", 1}});
  check_complaint(test, ", in a field\"");
}

TEST_CASE("a lazy value that throws becomes a string with the reason") {
  support::logged test;
  json const record = between_others(test, [&] {
    test.log.info("lazy", lazy("std", []() -> int { throw std::runtime_error{"not computed"}; }), kv("a", 1),
                  lazy("int", []() -> std::string { throw 1; }));
  });
  CHECK(record.at("data") ==
        json{{"std", "<error: not computed>"}, {"a", 1}, {"int", "<error: unknown exception>"}});
  check_complaint(test, ", in a field\"");
}

TEST_CASE("records that a to_log logs come first, and each is intact") {
  support::logged test;
  test.log.info("outer", kv("self", bad_input::logs_itself{&test.log, 3}),
                kv("list", std::vector<int>(300, 9)));
  auto const records = test.records();
  REQUIRE(records.size() == 4);
  for (int depth = 1; depth <= 3; ++depth) {
    json const& record = records[static_cast<std::size_t>(depth - 1)];
    CHECK(record.at("message") == "from within " + std::to_string(depth));
    CHECK(record.at("data").at("inner") == json{{"begin", depth - 1}, {"end", depth - 1}});
    CHECK(record.at("data").at("list") == json(std::vector<int>(200, depth)));
  }
  CHECK(records[3].at("message") == "outer");
  CHECK(records[3].at("data") ==
        json{{"self", {{"begin", 3}, {"end", 3}}}, {"list", std::vector<int>(300, 9)}});
  CHECK(test.rt.counts().balanced());
  CHECK(test.diagnostics_text().empty());
}

TEST_CASE("a to_log that logs into another runtime disturbs neither") {
  support::logged test;
  support::logged other;
  json const record = between_others(test, [&] {
    test.log.info("outer {}", bad_input::logs_itself{&other.log, 2}, kv("a", 1));
  });
  CHECK(record.at("message") == R"(outer {"begin":2,"end":2})");
  CHECK(other.records().size() == 2);
  CHECK(other.rt.counts().balanced());
}

namespace {

/// Throws or fails at the first calls of write, then takes everything.
struct moody_sink {
  std::shared_ptr<support::capture> target;
  int failures = 0;
  int kind = 0;
  int calls = 0;
  bool write(fapilog::batch const& entries) {
    if (calls++ < failures) {
      if (kind == 0) throw std::runtime_error{"disk on fire"};
      if (kind == 1) throw 42;
      return false;
    }
    target->write(entries);
    return true;
  }
  [[nodiscard]] static std::string name() { return "moody"; }
};

struct captured_diagnostics {
  std::shared_ptr<support::logged::captured_lines> box = std::make_shared<support::logged::captured_lines>();
  [[nodiscard]] fapilog::diagnostics::writer writer() const {
    return [to = box](std::string_view line) {
      std::lock_guard const lock{to->mutex};
      to->lines += line;
    };
  }
  [[nodiscard]] std::string text() const {
    std::lock_guard const lock{box->mutex};
    return box->lines;
  }
};

}  // namespace

TEST_CASE("a sink that fails at first gets its batch again, and nothing is lost or repeated") {
  for (int const kind : {0, 1, 2}) {
    auto const healthy = std::make_shared<support::capture>();
    auto const moody = std::make_shared<support::capture>();
    captured_diagnostics reported;
    fapilog::runtime rt{{.sinks = {moody_sink{moody, 2, kind}, healthy},
                         .retry = {.attempts = 3, .first_delay = 1ms},
                         .diagnostics_output = reported.writer()}};
    auto const log = rt.get_logger();
    for (int i = 0; i < 100; ++i) log.info("n", kv("n", i));
    auto const counts = rt.flush(60s);
    CHECK(counts.complete);
    CHECK(counts.balanced());
    CHECK(counts.processed == 100);
    CHECK(counts.failed == 0);
    CHECK(counts.retried > 0);
    CHECK(moody->lines() == healthy->lines());
    REQUIRE(moody->lines().size() == 100);
    for (std::size_t i = 0; i < 100; ++i) CHECK(moody->at(i).at("log").at("data").at("n") == i);
  }
}

TEST_CASE(
    "a sink that keeps failing loses only its own records, is reported by name, and gets the next ones when "
    "it works again") {
  for (int const kind : {0, 1, 2}) {
    auto const healthy = std::make_shared<support::capture>();
    auto const moody = std::make_shared<support::capture>();
    captured_diagnostics reported;
    fapilog::runtime rt{{.sinks = {moody_sink{moody, 4, kind}, healthy},
                         .retry = {.attempts = 3, .first_delay = 1ms},
                         .diagnostics_output = reported.writer()}};
    auto const log = rt.get_logger();
    for (int i = 0; i < 5; ++i) {
      log.info("n", kv("n", i));
      CHECK(rt.flush(60s).complete);
    }
    auto const counts = rt.counts();
    CHECK(counts.balanced());
    CHECK(counts.submitted == 5);
    CHECK(counts.failed == 2);  // three attempts for the first record, one for the second
    CHECK(counts.processed == 3);
    CHECK(healthy->lines().size() == 5);
    REQUIRE(moody->lines().size() == 3);
    CHECK(moody->at(0).at("log").at("data").at("n") == 2);
    CHECK_THAT(reported.text(), ContainsSubstring("\"moody\""));
    if (kind == 0) CHECK_THAT(reported.text(), ContainsSubstring("disk on fire"));
    CHECK(rt.drain(60s).complete);
  }
}

TEST_CASE("a sink that throws in start, flush, stop and health does not disturb the others") {
  struct broken_sink {
    static void start(fapilog::start_context const&) { throw std::runtime_error{"no start"}; }
    static void write(fapilog::batch const&) {}
    static void flush() { throw std::runtime_error{"no flush"}; }
    static void stop() { throw 1; }
    [[nodiscard]] static fapilog::sink_health health() { throw std::logic_error{"no health"}; }
    [[nodiscard]] static std::string name() { return "broken"; }
  };
  auto const healthy = std::make_shared<support::capture>();
  captured_diagnostics reported;
  fapilog::runtime rt{{.sinks = {broken_sink{}, healthy}, .diagnostics_output = reported.writer()}};
  auto const log = rt.get_logger();
  for (int i = 0; i < 10; ++i) log.info("n", kv("n", i));
  CHECK(rt.flush(60s).complete);
  auto const counts = rt.drain(60s);
  CHECK(counts.complete);
  CHECK(counts.balanced());
  CHECK(counts.failed == 10);
  CHECK(healthy->lines().size() == 10);
  CHECK_THAT(reported.text(), ContainsSubstring("no start"));
}

TEST_CASE("records of a sink that logs arrive, and the runtime still ends") {
  struct talking_sink {
    std::shared_ptr<support::capture> target;
    std::shared_ptr<fapilog::logger> log;
    int left = 20;
    void write(fapilog::batch const& entries) {
      target->write(entries);
      if (left-- > 0)
        log->warning("wrote {} records", entries.size(), kv("left", left), kv("list", std::vector<int>(50)));
    }
  };
  for (auto const policy : {fapilog::when_full::drop, fapilog::when_full::block}) {
    auto const target = std::make_shared<support::capture>();
    auto const log = std::make_shared<fapilog::logger>();
    fapilog::runtime rt{{.when_full = policy, .lane_bytes = 4'096, .sinks = {talking_sink{target, log}}}};
    *log = rt.get_logger("sink");
    auto const own = rt.get_logger("own");
    for (int i = 0; i < 50; ++i) own.info("n", kv("n", i));
    CHECK(rt.flush(60s).complete);
    // What the sink logged in its last write arrives after the flush; each write logs at most one record more.
    for (int i = 0; i < 25; ++i) CHECK(rt.flush(60s).complete);
    auto const counts = rt.drain(60s);
    CHECK(counts.complete);
    CHECK(counts.balanced());
    CHECK(counts.pending == 0);
    CHECK(counts.processed == target->lines().size());
    CHECK(counts.submitted == 70);
    if (policy == fapilog::when_full::block) CHECK(counts.dropped.total() == 0);
    *log = {};
  }
}

TEST_CASE("a sink that flushes the runtime it belongs to does not hang it") {
  struct flushing_sink {
    std::shared_ptr<support::capture> target;
    std::shared_ptr<fapilog::runtime*> rt;
    std::shared_ptr<bool> complete;
    void write(fapilog::batch const& entries) {
      target->write(entries);
      if (*rt != nullptr) *complete = (*rt)->flush(10s).complete;
    }
  };
  auto const target = std::make_shared<support::capture>();
  auto const self = std::make_shared<fapilog::runtime*>(nullptr);
  auto const complete = std::make_shared<bool>(true);
  fapilog::runtime rt{{.sinks = {flushing_sink{target, self, complete}}}};
  *self = &rt;
  rt.get_logger().info("x");
  CHECK(rt.flush(60s).complete);
  CHECK_FALSE(*complete);
  CHECK(rt.drain(60s).complete);
  CHECK(target->lines().size() == 1);
}

TEST_CASE("a filter that throws keeps the record and is reported by name") {
  fapilog::options options;
  options.filters.emplace_back([](fapilog::event const& e) -> bool {
    if (e.message == "bad") throw std::runtime_error{"filter fault"};
    if (e.message == "worse") throw 42;
    return e.message != "unwanted";
  });
  support::logged test{std::move(options)};
  json const record = between_others(test, [&] { test.log.info("bad"); });
  CHECK(record.at("message") == "bad");
  between_others(test, [&] { test.log.info("worse"); });
  test.log.info("unwanted");
  CHECK(test.records().size() == 6);
  CHECK(test.rt.counts().filtered == 1);
  CHECK(test.rt.counts().balanced());
  check_complaint(test, "\"filter\"");
  check_complaint(test, "filter fault");
}

TEST_CASE("an enricher that throws is skipped for that record and is reported by name") {
  fapilog::options options;
  options.enrichers.emplace_back([](fapilog::event& e) {
    if (e.message == "bad") throw std::runtime_error{"enricher fault"};
    if (e.message == "worse") throw 42;
    e.diagnostics.set("enriched", fapilog::value::of_bool(true));
  });
  support::logged test{std::move(options)};
  json record = between_others(test, [&] { test.log.info("bad", kv("a", 1)); });
  CHECK_FALSE(record.at("diagnostics").contains("enriched"));
  CHECK(record.at("data") == json{{"a", 1}});
  record = between_others(test, [&] { test.log.info("worse"); });
  CHECK_FALSE(record.at("diagnostics").contains("enriched"));
  CHECK(test.last().at("diagnostics").at("enriched") == true);
  check_complaint(test, "enricher fault");
}

TEST_CASE(
    "a record whose redactor throws is never written, counts as failed, and the redactor is reported by "
    "name") {
  fapilog::options options;
  options.redactors.emplace_back([](fapilog::event& e) {
    if (e.message == "bad") throw std::runtime_error{"redactor fault"};
    if (e.message == "worse") throw 42;
    if (fapilog::value* const secret = e.data.edit("secret")) *secret = fapilog::value::of_string("***");
  });
  support::logged test{std::move(options)};
  test.log.info("good", kv("secret", "s1"));
  test.log.info("bad", kv("secret", "s2"));
  test.log.info("worse", kv("secret", "s3"));
  test.log.info("good", kv("secret", "s4"));
  auto const records = test.records();
  REQUIRE(records.size() == 2);
  for (json const& record : records) CHECK(record.at("data") == json{{"secret", "***"}});
  auto const counts = test.rt.counts();
  CHECK(counts.balanced());
  CHECK(counts.failed == 2);
  CHECK(counts.processed == 2);
  check_complaint(test, "\"redactor\"");
  check_complaint(test, "std::runtime_error");
  CHECK_THAT(test.diagnostics_text(),
             !ContainsSubstring("redactor fault"));  // the message might contain the value
}

TEST_CASE(
    "a processor that throws leaves the line unchanged and is reported by name, one that refuses drops it") {
  fapilog::options options;
  options.processors.emplace_back([](fapilog::event const& e, std::string& line) {
    if (e.message == "bad") {
      line = "half";
      throw std::runtime_error{"processor fault"};
    }
    if (e.message == "worse") throw 42;
    return e.message != "unwanted";
  });
  support::logged test{std::move(options)};
  json record = between_others(test, [&] { test.log.info("bad", kv("a", 1)); });
  CHECK(record.at("data") == json{{"a", 1}});
  between_others(test, [&] { test.log.info("worse"); });
  test.log.info("unwanted");
  CHECK(test.records().size() == 6);
  auto const counts = test.rt.counts();
  CHECK(counts.failed == 1);
  CHECK(counts.balanced());
  check_complaint(test, "processor fault");
}

TEST_CASE("bad input from several threads at once does no harm") {
  support::logged test{{.when_full = fapilog::when_full::block, .lane_bytes = 65'536}};
  std::vector<std::thread> threads;
  constexpr int rounds = 60;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&test, t] {
      std::string const big(200'000, static_cast<char>('a' + t));
      for (int i = 0; i < rounds; ++i) {
        test.log.info("good", kv("thread", t), kv("n", i), kv("list", std::vector<int>(10, i)));
        test.log.info("bad {}", throws_std{}, kv("bad", throws_std{}), kv("broken", "\xFF\xC3"));
        if (i % 10 == 0) test.log.info(runtime_text{big}, kv("big", big), kv("deep", bad_input::nested{200}));
        test.log.info("nested", kv("self", bad_input::logs_itself{&test.log, 1}));
      }
    });
  }
  for (std::thread& t : threads) t.join();
  auto const records = test.records();
  std::vector<int> next(3, 0);
  for (json const& record : records) {
    if (record.at("message") != "good") continue;
    json const& data = record.at("data");
    int& n = next.at(data.at("thread").get<std::size_t>());
    CHECK(data.at("n") == n);
    CHECK(data.at("list") == json(std::vector<int>(10, n)));
    ++n;
  }
  CHECK(next == std::vector<int>(3, rounds));
  auto const counts = test.rt.counts();
  CHECK(counts.balanced());
  CHECK(counts.processed == records.size());
  CHECK(counts.processed == 3 * (rounds * 4 + rounds / 10));
}
