// SPDX-License-Identifier: MIT
// `fapilog verify`: checks that every line of a log is a whole record.
#include "command.hpp"
#include "json_check.hpp"
#include "lines.hpp"

#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view help = R"(usage: fapilog verify [FILE...]

Checks that every line of the files, which may be compressed, is one JSON object, and reports the first lines that are not.

exit status: 0  all lines are records
             1  some are not
             2  wrong arguments, or something could not be read
)";

int verify(std::span<std::string_view const> arguments) {
  std::vector<std::string> files;
  for (std::string_view const one : arguments) {
    if (one.starts_with('-') && one != "-") throw cli::usage_error{"there is no option " + std::string{one}};
    files.emplace_back(one);
  }
  if (files.empty()) files.emplace_back("-");
  constexpr std::uint64_t max_shown = 10;
  std::uint64_t damaged = 0;
  bool has_failed = false;
  for (std::string const& file : files) {
    std::uint64_t lines = 0;
    std::uint64_t records = 0;
    auto const failures = cli::read_lines(
        {file}, {},
        [&](std::string_view line) {
          ++lines;
          if (cli::json_check::is_object(line)) {
            ++records;
          } else if (++damaged <= max_shown) {
            std::cout << file << ':' << lines << ": no record (" << line.size() << " bytes)\n";
          }
          return true;
        },
        [] {});
    for (std::string const& failure : failures) std::cerr << "fapilog verify: " << failure << '\n';
    has_failed = has_failed || !failures.empty();
    std::cout << file << ": " << records << " records in " << lines << " lines\n";
  }
  if (damaged > max_shown) std::cout << damaged - max_shown << " more lines are no records\n";
  return has_failed ? cli::usage : damaged != 0 ? cli::failure : cli::success;
}

}  // namespace

namespace cli {
command const verify_command{"verify", "check that every line is a record", {help, {}, {}}, verify};
}
