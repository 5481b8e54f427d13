// SPDX-License-Identifier: MIT
// Scalar settings: parses them from text, describes their rules in words, and checks their values.
#pragma once

#include <fapilog/detail/float_kind.hpp>
#include <fapilog/detail/settings/setting_type.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/quantity_text.hpp>
#include <fapilog/detail/text/read_double.hpp>
#include <fapilog/setting.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace fapilog::inline v0_1::detail {

/// A scalar as configuration text gives it.
struct given_scalar {
  enum class type : std::uint8_t { other, boolean, integer, unsigned_integer, real, string };
  type kind = type::other;
  bool is_lenient = false;  ///< a string of the environment: numbers, yes and no count, names in any case
  std::int64_t integer = 0;
  std::uint64_t unsigned_integer = 0;
  double real = 0;
  std::string_view string = {};
};

/// The unit of a duration that is given as a plain number, in nanoseconds.
[[nodiscard, gnu::cold]] inline double plain_unit_ns(setting const& s) noexcept {
  return s.name.ends_with("_ms") ? 1e6 : 1e9;
}

// --- rules in words ------------------------------------------------------------------------------------------

/// The setting's lower bound, or the type's.
[[nodiscard, gnu::cold]] inline double lower_bound_of(setting const& s, setting_type const& type) noexcept {
  bool const is_unsigned = type.kind == setting_kind::integer && !type.is_signed;
  bool const never_negative =
      is_unsigned || type.kind == setting_kind::duration || s.form == setting_form::bytes;
  return never_negative && s.min < 0 ? 0 : s.min;
}

/// Formats a bound of a setting, with its unit.
[[nodiscard, gnu::cold]] inline std::string bound_text(setting const& s, setting_type const& type,
                                                       double bound) {
  if (type.kind == setting_kind::duration) {
    auto const ns = nanoseconds_of(bound * plain_unit_ns(s));
    return ns ? duration_text(*ns) : number_text(bound) + (plain_unit_ns(s) < 1e9 ? "ms" : "s");
  }
  if (s.form == setting_form::bytes) return bytes_text(static_cast<std::uint64_t>(bound));
  if (s.form == setting_form::octal) return octal_text(static_cast<std::uint64_t>(bound));
  return number_text(bound);
}

[[nodiscard, gnu::cold]] inline std::string type_bound_text(setting_type const& type, bool is_upper) {
  unsigned const bits = static_cast<unsigned>(type.bytes * 8);
  std::uint64_t const all = bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  if (!type.is_signed) return is_upper ? std::to_string(all) : "0";
  std::uint64_t const half = all >> 1;
  return is_upper ? std::to_string(half) : '-' + std::to_string(half + 1);
}

/// `1 to 5`, `1 or more`, `above 0`, `at most 9`; empty without bounds. With `of_type` also the bounds of the C++ type.
[[nodiscard, gnu::cold]] inline std::string range_text(setting const& s, setting_type const& type,
                                                       bool of_type = false) {
  double const min = lower_bound_of(s, type);
  of_type = of_type && type.kind == setting_kind::integer;
  bool const has_max = s.max < setting::no_bound || of_type;
  bool const has_min = min > -setting::no_bound || of_type;
  std::string const low = min > -setting::no_bound ? bound_text(s, type, min)
                          : of_type                ? type_bound_text(type, false)
                                                   : std::string{};
  std::string const high = s.max < setting::no_bound ? bound_text(s, type, s.max)
                           : of_type                 ? type_bound_text(type, true)
                                                     : std::string{};
  if (has_min && s.above_min) return "above " + low + (has_max ? ", at most " + high : "");
  if (has_min) return low + (has_max ? " to " + high : " or more");
  return has_max ? "at most " + high : "";
}

[[nodiscard]] constexpr std::string_view plural_text(setting_kind kind) noexcept {
  switch (kind) {
    case setting_kind::string: return "strings";
    case setting_kind::level: return "levels";
    case setting_kind::integer: return "whole numbers";
    case setting_kind::number: return "numbers";
    case setting_kind::name: return "names";
    case setting_kind::duration: return "durations";
    case setting_kind::object: return "objects";
    case setting_kind::boolean:
    case setting_kind::optional:
    case setting_kind::list:
    case setting_kind::map: break;
  }
  return "values";
}

/// Returns the values that a setting of this type may have, for "expected ...".
[[nodiscard, gnu::cold]] inline std::string rule_of(setting const& s, setting_type const& type) {
  std::string const range = range_text(s, type);
  // Durations and sizes are never negative, so the rule does not say it.
  bool const is_plain =
      range.empty() || range == "0s or more" || (range == "0 or more" && s.form == setting_form::bytes);
  std::string const bounds = is_plain ? "" : " (" + range + ')';
  switch (type.kind) {
    case setting_kind::optional: return rule_of(s, *type.element);
    case setting_kind::boolean: return "true or false";
    case setting_kind::level:
      return "a level: TRACE, DEBUG, INFO, WARNING, ERROR, CRITICAL, AUDIT, SECURITY or a number from 0 to "
             "99";
    case setting_kind::integer:
      if (s.form == setting_form::octal) return R"(a string of octal digits, such as "0600")";
      if (s.form == setting_form::bytes)
        return "a size" + bounds + R"(: a number of bytes, or a string such as "10 MB")";
      return "a whole number" + bounds;
    case setting_kind::number: return "a number" + bounds;
    case setting_kind::string: return s.not_empty ? "a string that is not empty" : "a string";
    case setting_kind::duration: {
      bool const ms = plain_unit_ns(s) < 1e9;
      return "a duration" + bounds + (type.is_fractional ? ": a number of " : ": a whole number of ") +
             (ms ? "milliseconds" : "seconds") + ", or a string such as " +
             (type.is_fractional ? R"("250ms" or "1.5h")" : R"("90s" or "daily")");
    }
    case setting_kind::name: {
      std::string text;
      std::int64_t value = 0;
      for (std::size_t i = 0;; ++i) {
        std::string_view const name = type.name_at(i, value);
        if (name.empty()) return text;
        text.append(text.empty() ? "one of " : ", ").append(name);
      }
    }
    case setting_kind::map:
      return "an object whose values are " + std::string{plural_text(type.element->kind)};
    case setting_kind::list:
      return (s.not_empty ? "a list of at least one of: " : "a list of ") +
             std::string{plural_text(type.element->kind)};
    case setting_kind::object: break;
  }
  return "an object";
}

// --- from text to value --------------------------------------------------------------------------------------

/// The whole string as a number.
template <class T>
[[nodiscard, gnu::cold]] std::optional<T> digits_of(std::string_view text, int base) {
  T number{};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  bool const all = !text.empty() && error == std::errc{} && end == text.data() + text.size();
  return all ? std::optional{number} : std::nullopt;
}

[[nodiscard, gnu::cold]] inline std::optional<double> real_of(given_scalar const& given) {
  using type = given_scalar::type;
  switch (given.kind) {
    case type::integer: return static_cast<double>(given.integer);
    case type::unsigned_integer: return static_cast<double>(given.unsigned_integer);
    case type::real: return given.real;
    case type::string: break;
    case type::other:
    case type::boolean: return std::nullopt;
  }
  if (!given.is_lenient) return std::nullopt;
  std::string_view const text = without_spaces_around(given.string);
  double number = 0;
  auto const [end, error] = read_double(text, number);
  bool const all =
      !text.empty() && error == std::errc{} && end == text.data() + text.size() && is_finite(number);
  return all ? std::optional{number} : std::nullopt;
}

[[nodiscard, gnu::cold]] inline setting_scalar scalar_of_bits(std::uint64_t bits,
                                                              setting_type const& type) noexcept {
  unsigned const width = static_cast<unsigned>(type.bytes * 8) - (type.is_signed ? 1U : 0U);
  return {static_cast<double>(bits), static_cast<std::int64_t>(bits), width >= 64 || (bits >> width) == 0};
}

[[nodiscard, gnu::cold]] inline setting_scalar scalar_of_signed(std::int64_t number,
                                                                setting_type const& type) noexcept {
  if (number >= 0) return scalar_of_bits(static_cast<std::uint64_t>(number), type);
  unsigned const width = static_cast<unsigned>(type.bytes * 8) - 1;
  return {static_cast<double>(number), number, type.is_signed && (number >> width) == -1};
}

[[nodiscard, gnu::cold]] inline std::optional<setting_scalar> integer_of(given_scalar const& given,
                                                                         setting const& s,
                                                                         setting_type const& type) {
  using kind = given_scalar::type;
  bool const is_string = given.kind == kind::string;
  if (s.form == setting_form::octal) {
    auto const number =
        is_string ? digits_of<std::uint64_t>(given.string, 8) : std::optional<std::uint64_t>{};
    return number ? std::optional{scalar_of_bits(*number, type)} : std::nullopt;
  }
  if (given.kind == kind::integer) return scalar_of_signed(given.integer, type);
  if (given.kind == kind::unsigned_integer) return scalar_of_bits(given.unsigned_integer, type);
  if (is_string && s.form == setting_form::bytes) {
    if (auto const number = parse_bytes(given.string)) return scalar_of_bits(*number, type);
  }
  if (is_string && given.is_lenient) {
    std::string_view const text = without_spaces_around(given.string);
    if (auto const number = digits_of<std::int64_t>(text, 10)) return scalar_of_signed(*number, type);
    if (auto const number = digits_of<std::uint64_t>(text, 10)) return scalar_of_bits(*number, type);
  }
  // A number that does not fit 64 bits is read as a floating-point number.
  auto const number = real_of(given);
  if (!number || (std::abs(*number) < 0x1p63 && (is_string || given.kind == kind::real))) return std::nullopt;
  return setting_scalar{*number, 0, false};
}

[[nodiscard, gnu::cold]] inline std::optional<setting_scalar> duration_of(given_scalar const& given,
                                                                          setting const& s,
                                                                          setting_type const& type) {
  double const unit = plain_unit_ns(s);
  double ns = 0;
  if (given.kind == given_scalar::type::string) {
    auto const parsed = parse_duration(given.string, unit);
    auto const number = parsed ? std::nullopt : real_of(given);
    if (!parsed && !number) return std::nullopt;
    if (parsed) {
      bool const is_exact = type.is_fractional || parsed->count() % 1'000'000'000 == 0;
      if (!is_exact) return std::nullopt;
      return setting_scalar{static_cast<double>(parsed->count()), parsed->count()};
    }
    ns = *number * unit;
  } else if (auto const number = real_of(given)) {
    ns = *number * unit;
  } else {
    return std::nullopt;
  }
  if (!(std::abs(ns) <= longest_duration_ns)) return setting_scalar{ns, 0, false};
  std::int64_t const whole = nearest_integer(ns);
  if (!type.is_fractional && whole % 1'000'000'000 != 0) return std::nullopt;
  return setting_scalar{ns, whole};
}

/// Returns the given value, even if it is outside its bounds, or nothing if it is not of this type.
[[nodiscard, gnu::cold]] inline std::optional<setting_scalar> scalar_of(given_scalar const& given,
                                                                        setting const& s,
                                                                        setting_type const& type) {
  using kind = given_scalar::type;
  bool const is_string = given.kind == kind::string;
  switch (type.kind) {
    case setting_kind::boolean: {
      if (given.kind == kind::boolean) return setting_scalar{0, given.integer != 0 ? 1 : 0};
      auto const flag = is_string && given.is_lenient ? parse_flag(given.string) : std::optional<bool>{};
      return flag ? std::optional{setting_scalar{0, *flag ? 1 : 0}} : std::nullopt;
    }
    case setting_kind::level: {
      if (given.kind == kind::integer)
        return setting_scalar{static_cast<double>(given.integer), given.integer};
      int const value = is_string ? type.parse_level(without_spaces_around(given.string)) : -1;
      return value >= 0 ? std::optional{setting_scalar{static_cast<double>(value), value}} : std::nullopt;
    }
    case setting_kind::integer: return integer_of(given, s, type);
    case setting_kind::number: {
      auto const number = real_of(given);
      return number ? std::optional{setting_scalar{*number, 0}} : std::nullopt;
    }
    case setting_kind::duration: return duration_of(given, s, type);
    case setting_kind::name: {
      std::int64_t value = 0;
      for (std::size_t i = 0; is_string; ++i) {
        std::string_view const name = type.name_at(i, value);
        if (name.empty()) break;
        bool const same = given.is_lenient ? equals_ignoring_case(given.string, name) : given.string == name;
        if (same) return setting_scalar{0, value};
      }
      return std::nullopt;
    }
    case setting_kind::string:
    case setting_kind::optional:
    case setting_kind::list:
    case setting_kind::map:
    case setting_kind::object: break;
  }
  return std::nullopt;
}

// --- what is wrong with a value ------------------------------------------------------------------------------

/// Formats a value for a message, in one form however it was given.
[[nodiscard, gnu::cold]] inline std::string scalar_text(setting_scalar const& v, setting const& s,
                                                        setting_type const& type) {
  if (type.kind == setting_kind::integer) {
    if (s.form == setting_form::octal) return octal_text(static_cast<std::uint64_t>(v.whole));
    if (!v.fits && v.whole == 0) return number_text(v.number);
    return v.number < 0 ? std::to_string(v.whole) : std::to_string(static_cast<std::uint64_t>(v.whole));
  }
  if (type.kind == setting_kind::duration) {
    if (v.fits) return duration_text(std::chrono::nanoseconds{v.whole});
    return v.number > 0 ? "more than 100 years" : "less than -100 years";
  }
  return type.kind == setting_kind::number ? number_text(v.number) : std::to_string(v.whole);
}

/// Returns what is wrong with the value, or an empty string.
[[nodiscard, gnu::cold]] inline std::string scalar_problem(setting_scalar const& v, setting const& s,
                                                           setting_type const& type) {
  auto const out_of = [&](std::string const& range) {
    return scalar_text(v, s, type) + " is out of range (" + range + ')';
  };
  switch (type.kind) {
    case setting_kind::level: return v.whole >= 0 && v.whole < 100 ? "" : out_of("0 to 99");
    case setting_kind::name: {
      std::int64_t value = 0;
      for (std::size_t i = 0; !type.name_at(i, value).empty(); ++i) {
        if (value == v.whole) return {};
      }
      return scalar_text(v, s, type) + " is invalid; expected " + rule_of(s, type);
    }
    case setting_kind::integer:
    case setting_kind::number:
    case setting_kind::duration: break;
    case setting_kind::boolean:
    case setting_kind::string:
    case setting_kind::optional:
    case setting_kind::list:
    case setting_kind::map:
    case setting_kind::object: return {};
  }
  float_kind const kind = kind_of_float(v.number);
  bool const is_no_bound = kind == float_kind::infinity && s.max >= setting::no_bound;
  if (kind == float_kind::nan || (is_no_bound && type.kind == setting_kind::number)) {
    return scalar_text(v, s, type) + " is invalid; expected " + rule_of(s, type);
  }
  double const value = type.kind == setting_kind::duration ? v.number / plain_unit_ns(s) : v.number;
  double const min = lower_bound_of(s, type);
  bool const is_inside = (s.above_min ? value > min : value >= min) && value <= s.max;
  if (!v.fits && type.kind == setting_kind::duration && value > 0) return out_of("at most 100 years");
  bool const of_type = !v.fits && (v.number > 0 || type.bytes < sizeof(std::int64_t));
  return is_inside && v.fits ? "" : out_of(range_text(s, type, of_type));
}

}  // namespace fapilog::inline v0_1::detail
