// SPDX-License-Identifier: MIT
// Reads the records that the arguments choose.
#include "selection.hpp"
#include "command.hpp"
#include "json_check.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <iostream>

#include <unistd.h>

namespace cli {

std::string_view const selection_help = R"(
  FILE              lines of JSON, also compressed with gzip; none, or -: standard input
  CONDITION         all must hold: level>=warning  user_id=42  status>=500  message~timeout  took>=250ms
                    operators = != < <= > >= and ~ (contains); name=* if the field is there, name!=* if not.
                    Names are those of the envelope (time, level, logger, message), or of a field, which is
                    searched in context, data and diagnostics; order.id is a member of a field.
                    A record without the field matches only !=. A file whose name has an operator: ./a=b
  --since T         records from this time on: 2026-11-28T10:00:00Z, 2026-11-28, 10:00 (today, UTC), 15m (ago)
  --until T         records before this time
  -f, --follow      wait for more, also when the file is rotated
  -n, --limit N     end after N records
  -v, --invert      records that do not match
)";

selection parse_selection(std::span<std::string_view const> arguments, own_option const& own) {
  selection made;
  bool only_files = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view one = arguments[i];
    std::string_view attached;
    bool has_attached = false;
    if (one.starts_with("--") && !only_files) {
      if (std::size_t const equals = one.find('='); equals != std::string_view::npos) {
        attached = one.substr(equals + 1);
        has_attached = true;
        one = one.substr(0, equals);
      }
    }
    std::function<std::string()> const value = [&]() -> std::string {
      if (has_attached) {
        has_attached = false;
        return std::string{attached};
      }
      if (++i == arguments.size()) throw usage_error{std::string{one} + " needs a value"};
      return std::string{arguments[i]};
    };
    if (only_files || one == "-" || !one.starts_with('-')) {
      if (!only_files && is_term(one)) {
        made.terms.push_back(parse_term(one));
      } else {
        made.files.emplace_back(one);
      }
    } else if (one == "--") {
      only_files = true;
    } else if (one == "--since" || one == "--until") {
      relation const is = one == "--since" ? relation::at_least : relation::less;
      made.terms.push_back(
          {.field = {place::top, "timestamp"}, .is = is, .text = {}, .time = parse_time(one, value())});
    } else if (one == "-f" || one == "--follow") {
      made.how.follow = true;
    } else if (one == "-v" || one == "--invert") {
      made.inverted = true;
    } else if (one == "-n" || one == "--limit") {
      std::string const number = value();
      auto const done = std::from_chars(number.data(), number.data() + number.size(), made.limit);
      if (done.ec != std::errc{} || done.ptr != number.data() + number.size() || made.limit == 0)
        throw usage_error{std::string{one} + ": '" + number + "' is no number from 1 on"};
    } else if (!own(one, value)) {
      throw usage_error{"there is no option " + std::string{one}};
    }
    if (has_attached) throw usage_error{std::string{one} + " takes no value"};
  }
  return made;
}

void output::line(std::string_view text) {
  constexpr std::size_t enough = std::size_t{256} << 10;
  text_.append(text).push_back('\n');
  if (text_.size() >= enough) flush();
}

void output::flush() noexcept {
  for (std::string_view rest = text_; !rest.empty();) {
    ::ssize_t const put = ::write(1, rest.data(), rest.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      if (problem_.empty())
        problem_ = std::string{"cannot write to standard output: "} + std::strerror(errno);
      break;
    }
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
  text_.clear();
}

selected for_each_selected(std::string_view command, selection const& what, output& out,
                           std::function<void(std::string_view)> const& take,
                           std::function<void(std::string_view)> const& other) {
  selected result;
  query conditions{what.terms};
  auto const one = [&](std::string_view line) {
    verdict is = conditions.test(line);
    // Of a line that does not match, only a part has been read.
    if (what.inverted && is == verdict::no_match && !json_check::is_object(line)) is = verdict::no_record;
    if (is == verdict::no_record) {
      if (line.empty()) return true;
      ++result.no_records;
      if (other) other(line);
    } else if ((is == verdict::match) != what.inverted) {
      ++result.matches;
      take(line);
      if (what.limit != 0 && result.matches == what.limit) return false;
    }
    return out.problem().empty();
  };
  for (std::string const& failure : read_lines(what.files, what.how, one, [&out] { out.flush(); })) {
    out.flush();
    std::cerr << "fapilog " << command << ": " << failure << '\n';
    result.has_failed = true;
  }
  out.flush();
  if (!out.problem().empty()) {
    std::cerr << "fapilog " << command << ": " << out.problem() << '\n';
    result.has_failed = true;
  }
  return result;
}

}  // namespace cli
