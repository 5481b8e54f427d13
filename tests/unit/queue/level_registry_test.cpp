// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/logged.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/queue/level_registry.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

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
