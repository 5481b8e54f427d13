// SPDX-License-Identifier: MIT
// Aggregates that describe themselves, read from JSON or the environment as the settings of a sink called `probe`.
#pragma once

#include <fapilog/settings.hpp>

#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace support {

/// A sink of any settings, which it forgets.
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

/// The built-in plugins and the sink `probe` with this aggregate.
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
  (void)all.options();  // the way that a program takes
  return all.entries(fapilog::plugin_type::sink).at(0).template read<Config>();
}

/// `members` are the ends of the variables' names: {"SIZE", "1"} is FAPILOG_PROBE__SIZE=1.
template <class Config>
[[nodiscard]] Config read_environment(std::map<std::string, std::string> const& members) {
  fapilog::environment_map variables{{"FAPILOG_CORE__SINKS", "probe"}};
  for (auto const& [name, value] : members) variables["FAPILOG_PROBE__" + name] = value;
  auto const all = fapilog::settings::from_environment(variables, with_probe<Config>());
  (void)all.options();
  return all.entries(fapilog::plugin_type::sink).at(0).template read<Config>();
}

/// What is said against settings; empty where nothing is.
template <class F>
[[nodiscard]] std::string complaint(F&& f) {
  try {
    (void)f();
  } catch (fapilog::settings_error const& error) {
    return error.what();
  }
  return {};
}

template <class Config>
[[nodiscard]] std::string refused_json(std::string const& text) {
  return complaint([&] { return read_json<Config>(text); });
}
template <class Config>
[[nodiscard]] std::string refused_environment(std::map<std::string, std::string> const& members) {
  return complaint([&] { return read_environment<Config>(members); });
}

}  // namespace support
