// SPDX-License-Identifier: MIT
// Plugins by name, for configuration text: which exist, which are compatible with this library, which may be used.
#pragma once

#include <fapilog/config/nearest_name.hpp>
#include <fapilog/plugins/metadata.hpp>
#include <fapilog/plugins/plugin_entry.hpp>
#include <fapilog/plugins/plugin_recipe.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/stages/enricher.hpp>
#include <fapilog/stages/filter.hpp>
#include <fapilog/stages/processor.hpp>
#include <fapilog/stages/redactor.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

/// Plugins by kind and name. Names are normalised: lower case, `-` is `_`. A plugin that is not compatible with this
/// version of the library (`is_compatible`) is refused; nothing is loaded at run time. Held by value. Thread: one at a
/// time; const members any. Throws: std::invalid_argument if a plugin cannot be added.
class registry {
 public:
  /// Which plugins configuration text may use. A name counts for all kinds.
  struct plugin_policy {
    std::vector<std::string> allowlist = {};  ///< empty: all
    std::vector<std::string> denylist = {};   ///< wins over `allowlist`

    template <class Self, class Visitor>
    static void describe(Self& self, Visitor&& visit) {
      visit(setting{.name = "allowlist",
                    .text = "Plugins that may be used; empty: all. Any other one is an error."},
            self.allowlist);
      visit(setting{.name = "denylist", .text = "Plugins that must not be used: each is an error."},
            self.denylist);
    }
  };

  /// One plugin of a registry, of any kind.
  struct plugin_info {
    plugin_metadata metadata;
    std::vector<std::string> aliases;
    std::string remedy;  ///< how to add a plugin that is not in this program; empty if it is
    std::function<void(plugin_entry const&)> check;
    std::function<std::vector<detail::setting_row>()> table;

    [[nodiscard]] bool is_present() const noexcept { return remedy.empty(); }
  };

  registry& add_sink(plugin_metadata metadata, detail::plugin_recipe<any_sink> recipe,
                     std::vector<std::string> aliases = {}) {
    return add(plugin_type::sink, std::move(metadata), std::move(recipe), std::move(aliases));
  }
  registry& add_filter(plugin_metadata metadata, detail::plugin_recipe<any_filter> recipe,
                       std::vector<std::string> aliases = {}) {
    return add(plugin_type::filter, std::move(metadata), std::move(recipe), std::move(aliases));
  }
  registry& add_enricher(plugin_metadata metadata, detail::plugin_recipe<any_enricher> recipe,
                         std::vector<std::string> aliases = {}) {
    return add(plugin_type::enricher, std::move(metadata), std::move(recipe), std::move(aliases));
  }
  registry& add_redactor(plugin_metadata metadata, detail::plugin_recipe<any_redactor> recipe,
                         std::vector<std::string> aliases = {}) {
    return add(plugin_type::redactor, std::move(metadata), std::move(recipe), std::move(aliases));
  }
  registry& add_processor(plugin_metadata metadata, detail::plugin_recipe<any_processor> recipe,
                          std::vector<std::string> aliases = {}) {
    return add(plugin_type::processor, std::move(metadata), std::move(recipe), std::move(aliases));
  }

  /// Announces a plugin that users may expect and that this program does not have: using it is an error with this remedy, and
  /// its settings are not checked. Adding the plugin later replaces the announcement.
  registry& announce(plugin_type kind, std::string_view name, std::string remedy) {
    plugin_info info;
    info.metadata.name = detail::normalised_name(name);
    info.metadata.type = kind;
    info.remedy = std::move(remedy);
    announced_[index_of(kind)].insert_or_assign(info.metadata.name, std::move(info));
    return *this;
  }

  /// Finds a plugin by its name or an alias, in any spelling; returns null if there is none.
  [[nodiscard]] plugin_info const* find(plugin_type kind, std::string_view name) const {
    std::string const wanted = canonical_name(kind, name);
    plugin_info const* found = nullptr;
    for_plugins_of(kind, [&](auto const& by_name) {
      if (auto const at = by_name.find(wanted); at != by_name.end()) found = &at->second;
    });
    if (found != nullptr) return found;
    auto const at = announced_[index_of(kind)].find(wanted);
    return at != announced_[index_of(kind)].end() ? &at->second : nullptr;
  }

  /// Returns the name of the plugin that has this name or alias, or the normalised name if there is none.
  [[nodiscard]] std::string canonical_name(plugin_type kind, std::string_view name) const {
    std::string wanted = detail::normalised_name(name);
    auto const alias = aliases_[index_of(kind)].find(wanted);
    return alias != aliases_[index_of(kind)].end() ? alias->second : wanted;
  }

  /// Returns all plugins of a kind by name, followed by those that are only announced.
  [[nodiscard]] std::vector<plugin_info const*> all(plugin_type kind) const {
    std::vector<plugin_info const*> found;
    for_plugins_of(kind, [&](auto const& by_name) {
      for (auto const& [name, one] : by_name) found.push_back(&one);
    });
    for (auto const& [name, info] : announced_[index_of(kind)]) found.push_back(&info);
    return found;
  }
  /// Returns the names of all plugins of a kind.
  [[nodiscard]] std::vector<std::string_view> names(plugin_type kind) const {
    std::vector<std::string_view> found;
    for (plugin_info const* const info : all(kind)) found.emplace_back(info->metadata.name);
    return found;
  }

  /// Makes the sink of an entry. Throws: what the factory throws; std::invalid_argument for an unknown plugin.
  [[nodiscard]] any_sink make_sink(plugin_entry const& entry) const { return make<any_sink>(entry); }
  [[nodiscard]] any_filter make_filter(plugin_entry const& entry) const { return make<any_filter>(entry); }
  [[nodiscard]] any_enricher make_enricher(plugin_entry const& entry) const {
    return make<any_enricher>(entry);
  }
  [[nodiscard]] any_redactor make_redactor(plugin_entry const& entry) const {
    return make<any_redactor>(entry);
  }
  [[nodiscard]] any_processor make_processor(plugin_entry const& entry) const {
    return make<any_processor>(entry);
  }

  /// Returns why this plugin must not be used, or an empty string.
  [[nodiscard]] std::string refusal(plugin_info const& plugin, plugin_policy const& policy) const {
    auto const has = [&](std::vector<std::string> const& names) {
      return std::ranges::any_of(names, [&](std::string const& name) {
        return canonical_name(plugin.metadata.type, name) == plugin.metadata.name;
      });
    };
    if (has(policy.denylist)) return "is in `plugins.denylist`";
    if (!policy.allowlist.empty() && !has(policy.allowlist)) return "is not in `plugins.allowlist`";
    return {};
  }

 private:
  template <class Any>
  struct slot : plugin_info {
    std::function<Any(plugin_entry const&)> make;
  };
  template <class Any>
  using plugins_of = std::map<std::string, slot<Any>, std::less<>>;

  static std::size_t index_of(plugin_type kind) noexcept { return static_cast<std::size_t>(kind); }

  template <class F>
  void for_plugins_of(plugin_type kind, F&& f) const {
    switch (kind) {
      case plugin_type::sink: return f(std::get<plugins_of<any_sink>>(plugins_));
      case plugin_type::enricher: return f(std::get<plugins_of<any_enricher>>(plugins_));
      case plugin_type::redactor: return f(std::get<plugins_of<any_redactor>>(plugins_));
      case plugin_type::processor: return f(std::get<plugins_of<any_processor>>(plugins_));
      case plugin_type::filter: return f(std::get<plugins_of<any_filter>>(plugins_));
    }
  }

  template <class Any>
  registry& add(plugin_type kind, plugin_metadata metadata, detail::plugin_recipe<Any> recipe,
                std::vector<std::string> aliases) {
    if (auto const fits = is_compatible(metadata); !fits) throw std::invalid_argument{refused(fits.reason)};
    std::string const what = std::string{to_string(kind)} + " '" + metadata.name + '\'';
    if (metadata.type != kind) {
      throw std::invalid_argument{
          refused("the " + what + " is a " + std::string{to_string(metadata.type)} + " by its metadata")};
    }
    metadata.name = detail::normalised_name(metadata.name);
    for (std::string& alias : aliases) alias = detail::normalised_name(alias);
    auto& all = std::get<plugins_of<Any>>(plugins_);
    for (std::size_t i = 0; i <= aliases.size(); ++i) {
      std::string const& name = i == 0 ? metadata.name : aliases[i - 1];
      if (all.contains(name) || aliases_[index_of(kind)].contains(name)) {
        throw std::invalid_argument{
            refused("there is a " + std::string{to_string(kind)} + " called '" + name + "' already")};
      }
    }
    if (recipe.table) {
      for (detail::setting_row const& row : recipe.table()) {
        if (row.name == "type")
          throw std::invalid_argument{
              refused("the " + what + " has a setting `type`, which names the plugin")};
      }
    }
    for (std::string const& alias : aliases) aliases_[index_of(kind)].emplace(alias, metadata.name);
    announced_[index_of(kind)].erase(metadata.name);
    slot<Any> made;
    std::string const name = metadata.name;
    made.metadata = std::move(metadata);
    made.aliases = std::move(aliases);
    made.check = std::move(recipe.check);
    made.table = std::move(recipe.table);
    made.make = std::move(recipe.make);
    all.emplace(name, std::move(made));
    return *this;
  }

  template <class Any>
  [[nodiscard]] Any make(plugin_entry const& entry) const {
    auto const& all = std::get<plugins_of<Any>>(plugins_);
    auto const found = all.find(canonical_name(entry.kind, entry.plugin));
    if (found == all.end()) {
      throw std::invalid_argument{"fapilog: there is no " + std::string{to_string(entry.kind)} + " '" +
                                  entry.plugin + '\''};
    }
    return found->second.make(entry);
  }

  static std::string refused(std::string_view why) {
    std::string text{why};
    if (text.starts_with("fapilog: ")) text.erase(0, 9);
    return "fapilog: registry: " + text;
  }

  std::tuple<plugins_of<any_sink>, plugins_of<any_enricher>, plugins_of<any_redactor>,
             plugins_of<any_processor>, plugins_of<any_filter>>
      plugins_;
  std::array<std::map<std::string, std::string, std::less<>>, 5> aliases_;
  std::array<std::map<std::string, plugin_info, std::less<>>, 5> announced_;
};

}  // namespace fapilog::inline v0_1
