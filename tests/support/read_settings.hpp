// SPDX-License-Identifier: MIT
// Reads an aggregate with described members from JSON or the environment, as the settings of a sink named `probe`.
#pragma once

#include <fapilog/settings.hpp>

#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace support {

/// A sink that accepts and ignores settings of any type.
struct forgetful_sink {
  template <class Config>
  explicit forgetful_sink(Config const& /*config*/) {}
  void write(fapilog::batch const& /*entries*/) const {}
};

[[nodiscard]] inline fapilog::plugin_metadata metadata_of(std::string_view name, fapilog::plugin_type kind,
                                                          fapilog::plugin_details details = {}) {
  return fapilog::create_plugin_metadata(name, "1.0.0", kind, "test::" + std::string{name},
                                         std::move(details));
}

/// The built-in plugins and the sink `probe` with this aggregate as its settings.
template <class Config>
[[nodiscard]] fapilog::registry with_probe() {
  fapilog::registry plugins = fapilog::builtin_plugins();
  plugins.add_sink(metadata_of("probe", fapilog::plugin_type::sink),
                   fapilog::plugin<forgetful_sink, Config>());
  return plugins;
}

template <class Config>
[[nodiscard]] Config read_json(std::string const& text) {
  auto const all = fapilog::settings::from_json(
      R"({"core": {"sinks": ["probe"]}, "sink_config": {"probe": )" + text + "}}", "test",
      with_probe<Config>());
  (void)all.options();  // as a program does
  return all.entries(fapilog::plugin_type::sink).at(0).template read<Config>();
}

/// `members` are the last parts of variable names: {"SIZE", "1"} means FAPILOG_PROBE__SIZE=1.
template <class Config>
[[nodiscard]] Config read_environment(std::map<std::string, std::string> const& members) {
  fapilog::environment_map variables{{"FAPILOG_CORE__SINKS", "probe"}};
  for (auto const& [name, value] : members) variables["FAPILOG_PROBE__" + name] = value;
  auto const all = fapilog::settings::from_environment(variables, with_probe<Config>());
  (void)all.options();
  return all.entries(fapilog::plugin_type::sink).at(0).template read<Config>();
}

/// The errors of settings, or an empty string.
template <class F>
[[nodiscard]] std::string error_of(F&& f) {
  try {
    (void)f();
  } catch (fapilog::settings_error const& error) {
    return error.what();
  }
  return {};
}

template <class Config>
[[nodiscard]] std::string refused_json(std::string const& text) {
  return error_of([&] { return read_json<Config>(text); });
}
template <class Config>
[[nodiscard]] std::string refused_environment(std::map<std::string, std::string> const& members) {
  return error_of([&] { return read_environment<Config>(members); });
}

}  // namespace support
