// SPDX-License-Identifier: MIT
// All settings as tables and as JSON Schema.
#pragma once

#include <fapilog/config/config_value.hpp>
#include <fapilog/config/setting_table.hpp>
#include <fapilog/plugins/builtins.hpp>
#include <fapilog/plugins/plugin_entry.hpp>
#include <fapilog/plugins/registry.hpp>
#include <fapilog/settings/core_lists.hpp>
#include <fapilog/settings/preset_tree.hpp>
#include <fapilog/setup/options.hpp>
#include <fapilog/setup/preset.hpp>
#include <fapilog/setup/presets.hpp>
#include <fapilog/version.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail {
/// One object of settings: `core`, `plugins`, or a plugin's entry such as `sink_config.rotating_file`.
struct settings_group {
  std::string name;
  std::string text;
  std::vector<setting_row> rows;
};

/// Rows of `core` in the order of the members of `basic_options`, with the lists of stages and sinks among them.
[[nodiscard]] inline std::vector<setting_row> core_rows() {
  setting const drop_on_full{.name = "drop_on_full", .text = {}};
  std::vector<setting_row> rows;
  std::vector<setting_row> lists = setting_table(core_lists{});
  auto const put_list = [&](std::string_view name) {
    for (setting_row& row : lists) {
      if (row.name == name) rows.push_back(std::move(row));
    }
  };
  for (setting_row& row : setting_table(basic_options<no_preset>{})) {
    if (row.name == "preset_redactors") {
      for (std::string_view const name : {"filters", "enrichers", "redactors"}) put_list(name);
    }
    if (row.name == "redaction_fail_mode") put_list("processors");
    if (row.name == "routing") put_list("sinks");
    bool const is_last = row.name == "when_full";
    rows.push_back(std::move(row));
    if (!is_last) continue;
    rows.push_back({.name = "drop_on_full",
                    .text = "Instead of `when_full`: true is `drop`, false is `wait`.",
                    .rule = rule_of(drop_on_full, setting_type_of<bool>),
                    .schema = or_null(schema_of_type("boolean"))});
  }
  for (setting_row& row : rows) {
    std::string const path = "core." + row.name;
    row.by_preset = row.name == "sinks";
    for (preset const* const p : all_presets) {
      for (preset_setting const& s : p->settings) {
        if (s.path == path || s.path.starts_with(path + '.')) row.by_preset = true;
      }
    }
    if (!row.by_preset && !row.standard.is_null()) row.schema.set("default", row.standard);
  }
  return rows;
}

/// How records are delivered to a sink: the member `delivery` of its entry.
[[nodiscard]] inline std::vector<setting_row> delivery_rows() {
  std::vector<setting_row> rows = setting_table<delivery_options>();
  rows.push_back({.name = "fallback",
                  .text = "The sink that takes what this one cannot take: its name, or that of an entry in "
                          "`sink_config`.",
                  .rule = "a string",
                  .schema = or_null(schema_of_type("string"))});
  return rows;
}

/// Every object of settings with its members: core, plugins, then the entries of all plugins. Throws: std::bad_alloc.
[[nodiscard]] inline std::vector<settings_group> settings_groups(
    registry const& plugins = builtin_plugins()) {
  std::vector<settings_group> groups;
  groups.push_back({"core", "The options of a runtime.", detail::core_rows()});
  groups.push_back({"plugins", "Which plugins may be used.", setting_table<registry::plugin_policy>()});
  groups.push_back(
      {"sink_config.<name>.delivery", "How records are delivered to a sink.", detail::delivery_rows()});
  for (plugin_type const kind : plugin_kinds) {
    for (registry::plugin_info const* const info : plugins.all(kind)) {
      if (!info->is_present()) continue;
      groups.push_back({setting_path(group_of(kind), info->metadata.name), info->metadata.description,
                        info->table ? info->table() : std::vector<setting_row>{}});
    }
  }
  return groups;
}

/// The entries of a kind: known plugins by name, and others with a `type`.
[[nodiscard]] inline config_value schema_of_entries(registry const& plugins, plugin_type kind) {
  config_value named = config_value::object();
  config_value others = config_value::list();
  for (registry::plugin_info const* const info : plugins.all(kind)) {
    bool const known = info->is_present() && info->table;
    config_value entry = schema_of_rows(known ? info->table() : std::vector<setting_row>{});
    if (!known) entry.set("additionalProperties", true);
    config_value names = config_value::list({info->metadata.name});
    for (std::string const& alias : info->aliases) names.push_back(alias);
    config_value type = config_value::object();
    type.set("enum", std::move(names));
    entry.find("properties")->set("type", std::move(type));
    if (kind == plugin_type::sink) {
      config_value how = schema_of_rows(detail::delivery_rows());
      how.set("description", "How the sink is served.");
      entry.find("properties")->set("delivery", detail::or_null(std::move(how)));
    }
    if (!info->metadata.description.empty()) entry.set("description", info->metadata.description);
    config_value required = entry;
    required.set("required", config_value::list({"type"}));
    others.push_back(std::move(required));
    entry = detail::or_null(std::move(entry));
    for (std::string const& alias : info->aliases) named.set(alias, entry);
    named.set(info->metadata.name, std::move(entry));
  }
  config_value schema = detail::schema_of_type("object");
  schema.set("properties", std::move(named));
  if (others.items().empty()) {
    schema.set("additionalProperties", false);
  } else {
    config_value other = config_value::object();
    other.set("anyOf", std::move(others));
    schema.set("additionalProperties", std::move(other));
  }
  return schema;
}
}  // namespace detail

/// JSON Schema (draft 2020-12) of a settings file, for editors and for checks before a program starts: names, types, ranges
/// and meanings. A file that it allows may still be refused, for example because of a sink that does not exist.
/// Throws: std::bad_alloc.
[[nodiscard]] inline std::string settings_schema(registry const& plugins = builtin_plugins()) {
  detail::config_value properties = detail::config_value::object();
  auto const text = [&](std::string_view name, std::string_view description) {
    detail::config_value schema = detail::schema_of_type("string");
    schema.set("description", description);
    properties.set(name, std::move(schema));
  };
  text("$schema", "The location of this schema; for editors.");
  text("preset", "The preset for which this file is written; a program with another one refuses it.");
  text("extends", "The file that this one extends; relative to the folder of this one.");
  for (detail::settings_group const& group : detail::settings_groups(plugins)) {
    if (group.name.find('.') != std::string::npos) continue;
    detail::config_value schema = detail::schema_of_rows(group.rows);
    schema.set("description", group.text);
    properties.set(group.name, std::move(schema));
  }
  for (plugin_type const kind : detail::plugin_kinds) {
    detail::config_value schema = detail::schema_of_entries(plugins, kind);
    schema.set("description", "Settings of " + detail::list_of(kind) + ", by name.");
    properties.set(detail::group_of(kind), std::move(schema));
  }
  detail::config_value schema = detail::config_value::object();
  schema.set("$schema", "https://json-schema.org/draft/2020-12/schema");
  schema.set("title", "Settings of fapilog " + detail::library_version().text());
  schema.set("type", "object");
  schema.set("properties", std::move(properties));
  schema.set("additionalProperties", false);
  constexpr int indent = 2;
  return detail::to_json(schema, indent) + '\n';
}

}  // namespace fapilog::inline v0_1
