// SPDX-License-Identifier: MIT
// `fapilog count`: counts the records that match, by fields.
#include "command.hpp"
#include "selection.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

constexpr std::string_view help = R"(usage: fapilog count [OPTION...] [CONDITION...] [FILE...]

Counts the records that match. With --by, prints the number of each value, the most frequent first.

  --by FIELD        for each value of this field; may be given several times
)";
constexpr std::string_view rest = R"(
More than 100,000 groups are counted together, as (others).

exit status: 0  done
             2  wrong arguments, or something could not be read
)";

int count(std::span<std::string_view const> arguments) {
  std::vector<cli::field_name> by;
  cli::selection const what = cli::parse_selection(
      arguments, [&](std::string_view option, std::function<std::string()> const& value) {
        if (option != "--by") return false;
        by.push_back(cli::parse_field(value()));
        return true;
      });
  constexpr std::size_t max_groups = 100'000;
  std::unordered_map<std::string, std::uint64_t> groups;
  cli::output out;
  std::string name;
  auto const found = for_each_selected("count", what, out, [&](std::string_view line) {
    if (by.empty()) return;
    name.clear();
    for (cli::field_name const& field : by) {
      if (!name.empty()) name += '\t';
      auto const value = cli::find_field(line, field);
      std::string text = value ? cli::readable(*value) : "-";
      // A value must not look like several, or like another line.
      for (char& c : text) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
      name += text;
    }
    auto const known = groups.find(name);
    if (known != groups.end()) {
      ++known->second;
    } else {
      ++groups[groups.size() < max_groups ? name : "(others)"];
    }
  });
  if (by.empty()) {
    out.line(std::to_string(found.matches));
  } else {
    std::vector<std::pair<std::string, std::uint64_t>> sorted{groups.begin(), groups.end()};
    std::sort(sorted.begin(), sorted.end(), [](auto const& a, auto const& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    for (auto const& [group, number] : sorted) out.line(std::to_string(number) + '\t' + group);
  }
  out.flush();
  return found.has_failed || !out.problem().empty() ? cli::usage : cli::success;
}

}  // namespace

namespace cli {
command const count_command{
    "count", "count the records that match, by fields", {help, selection_help, rest}, count};
}
