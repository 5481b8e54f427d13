// SPDX-License-Identifier: MIT
// The class fapilog::settings; its bodies are in settings_impl.hpp.
#pragma once

#include <fapilog/config/config_value.hpp>
#include <fapilog/config/settings_error.hpp>
#include <fapilog/plugins/builtins.hpp>
#include <fapilog/plugins/plugin_entry.hpp>
#include <fapilog/plugins/registry.hpp>
#include <fapilog/runtime_core.hpp>
#include <fapilog/settings/core_lists.hpp>
#include <fapilog/settings/environment.hpp>
#include <fapilog/setup/options.hpp>
#include <fapilog/setup/preset.hpp>
#include <fapilog/setup/presets.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {
class settings_resolver;
}

namespace fapilog::inline v0_1 {
/// The settings of a runtime in layers: the preset, then files and JSON strings, then the environment. A later layer
/// overrides an earlier one, and code that changes the options overrides all. Objects are merged member by member, any other
/// value replaces the one below, and null removes it.
///
///     auto const chosen = fapilog::settings::from_file("fapilog.json").with_environment();
///     fapilog::runtime rt{chosen.options()};
///
/// Held by value. Thread: const members any. Throws: settings_error, std::bad_alloc.
class settings {
 public:
  /// The settings of the preset alone.
  explicit settings(registry plugins = builtin_plugins());

  /// Reads a file over the preset. Throws: settings_error for a file that cannot be read or is not JSON, and for files
  /// that extend each other in a cycle.
  [[nodiscard]] static settings from_file(std::string const& path, registry plugins = builtin_plugins());
  /// Messages call the string `name`.
  [[nodiscard]] static settings from_json(std::string_view text, std::string const& name = "JSON",
                                          registry plugins = builtin_plugins());
  [[nodiscard]] static settings from_environment(environment_map const& variables = process_environment(),
                                                 registry plugins = builtin_plugins());

  /// Returns a copy with one more layer. A file that `extends` another one is merged over it.
  [[nodiscard]] settings with_file(std::string const& path) const;
  [[nodiscard]] settings with_json(std::string_view text, std::string const& name = "JSON") const;
  [[nodiscard]] settings with_environment(environment_map const& variables = process_environment()) const;

  /// Returns a copy with the files read again; strings and variables stay as they were.
  [[nodiscard]] settings read_again() const;
  /// The files that were read, including those that they extend, with absolute paths. They lead from the working directory
  /// at the time of the first reading.
  [[nodiscard]] std::vector<std::string> const& files() const noexcept { return files_; }

  /// The paths of the settings that differ from `before`, such as `core.log_level`.
  template <preset const& P>
  [[nodiscard]] std::vector<std::string> changes_since(settings const& before) const {
    return changes_of(P, before);
  }

  /// The options of a runtime; code may change them. Makes the sinks and stages, in order; the runtime starts them.
  /// Throws: settings_error with everything that is wrong.
  template <preset const& P = presets::FAPILOG_PRESET>
  [[nodiscard]] basic_options<P> options() const {
    auto chosen = detail::move_options<detail::any_options>(basic_options<P>{.sinks = {}});
    bool const names_sinks = read_options(P, chosen);
    auto result = detail::move_options<basic_options<P>>(std::move(chosen));
    if (!names_sinks) result.sinks = detail::default_sinks<P>();
    return result;
  }

  /// The plugins of a kind, in order, for `plugins().make_filter` and similar functions; equal entries make equal stages.
  /// Throws: settings_error for invalid settings.
  template <preset const& P = presets::FAPILOG_PRESET>
  [[nodiscard]] std::vector<plugin_entry> entries(plugin_type kind) const {
    return entries_of(P, kind);
  }

  [[nodiscard]] registry const& plugins() const noexcept { return *plugins_; }

 private:
  /// Sets the options that the settings give. Returns true if the settings name the sinks.
  bool read_options(preset const& p, detail::any_options& chosen) const;
  [[nodiscard]] std::vector<plugin_entry> entries_of(preset const& p, plugin_type kind) const;
  [[nodiscard]] std::vector<std::string> changes_of(preset const& p, settings const& before) const;

  /// A file with those that it extends, a JSON string, or the environment.
  struct source {
    std::string file;       ///< as given; empty for others
    std::string directory;  ///< the working directory from which paths lead
    std::vector<detail::config_value> layers;
    std::vector<settings_error::problem> problems;  ///< reported with all others
  };

  void fill_sinks(std::vector<placed_sink>& all, detail::settings_resolver& resolver,
                  detail::core_lists const& lists, std::vector<settings_error::problem>& problems) const;

  /// Adds a file as one more layer. `directory`: where a relative path begins.
  void add_source(std::string const& file, std::string directory);

  /// A relative `path` begins at the directory of the last source. `what` is "this file", or names the file that extends it;
  /// `where` is the place to which its problems are attributed.
  void add_file(std::string const& path, std::string const& where, std::string const& what,
                std::vector<std::string>& trail);

  void add_text(std::string_view text, std::string const& name, std::string const& folder,
                std::vector<std::string>& trail);

  [[noreturn]] static void refuse(std::string where, std::string text);

  /// All layers merged over that of the preset.
  [[nodiscard]] detail::config_value merged(preset const& p,
                                            std::vector<settings_error::problem>& problems) const;

  static void check_preset(detail::config_value const& layer, preset const& p,
                           std::vector<settings_error::problem>& problems);

  std::shared_ptr<registry const> plugins_;
  std::vector<source> sources_;
  std::vector<std::string> files_;
};

}  // namespace fapilog::inline v0_1
