// SPDX-License-Identifier: MIT
// The library's own vector: the cases in which its memory moves or a constructor throws.
#include "support/catch.hpp"

#include <fapilog/detail/memory/vector.hpp>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

using own_vector = fapilog::detail::vector<std::string>;

TEST_CASE("the own vector copies an element of its own while its memory moves") {
  own_vector all{std::string(40, 'a')};
  for (int i = 0; i < 20; ++i) all.push_back(all.front());
  REQUIRE(all.size() == 21);
  for (std::string const& one : all) CHECK(one == std::string(40, 'a'));
}

TEST_CASE("the own vector is unchanged by a constructor that throws") {
  struct picky {
    explicit picky(int n) : number(std::make_unique<int>(n)) {
      if (n < 0) throw std::runtime_error{"negative"};
    }
    std::unique_ptr<int> number;
  };
  fapilog::detail::vector<picky> all;
  for (int i = 0; i < 9; ++i) {
    CHECK_THROWS_AS(all.emplace_back(-1), std::runtime_error);
    REQUIRE(all.size() == static_cast<std::size_t>(i));
    all.emplace_back(i);
    CHECK(*all[0].number == 0);
    CHECK(*all.back().number == i);
  }
}

TEST_CASE("the own vector keeps no element of a copy that throws") {
  struct counted {
    explicit counted(int& n) : alive(n) { ++alive; }
    counted(counted const& other) : alive(other.alive) {
      if (alive == 5) throw std::runtime_error{"full"};
      ++alive;
    }
    counted(counted&& other) noexcept : alive(other.alive) { ++alive; }
    ~counted() { --alive; }
    int& alive;
  };
  int alive = 0;
  {
    fapilog::detail::vector<counted> all;
    for (int i = 0; i < 3; ++i) all.emplace_back(alive);
    CHECK_THROWS_AS(fapilog::detail::vector<counted>(all), std::runtime_error);
    CHECK(alive == 3);
  }
  CHECK(alive == 0);
}

TEST_CASE("the own vector removes elements in their order") {
  own_vector all{"a", "b", "c", "d", "e"};
  all.erase(all.begin() + 1);
  CHECK(all.size() == 4);
  all.erase(all.begin() + 3);
  all.erase_if([](std::string const& one) { return one == "a"; });
  REQUIRE(all.size() == 2);
  CHECK(all.front() == "c");
  CHECK(all.back() == "d");
}

TEST_CASE("the own vector resizes, copies and moves") {
  own_vector all(3, "x");
  all.resize(5);
  CHECK(all[2] == "x");
  CHECK(all[4].empty());
  all.resize(1);
  own_vector const copy = all;
  own_vector const moved = std::move(all);
  REQUIRE(copy.size() == 1);
  CHECK(copy[0] == "x");
  CHECK(moved[0] == "x");
}
