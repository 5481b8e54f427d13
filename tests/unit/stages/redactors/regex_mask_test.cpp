// SPDX-License-Identifier: MIT
// Masking by regular expressions for paths.
#include "support/catch.hpp"
#include "support/redacted.hpp"

#include <fapilog/stages/redactors/regex_mask.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using fapilog::redactors::mask_mode;
using fapilog::redactors::regex_mask;
using fapilog::redactors::regex_mask_config;
using json = nlohmann::json;
using support::redacted;

namespace {

redacted masking_by_pattern(std::vector<std::string> patterns) {
  return redacted{regex_mask{{.patterns = std::move(patterns)}}};
}

}  // namespace

TEST_CASE("a pattern must match the whole path of a member") {
  redacted r = masking_by_pattern({R"(data\.user\..*)", R"(.*\.(pin|code))"});
  CHECK(r.data({{"user", {{"name", "x"}, {"age", 3}}},
                {"username", "y"},
                {"a", {{"pin", 1}, {"pins", 2}}},
                {"code", 4}}) == json{{"user", {{"name", "***"}, {"age", "***"}}},
                                      {"username", "y"},
                                      {"a", {{"pin", "***"}, {"pins", 2}}},
                                      {"code", "***"}});
  redacted part = masking_by_pattern({"user"});
  CHECK(part.named("user", "x") == "x");
}

TEST_CASE("lists do not appear in paths, and a masked container is not searched") {
  redacted r = masking_by_pattern({R"(data\.items\.price)", R"(data\.whole)"});
  CHECK(r.data({{"items", {{{"price", 1}}, {{"price", 2}}}}, {"whole", {{"x", 1}}}}) ==
        json{{"items", {{{"price", "***"}}, {{"price", "***"}}}}, {"whole", "***"}});
}

TEST_CASE("the path of a member names the containers around it, not those beside it") {
  redacted r = masking_by_pattern({R"(data\.o\.b)", R"(data\.o\.a\.z)"});
  CHECK(r.data({{"o", {{"a", {{"x", {{"b", 1}}}, {"z", 2}}}, {"b", 3}, {"z", 4}}}}) ==
        json{{"o", {{"a", {{"x", {{"b", 1}}}, {"z", "***"}}}, {"b", "***"}, {"z", 4}}}});
}

TEST_CASE("context and diagnostics have paths, too") {
  redacted r = masking_by_pattern({R"(context\.user_id)", R"(diagnostics\..*message)"});
  json const log =
      r.log("m", {{"user_id", 1}}, {{"user_id", "u"}}, {{"exception", {{"error.message", "x"}}}});
  CHECK(log.at("context").at("user_id") == "***");
  CHECK(log.at("diagnostics").at("exception").at("error.message") == "***");
  CHECK(log.at("data").at("user_id") == 1);
}

TEST_CASE("the constructor refuses a pattern that is not supported or could take exponential time") {
  CHECK_THROWS_WITH(
      masking_by_pattern({"ok", R"((a)\1)"}),
      ContainsSubstring(
          R"(fapilog: regex_mask.patterns: '(a)\1' is invalid; expected a regular expression)") &&
          ContainsSubstring("references to groups are not supported"));
  CHECK_THROWS_AS(masking_by_pattern({"(?=x)"}), std::invalid_argument);
  CHECK_THROWS_WITH(masking_by_pattern({"(a{1000}){1000}"}), ContainsSubstring("too large"));
  CHECK_THROWS_AS(masking_by_pattern({"["}), std::invalid_argument);
}

TEST_CASE("a pattern that takes exponential time with backtracking takes linear time") {
  redacted r = masking_by_pattern({"(.*a+)+b", "(a|a)*b"});
  // With backtracking this would take longer than any timeout of the test.
  std::string const key(240, 'a');
  CHECK(r.data({{key, {{key, {{key, 1}}}}}}) == json{{key, {{key, {{key, 1}}}}}});
}

TEST_CASE("a path too long to be matched is masked") {
  redacted r = masking_by_pattern({"data\\.never"});
  json nested = "deep";
  for (int i = 0; i < 50; ++i) nested = json{{std::string(100, 'k'), nested}};
  std::string const text = r.data({{"a", nested}}).dump();
  CHECK_THAT(text, !ContainsSubstring("deep") && ContainsSubstring("***"));
}

TEST_CASE("regex_mask masks with pseudonyms, too") {
  redacted r{regex_mask{{.patterns = {".*user.*"}, .mode = mask_mode::pseudonym, .key = "0123456789abcdef"}}};
  CHECK(r.named("user", "ada") == "hmac:83eeb38e004a2953");
  CHECK(r.count("fapilog_redacted_fields_total", "regex_mask") == 1);
}
