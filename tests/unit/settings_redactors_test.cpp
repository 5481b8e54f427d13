// SPDX-License-Identifier: MIT
// The redactors of a preset are added to, and removed only by an explicit setting.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/settings_watch.hpp>
#include <fapilog/stages/redactors/field_blocker.hpp>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/capture.hpp"
#include "support/temporary_directory.hpp"

using fapilog::kv;
using fapilog::settings;

namespace {

constexpr std::string_view secret = "Bearer eyJhbGciOiJIUzI1NiJ9";

/// Whether the secret is in what a runtime of P writes with these options, and what it reports.
template <fapilog::preset const& P>
struct logged_line {
  std::string lines;
  std::string reports;

  explicit logged_line(fapilog::basic_options<P> options) {
    auto const sink = std::make_shared<support::capture>();
    options.sinks = {sink};
    options.diagnostics_output = [this](std::string_view line) { reports += line; };
    fapilog::basic_runtime<P> rt{std::move(options)};
    rt.get_logger("auth").info("signed in", kv("access_token", secret), kv("request_body", "all of it"));
    (void)rt.drain(std::chrono::seconds{60});
    for (auto const& line : sink->lines()) lines += line;
  }

  [[nodiscard]] bool has_secret() const { return lines.find("eyJhbGciOiJIUzI1NiJ9") != std::string::npos; }
  [[nodiscard]] bool has_body() const { return lines.find("all of it") != std::string::npos; }
};

template <fapilog::preset const& P>
void check_secret_stays_masked() {
  CAPTURE(P.name);
  {
    logged_line<P> const out{{.redactors = {fapilog::redactors::field_blocker{}}, .sinks = {}}};
    CHECK_FALSE(out.has_secret());
    CHECK_FALSE(out.has_body());
    CHECK(out.reports.empty());
  }
  for (auto const* const list : {R"(["field_blocker"])", "[]", "null"}) {
    CAPTURE(list);
    logged_line<P> const out{
        settings::from_json(R"({"core": {"redactors": )" + std::string{list} + "}}").template options<P>()};
    CHECK_FALSE(out.has_secret());
  }
  logged_line<P> const by_environment{
      settings::from_environment({{"FAPILOG_CORE__REDACTORS", "field_blocker"}}).template options<P>()};
  CHECK_FALSE(by_environment.has_secret());
  CHECK_FALSE(by_environment.has_body());
}

template <fapilog::preset const& P>
void check_opt_out_is_reported() {
  CAPTURE(P.name);
  logged_line<P> const in_code{{.preset_redactors = false, .sinks = {}}};
  logged_line<P> const by_text{
      settings::from_json(R"({"core": {"preset_redactors": false}})").template options<P>()};
  logged_line<P> const by_environment{
      settings::from_environment({{"FAPILOG_CORE__PRESET_REDACTORS", "off"}}).template options<P>()};
  for (auto const* const out : {&in_code, &by_text, &by_environment}) {
    CHECK(out->has_secret());
    std::size_t const first = out->reports.find("core.preset_redactors");
    CHECK(first != std::string::npos);
    CHECK(out->reports.find("core.preset_redactors", first + 1) == std::string::npos);
  }
}

}  // namespace

TEST_CASE("redactors given in code, by text and by environment are added to those of the preset") {
  check_secret_stays_masked<fapilog::presets::production>();
  check_secret_stays_masked<fapilog::presets::hardened>();
  check_secret_stays_masked<fapilog::presets::serverless>();
}

TEST_CASE("only an explicit setting removes the redactors of the preset, and the runtime reports it once") {
  check_opt_out_is_reported<fapilog::presets::production>();
  check_opt_out_is_reported<fapilog::presets::hardened>();
}

TEST_CASE("a preset without redactors has nothing to report") {
  logged_line<fapilog::presets::minimal> const out{{.preset_redactors = false, .sinks = {}}};
  CHECK(out.reports.empty());
  CHECK(out.has_secret());
}

TEST_CASE("a change of the redactors and a reload keep those of the preset") {
  support::temporary_directory const folder;
  std::string const file = folder / "settings.json";
  std::ofstream{file} << R"({"core": {"redactors": ["field_blocker"]}})";
  auto const chosen = settings::from_file(file);
  auto const sink = std::make_shared<support::capture>();
  using runtime = fapilog::basic_runtime<fapilog::presets::production>;
  auto const make = [&sink](settings const& from) {
    auto options = from.options<fapilog::presets::production>();
    options.sinks = {sink};
    return options;
  };
  runtime rt{make(chosen)};
  fapilog::basic_settings_watch<fapilog::presets::production> watch{
      rt, chosen, {.interval = std::chrono::milliseconds{0}}, make};
  std::ofstream{file} << R"({"core": {"redactors": []}})";
  auto const result = watch.reload();
  CHECK(result.error.empty());
  CHECK(result.applied == std::vector<std::string>{"core.redactors"});
  rt.get_logger("auth").info("signed in", kv("access_token", secret), kv("request_body", "all of it"));
  CHECK(rt.change({.redactors = std::vector<fapilog::any_redactor>{}}));
  rt.get_logger("auth").info("signed in", kv("access_token", secret));
  (void)rt.drain(std::chrono::seconds{60});
  std::string lines;
  for (auto const& line : sink->lines()) lines += line;
  CHECK(lines.find("all of it") != std::string::npos);
  CHECK(lines.find("eyJhbGciOiJIUzI1NiJ9") == std::string::npos);
}
