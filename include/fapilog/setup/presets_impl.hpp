// SPDX-License-Identifier: MIT
// The bodies of presets.hpp; the one place that names concrete sinks and stages of presets together.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/setup/delivery_options.hpp>
#include <fapilog/setup/preset.hpp>
#include <fapilog/setup/presets.hpp>
#include <fapilog/sinks/rotating_file.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/sinks/stdout_json.hpp>
#include <fapilog/sinks/stdout_pretty.hpp>
#include <fapilog/stages/enricher.hpp>
#include <fapilog/stages/enrichers/runtime_info.hpp>
#include <fapilog/stages/enrichers/source_location.hpp>
#include <fapilog/stages/redactor.hpp>
#include <fapilog/stages/redactors/sets.hpp>

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

/// The file sink of a preset, whether it is one of its sinks or only their fallback.
FAPILOG_INLINE sinks::rotating_file preset_file(preset const& p) {
  auto const& file = p.sink_config.rotating_file;
  return sinks::rotating_file{{.directory = std::string{file.directory},
                               .filename_prefix = std::string{file.filename_prefix},
                               .max_bytes = file.max_bytes,
                               .max_files = file.max_files,
                               .compress_rotated = file.compress_rotated && sinks::can_compress()}};
}

/// How the sinks of a preset are served.
FAPILOG_INLINE delivery_options preset_delivery(preset const& p) {
  delivery_options how;
  how.circuit_breaker.enabled = p.core.sink_circuit_breaker_enabled;
  if (p.core.sink_fallback_to_file) how.fallback = preset_file(p);
  return how;
}

FAPILOG_INLINE std::vector<placed_sink> preset_sinks(preset const& p) {
  std::vector<placed_sink> all;
  switch (p.sink_config.stdout_sink) {
    case stdout_form::none: break;
    case stdout_form::json: all.emplace_back(any_sink{sinks::stdout_json{}}, preset_delivery(p)); break;
    case stdout_form::pretty: all.emplace_back(any_sink{sinks::stdout_pretty{}}, preset_delivery(p)); break;
  }
  if (p.sink_config.rotating_file.enabled) all.emplace_back(any_sink{preset_file(p)});
  return all;
}

FAPILOG_INLINE std::vector<any_redactor> preset_redactors(preset const& p) {
  switch (p.core.redaction) {
    case redaction_form::none: break;
    case redaction_form::credentials: return redactors::production_set();
    case redaction_form::hardened: return redactors::hardened_set();
  }
  return {};
}

#ifndef FAPILOG_COMPILED
template <preset const& P>
[[gnu::cold, gnu::noinline]] std::vector<placed_sink> default_sinks() {
  std::vector<placed_sink> all;
  delivery_options how;
  how.circuit_breaker.enabled = P.core.sink_circuit_breaker_enabled;
  if constexpr (P.core.sink_fallback_to_file) how.fallback = preset_file(P);
  if constexpr (P.sink_config.stdout_sink == stdout_form::json) {
    all.emplace_back(any_sink{sinks::stdout_json{}}, std::move(how));
  } else if constexpr (P.sink_config.stdout_sink == stdout_form::pretty) {
    all.emplace_back(any_sink{sinks::stdout_pretty{}}, std::move(how));
  }
  if constexpr (P.sink_config.rotating_file.enabled) all.emplace_back(any_sink{preset_file(P)});
  return all;
}

template <preset const& P>
[[gnu::cold, gnu::noinline]] std::vector<any_redactor> default_redactors() {
  if constexpr (P.core.redaction == redaction_form::credentials) {
    return redactors::production_set();
  } else if constexpr (P.core.redaction == redaction_form::hardened) {
    return redactors::hardened_set();
  } else {
    return {};
  }
}
#endif

FAPILOG_INLINE adaptive_options preset_adaptive(preset const& p) {
  adaptive_options adaptive;
  adaptive.enabled = p.adaptive.enabled;
  adaptive.check_interval = std::chrono::milliseconds{p.adaptive.check_interval_ms};
  adaptive.cooldown = std::chrono::milliseconds{p.adaptive.cooldown_ms};
  adaptive.circuit_pressure_boost = p.adaptive.circuit_pressure_boost;
  return adaptive;
}

FAPILOG_INLINE std::vector<any_enricher> preset_enrichers(std::string service, std::string env,
                                                          std::string program_version, bool source_location) {
  std::vector<any_enricher> all;
  all.emplace_back(enrichers::runtime_info{
      {.service = std::move(service), .env = std::move(env), .version = std::move(program_version)}});
  if (source_location) all.emplace_back(enrichers::source_location{});
  return all;
}

FAPILOG_INLINE std::vector<std::string> list_presets() {
  return {"adaptive", "dev", "hardened", "minimal", "production", "serverless"};
}

FAPILOG_INLINE preset const& find_preset(std::string_view name) {
  if (name == "adaptive") return presets::production;
  for (preset const* const p : all_presets) {
    if (p->name == name) return *p;
  }
  std::string valid;
  for (std::string const& known : list_presets()) valid += (valid.empty() ? "" : ", ") + known;
  throw std::invalid_argument{"fapilog: invalid preset '" + std::string{name} + "'; valid presets: " + valid};
}

namespace presets_detail {

/// Writes `"name":value` members with the commas between them.
class json_object {
 public:
  explicit json_object(detail::text_buffer& out) : out_(out) { out_.push_back('{'); }
  json_object(json_object const&) = delete;
  json_object& operator=(json_object const&) = delete;
  ~json_object() { out_.push_back('}'); }

  detail::text_buffer& name(std::string_view key) {
    if (!first_) out_.push_back(',');
    first_ = false;
    json::put_text(out_, key);
    out_.push_back(':');
    return out_;
  }
  void text(std::string_view key, std::string_view v) { json::put_text(name(key), v); }
  void flag(std::string_view key, bool v) { name(key).append(v ? "true" : "false"); }
  void seconds(std::string_view key, std::uint32_t ms) { json::put_float(name(key), ms / 1000.0); }
  template <class Integer>
  void number(std::string_view key, Integer v) {
    json::put_integer(name(key), v);
  }

 private:
  detail::text_buffer& out_;
  bool first_ = true;
};

}  // namespace presets_detail

FAPILOG_INLINE std::string preset_settings(preset const& p) {
  using presets_detail::json_object;
  detail::text_buffer out;
  {
    json_object root{out};
    {
      root.name("core");
      json_object core{out};
      core.text("log_level", level_name(p.core.log_level));
      core.number("batch_max_size", p.core.batch_max_size);
      core.seconds("batch_timeout_seconds", p.core.batch_timeout_ms);
      core.flag("drop_on_full", p.core.drop_on_full);
      core.number("backpressure_wait_ms", p.core.backpressure_wait_ms);
      core.name("protected_levels").push_back('[');
      bool first = true;
      for (std::size_t i = 0; i < level_count; ++i) {
        if (!p.core.protected_levels.contains(static_cast<level>(i))) continue;
        if (!first) out.push_back(',');
        first = false;
        json::put_text(out, level_name(static_cast<level>(i)));
      }
      out.push_back(']');
      core.seconds("shutdown_timeout_seconds", p.core.shutdown_timeout_ms);
      core.flag("source_location", p.core.source_location);
      core.text("redaction_fail_mode", p.core.redaction_fail_closed ? "closed" : "warn");
      core.number("drop_summary_window_seconds",
                  p.core.emit_drop_summary ? p.core.drop_summary_window_seconds : 0);
      {
        core.name("adaptive");
        json_object adaptive{out};
        adaptive.flag("enabled", p.adaptive.enabled);
        adaptive.seconds("check_interval", p.adaptive.check_interval_ms);
        adaptive.seconds("cooldown", p.adaptive.cooldown_ms);
        json::put_float(adaptive.name("circuit_pressure_boost"), p.adaptive.circuit_pressure_boost);
      }
      core.name("sinks").push_back('[');
      auto const form = p.sink_config.stdout_sink;
      if (form != stdout_form::none) {
        json::put_text(out, form == stdout_form::json ? "stdout_json" : "stdout_pretty");
      }
      if (p.sink_config.rotating_file.enabled)
        out.append(form == stdout_form::none ? R"("rotating_file")" : R"(,"rotating_file")");
      out.push_back(']');
    }
    root.name("sink_config");
    json_object sinks{out};
    auto const& file = p.sink_config.rotating_file;
    auto const form = p.sink_config.stdout_sink;
    if (form != stdout_form::none && p.core.sink_circuit_breaker_enabled) {
      sinks.name(form == stdout_form::json ? "stdout_json" : "stdout_pretty");
      json_object entry{out};
      entry.name("delivery");
      json_object how{out};
      {
        how.name("circuit_breaker");
        json_object breaker{out};
        breaker.flag("enabled", true);
      }
      if (p.core.sink_fallback_to_file) how.text("fallback", "rotating_file");
    }
    if (file.enabled || p.core.sink_fallback_to_file) {
      sinks.name("rotating_file");
      json_object f{out};
      f.text("directory", file.directory);
      f.text("filename_prefix", file.filename_prefix);
      f.number("max_bytes", file.max_bytes);
      f.number("max_files", file.max_files);
      f.flag("compress_rotated", file.compress_rotated && sinks::can_compress());
    }
    sinks.name("postgres");
    json_object postgres{out};
    postgres.flag("create_table", p.sink_config.postgres.create_table);
  }
  return std::string{out.view()};
}

FAPILOG_INLINE std::string get_preset(std::string_view name) { return preset_settings(find_preset(name)); }

}  // namespace fapilog::inline v0_1
