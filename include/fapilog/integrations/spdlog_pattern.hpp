// SPDX-License-Identifier: MIT
// Translates a pattern of spdlog, such as `[%H:%M:%S.%e] [%n] [%^%l%$] %v`, to a text pattern of fapilog.
#pragma once

#include <fapilog/detail/text/ascii.hpp>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::compat::spdlog {
namespace detail {

/// Collects the parts of a text pattern. Times that only plain text divides become one part, which costs less.
class text_pattern_builder {
 public:
  void add_literal(char c) {
    if (c == '{' || c == '}') end_time();  // a time cannot contain them
    (time_.empty() ? text_ : between_) += c;
    if (c == '{' || c == '}') text_ += c;
  }
  void add_time(std::string_view format) {
    for (char const c : std::exchange(between_, {})) time_.append(c == '%' ? "%%" : std::string_view{&c, 1});
    time_ += format;
  }
  void add(std::string_view text) {
    end_time();
    text_ += text;
  }
  [[nodiscard]] std::string take() {
    end_time();
    return std::move(text_);
  }

 private:
  void end_time() {
    if (time_.empty()) return;
    text_ += "{time:" + std::exchange(time_, {}) + '}' + std::exchange(between_, {});
  }

  std::string text_;
  std::string time_;     ///< format of a time that is not in `text_` yet
  std::string between_;  ///< plain text behind it
};

struct pattern_flag {
  char letter;
  std::string_view part;  ///< the name of a part, or the format of a time, which begins with `%`
};
inline constexpr std::array<pattern_flag, 45> pattern_flags{{
    {'v', "message"},
    {'n', "logger"},
    {'l', "level_lower"},
    {'L', "level_letter"},
    {'t', "thread"},
    {'P', "process"},
    {'s', "file"},
    {'g', "path"},
    {'#', "line"},
    {'!', "function"},
    {'@', "source"},
    {'^', "colour"},
    {'$', "plain"},
    {'o', "since_last"},
    {'i', "since_last"},
    {'u', "since_last"},
    {'O', "since_last"},
    {'a', "%a"},
    {'A', "%A"},
    {'b', "%b"},
    {'h', "%b"},
    {'B', "%B"},
    {'c', "%a %b %d %H:%M:%S %Y"},
    {'C', "%y"},
    {'Y', "%Y"},
    {'D', "%m/%d/%y"},
    {'x', "%m/%d/%y"},
    {'m', "%m"},
    {'d', "%d"},
    {'H', "%H"},
    {'I', "%I"},
    {'M', "%M"},
    {'S', "%S"},
    {'e', "%e"},
    {'f', "%f"},
    {'F', "%N"},
    {'E', "%s"},
    {'p', "%p"},
    {'r', "%I:%M:%S %p"},
    {'R', "%H:%M"},
    {'T', "%T"},
    {'X', "%T"},
    {'z', "%z"},
    {'%', "%%"},
    {'+', "+"},
}};

}  // namespace detail

/// The text pattern for this pattern of spdlog, for the `pattern` of a sink; its `zone` must be local, as in spdlog. Fields follow the
/// message. Throws: std::invalid_argument with the position of a flag that has no counterpart.
[[nodiscard]] inline std::string text_pattern_of(std::string_view pattern) {
  detail::text_pattern_builder builder;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%' || i + 1 == pattern.size()) {
      builder.add_literal(pattern[i]);
      continue;
    }
    std::size_t const begin = i++;
    // A width is `[-=]digits[!]`: right unless `-` (left) or `=` (centred), and `!` cuts.
    char const side = pattern[i] == '-' ? '<' : pattern[i] == '=' ? '^' : '>';
    if (side != '>') ++i;
    std::string width;
    while (i < pattern.size() && fapilog::detail::is_ascii_digit(pattern[i])) width += pattern[i++];
    bool const cuts = !width.empty() && i < pattern.size() && pattern[i] == '!';
    if (cuts) ++i;
    char const letter = i < pattern.size() ? pattern[i] : '\0';
    auto const fail = [&](std::string_view why) {
      throw std::invalid_argument{"the pattern of spdlog, at character " + std::to_string(begin + 1) + ": '" +
                                  std::string{pattern.substr(begin, i + 1 - begin)} + "' " +
                                  std::string{why}};
    };
    std::string_view part;
    for (auto const& flag : detail::pattern_flags) {
      if (flag.letter == letter) part = flag.part;
    }
    if (part.empty()) fail("has no counterpart in a text pattern");
    bool const has_width = part.front() != '%' && letter != '+' && letter != '^' && letter != '$';
    if (!width.empty() && !has_width) fail("cannot have a width in a text pattern");
    if (letter == '%') builder.add_literal('%');
    else if (letter == '+')
      builder.add(
          "[{time:%Y-%m-%d %H:%M:%S.%e}] [{logger}] [{colour}{level_lower}{plain}] {message} {fields}");
    else if (part.front() == '%') builder.add_time(part);
    else {
      std::string text = "{" + std::string{part};
      if (!width.empty()) text += ":" + std::string{side} + width + (cuts ? "." + width : "");
      builder.add(text + (letter == 'v' && width.empty() ? "} {fields}" : "}"));
    }
  }
  return builder.take();
}

}  // namespace fapilog::inline v0_1::compat::spdlog
