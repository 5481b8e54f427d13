// SPDX-License-Identifier: MIT
// Blocks fields that may contain anything.
#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/redacted.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/stages/redactors/field_blocker.hpp>
#include <fapilog/stages/redactors/sets.hpp>

#include <string>

using Catch::Matchers::ContainsSubstring;
using fapilog::kv;
using fapilog::redactors::field_blocker;
using json = nlohmann::json;
using support::redacted;

namespace {

constexpr char blocked[] = "[REDACTED:HIGH_RISK_FIELD]";

}  // namespace

TEST_CASE("by default the blocker blocks the nine high-risk fields") {
  redacted r{field_blocker{}};
  for (auto const* const key :
       {"body", "request_body", "response_body", "payload", "raw", "dump", "raw_body", "raw_request",
        "raw_response", "Body", "requestBody", "Response-Body", "RAW", "http.body", "a.b.Request_Body"}) {
    INFO(key);
    CHECK(r.named(key, {{"card", 1}}) == blocked);
  }
  for (auto const* const key :
       {"body_size", "somebody", "payloads", "drawing", "raw_count", "dumped", "name"}) {
    INFO(key);
    CHECK(r.named(key, "x") == "x");
  }
}

TEST_CASE("the hardened set blocks a body that is logged") {
  // In fapilog for Python its list was empty.
  support::logged test{{.redactors = fapilog::redactors::hardened_set()}};
  test.log.info("request", kv("body", "anything at all"), kv("size", 15));
  CHECK(test.data() == json{{"body", blocked}, {"size", 15}});
}

TEST_CASE("blocked fields are found at any depth, in context and diagnostics too, null stays") {
  redacted r{field_blocker{}};
  json const log =
      r.log("m", {{"http", {{{"body", "x"}, {"raw", nullptr}}}}}, {{"payload", "y"}}, {{"a", {{"dump", 1}}}});
  CHECK(log.at("data") == json{{"http", {{{"body", blocked}, {"raw", nullptr}}}}});
  CHECK(log.at("context").at("payload") == blocked);
  CHECK(log.at("diagnostics").at("a").at("dump") == blocked);
}

TEST_CASE("the list, the exceptions and the replacement can be configured") {
  redacted r{field_blocker{{.blocked_fields = {"blob", "body"},
                            .allowed_fields = {"data.mail.body", "Blob"},
                            .replacement = "gone"}}};
  CHECK(r.data({{"blob", 1}, {"body", 2}, {"mail", {{"body", 3}}}, {"payload", 4}}) ==
        json{{"blob", 1}, {"body", "gone"}, {"mail", {{"body", 3}}}, {"payload", 4}});
}

TEST_CASE("a field without letters is refused") {
  CHECK_THROWS_WITH(
      (field_blocker{{.blocked_fields = {"--"}}}),
      ContainsSubstring("field_blocker.blocked_fields: '--' is invalid; expected a key with letters"));
  CHECK_THROWS_WITH((field_blocker{{.allowed_fields = {""}}}), ContainsSubstring("is not valid"));
}

TEST_CASE("blocked fields are counted as policy violations") {
  redacted r{field_blocker{}};
  (void)r.data({{"body", 1}, {"raw", 2}});
  CHECK(r.count("fapilog_policy_violations_total", "") == 2);
  CHECK(r.count("fapilog_redacted_fields_total", "field_blocker") == 2);
}
