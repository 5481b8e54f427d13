// SPDX-License-Identifier: MIT
// `fapilog ddl`: prints the SQL that creates the table of a sink.
#include "all_plugins.hpp"
#include "command.hpp"
#include "preset_choice.hpp"

#include <fapilog/settings.hpp>
#include <fapilog/sinks/clickhouse/ddl.hpp>
#include <fapilog/sinks/postgres/ddl.hpp>

#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view help = R"(usage: fapilog ddl FILE [--layout LAYOUT] [--preset NAME]

Prints the SQL that creates the tables of the postgres and clickhouse sinks in this settings file. It can be run
again. Nothing is sent.

  --layout LAYOUT   of tables in PostgreSQL: plain (default), partitioned, timescale or citus
  --preset NAME     the preset of the program (default: minimal)

exit status: 0  done
             1  the file has no such sink
             2  wrong arguments or settings
)";

fapilog::sinks::postgres_layout layout_of(std::string_view name) {
  using fapilog::sinks::postgres_layout;
  if (name == "plain") return postgres_layout::plain;
  if (name == "partitioned") return postgres_layout::partitioned;
  if (name == "timescale") return postgres_layout::timescale;
  if (name == "citus") return postgres_layout::citus;
  throw cli::usage_error{"there is no layout '" + std::string{name} +
                         "'; write plain, partitioned, timescale or citus"};
}

int ddl(std::span<std::string_view const> arguments) {
  std::string file;
  std::string preset{fapilog::presets::minimal.name};
  auto layout = fapilog::sinks::postgres_layout::plain;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view const one = arguments[i];
    bool const has_value = one == "--preset" || one == "--layout";
    if (has_value && ++i == arguments.size()) throw cli::usage_error{std::string{one} + " needs a value"};
    if (one == "--preset") {
      preset = arguments[i];
    } else if (one == "--layout") {
      layout = layout_of(arguments[i]);
    } else if (one.starts_with('-') || !file.empty()) {
      throw cli::usage_error{"'" + std::string{one} + "' is no option and not the only file"};
    } else {
      file = one;
    }
  }
  if (file.empty()) throw cli::usage_error{"FILE is missing"};
  auto const chosen = fapilog::settings::from_file(file, cli::all_plugins());
  auto const sinks = cli::with_preset(preset, [&]<fapilog::preset const & P>() {
    return chosen.template entries<P>(fapilog::plugin_type::sink);
  });
  int status = cli::failure;
  for (fapilog::plugin_entry const& one : sinks) {
    if (one.plugin != "postgres" && one.plugin != "clickhouse") continue;
    std::cout << "-- " << one.path() << '\n'
              << (one.plugin == "postgres" ? postgres_ddl(one.read<fapilog::sinks::postgres_config>(), layout)
                                           : clickhouse_ddl(one.read<fapilog::sinks::clickhouse_config>()));
    status = cli::success;
  }
  if (status != cli::success) std::cerr << "fapilog ddl: " << file << " has no sink postgres or clickhouse\n";
  return status;
}

}  // namespace

namespace cli {
command const ddl_command{"ddl", "print the SQL of the tables of sinks", {help, {}, {}}, ddl};
}
