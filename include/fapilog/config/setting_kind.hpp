// SPDX-License-Identifier: MIT
// What a setting of each C++ type may be, in words: the same for errors and for the documentation.
#pragma once

#include <fapilog/config/setting_text.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/setting.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_pair = false;
template <class A, class B>
inline constexpr bool is_pair<std::pair<A, B>> = true;

/// A whole number, but neither a boolean nor a character.
template <class T>
concept whole_number = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>;

/// std::map and its kin, and a vector of pairs: an object in JSON.
template <class T>
concept map_like = requires {
  typename T::mapped_type;
}
|| (requires { typename T::value_type; } && is_pair<typename T::value_type>);

/// A vector or a set: a list in JSON.
template <class T>
concept list_like =
    !map_like<T> && !std::same_as<T, std::string> && requires(T & all, typename T::value_type one) {
  all.insert(all.end(), one);
};

template <class T>
struct map_types;
template <class T>
  requires requires { typename T::mapped_type; }
struct map_types<T> {
  using key = typename T::key_type;
  using mapped = typename T::mapped_type;
};
template <class T>
  requires(!requires { typename T::mapped_type; })
struct map_types<T> {
  using key = typename T::value_type::first_type;
  using mapped = typename T::value_type::second_type;
};

/// Nanoseconds that a plain number of this duration counts.
[[nodiscard]] inline double plain_unit_ns(setting const& s) noexcept {
  return s.name.ends_with("_ms") ? 1e6 : 1e9;
}

/// What this type cannot be is added to the setting's own bounds.
template <class T>
[[nodiscard]] setting with_bounds_of(setting s, bool with_most = false) noexcept {
  if constexpr (std::unsigned_integral<T> || is_duration<T>) {
    if (s.min < 0) s.min = 0;
  }
  if constexpr (whole_number<T>) {
    // Doubles cannot tell of the bounds of wider ones.
    if (with_most && sizeof(T) < sizeof(std::int64_t) &&
        s.max > static_cast<double>((std::numeric_limits<T>::max)())) {
      s.min = (std::max)(s.min, static_cast<double>((std::numeric_limits<T>::min)()));
      s.max = static_cast<double>((std::numeric_limits<T>::max)());
    }
  }
  return s;
}

/// ` from 1 to 5`, ` of 1 or more`, ` above 0` and the like; empty without bounds.
template <class Show>
[[nodiscard]] std::string range_text(setting const& s, Show&& show) {
  bool const bottom = std::isfinite(s.min);
  bool const top = std::isfinite(s.max);
  if (bottom && s.above_min) return " above " + show(s.min) + (top ? " and at most " + show(s.max) : "");
  if (bottom && top) return " from " + show(s.min) + " to " + show(s.max);
  if (bottom) return " of " + show(s.min) + " or more";
  return top ? " of at most " + show(s.max) : "";
}

/// That sizes and durations are not negative goes without saying.
[[nodiscard]] inline setting without_zero(setting s) noexcept {
  if (s.min == 0 && !s.above_min && std::isinf(s.max)) s.min = s.max * -1;
  return s;
}

/// `one of drop, wait, block`.
template <named_by_table Enum>
[[nodiscard]] std::string names_text() {
  std::string text;
  for (auto const& [value, name] : enum_names<Enum>::names) {
    text.append(text.empty() ? "one of " : ", ").append(std::string_view{name});
  }
  return text;
}

/// What several of these are called.
template <class T>
[[nodiscard]] constexpr std::string_view plural_text() noexcept {
  if constexpr (std::same_as<T, std::string>) return "texts";
  else if constexpr (std::same_as<T, level>) return "levels";
  else if constexpr (whole_number<T>) return "whole numbers";
  else if constexpr (std::floating_point<T>) return "numbers";
  else if constexpr (std::is_enum_v<T>) return "names";
  else if constexpr (is_duration<T>) return "durations";
  else if constexpr (described<T>) return "objects";
  else return "values";
}

inline constexpr std::string_view level_rule =
    "a level: DEBUG, INFO, WARNING, ERROR, CRITICAL, AUDIT, SECURITY or a number from 0 to 99";

/// What a setting of type T has to be: "it must be ...".
template <class T>
[[nodiscard]] std::string rule_of(setting const& given, bool with_bounds_of_type = false) {
  setting const s = with_bounds_of<T>(given, with_bounds_of_type);
  if constexpr (is_optional<T>) {
    return rule_of<typename T::value_type>(s);
  } else if constexpr (std::same_as<T, bool>) {
    return "true or false";
  } else if constexpr (std::same_as<T, level>) {
    return std::string{level_rule};
  } else if constexpr (std::same_as<T, level_set>) {
    return "a list of levels";
  } else if constexpr (whole_number<T>) {
    if (s.form == setting_form::octal) return R"(a text of octal digits, such as "0600")";
    if (s.form == setting_form::bytes) {
      auto const size = [](double v) { return bytes_text(static_cast<std::uint64_t>(v)); };
      return "a size" + range_text(without_zero(s), size) +
             R"(: a number of bytes, or a text such as "10 MB")";
    }
    return "a whole number" + range_text(s, number_text);
  } else if constexpr (std::floating_point<T>) {
    return "a number" + range_text(s, number_text);
  } else if constexpr (std::same_as<T, std::string>) {
    return "a text";
  } else if constexpr (is_duration<T>) {
    bool const ms = plain_unit_ns(s) < 1e9;
    bool const whole_seconds = std::ratio_greater_equal_v<typename T::period, std::ratio<1>> &&
                               !std::chrono::treat_as_floating_point_v<typename T::rep>;
    std::string const examples = whole_seconds ? R"("90s" or "daily")" : R"("250ms" or "1.5h")";
    auto const length = [ms](double v) { return duration_text(*nanoseconds_of(v * (ms ? 1e6 : 1e9))); };
    return "a duration" + range_text(without_zero(s), length) +
           (whole_seconds ? ": a whole number of " : ": a number of ") + (ms ? "milliseconds" : "seconds") +
           ", or a text such as " + examples;
  } else if constexpr (std::is_enum_v<T>) {
    return names_text<T>();
  } else if constexpr (map_like<T>) {
    return "an object whose values are " + std::string{plural_text<typename map_types<T>::mapped>()};
  } else if constexpr (list_like<T>) {
    return "a list of " + std::string{plural_text<typename T::value_type>()};
  } else {
    static_assert(described<T>, "fapilog: a setting of this type cannot be read from text");
    return "an object";
  }
}

}  // namespace fapilog::inline v0_1::detail
