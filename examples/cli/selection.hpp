// SPDX-License-Identifier: MIT
// What the commands `show`, `filter` and `count` have in common: conditions, files, and buffered output.
#pragma once

#include "lines.hpp"
#include "query.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// The end of the help of these commands.
extern std::string_view const selection_help;

/// The arguments that choose records.
struct selection {
  std::vector<term> terms;
  std::vector<std::string> files;
  reading how;
  std::uint64_t limit = 0;  ///< 0: no limit
  bool inverted = false;
};

/// An option of a command besides those of the selection. `value` returns the argument behind it.
using own_option = std::function<bool(std::string_view option, std::function<std::string()> const& value)>;
/// Throws: usage_error.
[[nodiscard]] selection parse_selection(std::span<std::string_view const> arguments, own_option const& own);

/// Writes to standard output in large pieces. A reader that has gone ends the process by SIGPIPE.
class output {
 public:
  output() = default;
  output(output const&) = delete;
  output& operator=(output const&) = delete;
  ~output() { flush(); }
  void line(std::string_view text);
  [[nodiscard]] std::string& text() noexcept { return text_; }
  /// Throws nothing; errors are remembered.
  void flush() noexcept;
  /// The reason why something could not be written, or an empty string.
  [[nodiscard]] std::string const& problem() const noexcept { return problem_; }

 private:
  std::string text_;
  std::string problem_;
};

struct selected {
  std::uint64_t matches = 0;
  std::uint64_t no_records = 0;
  bool has_failed = false;
};

/// Calls `take(line)` for each record that matches, and `other(line)`, if there is one, for each line that is no record.
selected for_each_selected(std::string_view command, selection const& what, output& out,
                           std::function<void(std::string_view)> const& take,
                           std::function<void(std::string_view)> const& other = {});

}  // namespace cli
