// SPDX-License-Identifier: MIT
// The catalogue: every sink and stage of the library by the name that settings use.
#pragma once

#include <fapilog/setup/metadata.hpp>
#include <fapilog/setup/plugin_recipe.hpp>
#include <fapilog/setup/registry.hpp>
#include <fapilog/sinks/rotating_file.hpp>
#include <fapilog/sinks/stdout_auto.hpp>
#include <fapilog/sinks/stdout_json.hpp>
#include <fapilog/sinks/stdout_pretty.hpp>
#include <fapilog/stages/enrichers/runtime_info.hpp>
#include <fapilog/stages/enrichers/source_location.hpp>
#include <fapilog/version.hpp>

#include <string>
#include <string_view>

namespace fapilog {

/// All that is built in. Copy it and add your own:
/// `auto plugins = builtin_plugins(); plugins.add_sink(metadata, plugin<acme::kafka_sink, acme::kafka_config>());`
/// Throws: std::bad_alloc.
[[nodiscard]] inline registry builtin_plugins() {
  registry all;
  auto const of_ours = [](plugin_type kind, std::string_view name, std::string_view text) {
    return create_plugin_metadata(name, library_version().text(), kind,
                                  "fapilog::" + std::string{to_string(kind)} + "s::" + std::string{name},
                                  {.description = std::string{text}, .author = "fapilog"});
  };
  using enum plugin_type;
  // clang-format off
  all.add_sink(of_ours(sink, "stdout_json", "One line of JSON a record on standard output."), plugin<sinks::stdout_json, sinks::stdout_json_config>());
  all.add_sink(of_ours(sink, "stdout_pretty", "One readable line a record on standard output, in colour on a terminal."), plugin<sinks::stdout_pretty, sinks::stdout_pretty_config>());
  all.add_sink(of_ours(sink, "stdout_auto", "`stdout_pretty` on a terminal, else `stdout_json`."), plugin<sinks::stdout_auto, sinks::stdout_pretty_config>());
  all.add_sink(of_ours(sink, "rotating_file", "One line of JSON a record in a file, moved aside by size and time."), plugin<sinks::rotating_file, sinks::rotating_file_config>());
  all.add_enricher(of_ours(enricher, "runtime_info", "`diagnostics.service`, `env`, `version`, `host`, `pid`. One is always there; this adds another, whose texts win."), plugin<enrichers::runtime_info, enrichers::runtime_info_config>());
  all.add_enricher(of_ours(enricher, "source_location", "File, line, function and thread of the call; as `core.source_location`."), plugin<enrichers::source_location>());
  all.announce(sink, "postgres", "add it to the registry that the settings are given");
  // clang-format on
  return all;
}

}  // namespace fapilog
