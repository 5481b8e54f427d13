// SPDX-License-Identifier: MIT
// Tests record/level.hpp: numbers, names, reading them back, sets of levels.
#include <fapilog/record/level.hpp>

#include <string>
#include <string_view>

#include "support/catch.hpp"

namespace {

using fapilog::level;
using fapilog::level_set;

constexpr level named_levels[] = {level::trace, level::debug,    level::info,  level::warning,
                                  level::error, level::critical, level::audit, level::security};

}  // namespace

TEST_CASE("the named levels have the numbers of the envelope and rise in severity") {
  CHECK(static_cast<int>(level::trace) == 5);
  CHECK(static_cast<int>(level::debug) == 10);
  CHECK(static_cast<int>(level::info) == 20);
  CHECK(static_cast<int>(level::warning) == 30);
  CHECK(static_cast<int>(level::error) == 40);
  CHECK(static_cast<int>(level::critical) == 50);
  CHECK(static_cast<int>(level::audit) == 60);
  CHECK(static_cast<int>(level::security) == 70);
  CHECK(level::error > level::warning);
}

TEST_CASE("a named level has its name and reads back from it in any case") {
  for (level const value : named_levels) {
    std::string name{fapilog::level_name(value)};
    CHECK(!name.empty());
    auto const upper = fapilog::parse_level(name);
    REQUIRE(upper);
    CHECK(upper.value == value);
    for (char& c : name) c = static_cast<char>(c - 'A' + 'a');
    auto const lower = fapilog::parse_level(name);
    REQUIRE(lower);
    CHECK(lower.value == value);
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
    CHECK(fapilog::parse_level(name).value == value);
  }
}

TEST_CASE("levels between the named ones are constants without a name") {
  constexpr level notice = fapilog::custom_level(25);
  STATIC_REQUIRE(notice > level::info);
  STATIC_REQUIRE(notice < level::warning);
  CHECK(fapilog::level_name(notice).empty());
  CHECK(fapilog::level_name(fapilog::custom_level(0)).empty());
  CHECK(fapilog::level_name(fapilog::custom_level(99)).empty());
  CHECK(fapilog::level_name(fapilog::custom_level(40)) == "ERROR");
}

TEST_CASE("level names have the usual aliases") {
  CHECK(fapilog::parse_level("WARN").value == level::warning);
  CHECK(fapilog::parse_level("warn").value == level::warning);
  CHECK(fapilog::parse_level("Fatal").value == level::critical);
}

TEST_CASE("a level is read from its number") {
  for (int number = 0; number < 100; ++number) {
    auto const found = fapilog::parse_level(std::to_string(number));
    REQUIRE(found);
    CHECK(static_cast<int>(found.value) == number);
  }
  CHECK(static_cast<int>(fapilog::parse_level("07").value) == 7);
}

TEST_CASE("a string that is not a level is refused") {
  for (std::string_view const text : {"", " ", "INF", "INFOO", "INFO ", " INFO", "100", "-1", "+1", "1.",
                                      "2x", "0x1", "TRAC", "WARNIN", "\xC4\xB0NFO"}) {
    INFO(text);
    CHECK_FALSE(fapilog::parse_level(text));
  }
  CHECK_FALSE(fapilog::parse_level(std::string_view{"INFO\0", 5}));
}

TEST_CASE("a set of levels contains exactly what was inserted, over the whole range") {
  for (unsigned first = 0; first < 100; ++first) {
    level_set set;
    set.insert(static_cast<level>(first));
    for (unsigned other = 0; other < 100; ++other) {
      bool const same = first == other;
      if (set.contains(static_cast<level>(other)) != same)
        FAIL("level " << other << " with only " << first << " in");
    }
  }
  constexpr level_set protected_ones = level_set::of(level::error, level::security);
  STATIC_REQUIRE(protected_ones.contains(level::error));
  STATIC_REQUIRE(protected_ones.contains(level::security));
  STATIC_REQUIRE(!protected_ones.contains(level::audit));
  CHECK(protected_ones == level_set::of(level::security, level::error));
  CHECK_FALSE(protected_ones == level_set{});
}
