// SPDX-License-Identifier: MIT
// The bodies of settings.hpp: reads JSON, merges the layers and turns them into options.
#pragma once

#include <fapilog/config/config_value.hpp>
#include <fapilog/config/json_tree.hpp>
#include <fapilog/config/setting_reader.hpp>
#include <fapilog/config/settings_error.hpp>
#include <fapilog/detail/compiled.hpp>
#include <fapilog/detail/os/absolute_path.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/os/whole_file.hpp>
#include <fapilog/plugins/builtins.hpp>
#include <fapilog/plugins/plugin_entry.hpp>
#include <fapilog/plugins/registry.hpp>
#include <fapilog/settings/core_lists.hpp>
#include <fapilog/settings/environment_layer.hpp>
#include <fapilog/settings/layer.hpp>
#include <fapilog/settings/preset_tree.hpp>
#include <fapilog/settings/resolver.hpp>
#include <fapilog/settings/setting_difference.hpp>
#include <fapilog/settings_core.hpp>
#include <fapilog/setup/options.hpp>
#include <fapilog/setup/preset.hpp>
#include <fapilog/setup/presets.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {
namespace detail {

FAPILOG_INLINE config_value parse_json(std::string_view text, std::string const& name,
                                       std::vector<settings_error::problem>& problems) {
  constexpr std::size_t max_bytes = json_tree_builder::max_bytes;
  if (text.size() > max_bytes) {
    problems.push_back({name, "",
                        "the text has " + std::to_string(text.size()) + " bytes; settings have at most " +
                            bytes_text(max_bytes)});
    return {};
  }
  // The parser would stop at a NUL character.
  if (std::size_t const nul = text.find('\0'); nul != std::string_view::npos) {
    auto const line = std::ranges::count(text.substr(0, nul), '\n') + 1;
    problems.push_back(
        {name + ':' + std::to_string(line), "", "this is not JSON: it contains a NUL character"});
    return {};
  }
  json_tree_builder tree{text, name, problems};
  (void)nlohmann::json::sax_parse(tree.begin(), tree.end(), &tree);
  return tree.take();
}

/// For strings of the environment that look like JSON.
FAPILOG_INLINE config_value::json_form json_form_of(std::string_view text, std::string const& name) {
  std::vector<settings_error::problem> problems;
  config_value value = parse_json(text, name, problems);
  return {std::move(value), problems.empty() ? std::string{} : problems.front().text};
}

}  // namespace detail

FAPILOG_INLINE settings::settings(registry plugins)
    : plugins_(std::make_shared<registry const>(std::move(plugins))) {}

FAPILOG_INLINE settings settings::from_file(std::string const& path, registry plugins) {
  return settings{std::move(plugins)}.with_file(path);
}

FAPILOG_INLINE settings settings::from_json(std::string_view text, std::string const& name,
                                            registry plugins) {
  return settings{std::move(plugins)}.with_json(text, name);
}

FAPILOG_INLINE settings settings::from_environment(environment_map const& variables, registry plugins) {
  return settings{std::move(plugins)}.with_environment(variables);
}

FAPILOG_INLINE settings settings::with_file(std::string const& path) const {
  settings next = *this;
  next.add_source(path, detail::working_directory());
  return next;
}

FAPILOG_INLINE void settings::add_source(std::string const& file, std::string directory) {
  sources_.push_back({file, std::move(directory), {}, {}});
  std::vector<std::string> trail;
  add_file(file, detail::config::without_controls(file), "this file", trail);
}

FAPILOG_INLINE settings settings::with_json(std::string_view text, std::string const& name) const {
  settings next = *this;
  next.sources_.push_back({{}, detail::working_directory(), {}, {}});
  std::vector<std::string> trail;
  next.add_text(text, name, {}, trail);
  return next;
}

FAPILOG_INLINE settings settings::with_environment(environment_map const& variables) const {
  settings next = *this;
  source& from = next.sources_.emplace_back();
  detail::config_value layer =
      detail::environment_layer{*plugins_, detail::json_form_of, from.problems}.of(variables);
  detail::normalise_layer(layer, *plugins_, from.problems);
  from.layers.push_back(std::move(layer));
  return next;
}

FAPILOG_INLINE settings settings::read_again() const {
  settings next{*plugins_};
  for (source const& from : sources_) {
    if (from.file.empty()) next.sources_.push_back(from);
    else next.add_source(from.file, from.directory);
  }
  return next;
}

FAPILOG_INLINE std::vector<std::string> settings::changes_of(preset const& p, settings const& before) const {
  std::vector<settings_error::problem> ignored;
  std::vector<std::string> paths;
  detail::add_differences(before.merged(p, ignored), merged(p, ignored), "", paths);
  return paths;
}

FAPILOG_INLINE bool settings::read_options(preset const& p, detail::any_options& chosen) const {
  std::vector<settings_error::problem> problems;
  detail::config_value const root = merged(p, problems);
  detail::settings_resolver resolver{root, *plugins_, problems};
  detail::core_lists lists;
  detail::setting_reader{problems}.read(resolver.group("core"), "core", chosen, lists);
  chosen.crash.enabled = chosen.crash.enabled.value();  // a switch that was made from a value
  auto const fill = [&](auto& all, plugin_type kind, auto make) {
    auto const entries = resolver.entries(kind, lists);
    if (!entries) return;
    all.clear();
    for (plugin_entry const& entry : *entries) {
      try {
        all.push_back((*plugins_.*make)(entry));
      } catch (std::bad_alloc const&) {
        throw;
      } catch (std::exception const& error) {
        detail::add_refusal(entry, error, problems);
      } catch (...) {
        detail::add_unknown_refusal(entry, problems);
      }
    }
  };
  fill(chosen.filters, plugin_type::filter, &registry::make_filter);
  fill(chosen.enrichers, plugin_type::enricher, &registry::make_enricher);
  fill(chosen.redactors, plugin_type::redactor, &registry::make_redactor);
  fill(chosen.processors, plugin_type::processor, &registry::make_processor);
  fill_sinks(chosen.sinks, resolver, lists, problems);
  if (!problems.empty()) throw settings_error{std::move(problems)};
  return lists.sinks.has_value();
}

FAPILOG_INLINE std::vector<plugin_entry> settings::entries_of(preset const& p, plugin_type kind) const {
  std::vector<settings_error::problem> problems;
  detail::config_value const root = merged(p, problems);
  detail::settings_resolver resolver{root, *plugins_, problems};
  detail::any_options ignored{.sinks = {}};
  detail::core_lists lists;
  detail::setting_reader{problems}.read(resolver.group("core"), "core", ignored, lists);
  auto found = resolver.entries(kind, lists);
  if (!problems.empty()) throw settings_error{std::move(problems)};
  return found ? std::move(*found) : std::vector<plugin_entry>{};
}

FAPILOG_INLINE void settings::fill_sinks(std::vector<placed_sink>& all, detail::settings_resolver& resolver,
                                         detail::core_lists const& lists,
                                         std::vector<settings_error::problem>& problems) const {
  auto const entries = resolver.entries(plugin_type::sink, lists);
  for (std::size_t i = 0; entries && i < entries->size(); ++i) {
    plugin_entry const& entry = (*entries)[i];
    delivery_options how;
    auto const fallback = resolver.read_delivery(entry, how);
    how.spool.directory.refer_to_spool();  // a setting may have filled it
    plugin_entry const* making = &entry;
    try {
      any_sink made = plugins_->make_sink(entry);
      if (how.name.empty() && made.name() != entry.name) how.name = entry.name;
      if (fallback) {
        making = &*fallback;
        how.fallback = plugins_->make_sink(*fallback);
      }
      all.emplace_back(std::move(made), std::move(how));
    } catch (std::bad_alloc const&) {
      throw;
    } catch (std::exception const& error) {
      detail::add_refusal(*making, error, problems);
    } catch (...) {
      detail::add_unknown_refusal(*making, problems);
    }
  }
}

FAPILOG_INLINE void settings::add_file(std::string const& path, std::string const& where,
                                       std::string const& what, std::vector<std::string>& trail) {
  std::string const whole = detail::absolute_path(path, sources_.back().directory);
  std::error_code ignored;
  std::string real = std::filesystem::weakly_canonical(whole, ignored).string();
  if (real.empty()) real = whole;
  auto const cycle = std::ranges::find(trail, real);
  if (cycle != trail.end()) refuse(where, what + " leads back to itself: files extend each other in a cycle");
  constexpr std::size_t max_files = 64;
  if (trail.size() == max_files)
    refuse(where, "more than " + std::to_string(max_files) + " files extend each other");
  auto const read = detail::read_whole_file(whole, detail::json_tree_builder::max_bytes);
  if (!read.error.empty()) refuse(where, what + " cannot be read: " + read.error);
  trail.push_back(std::move(real));
  files_.push_back(whole);
  add_text(read.text, detail::config::without_controls(path),
           std::filesystem::path{path}.parent_path().string(), trail);
}

FAPILOG_INLINE void settings::add_text(std::string_view text, std::string const& name,
                                       std::string const& folder, std::vector<std::string>& trail) {
  std::vector<settings_error::problem> problems;
  detail::config_value layer = detail::parse_json(text, name, problems);
  if (problems.empty() && !layer.is_object()) {
    problems.push_back({layer.origin().text(), "", "settings must be an object, `{...}`"});
  }
  if (!problems.empty()) throw settings_error{std::move(problems)};
  if (detail::config_value const* const base = layer.find("extends"); base != nullptr && !base->is_null()) {
    if (!base->is_text()) {
      refuse(base->origin().text(), "extends: " + detail::config::shown(*base) +
                                        " is invalid; expected a string, the name of a file");
    }
    std::string const what = "extends: \"" + detail::config::printable(base->text()) + '"';
    add_file((std::filesystem::path{folder} / base->text()).string(), base->origin().text(), what, trail);
  }
  layer.erase("extends");
  source& into = sources_.back();
  detail::normalise_layer(layer, *plugins_, into.problems);
  into.layers.push_back(std::move(layer));
}

FAPILOG_INLINE void settings::refuse(std::string where, std::string text) {
  throw settings_error{{{std::move(where), "", std::move(text)}}};
}

FAPILOG_INLINE detail::config_value settings::merged(preset const& p,
                                                     std::vector<settings_error::problem>& problems) const {
  detail::config_value root = detail::preset_tree(p);
  for (source const& from : sources_) {
    problems.insert(problems.end(), from.problems.begin(), from.problems.end());
    for (detail::config_value const& layer : from.layers) {
      check_preset(layer, p, problems);
      detail::remove_replaced(root, layer);
      detail::lay_over(root, layer);
    }
  }
  root.erase("preset");
  return root;
}

FAPILOG_INLINE void settings::check_preset(detail::config_value const& layer, preset const& p,
                                           std::vector<settings_error::problem>& problems) {
  detail::config_value const* const named = layer.find("preset");
  if (named == nullptr || named->is_null()) return;
  std::string const name = named->text() == "adaptive" ? "production" : named->text();
  if (named->is_text() && name == p.name) return;
  std::vector<std::string> const known = list_presets();
  bool const exists = named->is_text() && std::ranges::find(known, name) != known.end();
  std::string text = detail::config::shown(*named);
  if (exists) {
    text += " is not the preset of this runtime, \"" + std::string{p.name} +
            "\", which is chosen at compile time (FAPILOG_PRESET, or basic_runtime)";
  } else {
    text += " is invalid; expected one of ";
    for (std::size_t i = 0; i < known.size(); ++i) text.append(i == 0 ? "" : ", ").append(known[i]);
  }
  detail::setting_reader{problems}.add(named->origin(), "preset", std::move(text));
}

FAPILOG_INLINE environment_map process_environment() {
  auto const found = detail::environment_beginning("FAPILOG_");
  return {found.begin(), found.end()};
}

}  // namespace fapilog::inline v0_1
