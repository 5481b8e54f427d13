// SPDX-License-Identifier: MIT
// `fapilog filter`: prints the records that match, as they are.
#include "command.hpp"
#include "selection.hpp"

#include <iostream>

namespace {

constexpr std::string_view help = R"(usage: fapilog filter [OPTION...] [CONDITION...] [FILE...]

Prints the records that match, unchanged, in their order.
)";
constexpr std::string_view rest = R"(  --strict          lines that are no records are an error

exit status: 0  a record matched
             1  none did
             2  wrong arguments, or something could not be read
)";

int filter(std::span<std::string_view const> arguments) {
  bool is_strict = false;
  cli::selection const what =
      cli::parse_selection(arguments, [&](std::string_view option, std::function<std::string()> const&) {
        return option == "--strict" && (is_strict = true);
      });
  cli::output out;
  auto const found =
      for_each_selected("filter", what, out, [&out](std::string_view line) { out.line(line); });
  if (is_strict && found.no_records != 0) {
    std::cerr << "fapilog filter: " << found.no_records << " lines are no records\n";
    return cli::usage;
  }
  return found.has_failed ? cli::usage : found.matches == 0 ? cli::failure : cli::success;
}

}  // namespace

namespace cli {
command const filter_command{
    "filter", "print the records that match, as they are", {help, selection_help, rest}, filter};
}
