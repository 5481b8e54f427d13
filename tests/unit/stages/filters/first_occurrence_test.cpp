// SPDX-License-Identifier: MIT
// First occurrence: once per key and window, bounded.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/settings.hpp"

#include <fapilog/stages/filters/first_occurrence.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using fapilog::kv;
using fapilog::value;
using fapilog::filters::first_occurrence;
using fapilog::filters::first_occurrence_config;
using support::one_second;

namespace {

struct first_calls {
  first_occurrence filter;
  std::int64_t now = 1'769'509'800 * one_second;

  [[nodiscard]] bool calls(std::string_view message) {
    support::events made;
    fapilog::event& e = made.add(message);
    e.unix_ns = now;
    return filter.keep(e);
  }
};

}  // namespace

TEST_CASE("the first record of a message passes, later ones in its window do not") {
  support::logged l{{.filters = {first_occurrence{}}}};
  for (int i = 0; i < 5; ++i) {
    l.log.info("disk is slow", kv("i", i));
    l.log.info("other");
  }
  auto const records = l.records();
  REQUIRE(records.size() == 2);
  CHECK(records[0].at("data").at("i") == 0);
  CHECK(records[1].at("message") == "other");
  CHECK(l.rt.counts().filtered == 8);
}

TEST_CASE("the window starts with the first event: a message that never pauses passes once per window") {
  first_calls c{first_occurrence{{.window_seconds = 60}}};
  int passed = 0;
  for (int i = 0; i < 600; ++i) {
    passed += c.calls("x") ? 1 : 0;
    c.now += one_second;
  }
  CHECK(passed == 10);
}

TEST_CASE("several paths make one key, and a record with none of them passes") {
  first_occurrence filter{{.key_fields = {"data.user.id", "context.tenant_id"}}};
  auto const keeps = [&](int user, char const* tenant) {
    support::events made;
    fapilog::event& e = made.add("x");
    if (user != 0) e.data.push_back({"user", made.object({{"id", value::of_number(user)}})});
    if (tenant != nullptr) e.context.push_back({"tenant_id", value::of_string(tenant)});
    return filter.keep(e);
  };
  CHECK(keeps(1, "acme"));
  CHECK(keeps(1, "other"));
  CHECK(keeps(2, "acme"));
  CHECK(keeps(1, nullptr));
  CHECK(keeps(0, "acme"));
  CHECK_FALSE(keeps(1, "acme"));
  CHECK_FALSE(keeps(1, nullptr));
  CHECK_FALSE(keeps(0, "acme"));
  CHECK(keeps(0, nullptr));
  CHECK(keeps(0, nullptr));
}

TEST_CASE("values in two fields are not the same key as both in one field") {
  first_occurrence filter{{.key_fields = {"data.a", "data.b"}}};
  auto const keeps = [&](char const* a, char const* b) {
    support::events made;
    fapilog::event& e = made.add("x");
    e.data.push_back({"a", value::of_string(a)});
    if (b != nullptr) e.data.push_back({"b", value::of_string(b)});
    return filter.keep(e);
  };
  CHECK(keeps("xy", "z"));
  CHECK(keeps("x", "yz"));
  CHECK(keeps("xyz", ""));
  CHECK(keeps("", "xyz"));
  CHECK(keeps("z", "xy"));
  CHECK(keeps("xyz", nullptr));
  CHECK_FALSE(keeps("xyz", nullptr));
}

TEST_CASE("a share of the later records can pass, the same ones for a seed") {
  auto const later = [](std::uint64_t seed) {
    first_calls c{first_occurrence{{.subsequent_sample_rate = 0.3, .seed = seed}}};
    CHECK(c.calls("x"));
    std::vector<bool> all;
    for (int i = 0; i < 2'000; ++i) all.push_back(c.calls("x"));
    return all;
  };
  auto const first = later(5);
  CHECK(first == later(5));
  CHECK(first != later(6));
  double passed = 0;
  for (bool const one : first) passed += one ? 1 : 0;
  CHECK(std::abs(passed - 600) < 120);
}

TEST_CASE("the keys of first_occurrence are bounded, and an evicted one passes again") {
  first_calls c{first_occurrence{{.max_keys = 2}}};
  CHECK(c.calls("a"));
  CHECK(c.calls("b"));
  CHECK_FALSE(c.calls("a"));
  CHECK(c.calls(std::string(1 << 20, 'x')));
  CHECK_FALSE(c.calls("a"));
  CHECK(c.calls("b"));
  fapilog::metric_list all;
  c.filter.collect(all);
  REQUIRE(all.size() == 1);
  CHECK(all[0].name == "fapilog_first_occurrence_keys_tracked");
  CHECK(all[0].kind == fapilog::metric_kind::gauge);
  CHECK(all[0].value == 2);
}

TEST_CASE("setting the clock back by more than the window starts a new one") {
  first_calls c{first_occurrence{{.window_seconds = 60}}};
  CHECK(c.calls("x"));
  c.now -= 30 * one_second;
  CHECK_FALSE(c.calls("x"));
  c.now -= 3'600 * one_second;
  CHECK(c.calls("x"));
  CHECK_FALSE(c.calls("x"));
}

TEST_CASE("a copy of first_occurrence has the keys of the original") {
  first_calls first{first_occurrence{}};
  CHECK(first.calls("a"));
  first_calls second_one{first};
  CHECK_FALSE(second_one.calls("a"));
  CHECK(second_one.calls("b"));
  CHECK(first.calls("b"));
}

TEST_CASE("first_occurrence describes its settings and refuses invalid ones") {
  CHECK(
      support::names_of_settings<first_occurrence_config>() ==
      std::vector<std::string>{"key_fields", "window_seconds", "max_keys", "subsequent_sample_rate", "seed"});
  auto const refused = [](first_occurrence_config const& config) {
    return support::refusal_of([&] { return first_occurrence{config}; });
  };
  CHECK(refused({.key_fields = {}}) == "fapilog: first_occurrence.key_fields: must not be empty");
  CHECK(refused({.key_fields = {"message", "."}}) ==
        "fapilog: first_occurrence.key_fields: '.' is invalid; expected keys separated by dots, such as "
        "context.trace_id");
  CHECK(refused({.window_seconds = 0}) ==
        "fapilog: first_occurrence.window_seconds: 0 is out of range (above 0, at most 31536000)");
  CHECK(refused({.max_keys = 0}) == "fapilog: first_occurrence.max_keys: 0 is out of range (1 to 10000000)");
  CHECK(refused({.subsequent_sample_rate = 2}) ==
        "fapilog: first_occurrence.subsequent_sample_rate: 2 is out of range (0 to 1)");
}
