// SPDX-License-Identifier: MIT
// The command line tool `fapilog`: finds the command and runs it.
#include "command.hpp"

#include <fapilog/config/settings_error.hpp>
#include <fapilog/version.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::array commands{&cli::show_command,   &cli::filter_command,  &cli::count_command,
                              &cli::verify_command, &cli::recover_command, &cli::spool_command,
                              &cli::config_command, &cli::ddl_command};

void print_help(std::ostream& out) {
  out << "usage: fapilog COMMAND [ARGUMENT...]\n"
         "       fapilog COMMAND --help\n"
         "       fapilog --help | --version\n\ncommands:\n";
  for (auto const* one : commands)
    out << "  " << one->name << std::string(12 - one->name.size(), ' ') << one->summary << '\n';
}

int run(cli::command const& one, std::span<std::string_view const> arguments) {
  auto const complain = [&](std::exception const& error) {
    std::cerr << "fapilog " << one.name << ": " << error.what() << '\n';
  };
  try {
    if (std::ranges::find(arguments, "--help") != arguments.end()) {
      for (std::string_view const part : one.help) std::cout << part;
      return cli::success;
    }
    return one.run(arguments);
  } catch (cli::usage_error const& error) {
    complain(error);
    std::cerr << "'fapilog " << one.name << " --help' lists the arguments\n";
    return cli::usage;
  } catch (fapilog::settings_error const& error) {
    complain(error);
    return cli::usage;
  } catch (std::exception const& error) {
    complain(error);
    return cli::failure;
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string_view> const arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  std::string_view const name = arguments.empty() ? "" : arguments.front();
  if (name == "--help" || name == "-h") {
    print_help(std::cout);
    return cli::success;
  }
  if (name == "--version") {
    std::cout << "fapilog " << fapilog::version << '\n';
    return cli::success;
  }
  for (auto const* one : commands) {
    if (one->name == name) return run(*one, std::span{arguments}.subspan(1));
  }
  if (!name.empty()) std::cerr << "fapilog: there is no command '" << name << "'\n";
  print_help(std::cerr);
  return cli::usage;
}
