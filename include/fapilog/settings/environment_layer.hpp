// SPDX-License-Identifier: MIT
// Environment variables as a layer of settings: FAPILOG_CORE__LOG_LEVEL, FAPILOG_FILE__MAX_BYTES.
#pragma once

#include <fapilog/config/config_value.hpp>
#include <fapilog/config/nearest_name.hpp>
#include <fapilog/config/settings_error.hpp>
#include <fapilog/detail/memory/stable_sort.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/quantity_text.hpp>
#include <fapilog/plugins/metadata.hpp>
#include <fapilog/plugins/plugin_entry.hpp>
#include <fapilog/plugins/registry.hpp>
#include <fapilog/settings/core_lists.hpp>
#include <fapilog/settings/environment.hpp>
#include <fapilog/setup/options.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail {

/// Makes a layer of variables. A name is `FAPILOG_`, a group and the path of the setting, in any case, with `__` between its
/// parts; the name of a plugin may replace `SINK_CONFIG__POSTGRES` and the like, and FILE is `rotating_file`. An empty
/// variable is ignored, and so are variables of the library that are no settings and variables of other programs.
class environment_layer {
 public:
  /// Parses JSON; `name` is for messages.
  using json_parser = config_value::json_form (*)(std::string_view text, std::string const& name);

  environment_layer(registry const& plugins, json_parser parse,
                    std::vector<settings_error::problem>& problems)
      : plugins_(plugins), parse_(parse), problems_(problems) {}

  [[nodiscard]] config_value of(environment_map const& variables) {
    config_value layer = config_value::object();
    std::vector<target> all;
    for (auto const& [name, value] : variables) {
      if (value.empty() || !lower_case(name).starts_with(prefix)) continue;
      std::vector<std::string> path = path_of(name);
      if (path.size() > max_parts)
        report(name, "the name has more than " + std::to_string(max_parts) + " parts");
      else if (!path.empty()) all.push_back({std::move(path), name, value});
    }
    // Objects come before the members that are added to them.
    detail::stable_sort(all, [](target const& a, target const& b) { return a.path.size() < b.path.size(); });
    for (target const& one : all) put(layer, one);
    return layer;
  }

 private:
  static constexpr std::string_view prefix = "fapilog_";
  static constexpr std::string_view file_alias = "file";
  static constexpr std::size_t max_parts = 16;
  static constexpr std::size_t max_shown = 200;
  struct target {
    std::vector<std::string> path;
    std::string variable;
    std::string value;
  };

  static std::vector<std::string> parts_of(std::string_view variable) {
    std::string const name = lower_case(variable).substr(prefix.size());
    std::vector<std::string> parts;
    for (std::size_t begin = 0;;) {
      std::size_t const end = name.find("__", begin);
      parts.push_back(name.substr(begin, end - begin));
      if (end == std::string::npos) return parts;
      begin = end + 2;
    }
  }

  /// Returns the path of the setting, or an empty path if the variable is not a setting.
  [[nodiscard]] std::vector<std::string> path_of(std::string_view variable) {
    std::vector<std::string> parts = parts_of(variable);
    std::string const first = parts[0];
    if (parts.size() == 1 &&
        (first == "service" || first == "env" || first == "version" || first == "preset"))
      return {};
    if (first == "core" || first == "plugins") return parts;
    for (plugin_type const kind : plugin_kinds) {
      if (first != group_of(kind)) continue;
      if (parts.size() > 1) parts[1] = plugins_.canonical_name(kind, parts[1]);
      return parts;
    }
    std::string const plugin = first == file_alias ? "rotating_file" : first;
    std::vector<plugin_type> kinds;
    for (plugin_type const kind : plugin_kinds) {
      if (plugins_.find(kind, plugin) != nullptr) kinds.push_back(kind);
    }
    if (kinds.size() == 1) {
      parts[0] = plugins_.canonical_name(kinds[0], plugin);
      parts.insert(parts.begin(), group_of(kinds[0]));
      return parts;
    }
    if (kinds.empty()) refuse_nearly(variable, parts);
    else
      report(variable, "plugins of several kinds are called '" + plugin + "'; write " +
                           spelled({group_of(kinds[0]), first}) + " or " +
                           spelled({group_of(kinds[1]), first}));
    return {};
  }

  /// Reports a variable that is not a setting but nearly one.
  void refuse_nearly(std::string_view variable, std::vector<std::string> parts) {
    std::vector<std::string> const known = groups();
    if (parts.size() > 1) {
      std::string const closest{nearest_name(parts[0], known)};
      std::size_t const max_distance = parts[0].size() < 6 ? 1 : 2;
      bool const meant = !closest.empty() && (closest.starts_with(parts[0]) ||
                                              distance_of_names(parts[0], closest) <= max_distance);
      if (!meant) return;
      std::string const wrong = std::exchange(parts[0], closest);
      return report(variable, "unknown group of settings '" + config::printable(wrong) + "'; did you mean " +
                                  spelled(parts) + '?');
    }
    if (std::vector<std::string> const names = settings_of("core");
        std::ranges::find(names, parts[0]) != names.end()) {
      return report(variable,
                    "the group of the setting is missing; did you mean " + spelled({"core", parts[0]}) + '?');
    }
    for (std::string const& group : known) {
      if (!parts[0].starts_with(group + '_')) continue;
      std::string const rest = parts[0].substr(group.size() + 1);
      std::vector<std::string> const names = settings_of(group);
      if (std::ranges::find(names, rest) == names.end()) continue;
      return report(variable, "two underscores separate a group from its setting; did you mean " +
                                  spelled({group, rest}) + '?');
    }
  }

  /// All names with which a variable may begin, after the prefix.
  [[nodiscard]] std::vector<std::string> groups() const {
    std::vector<std::string> all{"core", "plugins", std::string{file_alias}};
    for (plugin_type const kind : plugin_kinds) {
      all.push_back(group_of(kind));
      for (registry::plugin_info const* const info : plugins_.all(kind)) {
        all.push_back(info->metadata.name);
        all.insert(all.end(), info->aliases.begin(), info->aliases.end());
      }
    }
    return all;
  }

  [[nodiscard]] std::vector<std::string> settings_of(std::string const& group) const {
    std::vector<std::string> names;
    if (group == "core") {
      basic_options<presets::minimal> const core{.sinks = {}};
      core_lists const lists;
      for (setting_member const& member : members_of(&core, setting_type_of<basic_options<presets::minimal>>))
        names.emplace_back(member.row.name);
      for (setting_member const& member : members_of(&lists, setting_type_of<core_lists>))
        names.emplace_back(member.row.name);
      names.emplace_back("drop_on_full");
    }
    std::string const plugin = group == file_alias ? "rotating_file" : group;
    for (plugin_type const kind : plugin_kinds) {
      registry::plugin_info const* const info = plugins_.find(kind, plugin);
      if (info == nullptr || !info->table) continue;
      for (setting_row const& row : info->table()) names.push_back(row.name);
    }
    return names;
  }

  void put(config_value& layer, target const& one) {
    std::string const shown = config::printable(one.variable, max_shown);
    config_origin const where = config_origin::in_environment(shown);
    config_value* at = &layer;
    for (std::size_t i = 0; i + 1 < one.path.size(); ++i) {
      config_value* next = at->find(one.path[i]);
      if (next == nullptr) {
        next = &at->set(one.path[i], config_value::object(), where);
        next->set_origin(where);
      } else if (!next->structure().is_object()) {
        return report(one.variable, "cannot be added to " + std::string{next->origin().text()} +
                                        ", which is not an object");
      } else if (!next->is_object()) {
        config_value whole = next->structure();
        *next = std::move(whole);
      }
      at = next;
    }
    if (config_value const* const there = at->find(one.path.back());
        there != nullptr && there->origin().is_environment()) {
      return report(one.variable,
                    "is the same setting as " + std::string{there->origin().text()} + "; set one of them");
    }
    std::shared_ptr<config_value::json_form const> form;
    std::string_view const text = without_spaces_around(one.value);
    if (text.starts_with('[') || text.starts_with('{')) {
      form = std::make_shared<config_value::json_form const>(parse_(text, shown));
    }
    at->set(one.path.back(), config_value::of_environment(one.value, where, std::move(form)), where);
  }

  [[nodiscard]] static std::string spelled(std::vector<std::string> const& parts) {
    std::string name = "FAPILOG";
    for (std::size_t i = 0; i < parts.size(); ++i) {
      name += i == 0 ? "_" : "__";
      for (char const c : config::printable(parts[i])) name.push_back(to_ascii_upper(c));
    }
    return name;
  }

  void report(std::string_view variable, std::string text) {
    if (problems_.size() >= max_settings_problems) return;
    problems_.push_back({config::printable(variable, max_shown), "", std::move(text)});
  }

  registry const& plugins_;
  json_parser parse_;
  std::vector<settings_error::problem>& problems_;
};

}  // namespace detail
}  // namespace fapilog::inline v0_1
