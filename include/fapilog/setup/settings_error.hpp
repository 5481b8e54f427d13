// SPDX-License-Identifier: MIT
// All that is wrong with settings, at once: where it stands, which setting, what it is and what would be right.
#pragma once

#include <fapilog/record/json.hpp>
#include <fapilog/setup/config_value.hpp>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog {

/// One thing that is wrong. No value of a secret stands in it.
struct settings_problem {
  std::string where;  ///< `fapilog.json:3`, an environment variable's name, or `code`
  std::string path;   ///< the setting, such as `core.batch_max_size`; may be empty
  std::string text;   ///< what is wrong and what would be right

  [[nodiscard]] std::string message() const { return "fapilog: " + where + ": " + text; }
};

/// No more are collected: who made that many has the wrong file.
inline constexpr std::size_t most_settings_problems = 100;

/// Thrown for settings that cannot be; `what()` has one line for each problem.
class settings_error : public std::invalid_argument {
 public:
  explicit settings_error(std::vector<settings_problem> problems)
      : std::invalid_argument(lines(problems)),
        problems_(std::make_shared<std::vector<settings_problem> const>(std::move(problems))) {}

  [[nodiscard]] std::vector<settings_problem> const& problems() const noexcept { return *problems_; }

 private:
  static std::string lines(std::vector<settings_problem> const& problems) {
    std::string text;
    for (auto const& problem : problems) text += (text.empty() ? "" : "\n") + problem.message();
    return text;
  }

  std::shared_ptr<std::vector<settings_problem> const> problems_;
};

namespace detail::config {

/// Text from outside in a message: cut, and in printable characters.
[[nodiscard]] inline std::string printable(std::string_view text, std::size_t most = 80) {
  std::string result;
  for (char const c : text.substr(0, most)) result.push_back(c < ' ' || c > '~' ? '?' : c);
  return text.size() > most ? result + "..." : result;
}

/// A file's name in a message: it may be in any script.
[[nodiscard]] inline std::string without_controls(std::string_view name) {
  std::string result{name};
  for (char& c : result) {
    if ((c >= '\0' && c < ' ') || c == '\x7F') c = '?';
  }
  return result;
}

/// A value in a message.
[[nodiscard]] inline std::string shown(config_value const& v) {
  switch (v.what()) {
    case config_value::type::list: return "a list";
    case config_value::type::object: return "an object";
    case config_value::type::text: return '"' + printable(v.text()) + '"';
    default: return to_json(v);
  }
}

}  // namespace detail::config
}  // namespace fapilog
