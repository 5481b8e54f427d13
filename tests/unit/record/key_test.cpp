// SPDX-License-Identifier: MIT
// Tests record/key.hpp: literal keys checked at compile time, and dynamic keys with any bytes.
#include <fapilog/record/key.hpp>

#include <map>
#include <string>
#include <string_view>

#include "support/catch.hpp"
#include "support/logged.hpp"

namespace {

using fapilog::dynamic_key;
using fapilog::key;
using fapilog::kv;

std::string const replacement = "\xEF\xBF\xBD";

/// The key in the record of a value that is logged with this key.
std::string arrives_as(support::logged& test, std::string_view name) {
  test.log.info("key", kv(dynamic_key{name}, 1));
  auto const data = test.data();
  REQUIRE(data.size() == 1);
  CHECK(data.begin().value() == 1);
  return data.begin().key();
}

}  // namespace

TEST_CASE("a literal key refers to its characters without a copy") {
  static constexpr char text[] = "order id";
  constexpr key name{text};
  constexpr auto view = name.view();
  STATIC_REQUIRE(view.text == static_cast<char const*>(text));
  STATIC_REQUIRE(view.size == 8);
  STATIC_REQUIRE(view.flags == fapilog::detail::record_format::key_is_literal);
}

TEST_CASE("every printable character except quote and backslash is allowed in a literal key") {
  support::logged test;
  test.log.info("keys", kv(" !#$%&'()*+,-./0123456789:;<=>?", 1), kv("@ABCXYZ[]^_`abcxyz{|}~", 2),
                kv(".", 3));
  auto const data = test.data();
  CHECK(data.at(" !#$%&'()*+,-./0123456789:;<=>?") == 1);
  CHECK(data.at("@ABCXYZ[]^_`abcxyz{|}~") == 2);
  CHECK(data.at(".") == 3);
}

TEST_CASE("a dynamic key arrives unchanged, with quotes, control characters and characters of any script") {
  support::logged test;
  for (std::string const& name :
       {std::string{"plain"}, std::string{"with \"quotes\" and \\"}, std::string{"\n\t\x01\x1F\x7F"},
        std::string{"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"}, std::string{"a\0b", 3}, std::string{"\0", 1},
        std::string{"{}"}, std::string{" "}}) {
    INFO(name);
    CHECK(arrives_as(test, name) == name);
  }
}

TEST_CASE("an empty dynamic key becomes an underscore") {
  support::logged test;
  CHECK(arrives_as(test, "") == "_");
  CHECK(arrives_as(test, std::string_view{}) == "_");
}

TEST_CASE("bytes of a key that are not UTF-8 become U+FFFD") {
  support::logged test;
  CHECK(arrives_as(test, "\xFF") == replacement);
  CHECK(arrives_as(test, "a\xC3") == "a" + replacement);
  CHECK(arrives_as(test,
                   "\xE2\x82"
                   "b") == replacement + "b");
}

TEST_CASE("two invalid keys that are repaired to the same string are one key, with the last value") {
  support::logged test;
  test.log.info("keys", kv(dynamic_key{"\xFE"}, 1), kv(dynamic_key{"\xFF"}, 2));
  CHECK(test.last_line().find(replacement) == test.last_line().rfind(replacement));
  auto const data = test.data();
  REQUIRE(data.size() == 1);
  CHECK(data.at(replacement) == 2);
}

TEST_CASE("a dynamic key is cut after 1,024 bytes and stays UTF-8") {
  support::logged test;
  std::string const longest(1'024, 'k');
  CHECK(arrives_as(test, longest) == longest);
  CHECK(arrives_as(test, longest + "more") == longest);
  for (std::string const character : {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
    for (std::size_t inside = 1; inside < character.size(); ++inside) {
      std::string const before(1'024 - inside, 'k');
      CHECK(arrives_as(test, before + character + "more") == before);
      test.log.info("map", kv("map", std::map<std::string, int>{{before + character, 1}}));
      CHECK(test.data()["map"].begin().key() == before);
    }
    std::string const whole = std::string(1'024 - character.size(), 'k') + character;
    CHECK(arrives_as(test, whole) == whole);
    CHECK(arrives_as(test, whole + character) == whole);
  }
  // Bytes that are no characters are cut anywhere and repaired.
  std::string const repaired = arrives_as(test, std::string(2'000, '\x80'));
  CHECK(repaired.substr(0, replacement.size()) == replacement);
}

TEST_CASE("a dynamic key is copied by the call") {
  support::logged test;
  std::string name = "before";
  test.log.info("key", kv(dynamic_key{name}, 1));
  name = "after!";
  CHECK(test.data().contains("before"));
}

TEST_CASE("if a key occurs twice in one call, the last value counts") {
  support::logged test;
  test.log.info("twice", kv(dynamic_key{"same"}, 1), kv("other", 0), kv(dynamic_key{"same"}, 2));
  CHECK(test.data() == nlohmann::json{{"same", 2}, {"other", 0}});
}
