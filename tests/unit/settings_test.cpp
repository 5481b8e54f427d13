// SPDX-License-Identifier: MIT
// Settings from files, JSON and the environment: layers, names, presets, and one clear error for each invalid setting.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/preset_settings.hpp>
#include <fapilog/settings.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "support/capture.hpp"
#include "support/files.hpp"
#include "support/read_settings.hpp"
#include "support/temporary_directory.hpp"

using fapilog::plugin_type;
using fapilog::settings;
using support::error_of;
using support::write_file;
using namespace std::chrono_literals;

namespace {

std::string refused(std::string const& text) {
  return error_of([&] { return settings::from_json(text, "test").options(); });
}
std::string refused_variables(fapilog::environment_map const& variables) {
  return error_of([&] { return settings::from_environment(variables).options(); });
}

/// The settings of a database sink.
struct postgres_config {
  std::string dsn = {};
  std::string password = {};
  int port = 5432;
  bool create_table = true;

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    using fapilog::setting;
    visit(setting{.name = "dsn", .text = "Connection.", .form = fapilog::setting_form::secret}, self.dsn);
    visit(setting{.name = "password", .text = "Password.", .form = fapilog::setting_form::secret},
          self.password);
    visit(setting{.name = "port", .text = "Port.", .min = 1, .max = 65'535}, self.port);
    visit(setting{.name = "create_table", .text = "Whether the sink makes its table."}, self.create_table);
  }
};

/// Runs DDL if both its setting and the context allow it, as the contract requires.
class postgres_double {
 public:
  explicit postgres_double(postgres_config config, std::shared_ptr<std::string> log)
      : config_(std::move(config)), log_(std::move(log)) {}
  void start(fapilog::start_context const& context) {
    *log_ += config_.create_table ? "wants" : "does not want";
    *log_ += context.may_change_schema() && config_.create_table ? ", makes" : ", makes nothing";
  }
  void write(fapilog::batch const&) const {}

 private:
  postgres_config config_;
  std::shared_ptr<std::string> log_;
};

fapilog::registry with_postgres(std::shared_ptr<std::string> log = std::make_shared<std::string>()) {
  fapilog::registry plugins = fapilog::builtin_plugins();
  fapilog::detail::plugin_recipe<fapilog::any_sink> recipe{[log](fapilog::plugin_entry const& entry) {
    return postgres_double{entry.read<postgres_config>(), log};
  }};
  recipe.check = [](fapilog::plugin_entry const& entry) { (void)entry.read<postgres_config>(); };
  recipe.table = [] { return fapilog::detail::setting_table<postgres_config>(); };
  plugins.add_sink(support::metadata_of("postgres", plugin_type::sink), recipe, {"postgresql"});
  return plugins;
}

std::vector<std::string> names_of(std::vector<fapilog::placed_sink> const& sinks) {
  std::vector<std::string> names;
  for (auto const& one : sinks)
    names.push_back(one.delivery.name.empty() ? one.sink.name() : one.delivery.name);
  return names;
}

template <fapilog::preset const& P>
void check_preset_alone() {
  CAPTURE(P.name);
  auto const from_settings = settings{}.template options<P>();
  fapilog::basic_options<P> const in_code;
  auto const& type = fapilog::detail::setting_type_of<fapilog::basic_options<P>>;
  CHECK(to_json(fapilog::detail::written_of({.name = {}, .text = {}}, type, &from_settings)) ==
        to_json(fapilog::detail::written_of({.name = {}, .text = {}}, type, &in_code)));
  CHECK(names_of(from_settings.sinks) == names_of(in_code.sinks));
  CHECK(from_settings.filters.size() == in_code.filters.size());
  CHECK(from_settings.enrichers.size() == in_code.enrichers.size());
  CHECK(from_settings.redactors.size() == in_code.redactors.size());
  CHECK(from_settings.processors.size() == in_code.processors.size());
  CHECK(error_of([] {
          return settings::from_json(fapilog::get_preset(P.name))
              .with_json(R"({"preset": ")" + std::string{P.name} + "\"}")
              .template options<P>();
        }).empty());
}

}  // namespace

TEST_CASE("settings without a layer are those of each preset") {
  check_preset_alone<fapilog::presets::dev>();
  check_preset_alone<fapilog::presets::production>();
  check_preset_alone<fapilog::presets::serverless>();
  check_preset_alone<fapilog::presets::hardened>();
  check_preset_alone<fapilog::presets::minimal>();
}

TEST_CASE("every member of the core is set by JSON") {
  auto const o = settings::from_json(R"({
    "$schema": "fapilog.schema.json",
    "preset": "minimal",
    "core": {
      "log_level": "error", "log_levels": {"db.*": "DEBUG", "http": 25}, "level_names": {"25": "NOTICE"},
      "batch_max_size": 7, "batch_timeout_seconds": 0.5, "when_full": "block", "backpressure_wait_ms": 12.5,
      "lane_bytes": "64 KB", "protected_share": 0.25, "protected_levels": ["AUDIT"], "max_record_bytes": "2 MB",
      "wait_policy": "event", "nap_budget": 0.05, "use_membarrier": false, "use_tsc": false,
      "service": "billing", "env": "test", "version": "1.2.3", "source_location": true,
      "retry": {"attempts": 9, "first_delay": "20ms", "longest_delay": 2}, "shutdown_timeout_seconds": "1m",
      "sinks": [], "filters": [], "enrichers": ["source_location"], "redactors": [], "processors": []}})")
                     .options();
  CHECK(o.log_level == fapilog::level::error);
  REQUIRE(o.log_levels.size() == 2);
  CHECK(o.log_levels[0] == std::pair{std::string{"db.*"}, fapilog::level::debug});
  CHECK(o.level_names.at(0).second == "NOTICE");
  CHECK(o.batch_max_size == 7);
  CHECK(o.batch_timeout == 500ms);
  CHECK(o.when_full == fapilog::when_full::block);
  CHECK(o.backpressure_wait == 12'500us);
  CHECK(o.lane_bytes == 65'536);
  CHECK(o.protected_share == 0.25);
  CHECK(o.protected_levels == fapilog::level_set::of(fapilog::level::audit));
  CHECK(o.max_record_bytes == 2'097'152);
  CHECK(o.wait_policy == fapilog::wait_policy::event);
  CHECK(o.nap_budget == 0.05);
  CHECK_FALSE(o.use_membarrier);
  CHECK_FALSE(o.use_tsc);
  CHECK(o.service == "billing");
  CHECK(o.env == "test");
  CHECK(o.version == "1.2.3");
  CHECK(o.source_location);
  CHECK(o.retry.attempts == 9);
  CHECK(o.retry.first_delay == 20ms);
  CHECK(o.retry.longest_delay == 2s);
  CHECK(o.shutdown_timeout == 1min);
  CHECK(o.sinks.empty());
  CHECK(o.enrichers.size() == 1);
}

TEST_CASE("each named level can be the lowest one that is logged, also CRITICAL, AUDIT and SECURITY") {
  using enum fapilog::level;
  for (fapilog::level const lowest : {debug, info, warning, error, critical, audit, security}) {
    std::string const name{fapilog::level_name(lowest)};
    CHECK(settings::from_environment({{"FAPILOG_CORE__LOG_LEVEL", name}}).options().log_level == lowest);
    auto options = settings::from_json(R"({"core": {"log_level": ")" + name + R"("}})").options();
    auto sink = std::make_shared<support::capture>();
    options.sinks = {sink};
    fapilog::runtime rt{std::move(options)};
    for (fapilog::level const severity : {debug, info, warning, error, critical, audit, security}) {
      rt.get_logger().log(severity, "at a level");
    }
    (void)rt.drain(std::chrono::seconds{60});
    CHECK(sink->lines().size() ==
          (static_cast<std::size_t>(security) - static_cast<std::size_t>(lowest)) / 10 + 1);
  }
}

TEST_CASE("levels of single loggers apply from the first record") {
  std::string lines;
  auto options = settings::from_json(
                     R"({"core": {"log_level": "ERROR", "log_levels": {"db.*": "DEBUG", "db.pool": 50}}})")
                     .options();
  auto const seen = std::make_shared<std::vector<std::string>>();
  options.filters = {[seen](fapilog::event const& e) {
    seen->push_back(std::string{e.logger} + ' ' + std::string{fapilog::level_name(e.severity)});
    return true;
  }};
  options.sinks = {};
  fapilog::runtime rt{options};
  for (auto const* const name : {"db", "db.pool", "web"}) {
    rt.get_logger(name).debug("d");
    rt.get_logger(name).error("e");
  }
  (void)rt.drain(60s);
  CHECK(*seen == std::vector<std::string>{"db DEBUG", "db ERROR", "web ERROR"});
}

TEST_CASE("layers override each other in this order: preset, file, environment, code") {
  support::temporary_directory const folder;
  write_file(folder / "s.json",
             R"({"core": {"batch_max_size": 10, "lane_bytes": 8192, "protected_share": 0.1}})");
  auto const all = settings::from_file(folder / "s.json")
                       .with_environment(
                           {{"FAPILOG_CORE__LANE_BYTES", "16384"}, {"fapilog_core__protected_share", "0.2"}});
  auto o = all.options<fapilog::presets::hardened>();
  o.protected_share = 0.3;
  CHECK(o.when_full == fapilog::when_full::wait);  // the preset's
  CHECK(o.batch_max_size == 10);
  CHECK(o.lane_bytes == 16'384);
  fapilog::basic_runtime<fapilog::presets::hardened> rt{[&] {
    o.sinks = {};
    return o;
  }()};
  CHECK(rt.drain(60s).complete);
}

TEST_CASE("a layer changes one setting of the preset's sink and keeps the others") {
  auto const entries =
      settings::from_json(R"({"sink_config": {"rotating_file": {"max_files": 3, "max_bytes": null}}})")
          .entries<fapilog::presets::hardened>(plugin_type::sink);
  REQUIRE(entries.size() == 2);
  auto const file = entries[1].read<fapilog::sinks::rotating_file_config>();
  CHECK(file.directory == "./logs");
  CHECK(file.max_files == 3);
  CHECK(file.max_bytes == fapilog::sinks::rotating_file_config{}.max_bytes);
}

TEST_CASE(
    "the path of a file replaces the folder of a lower layer, such as the preset, and the other way round") {
  auto const file_of = [](settings const& all) {
    return all.entries<fapilog::presets::hardened>(plugin_type::sink)
        .at(1)
        .read<fapilog::sinks::rotating_file_config>();
  };
  auto const by_path =
      settings::from_json(R"({"sink_config": {"rotating_file": {"path": "/var/log/a.log"}}})");
  CHECK(file_of(by_path).path == "/var/log/a.log");
  CHECK(file_of(by_path).directory.empty());
  CHECK(file_of(by_path).max_files == 10);  // the preset's
  auto const by_folder =
      by_path.with_environment({{"FAPILOG_SINK_CONFIG__ROTATING_FILE__FILENAME_PREFIX", "b"}});
  CHECK(file_of(by_folder).path.empty());
  CHECK(file_of(by_folder).filename_prefix == "b");
  CHECK_NOTHROW((void)by_path.options<fapilog::presets::hardened>());
}

TEST_CASE("null removes the list of a lower layer, and that of the preset applies again") {
  auto const all = settings::from_json(R"({"core": {"sinks": [], "log_level": "ERROR"}})")
                       .with_json(R"({"core": {"sinks": null}})");
  CHECK(names_of(all.options().sinks) == std::vector<std::string>{"stdout_auto"});
  CHECK(all.options().log_level == fapilog::level::error);
}

TEST_CASE("two sinks of one type under names of their own both get every record") {
  support::temporary_directory const folder;
  nlohmann::json file{{"core", {{"sinks", {"first", "second_one"}}}},
                      {"sink_config",
                       {{"first", {{"type", "rotating_file"}, {"path", folder / "a.log"}}},
                        {"Second-One", {{"type", "rotating-file"}, {"path", folder / "b.log"}}}}}};
  auto const variables = fapilog::environment_map{{"FAPILOG_SINK_CONFIG__SECOND_ONE__MODE", "0644"}};
  fapilog::runtime rt{settings::from_json(file.dump()).with_environment(variables).options()};
  rt.get_logger().info("kept twice");
  REQUIRE(rt.drain(60s).complete);
  CHECK(support::content_of(folder / "a.log").find("kept twice") != std::string::npos);
  CHECK(support::content_of(folder / "b.log").find("kept twice") != std::string::npos);
  CHECK(rt.health().at(0).first == "first");
  CHECK(rt.health().at(1).first == "second_one");
}

TEST_CASE("the delivery to a sink can be set by text, with a fallback and a spool") {
  auto const chosen = settings::from_json(R"({
    "core": {"sinks": ["main"], "routing": "first_match", "adaptive": {"enabled": true, "cooldown": "3s"}},
    "sink_config": {
      "main": {"type": "stdout_json", "delivery": {
        "route": {"min_level": "WARNING", "levels": ["ERROR"], "logger": "db"},
        "thread": "own", "queue_bytes": "1 MB", "when_queue_full": "block",
        "retry": {"attempts": 7, "first_delay": "1ms", "longest_delay": "2s"},
        "circuit_breaker": {"enabled": true, "failure_threshold": 9, "recovery_timeout": "1m"},
        "spool": {"directory": "spool", "max_bytes": "2 MB", "segment_bytes": "64 KB", "sync": true},
        "fallback": "spare"}},
      "spare": {"type": "rotating_file", "path": "spare.log"}}})")
                          .with_environment({{"FAPILOG_SINK_CONFIG__MAIN__DELIVERY__QUEUE_BYTES", "2 MB"}})
                          .options();
  CHECK(chosen.routing == fapilog::routing::first_match);
  CHECK(chosen.adaptive.enabled);
  CHECK(chosen.adaptive.cooldown == 3s);
  REQUIRE(chosen.sinks.size() == 1);
  auto const& how = chosen.sinks[0].delivery;
  CHECK(how.name == "main");
  CHECK(how.route.min_level == fapilog::level::warning);
  CHECK(how.route.levels == fapilog::level_set::of(fapilog::level::error));
  CHECK(how.route.logger == "db");
  CHECK(how.thread == fapilog::sink_thread::own);
  CHECK(how.queue_bytes == 2 * 1024 * 1024);
  CHECK(how.when_queue_full == fapilog::when_queue_full::block);
  CHECK(how.retry == fapilog::retry_options{7, 1ms, 2s});
  CHECK(how.circuit_breaker.enabled);
  CHECK(how.circuit_breaker.failure_threshold == 9);
  CHECK(how.circuit_breaker.recovery_timeout == 60s);
  CHECK(how.spool.directory == "spool");
  CHECK(how.spool.max_bytes == 2 * 1024 * 1024);
  CHECK(how.spool.segment_bytes == 64 * 1024);
  CHECK(how.spool.sync);
  REQUIRE(how.fallback);
  CHECK(how.fallback->name() == "rotating_file");
}

TEST_CASE("reports mistakes in the delivery to a sink with their path") {
  auto const said = [](std::string const& delivery) {
    return error_of([&] {
      return settings::from_json(R"({"sink_config": {"stdout_json": {"delivery": )" + delivery + "}}}",
                                 "test")
          .options();
    });
  };
  CHECK(said(R"({"thraed": "own"})") ==
        "fapilog: sink_config.stdout_json.delivery.thraed: unknown setting; did you mean "
        "sink_config.stdout_json.delivery.thread? [test:1]");
  CHECK(
      said(R"({"fallback": "stdout_json"})") ==
      "fapilog: sink_config.stdout_json.delivery.fallback: \"stdout_json\" is the sink itself; name another "
      "sink [test:1]");
  CHECK(said(R"({"fallback": 5})") ==
        "fapilog: sink_config.stdout_json.delivery.fallback: 5 is invalid; expected a string, the name of a "
        "sink [test:1]");
  CHECK(said(R"({"fallback": "rotating_fil"})").find("did you mean \"rotating_file\"?") != std::string::npos);
  CHECK(
      said(R"({"circuit_breaker": {"failure_threshold": 0}})") ==
      "fapilog: sink_config.stdout_json.delivery.circuit_breaker.failure_threshold: 0 is out of range (1 or "
      "more) [test:1]");
  CHECK(said(R"({"thread": "shared", "spool": {"directory": "x"}})") ==
        "fapilog: sink_config.stdout_json.delivery.spool: needs its own thread; set thread to 'own' or "
        "'automatic' [test:1]");
}

TEST_CASE("the production preset by text has its circuit breaker and its fallback, as in code") {
  auto const chosen = settings{}.options<fapilog::presets::production>();
  REQUIRE(chosen.sinks.size() == 1);
  CHECK(chosen.sinks[0].delivery.circuit_breaker.enabled);
  REQUIRE(chosen.sinks[0].delivery.fallback);
  CHECK(chosen.sinks[0].delivery.fallback->name() == "rotating_file");
  CHECK(chosen.adaptive.enabled);
  CHECK(chosen.drop_summary_window == 60s);
}

TEST_CASE("test_environment_aliases_are_checked_like_every_other_setting") {
  auto const plugins = with_postgres();
  auto const said = [&](std::string const& port) {
    return error_of([&] {
      return settings::from_environment(
                 {{"FAPILOG_CORE__SINKS", "postgres"}, {"FAPILOG_POSTGRES__PORT", port}}, plugins)
          .options();
    });
  };
  CHECK(said("5433").empty());
  CHECK(said("abc") ==
        "fapilog: sink_config.postgres.port: \"abc\" is invalid; expected a whole number (1 to 65535) "
        "[FAPILOG_POSTGRES__PORT]");
  CHECK(said("-5") ==
        "fapilog: sink_config.postgres.port: -5 is out of range (1 to 65535) [FAPILOG_POSTGRES__PORT]");
  CHECK(said("65536").find("(1 to 65535)") != std::string::npos);
}

TEST_CASE("an alias sets the plugin's entry, and code overrides it") {
  auto const all =
      settings::from_json(
          R"({"core": {"sinks": ["postgresql", "rotating_file"]}, "sink_config": {"postgresql": {"port": 1}}})",
          "test", with_postgres())
          .with_environment({{"FAPILOG_POSTGRESQL__DSN", "d"},
                             {"FAPILOG_FILE__DIRECTORY", "/x"},
                             {"FAPILOG_FILE__FILENAME_PREFIX", "f"}});
  auto const entries = all.entries(plugin_type::sink);
  auto const postgres = entries.at(0).read<postgres_config>();
  CHECK((entries.at(0).name == "postgres" && postgres.port == 1 && postgres.dsn == "d"));
  CHECK(entries.at(1).read<fapilog::sinks::rotating_file_config>().directory == "/x");
  auto o = all.options();
  o.sinks = {};
  CHECK(o.sinks.empty());
}

TEST_CASE("a plugin of any kind has its name as an alias in the environment") {
  fapilog::registry plugins = fapilog::builtin_plugins();
  plugins.add_processor(support::metadata_of("line_guard", plugin_type::processor),
                        [](fapilog::plugin_entry const& entry) {
                          CHECK(entry.config.find("max_bytes")->text() == "256 KB");
                          return [](fapilog::event const&, std::string&) { return true; };
                        });
  fapilog::environment_map const variables{{"FAPILOG_CORE__PROCESSORS", "line_guard"},
                                           {"FAPILOG_LINE_GUARD__MAX_BYTES", "256 KB"}};
  CHECK(settings::from_environment(variables, plugins).options().processors.size() == 1);
}

TEST_CASE("no JSON and no variable lets a sink run DDL under production and hardened") {
  auto const run = [](auto runtime_of, settings const& all) {
    auto rt = runtime_of(all);
    (void)rt->drain(60s);
  };
  auto const production = [](settings const& all) {
    return std::make_unique<fapilog::basic_runtime<fapilog::presets::production>>(
        all.options<fapilog::presets::production>());
  };
  auto const hardened = [](settings const& all) {
    auto o = all.options<fapilog::presets::hardened>();
    return std::make_unique<fapilog::basic_runtime<fapilog::presets::hardened>>(o);
  };
  auto const minimal = [](settings const& all) {
    return std::make_unique<fapilog::basic_runtime<fapilog::presets::minimal>>(
        all.options<fapilog::presets::minimal>());
  };
  std::string const asks =
      R"({"core": {"sinks": ["postgres"]}, "sink_config": {"postgres": {"create_table": true}}})";
  fapilog::environment_map const variables{{"FAPILOG_CORE__SINKS", "postgres"},
                                           {"FAPILOG_POSTGRES__CREATE_TABLE", "true"}};
  auto const reported = [&](auto runtime_of, bool by_environment) {
    auto const log = std::make_shared<std::string>();
    run(runtime_of, by_environment ? settings::from_environment(variables, with_postgres(log))
                                   : settings::from_json(asks, "test", with_postgres(log)));
    return *log;
  };
  for (bool const by_environment : {false, true}) {
    CHECK(reported(production, by_environment) == "wants, makes nothing");
    CHECK(reported(hardened, by_environment) == "wants, makes nothing");
    CHECK(reported(minimal, by_environment) == "wants, makes");
  }
  auto const log = std::make_shared<std::string>();
  run(production, settings::from_json(R"({"core": {"sinks": ["postgres"]}})", "test", with_postgres(log)));
  CHECK(*log == "does not want, makes nothing");
}

TEST_CASE("ignores variables that are not settings") {
  CHECK(refused_variables({{"FAPILOG_SERVICE", "s"},
                           {"FAPILOG_ENV", "e"},
                           {"FAPILOG_VERSION", "v"},
                           {"FAPILOG_PRESET", "p"},
                           {"FAPILOG_BENCH_XTR_INCLUDE", "x"},
                           {"FAPILOG_BENCH__SIZE", "x"},
                           {"FAPILOG_KAFKA__TOPIC", "x"},
                           {"FAPILOG_", "x"},
                           {"FAPILOG___", "x"},
                           {"FAPILOG", "x"},
                           {"CORE__LOG_LEVEL", "x"},
                           {"FAPILOG_CORE__LOG_LEVEL", ""}})
            .empty());
}

TEST_CASE("the process's own environment is a layer") {
  ::setenv("FAPILOG_CORE__BATCH_MAX_SIZE", "77", 1);
  CHECK(settings{}.with_environment().options().batch_max_size == 77);
  CHECK(settings::from_environment().options().batch_max_size == 77);
  ::unsetenv("FAPILOG_CORE__BATCH_MAX_SIZE");
  CHECK(settings{}.with_environment().options().batch_max_size == 256);
}

TEST_CASE("whole groups and objects may be JSON in one variable, and single variables override them") {
  auto const o =
      settings::from_json(R"({"core": {"service": "s", "retry": {"attempts": 2}}})")
          .with_environment(
              {{"FAPILOG_CORE", R"({"batch_max_size": 5, "lane_bytes": "8 KB", "drop_on_full": false})"},
               {"FAPILOG_CORE__LANE_BYTES", "16 KB"},
               {"FAPILOG_CORE__RETRY", R"({"first_delay": "1s"})"},
               {"FAPILOG_CORE__RETRY__LONGEST_DELAY", "3s"},
               {"FAPILOG_SINK_CONFIG", R"({"a": {"type": "stdout_json"}})"},
               {"FAPILOG_SINK_CONFIG__A__DESCRIPTOR", "2"},
               {"FAPILOG_CORE__SINKS", "[\"a\"]"}})
          .options();
  CHECK(o.service == "s");
  CHECK(o.batch_max_size == 5);
  CHECK(o.when_full == fapilog::when_full::wait);
  CHECK(o.lane_bytes == 16'384);
  CHECK(o.retry.attempts == 2);
  CHECK(o.retry.first_delay == 1s);
  CHECK(o.retry.longest_delay == 3s);
  CHECK(names_of(o.sinks) == std::vector<std::string>{"a"});
}

TEST_CASE("a file may extend another one, by a path from its own folder") {
  support::temporary_directory const folder;
  std::filesystem::create_directories(folder.path() / "base");
  write_file(folder / "base/all.json", R"({"core": {"batch_max_size": 1, "service": "all", "env": "all"}})");
  write_file(folder / "base/team.json",
             R"({"extends": "all.json", "core": {"service": "team", "env": "team"}})");
  write_file(folder / "mine.json", R"({"extends": "base/team.json", "core": {"env": "mine"}})");
  std::filesystem::create_symlink(folder.path() / "mine.json", folder.path() / "link.json");
  for (auto const* const name : {"mine.json", "link.json"}) {
    auto const o = settings::from_file(folder / name).options();
    CHECK(o.batch_max_size == 1);
    CHECK(o.service == "team");
    CHECK(o.env == "mine");
  }
}

TEST_CASE("each invalid setting is one clear error") {
  struct example {
    std::string what;
    std::string json;
    std::string said;
  };
  std::string const level =
      "a level: TRACE, DEBUG, INFO, WARNING, ERROR, CRITICAL, AUDIT, SECURITY or a number from 0 to 99";
  std::vector<example> const table{
      {"wrong type", R"({"core": {"batch_max_size": "many"}})",
       R"(core.batch_max_size: "many" is invalid; expected a whole number (1 to 1000000) [test:1])"},
      {"unknown key", R"({"core": {"batch_max_sze": 5}})",
       "core.batch_max_sze: unknown setting; did you mean core.batch_max_size? [test:1]"},
      {"unknown group", R"({"cor": {}})", "cor: unknown setting; did you mean core? [test:1]"},
      {"negative size", R"({"core": {"lane_bytes": "-1 MB"}})",
       R"(core.lane_bytes: "-1 MB" is invalid; expected a size (4 KB to 1 GB): a number of bytes, or a string such as "10 MB" [test:1])"},
      {"a size with an unknown unit", R"({"core": {"lane_bytes": "1 M"}})",
       R"(core.lane_bytes: "1 M" is invalid; expected a size (4 KB to 1 GB): a number of bytes, or a string such as "10 MB" [test:1])"},
      {"invalid enumeration", R"({"core": {"when_full": "panic"}})",
       R"(core.when_full: "panic" is invalid; expected one of drop, wait, block [test:1])"},
      {"unknown level", R"({"core": {"log_level": "LOUD"}})",
       R"(core.log_level: "LOUD" is invalid; expected )" + level + " [test:1]"},
      {"out of range", R"({"core": {"protected_share": 0.75}})",
       "core.protected_share: 0.75 is out of range (0 to 0.5) [test:1]"},
      {"bad duration", R"({"core": {"batch_timeout_seconds": "5 minutes"}})",
       R"(core.batch_timeout_seconds: "5 minutes" is invalid; expected a duration: a number of seconds, or a string such as "250ms" or "1.5h" [test:1])"},
      {"negative duration", R"({"core": {"backpressure_wait_ms": -1}})",
       "core.backpressure_wait_ms: -1ms is out of range (0s or more) [test:1]"},
      {"contradictory options", R"({"core": {"drop_on_full": true, "when_full": "block"}})",
       "core.drop_on_full: is the same choice as core.when_full; set one of them [test:1]"},
      {"a wrong flag", R"({"core": {"drop_on_full": "no"}})",
       R"(core.drop_on_full: "no" is invalid; expected true or false [test:1])"},
      {"contradictory thresholds",
       "{\"core\": {\"adaptive\": {\n\"escalate_to_high\": 0.5, \"deescalate_from_high\": 0.1}}}",
       "core.adaptive.escalate_to_high: must be above escalate_to_elevated [test:2]"},
      {"contradictory settings of a sink",
       R"({"core": {"sinks": ["rotating_file"]}, "sink_config": {"rotating_file": {"path": "a", "directory": "b"}}})",
       "sink_config.rotating_file: `path` is set together with `directory` or `filename_prefix`; set only "
       "one "
       "of both [test:1]"},
      {"a sink without what it needs", R"({"core": {"sinks": ["rotating_file"]}})",
       "sink_config.rotating_file: `path` and `filename_prefix` are empty; set one of them [test:1]"},
      {"duplicate key", "{\"core\": {\"service\": \"a\",\n\"service\": \"b\"}}",
       "core.service: is already given in line 1 [test:2]"},
      {"truncated JSON", "{\"core\": {\n\"service\": \"secr",
       "this is not JSON: invalid string: missing closing quote [test:2]"},
      {"a comma too many", "{\n\"core\": {},\n}",
       "this is not JSON: unexpected '}'; expected string literal [test:3]"},
      {"a comment", "// settings\n{}", "this is not JSON: invalid literal [test:1]"},
      {"two documents", "{}{}", "this is not JSON: unexpected '{'; expected end of input [test:1]"},
      {"an empty string", "",
       "this is not JSON: unexpected end of input; expected '[', '{', or a literal [test:1]"},
      {"a list at the top", "[]", "settings must be an object, `{...}` [test:1]"},
      {"null at the top", "null", "settings must be an object, `{...}` [test:1]"},
      {"a number too large", R"({"core": {"protected_share": 1e999}})",
       "this is not JSON: a number is larger than a double can be [test:1]"},
      {"a group that is none", R"({"core": "x"})", "core: a string is invalid; expected an object [test:1]"},
      {"an entry that is none", R"({"sink_config": {"rotating_file": "logs/app.log"}})",
       "sink_config.rotating_file: a string is invalid; expected an object [test:1]"},
      {"a list that is none", R"({"core": {"sinks": "stdout_json"}})",
       R"(core.sinks: "stdout_json" is invalid; expected a list of strings [test:1])"},
      {"unknown sink", R"({"core": {"sinks": ["stdout_jsn"]}})",
       R"(core.sinks[0]: there is no sink "stdout_jsn"; did you mean "stdout_json"? [test:1])"},
      {"a sink named twice", R"({"core": {"sinks": ["stdout_json", "Stdout-Json"]}})",
       R"(core.sinks[1]: "stdout_json" is listed twice [test:1])"},
      {"unknown type", R"({"core": {"sinks": ["a"]}, "sink_config": {"a": {"type": "rotating"}}})",
       R"(sink_config.a.type: there is no sink "rotating"; did you mean "rotating_file"? [test:1])"},
      {"no type", R"({"core": {"sinks": ["audit"]}, "sink_config": {"audit": {"path": "a"}}})",
       "core.sinks[0]: \"audit\" needs a `type` in sink_config.audit [test:1]"},
      {"a type that is no string", R"({"sink_config": {"a": {"type": 5}}})",
       "sink_config.a.type: 5 is invalid; expected a string [test:1]"},
      {"a type for a name that is taken", R"({"sink_config": {"stdout_json": {"type": "rotating_file"}}})",
       R"(sink_config.stdout_json.type: "rotating_file" is invalid, because 'stdout_json' is a sink itself; give the entry another name [test:1])"},
      {"settings of nothing", R"({"sink_config": {"stdout_jsn": {}}})",
       "sink_config.stdout_jsn: has no `type`, and there is no sink \"stdout_jsn\"; did you mean "
       "\"stdout_json\"? [test:1]"},
      {"a mistake in settings that are not used", R"({"sink_config": {"rotating_file": {"max_files": -1}}})",
       "sink_config.rotating_file.max_files: -1 is out of range (0 or more) [test:1]"},
      {"one entry in two spellings", R"({"sink_config": {"stdout_json": {}, "stdout-json": {}}})",
       "sink_config.stdout-json: is already given under another spelling [test:1]"},
      {"unknown preset", R"({"preset": "prod"})",
       R"(preset: "prod" is invalid; expected one of adaptive, dev, hardened, minimal, production, serverless [test:1])"},
      {"another preset", R"({"preset": "production"})",
       R"(preset: "production" is not the preset of this runtime, "minimal", which is chosen at compile time (FAPILOG_PRESET, or basic_runtime) [test:1])"},
      {"a preset that is no string", R"({"preset": 5})",
       "preset: 5 is invalid; expected one of adaptive, dev, hardened, minimal, production, serverless "
       "[test:1]"},
      {"a schema that is no string", R"({"$schema": 5})",
       "$schema: 5 is invalid; expected a string [test:1]"},
      {"extends something odd", R"({"extends": 5})",
       "extends: 5 is invalid; expected a string, the name of a file [test:1]"},
      {"extends a file that does not exist", R"({"extends": "/nowhere/base.json"})",
       "extends: \"/nowhere/base.json\" cannot be read: No such file or directory (errno 2) [test:1]"},
      {"a pattern that matches nothing", R"({"core": {"log_levels": {"*.db": "DEBUG"}}})",
       "core.log_levels: the pattern '*.db' is invalid; expected the name of a logger, or a name and \".*\" "
       "[test:1]"},
      {"a name for a level that has one", R"({"core": {"level_names": {"20": "X"}}})",
       "core.level_names: 20 is INFO; expected a custom level, one of the numbers without a name [test:1]"},
      {"settings of fapilog for Python that do not exist here", R"({"core": {"worker_count": 2}})",
       "core.worker_count: unknown setting; known: log_level"},
  };
  for (auto const& [what, given, said] : table) {
    CAPTURE(what);
    std::string const found = refused(given);
    if (said.ends_with("known: log_level")) CHECK(found.starts_with("fapilog: " + said));
    else CHECK(found == "fapilog: " + said);
  }
}

TEST_CASE("each invalid variable is one clear error") {
  struct example {
    std::string variable;
    std::string value;
    std::string said;
  };
  std::vector<example> const table{
      {"FAPILOG_CORE__BATCH_MAX_SZE", "5",
       "core.batch_max_sze: unknown setting; did you mean FAPILOG_CORE__BATCH_MAX_SIZE?"},
      {"FAPILOG_COER__LOG_LEVEL", "INFO",
       "unknown group of settings 'coer'; did you mean FAPILOG_CORE__LOG_LEVEL?"},
      {"FAPILOG_SINK__A__PATH", "x",
       "unknown group of settings 'sink'; did you mean FAPILOG_SINK_CONFIG__A__PATH?"},
      {"FAPILOG_LOG_LEVEL", "DEBUG",
       "the group of the setting is missing; did you mean FAPILOG_CORE__LOG_LEVEL?"},
      {"FAPILOG_SINKS", "stdout_json",
       "the group of the setting is missing; did you mean FAPILOG_CORE__SINKS?"},
      {"FAPILOG_CORE_LOG_LEVEL", "INFO",
       "two underscores separate a group from its setting; did you mean FAPILOG_CORE__LOG_LEVEL?"},
      {"FAPILOG_FILE_DIRECTORY", "x",
       "two underscores separate a group from its setting; did you mean FAPILOG_FILE__DIRECTORY?"},
      {"FAPILOG_FILE__DIRECTRY", "x",
       "sink_config.rotating_file.directry: unknown setting; did you mean FAPILOG_FILE__DIRECTORY?"},
      {"FAPILOG_FILE", "/var/log/x", "sink_config.rotating_file: a string is invalid; expected an object"},
      {"FAPILOG_CORE", "{\"log_level\": ",
       "core: a string (this is not JSON: unexpected end of input; expected '[', '{', or a literal) is "
       "invalid; expected an object"},
      {"FAPILOG_CORE__", "x", "core.: unknown setting; known: log_level"},
      {"FAPILOG_CORE__USE_TSC", "perhaps", "core.use_tsc: \"perhaps\" is invalid; expected true or false"},
      {"FAPILOG_CORE__DROP_ON_FULL", "perhaps",
       "core.drop_on_full: \"perhaps\" is invalid; expected true or false"},
      {"FAPILOG_CORE__SINKS", "stdout_json,,", "core.sinks[1]: there is no sink \"\"; known: rotating_file"},
      {"FAPILOG_CORE__LANE_BYTES", "0", "core.lane_bytes: 0 is out of range (4 KB to 1 GB)"},
  };
  for (auto const& [variable, value, said] : table) {
    CAPTURE(variable);
    std::string const found = refused_variables({{variable, value}});
    CHECK(found.starts_with("fapilog: " + said));
    CHECK(found.ends_with(" [" + variable + ']'));
  }
  fapilog::registry twice = with_postgres();
  twice.add_filter(support::metadata_of("postgres", plugin_type::filter),
                   [](fapilog::plugin_entry const&) { return [](fapilog::event const&) { return true; }; });
  CHECK(error_of([&] {
          return settings::from_environment({{"FAPILOG_POSTGRES__PORT", "1"}}, twice).options();
        }) ==
        "fapilog: plugins of several kinds are called 'postgres'; write FAPILOG_FILTER_CONFIG__POSTGRES or "
        "FAPILOG_SINK_CONFIG__POSTGRES [FAPILOG_POSTGRES__PORT]");
  CHECK(refused_variables(
            {{"FAPILOG_FILE__MODE", "0600"}, {"FAPILOG_SINK_CONFIG__ROTATING_FILE__MODE", "0600"}}) ==
        "fapilog: is the same setting as FAPILOG_FILE__MODE; set one of them "
        "[FAPILOG_SINK_CONFIG__ROTATING_FILE__MODE]");
}

TEST_CASE("each invalid file is one clear error") {
  support::temporary_directory const folder;
  auto const said = [](std::string const& path) {
    return error_of([&] { return settings::from_file(path); });
  };
  std::string const missing = folder / "missing.json";
  CHECK(said(missing) ==
        "fapilog: this file cannot be read: No such file or directory (errno 2) [" + missing + ']');
  CHECK(said(folder.path().string()) ==
        "fapilog: this file cannot be read: it is a directory [" + folder.path().string() + ']');
  CHECK(said("") == "fapilog: this file cannot be read: No such file or directory (errno 2) []");
  CHECK(said(std::string{"a\0b", 3}) ==
        "fapilog: this file cannot be read: its name contains a NUL character [a?b]");

  std::string const pipe = folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(said(pipe) == "fapilog: this file cannot be read: it is a FIFO [" + pipe + ']');

  std::string const closed = folder / "closed.json";
  write_file(closed, "{}");
  std::filesystem::permissions(closed, std::filesystem::perms::none);
  if (std::ifstream{closed}.fail()) {  // root may read everything
    CHECK(said(closed) == "fapilog: this file cannot be read: Permission denied (errno 13) [" + closed + ']');
  }

  std::string const large = folder / "large.json";
  write_file(large, '"' + std::string(std::size_t{10} << 20, 'x') + '"');
  CHECK(said(large) == "fapilog: this file cannot be read: it has more than 1048576 bytes [" + large + ']');

  write_file(folder / "a.json", "{\n\"extends\": \"b.json\"}");
  write_file(folder / "b.json", "{\"extends\": \"./a.json\"}");
  CHECK(said(folder / "a.json") ==
        "fapilog: extends: \"./a.json\" leads back to itself: files extend each other in a cycle [" +
            (folder / "b.json") + ":1]");
  write_file(folder / "self.json", R"({"extends": "self.json"})");
  CHECK(said(folder / "self.json") ==
        "fapilog: extends: \"self.json\" leads back to itself: files extend each other in a cycle [" +
            (folder / "self.json") + ":1]");
}

TEST_CASE("an error of a file that is extended names that file") {
  support::temporary_directory const folder;
  write_file(folder / "base.json", "{\n\n\"core\": {\"use_tsc\": 1}}");
  write_file(folder / "mine.json", R"({"extends": "base.json"})");
  CHECK(error_of([&] { return settings::from_file(folder / "mine.json").options(); }) ==
        "fapilog: core.use_tsc: 1 is invalid; expected true or false [" + (folder / "base.json") + ":3]");
}

TEST_CASE("counts lines in every kind of text") {
  CHECK(refused("{\"core\":\n\n{\"batch_max_size\":\r\n0\n}}").ends_with(" [test:4]"));
  CHECK(refused("\xEF\xBB\xBF\n{\"core\": {\"batch_max_size\": 0}}").ends_with(" [test:2]"));
  std::string const truncated = refused("{\"core\": {\"batch_max_size\": 0");
  CHECK(truncated.starts_with("fapilog: this is not JSON"));
  CHECK(truncated.ends_with(" [test:1]"));
  CHECK(refused("{\"core\": {\"batch_max_size\":\n0\n,\n\n").ends_with(" [test:4]"));
}

TEST_CASE("reports hostile text as an error") {
  std::string const brackets(10'000, '[');
  CHECK(refused(brackets) == "fapilog: objects and lists are nested more than 64 deep [test:1]");
  std::string deep = R"({"core": )";
  for (int i = 0; i < 10'000; ++i) deep += R"({"a": )";
  CHECK(refused(deep) == "fapilog: objects and lists are nested more than 64 deep [test:1]");
  CHECK(refused(std::string(std::size_t{10} << 20, ' ')) ==
        "fapilog: the text has 10485760 bytes; settings have at most 1 MB [test]");
  CHECK(refused("{\"core\": {\"service\": \"\xFF\xFE\"}}")
            .starts_with("fapilog: this is not JSON: invalid string: ill-formed"));
  CHECK(refused(std::string{"{\"core\": {\"service\": \"a\0b\"}}", 28})
            .starts_with("fapilog: this is not JSON"));
  CHECK(refused(std::string{"{}\n\0", 4}) ==
        "fapilog: this is not JSON: it contains a NUL character [test:2]");
  CHECK(refused("{\"core\": {\"a\": \"\\ud800\"}}").starts_with("fapilog: this is not JSON"));

  std::string many = "{\"core\": {";
  for (int i = 0; i < 5'000; ++i) many += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\": 1";
  CHECK(refused(many + "}}") == "fapilog: an object has more than 1024 members [test:1]");

  std::string wrong = "{\"core\": {";
  for (int i = 0; i < 1'000; ++i)
    wrong += (i == 0 ? "\"" : ",\"") + std::string(900, 'x') + std::to_string(i) + "\": 1";
  try {
    (void)settings::from_json(wrong + "}}").options();
    FAIL("accepted");
  } catch (fapilog::settings_error const& error) {
    CHECK(error.problems().size() == fapilog::detail::max_settings_problems);
  }
  fapilog::environment_map odd{{"FAPILOG_CORE__" + std::string(100'000, '_'), "x"},
                               {"FAPILOG_CORE__\xFF\x1B[31m", "x"},
                               {"FAPILOG_CORE__SERVICE", std::string(1 << 20, '[')}};
  std::string const said = refused_variables(odd);
  CHECK_FALSE(said.empty());
  for (char const c : said) CHECK((c == '\n' || (c >= ' ' && c <= '~')));
}

TEST_CASE("random and damaged files give an error or settings, never anything else") {
  std::mt19937 random{4};
  std::string const whole =
      R"({"preset": "minimal", "core": {"log_level": "INFO", "batch_max_size": 5, "sinks": ["a"],
    "lane_bytes": "64 KB", "retry": {"attempts": 2}, "log_levels": {"db.*": 10}}, "plugins": {"denylist": ["x"]},
    "sink_config": {"a": {"type": "rotating_file", "path": "x", "interval": "daily", "mode": "0600"}}})";
  auto const pick = [&](std::size_t below) {
    return std::uniform_int_distribution<std::size_t>{0, below - 1}(random);
  };
  std::string const pieces = "{}[]\",:0123456789.-eE truefalsn\\u\n\x01\xC3\xFF";
  int accepted = 0;
  for (int i = 0; i < 3'000; ++i) {
    std::string text = whole;
    for (std::size_t slips = pick(4) + 1; slips > 0; --slips) {
      if (text.empty()) break;
      std::size_t const at = pick(text.size());
      switch (pick(4)) {
        case 0: text[at] = pieces[pick(pieces.size())]; break;
        case 1: text.erase(at, pick(9) + 1); break;
        case 2: text.insert(at, 1, pieces[pick(pieces.size())]); break;
        default: text.resize(at + 1); break;
      }
    }
    if (text.empty()) text = "{";
    fapilog::environment_map const variables{{"FAPILOG_CORE__RETRY", text.substr(pick(text.size()))},
                                             {"FAPILOG_" + text.substr(0, pick(20)), text}};
    try {
      auto const all = settings::from_json(text, "test");
      accepted += all.options().sinks.empty() ? 0 : 1;
      (void)all.with_environment(variables).options();
    } catch (fapilog::settings_error const& error) {
      REQUIRE_FALSE(error.problems().empty());
      REQUIRE(std::string_view{error.what()}.starts_with("fapilog: "));
    }
  }
  CHECK(accepted > 0);
}

TEST_CASE("no value of a setting can forge a line of an error") {
  std::string const said =
      refused(R"({"core": {"sinks": ["rotating_file"], "log_levels": {"*\u001b[31m\nx": 10}},
    "sink_config": {"rotating_file": {"filename_prefix": "a/\nfapilog: forged"}}})");
  CHECK(std::ranges::count(said, '\n') == 1);  // between the two errors
  CHECK(said.find("\nfapilog: forged") == std::string::npos);
  CHECK(said.find("a/?fapilog: forged") != std::string::npos);
  std::string const pattern = refused(R"({"core": {"log_levels": {"*\u001b\nx": 10}}})");
  CHECK(pattern.find("'*??x'") != std::string::npos);
}

TEST_CASE("a plugin that throws anything is one clear error") {
  fapilog::registry plugins = fapilog::builtin_plugins();
  plugins.add_sink(support::metadata_of("odd_sink", plugin_type::sink),
                   [](fapilog::plugin_entry const&) -> fapilog::any_sink { throw 42; });
  plugins.add_filter(support::metadata_of("odd_filter", plugin_type::filter),
                     [](fapilog::plugin_entry const&) -> fapilog::any_filter { throw 42; });
  auto const chosen =
      settings::from_json(R"({"core": {"sinks": ["odd_sink"], "filters": ["odd_filter"]}})", "test", plugins);
  std::string const why = error_of([&] { return chosen.options(); });
  CHECK_THAT(why, Catch::Matchers::ContainsSubstring(
                      "sink_config.odd_sink: threw something that is not derived from"));
  CHECK_THAT(why, Catch::Matchers::ContainsSubstring(
                      "filter_config.odd_filter: threw something that is not derived from"));
}

TEST_CASE("a chain of files that extend each other has an end") {
  support::temporary_directory folder;
  write_file(folder / "0.json", "{}");
  for (int i = 1; i < 65; ++i)
    write_file(folder / (std::to_string(i) + ".json"),
               R"({"extends": ")" + std::to_string(i - 1) + R"(.json"})");
  CHECK_NOTHROW(settings::from_file(folder / "63.json"));
  CHECK_THAT(error_of([&] { return settings::from_file(folder / "64.json"); }),
             Catch::Matchers::ContainsSubstring("more than 64 files extend each other"));
}
