// SPDX-License-Identifier: MIT
// A command of the tool `fapilog`: its name, its help, and the function that runs it.
#pragma once

#include <array>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cli {

/// Exit statuses of every command.
enum status : int {
  success = 0,
  failure = 1,  ///< something that was asked for could not be done
  usage = 2,    ///< wrong arguments or settings: nothing was done
};

struct command {
  std::string_view name;
  std::string_view summary;              ///< one line for the list of commands
  std::array<std::string_view, 3> help;  ///< parts, one after the other; begins with the usage
  int (*run)(std::span<std::string_view const> arguments);
};

/// Thrown for arguments that a command does not understand. The tool shows the message and exits with `usage`.
struct usage_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One for each file of commands.
extern command const config_command;
extern command const count_command;
extern command const ddl_command;
extern command const filter_command;
extern command const recover_command;
extern command const show_command;
extern command const spool_command;
extern command const verify_command;

}  // namespace cli
