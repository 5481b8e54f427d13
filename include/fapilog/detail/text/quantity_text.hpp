// SPDX-License-Identifier: MIT
// Formats and parses numbers, sizes, durations and flags: "0.5", "10 MB", "250ms", "daily", "on".
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/read_double.hpp>
#include <fapilog/detail/time_limit.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace fapilog::inline v0_1::detail {

[[nodiscard]] constexpr std::string_view without_spaces_around(std::string_view text) noexcept {
  constexpr std::string_view spaces = " \t";
  std::size_t const first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

/// Converts ASCII letters to lower case.
[[nodiscard, gnu::cold]] inline std::string lower_case(std::string_view text) {
  std::string result{text};
  for (char& c : result) c = to_ascii_lower(c);
  return result;
}

/// The number and the unit of `1.5 MB`; the unit may be empty.
struct quantity {
  double number = 0;
  std::string_view unit;
};

/// Parses digits, optional decimals and an optional unit of letters. Refuses a sign and an exponent.
[[nodiscard, gnu::cold]] inline std::optional<quantity> parse_quantity(std::string_view text) noexcept {
  constexpr std::string_view digits = "0123456789";
  text = without_spaces_around(text);
  std::size_t end = (std::min)(text.find_first_not_of(digits), text.size());
  if (end == 0) return std::nullopt;
  if (end + 1 < text.size() && text[end] == '.' && digits.find(text[end + 1]) != std::string_view::npos) {
    end = (std::min)(text.find_first_not_of(digits, end + 1), text.size());
  }
  quantity result;
  if (read_double(text.substr(0, end), result.number).ec != std::errc{}) return std::nullopt;
  result.unit = without_spaces_around(text.substr(end));
  return result;
}

// --- numbers -------------------------------------------------------------------------------------------------

/// Rounds a number within ±2^63; halves away from zero. Replaces std::llround: <cmath> is slow to compile.
[[nodiscard, gnu::cold]] inline std::int64_t nearest_integer(double number) noexcept {
  auto const whole = static_cast<std::int64_t>(number);
  double const rest = number - static_cast<double>(whole);
  return whole + (rest >= 0.5 ? 1 : 0) - (rest <= -0.5 ? 1 : 0);
}

/// `0.5`, `256000`, `nan`.
[[nodiscard, gnu::cold]] inline std::string number_text(double number) {
  char text[32];
  constexpr double exact = 1e15;
  char* const end = text + sizeof text;
  bool const is_whole = std::abs(number) < exact && std::floor(number) >= number;
  auto const done =
      is_whole ? std::to_chars(text, end, static_cast<long long>(number)) : std::to_chars(text, end, number);
  return {text, done.ptr};
}

/// `0644`.
[[nodiscard, gnu::cold]] inline std::string octal_text(std::uint64_t number) {
  char text[32];
  auto const done = std::to_chars(text, text + sizeof text, number, 8);
  return (number == 0 ? "" : "0") + std::string{text, done.ptr};
}

// --- sizes ---------------------------------------------------------------------------------------------------

/// The units of sizes, each 1024 times the one before.
inline constexpr std::array<std::string_view, 5> size_units{"B", "KB", "MB", "GB", "TB"};

/// Parses `10 MB`, `1.5kb`, `4 KiB` or `512`, in upper or lower case, 1024-based. Fractions of a byte are discarded.
/// Returns nothing for any other string.
[[nodiscard, gnu::cold]] inline std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  auto const parsed = parse_quantity(text);
  if (!parsed) return std::nullopt;
  std::string unit = lower_case(parsed->unit);
  if (unit.size() == 3 && unit[1] == 'i') unit.erase(1, 1);
  if (unit.empty()) {
    std::uint64_t bytes = 0;
    text = without_spaces_around(text);
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return bytes;
  }
  double factor = 1;
  for (std::string_view const known : size_units) {
    if (unit == lower_case(known)) {
      double const bytes = parsed->number * factor;
      constexpr double max = 0x1p63;
      return bytes < max ? std::optional{static_cast<std::uint64_t>(bytes)} : std::nullopt;
    }
    factor *= 1024;
  }
  return std::nullopt;
}

/// Formats a size with the largest unit that divides it: `10 MB`, `1000 B`; 0 is `0`.
[[nodiscard, gnu::cold]] inline std::string bytes_text(std::uint64_t bytes) {
  std::size_t unit = 0;
  while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < size_units.size()) {
    bytes /= 1024;
    ++unit;
  }
  if (unit == 0) return std::to_string(bytes);
  return std::to_string(bytes) + ' ' + std::string{size_units[unit]};
}

// --- durations -----------------------------------------------------------------------------------------------

struct duration_unit {
  std::string_view name;
  double ns;
};
inline constexpr std::array<duration_unit, 8> duration_units{{{"ns", 1},
                                                              {"us", 1e3},
                                                              {"ms", 1e6},
                                                              {"s", 1e9},
                                                              {"m", 60e9},
                                                              {"h", 3'600e9},
                                                              {"d", 86'400e9},
                                                              {"w", 604'800e9}}};

/// Converts a number to nanoseconds, if it is not negative and at most 100 years.
[[nodiscard, gnu::cold]] inline std::optional<std::chrono::nanoseconds> nanoseconds_of(double ns) noexcept {
  if (!(ns >= 0 && ns <= longest_duration_ns)) return std::nullopt;
  return std::chrono::nanoseconds{nearest_integer(ns)};
}

/// Parses `250ms`, `5s`, `1.5h`, `hourly`, `daily` or `weekly`; the unit of a plain number is `plain_ns` nanoseconds.
/// Returns nothing for any other string.
[[nodiscard, gnu::cold]] inline std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text,
                                                                                       double plain_ns) {
  text = without_spaces_around(text);
  if (text == "hourly") return std::chrono::hours{1};
  if (text == "daily") return std::chrono::hours{24};
  if (text == "weekly") return std::chrono::hours{24 * 7};
  auto const parsed = parse_quantity(text);
  if (!parsed) return std::nullopt;
  if (parsed->unit.empty()) return nanoseconds_of(parsed->number * plain_ns);
  for (auto const& [name, ns] : duration_units) {
    if (parsed->unit == name) return nanoseconds_of(parsed->number * ns);
  }
  return std::nullopt;
}

/// Formats a duration with the largest unit up to days that divides it: `250ms`, `90s`, `1d`; 0 is `0s`.
[[nodiscard, gnu::cold]] inline std::string duration_text(std::chrono::nanoseconds value) {
  if (value.count() == 0) return "0s";
  std::string_view unit = "ns";
  std::int64_t number = value.count();
  for (auto const& [name, ns] : duration_units) {
    auto const size = static_cast<std::int64_t>(ns);
    if (name == "w" || value.count() % size != 0) break;
    unit = name;
    number = value.count() / size;
  }
  return std::to_string(number) + std::string{unit};
}

// --- flags ---------------------------------------------------------------------------------------------------

/// Parses true, yes, on, 1 or false, no, off, 0, in upper or lower case.
[[nodiscard, gnu::cold]] inline std::optional<bool> parse_flag(std::string_view text) {
  std::string const word = lower_case(without_spaces_around(text));
  if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
  if (word == "false" || word == "no" || word == "off" || word == "0") return false;
  return std::nullopt;
}

}  // namespace fapilog::inline v0_1::detail
