// SPDX-License-Identifier: MIT
// Values as the numbers of a typed column, if they are numbers.
#pragma once

#include <fapilog/detail/float_kind.hpp>
#include <fapilog/detail/text/read_double.hpp>
#include <fapilog/record/value.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace fapilog::inline v0_1::detail {
namespace value_numbers_detail {

template <class Number>
std::optional<Number> parsed(std::string_view text) noexcept {
  Number number{};
  std::from_chars_result done{};
  if constexpr (std::is_floating_point_v<Number>) done = read_double(text, number);
  else done = std::from_chars(text.data(), text.data() + text.size(), number);
  if (done.ec != std::errc{} || done.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

struct whole_visitor {
  std::optional<std::int64_t> operator()(std::int64_t number) const noexcept { return number; }
  std::optional<std::int64_t> operator()(std::uint64_t number) const noexcept {
    if (number > static_cast<std::uint64_t>((std::numeric_limits<std::int64_t>::max)())) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  std::optional<std::int64_t> operator()(double number) const noexcept {
    constexpr double limit = 9'007'199'254'740'992.0;  // 2^53: above it a double is not an exact whole number
    if (!is_finite(number) || !(std::abs(number) <= limit) || number != std::floor(number))
      return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  std::optional<std::int64_t> operator()(float number) const noexcept {
    return (*this)(static_cast<double>(number));
  }
  std::optional<std::int64_t> operator()(std::string_view text) const noexcept {
    return parsed<std::int64_t>(text);
  }
  template <class Other>
  std::optional<std::int64_t> operator()(Other const&) const noexcept {
    return std::nullopt;
  }
};

struct real_visitor {
  std::optional<double> operator()(double number) const noexcept { return number; }
  std::optional<double> operator()(float number) const noexcept { return static_cast<double>(number); }
  std::optional<double> operator()(std::int64_t number) const noexcept { return static_cast<double>(number); }
  std::optional<double> operator()(std::uint64_t number) const noexcept {
    return static_cast<double>(number);
  }
  std::optional<double> operator()(value::duration duration) const noexcept {
    return static_cast<double>(duration.ns) / 1e9;  // seconds, as in JSON
  }
  std::optional<double> operator()(std::string_view text) const noexcept { return parsed<double>(text); }
  template <class Other>
  std::optional<double> operator()(Other const&) const noexcept {
    return std::nullopt;
  }
};

}  // namespace value_numbers_detail

/// A value as a whole number, if it is one.
[[nodiscard]] inline std::optional<std::int64_t> whole_number_of(value const& v) noexcept {
  return v.visit(value_numbers_detail::whole_visitor{});
}
/// A value as a floating-point number, if it is a number. A duration is in seconds, as in JSON.
[[nodiscard]] inline std::optional<double> real_number_of(value const& v) noexcept {
  return v.visit(value_numbers_detail::real_visitor{});
}

}  // namespace fapilog::inline v0_1::detail
