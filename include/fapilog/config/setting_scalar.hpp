// SPDX-License-Identifier: MIT
// One value of configuration by text as a value of C++: a flag, a number, a size, a duration, a level, a name.
#pragma once

#include <fapilog/config/config_value.hpp>
#include <fapilog/config/setting_kind.hpp>
#include <fapilog/config/setting_text.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/setting.hpp>

#include <charconv>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace fapilog::inline v0_1::detail {

[[nodiscard]] inline bool within(double number, setting const& s) noexcept {
  return (s.above_min ? number > s.min : number >= s.min) && number <= s.max;
}
[[nodiscard]] inline bool from_environment(config_value const& v) noexcept {
  return v.is_text() && v.origin().is_environment();
}

/// The number that it is, or that a text from the environment spells.
[[nodiscard]] inline std::optional<double> number_of(config_value const& v) {
  switch (v.what()) {
    case config_value::type::integer: return static_cast<double>(v.integer());
    case config_value::type::unsigned_integer: return static_cast<double>(v.unsigned_integer());
    case config_value::type::real: return v.real();
    default: break;
  }
  if (!from_environment(v)) return std::nullopt;
  std::string_view const text = without_spaces_around(v.text());
  double number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool const all =
      !text.empty() && error == std::errc{} && end == text.data() + text.size() && std::isfinite(number);
  return all ? std::optional{number} : std::nullopt;
}

/// The whole text as a number.
template <class T>
[[nodiscard]] std::optional<T> digits_of(std::string_view text, int base) {
  T number{};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size() ? std::optional{number}
                                                                                   : std::nullopt;
}

/// A whole number within its bounds; by its form also a size, or octal digits.
template <class T>
[[nodiscard]] std::optional<T> whole_of(config_value const& v, setting const& s) {
  std::optional<T> number;
  if (v.is(config_value::type::integer)) {
    if (std::in_range<T>(v.integer())) number = static_cast<T>(v.integer());
  } else if (v.is(config_value::type::unsigned_integer)) {
    if (std::in_range<T>(v.unsigned_integer())) number = static_cast<T>(v.unsigned_integer());
  }
  if (s.form == setting_form::octal) {
    number.reset();
    if (v.is_text()) number = digits_of<T>(v.text(), 8);
  } else if (v.is_text() && s.form == setting_form::bytes) {
    auto const bytes = parse_bytes(v.text());
    if (bytes && std::in_range<T>(*bytes)) number = static_cast<T>(*bytes);
  } else if (from_environment(v)) {
    number = digits_of<T>(without_spaces_around(v.text()), 10);
  }
  bool const negative_size = s.form == setting_form::bytes && number && std::cmp_less(*number, 0);
  return number && !negative_size && within(static_cast<double>(*number), s) ? number : std::nullopt;
}

/// A duration within its bounds that T can hold without rounding.
template <class T>
[[nodiscard]] std::optional<T> duration_of(config_value const& v, setting const& s) {
  double const unit = plain_unit_ns(s);
  std::optional<std::chrono::nanoseconds> ns;
  if (v.is_text()) {
    ns = parse_duration(v.text(), unit);
  } else if (auto const number = number_of(v)) {
    ns = nanoseconds_of(*number * unit);
  }
  if (!ns || !within(static_cast<double>(ns->count()) / unit, s)) return std::nullopt;
  T const value = std::chrono::duration_cast<T>(*ns);
  bool const exact = std::chrono::treat_as_floating_point_v<typename T::rep> ||
                     std::chrono::duration_cast<std::chrono::nanoseconds>(value) == *ns;
  return exact ? std::optional{value} : std::nullopt;
}

/// The value where it is one that this setting may have.
template <class T>
[[nodiscard]] std::optional<T> scalar_of(config_value const& v, setting const& s) {
  if constexpr (std::same_as<T, bool>) {
    if (v.is(config_value::type::boolean)) return v.boolean();
    return from_environment(v) ? parse_flag(v.text()) : std::nullopt;
  } else if constexpr (std::same_as<T, level>) {
    if (v.is(config_value::type::integer) && v.integer() >= 0 &&
        v.integer() < static_cast<std::int64_t>(level_count)) {
      return static_cast<level>(v.integer());
    }
    auto const parsed = parse_level(v.is_text() ? without_spaces_around(v.text()) : std::string_view{});
    return parsed ? std::optional{parsed.value} : std::nullopt;
  } else if constexpr (whole_number<T>) {
    return whole_of<T>(v, s);
  } else if constexpr (std::floating_point<T>) {
    std::optional<double> const number = number_of(v);
    return number && within(*number, s) ? std::optional{static_cast<T>(*number)} : std::nullopt;
  } else if constexpr (is_duration<T>) {
    return duration_of<T>(v, s);
  } else {
    static_assert(named_by_table<T>, "fapilog: an enumeration needs enum_names to be read from text");
    bool const any_case = from_environment(v);
    for (auto const& [value, name] : enum_names<T>::names) {
      if (v.is_text() && (v.text() == name || (any_case && lower_case(v.text()) == lower_case(name))))
        return value;
    }
    return std::nullopt;
  }
}

/// True for a number that the type cannot hold, whatever the setting's own bounds.
template <whole_number T>
[[nodiscard]] bool is_beyond_type(config_value const& v) {
  std::optional<double> const number = number_of(v);
  return number && (*number > static_cast<double>((std::numeric_limits<T>::max)()) ||
                    *number < static_cast<double>((std::numeric_limits<T>::min)()));
}

}  // namespace fapilog::inline v0_1::detail
