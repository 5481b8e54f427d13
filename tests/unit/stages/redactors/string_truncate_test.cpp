// SPDX-License-Identifier: MIT
// Truncation of long strings.
#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/redacted.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/stages/redactors/string_truncate.hpp>

#include <string>

using fapilog::kv;
using fapilog::redactors::string_truncate;
using json = nlohmann::json;
using support::redacted;

TEST_CASE("the configured limit applies") {
  // In fapilog for Python the setting never reached the redactor.
  support::logged test{{.redactors = {string_truncate{{.max_string_length = 5}}}}};
  test.log.info("a long message", kv("text", "a long text"), kv("short", "12345"));
  CHECK(test.data() == json{{"text", "a lon[truncated]"}, {"short", "12345"}});
  CHECK(test.message() == "a lon[truncated]");
}

TEST_CASE("without a limit nothing is cut") {
  redacted r{string_truncate{}};
  std::string const text(100'000, 'x');
  CHECK(r.text(text) == text);
}

TEST_CASE("a limit counts characters and never cuts within one") {
  redacted r{string_truncate{{.max_string_length = 3}}};
  CHECK(r.text("\xC3\xA4\xC3\xB6\xC3\xBC") == "\xC3\xA4\xC3\xB6\xC3\xBC");
  CHECK(r.text("\xC3\xA4\xC3\xB6\xC3\xBC!") == "\xC3\xA4\xC3\xB6\xC3\xBC[truncated]");
  CHECK(r.text("\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80") ==
        "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80");
  // Bytes that are not UTF-8 count one by one.
  CHECK(r.text(std::string(1000, '\x80')) == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD[truncated]");
}

TEST_CASE("strings are cut at any depth, also in context and diagnostics, keys are not") {
  redacted r{string_truncate{{.max_string_length = 2}}};
  json const log = r.log("m", {{"long_key", {{"a", {"abc", "ab"}}}}}, {{"user_id", "u123"}},
                         {{"exception", {{"error.message", "xyz"}}}});
  CHECK(log.at("data") == json{{"long_key", {{"a", {"ab[truncated]", "ab"}}}}});
  CHECK(log.at("context").at("user_id") == "u1[truncated]");
  CHECK(log.at("diagnostics").at("exception").at("error.message") == "xy[truncated]");
}

TEST_CASE("truncating twice has the effect of truncating once, and it is counted") {
  redacted r{string_truncate{{.max_string_length = 4}}};
  std::string const once = r.text("abcdefgh");
  CHECK(r.text(once) == once);
  CHECK(r.count("fapilog_redacted_fields_total", "truncated") == 2);
}
