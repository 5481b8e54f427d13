// SPDX-License-Identifier: MIT
// Several redactors in one walk: order, depth, shared memory, and random values.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/redacted.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/stages/redactors/combined.hpp>
#include <fapilog/stages/redactors/field_mask.hpp>
#include <fapilog/stages/redactors/sets.hpp>
#include <fapilog/stages/redactors/string_truncate.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using fapilog::kv;
using namespace fapilog::redactors;
using json = nlohmann::json;
using support::redacted;

TEST_CASE("combined does what its redactors do one after the other") {
  std::vector<fapilog::any_redactor> one_by_one{field_mask{{.fields_to_mask = {"data.x"}}}, by_name{},
                                                url_credentials{}, value_detectors{},
                                                string_truncate{{.max_string_length = 40}}};
  redacted all{[&](fapilog::event& e) {
    for (auto& r : one_by_one) r.redact(e);
  }};
  redacted one{combined{field_mask_config{.fields_to_mask = {"data.x"}}, by_name_config{},
                        url_credentials_config{}, value_detectors_config{},
                        string_truncate_config{.max_string_length = 40}}};
  json const data{{"x", 1},
                  {"password", {{"a", 1}}},
                  {"url", "https://u:p@h/?token=abc"},
                  {"text", "card 4111111111111111 and Bearer abc123def456 and much more text behind it"},
                  {"list", {"4111111111111111", {{"pin", 1}}, nullptr, 1.5}}};
  json const log = one.log("password=x for //u:p@h", data, {{"user_id", "u"}},
                           {{"exception", {{"error.message", "//u:p@h"}}}});
  CHECK(log == all.log("password=x for //u:p@h", data, {{"user_id", "u"}},
                       {{"exception", {{"error.message", "//u:p@h"}}}}));
  CHECK(log.at("message") == "password=*** for //h");
  CHECK(log.at("data").at("text") == "card [REDACTED:CARD] and Bearer [REDACTE[truncated]");
}

TEST_CASE("if several rules cover a member, the first one given applies") {
  redacted r{combined{field_mask_config{.fields_to_mask = {"body"}, .mask_string = "first"},
                      field_blocker_config{}, by_name_config{}}};
  CHECK(r.data({{"body", 1}, {"raw", 2}, {"token", 3}}) ==
        json{{"body", "first"}, {"raw", "[REDACTED:HIGH_RISK_FIELD]"}, {"token", "***"}});
  // A value that one rule passes as a measure can be covered by another rule.
  redacted strict{
      combined{by_name_config{}, field_mask_config{.fields_to_mask = {"token_count"}, .mask_string = "m"}}};
  CHECK(strict.data({{"token_count", 3}, {"pin_count", 3}}) == json{{"token_count", "m"}, {"pin_count", 3}});
}

TEST_CASE("strings are truncated after secrets were found, never before") {
  redacted r{combined{string_truncate_config{.max_string_length = 12}, value_detectors_config{}}};
  CHECK(r.text("4111111111111111") == "[REDACTED:CA[truncated]");
}

TEST_CASE("redaction does not stop at any depth: a value that is too deep is replaced") {
  redacted r{combined{by_name_config{}, value_detectors_config{}}};
  for (int depth = 1; depth < 300; ++depth) {
    json deep{{"password", "hunter2"}, {"text", "4111111111111111"}, {"n", 4111111111111111}};
    for (int i = 0; i < depth; ++i) deep = i % 2 == 0 ? json{{"a", deep}} : json::array({deep});
    std::string const text = r.data({{"x", deep}}).dump();
    INFO(depth);
    REQUIRE_THAT(text, !ContainsSubstring("hunter2") && !ContainsSubstring("4111"));
    REQUIRE((text.find("[REDACTED:TOO_DEEP]") != std::string::npos) == (depth >= 128));
  }
  CHECK(r.count("fapilog_redacted_fields_total", "too_deep") > 0);
}

namespace {

/// Nested containers with secrets in the innermost one.
struct nested {
  unsigned depth;
};
void to_log(fapilog::value_writer& writer, nested const& n) {
  if (n.depth == 0)
    return writer.value(
        std::map<std::string, std::string>{{"password", "hunter2"}, {"x", "4111111111111111"}});
  writer.array([&](fapilog::array_writer& elements) { elements.value(nested{n.depth - 1}); });
}

}  // namespace

TEST_CASE("the deepest value that a call can log is checked") {
  support::logged test{{.redactors = hardened_set()}};
  test.log.info("x", kv("deep", nested{fapilog::detail::max_depth - 1}));
  CHECK_THAT(test.last_line(), !ContainsSubstring("hunter2") && !ContainsSubstring("4111") &&
                                   ContainsSubstring(R"([{"password":"***","x":"[REDACTED:CARD]"}])"));
}

TEST_CASE("values in shared memory are not changed") {
  support::events events;
  combined redactor{by_name_config{}, value_detectors_config{}};
  fapilog::value const shared =
      events.object({{"password", fapilog::value::of_string("hunter2")},
                     {"list", events.array({fapilog::value::of_string("4111111111111111")})}});
  fapilog::event& first = events.add("m");
  first.data.push_back({"a", shared});
  redactor.redact(first);
  CHECK(first.data.find("a")->members[0].value.as_string() == "***");
  CHECK(first.data.find("a")->members[1].value.elements[0].as_string() == "[REDACTED:CARD]");
  CHECK(shared.members[0].value.as_string() == "hunter2");
  CHECK(shared.members[1].value.elements[0].as_string() == "4111111111111111");
}

TEST_CASE("members that are prepared for a batch are checked, and their JSON is used if they are clean") {
  auto const diagnostics = [](std::string const& service, std::size_t records) {
    support::logged test{{.batch_timeout = std::chrono::seconds{10},
                          .service = service,
                          .env = "test",
                          .redactors = {combined{value_detectors_config{},
                                                 field_mask_config{.fields_to_mask = {"diagnostics.env"}}}}}};
    for (std::size_t i = 0; i < records; ++i) test.log.info("x");
    return test.records();
  };
  for (json const& log : diagnostics("card 4111111111111111", 3)) {
    CHECK(log.at("diagnostics").at("service") == "card [REDACTED:CARD]");
    CHECK(log.at("diagnostics").at("env") == "***");
  }

  support::events events;
  fapilog::enrichers::runtime_info info{{.service = "billing", .env = "test"}};
  combined redactor{by_name_config{}, value_detectors_config{}};
  for (int i = 0; i < 3; ++i) {
    fapilog::event& e = events.add("m");
    info.enrich(e);
    redactor.redact(e);
    CHECK(e.diagnostics.prepared().count == 5);
  }
  // Another part that is prepared in the same batch is not mistaken for the first one.
  fapilog::enrichers::runtime_info other{{.service = "4111111111111111", .env = "test"}};
  fapilog::event& e = events.add("m");
  other.enrich(e);
  redactor.redact(e);
  CHECK(e.diagnostics.find("service")->as_string() == "[REDACTED:CARD]");
}

TEST_CASE("what was clean in one batch is checked again in the next, at the same place in memory") {
  combined redactor{value_detectors_config{}};
  fapilog::detail::arena memory;
  char const* place = nullptr;
  for (std::string const name : {"a name of digits", "4111111111111111"}) {
    memory.clear();
    fapilog::event e{memory};
    e.logger = memory.copy(name);
    if (place != nullptr) REQUIRE(e.logger.data() == place);
    place = e.logger.data();
    fapilog::enrichers::runtime_info info{{.service = name, .env = "test"}};
    info.enrich(e);
    redactor.redact(e);
    std::string const wanted = name[0] == '4' ? "[REDACTED:CARD]" : name;
    CHECK(e.logger == wanted);
    CHECK(std::as_const(e.diagnostics).find("service")->as_string() == wanted);
  }
}

TEST_CASE("bound fields and scopes are redacted like the call's own fields") {
  support::logged test{{.redactors = production_set()}};
  auto const bound = test.log.with(kv("token", "hunter2"));
  auto const scope = fapilog::scope(kv("api_key", "hunter2"), kv("user_id", "password=hunter2"));
  bound.info("x", kv("password", "hunter2"));
  CHECK(test.data() == json{{"token", "***"}, {"api_key", "***"}, {"password", "***"}});
  CHECK(test.last().at("context").at("user_id") == "password=***");
}

TEST_CASE("the sets of production and hardened contain the documented redactors") {
  redacted production{production_set().front()};
  redacted hardened{hardened_set().front()};
  REQUIRE(production_set().size() == 1);
  REQUIRE(hardened_set().size() == 1);
  json const data{
      {"password", "x"}, {"awssecretkeyid", "x"}, {"url", "//u:p@h"},           {"mrn", "x"},
      {"cvv", "x"},      {"body", "x"},           {"text", "4111111111111111"}, {"note", "ada@example.com"},
      {"author", "x"}};
  CHECK(production.data(data) == json{{"password", "***"},
                                      {"awssecretkeyid", "***"},
                                      {"url", "//h"},
                                      {"mrn", "x"},
                                      {"cvv", "x"},
                                      {"body", "x"},
                                      {"text", "4111111111111111"},
                                      {"note", "ada@example.com"},
                                      {"author", "x"}});
  CHECK(hardened.data(data) == json{{"password", "***"},
                                    {"awssecretkeyid", "***"},
                                    {"url", "//h"},
                                    {"mrn", "***"},
                                    {"cvv", "***"},
                                    {"body", "[REDACTED:HIGH_RISK_FIELD]"},
                                    {"text", "[REDACTED:CARD]"},
                                    {"note", "[REDACTED:EMAIL]"},
                                    {"author", "x"}});
}

namespace {

/// Random values with secrets in places where the rules must find them; `wanted` is the expected result.
class random_values {
 public:
  explicit random_values(unsigned seed) : random_(seed) {}

  struct pair {
    json before;
    json wanted;
  };

  pair object(unsigned depth) {
    pair all{json::object(), json::object()};
    for (std::size_t count = pick(5); count != 0; --count) {
      switch (pick(6)) {
        case 0: {
          std::string const key =
              one_of({"password", "user_token", "apiKey", "X-Auth-Token", "client.secret", "pin"}) + number();
          all.before[key] = depth == 0 || pick(2) == 0 ? json(secret()) : value(depth - 1).before;
          if (all.before[key].is_boolean() || all.before[key].is_number()) all.before[key] = secret();
          all.wanted[key] = all.before[key].is_null() ? json() : json("***");
          break;
        }
        case 1: {
          std::string const key = "4111111111111111" + number();
          std::string const cleaned = key.size() == 16 ? "[REDACTED:CARD]" : key;
          if (key.size() != 16) break;
          pair const v = value(depth == 0 ? 0 : depth - 1);
          all.before[key] = v.before;
          all.wanted[cleaned] = v.wanted;
          break;
        }
        default: {
          std::string const key =
              one_of({"author", "expires_at", "name", "count", "n", "path", "tokenizer", "url"}) + number();
          pair const v = value(depth == 0 ? 0 : depth - 1);
          all.before[key] = v.before;
          all.wanted[key] = v.wanted;
        }
      }
    }
    return all;
  }

 private:
  std::size_t pick(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>{0, count - 1}(random_);
  }
  std::string one_of(std::vector<std::string> const& all) { return all[pick(all.size())]; }
  std::string number() { return pick(3) == 0 ? "_" + std::to_string(pick(3000)) : ""; }
  static std::string secret() { return "hunter2"; }

  pair value(unsigned depth) {
    switch (pick(depth == 0 ? 6 : 9)) {
      case 0: return same(pick(1'000'000));
      case 1: return same(pick(2) == 0);
      case 2: return same(nullptr);
      case 3: return same("plain text " + number());
      case 4: return {"see //ada:hunter2@host/" + number(), nullptr};
      case 5: return {4111111111111111, "[REDACTED:CARD]"};
      case 6: {
        pair all{json::array(), json::array()};
        for (std::size_t count = pick(4); count != 0; --count) {
          pair const v = value(depth - 1);
          all.before.push_back(v.before);
          all.wanted.push_back(v.wanted.is_null() && !v.before.is_null() ? cleaned(v.before) : v.wanted);
        }
        return all;
      }
      default: return object(depth - 1);
    }
  }
  static pair same(json const& v) { return {v, v}; }

 public:
  /// Fills in the rest: strings without their credentials.
  static json cleaned(json const& text) {
    std::string all = text.get<std::string>();
    all.erase(all.find("ada:hunter2@"), 12);
    return all;
  }
  static void complete(json& wanted, json const& before) {
    if (wanted.is_object()) {
      for (auto& item : wanted.items()) {
        std::string const key = item.key() == "[REDACTED:CARD]" ? "4111111111111111" : item.key();
        complete(item.value(), before.at(key));
      }
    } else if (wanted.is_array()) {
      for (std::size_t i = 0; i < wanted.size(); ++i) complete(wanted[i], before[i]);
    } else if (wanted.is_null() && before.is_string()) {
      wanted = cleaned(before);
    }
  }

 private:
  std::mt19937 random_;
};

}  // namespace

TEST_CASE("random values leak no secret, and nothing else is changed") {
  redacted r{combined{by_name_config{}, url_credentials_config{}, value_detectors_config{}}};
  for (unsigned seed = 0; seed < 4000; ++seed) {
    random_values::pair made = random_values{seed}.object(1 + seed % 6);
    random_values::complete(made.wanted, made.before);
    json const found = r.data(made.before);
    INFO("seed " << seed << ": " << made.before.dump());
    REQUIRE(found == made.wanted);
    REQUIRE_THAT(found.dump(), !ContainsSubstring("hunter2") && !ContainsSubstring("4111111111111111"));
  }
}
