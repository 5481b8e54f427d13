// SPDX-License-Identifier: MIT
// Recognises NaN and infinities by their bits, also in programs built with -ffast-math.
#pragma once

#include <fapilog/detail/compiler.hpp>

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace fapilog::inline v0_1::detail {

enum class float_kind : std::uint8_t { finite, nan, infinity, minus_infinity };

/// Replaces std::isnan and std::isinf, which are constant with -ffast-math, and comparisons, which assume that there is no NaN.
template <class Float>
[[nodiscard]] constexpr float_kind kind_of_float(Float const& number) noexcept {
  if constexpr (sizeof(Float) > sizeof(double)) {
    return kind_of_float(static_cast<double>(number));
  } else {
    using bits_type = std::conditional_t<sizeof(Float) == sizeof(double), std::uint64_t, std::uint32_t>;
    constexpr int mantissa = std::numeric_limits<Float>::digits - 1;
    constexpr bits_type sign = bits_type{1} << (sizeof(Float) * 8 - 1);
    constexpr auto infinity = static_cast<bits_type>((sign - 1) >> mantissa << mantissa);
    auto bits = std::bit_cast<bits_type>(number);
    // With -ffast-math, clang 17 and newer conclude from the type that these are not the bits of an infinity.
    if (!std::is_constant_evaluated()) hide_from_optimiser(bits);
    auto const magnitude = static_cast<bits_type>(bits & ~sign);
    if (magnitude < infinity) return float_kind::finite;
    if (magnitude > infinity) return float_kind::nan;
    return bits == infinity ? float_kind::infinity : float_kind::minus_infinity;
  }
}
template <class Float>
[[nodiscard]] constexpr bool is_finite(Float const& number) noexcept {
  return kind_of_float(number) == float_kind::finite;
}
/// True if the sign bit is set, also that of a zero or a NaN.
template <class Float>
[[nodiscard]] constexpr bool is_negative_float(Float const& number) noexcept {
  if constexpr (sizeof(Float) > sizeof(double)) {
    return is_negative_float(static_cast<double>(number));
  } else if constexpr (sizeof(Float) == sizeof(double)) {
    return std::bit_cast<std::uint64_t>(number) >> 63U != 0;
  } else {
    return std::bit_cast<std::uint32_t>(number) >> 31U != 0;
  }
}

}  // namespace fapilog::inline v0_1::detail
