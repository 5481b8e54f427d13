// SPDX-License-Identifier: MIT
// The module fapilog: the public names of fapilog.hpp, kill_safe.hpp and limited_calls.hpp.
module;

#include <fapilog/fapilog.hpp>
#include <fapilog/kill_safe.hpp>
#include <fapilog/limited_calls.hpp>

export module fapilog;

export namespace fapilog {
using fapilog::account;
using fapilog::adaptive_options;
using fapilog::any_enricher;
using fapilog::any_filter;
using fapilog::any_processor;
using fapilog::any_redactor;
using fapilog::any_sink;
using fapilog::array_writer;
using fapilog::basic_logger;
using fapilog::basic_options;
using fapilog::basic_runtime;
using fapilog::batch;
using fapilog::caught;
using fapilog::circuit_breaker_options;
using fapilog::context;
using fapilog::counter;
using fapilog::crash_options;
using fapilog::create_plugin_metadata;
using fapilog::custom_level;
using fapilog::delivery_options;
using fapilog::diagnostics;
using fapilog::dynamic_key;
using fapilog::enricher;
using fapilog::entry;
using fapilog::enum_names;
using fapilog::event;
using fapilog::event_path;
using fapilog::every;
using fapilog::every_n;
using fapilog::field;
using fapilog::filter;
using fapilog::find_preset;
using fapilog::first_n;
using fapilog::flight_recorder_options;
using fapilog::histogram;
using fapilog::internal_record;
using fapilog::is_compatible;
using fapilog::key;
using fapilog::kill_safe_options;
using fapilog::kind;
using fapilog::kv;
using fapilog::lazy;
using fapilog::level;
using fapilog::level_name;
using fapilog::level_set;
using fapilog::list_presets;
using fapilog::loggable;
using fapilog::logger;
using fapilog::member;
using fapilog::member_list;
using fapilog::message;
using fapilog::metric;
using fapilog::metric_kind;
using fapilog::metric_list;
using fapilog::misused_scopes;
using fapilog::object_writer;
using fapilog::on_misused_scope;
using fapilog::once;
using fapilog::options;
using fapilog::parse_level;
using fapilog::placed_sink;
using fapilog::plugin_api_version;
using fapilog::plugin_details;
using fapilog::plugin_metadata;
using fapilog::plugin_type;
using fapilog::preset;
using fapilog::pressure_level;
using fapilog::processor;
using fapilog::prometheus_text;
using fapilog::redaction_fail_mode;
using fapilog::redaction_form;
using fapilog::redactor;
using fapilog::retry_options;
using fapilog::route;
using fapilog::routing;
using fapilog::runtime;
using fapilog::runtime_changes;
using fapilog::runtime_text;
using fapilog::schema_permission;
using fapilog::scope;
using fapilog::scope_misuse;
using fapilog::semantic_version;
using fapilog::sensitive;
using fapilog::setting;
using fapilog::setting_form;
using fapilog::setting_problems;
using fapilog::sink;
using fapilog::sink_account;
using fapilog::sink_health;
using fapilog::sink_thread;
using fapilog::spool_options;
using fapilog::start_context;
using fapilog::suppressed_calls;
using fapilog::to_string;
using fapilog::uuid;
using fapilog::validate;
using fapilog::value;
using fapilog::value_writer;
using fapilog::version;
using fapilog::wait_policy;
using fapilog::when_full;
using fapilog::when_queue_full;
using fapilog::write_outcome;
using fapilog::write_result;
}  // namespace fapilog

export namespace fapilog::enrichers {
using fapilog::enrichers::runtime_info;
using fapilog::enrichers::runtime_info_config;
using fapilog::enrichers::source_location;
}  // namespace fapilog::enrichers

export namespace fapilog::presets {
using fapilog::presets::adaptive;
using fapilog::presets::dev;
using fapilog::presets::hardened;
using fapilog::presets::minimal;
using fapilog::presets::production;
using fapilog::presets::serverless;
}  // namespace fapilog::presets

export namespace fapilog::redactors {
using fapilog::redactors::by_name;
using fapilog::redactors::by_name_config;
using fapilog::redactors::combined;
using fapilog::redactors::field_blocker;
using fapilog::redactors::field_blocker_config;
using fapilog::redactors::get_redaction_preset;
using fapilog::redactors::hardened_set;
using fapilog::redactors::list_redaction_presets;
using fapilog::redactors::mask_mode;
using fapilog::redactors::production_set;
using fapilog::redactors::redaction_preset;
using fapilog::redactors::redaction_presets_by_region;
using fapilog::redactors::redaction_presets_by_regulation;
using fapilog::redactors::regex_mask;
using fapilog::redactors::regex_mask_config;
using fapilog::redactors::resolve_redaction_preset;
using fapilog::redactors::url_credentials;
using fapilog::redactors::url_credentials_config;
using fapilog::redactors::value_detectors;
using fapilog::redactors::value_detectors_config;
}  // namespace fapilog::redactors

export namespace fapilog::sinks {
using fapilog::sinks::colour_mode;
using fapilog::sinks::file_format;
using fapilog::sinks::file_sync;
using fapilog::sinks::rotating_file;
using fapilog::sinks::rotating_file_config;
using fapilog::sinks::stdout_auto;
using fapilog::sinks::stdout_json;
using fapilog::sinks::stdout_json_config;
using fapilog::sinks::stdout_pretty;
using fapilog::sinks::stdout_pretty_config;
using fapilog::sinks::time_zone;
}  // namespace fapilog::sinks
