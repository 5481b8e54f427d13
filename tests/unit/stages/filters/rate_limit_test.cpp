// SPDX-License-Identifier: MIT
// The rate limit: buckets by key under the envelope v1.1, time, and bounds.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/settings.hpp"

#include <fapilog/stages/filters/rate_limit.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using fapilog::kv;
using fapilog::value;
using fapilog::filters::overflow_action;
using fapilog::filters::rate_limit;
using fapilog::filters::rate_limit_config;

namespace {

constexpr std::int64_t one_ms = 1'000'000;

/// Passes events to a filter at chosen times.
struct limited_calls {
  rate_limit filter;
  std::int64_t now = 1'769'509'800'000 * one_ms;

  [[nodiscard]] bool calls(std::string_view user = {}) {
    support::events made;
    fapilog::event& e = made.add("x");
    e.unix_ns = now;
    if (!user.empty()) e.context.push_back({"user_id", value::of_string(user)});
    return filter.keep(e);
  }
  [[nodiscard]] int passed(int count, std::string_view user = {}) {
    int sum = 0;
    for (int i = 0; i < count; ++i) sum += calls(user) ? 1 : 0;
    return sum;
  }
};

double keys_tracked(rate_limit const& filter) {
  fapilog::metric_list all;
  filter.collect(all);
  REQUIRE(all.size() == 1);
  CHECK(all[0].name == "fapilog_rate_limit_keys_tracked");
  CHECK(all[0].kind == fapilog::metric_kind::gauge);
  return all[0].value;
}

}  // namespace

TEST_CASE("defect 12: under the envelope v1.1 rate_limit has one bucket per user, not one for all") {
  support::logged l{{.filters = {rate_limit{
                         {.capacity = 1, .refill_rate_per_sec = 0.001, .key_field = "context.user_id"}}}}};
  for (int round = 0; round < 2; ++round) {
    for (auto const* const user : {"a", "b", "c"}) l.log.info("clicked", kv("user_id", user));
  }
  std::map<std::string, int> passed;
  for (auto const& record : l.records()) ++passed[record.at("context").at("user_id")];
  CHECK(passed == std::map<std::string, int>{{"a", 1}, {"b", 1}, {"c", 1}});
  CHECK(l.rt.counts().filtered == 3);
}

TEST_CASE("a bucket lets its capacity pass at once and then as many as are refilled") {
  limited_calls c{rate_limit{{.capacity = 10, .refill_rate_per_sec = 5}}};
  CHECK(c.passed(20) == 10);
  c.now += 199 * one_ms;
  CHECK(c.passed(1) == 0);
  c.now += 2 * one_ms;
  CHECK(c.passed(2) == 1);
  c.now += 1'000 * one_ms;
  CHECK(c.passed(20) == 5);
  c.now += 3'600'000 * one_ms;
  CHECK(c.passed(20) == 10);
}

TEST_CASE("without a key all records share one bucket, records without the key share one of their own") {
  limited_calls all{rate_limit{{.capacity = 2}}};
  CHECK(all.passed(2, "a") == 2);
  CHECK(all.passed(2, "b") == 0);
  limited_calls by_user{rate_limit{{.capacity = 2, .key_field = "context.user_id"}}};
  CHECK(by_user.passed(5, "a") == 2);
  CHECK(by_user.passed(5) == 2);
  CHECK(by_user.passed(5, "b") == 2);
  CHECK(keys_tracked(by_user.filter) == 2);
}

TEST_CASE(
    "the keys of a rate limit are bounded: the least recently seen one is evicted and starts again later") {
  limited_calls c{rate_limit{{.capacity = 1, .key_field = "user_id", .max_keys = 3}}};
  for (auto const* const user : {"a", "b", "c"}) CHECK(c.calls(user));
  CHECK_FALSE(c.calls("a"));  // the newest now
  CHECK(c.calls("d"));        // replaces b
  CHECK_FALSE(c.calls("a"));
  CHECK_FALSE(c.calls("c"));
  CHECK(c.calls("b"));
  CHECK(keys_tracked(c.filter) == 3);
}

TEST_CASE("a flood of keys of a megabyte does not exceed the memory bound of a rate limit") {
  limited_calls c{rate_limit{{.capacity = 1, .key_field = "user_id", .max_keys = 10}}};
  std::string const megabyte(1 << 20, 'x');
  for (int i = 0; i < 50; ++i) CHECK(c.calls(megabyte + std::to_string(i)));
  CHECK_FALSE(c.calls(megabyte + "49"));
  CHECK(keys_tracked(c.filter) == 10);
}

TEST_CASE("a number and its text are the same key, an empty and a missing value are not") {
  rate_limit filter{{.capacity = 1, .key_field = "data.k"}};
  auto const calls = [&](value const* v) {
    support::events made;
    fapilog::event& e = made.add("x");
    if (v != nullptr) e.data.push_back({"k", *v});
    return filter.keep(e);
  };
  value const number = value::of_number(42);
  value const text = value::of_string("42");
  value const empty = value::of_string("");
  CHECK(calls(&number));
  CHECK_FALSE(calls(&text));
  CHECK(calls(&empty));
  CHECK(calls(nullptr));
  CHECK_FALSE(calls(nullptr));
  CHECK_FALSE(calls(&empty));
}

TEST_CASE("a rate limit that marks keeps the record and marks its data") {
  support::logged l{
      {.filters = {rate_limit{
           {.capacity = 1, .refill_rate_per_sec = 0.001, .overflow_action = overflow_action::mark}}}}};
  l.log.info("x", kv("i", 0));
  l.log.info("x", kv("i", 1));
  auto const records = l.records();
  REQUIRE(records.size() == 2);
  CHECK(records[0].at("data") == nlohmann::json{{"i", 0}});
  CHECK(records[1].at("data") == nlohmann::json{{"i", 1}, {"_rate_limited", true}});
  CHECK(l.rt.counts().filtered == 0);
}

TEST_CASE("calls that arrive slightly out of order refill nothing twice") {
  limited_calls c{rate_limit{{.capacity = 10, .refill_rate_per_sec = 10}}};
  CHECK(c.passed(10) == 10);
  int passed = 0;
  for (int i = 0; i < 100; ++i) {
    c.now += (i % 2 == 0 ? -50 : 50) * one_ms;
    passed += c.passed(1);
  }
  CHECK(passed == 0);
}

TEST_CASE("a rate limit continues from the new time if the clock is set back") {
  limited_calls c{rate_limit{{.capacity = 2, .refill_rate_per_sec = 1}}};
  CHECK(c.passed(5) == 2);
  c.now -= 3'600'000 * one_ms;
  CHECK(c.passed(5) == 0);
  c.now += 1'001 * one_ms;
  CHECK(c.passed(5) == 1);
}

TEST_CASE("a copy of a rate limit starts with the state of the original and is then independent") {
  limited_calls first{rate_limit{{.capacity = 3, .refill_rate_per_sec = 0.001, .key_field = "user_id"}}};
  CHECK(first.passed(2, "a") == 2);
  limited_calls second{first};
  CHECK(second.passed(3, "a") == 1);
  CHECK(first.passed(3, "a") == 1);
}

TEST_CASE("the rate limit describes its settings and refuses invalid ones") {
  CHECK(support::names_of_settings<rate_limit_config>() ==
        std::vector<std::string>{"capacity", "refill_rate_per_sec", "key_field", "max_keys",
                                 "overflow_action"});
  auto const refused = [](rate_limit_config const& config) {
    return support::refusal_of([&] { return rate_limit{config}; });
  };
  CHECK(refused({.capacity = 0}) == "fapilog: rate_limit.capacity: 0 is out of range (1 or more)");
  CHECK(refused({.refill_rate_per_sec = 0}) ==
        "fapilog: rate_limit.refill_rate_per_sec: 0 is out of range (above 0, at most 1000000000)");
  CHECK(refused({.max_keys = 0}) == "fapilog: rate_limit.max_keys: 0 is out of range (1 to 10000000)");
  CHECK(refused({.key_field = "context..id"}) ==
        "fapilog: rate_limit.key_field: 'context..id' is invalid; expected keys separated by dots, such as "
        "context.trace_id");
}
