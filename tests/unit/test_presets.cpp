// SPDX-License-Identifier: MIT
// What the compiled-in presets force and offer.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/preset_settings.hpp>
#include <fapilog/settings_schema.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace {

/// A sink that notes whether its start context permits DDL.
struct asks_for_ddl {
  std::shared_ptr<bool> allowed;
  void start(fapilog::start_context const& context) const { *allowed = context.may_change_schema(); }
  void write(fapilog::batch const&) const {}
};

template <fapilog::preset const& P>
bool ddl_reaches_a_sink() {
  auto allowed = std::make_shared<bool>(!P.allow_ddl);
  fapilog::basic_runtime<P> rt{{.sinks = {asks_for_ddl{allowed}}}};
  (void)rt.drain(std::chrono::seconds{60});
  return *allowed;
}

}  // namespace

TEST_CASE("test_production_preset_disables_postgres_create_table") {
  STATIC_REQUIRE_FALSE(fapilog::presets::production.allow_ddl);
  STATIC_REQUIRE_FALSE(fapilog::basic_runtime<fapilog::presets::production>::allow_ddl);
  CHECK_FALSE(ddl_reaches_a_sink<fapilog::presets::production>());

  auto const settings = nlohmann::json::parse(fapilog::get_preset("production"));
  CHECK(settings.at("sink_config").at("postgres").at("create_table") == false);
}

TEST_CASE("hardened forbids DDL as production does, and so does the former name adaptive") {
  STATIC_REQUIRE_FALSE(fapilog::basic_runtime<fapilog::presets::hardened>::allow_ddl);
  CHECK_FALSE(ddl_reaches_a_sink<fapilog::presets::hardened>());
  auto const former = nlohmann::json::parse(fapilog::get_preset("adaptive"));
  CHECK(former.at("sink_config").at("postgres").at("create_table") == false);
}

TEST_CASE(
    "what production forbids stays forbidden on a thread of its own, in a fallback and in options made "
    "later") {
  struct fails {
    static bool write(fapilog::batch const&) { return false; }
  };
  auto own = std::make_shared<bool>(true);
  auto fallback = std::make_shared<bool>(true);
  auto later = std::make_shared<bool>(true);
  fapilog::basic_options<fapilog::presets::production> chosen{
      .sinks = {{asks_for_ddl{own}, {.thread = fapilog::sink_thread::own}},
                {fails{}, {.retry = {.attempts = 1}, .fallback = asks_for_ddl{fallback}}}},
      .diagnostics_output = [](std::string_view) {}};
  chosen.sinks.emplace_back(asks_for_ddl{later});
  fapilog::basic_runtime<fapilog::presets::production> rt{std::move(chosen)};
  rt.get_logger().info("to all");
  CHECK(rt.drain(std::chrono::seconds{30}));
  CHECK_FALSE(*own);
  CHECK_FALSE(*fallback);
  CHECK_FALSE(*later);
}

TEST_CASE("dev, serverless and minimal leave DDL to the sink's own settings") {
  CHECK(ddl_reaches_a_sink<fapilog::presets::dev>());
  CHECK(ddl_reaches_a_sink<fapilog::presets::serverless>());
  CHECK(ddl_reaches_a_sink<fapilog::presets::minimal>());
}

TEST_CASE("only a runtime can grant the permission to change a schema") {
  STATIC_REQUIRE_FALSE(std::is_constructible_v<fapilog::schema_permission, bool>);
  STATIC_REQUIRE_FALSE(
      std::is_constructible_v<fapilog::start_context, fapilog::start_context::reporter, bool>);
  CHECK_FALSE(fapilog::schema_permission{}.is_granted());
  CHECK_FALSE(fapilog::start_context{}.may_change_schema());
}

namespace {

/// The options of P as JSON, as in a settings file.
template <fapilog::preset const& P>
nlohmann::json written_options() {
  fapilog::basic_options<P> const options{.sinks = {}};
  return nlohmann::json::parse(to_json(fapilog::detail::written_of(
      {.name = {}, .text = {}}, fapilog::detail::setting_type_of<fapilog::basic_options<P>>, &options)));
}

nlohmann::json written(fapilog::detail::preset_value const& v) {
  return nlohmann::json::parse(to_json(fapilog::detail::written_of(v)));
}

/// Each setting of `core` that a preset changes has its value in the options of that preset.
template <fapilog::preset const& P>
void check_preset_reaches_options() {
  CAPTURE(P.name);
  nlohmann::json const options = written_options<P>();
  for (auto const& [path, value] : P.settings) {
    CAPTURE(path);
    std::string pointer = '/' + std::string{path};
    for (char& c : pointer) c = c == '.' ? '/' : c;
    if (!pointer.starts_with("/core/")) continue;
    auto const at = nlohmann::json::json_pointer{pointer.substr(5)};
    REQUIRE(options.contains(at));
    nlohmann::json const found = options.at(at);
    if (found.is_string() && !written(value).is_string()) CHECK(found == "1s");  // a duration
    else CHECK(found == written(value));
  }
}

}  // namespace

TEST_CASE("every setting of a preset reaches the options") {
  using namespace fapilog::presets;
  check_preset_reaches_options<dev>();
  check_preset_reaches_options<production>();
  check_preset_reaches_options<serverless>();
  check_preset_reaches_options<hardened>();
  check_preset_reaches_options<minimal>();
  STATIC_REQUIRE(&fapilog::detail::default_preset == &minimal);
}

TEST_CASE("a preset changes only settings that exist") {
  for (auto const* const p : fapilog::detail::all_presets) {
    CAPTURE(p->name);
    auto const known = fapilog::detail::settings_groups();
    for (auto const& [path, value] : p->settings) {
      CAPTURE(path);
      std::string text{path};
      if (text.starts_with("sink_config.stdout_json.delivery."))
        text = "sink_config.<name>.delivery." + text.substr(33);
      bool found = false;
      for (auto const& group : known) {
        if (!text.starts_with(group.name + '.')) continue;
        std::string const rest = text.substr(group.name.size() + 1);
        for (auto const& row : group.rows) {
          found = found || row.name == rest.substr(0, rest.find('.'));
          for (auto const& member : row.members) found = found || row.name + '.' + member.name == rest;
        }
      }
      CHECK(found);
    }
  }
}

TEST_CASE("options take their defaults from the preset of the runtime") {
  STATIC_REQUIRE(fapilog::presets::dev.name == "dev");
  fapilog::basic_options<fapilog::presets::dev> const dev{.sinks = {}};
  CHECK(dev.batch_max_size == 1);
  CHECK(dev.log_level == fapilog::level::debug);
  CHECK(dev.source_location);
  fapilog::basic_options<fapilog::presets::production> const production{.sinks = {}};
  CHECK(production.when_full == fapilog::when_full::wait);
  CHECK(production.batch_timeout == std::chrono::milliseconds{250});
  CHECK(production.shutdown_timeout == std::chrono::seconds{25});
}

TEST_CASE("every preset is listed and can be printed as settings") {
  for (auto const& name : fapilog::list_presets()) {
    auto const settings = nlohmann::json::parse(fapilog::get_preset(name));
    auto const& p = fapilog::find_preset(name);
    CHECK(settings.at("core").at("log_level") == (p.name == "dev" ? "DEBUG" : "INFO"));
    CHECK(settings.at("core").at("batch_max_size") == p.get("core.batch_max_size", 256));
    CHECK(settings.at("core").at("when_full") ==
          (p.name == "production" || p.name == "hardened" ? "wait" : "drop"));
    CHECK(settings.at("core").at("shutdown_timeout_seconds") == (p.name == "production" ? 25 : 3));
    CHECK(settings.at("sink_config").at("postgres").at("create_table") == p.allow_ddl);
    CHECK(settings.at("sink_config").contains("rotating_file") ==
          (p.has_sink("rotating_file") || p.file_is_fallback));
  }
  auto const hardened = nlohmann::json::parse(fapilog::get_preset("hardened"));
  CHECK(hardened.at("core").at("sinks") == nlohmann::json{"stdout_json", "rotating_file"});
  CHECK(hardened.at("sink_config").at("rotating_file").at("max_bytes") == 52'428'800);
  CHECK(hardened.at("core").at("protected_levels") ==
        nlohmann::json{"ERROR", "CRITICAL", "AUDIT", "SECURITY"});
  CHECK(nlohmann::json::parse(fapilog::get_preset("minimal")).at("core").at("sinks") ==
        nlohmann::json::array({"stdout_auto"}));
}

TEST_CASE("an unknown preset is refused with the names that there are") {
  CHECK_THROWS_AS(fapilog::get_preset("prod"), std::invalid_argument);
  CHECK_THROWS_WITH(
      fapilog::get_preset("prod"),
      "fapilog: invalid preset 'prod'; valid presets: adaptive, dev, hardened, minimal, production, "
      "serverless");
  CHECK_THROWS_AS(fapilog::find_preset(""), std::invalid_argument);
  CHECK_THROWS_AS(fapilog::find_preset("Production"), std::invalid_argument);
}
