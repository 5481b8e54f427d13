// SPDX-License-Identifier: MIT
// How a registry makes a sink or stage: with a function, or from the type and its configuration aggregate.
#pragma once

#include <fapilog/config/setting_table.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/plugins/plugin_entry.hpp>
#include <fapilog/setting.hpp>

#include <concepts>
#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail {
/// For plugins without settings.
struct no_settings {
  template <class Self, class Visitor>
  static void describe(Self& /*self*/, Visitor&& /*visit*/) {}
};

/// Makes a `Stage` from a `Config` that is read from text. If there is a function `complete(Config&)` that returns an error
/// message, as for `rotating_file_config`, it is called first.
template <class Stage, class Config = no_settings>
struct described_plugin {
  /// The aggregate that declares the settings.
  using settings = std::conditional_t<described<Config>, Config, no_settings>;

  [[nodiscard]] static Config read(plugin_entry const& entry) {
    if constexpr (described<Config>) {
      return entry.read<Config>();
    } else {
      (void)entry.read<no_settings>();
      return Config{};
    }
  }
  /// Throws: settings_error, and what the constructor of the stage throws.
  Stage operator()(plugin_entry const& entry) const {
    Config config = read(entry);
    if constexpr (requires {
                    { complete(config) } -> std::convertible_to<std::string>;
                  }) {
      Config completed = config;
      if (std::string const wrong = complete(completed); !wrong.empty()) {
        throw std::invalid_argument{"fapilog: " + wrong};
      }
    }
    if constexpr (std::constructible_from<Stage, Config>) return Stage(std::move(config));
    else return Stage{};
  }
};
}  // namespace detail

/// `plugin<acme::kafka_sink, acme::kafka_config>()` for `registry::add_sink` and similar functions.
template <class Stage, class Config = detail::no_settings>
[[nodiscard]] constexpr detail::described_plugin<Stage, Config> plugin() noexcept {
  return {};
}

namespace detail {
/// How plugins of one kind are made: `Any` is any_sink, any_filter, any_enricher, any_redactor or any_processor.
template <class Any>
struct plugin_recipe {
  template <class Stage, class Config>
  plugin_recipe(described_plugin<Stage, Config> p)  // NOLINT(google-explicit-constructor)
      : make([p](plugin_entry const& entry) { return Any{p(entry)}; }),
        check{[](plugin_entry const& entry) { (void)described_plugin<Stage, Config>::read(entry); }},
        table([] { return setting_table<typename described_plugin<Stage, Config>::settings>(); }) {}
  /// A function that takes a `plugin_entry const&` and returns a sink or stage. An exception from it is reported as a problem.
  template <class F>
    requires std::is_invocable_v<F&, plugin_entry const&> plugin_recipe(
        F factory)  // NOLINT(google-explicit-constructor)
        : make([made_by = std::move(factory)](plugin_entry const& entry) mutable {
            return Any{made_by(entry)};
          }) {}

    std::function<Any(plugin_entry const&)> make;
    /// Reads the settings and makes nothing; empty if only the factory knows them.
    std::function<void(plugin_entry const&)> check;
    /// The declared settings; empty if only the factory knows them.
    std::function<std::vector<setting_row>()> table;
};
}  // namespace detail

}  // namespace fapilog::inline v0_1
