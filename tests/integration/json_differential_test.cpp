// SPDX-License-Identifier: MIT
// Tests arbitrary keys, strings, bytes, numbers and nesting against nlohmann's parser: the fuzz target's program with random
// input, for a few seconds.
#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/json_program.hpp"
#include "support/catch.hpp"
#include "support/scale.hpp"

namespace {

/// Bytes of which many have a meaning: quotes, escapes, parts of UTF-8, small counts.
std::vector<std::uint8_t> random_input(std::mt19937_64& random) {
  static constexpr std::string_view interesting =
      "\"\\\n\t\x01\x1F\x7F\x80\x9B\xBF\xC2\xC3\xE0\xE2\xED\xEF\xF0\xF4\xF5\xFE\xFF\xA0\xA8\xAE\xBB\xBD{}|/"
      "aZ09 ";
  std::uniform_int_distribution<std::size_t> sizes{0, 400};
  std::uniform_int_distribution<unsigned> bytes{0, 255};
  std::uniform_int_distribution<std::size_t> choices{0, interesting.size() - 1};
  std::uniform_int_distribution<int> kinds{0, 9};
  std::vector<std::uint8_t> input(sizes(random));
  for (std::uint8_t& b : input) {
    int const kind = kinds(random);
    if (kind < 4) {
      b = static_cast<std::uint8_t>(interesting[choices(random)]);
    } else if (kind < 6) {
      b = static_cast<std::uint8_t>(bytes(random) % 16);
    } else {
      b = static_cast<std::uint8_t>(bytes(random));
    }
  }
  return input;
}

void run_random_programs(std::uint64_t seed, std::chrono::milliseconds time, std::size_t least) {
  std::mt19937_64 random{seed};
  json_program::runner runner;
  auto const end = std::chrono::steady_clock::now() + time;
  std::size_t count = 0;
  for (; count < least || std::chrono::steady_clock::now() < end; ++count) {
    std::vector<std::uint8_t> const input = random_input(random);
    std::string const wrong = runner.run(input);
    if (!wrong.empty()) FAIL("seed " << seed << ", program " << count << ": " << wrong);
  }
  auto const counts = runner.counts();
  CHECK(counts.processed == count);
  CHECK(counts.balanced());
}

}  // namespace

TEST_CASE("random programs with a fixed seed arrive as documented") {
  run_random_programs(20'260'127, std::chrono::milliseconds{0}, support::scaled(20'000, 2'000));
}

TEST_CASE("random programs with a new seed each time arrive as documented") {
  auto const seed = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  WARN("seed " << seed);
  run_random_programs(seed, std::chrono::seconds{2}, 100);
}

TEST_CASE("the oracle of the random programs distinguishes right from wrong") {
  using json_program::form;
  using json_program::is_as_promised;
  using json_program::node;
  using nlohmann::json;
  node text;
  text.what = form::text;
  text.text = "a\xFF";
  CHECK(is_as_promised(text, "a\xEF\xBF\xBD"));
  CHECK_FALSE(is_as_promised(text, "a"));
  CHECK_FALSE(is_as_promised(text, "a\xEF\xBF\xBD\xEF\xBF\xBD"));
  node number;
  number.what = form::real;
  number.bits = 0x8000'0000'0000'0000;  // -0.0
  CHECK(is_as_promised(number, -0.0));
  CHECK_FALSE(is_as_promised(number, 0.0));
  CHECK_FALSE(is_as_promised(number, 0));
  node object;
  object.what = form::object;
  object.members = {text, number, node{}};
  object.members[0].key = object.members[1].key = "a";
  CHECK(is_as_promised(object, json{{"a", -0.0}, {"_", nullptr}}));
  CHECK_FALSE(is_as_promised(object, json{{"a", -0.0}}));
  CHECK_FALSE(is_as_promised(object, json{{"a", -0.0}, {"_", nullptr}, {"b", 1}}));
  node array;
  array.what = form::array;
  array.members = {text, number};
  CHECK(is_as_promised(array, json::array({"a\xEF\xBF\xBD", -0.0})));
  CHECK_FALSE(is_as_promised(array, json::array({-0.0, "a\xEF\xBF\xBD"})));
  node moment;
  moment.what = form::timestamp;
  moment.bits = static_cast<std::uint64_t>(std::int64_t{-1});
  CHECK(is_as_promised(moment, "1969-12-31T23:59:59.999999999Z"));
}
