// SPDX-License-Identifier: MIT
// Everything that is wrong with settings, reported at once: which setting, what is wrong, what to do, where.
#pragma once

#include <fapilog/config/config_value.hpp>
#include <fapilog/detail/memory/stable_sort.hpp>
#include <fapilog/record/json.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail {
/// Maximum number of problems that are collected.
inline constexpr std::size_t max_settings_problems = 100;
}  // namespace detail

/// Thrown for invalid settings; `what()` has one line for each problem, in the order of the lines of each file.
class settings_error : public std::invalid_argument {
 public:
  /// One invalid setting. It never contains the value of a secret.
  struct problem {
    std::string where;  ///< `fapilog.json:3`, the name of an environment variable, or `code`
    std::string path;   ///< the setting, such as `core.batch_max_size`; may be empty
    std::string text;   ///< what is wrong and what to do

    /// `fapilog: core.batch_max_size: 0 is out of range (1 to 1000000) [fapilog.json:3]`.
    [[nodiscard]] std::string message() const {
      return "fapilog: " + (path.empty() ? text : path + ": " + text) + " [" + where + ']';
    }
  };

  explicit settings_error(std::vector<problem> problems)
      : settings_error(std::make_shared<std::vector<problem> const>(in_order(std::move(problems)))) {}

  [[nodiscard]] std::vector<problem> const& problems() const noexcept { return *problems_; }

 private:
  using shared_problems = std::shared_ptr<std::vector<problem> const>;
  explicit settings_error(shared_problems problems)
      : std::invalid_argument(lines(*problems)), problems_(std::move(problems)) {}

  /// `fapilog.json:12` as name and line; 0 if there is no line.
  static std::pair<std::string_view, unsigned long> place_of(std::string_view where) {
    std::size_t const colon = where.rfind(':');
    unsigned long line = 0;
    if (colon == std::string_view::npos) return {where, line};
    std::string_view const digits = where.substr(colon + 1);
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), line);
    if (error != std::errc{} || end != digits.data() + digits.size()) return {where, 0};
    return {where.substr(0, colon), line};
  }
  static std::vector<problem> in_order(std::vector<problem> problems) {
    std::vector<std::string> texts;
    for (auto const& one : problems) {
      std::string name{place_of(one.where).first};
      if (std::ranges::find(texts, name) == texts.end()) texts.push_back(std::move(name));
    }
    auto const position = [&texts](problem const& one) {
      auto const [name, line] = place_of(one.where);
      return std::pair{std::ranges::find(texts, name) - texts.begin(), line};
    };
    detail::stable_sort(problems, [&](auto const& a, auto const& b) { return position(a) < position(b); });
    return problems;
  }
  static std::string lines(std::vector<problem> const& problems) {
    std::string text;
    for (auto const& one : problems) text += (text.empty() ? "" : "\n") + one.message();
    return text;
  }

  shared_problems problems_;
};

namespace detail::config {

/// Formats an untrusted string for a message: truncated, printable characters only.
[[nodiscard]] inline std::string printable(std::string_view text, std::size_t max_size = 80) {
  std::string result;
  for (char const c : text.substr(0, max_size)) result.push_back(c < ' ' || c > '~' ? '?' : c);
  return text.size() > max_size ? result + "..." : result;
}

/// Formats a file name or the message of a plugin without control characters. Other characters stay, because it may be
/// in any script.
[[nodiscard]] inline std::string without_controls(std::string_view name) {
  std::string result{name};
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = '?';
  }
  return result;
}

/// Formats a value for a message.
[[nodiscard]] inline std::string shown(config_value const& v) {
  config_value::type const type = v.kind();
  if (type == config_value::type::list) return "a list";
  if (type == config_value::type::object) return "an object";
  return type == config_value::type::text ? '"' + printable(v.text()) + '"' : to_json(v);
}

}  // namespace detail::config
}  // namespace fapilog::inline v0_1
