// SPDX-License-Identifier: MIT
// The schema of settings accepts and refuses the same documents as the settings.
#include "support/catch.hpp"

#include <fapilog/preset_settings.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/settings_schema.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "support/json_schema.hpp"
#include "support/read_settings.hpp"

using fapilog::settings;
using nlohmann::json;

namespace {

json schema() { return json::parse(fapilog::settings_schema()); }

struct sampled_config {
  double rate = 1;
  std::vector<std::string> keep = {"ERROR"};
  std::string token = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    using fapilog::setting;
    visit(setting{.name = "rate", .text = "Share.", .min = 0, .max = 1, .above_min = true}, self.rate);
    visit(setting{.name = "keep", .text = "Always kept."}, self.keep);
    visit(setting{.name = "token", .text = "A secret.", .form = fapilog::setting_form::secret}, self.token);
  }
};

struct sampled {
  explicit sampled(sampled_config const&) {}
  [[nodiscard]] bool keep(fapilog::event const&) const { return true; }
};

fapilog::registry with_filter() {
  fapilog::registry all = fapilog::builtin_plugins();
  all.add_filter(
      support::metadata_of("sampled", fapilog::plugin_type::filter, {.description = "Keeps a share."}),
      fapilog::plugin<sampled, sampled_config>(), {"sample"});
  return all;
}

/// Defines the errors of the documents under the schema; an empty string for a valid one. Skips the test case if
/// python3-jsonschema is not installed.
#define FAPILOG_TEST_SCHEMA_ERRORS(name, schema, documents)                 \
  auto const name##_or_nothing = support::schema_errors(schema, documents); \
  if (!name##_or_nothing) SKIP("python3-jsonschema is not installed");      \
  auto const& name = *name##_or_nothing;                                    \
  REQUIRE(name.size() == (documents).size())

/// Checks that every object schema that lists members forbids others, and that every setting has a description.
void check_strict(json const& part, std::string const& path) {
  if (part.is_object() && part.contains("properties") && part.at("properties").is_object()) {
    CAPTURE(path);
    CHECK(part.contains("additionalProperties"));
  }
  if (!part.is_structured()) return;
  for (auto const& [name, below] : part.items()) check_strict(below, path + '/' + name);
}

}  // namespace

TEST_CASE("the schema follows draft 2020-12, is strict, and describes each setting") {
  json const whole = schema();
  CHECK(whole.at("$schema") == "https://json-schema.org/draft/2020-12/schema");
  CHECK(whole.at("type") == "object");
  CHECK(whole.at("additionalProperties") == false);
  check_strict(whole, "");
  for (auto const& group : {"core", "plugins"}) {
    json const& one = whole.at("properties").at(group);
    CHECK(one.at("additionalProperties") == false);
    for (auto const& [name, setting] : one.at("properties").items()) {
      CAPTURE(name);
      CHECK_FALSE(setting.at("description").get<std::string>().empty());
    }
  }
  json const& core = whole.at("properties").at("core").at("properties");
  CHECK(core.at("batch_max_size").at("minimum") == 1);
  CHECK(core.at("batch_max_size").at("maximum") == 1'000'000);
  CHECK(core.at("lane_bytes").at("default") == "1 MB");
  CHECK_FALSE(core.at("batch_max_size").contains("default"));  // its default depends on the preset
  CHECK(core.at("when_full").at("enum") == json{"drop", "wait", "block", nullptr});
}

TEST_CASE("the schema names every setting that the core can read, and no other") {
  json const core = schema().at("properties").at("core").at("properties");
  std::set<std::string> names;
  for (auto const& [name, setting] : core.items()) names.insert(name);
  for (auto const& name : names) {
    CAPTURE(name);
    std::string said;
    try {
      (void)settings::from_json(R"({"core": {")" + name + R"(": {"": 0}}})").options();
    } catch (fapilog::settings_error const& error) {
      said = error.what();
    }
    CHECK(said.find("core." + name + ": unknown setting") == std::string::npos);
    CHECK_FALSE(said.empty());
  }
  for (auto const& row :
       fapilog::detail::setting_table<fapilog::basic_options<fapilog::presets::minimal>>({.sinks = {}})) {
    CHECK(names.contains(row.name));
  }
}

TEST_CASE("the schema and the settings accept and refuse the same documents") {
  struct example {
    char const* text;
    bool fits;
  };
  std::vector<example> const table{
      {R"({})", true},
      {R"({"$schema": "x", "preset": "minimal", "core": {}, "plugins": {}, "sink_config": {}})", true},
      {R"({"core": {"log_level": "WARNING", "log_levels": {"db.*": 15}, "batch_max_size": 1}})", true},
      {R"({"core": {"log_level": null, "sinks": null, "when_full": null, "lane_bytes": null}})", true},
      {R"({"core": {"log_level": "warn"}})", true},
      {R"({"core": {"log_level": "LOUD"}})", false},
      {R"({"core": {"log_level": 100}})", false},
      {R"({"core": {"log_levels": {"db": "LOUD"}}})", false},
      {R"({"core": {"batch_max_size": 0}})", false},
      {R"({"core": {"batch_max_size": 1000001}})", false},
      {R"({"core": {"batch_max_size": "5"}})", false},
      {R"({"core": {"batch_max_size": 1.5}})", false},
      {R"({"core": {"lane_bytes": "64 KB"}})", true},
      {R"({"core": {"lane_bytes": "64 kib"}})", true},
      {R"({"core": {"lane_bytes": 4096}})", true},
      {R"({"core": {"lane_bytes": 4095}})", false},
      {R"({"core": {"lane_bytes": "64 XB"}})", false},
      {R"({"core": {"batch_timeout_seconds": 0.25}})", true},
      {R"({"core": {"batch_timeout_seconds": "250ms"}})", true},
      {R"({"core": {"batch_timeout_seconds": "daily"}})", true},
      {R"({"core": {"batch_timeout_seconds": "1h30m"}})", false},
      {R"({"core": {"batch_timeout_seconds": -1}})", false},
      {R"({"core": {"when_full": "panic"}})", false},
      {R"({"core": {"drop_on_full": "yes"}})", false},
      {R"({"core": {"protected_levels": ["ERROR", 60]}})", true},
      {R"({"core": {"protected_levels": "ERROR"}})", false},
      {R"({"core": {"retry": {"attempts": 3}}})", true},
      {R"({"core": {"retry": {"attempts": -1}}})", false},
      {R"({"sink_config": {"stdout_json": {"delivery": {"thread": "own", "fallback": "stdout_pretty"}}}})",
       true},
      {R"({"sink_config": {"stdout_json": {"delivery": {"thread": "mine"}}}})", false},
      {R"({"sink_config": {"stdout_json": {"delivery": {"queue_bytes": 1024}}}})", false},
      {R"({"core": {"retry": {"tries": 3}}})", false},
      {R"({"core": {"batch_max_sze": 1}})", false},
      {R"({"core": []})", false},
      {R"({"cor": {}})", false},
      {R"([])", false},
      {R"({"preset": 5})", false},
      {R"({"sink_config": {"rotating_file": {"path": "x", "mode": "0600", "sync": "batch", "interval": "daily"}}})",
       true},
      {R"({"sink_config": {"rotating_file": {"mode": 600}}})", false},
      {R"({"sink_config": {"rotating_file": {"mode": "0900"}}})", false},
      {R"({"sink_config": {"rotating_file": {"pth": "x"}}})", false},
      {R"({"sink_config": {"rotating_file": {"type": "stdout_json"}}})", false},
      {R"({"sink_config": {"rotating_file": null}})", true},
      {R"({"sink_config": {"a": {"type": "rotating_file", "path": "x"}}})", true},
      {R"({"sink_config": {"a": {"type": "rotating_file", "pth": "x"}}})", false},
      {R"({"sink_config": {"a": {"type": "stdout_json", "path": "x"}}})", false},
      {R"({"sink_config": {"a": {"path": "x"}}})", false},
      {R"({"sink_config": {"postgres": {"dsn": "x"}}})", true},
      {R"({"filter_config": {"sampled": {"rate": 0.5, "keep": ["A"], "token": "t"}}})", true},
      {R"({"filter_config": {"sample": {"rate": 0.5}}})", true},
      {R"({"filter_config": {"sampled": {"rate": 0}}})", false},
      {R"({"filter_config": {"none": {}}})", false},
      {R"({"redactor_config": {"mine": {"type": "sampled"}}})", false},
      {R"({"plugins": {"allowlist": ["stdout_auto"], "denylist": []}})", true},
      {R"({"plugins": {"allowlist": "stdout_json"}})", false},
      {R"({"plugins": {"enabled": true}})", false},
  };
  std::vector<json> documents;
  for (auto const& one : table) {
    documents.push_back(json::parse(one.text));
    CAPTURE(one.text);
    std::string const error =
        support::error_of([&] { return settings::from_json(one.text, "test", with_filter()).options(); });
    CAPTURE(error);
    CHECK(error.empty() == one.fits);
  }
  FAPILOG_TEST_SCHEMA_ERRORS(errors, json::parse(fapilog::settings_schema(with_filter())), documents);
  for (std::size_t i = 0; i < table.size(); ++i) {
    CAPTURE(table[i].text, errors[i]);
    CHECK(errors[i].empty() == table[i].fits);
  }
}

TEST_CASE("every preset, written as settings, is valid under the schema") {
  std::vector<json> documents;
  for (auto const& name : fapilog::list_presets())
    documents.push_back(json::parse(fapilog::get_preset(name)));
  FAPILOG_TEST_SCHEMA_ERRORS(errors, schema(), documents);
  CHECK(errors == std::vector<std::string>(documents.size()));
}

TEST_CASE("the defaults of every built-in plugin are valid under the schema") {
  std::vector<json> documents;
  fapilog::registry const all = fapilog::builtin_plugins();
  for (auto const kind : fapilog::detail::plugin_kinds) {
    for (auto const* const one : all.all(kind)) {
      if (!one->table) continue;
      fapilog::detail::config_value entry = fapilog::detail::config_value::object();
      for (auto const& row : one->table()) entry.set(row.name, row.standard);
      documents.push_back(
          {{fapilog::detail::group_of(kind), {{one->metadata.name, json::parse(to_json(entry))}}}});
    }
  }
  FAPILOG_TEST_SCHEMA_ERRORS(errors, schema(), documents);
  for (std::size_t i = 0; i < documents.size(); ++i) {
    CAPTURE(documents[i].dump());
    CHECK(errors[i] == "");
  }
}

TEST_CASE("a secret of a plugin is marked as writeOnly") {
  json const whole = json::parse(fapilog::settings_schema(with_filter()));
  json const& rows =
      whole.at("properties").at("filter_config").at("properties").at("sampled").at("properties");
  CHECK(rows.at("token").at("writeOnly") == true);
  CHECK_FALSE(rows.at("rate").contains("writeOnly"));
  CHECK(whole.at("properties").at("filter_config").at("properties").at("sampled").at("description") ==
        "Keeps a share.");
}
