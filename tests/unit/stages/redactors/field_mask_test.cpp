// SPDX-License-Identifier: MIT
// Masking by path, and the replacements for masked values.
#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/redacted.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/stages/redactors/field_mask.hpp>

#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using fapilog::kv;
using fapilog::redactors::field_mask;
using fapilog::redactors::field_mask_config;
using fapilog::redactors::mask_mode;
using json = nlohmann::json;
using support::redacted;

namespace {

redacted masking_by_path(std::vector<std::string> paths) {
  return redacted{field_mask{{.fields_to_mask = std::move(paths)}}};
}

struct price {
  double euros;
};
void to_log(fapilog::value_writer& writer, price const& p) { writer.value(p.euros); }

}  // namespace

TEST_CASE("a path from data, context or diagnostics down masks only that member") {
  redacted r = masking_by_path({"data.user.password", "context.user_id", "diagnostics.host"});
  json const log =
      r.log("m", {{"user", {{"password", "x"}, {"name", "ada"}}}, {"password", "y"}, {"user_id", "z"}},
            {{"user_id", "u"}}, {{"host", "h"}, {"pid", 1}});
  CHECK(log.at("data") ==
        json{{"user", {{"password", "***"}, {"name", "ada"}}}, {"password", "y"}, {"user_id", "z"}});
  CHECK(log.at("context").at("user_id") == "***");
  CHECK(log.at("diagnostics").at("host") == "***");
  CHECK(log.at("diagnostics").at("pid") == 1);
}

TEST_CASE("a path without a root matches at any depth") {
  redacted r = masking_by_path({"password", "user.name"});
  json const log =
      r.log("m", {{"password", "x"}, {"a", {{"password", "y"}}}, {"user", {{"name", "n"}}}, {"name", "m"}},
            {{"password", "c"}}, {{"b", {{"c", {{"password", "d"}}}}}});
  CHECK(log.at("data") ==
        json{{"password", "***"}, {"a", {{"password", "***"}}}, {"user", {{"name", "***"}}}, {"name", "m"}});
  CHECK(log.at("context").at("password") == "***");
  CHECK(log.at("diagnostics").at("b").at("c").at("password") == "***");
}

TEST_CASE("a star matches one key, two stars any number of keys") {
  redacted r = masking_by_path({"data.*.token", "data.deep.**.pin", "data.all.**", "**.end"});
  CHECK(r.data({{"a", {{"token", 1}, {"b", {{"token", 2}}}}}, {"token", 3}}) ==
        json{{"a", {{"token", "***"}, {"b", {{"token", 2}}}}}, {"token", 3}});
  CHECK(r.data({{"deep", {{"pin", 1}, {"a", {{"b", {{"pin", 2}}}}}}}, {"pin", 3}}) ==
        json{{"deep", {{"pin", "***"}, {"a", {{"b", {{"pin", "***"}}}}}}}, {"pin", 3}});
  CHECK(r.data({{"all", {{"x", 1}}}}) == json{{"all", "***"}});
  CHECK(r.data({{"x", {{"end", 1}, {"endless", 2}}}}) == json{{"x", {{"end", "***"}, {"endless", 2}}}});
  redacted everything = masking_by_path({"data.*"});
  CHECK(everything.data({{"a", 1}, {"b", {{"c", 2}}}}) == json{{"a", "***"}, {"b", "***"}});
}

TEST_CASE("lists do not appear in a path") {
  json const before{{"users", {{{"token", "a"}}, {{"token", "b"}}}}};
  json const after{{"users", {{{"token", "***"}}, {{"token", "***"}}}}};
  for (auto const* const path :
       {"data.users.token", "data.users[*].token", "data.users[0].token", "data.users.[*].token"}) {
    redacted r = masking_by_path({path});
    CHECK(r.data(before) == after);
  }
  redacted lists = masking_by_path({"data.m"});
  CHECK(lists.data({{"m", {{1, 2}, {3}}}}) == json{{"m", "***"}});
}

TEST_CASE("a key with dots counts as several keys, and as one for a star") {
  redacted r = masking_by_path({"data.user.name", "diagnostics.exception.error.message", "data.*.token"});
  CHECK(r.data({{"a.b", {{"token", 1}}}, {"c", {{"token", 2}}}}) ==
        json{{"a.b", {{"token", "***"}}}, {"c", {{"token", "***"}}}});
  CHECK(r.data({{"user.name", "x"}}) == json{{"user.name", "***"}});
  CHECK(r.log("m", json::object(), json::object(), {{"exception", {{"error.message", "x"}}}})
            .at("diagnostics")
            .at("exception")
            .at("error.message") == "***");
}

TEST_CASE("case makes no difference by default") {
  redacted r = masking_by_path({"data.User.PassWord"});
  CHECK(r.data({{"uSER", {{"password", 1}}}}) == json{{"uSER", {{"password", "***"}}}});
  redacted strict{field_mask{{.fields_to_mask = {"data.User"}, .case_insensitive = false}}};
  CHECK(strict.data({{"User", 1}, {"user", 2}}) == json{{"User", "***"}, {"user", 2}});
}

TEST_CASE("the mask can be configured, and null stays null") {
  redacted r{field_mask{{.fields_to_mask = {"a"}, .mask_string = "<\"gone\">"}}};
  CHECK(r.data({{"a", "x"}, {"b", {{"a", nullptr}}}}) == json{{"a", "<\"gone\">"}, {"b", {{"a", nullptr}}}});
}

TEST_CASE("an invalid path in fields_to_mask is refused") {
  for (auto const* const path : {"", ".", "a.", ".a", "a..b"}) {
    CHECK_THROWS_AS(masking_by_path({path}), std::invalid_argument);
    CHECK_THROWS_WITH(masking_by_path({path}),
                      ContainsSubstring("path '" + std::string{path} + "' is not valid"));
  }
}

TEST_CASE("equal values have equal pseudonyms with one key, and different ones with another key") {
  field_mask_config config{
      .fields_to_mask = {"user", "card"}, .mode = mask_mode::pseudonym, .key = "0123456789abcdef"};
  redacted r{field_mask{config}};
  // The first digits of HMAC-SHA-256 of `ada` under this key.
  CHECK(r.named("user", "ada") == "hmac:83eeb38e004a2953");
  json const both = r.data({{"user", 42}, {"a", {{"card", "42"}}}});
  CHECK(both.at("user") == both.at("a").at("card"));
  CHECK(both.at("user") != r.named("user", "ada"));
  CHECK(r.named("user", {{"a", 1}}) == r.named("user", {{"a", 1}}));
  CHECK(r.named("user", nullptr).is_null());
  config.key = "another key of 16";
  redacted other{field_mask{config}};
  CHECK(other.named("user", "ada") != r.named("user", "ada"));
}

TEST_CASE("pseudonyms need a key of sixteen bytes, and no error contains it") {
  field_mask_config config{.fields_to_mask = {"user"}, .mode = mask_mode::pseudonym, .key = "hunter2"};
  CHECK_THROWS_WITH(
      field_mask{config},
      ContainsSubstring("field_mask.key: a key of 7 bytes is invalid; expected at least 16 bytes") &&
          !ContainsSubstring("hunter2"));
  config.key.clear();
  CHECK_THROWS_AS(field_mask{config}, std::invalid_argument);
}

TEST_CASE("values that JSON cannot represent do not prevent others from being masked") {
  // In fapilog for Python one such value let the whole record pass.
  support::logged test{{.redactors = {field_mask{{.fields_to_mask = {"password"}}}}}};
  test.log.info("charged", kv("password", "hunter2"), kv("price", price{1.2}),
                kv("ratio", std::numeric_limits<double>::quiet_NaN()),
                kv("raw", std::vector<std::byte>{std::byte{0xFF}, std::byte{0}}), kv("bad", "\xFF\xFE"),
                kv("when", std::chrono::system_clock::now()), kv("pointer", static_cast<void const*>(&test)),
                kv("map", std::map<std::string, std::string>{{"password", "hunter2"}, {"\xFF", "x"}}));
  CHECK(test.data().at("password") == "***");
  CHECK(test.data().at("map").at("password") == "***");
  CHECK(test.data().at("price") == 1.2);
  CHECK_THAT(test.last_line(), !ContainsSubstring("hunter2"));
}

TEST_CASE("more places than the cache holds are still masked, record after record") {
  redacted r = masking_by_path({"data.*.secret"});
  for (int round = 0; round < 3; ++round) {
    json before;
    json after;
    for (int i = 0; i < 6000; ++i) {
      std::string const key = "key" + std::to_string(round % 2) + "_" + std::to_string(i);
      before[key] = {{"secret", i}, {"open", i}};
      after[key] = {{"secret", "***"}, {"open", i}};
    }
    REQUIRE(r.data(before) == after);
    CHECK(r.data({{"a", {{"secret", 1}}}}) == json{{"a", {{"secret", "***"}}}});
  }
  std::string const long_key(5000, 'k');
  CHECK(r.data({{long_key, {{"secret", 1}}}}) == json{{long_key, {{"secret", "***"}}}});
}

TEST_CASE("keys in reused memory are distinguished by their characters") {
  redacted r = masking_by_path({"data.secret"});
  for (int i = 0; i < 100; ++i) {
    CHECK(r.data({{"secret", i}}) == json{{"secret", "***"}});
    CHECK(r.data({{"decret", i}}) == json{{"decret", i}});
  }
}
