// SPDX-License-Identifier: MIT
// A preset as settings in JSON, for printing and as the start of a settings file.
#pragma once

#include <fapilog/config/config_value.hpp>
#include <fapilog/settings/preset_tree.hpp>
#include <fapilog/setup/preset.hpp>
#include <fapilog/setup/presets.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1 {

/// All settings of the group `core` under a preset, and what the preset changes of its sinks, as JSON that
/// `fapilog::settings` reads. Throws: std::bad_alloc.
[[nodiscard]] inline std::string get_preset(preset const& p) {
  detail::config_value root = detail::config_value::object();
  root.set("core", detail::declared_core());
  detail::lay_over(root, detail::preset_tree(p));
  detail::config_value const* const sinks = root.find("sink_config");
  detail::config_value postgres = detail::config_value::object();
  postgres.set("create_table", p.allow_ddl);
  detail::config_value sink_config = sinks != nullptr ? *sinks : detail::config_value::object();
  sink_config.set("postgres", std::move(postgres));
  root.set("sink_config", std::move(sink_config));
  return detail::to_json(root);
}

/// The same for the preset of this name. Throws: as `find_preset`.
[[nodiscard]] inline std::string get_preset(std::string_view name) { return get_preset(find_preset(name)); }

}  // namespace fapilog::inline v0_1
