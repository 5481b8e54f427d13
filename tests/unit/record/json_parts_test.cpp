// SPDX-License-Identifier: MIT
// Splits JSON without a copy, and cuts strings within it.
#include "support/catch.hpp"

#include <fapilog/record/json_parts.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using fapilog::detail::json::clip_string;
using fapilog::detail::json::split;
using fapilog::detail::json::text_member;

TEST_CASE("an object is split into keys and values in their original text") {
  std::string const text =
      R"({ "a":1, "b\"}":"x\\\"]},{" ,"c":{"d":[1,{"e":"}"}],"f":{}},"g":[],"h":null,"i":-1.5e3,"j":true } )";
  std::vector<text_member> members;
  REQUIRE(split(text, members));
  std::vector<std::string> found;
  for (auto const& m : members) found.push_back(std::string{m.key} + '=' + std::string{m.value});
  CHECK(found == std::vector<std::string>{R"("a"=1)", R"("b\"}"="x\\\"]},{")",
                                          R"("c"={"d":[1,{"e":"}"}],"f":{}})", R"("g"=[])", R"("h"=null)",
                                          R"("i"=-1.5e3)", R"("j"=true)"});
  members.clear();
  CHECK(split("{}", members));
  CHECK(split(" { } ", members));
  CHECK(members.empty());
}

TEST_CASE("a string that is not a whole object is not split, wherever it ends") {
  std::vector<text_member> members;
  std::string const whole = R"({"a":[1,"\"}"],"b":{"c":2},"d":"x"})";
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(split(whole.substr(0, size), members));
  CHECK(split(whole, members));
  for (auto const* const bad : {"[]", "1", "\"x\"", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
                                "{\"a\":1}x", "{\"a\":1 2}", "{,}", "H4sIAAAAAAAA"}) {
    CHECK_FALSE(split(bad, members));
  }
}

TEST_CASE("an array is split into its elements, and a member is found by its key") {
  std::vector<std::string_view> elements;
  REQUIRE(fapilog::detail::json::split_array(R"( [ {"a":[1,2]} , "x\",]" ,3, [] ] )", elements));
  CHECK(elements == std::vector<std::string_view>{R"({"a":[1,2]})", R"("x\",]")", "3", "[]"});
  elements.clear();
  CHECK(fapilog::detail::json::split_array("[ ]", elements));
  CHECK(elements.empty());
  std::string const whole = R"([1,{"a":"]"},[2]])";
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK_FALSE(fapilog::detail::json::split_array(whole.substr(0, size), elements));
  for (auto const* const bad : {"{}", "[1,]", "[,]", "[1 2]", "[1]x", "1"})
    CHECK_FALSE(fapilog::detail::json::split_array(bad, elements));
  CHECK(fapilog::detail::json::find_member(R"({"a":1,"b":{"a":2}})", "\"b\"") == R"({"a":2})");
  CHECK(fapilog::detail::json::find_member(R"({"a":1})", "\"b\"").empty());
  CHECK(fapilog::detail::json::find_member("[1]", "\"b\"").empty());
  CHECK(fapilog::detail::json::unsigned_number("42") == 42U);
  for (auto const* const bad : {"", "-1", "1.5", "1x", "18446744073709551616"})
    CHECK_FALSE(fapilog::detail::json::unsigned_number(bad));
}

TEST_CASE("a string is cut between characters and escapes, wherever the limit falls") {
  // U+1F600 raw and as a pair of escapes, two- and three-byte characters, short and long escapes.
  std::string const text = "\"a\\n\\u2028\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\\ud83d\\ude00\\\\\\\"z\"";
  auto const whole = nlohmann::json::parse(text).get<std::string>();
  std::size_t longest = 0;
  for (std::size_t most = 2; most <= text.size() + 2; ++most) {
    std::string const cut = std::string{clip_string(text, most)} + '"';
    REQUIRE(cut.size() <= most);
    auto const shorter = nlohmann::json::parse(cut).get<std::string>();
    CHECK(whole.compare(0, shorter.size(), shorter) == 0);
    CHECK(shorter.size() >= longest);
    longest = shorter.size();
  }
  CHECK(longest == whole.size());
  CHECK(clip_string("\"abc\"", 4) == "\"ab");
  CHECK(clip_string("\"abc\"", 5) == "\"abc");
}
