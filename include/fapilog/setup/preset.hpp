// SPDX-License-Identifier: MIT
// The compiled-in sets of choices: dev, production, serverless, hardened, minimal.
#pragma once

#include <fapilog/record/level.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

/// The preset of `fapilog::runtime` and `fapilog::options`: dev, production, serverless, hardened or minimal. All files
/// of a program must agree on it. CMake's variable FAPILOG_PRESET defines FAPILOG_DEFAULT_PRESET for all of them; a
/// definition of FAPILOG_PRESET overrides it.
#ifndef FAPILOG_DEFAULT_PRESET
#define FAPILOG_DEFAULT_PRESET minimal
#endif
#ifndef FAPILOG_PRESET
#define FAPILOG_PRESET FAPILOG_DEFAULT_PRESET
#endif

#define FAPILOG_DETAIL_IS_PRESET_dev 1
#define FAPILOG_DETAIL_IS_PRESET_production 1
#define FAPILOG_DETAIL_IS_PRESET_serverless 1
#define FAPILOG_DETAIL_IS_PRESET_hardened 1
#define FAPILOG_DETAIL_IS_PRESET_minimal 1
#define FAPILOG_DETAIL_IS_PRESET_adaptive 1
#define FAPILOG_DETAIL_JOIN_NAMES(a, b) a##b
#define FAPILOG_DETAIL_IS_PRESET(name) FAPILOG_DETAIL_JOIN_NAMES(FAPILOG_DETAIL_IS_PRESET_, name)
#if !FAPILOG_DETAIL_IS_PRESET(FAPILOG_PRESET)
#error "fapilog: FAPILOG_PRESET is not one of dev, production, serverless, hardened, minimal, adaptive"
#endif

namespace fapilog::inline v0_1 {

/// What stands on stdout.
enum class stdout_form : std::uint8_t { none, json, pretty };

/// What is redacted: see `redactors::production_set` and `redactors::hardened_set`.
enum class redaction_form : std::uint8_t { none, credentials, hardened };

/// A set of choices known when compiling. The names and values are those of the settings of fapilog for Python where
/// they mean something here; `docs/user-guide/presets.md` tells each.
struct preset {
  struct core_settings {
    level log_level = level::info;
    std::uint32_t batch_max_size = 256;
    /// Longest that a record waits in a batch for company; 0 hands over as soon as the lanes are empty.
    std::uint32_t batch_timeout_ms = 250;
    bool drop_on_full = true;
    /// Where `drop_on_full` is false: how long a call waits for room before it gives the record up.
    std::uint32_t backpressure_wait_ms = 50;
    level_set protected_levels = level_set::of(level::error, level::critical, level::audit, level::security);
    /// How long the destructor of a runtime waits for the last records.
    std::uint32_t shutdown_timeout_ms = 3'000;
    /// File, line, function and thread in `diagnostics`.
    bool source_location = false;
    redaction_form redaction = redaction_form::none;
    /// A record whose redactor throws is dropped; else it goes on without its message and values.
    bool redaction_fail_closed = true;
    /// A WARNING record says how many records were dropped in this time, and why.
    bool emit_drop_summary = false;
    std::uint32_t drop_summary_window_seconds = 60;
    /// A sink that keeps failing is left alone for a while.
    bool sink_circuit_breaker_enabled = false;
    /// What standard output does not take goes to `rotating_file`, which is made when it is first needed.
    bool sink_fallback_to_file = false;
  };
  /// As `adaptive_options`; what is not here has the values there.
  struct adaptive_settings {
    bool enabled = false;
    std::uint32_t check_interval_ms = 250;
    std::uint32_t cooldown_ms = 2'000;
    double circuit_pressure_boost = 0.20;
  };
  struct rotating_file_settings {
    bool enabled = false;
    std::string_view directory = "./logs";
    std::string_view filename_prefix = "fapilog";
    std::uint64_t max_bytes = 10'485'760;
    std::uint32_t max_files = 0;
    bool compress_rotated = false;
  };
  struct postgres_settings {
    /// False forbids every DDL statement, by type: see `basic_runtime::allow_ddl`.
    bool create_table = true;
  };
  struct sink_settings {
    stdout_form stdout_sink = stdout_form::json;
    rotating_file_settings rotating_file;
    postgres_settings postgres;
  };

  std::string_view name;
  core_settings core;
  adaptive_settings adaptive = {};
  sink_settings sink_config;
};

namespace presets {

/// For the desk: everything is shown at once, in colour, with file and line.
inline constexpr preset dev{
    .name = "dev",
    .core = {.log_level = level::debug, .batch_max_size = 1, .batch_timeout_ms = 0, .source_location = true},
    .sink_config = {.stdout_sink = stdout_form::pretty,
                    .rotating_file = {},
                    .postgres = {.create_table = true}},
};

/// For services: waits shortly rather than drop, masks credentials, goes on while a sink is down, and never changes a
/// database's schema.
inline constexpr preset production{
    .name = "production",
    .core = {.drop_on_full = false,
             .protected_levels = level_set::of(level::error, level::critical, level::audit, level::security),
             .shutdown_timeout_ms = 25'000,
             .redaction = redaction_form::credentials,
             .redaction_fail_closed = false,
             .emit_drop_summary = true,
             .sink_circuit_breaker_enabled = true,
             .sink_fallback_to_file = true},
    .adaptive = {.enabled = true, .cooldown_ms = 1'000, .circuit_pressure_boost = 0.25},
    .sink_config = {.stdout_sink = stdout_form::json,
                    .rotating_file = {.max_bytes = 52'428'800, .max_files = 10, .compress_rotated = true},
                    .postgres = {.create_table = false}},
};

/// For functions that are frozen between requests: small batches, never waits, masks credentials.
inline constexpr preset serverless{
    .name = "serverless",
    .core = {.batch_max_size = 25, .redaction = redaction_form::credentials, .redaction_fail_closed = false},
    .sink_config = {.stdout_sink = stdout_form::json,
                    .rotating_file = {},
                    .postgres = {.create_table = true}},
};

/// For regulated places: standard output and a file side by side, all that is known to be sensitive masked; never changes
/// a database's schema.
inline constexpr preset hardened{
    .name = "hardened",
    .core = {.batch_max_size = 100,
             .drop_on_full = false,
             .redaction = redaction_form::hardened,
             .emit_drop_summary = true},
    .sink_config = {.stdout_sink = stdout_form::json,
                    .rotating_file =
                        {.enabled = true, .max_bytes = 52'428'800, .max_files = 10, .compress_rotated = true},
                    .postgres = {.create_table = false}},
};

/// The default: JSON on standard output, each line as soon as there is time for it.
inline constexpr preset minimal{
    .name = "minimal",
    .core = {.batch_timeout_ms = 0},
    .sink_config = {.stdout_sink = stdout_form::json,
                    .rotating_file = {},
                    .postgres = {.create_table = true}},
};

/// Former name of `production`.
[[deprecated(
    "fapilog: the preset 'adaptive' is called 'production' now")]] inline constexpr preset const& adaptive =
    production;

}  // namespace presets

/// The preset chosen when compiling.
constexpr preset const& default_preset = presets::FAPILOG_PRESET;

}  // namespace fapilog::inline v0_1
