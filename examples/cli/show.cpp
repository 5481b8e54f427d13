// SPDX-License-Identifier: MIT
// `fapilog show`: prints records as readable lines.
#include "command.hpp"
#include "line_event.hpp"
#include "selection.hpp"

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/terminal.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/pattern_writer.hpp>
#include <fapilog/record/text_pattern.hpp>

#include <cstdlib>
#include <string>
#include <utility>

namespace {

constexpr std::string_view help = R"(usage: fapilog show [OPTION...] [CONDITION...] [FILE...]

Prints the records that match as readable lines: aligned, in colour on a terminal, and folded to its width.
Lines that are no records are printed with their control characters escaped.

  --pattern P       the form of a line, such as '{time:%T} {level:<8} {message} {fields}'
                    (docs/user-guide/text-patterns.md)
  --local           times in the zone of this machine instead of UTC
  --colours WHEN    always, never or auto (default: on a terminal, see NO_COLOR and FORCE_COLOR)
)";
constexpr std::string_view rest = R"(
exit status: 0  done
             2  wrong arguments, or something could not be read
)";

/// The value of a variable; empty if it is not set.
std::string variable(char const* name) {
  char const* const set = std::getenv(name);
  return set == nullptr ? std::string{} : std::string{set};
}

bool suits_colours(std::string const& wish) {
  if (wish == "always" || wish == "never") return wish == "always";
  if (std::string const forced = variable("FORCE_COLOR"); !forced.empty())
    return forced != "0" && forced != "false";
  return fapilog::detail::is_terminal(1) && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
}

int show(std::span<std::string_view const> arguments) {
  std::string pattern = "{time} {level:<8} {logger:<12} {message} {fields} {source}";
  std::string colours = "auto";
  fapilog::detail::pattern_style style;
  cli::selection const what = cli::parse_selection(
      arguments, [&](std::string_view option, std::function<std::string()> const& value) {
        if (option == "--pattern") {
          pattern = value();
        } else if (option == "--local") {
          style.local_time = true;
        } else if (option == "--colours" || option == "--colors") {
          colours = value();
          if (colours != "always" && colours != "never" && colours != "auto")
            throw cli::usage_error{"--colours is '" + colours + "'; write always, never or auto"};
        } else {
          return false;
        }
        return true;
      });
  style.colours = suits_colours(colours);
  auto compiled = fapilog::detail::pattern_compiler::compile(pattern);
  if (!compiled.problem.empty()) throw cli::usage_error{"--pattern, " + compiled.problem};
  fapilog::detail::pattern_writer writer{std::move(compiled), style};
  writer.set_width(fapilog::detail::terminal_columns(1));

  cli::output out;
  fapilog::detail::text_buffer text;
  fapilog::detail::batch_storage storage;
  bool const is_terminal = fapilog::detail::is_terminal(1);
  auto const put = [&] {
    std::string_view shown = text.view();
    shown.remove_suffix(1);
    out.line(shown);
    if (is_terminal) out.flush();
  };
  auto const other = [&](std::string_view line) {
    text.clear();
    fapilog::detail::pretty_detail::put_text(text, line);
    text.push_back('\n');
    put();
  };
  auto const found = for_each_selected(
      "show", what, out,
      [&](std::string_view line) {
        storage.clear();
        fapilog::entry& one = storage.entries().emplace_back(storage.memory());
        if (!cli::read_event(line, one.event)) return other(line);
        text.clear();
        writer.put(text, one.event);
        put();
      },
      other);
  return found.has_failed ? cli::usage : cli::success;
}

}  // namespace

namespace cli {
command const show_command{"show", "print records as readable lines", {help, selection_help, rest}, show};
}
