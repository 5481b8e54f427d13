// SPDX-License-Identifier: MIT
// The bounded table against a plain list with the same behaviour.
#include "support/catch.hpp"

#include <fapilog/detail/chance.hpp>
#include <fapilog/detail/memory/recent_table.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <utility>
#include <vector>

using fapilog::detail::random_bits;
using fapilog::detail::recent_table;

namespace {

/// The oldest first.
struct model {
  std::size_t most;
  std::list<std::pair<std::uint64_t, int>> all = {};

  auto at(std::uint64_t key) {
    return std::find_if(all.begin(), all.end(), [key](auto const& one) { return one.first == key; });
  }
};

std::vector<int> values_of(recent_table<int>& table) {
  std::vector<int> values;
  table.for_each([&](int value) { values.push_back(value); });
  return values;
}

}  // namespace

TEST_CASE("a bounded table finds, renews, adds and forgets as a list would") {
  for (std::size_t const most : {std::size_t{1}, std::size_t{2}, std::size_t{17}, std::size_t{100}}) {
    recent_table<int> table{most};
    model expected{most};
    random_bits bits{most};
    for (int step = 0; step < 5'000; ++step) {
      // Keys with equal low bits fall into one bucket.
      std::uint64_t const key = (bits.next() % (2 * most)) << (step % 2 == 0 ? 0 : 32);
      auto const known = expected.at(key);
      if (bits.next() % 10 == 0 && !expected.all.empty()) {
        REQUIRE(table.oldest() == expected.all.front().second);
        table.drop_oldest();
        expected.all.pop_front();
      } else if (known == expected.all.end()) {
        REQUIRE(table.find(key) == nullptr);
        REQUIRE(table.renew(key) == nullptr);
        REQUIRE(table.full() == (expected.all.size() == most));
        if (expected.all.size() == most) expected.all.pop_front();
        int& fresh = table.add(key);
        REQUIRE(fresh == 0);
        fresh = step;
        expected.all.emplace_back(key, step);
      } else if (bits.next() % 2 == 0) {
        REQUIRE(*table.renew(key) == known->second);
        expected.all.splice(expected.all.end(), expected.all, known);
      } else {
        REQUIRE(*table.find(key) == known->second);
      }
      REQUIRE(table.size() == expected.all.size());
      REQUIRE(table.empty() == expected.all.empty());
    }
    std::vector<int> wanted;
    for (auto const& one : expected.all) wanted.push_back(one.second);
    CHECK(values_of(table) == wanted);
  }
}

TEST_CASE("a copy of a bounded table is independent") {
  recent_table<std::string> table{3};
  table.add(1) = "one";
  auto copy = table;
  copy.add(2) = "two";
  *copy.find(1) = "uno";
  CHECK(table.size() == 1);
  CHECK(*table.find(1) == "one");
  CHECK(copy.size() == 2);
  CHECK(*copy.find(1) == "uno");
}
