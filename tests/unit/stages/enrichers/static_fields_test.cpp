// SPDX-License-Identifier: MIT
// Static fields: their place in the envelope, and that they never replace a field of the record.
#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/settings.hpp"

#include <fapilog/stages/enrichers/static_fields.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using fapilog::kv;
using fapilog::enrichers::field_target;
using fapilog::enrichers::static_fields;
using fapilog::enrichers::static_fields_config;

TEST_CASE("static fields are in the data of every record") {
  support::logged l{{.enrichers = {static_fields{{.fields = {{"region", "eu-1"}, {"team", "pay\nments"}}}}}}};
  l.log.info("first");
  l.log.info("second", kv("order", 7));
  auto const records = l.records();
  CHECK(records.at(0).at("data") == nlohmann::json{{"region", "eu-1"}, {"team", "pay\nments"}});
  CHECK(records.at(1).at("data") == nlohmann::json{{"order", 7}, {"region", "eu-1"}, {"team", "pay\nments"}});
}

TEST_CASE("static fields may go to diagnostics or context") {
  support::logged l{{.enrichers = {static_fields{{.target = field_target::diagnostics,
                                                  .fields = {{"region", "eu-1"}, {"service", "no"}}}},
                                   static_fields{{.target = field_target::context,
                                                  .fields = {{"tenant_id", "acme"}, {"cell", "7"}}}}}}};
  l.log.info("first");
  l.log.info("second", kv("tenant_id", "other"));
  auto const records = l.records();
  CHECK(records.at(0).at("diagnostics").at("region") == "eu-1");
  CHECK(records.at(0).at("diagnostics").at("service") == "fapilog");
  CHECK(records.at(0).at("context").at("tenant_id") == "acme");
  CHECK(records.at(0).at("context").at("cell") == "7");
  CHECK(records.at(1).at("context").at("tenant_id") == "other");
  CHECK(records.at(0).at("data").empty());
}

TEST_CASE("a field that the record already has keeps its value") {
  support::logged l{{.enrichers = {static_fields{{.fields = {{"region", "eu-1"}, {"team", "pay"}}}}}}};
  l.log.info("x", kv("region", 42));
  l.log.info("x", kv("region", nullptr), kv("team", "other"));
  auto const records = l.records();
  CHECK(records.at(0).at("data") == nlohmann::json{{"region", 42}, {"team", "pay"}});
  CHECK(records.at(1).at("data") == nlohmann::json{{"region", nullptr}, {"team", "other"}});
}

TEST_CASE("static fields live as long as a batch that outlives the runtime") {
  struct keeper {
    std::vector<fapilog::batch> all;
    void write(fapilog::batch const& b) { all.push_back(b); }
  };
  auto const kept = std::make_shared<keeper>();
  {
    fapilog::runtime rt{
        {.enrichers = {static_fields{{.fields = {{"a_key_that_is_long_enough_for_the_heap", "eu-1"}}}}},
         .sinks = {kept}}};
    rt.get_logger().info("x");
  }
  REQUIRE(kept->all.size() == 1);
  CHECK((*kept->all[0].begin()).event.data.find("a_key_that_is_long_enough_for_the_heap")->as_string() ==
        "eu-1");
}

TEST_CASE("static fields are copied once into the memory of each batch") {
  static_fields enricher{{.fields = {{"region", "eu-1"}}}};
  fapilog::detail::arena first;
  fapilog::detail::arena second;
  auto const text_in = [&](fapilog::detail::arena& memory) {
    fapilog::event e{memory};
    enricher.enrich(e);
    auto const text = std::as_const(e.data).find("region")->as_string();
    CHECK(text == "eu-1");
    return text.data();
  };
  auto const* const there = text_in(first);
  CHECK(text_in(first) == there);
  auto const* const elsewhere = text_in(second);
  CHECK(elsewhere != there);
  CHECK(text_in(second) == elsewhere);
  second.clear();
  (void)second.copy("something else");
  CHECK(text_in(second) != elsewhere);
}

TEST_CASE("without fields nothing is added") {
  support::logged l{{.enrichers = {static_fields{}}}};
  l.log.info("x");
  CHECK(l.data().empty());
}

TEST_CASE("static_fields describes its settings and refuses invalid keys") {
  CHECK(support::names_of_settings<static_fields_config>() == std::vector<std::string>{"target", "fields"});
  auto const refused = [](static_fields_config const& config) {
    return support::refusal_of([&] { return static_fields{config}; });
  };
  std::string const given = "fapilog: static_fields.fields: the key ";
  CHECK(refused({.fields = {{"", "x"}}}) == given + "'' is invalid; expected keys that are not empty");
  CHECK(refused({.fields = {{"a\xFF", "x"}}}) == given + "'?' is invalid; expected keys in UTF-8");
  std::string const made = "' is invalid; expected keys that the envelope does not set itself";
  for (auto const* const key : {"message_id", "correlation_id"}) {
    CHECK(refused({.target = field_target::context, .fields = {{key, "x"}}}) == given + "'" + key + made);
    CHECK(refused({.fields = {{key, "x"}}}).empty());
  }
  for (auto const* const key : {"origin", "exception"}) {
    CHECK(refused({.target = field_target::diagnostics, .fields = {{key, "x"}}}) == given + "'" + key + made);
  }
}
