// SPDX-License-Identifier: MIT
// Plugins by name: added once, checked for compatibility, made from their settings, allowed or denied.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/plugins/registry.hpp>
#include <fapilog/settings.hpp>

#include <nlohmann/json.hpp>

#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/capture.hpp"
#include "support/read_settings.hpp"

using fapilog::plugin;
using fapilog::plugin_entry;
using fapilog::plugin_type;
using fapilog::registry;
using fapilog::settings;
using support::error_of;
using support::metadata_of;

namespace {

struct at_least_config {
  fapilog::level least = fapilog::level::info;

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(fapilog::setting{.name = "least", .text = "The lowest level that is kept."}, self.least);
  }
};

/// Keeps what is severe enough; refuses CRITICAL and above as a threshold.
class at_least {
 public:
  explicit at_least(at_least_config const& config) : least_(config.least) {
    if (least_ >= fapilog::level::critical) {
      throw std::invalid_argument{"fapilog: at_least.least: must be below CRITICAL"};
    }
  }
  [[nodiscard]] bool keep(fapilog::event const& e) const { return e.severity >= least_; }

 private:
  fapilog::level least_;
};

struct typed_config {
  std::string type = {};
  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(fapilog::setting{.name = "type", .text = "Not allowed."}, self.type);
  }
};

struct add_one {
  void enrich(fapilog::event& e) const { e.data.set("one", fapilog::value::of_number(std::int64_t{1})); }
};
struct drop_secret {
  void redact(fapilog::event& e) const { e.data.erase("secret"); }
};
struct mark_line {
  bool process(fapilog::event const&, std::string& line) const {
    line += "#";
    return true;
  }
};

/// The message of the std::invalid_argument that `action` throws.
template <class F>
std::string registry_refusal(F&& action) {
  try {
    action();
  } catch (std::invalid_argument const& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("the built-in plugins are found by name in any spelling") {
  registry const all = fapilog::builtin_plugins();
  REQUIRE(all.find(plugin_type::sink, "Rotating-File") != nullptr);
  CHECK(all.find(plugin_type::sink, "rotating_file")->metadata.entry_point ==
        "fapilog::sinks::rotating_file");
  CHECK(all.find(plugin_type::filter, "rotating_file") == nullptr);
  CHECK(all.find(plugin_type::sink, "") == nullptr);
  for (auto const kind : fapilog::detail::plugin_kinds) {
    for (auto const* const one : all.all(kind)) {
      CAPTURE(one->metadata.name);
      if (!one->is_present()) continue;
      CHECK(fapilog::is_compatible(one->metadata));
      CHECK(one->metadata.type == kind);
      CHECK_FALSE(one->metadata.description.empty());
      CHECK(one->table);
    }
  }
}

TEST_CASE("every built-in sink and stage can be made from its defaults") {
  registry const all = fapilog::builtin_plugins();
  auto const entry = [](plugin_type kind, std::string name) {
    plugin_entry one{kind, name, name, fapilog::detail::config_value::object(), {}};
    if (name == "rotating_file") one.config.set("path", "x.log");
    return one;
  };
  for (auto const name : all.names(plugin_type::sink)) {
    if (all.find(plugin_type::sink, name)->is_present()) {
      CHECK_NOTHROW(all.make_sink(entry(plugin_type::sink, std::string{name})));
    }
  }
  for (auto const name : all.names(plugin_type::filter)) {
    CHECK_NOTHROW(all.make_filter(entry(plugin_type::filter, std::string{name})));
  }
  for (auto const name : all.names(plugin_type::enricher)) {
    CHECK_NOTHROW(all.make_enricher(entry(plugin_type::enricher, std::string{name})));
  }
  for (auto const name : all.names(plugin_type::redactor)) {
    CHECK_NOTHROW(all.make_redactor(entry(plugin_type::redactor, std::string{name})));
  }
  for (auto const name : all.names(plugin_type::processor)) {
    CHECK_NOTHROW(all.make_processor(entry(plugin_type::processor, std::string{name})));
  }
}

TEST_CASE("an incompatible plugin is refused with the reason") {
  registry all;
  CHECK(registry_refusal([&] {
          all.add_filter(
              metadata_of("later", plugin_type::filter, {.compatibility = {.min_fapilog_version = "99.0.0"}}),
              plugin<at_least, at_least_config>());
        }) == "fapilog: registry: later needs fapilog 99.0.0 or newer; this is " +
                  fapilog::detail::library_version().text());
  CHECK(registry_refusal([&] {
          all.add_filter(metadata_of("other", plugin_type::filter, {.api_version = "2.0"}),
                         plugin<at_least, at_least_config>());
        }) == "fapilog: registry: other was made for plugin API 2.0; this fapilog offers 1.0");
  CHECK(registry_refusal([&] {
          fapilog::plugin_metadata by_hand;
          by_hand.name = "1st";
          all.add_filter(by_hand, plugin<at_least, at_least_config>());
        }).starts_with("fapilog: registry: plugin metadata: name is \"1st\""));
  CHECK(all.all(plugin_type::filter).empty());
}

TEST_CASE("a name identifies one plugin of a kind") {
  registry all;
  auto const recipe = plugin<at_least, at_least_config>();
  all.add_filter(metadata_of("At-Least", plugin_type::filter), recipe, {"threshold"});
  CHECK(registry_refusal([&] { all.add_filter(metadata_of("at_least", plugin_type::filter), recipe); }) ==
        "fapilog: registry: there is a filter called 'at_least' already");
  CHECK(registry_refusal([&] { all.add_filter(metadata_of("threshold", plugin_type::filter), recipe); }) ==
        "fapilog: registry: there is a filter called 'threshold' already");
  CHECK(registry_refusal([&] {
          all.add_filter(metadata_of("new", plugin_type::filter), recipe, {"AT_LEAST"});
        }) == "fapilog: registry: there is a filter called 'at_least' already");
  CHECK(registry_refusal([&] {
          all.add_sink(metadata_of("x", plugin_type::filter),
                       plugin<support::forgetful_sink, at_least_config>());
        }) == "fapilog: registry: the sink 'x' is a filter by its metadata");
  CHECK(registry_refusal([&] {
          all.add_sink(metadata_of("x", plugin_type::sink), plugin<support::forgetful_sink, typed_config>());
        }) == "fapilog: registry: the sink 'x' has a setting `type`, which names the plugin");
  CHECK(all.find(plugin_type::filter, "new") == nullptr);
  CHECK(all.find(plugin_type::filter, "THRESHOLD")->metadata.name == "at_least");
  all.add_sink(metadata_of("at_least", plugin_type::sink),
               plugin<support::forgetful_sink, at_least_config>());
  CHECK(all.names(plugin_type::sink) == std::vector<std::string_view>{"at_least"});
}

TEST_CASE("settings make user plugins of every kind, by name, by alias and by type") {
  registry all = fapilog::builtin_plugins();
  auto const sink = std::make_shared<support::capture>();
  all.add_filter(metadata_of("at_least", plugin_type::filter), plugin<at_least, at_least_config>(),
                 {"threshold"});
  all.add_enricher(metadata_of("add_one", plugin_type::enricher), plugin<add_one>());
  all.add_redactor(metadata_of("drop_secret", plugin_type::redactor), plugin<drop_secret>());
  all.add_processor(metadata_of("mark_line", plugin_type::processor), plugin<mark_line>());
  all.add_sink(metadata_of("captured", plugin_type::sink), [sink](plugin_entry const& entry) {
    CHECK(entry.name == "mine");
    CHECK(entry.plugin == "captured");
    CHECK(entry.config.find("note")->text() == "kept");
    CHECK(entry.config.find("type") == nullptr);
    return sink;
  });
  fapilog::runtime rt{settings::from_json(R"({
    "core": {"sinks": ["mine"], "filters": ["Threshold"], "enrichers": ["add-one"], "redactors": ["drop_secret"],
             "processors": ["marked"]},
    "sink_config": {"mine": {"type": "captured", "note": "kept"}},
    "filter_config": {"at-least": {"least": "WARNING"}},
    "processor_config": {"marked": {"type": "mark_line"}}})",
                                          "test", all)
                          .options()};
  auto const log = rt.get_logger();
  log.info("low");
  log.error("high", fapilog::kv("secret", 1));
  REQUIRE(rt.flush(std::chrono::seconds{60}));
  REQUIRE(sink->lines().size() == 1);
  std::string line = sink->lines()[0];
  REQUIRE(line.ends_with('#'));
  line.pop_back();
  CHECK(nlohmann::json::parse(line).at("log").at("data") == nlohmann::json{{"one", 1}});
  CHECK(rt.health().at(0).first == "mine");
}

TEST_CASE("an error of a plugin's constructor is reported with the place of the setting") {
  registry all = fapilog::builtin_plugins();
  all.add_filter(metadata_of("at_least", plugin_type::filter), plugin<at_least, at_least_config>());
  CHECK(error_of([&] {
          return settings::from_json(
                     "{\"core\": {\"filters\": [\"at_least\"]},\n\"filter_config\": {\"at_least\": "
                     "{\n\"least\": \"AUDIT\"}}}",
                     "test", all)
              .options();
        }) == "fapilog: filter_config.at_least.least: must be below CRITICAL [test:3]");
  all.add_filter(metadata_of("broken", plugin_type::filter),
                 [](plugin_entry const&) -> at_least { throw std::runtime_error{"no luck"}; });
  CHECK(error_of([&] {
          return settings::from_json(R"({"core": {"filters": ["broken"]}})", "test", all).options();
        }) == "fapilog: filter_config.broken: no luck [test:1]");
}

TEST_CASE("using a plugin that is denied or not allowed is an error") {
  auto const said = [](std::string const& plugins, std::string const& sinks) {
    return error_of([&] {
      return settings::from_json(
                 R"({"plugins": )" + plugins + R"(, "core": {"sinks": )" + sinks +
                     R"(}, "sink_config": {"audit": {"type": "rotating_file", "path": "x"}}})",
                 "test")
          .options();
    });
  };
  CHECK(said(R"({"denylist": ["Stdout-Json"]})", R"(["stdout_json"])") ==
        "fapilog: core.sinks[0]: \"stdout_json\" is in `plugins.denylist` [test:1]");
  CHECK(
      said(R"({"denylist": ["rotating_file"]})", R"(["stdout_json", "audit"])") ==
      "fapilog: core.sinks[1]: the plugin \"rotating_file\" of \"audit\" is in `plugins.denylist` [test:1]");
  CHECK(said(R"({"allowlist": ["stdout_json"]})", R"(["audit"])") ==
        "fapilog: core.sinks[0]: the plugin \"rotating_file\" of \"audit\" is not in `plugins.allowlist` "
        "[test:1]");
  CHECK(said(R"({"allowlist": ["stdout_json"]})", R"(["stdout_json"])").empty());
  CHECK(said(R"({"denylist": ["kafka"]})", R"(["stdout_json"])").empty());
  CHECK(said(R"({"denylist": ["stdout_jsn"]})", R"(["stdout_json"])") ==
        "fapilog: plugins.denylist[0]: there is no plugin \"stdout_jsn\"; did you mean \"stdout_json\"? "
        "[test:1]");
  CHECK(said(R"({"allowlist": ["stdout_json"], "denylist": ["stdout_json"]})", "[]") ==
        "fapilog: plugins: `allowlist` and `denylist` both contain \"stdout_json\" [test:1]");
}

TEST_CASE("a denied sink of the preset is an error, too") {
  CHECK(error_of([] {
          return settings::from_json(R"({"plugins": {"denylist": ["stdout_auto"]}})").options();
        }) == "fapilog: core.sinks[0]: \"stdout_auto\" is in `plugins.denylist` [preset minimal:1]");
}

TEST_CASE(
    "a plugin that is only announced is an error that says what to do, and its settings are not checked") {
  registry all = fapilog::builtin_plugins();
  std::string const text = R"({"core": {"sinks": ["postgres"]}, "sink_config": {"postgres": {"dsn": "x"}}})";
  CHECK(error_of([&] { return settings::from_json(text, "test", all).options(); }) ==
        "fapilog: core.sinks[0]: \"postgres\" is not in this program; link fapilog::postgres and call "
        "fapilog::add_postgres (fapilog/plugins/postgres.hpp) on the registry of the settings [test:1]");
  CHECK_NOTHROW(settings::from_json(R"({"sink_config": {"postgres": {"dsn": "x"}}})", "test", all).options());
  all.add_sink(metadata_of("postgres", plugin_type::sink),
               [](plugin_entry const&) { return support::forgetful_sink{0}; });
  CHECK(settings::from_json(text, "test", all).options().sinks.size() == 1);
}

TEST_CASE("entries are equal if they would make the same plugin") {
  auto const of = [](std::string const& config) {
    return settings::from_json(R"({"core": {"sinks": ["a"]}, "sink_config": {"a": )" + config + "}}")
        .entries(plugin_type::sink)
        .at(0);
  };
  auto const one = of(R"({"type": "rotating_file", "path": "x", "max_files": 3})");
  CHECK(one == of("{\"max_files\": 3,\n\n\"path\": \"x\", \"type\": \"rotating-file\"}"));
  CHECK_FALSE(one == of(R"({"type": "rotating_file", "path": "x", "max_files": 4})"));
  CHECK_FALSE(one == of(R"({"type": "stdout_json"})"));
  CHECK(fapilog::builtin_plugins().make_sink(one).name() == "rotating_file");
  CHECK_FALSE(one ==
              of(R"({"type": "rotating_file", "path": "x", "max_files": 3, "delivery": {"thread": "own"}})"));
  auto unknown = one;
  unknown.plugin = "none";
  CHECK(registry_refusal([&] { (void)fapilog::builtin_plugins().make_sink(unknown); }) ==
        "fapilog: there is no sink 'none'");
}
