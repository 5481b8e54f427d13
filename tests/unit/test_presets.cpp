// SPDX-License-Identifier: MIT
// What the compiled-in presets force and offer.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace {

/// A sink that says what its start context allowed, as a database sink would ask.
struct asks_for_ddl {
  std::shared_ptr<bool> allowed;
  void start(fapilog::start_context const& context) const { *allowed = context.may_change_schema(); }
  void write(fapilog::batch const&) const {}
};

template <fapilog::preset const& P>
bool ddl_reaches_a_sink() {
  auto allowed = std::make_shared<bool>(!P.sink_config.postgres.create_table);
  fapilog::basic_runtime<P> rt{{.sinks = {asks_for_ddl{allowed}}}};
  (void)rt.drain();
  return *allowed;
}

}  // namespace

TEST_CASE("test_production_preset_disables_postgres_create_table") {
  STATIC_REQUIRE_FALSE(fapilog::presets::production.sink_config.postgres.create_table);
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

TEST_CASE("the presets have the values of the settings table") {
  using namespace fapilog::presets;
  STATIC_REQUIRE(dev.core.log_level == fapilog::level::debug);
  STATIC_REQUIRE(dev.core.batch_max_size == 1);
  STATIC_REQUIRE(production.core.batch_max_size == 256);
  STATIC_REQUIRE(production.core.batch_timeout_ms == 250);
  STATIC_REQUIRE_FALSE(production.core.drop_on_full);
  STATIC_REQUIRE(production.core.shutdown_timeout_ms == 25'000);
  STATIC_REQUIRE(serverless.core.batch_max_size == 25);
  STATIC_REQUIRE(serverless.core.drop_on_full);
  STATIC_REQUIRE(hardened.core.batch_max_size == 100);
  STATIC_REQUIRE_FALSE(hardened.core.drop_on_full);
  STATIC_REQUIRE(hardened.sink_config.rotating_file.max_bytes == 52'428'800);
  STATIC_REQUIRE(minimal.core.drop_on_full);
  STATIC_REQUIRE(&fapilog::default_preset == &minimal);
  for (auto const* p : fapilog::all_presets)
    CHECK(p->core.protected_levels.contains(fapilog::level::security));
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

TEST_CASE("every preset is listed and can be had as settings") {
  for (auto const& name : fapilog::list_presets()) {
    auto const settings = nlohmann::json::parse(fapilog::get_preset(name));
    auto const& p = fapilog::find_preset(name);
    CHECK(settings.at("core").at("log_level") == std::string{fapilog::level_name(p.core.log_level)});
    CHECK(settings.at("core").at("batch_max_size") == p.core.batch_max_size);
    CHECK(settings.at("core").at("batch_timeout_seconds") == p.core.batch_timeout_ms / 1000.0);
    CHECK(settings.at("core").at("drop_on_full") == p.core.drop_on_full);
    CHECK(settings.at("core").at("shutdown_timeout_seconds") == p.core.shutdown_timeout_ms / 1000.0);
    CHECK(settings.at("core").at("source_location") == p.core.source_location);
    CHECK(settings.at("sink_config").at("postgres").at("create_table") ==
          p.sink_config.postgres.create_table);
    CHECK(settings.at("sink_config").contains("rotating_file") ==
          (p.sink_config.rotating_file.enabled || p.core.sink_fallback_to_file));
  }
  auto const hardened = nlohmann::json::parse(fapilog::get_preset("hardened"));
  CHECK(hardened.at("core").at("sinks") == nlohmann::json{"stdout_json", "rotating_file"});
  CHECK(hardened.at("core").at("protected_levels") ==
        nlohmann::json{"ERROR", "CRITICAL", "AUDIT", "SECURITY"});
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
