// SPDX-License-Identifier: MIT
// runtime_info: its configuration, the environment, the defaults.
#include "support/catch.hpp"
#include "support/files.hpp"
#include "support/logged.hpp"
#include "support/settings.hpp"

#include <fapilog/stages/enrichers/runtime_info.hpp>

#include <filesystem>
#include <string>
#include <vector>

using fapilog::enrichers::runtime_info;
using fapilog::enrichers::runtime_info_config;

namespace {

std::vector<std::string> service_env_version_of(runtime_info_config const& config) {
  support::logged l{{.enrichers = {runtime_info{config}}}};  // after the runtime's own, which it replaces
  l.log.info("x");
  auto const d = l.last().at("diagnostics");
  return {d.at("service"), d.at("env"), d.at("version")};
}

}  // namespace

TEST_CASE(
    "runtime_info takes its configuration, else the environment, else the name of the program and defaults") {
  using texts = std::vector<std::string>;
  support::environment_variable const service{"FAPILOG_SERVICE", nullptr};
  support::environment_variable const env{"ENV", "from ENV"};
  support::environment_variable const version{"FAPILOG_VERSION", nullptr};
  {
    support::environment_variable const own{"FAPILOG_ENV", nullptr};
    std::string const program = std::filesystem::read_symlink("/proc/self/exe").filename();
    CHECK(service_env_version_of({}) == texts{program, "from ENV", "0.0.0"});
  }
  support::environment_variable const own{"FAPILOG_ENV", "from FAPILOG_ENV"};
  support::environment_variable const other{"FAPILOG_SERVICE", "shop"};
  CHECK(service_env_version_of({}) == texts{"shop", "from FAPILOG_ENV", "0.0.0"});
  CHECK(service_env_version_of({.service = "s", .env = "e", .version = "v"}) == texts{"s", "e", "v"});
}

TEST_CASE("runtime_info describes its settings") {
  CHECK(support::names_of_settings<runtime_info_config>() ==
        std::vector<std::string>{"service", "env", "version"});
  CHECK(fapilog::any_enricher{runtime_info{}}.base().name() == "runtime_info");
}
