// SPDX-License-Identifier: MIT
// The wide search for marks, compared with a loop over single characters.
#include "support/catch.hpp"

#include <fapilog/detail/text/name_words.hpp>
#include <fapilog/detail/text/text_marks.hpp>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using fapilog::detail::find_marks;
using fapilog::detail::has_marks;
using fapilog::detail::mark_set;

namespace {

template <mark_set Set>
std::vector<std::size_t> marks(std::string_view text) {
  std::vector<std::size_t> all;
  (void)find_marks<Set>(text, [&](std::size_t at) { all.push_back(at); });
  return all;
}

std::vector<std::size_t> by_looking(std::string_view text, std::string_view wanted) {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (wanted.find(text[i]) != std::string_view::npos) all.push_back(i);
  }
  return all;
}

}  // namespace

TEST_CASE("finds each mark once, at every position, in strings of any length") {
  for (std::size_t size = fapilog::detail::shortest_marked; size < 70; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (char const c : {'@', '=', ':', 'J', '%', '<'}) {
        std::string text(size, '.');
        text[at] = c;
        INFO(text);
        CHECK(marks<mark_set::full>(text) == std::vector<std::size_t>{at});
        CHECK(has_marks<mark_set::full>(text));
        CHECK(has_marks<mark_set::few>(text) == (c != 'J' && c != '%' && c != '<'));
      }
    }
    CHECK_FALSE(has_marks<mark_set::full>(std::string(size, '.')));
  }
}

TEST_CASE("finds the same marks in random strings as a scan of each character") {
  std::mt19937 random{4};
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    std::size_t const size = 4 + random() % 60;
    while (text.size() < size) text += "ab@=:J-Bs e%<\xC3\xA9"[random() % 15];
    INFO(text);
    REQUIRE(marks<mark_set::few>(text) == by_looking(text, "@=:"));
    REQUIRE(marks<mark_set::full>(text) == by_looking(text, "@=:J%<"));
  }
}

TEST_CASE("never misses the signs of a key block or a scheme") {
  for (std::size_t before = 0; before < 40; ++before) {
    for (std::size_t after = 0; after < 40; ++after) {
      std::string const left(before, 'x');
      std::string const right(after, 'x');
      INFO(before << ' ' << after);
      std::string text = left + "-----" + right;
      if (text.size() >= 16) {
        CHECK(find_marks<mark_set::full>(text, [](std::size_t) {}).dashes);
        CHECK(has_marks<mark_set::full>(text));
      }
      for (auto const* const scheme : {"Bearer", "basic", "BASIC", "bEArer"}) {
        text = left + scheme + right;
        if (text.size() < 8) continue;
        CHECK(find_marks<mark_set::full>(text, [](std::size_t) {}).scheme);
        CHECK(has_marks<mark_set::full>(text));
      }
    }
  }
}

TEST_CASE("ordinary strings have no signs") {
  for (auto const* const text : {"order 8812 was shipped to the customer", "GET /api/v1/orders",
                                 "2026-01-27 10-30", "the number of users grew"}) {
    CHECK_FALSE(has_marks<mark_set::full>(text));
  }
}

TEST_CASE("never misses rows, digits, words and flags, at any position") {
  for (std::size_t before = 0; before < 40; ++before) {
    for (std::size_t const after : {0U, 1U, 7U, 15U, 16U, 31U}) {
      std::string const left(before, '.');
      std::string const right(after, '.');
      INFO(before << ' ' << after);
      auto const signs_of = [&](std::string const& middle) {
        return find_marks<mark_set::full>(left + middle + right, [](std::size_t) {});
      };
      CHECK(signs_of("aZ09_-bbbbbbbbbb").rows);
      CHECK_FALSE(signs_of("aZ09_-bbbbbbbbb").rows);
      CHECK(signs_of("1 2 3 4 5 6 7 8 9 0 1 2 3").digits);
      CHECK(signs_of("IDENTIFIED BY x").words);
      CHECK(signs_of("the Password x").words);
      CHECK(signs_of("run --key x").flags);
      CHECK(signs_of("run -p x y").flags);
      CHECK(signs_of("[\"-p\",\"x\"]").flags);
    }
  }
}
