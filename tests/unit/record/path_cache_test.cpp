// SPDX-License-Identifier: MIT
// Caches decisions by the keys of a place, within bounds.
#include "support/catch.hpp"

#include <fapilog/record/path_cache.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using cache = fapilog::detail::path_cache<int>;

TEST_CASE("a place is found by its key below its parent") {
  cache places{2};
  auto const a = places.add(0, "a", 1);
  auto const b = places.add(a, "b", 2);
  places.add(1, "a", 3);
  REQUIRE(places.find(0, "a") != nullptr);
  CHECK(places.find(0, "a")->decision == 1);
  CHECK(places.find(0, "a")->at == a);
  CHECK(places.find(a, "b")->decision == 2);
  CHECK(places.find(1, "a")->decision == 3);
  CHECK(places.find(b, "b") == nullptr);
  CHECK(places.find(0, "b") == nullptr);
  CHECK(places.find(0, "") == nullptr);
  CHECK(places.find(cache::none, "a") == nullptr);
  CHECK(places.size() == 3);
}

TEST_CASE("keys are compared by all of their characters, whatever their length") {
  cache places{1, 100'000};
  std::map<std::string, int> known;
  std::mt19937 random{5};
  for (int i = 0; i < 20'000; ++i) {
    std::string key;
    std::size_t const size = random() % 40;
    while (key.size() < size) key += "ab\0"[random() % 3];
    if (!known.emplace(key, i).second) continue;
    REQUIRE(places.find(0, key) == nullptr);
    REQUIRE(places.add(0, key, i) != cache::none);
  }
  for (auto const& [key, number] : known) {
    std::string const elsewhere = key;
    REQUIRE(places.find(0, elsewhere) != nullptr);
    REQUIRE(places.find(0, elsewhere)->decision == number);
  }
}

TEST_CASE("long keys that differ only in the middle, and equal keys below many places, are distinguished") {
  cache places{1, 100'000};
  for (int i = 0; i < 1000; ++i) {
    std::string const key = "beginning" + std::to_string(1000 + i) + "the end.";
    REQUIRE(places.add(0, key, i) != cache::none);
    REQUIRE(places.find(0, key) != nullptr);
    CHECK(places.find(0, key)->decision == i);
  }
  CHECK(places.find(0, "beginning1000the end.")->decision == 0);
  CHECK(places.find(0, "beginning9999the end.") == nullptr);
  cache below{1, 100'000};
  std::vector<cache::node> parents;
  for (int i = 0; i < 1000; ++i) parents.push_back(below.add(0, std::to_string(i), -1));
  for (int i = 0; i < 1000; ++i) (void)below.add(parents[static_cast<std::size_t>(i)], "same", i);
  for (int i = 0; i < 1000; ++i)
    CHECK(below.find(parents[static_cast<std::size_t>(i)], "same")->decision == i);
}

TEST_CASE("what does not fit is not cached until the next event empties the cache") {
  cache places{1, 10};
  for (int i = 0; i < 10; ++i) CHECK(places.add(0, "key" + std::to_string(i), i) != cache::none);
  CHECK(places.add(0, "one more", 1) == cache::none);
  CHECK(places.find(0, "one more") == nullptr);
  CHECK(places.find(0, "key3")->decision == 3);
  places.begin_event();
  CHECK(places.size() == 0);
  CHECK(places.find(0, "key3") == nullptr);
  CHECK(places.add(0, "one more", 1) != cache::none);
  places.begin_event();
  CHECK(places.find(0, "one more")->decision == 1);
}

TEST_CASE("keys that are too long, and places below one that is not cached, are not cached") {
  cache places{1};
  CHECK(places.add(0, std::string(cache::longest_key, 'k'), 1) != cache::none);
  CHECK(places.add(0, std::string(cache::longest_key + 1, 'k'), 1) == cache::none);
  CHECK(places.add(cache::none, "a", 1) == cache::none);
}

TEST_CASE("a copy starts empty") {
  cache places{1};
  places.add(0, "a", 1);
  cache copy{places};
  CHECK(copy.size() == 0);
  copy.add(0, "b", 2);
  copy = places;
  CHECK(copy.size() == 0);
  cache const moved{std::move(places)};
  CHECK(moved.find(0, "a")->decision == 1);
}
