// SPDX-License-Identifier: MIT
// The differences between two trees of configuration.
#pragma once

#include <fapilog/config/config_value.hpp>
#include <fapilog/config/setting_reader.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Adds the paths of members that differ, are new or were removed. Compares objects member by member, null as an empty
/// object, any other value as a whole.
inline void add_differences(config_value const& before, config_value const& after, std::string const& path,
                            std::vector<std::string>& paths) {
  if (before.is_null() && after.is_object())
    return add_differences(config_value::object(), after, path, paths);
  if (before.is_object() && after.is_null())
    return add_differences(before, config_value::object(), path, paths);
  if (!before.is_object() || !after.is_object()) {
    if (canonical_text(before) != canonical_text(after)) paths.push_back(path);
    return;
  }
  auto const own = [&path](std::string_view name) {
    return path.empty() ? std::string{name} : setting_path(path, name);
  };
  for (std::size_t i = 0; i < after.names().size(); ++i) {
    std::string const& name = after.names()[i].text;
    config_value const* const old = before.find(name);
    add_differences(old != nullptr ? *old : config_value{}, after.items()[i], own(name), paths);
  }
  for (std::size_t i = 0; i < before.names().size(); ++i) {
    std::string const& name = before.names()[i].text;
    if (after.find(name) == nullptr) add_differences(before.items()[i], {}, own(name), paths);
  }
}

}  // namespace fapilog::inline v0_1::detail
