// SPDX-License-Identifier: MIT
// The tree of settings: values, origins, merging of layers, canonical text.
#include "support/catch.hpp"

#include <fapilog/config/config_value.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>

using fapilog::detail::canonical_text;
using fapilog::detail::config_origin;
using fapilog::detail::config_value;
using fapilog::detail::to_json;

namespace {

config_value object(std::initializer_list<std::pair<char const*, config_value>> members) {
  config_value v = config_value::object();
  for (auto const& [name, value] : members) v.set(name, value);
  return v;
}

}  // namespace

TEST_CASE("a tree of configuration is written as the JSON that it is") {
  config_value const v = object({{"flag", true},
                                 {"least", std::numeric_limits<std::int64_t>::min()},
                                 {"most", std::numeric_limits<std::uint64_t>::max()},
                                 {"half", 0.5},
                                 {"text", "a \"b\"\n"},
                                 {"none", {}},
                                 {"list", config_value::list({1, "x", config_value::list()})},
                                 {"object", object({{"k", 1}})}});
  CHECK(to_json(v) == R"({"flag":true,"least":-9223372036854775808,"most":18446744073709551615,"half":0.5,)"
                      R"("text":"a \"b\"\n","none":null,"list":[1,"x",[]],"object":{"k":1}})");
  CHECK(nlohmann::json::parse(to_json(v, 2)) == nlohmann::json::parse(to_json(v)));
  CHECK(to_json(object({{"a", 1}, {"b", config_value::list({2})}}), 2) ==
        "{\n  \"a\": 1,\n  \"b\": [\n    2\n  ]\n}");
}

TEST_CASE("equal configuration has one canonical text, whatever its origin and order") {
  config_value a = object({{"x", 1}, {"y", object({{"b", 2}, {"a", 3U}})}});
  config_value const b = object({{"y", object({{"a", 3}, {"b", 2}})}, {"x", 1}});
  a.find("x")->set_origin(config_origin::in_environment("X"));
  CHECK(canonical_text(a) == canonical_text(b));
  CHECK(canonical_text(a) == R"({"x":1,"y":{"a":3,"b":2}})");
  CHECK(canonical_text(config_value::list({1, 2})) != canonical_text(config_value::list({2, 1})));
}

TEST_CASE("members are added, replaced and removed, and keep their order") {
  config_value v = object({{"a", 1}, {"b", 2}, {"c", 3}});
  v.set("b", "two");
  v.erase("a");
  v.erase("absent");
  CHECK(to_json(v) == R"({"b":"two","c":3})");
  CHECK(v.find("a") == nullptr);
  CHECK(config_value{5}.find("a") == nullptr);
  config_value other{5};
  other.set("a", 1);
  CHECK(to_json(other) == R"({"a":1})");
  config_value list{"text"};
  list.push_back(1);
  CHECK(to_json(list) == "[1]");
}

TEST_CASE("an origin names its file and line, its variable, or code") {
  auto const name = std::make_shared<std::string const>("fapilog.json");
  CHECK(config_origin::in_text(name, 3).text() == "fapilog.json:3");
  CHECK_FALSE(config_origin::in_text(name, 3).is_environment());
  CHECK(config_origin::in_environment("FAPILOG_X").text() == "FAPILOG_X");
  CHECK(config_origin::in_environment("FAPILOG_X").is_environment());
  CHECK(config_origin{}.text() == "code");
  CHECK_FALSE(config_origin{}.is_environment());
}

TEST_CASE("a layer changes the members that it names, replaces lists, and removes by null") {
  config_value base =
      object({{"core", object({{"level", "INFO"}, {"sinks", config_value::list({"a", "b"})}})},
              {"file", object({{"path", "x"}, {"mode", "0600"}})},
              {"text", "t"}});
  lay_over(base, object({{"core", object({{"level", "DEBUG"}, {"sinks", config_value::list({"c"})}})},
                         {"file", object({{"path", {}}, {"absent", {}}})},
                         {"text", object({{"now", "an object"}, {"none", {}}})},
                         {"more", object({{"k", {}}, {"l", 1}})}}));
  CHECK(to_json(base) == R"({"core":{"level":"DEBUG","sinks":["c"]},"file":{"mode":"0600"},)"
                         R"("text":{"now":"an object"},"more":{"l":1}})");
}

TEST_CASE("a JSON object in a variable is merged into an object and is a string elsewhere") {
  auto const form =
      std::make_shared<config_value::json_form const>(config_value::json_form{object({{"b", 2}}), ""});
  auto const spelled =
      config_value::of_environment(R"({"b":2})", config_origin::in_environment("FAPILOG_CORE"), form);
  config_value base = object({{"core", object({{"a", 1}})}, {"password", "x"}});
  lay_over(base, object({{"core", spelled}, {"password", spelled}}));
  CHECK(to_json(base) == R"({"core":{"a":1,"b":2},"password":"{\"b\":2}"})");
  CHECK(base.find("core")->origin().text() == "FAPILOG_CORE");

  auto const broken = std::make_shared<config_value::json_form const>(config_value::json_form{{}, "no JSON"});
  auto const text = config_value::of_environment("{", config_origin::in_environment("FAPILOG_X"), broken);
  CHECK(text.structure().is_text());
}
