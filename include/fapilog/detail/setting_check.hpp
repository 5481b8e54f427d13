// SPDX-License-Identifier: MIT
// Refuses settings that lie outside of what their aggregate describes.
#pragma once

#include <fapilog/setting.hpp>

#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace fapilog::inline v0_1 {
namespace detail {

/// The one form of these errors. Throws: std::invalid_argument.
[[noreturn]] inline void refuse_setting(std::string_view stage, std::string_view name, std::string_view value,
                                        std::string_view rule) {
  std::string text{"fapilog: "};
  text.append(stage).append(": `").append(name).append("` is ").append(value).append("; it must be ");
  throw std::invalid_argument{text.append(rule)};
}

/// `0.5`, `256000`, `nan`.
[[nodiscard]] inline std::string number_text(double number) {
  char text[32];
  constexpr double exact = 1e15;
  char* const end = text + sizeof text;
  auto const done = std::abs(number) < exact && number == std::trunc(number)
                        ? std::to_chars(text, end, static_cast<long long>(number))
                        : std::to_chars(text, end, number);
  return {text, done.ptr};
}

/// `0 to 1`, `1 or more`, `more than 0`.
[[nodiscard]] inline std::string rule_text(setting const& s) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  bool const has_most = s.max < infinity;
  if (s.min == -infinity) return has_most ? "at most " + number_text(s.max) : "a number";
  if (s.above_min) {
    return "more than " + number_text(s.min) + (has_most ? " and at most " + number_text(s.max) : "");
  }
  return number_text(s.min) + (has_most ? " to " + number_text(s.max) : " or more");
}

}  // namespace detail

/// Holds each number to its bounds. `owner` stands in the message. Throws: std::invalid_argument for the first that is outside, or no number at all.
template <described Config>
void check_settings(std::string_view owner, Config const& config) {
  Config::describe(config, [owner](setting const& s, auto const& member) {
    using type = std::remove_cvref_t<decltype(member)>;
    if constexpr (std::is_arithmetic_v<type> && !std::is_same_v<type, bool>) {
      auto const value = static_cast<double>(member);
      if ((s.above_min ? value > s.min : value >= s.min) && value <= s.max) return;
      detail::refuse_setting(owner, s.name, detail::number_text(value), detail::rule_text(s));
    }
  });
}

}  // namespace fapilog::inline v0_1
