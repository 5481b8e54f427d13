// SPDX-License-Identifier: MIT
// The body of builtins.hpp: names every built-in sink and stage.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/plugins/metadata.hpp>
#include <fapilog/plugins/plugin_recipe.hpp>
#include <fapilog/plugins/registry.hpp>
#include <fapilog/sinks/rotating_file.hpp>
#include <fapilog/sinks/stdout_auto.hpp>
#include <fapilog/sinks/stdout_json.hpp>
#include <fapilog/sinks/stdout_pretty.hpp>
#include <fapilog/stages/enrichers/event_template.hpp>
#include <fapilog/stages/enrichers/kubernetes.hpp>
#include <fapilog/stages/enrichers/runtime_info.hpp>
#include <fapilog/stages/enrichers/source_location.hpp>
#include <fapilog/stages/enrichers/static_fields.hpp>
#include <fapilog/stages/enrichers/thread_name.hpp>
#include <fapilog/stages/filters/adaptive_sampling.hpp>
#include <fapilog/stages/filters/error_dedupe.hpp>
#include <fapilog/stages/filters/first_occurrence.hpp>
#include <fapilog/stages/filters/level.hpp>
#include <fapilog/stages/filters/rate_limit.hpp>
#include <fapilog/stages/filters/sampling.hpp>
#include <fapilog/stages/filters/trace_sampling.hpp>
#include <fapilog/stages/processors/size_guard.hpp>
#include <fapilog/stages/redactors/by_name.hpp>
#include <fapilog/stages/redactors/field_blocker.hpp>
#include <fapilog/stages/redactors/field_mask.hpp>
#include <fapilog/stages/redactors/regex_mask.hpp>
#include <fapilog/stages/redactors/string_truncate.hpp>
#include <fapilog/stages/redactors/url_credentials.hpp>
#include <fapilog/stages/redactors/value_detectors.hpp>
#include <fapilog/version.hpp>

#include <string>
#include <string_view>

namespace fapilog::inline v0_1 {

FAPILOG_INLINE registry builtin_plugins() {
  registry all;
  auto const builtin = [](plugin_type kind, std::string_view name, std::string_view text) {
    return create_plugin_metadata(name, detail::library_version().text(), kind,
                                  "fapilog::" + std::string{to_string(kind)} + "s::" + std::string{name},
                                  {.description = std::string{text}, .author = "fapilog"});
  };
  using enum plugin_type;
  // clang-format off
  all.add_sink(builtin(sink, "stdout_json", "One line of JSON per record on standard output."), plugin<sinks::stdout_json, sinks::stdout_json_config>());
  all.add_sink(builtin(sink, "stdout_pretty", "One readable line per record on standard output, in colour on a terminal."), plugin<sinks::stdout_pretty, sinks::stdout_pretty_config>());
  all.add_sink(builtin(sink, "stdout_auto", "`stdout_pretty` on a terminal, else `stdout_json`."), plugin<sinks::stdout_auto, sinks::stdout_pretty_config>());
  all.add_sink(builtin(sink, "rotating_file", "One line of JSON per record in a file, rotated by size and time."), plugin<sinks::rotating_file, sinks::rotating_file_config>());
  all.add_enricher(builtin(enricher, "runtime_info", "`diagnostics.service`, `env`, `version`, `host`, `pid`. One always runs; this adds another, whose values replace those of the first."), plugin<enrichers::runtime_info, enrichers::runtime_info_config>());
  all.add_enricher(builtin(enricher, "source_location", "Adds file, line, function and thread of the call, as `core.source_location` does."), plugin<enrichers::source_location>());
  all.add_filter(builtin(filter, "level", "Drops records below a level."), plugin<filters::level, filters::level_config>());
  all.add_filter(builtin(filter, "sampling", "Keeps a share of the records."), plugin<filters::sampling, filters::sampling_config>());
  all.add_filter(builtin(filter, "rate_limit", "Limits the records of each key per unit of time."), plugin<filters::rate_limit, filters::rate_limit_config>());
  all.add_filter(builtin(filter, "adaptive_sampling", "Keeps about a target number of records a second."), plugin<filters::adaptive_sampling, filters::adaptive_sampling_config>());
  all.add_filter(builtin(filter, "trace_sampling", "Keeps all records of a share of the traces."), plugin<filters::trace_sampling, filters::trace_sampling_config>());
  all.add_filter(builtin(filter, "first_occurrence", "Passes the first record of each key in a window."), plugin<filters::first_occurrence, filters::first_occurrence_config>());
  all.add_filter(builtin(filter, "error_dedupe", "Passes the same error once in a window and writes a summary."), plugin<filters::error_dedupe, filters::error_dedupe_config>());
  all.add_enricher(builtin(enricher, "event_template", "`diagnostics.event_id` and `template`: the message as written in the code, and its id."), plugin<enrichers::event_template>());
  all.add_enricher(builtin(enricher, "kubernetes", "Adds pod, namespace, node and similar facts from the downward API."), plugin<enrichers::kubernetes, enrichers::kubernetes_config>());
  all.add_enricher(builtin(enricher, "static_fields", "Adds the same fields to every record."), plugin<enrichers::static_fields, enrichers::static_fields_config>());
  all.add_enricher(builtin(enricher, "thread_name", "`diagnostics.thread_name`."), plugin<enrichers::thread_name, enrichers::thread_name_config>());
  all.add_redactor(builtin(redactor, "by_name", "Masks what redaction presets cover, by the words of names."), plugin<redactors::by_name, redactors::by_name_config>());
  all.add_redactor(builtin(redactor, "field_mask", "Masks members by their paths."), plugin<redactors::field_mask, redactors::field_mask_config>());
  all.add_redactor(builtin(redactor, "regex_mask", "Masks members whose paths match a pattern."), plugin<redactors::regex_mask, redactors::regex_mask_config>());
  all.add_redactor(builtin(redactor, "url_credentials", "Removes user and password from URLs and connection strings."), plugin<redactors::url_credentials, redactors::url_credentials_config>());
  all.add_redactor(builtin(redactor, "field_blocker", "Replaces fields that may hold anything, such as bodies."), plugin<redactors::field_blocker, redactors::field_blocker_config>());
  all.add_redactor(builtin(redactor, "string_truncate", "Truncates long strings."), plugin<redactors::string_truncate, redactors::string_truncate_config>());
  all.add_redactor(builtin(redactor, "value_detectors", "Replaces card numbers, tokens and keys, which it recognises by their form."), plugin<redactors::value_detectors, redactors::value_detectors_config>());
  all.add_processor(builtin(processor, "size_guard", "Truncates lines above a maximum size."), plugin<processors::size_guard, processors::size_guard_config>());
  all.announce(sink, "journald", "call fapilog::add_journald (fapilog/plugins/journald.hpp) on the registry of the settings");
  all.announce(sink, "windows_event_log", "call fapilog::add_windows_event_log (fapilog/plugins/windows_event_log.hpp) on the registry of the settings; Windows only");
  all.announce(sink, "syslog", "call fapilog::add_syslog (fapilog/plugins/syslog.hpp) on the registry of the settings");
  all.announce(sink, "postgres", "link fapilog::postgres and call fapilog::add_postgres (fapilog/plugins/postgres.hpp) on the registry of the settings");
  // clang-format on
  return all;
}

}  // namespace fapilog::inline v0_1
