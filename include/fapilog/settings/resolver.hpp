// SPDX-License-Identifier: MIT
// Finds the sinks and stages that merged settings name.
#pragma once

#include <fapilog/config/config_value.hpp>
#include <fapilog/config/nearest_name.hpp>
#include <fapilog/config/setting_reader.hpp>
#include <fapilog/config/settings_error.hpp>
#include <fapilog/plugins/metadata.hpp>
#include <fapilog/plugins/plugin_entry.hpp>
#include <fapilog/plugins/registry.hpp>
#include <fapilog/settings/core_lists.hpp>
#include <fapilog/setup/delivery_options.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Adds the error that a constructor or factory threw because of its settings, with the origin of the setting that the
/// error names: `fapilog: plugin.member: ...`, or any message with `member` in backquotes.
inline void add_refusal(plugin_entry const& entry, std::exception const& error,
                        std::vector<settings_error::problem>& problems) {
  if (auto const* const listed = dynamic_cast<settings_error const*>(&error)) {
    problems.insert(problems.end(), listed->problems().begin(), listed->problems().end());
    return;
  }
  std::string_view why = error.what();
  if (why.starts_with("fapilog: ")) why.remove_prefix(9);
  config_origin where = entry.config.origin().name().empty() ? entry.where : entry.config.origin();
  // Remove the plugin's name if it is the whole prefix, because the path contains it.
  if (why.starts_with(entry.plugin + ": ")) why.remove_prefix(entry.plugin.size() + 2);
  std::string path = entry.path();
  std::string_view rest;
  if (std::size_t const open = why.find('`'); open != std::string_view::npos) rest = why.substr(open + 1);
  if (std::size_t const end = why.find(": "); end != std::string_view::npos) {
    std::string_view const named = why.substr(0, end);
    if (named.find(' ') == std::string_view::npos && named.find('.') != std::string_view::npos) {
      rest = named.substr(named.find('.') + 1);
      path = path + '.' + std::string{rest};
      why.remove_prefix(end + 2);
    }
  }
  if (config_value const* const named = entry.config.find(rest.substr(0, rest.find_first_of("`.[")))) {
    where = named->origin();
  }
  setting_reader{problems}.add(where, path, config::without_controls(why));
}

/// The same if what was thrown is no std::exception.
inline void add_unknown_refusal(plugin_entry const& entry, std::vector<settings_error::problem>& problems) {
  add_refusal(entry, std::runtime_error{"threw something that is not derived from std::exception"}, problems);
}

/// Looks up the plugins that merged settings name. Thread: one. Throws: std::bad_alloc; problems are collected.
class settings_resolver {
 public:
  settings_resolver(config_value const& root, registry const& plugins,
                    std::vector<settings_error::problem>& problems)
      : root_(root), plugins_(plugins), problems_(problems), reader_(problems) {
    std::vector<std::string> const known = root_names();
    reader_.refuse_unknown(root, "", {known.begin(), known.end()});
    if (config_value const* const schema = root.find("$schema"); schema != nullptr && !schema->is_text()) {
      reader_.add(schema->origin(), "$schema", config::shown(*schema) + " is invalid; expected a string");
    }
    if (config_value const* const given = root.find("plugins")) reader_.read(*given, "plugins", policy_);
    check_policy();
  }

  /// Returns the group of this name, or null if it is not given.
  [[nodiscard]] config_value const& group(std::string_view name) const noexcept {
    static config_value const none;
    config_value const* const found = root_.find(name);
    return found != nullptr ? *found : none;
  }

  /// Returns the entries that the list of a kind names, in order, or nothing if the list is not given. Checks unused
  /// entries, too.
  [[nodiscard]] std::optional<std::vector<plugin_entry>> entries(plugin_type kind, core_lists const& lists) {
    config_value const* const configs = reader_.object_of(group(group_of(kind)), group_of(kind));
    std::vector<plugin_entry> found;
    std::vector<std::string> seen;
    core_lists::names const& names = lists.of(kind);
    for (std::size_t i = 0; names && i < names->size(); ++i) {
      std::string const path = "core." + list_of(kind) + '[' + std::to_string(i) + ']';
      std::string const own = plugins_.canonical_name(kind, (*names)[i]);
      config_origin const where = origin_in_list(kind, i);
      if (std::ranges::find(seen, own) != seen.end()) {
        reader_.add(where, path, quoted(own) + " is listed twice");
        continue;
      }
      seen.push_back(own);
      config_value const* const config = configs != nullptr ? configs->find(own) : nullptr;
      if (auto entry = resolve(kind, own, where, path, config)) found.push_back(std::move(*entry));
    }
    for (std::size_t i = 0; configs != nullptr && i < configs->names().size(); ++i) {
      auto const& [name, where] = configs->names()[i];
      if (std::ranges::find(seen, name) == seen.end()) check_unused(kind, name, where, configs->items()[i]);
    }
    return names ? std::optional{std::move(found)} : std::nullopt;
  }

  /// Reads how a sink is served, and returns the entry of its fallback, if it has one.
  [[nodiscard]] std::optional<plugin_entry> read_delivery(plugin_entry const& entry, delivery_options& to) {
    if (entry.delivery.is_null()) return std::nullopt;
    std::string const path = setting_path(entry.path(), "delivery");
    config_value how = entry.delivery;
    std::optional<plugin_entry> fallback;
    if (config_value const* const named = how.find("fallback"); named != nullptr && !named->is_null()) {
      std::string const own = setting_path(path, "fallback");
      if (!named->is_text()) {
        reader_.add(named->origin(), own,
                    config::shown(*named) + " is invalid; expected a string, the name of a sink");
      } else if (std::string const name = plugins_.canonical_name(plugin_type::sink, named->text());
                 name == entry.name) {
        reader_.add(named->origin(), own, quoted(named->text()) + " is the sink itself; name another sink");
      } else {
        config_value const* const configs = root_.find(group_of(plugin_type::sink));
        config_value const* const config = configs != nullptr ? configs->structure().find(name) : nullptr;
        fallback = resolve(plugin_type::sink, name, named->origin(), own, config);
      }
    }
    how.erase("fallback");
    reader_.read(how, path, to);
    return fallback;
  }

 private:
  static std::string quoted(std::string_view name) { return '"' + config::printable(name) + '"'; }

  [[nodiscard]] config_origin origin_in_list(plugin_type kind, std::size_t i) const {
    config_value const* const core = root_.find("core");
    config_value const* const list = core != nullptr ? core->find(list_of(kind)) : nullptr;
    if (list == nullptr) return {};
    auto const& items = list->structure().items();
    return i < items.size() ? items[i].origin() : list->origin();
  }

  /// Returns an entry with its settings and its plugin's name, or nothing if they are invalid.
  [[nodiscard]] std::optional<plugin_entry> entry_of(plugin_type kind, std::string const& own,
                                                     config_origin where, config_value const* given) {
    plugin_entry entry{kind, own, own, config_value::object(), std::move(where)};
    if (given == nullptr) return entry;
    config_value const* const config = reader_.object_of(*given, entry.path());
    if (config == nullptr) return std::nullopt;
    entry.config = *config;
    if (entry.config.is_null()) entry.config = config_value::object();
    entry.config.set_origin(given->origin());
    if (config_value const* const how = entry.config.find("delivery");
        how != nullptr && kind == plugin_type::sink) {
      entry.delivery = *how;
      entry.config.erase("delivery");
    }
    config_value const* const type = entry.config.find("type");
    if (type == nullptr) return entry;
    std::string const path = setting_path(entry.path(), "type");
    if (!type->is_text()) {
      reader_.add(type->origin(), path, config::shown(*type) + " is invalid; expected a string");
      return std::nullopt;
    }
    entry.plugin = plugins_.canonical_name(kind, type->text());
    if (entry.plugin != own && plugins_.find(kind, own) != nullptr) {
      reader_.add(type->origin(), path,
                  quoted(entry.plugin) + " is invalid, because '" + own + "' is a " +
                      std::string{to_string(kind)} + " itself; give the entry another name");
      return std::nullopt;
    }
    if (plugins_.find(kind, entry.plugin) == nullptr) {
      reader_.add(type->origin(), path, none_of(kind, entry.plugin));
      return std::nullopt;
    }
    entry.config.erase("type");
    return entry;
  }

  [[nodiscard]] std::optional<plugin_entry> resolve(plugin_type kind, std::string const& own,
                                                    config_origin const& where, std::string const& path,
                                                    config_value const* config) {
    auto entry = entry_of(kind, own, where, config);
    if (!entry) return std::nullopt;
    registry::plugin_info const* const plugin = plugins_.find(kind, entry->plugin);
    std::string why;
    if (plugin == nullptr && config != nullptr) why = quoted(own) + " needs a `type` in " + entry->path();
    else if (plugin == nullptr) why = none_of(kind, own);
    else if (!plugin->is_present()) why = quoted(own) + " is not in this program; " + plugin->remedy;
    else if (std::string const refused = plugins_.refusal(*plugin, policy_); !refused.empty()) {
      why = entry->plugin == own
                ? quoted(own) + ' ' + refused
                : "the plugin " + quoted(entry->plugin) + " of " + quoted(own) + ' ' + refused;
    }
    if (why.empty()) return entry;
    reader_.add(where, path, std::move(why));
    return std::nullopt;
  }

  void check_unused(plugin_type kind, std::string const& own, config_origin const& where,
                    config_value const& config) {
    auto const entry = entry_of(kind, own, where, &config);
    if (!entry) return;
    registry::plugin_info const* const plugin = plugins_.find(kind, entry->plugin);
    delivery_options ignored;
    (void)read_delivery(*entry, ignored);
    if (plugin == nullptr) {
      reader_.add(where, entry->path(), "has no `type`, and " + none_of(kind, own));
    } else if (plugin->is_present() && plugin->check) {
      try {
        (plugin->check)(*entry);
      } catch (std::bad_alloc const&) {
        throw;
      } catch (std::exception const& error) {
        add_refusal(*entry, error, problems_);
      } catch (...) {
        add_unknown_refusal(*entry, problems_);
      }
    }
  }

  /// "there is no sink \"fil\"; did you mean \"file\"?".
  [[nodiscard]] std::string none_of(plugin_type kind, std::string_view name) const {
    std::vector<std::string_view> const known = plugins_.names(kind);
    std::string text = "there is no " + std::string{to_string(kind)} + ' ' + quoted(name);
    if (std::string_view const closest = nearest_name(name, known); !closest.empty()) {
      return text + "; did you mean " + quoted(closest) + '?';
    }
    for (std::size_t i = 0; i < known.size(); ++i) text.append(i == 0 ? "; known: " : ", ").append(known[i]);
    return text;
  }

  /// Reports names in either list that are almost the name of a plugin: such a typing error would allow the wrong
  /// plugin.
  void check_policy() {
    std::vector<std::string_view> known;
    for (plugin_type const kind : plugin_kinds) {
      for (registry::plugin_info const* const info : plugins_.all(kind)) {
        known.emplace_back(info->metadata.name);
        known.insert(known.end(), info->aliases.begin(), info->aliases.end());
      }
    }
    auto const look_at = [&](std::vector<std::string> const& names, std::string_view list) {
      for (std::size_t i = 0; i < names.size(); ++i) {
        std::string const name = normalised_name(names[i]);
        if (std::ranges::find(known, std::string_view{name}) != known.end()) continue;
        std::string_view const closest = nearest_name(name, known);
        if (closest.empty()) continue;
        std::string const path = "plugins." + std::string{list} + '[' + std::to_string(i) + ']';
        config_value const* const given = group("plugins").structure().find(list);
        reader_.add(given->origin(), path,
                    "there is no plugin " + quoted(names[i]) + "; did you mean " + quoted(closest) + '?');
      }
    };
    look_at(policy_.allowlist, "allowlist");
    look_at(policy_.denylist, "denylist");
    for (std::string const& name : policy_.allowlist) {
      if (std::ranges::find(policy_.denylist, name) == policy_.denylist.end()) continue;
      reader_.add(group("plugins").origin(), "plugins",
                  "`allowlist` and `denylist` both contain " + quoted(name));
    }
  }

  config_value const& root_;
  registry const& plugins_;
  std::vector<settings_error::problem>& problems_;
  setting_reader reader_;
  registry::plugin_policy policy_;
};

}  // namespace fapilog::inline v0_1::detail
