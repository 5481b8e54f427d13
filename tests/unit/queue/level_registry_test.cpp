// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/logged.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/queue/level_registry.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using fapilog::level;
using fapilog::detail::level_registry;
using fapilog::detail::named_level;

namespace {
level level_of(named_level const& named) { return static_cast<level>(named.threshold.load_relaxed()); }
}  // namespace

TEST_CASE("the most specific rule decides on the level of a name, in whatever order rules and names come") {
  level_registry registry{level::info};
  named_level& pool = registry.acquire("db.pool");
  named_level& db = registry.acquire("db");
  named_level& other = registry.acquire("dbx");
  registry.set("db.pool", level::error);
  registry.set("db.*", level::debug);
  registry.set("*", level::critical);
  named_level& late = registry.acquire("db.late");
  CHECK(level_of(pool) == level::error);
  CHECK(level_of(db) == level::debug);
  CHECK(level_of(other) == level::critical);
  CHECK(level_of(late) == level::debug);
  registry.set("db.*", level::warning);
  registry.set("db", level::audit);
  CHECK(level_of(pool) == level::error);
  CHECK(level_of(db) == level::audit);
  CHECK(level_of(late) == level::warning);
  registry.change(level::info, level_registry::rules_of({{"db.late", level::security}}));
  CHECK(level_of(pool) == level::info);
  CHECK(level_of(db) == level::info);
  CHECK(level_of(late) == level::security);
  registry.change(level::debug, std::nullopt);
  CHECK(level_of(pool) == level::debug);
  CHECK(level_of(late) == level::security);
}

TEST_CASE("each name has the level of its most specific rule, whatever names and rules there are") {
  std::minstd_rand random{42};
  auto const pick = [&random](std::size_t count) { return std::size_t{random()} % count; };
  auto const any_name = [&] {
    std::string name;
    for (std::size_t i = pick(4); i != 0; --i) {
      if (!name.empty() || pick(20) == 0) name += '.';
      name += std::vector<std::string>{"a", "b", "ab", "*", ""}[pick(5)];
    }
    return name;
  };
  level_registry registry{level::info};
  std::vector<std::pair<std::string, level>> rules;  // a later one of the same pattern applies
  std::vector<named_level*> names;
  level lowest = level::info;
  auto const expected = [&](std::string const& name) {
    std::size_t best = 0;
    level found = lowest;
    for (auto const& [pattern, value] : rules) {
      bool const is_prefix = pattern.ends_with(".*");
      std::string const prefix = pattern.substr(0, is_prefix ? pattern.size() - 2 : 0);
      bool const matches = is_prefix ? name == prefix || name.starts_with(prefix + '.') : name == pattern;
      std::size_t const specificity = is_prefix ? pattern.size() : 1'000;
      if (!matches || specificity < best) continue;
      best = specificity;
      found = value;
    }
    return found;
  };
  int wrong = 0;
  for (int round = 0; round < 500; ++round) {
    level const value = std::vector<level>{level::debug, level::warning, level::error, level::audit}[pick(4)];
    std::string pattern = any_name();
    if (pick(2) == 0) pattern += ".*";
    if (pattern == "*" || pick(20) == 0) {
      lowest = value;
      registry.set("*", value);
    } else if (pick(50) == 0) {
      rules.assign(1, {pattern, value});
      registry.change(std::nullopt, level_registry::rules_of(rules));
    } else {
      rules.emplace_back(pattern, value);
      registry.set(pattern, value);
    }
    names.push_back(&registry.acquire(any_name()));
    for (named_level const* const named : names) wrong += level_of(*named) == expected(named->name) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("a name is freed with its last reference, and a new logger of the name follows the rules") {
  level_registry registry{level::info};
  registry.set("worker.7", level::error);
  for (int round = 0; round < 3; ++round) {
    std::vector<named_level*> held;
    for (int i = 0; i < 1'000; ++i) held.push_back(&registry.acquire("worker." + std::to_string(i)));
    CHECK(&registry.acquire("worker.7") == held[7]);
    CHECK(level_of(*held[7]) == level::error);
    CHECK(level_of(*held[8]) == level::info);
    CHECK(registry.name_count() == 1'000);
    for (named_level* const named : held) registry.release(*named);
    CHECK(registry.name_count() == 1);
    registry.release(*held[7]);
    CHECK(registry.name_count() == 0);
  }
}

TEST_CASE("names that come and go within a batch stay with their records") {
  support::logged test{{}};
  for (int i = 0; i < 2'000; ++i) {
    std::string const name = "job." + std::to_string(i);
    test.rt.get_logger(name).with(fapilog::kv("name", name)).info("named");
  }
  auto const records = test.records();
  REQUIRE(records.size() == 2'000);
  int wrong = 0;
  for (auto const& record : records) wrong += record.at("logger") == record.at("data").at("name") ? 0 : 1;
  CHECK(wrong == 0);
}

namespace {

/// The records of level AUDIT that the runtime has logged.
std::vector<nlohmann::json> level_audits(support::logged& test) {
  std::vector<nlohmann::json> all;
  for (auto const& record : test.records()) {
    if (record.at("level") == "AUDIT") all.push_back(record);
  }
  return all;
}

}  // namespace

TEST_CASE(
    "a level that was changed for a time ends by itself, although nothing is logged, and both are recorded") {
  support::logged test;
  test.rt.set_level("db.*", level::error);
  auto const log = test.rt.get_logger("db.pool");
  CHECK(!log.is_enabled(level::debug));
  test.rt.set_level("db.*", level::debug, {.expires_after = 50ms, .changed_by = "ada"});
  CHECK(support::eventually([&] { return test.sink->lines().size() >= 2; }));
  CHECK(!log.is_enabled(level::warning));
  CHECK(log.is_enabled(level::error));
  auto const audits = level_audits(test);
  REQUIRE(audits.size() == 2);
  CHECK(audits[0].at("message") == "A level was changed");
  CHECK(audits[0].at("logger") == "fapilog");
  auto const& data = audits[0].at("data");
  CHECK(data.at("loggers") == "db.*");
  CHECK(data.at("level") == "DEBUG");
  CHECK(data.at("level_before") == "ERROR");
  CHECK(data.at("changed_by") == "ada");
  CHECK(data.at("expires_at").get<std::string>().ends_with("Z"));
  CHECK(audits[1].at("message") == "A change of a level has expired");
  CHECK(audits[1].at("data").at("level") == "ERROR");
  CHECK(audits[1].at("data").at("level_before") == "DEBUG");
  CHECK(!audits[1].at("data").contains("expires_at"));
}

TEST_CASE("a level for a time applies at once, and a rule that is set meanwhile stays") {
  support::logged test;
  auto const log = test.rt.get_logger("a.b");
  test.rt.set_level("a.*", level::debug, {.expires_after = 1h});
  CHECK(log.is_enabled(level::debug));
  auto rules = test.rt.levels();
  REQUIRE(rules.size() == 2);
  CHECK(rules[0].pattern == "*");
  CHECK(rules[0].expires_after == 0s);
  CHECK(rules[1].pattern == "a.*");
  CHECK(rules[1].lowest == level::debug);
  CHECK(rules[1].expires_after > 0s);
  CHECK(rules[1].expires_after <= 1h);
  test.rt.set_level("a.*", level::critical);
  CHECK(test.rt.levels()[1].expires_after == 0s);
  test.rt.set_level("a.*", level::debug, {.expires_after = 1h});
  CHECK(test.rt.change({.log_levels = {{{"other", level::error}}}}));
  REQUIRE(test.rt.levels().size() == 2);
  CHECK(test.rt.levels()[1].pattern == "other");
  CHECK(!log.is_enabled(level::debug));
}

TEST_CASE("where there was no rule, a level for a time leaves none, also if it was prolonged") {
  support::logged test;
  auto const log = test.rt.get_logger("x");
  test.rt.set_level("x", level::debug, {.expires_after = 1h});
  test.rt.set_level("x", level::warning, {.expires_after = 1ms});
  CHECK(support::eventually([&] { return test.rt.levels().size() == 1; }));
  CHECK(log.is_enabled(level::info));
  CHECK(!log.is_enabled(level::debug));
  test.rt.set_level(level::error);
  CHECK(!log.is_enabled(level::info));
  test.rt.set_level("*", level::debug, {.expires_after = 1ms});
  CHECK(support::eventually([&] { return !log.is_enabled(level::warning); }));
  CHECK(log.is_enabled(level::error));
}

TEST_CASE("a change of a level without a name or with a negative time is refused, one without a time stays") {
  support::logged test;
  CHECK_THROWS_WITH(test.rt.set_level("", level::debug, {}),
                    "fapilog: set_level: the name or pattern must not be empty; '*' is for all loggers");
  CHECK_THROWS_WITH(test.rt.set_level("x", level::debug, {.expires_after = -1s}),
                    "fapilog: set_level: `expires_after` must not be negative; 0: the change stays");
  test.rt.set_level("x", level::debug, {.changed_by = "ada"});
  auto const audits = level_audits(test);
  REQUIRE(audits.size() == 1);
  CHECK(audits[0].at("data").at("level_before") == "INFO");
  CHECK(!audits[0].at("data").contains("expires_at"));
  CHECK(test.rt.levels()[1].expires_after == 0s);
}

TEST_CASE("levels of scopes lower what passes the check, and the level of a logger stays") {
  level_registry registry{level::warning};
  named_level& early = registry.acquire("early");
  registry.begin_scope(level::debug);
  registry.begin_scope(level::info);
  registry.begin_scope(level::debug);
  named_level& late = registry.acquire("late");
  registry.set("late", level::error);
  for (named_level const* const one : {&early, &late}) CHECK(level_of(*one) == level::debug);
  CHECK(static_cast<level>(early.lowest.load_relaxed()) == level::warning);
  CHECK(static_cast<level>(late.lowest.load_relaxed()) == level::error);
  registry.end_scope(level::debug);
  CHECK(level_of(early) == level::debug);
  registry.end_scope(level::debug);
  CHECK(level_of(late) == level::info);
  registry.end_scope(level::info);
  CHECK(level_of(early) == level::warning);
  CHECK(level_of(late) == level::error);
}
