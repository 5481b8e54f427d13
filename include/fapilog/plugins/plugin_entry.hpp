// SPDX-License-Identifier: MIT
// One sink or stage as configuration text names it: its name, the plugin that makes it, its settings.
#pragma once

#include <fapilog/config/config_value.hpp>
#include <fapilog/config/setting_reader.hpp>
#include <fapilog/config/settings_error.hpp>
#include <fapilog/plugins/metadata.hpp>
#include <fapilog/setting.hpp>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail {
/// `sinks`: the name of the list of a kind in the group `core`.
[[nodiscard]] inline std::string list_of(plugin_type kind) { return std::string{to_string(kind)} + 's'; }
/// `sink_config`: the group with their settings.
[[nodiscard]] inline std::string group_of(plugin_type kind) {
  return std::string{to_string(kind)} + "_config";
}

/// The kinds of plugins in the order in which records pass through them.
inline constexpr std::array<plugin_type, 5> plugin_kinds{plugin_type::filter, plugin_type::enricher,
                                                         plugin_type::redactor, plugin_type::processor,
                                                         plugin_type::sink};
}  // namespace detail

/// What the factory of a plugin receives. Equal entries make equal sinks or stages.
struct plugin_entry {
  plugin_type kind = plugin_type::sink;
  std::string name;                    ///< its own, such as `audit_file`
  std::string plugin;                  ///< the plugin that makes it, such as `rotating_file`
  detail::config_value config;         ///< its settings, without `type` and `delivery`
  detail::config_origin where;         ///< where it is named
  detail::config_value delivery = {};  ///< how a sink is served; may be null

  /// `sink_config.audit_file`.
  [[nodiscard]] std::string path() const { return detail::setting_path(detail::group_of(kind), name); }

  /// The settings as an aggregate. Throws: settings_error with everything that is wrong.
  template <detail::described Config>
  [[nodiscard]] Config read() const {
    std::vector<settings_error::problem> problems;
    Config result{};
    detail::setting_reader{problems}.read(config, path(), result);
    if (!problems.empty()) throw settings_error{std::move(problems)};
    return result;
  }

  [[nodiscard]] friend bool operator==(plugin_entry const& a, plugin_entry const& b) {
    return a.kind == b.kind && a.name == b.name && a.plugin == b.plugin &&
           detail::canonical_text(a.config) == detail::canonical_text(b.config) &&
           detail::canonical_text(a.delivery) == detail::canonical_text(b.delivery);
  }
};

}  // namespace fapilog::inline v0_1
