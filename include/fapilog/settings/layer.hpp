// SPDX-License-Identifier: MIT
// Normalises a layer of settings, so that layers can be merged.
#pragma once

#include <fapilog/config/config_value.hpp>
#include <fapilog/config/setting_reader.hpp>
#include <fapilog/config/settings_error.hpp>
#include <fapilog/plugins/metadata.hpp>
#include <fapilog/plugins/plugin_entry.hpp>
#include <fapilog/plugins/registry.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Replaces `drop_on_full`, which is another name for two values of `when_full`.
inline void join_when_full(config_value& core, std::vector<settings_error::problem>& problems) {
  config_value const* const given = core.find("drop_on_full");
  if (given == nullptr) return;
  setting_reader reader{problems};
  setting const row{.name = "drop_on_full", .text = {}};
  auto const flag = scalar_of(config::scalar_given(*given), row, setting_type_of<bool>);
  if (given->is_null()) {
    // not given
  } else if (!flag) {
    reader.add(given->origin(), "core.drop_on_full",
               config::shown(*given) + " is invalid; expected true or false");
  } else if (core.find("when_full") != nullptr) {
    reader.add(given->origin(), "core.drop_on_full", "is the same choice as core.when_full; set one of them");
  } else {
    config_origin const where = given->origin();
    config_value word{flag->whole != 0 ? "drop" : "wait"};
    word.set_origin(where);
    core.set("when_full", std::move(word), where);
  }
  core.erase("drop_on_full");
}

/// Gives each plugin its canonical name and replaces `drop_on_full` by `when_full`.
inline void normalise_layer(config_value& layer, registry const& plugins,
                            std::vector<settings_error::problem>& problems) {
  if (config_value* const core = layer.find("core"); core != nullptr && core->structure().is_object()) {
    config_value plain = core->structure();
    plain.set_origin(core->origin());
    join_when_full(plain, problems);
    *core = std::move(plain);
  }
  for (plugin_type const kind : plugin_kinds) {
    config_value* const group = layer.find(group_of(kind));
    if (group == nullptr || !group->structure().is_object()) continue;
    config_value const& from = group->structure();
    config_value renamed = config_value::object();
    renamed.set_origin(group->origin());
    for (std::size_t i = 0; i < from.names().size(); ++i) {
      auto const& [name, where] = from.names()[i];
      std::string const known = plugins.canonical_name(kind, name);
      if (renamed.find(known) != nullptr) {
        std::string const path = setting_path(group_of(kind), name);
        setting_reader{problems}.add(where, path, "is already given under another spelling");
        continue;
      }
      renamed.set(known, from.items()[i], where);
    }
    *group = std::move(renamed);
  }
}

/// Removes from `base` what `layer` chooses in another way: a layer that gives the `path` of rotating_file replaces `directory`
/// and `filename_prefix` of the layers below, such as the preset, and the other way round.
[[gnu::cold]] inline void remove_replaced(config_value& base, config_value const& layer) {
  config_value* const sinks_below = base.find("sink_config");
  config_value const* const sinks_above = layer.find("sink_config");
  if (sinks_below == nullptr || sinks_above == nullptr) return;
  config_value* const below = sinks_below->find("rotating_file");
  config_value const* const above = sinks_above->structure().find("rotating_file");
  if (below == nullptr || above == nullptr) return;
  auto const gives = [&](std::string_view name) {
    config_value const* const value = above->structure().find(name);
    return value != nullptr && !value->is_null();
  };
  if (gives("directory") || gives("filename_prefix")) below->erase("path");
  if (gives("path")) {
    below->erase("directory");
    below->erase("filename_prefix");
  }
}

}  // namespace fapilog::inline v0_1::detail
