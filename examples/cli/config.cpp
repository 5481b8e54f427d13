// SPDX-License-Identifier: MIT
// `fapilog config`: checks settings before a program starts, and prints their schema.
#include "all_plugins.hpp"
#include "command.hpp"
#include "preset_choice.hpp"

#include <fapilog/settings.hpp>
#include <fapilog/settings_schema.hpp>
#include <fapilog/setup/presets.hpp>

#include <iostream>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view help = R"(usage: fapilog config check FILE [--preset NAME] [--environment]
       fapilog config schema

check: reads the settings as a program would, and reports everything that is wrong, with file and line.
       Nothing is opened and nothing is sent. It knows the sinks and stages of the library, not those of a program.

  --preset NAME     the preset of the program (default: minimal)
  --environment     the environment variables of settings apply, too

schema: prints the JSON Schema of a settings file, for editors.

exit status: 0  the settings are valid
             2  they are not, or wrong arguments
)";

int check(std::span<std::string_view const> arguments) {
  std::string file;
  std::string preset{fapilog::presets::minimal.name};
  bool with_environment = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view const one = arguments[i];
    if (one == "--preset") {
      if (++i == arguments.size()) throw cli::usage_error{"--preset needs a value"};
      preset = arguments[i];
    } else if (one == "--environment") {
      with_environment = true;
    } else if (one.starts_with('-') || !file.empty()) {
      throw cli::usage_error{"'" + std::string{one} + "' is no option and not the only file"};
    } else {
      file = one;
    }
  }
  if (file.empty()) throw cli::usage_error{"FILE is missing"};
  auto chosen = fapilog::settings::from_file(file, cli::all_plugins());
  if (with_environment) chosen = chosen.with_environment();
  std::string const sinks = cli::with_preset(preset, [&]<fapilog::preset const & P>() {
    std::string names;
    for (auto const& one : chosen.template options<P>().sinks)
      names.append(names.empty() ? "" : ", ")
          .append(one.delivery.name.empty() ? one.sink.name() : one.delivery.name);
    return names;
  });
  std::cout << file << ": valid for the preset " << preset << "; sinks: " << (sinks.empty() ? "none" : sinks)
            << '\n';
  return cli::success;
}

int config(std::span<std::string_view const> arguments) {
  if (arguments.empty()) throw cli::usage_error{"write 'config check FILE' or 'config schema'"};
  if (arguments.front() == "check") return check(arguments.subspan(1));
  if (arguments.front() == "schema" && arguments.size() == 1) {
    std::cout << fapilog::settings_schema(cli::all_plugins()) << '\n';
    return cli::success;
  }
  throw cli::usage_error{"there is no 'config " + std::string{arguments.front()} + "' with these arguments"};
}

}  // namespace

namespace cli {
command const config_command{"config", "check settings, or print their schema", {help, {}, {}}, config};
}
