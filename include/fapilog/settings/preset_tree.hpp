// SPDX-License-Identifier: MIT
// A preset as a layer of settings: the lowest, over the defaults that the settings declare.
#pragma once

#include <fapilog/config/config_value.hpp>
#include <fapilog/config/setting_table.hpp>
#include <fapilog/setup/options.hpp>
#include <fapilog/setup/preset.hpp>
#include <fapilog/setup/presets.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// A preset that changes nothing: the options have the defaults that they declare.
inline constexpr preset no_preset{.name = "none", .sinks = {}};

[[nodiscard]] inline config_value written_of(preset_value const& v) {
  switch (v.kind()) {
    case preset_value::type::boolean: return config_value{v.integer() != 0};
    case preset_value::type::integer: return config_value{v.integer()};
    case preset_value::type::real: return config_value{v.real()};
    case preset_value::type::string: break;
  }
  return config_value{v.string()};
}

/// The settings that a preset changes, in the form of a settings file.
[[nodiscard]] inline config_value preset_tree(preset const& p) {
  auto const where =
      config_origin::in_text(std::make_shared<std::string const>("preset " + std::string{p.name}), 1);
  auto const placed = [&where](config_value value) {
    value.set_origin(where);
    return value;
  };
  config_value root = placed(config_value::object());
  auto const put = [&](std::string_view path, config_value value) {
    config_value* at = &root;
    for (std::size_t dot = 0; (dot = path.find('.')) != std::string_view::npos; path.remove_prefix(dot + 1)) {
      config_value* const below = at->find(path.substr(0, dot));
      at = below != nullptr ? below : &at->set(path.substr(0, dot), placed(config_value::object()), where);
    }
    at->set(path, placed(std::move(value)), where);
  };
  for (preset_setting const& s : p.settings) {
    put(s.path, written_of(effective_value(s)));
  }
  config_value names = config_value::list();
  for (std::string_view const sink : p.sinks) names.push_back(placed(config_value{sink}));
  put("core.sinks", std::move(names));
  if (p.file_is_fallback)
    put("sink_config." + std::string{*p.sinks.begin()} + ".delivery.fallback", config_value{"rotating_file"});
  if (!p.allow_ddl) put("sink_config.postgres.create_table", config_value{false});
  return root;
}

/// The group `core` with the defaults that the settings declare.
[[nodiscard]] inline config_value declared_core() {
  basic_options<no_preset> const options;
  return written_of({.name = {}, .text = {}}, setting_type_of<basic_options<no_preset>>, &options);
}

}  // namespace fapilog::inline v0_1::detail
