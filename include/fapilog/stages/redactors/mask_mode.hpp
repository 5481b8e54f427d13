// SPDX-License-Identifier: MIT
// How redactors replace a covered value.
#pragma once

#include <fapilog/setting.hpp>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::redactors {

/// How a covered value is replaced.
enum class mask_mode : std::uint8_t {
  mask,  ///< by the same string for all values
  pseudonym,  ///< by `hmac:` and 16 hexadecimal digits: the same for equal values, and not reversible without the key
};

}  // namespace fapilog::inline v0_1::redactors

template <>
struct fapilog::enum_names<fapilog::redactors::mask_mode> {
  static constexpr std::array names{
      std::pair{redactors::mask_mode::mask, std::string_view{"mask"}},
      std::pair{redactors::mask_mode::pseudonym, std::string_view{"pseudonym"}}};
};
