// SPDX-License-Identifier: MIT
// The settings that sinks with readable lines share.
#pragma once

#include <fapilog/setting.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1 {
namespace sinks {

/// The zone in which readable lines show times. JSON always has UTC.
enum class time_zone : std::uint8_t {
  utc,
  local,  ///< of the machine, or of the variable TZ
};

}  // namespace sinks

namespace detail {

inline constexpr setting pattern_setting{
    .name = "pattern",
    .text = "The form of a readable line, such as `{time} {level:<8} {logger}: {message} {fields}`."};
inline constexpr setting time_zone_setting{.name = "zone",
                                           .text = "The zone in which readable lines show times."};

/// Returns what is wrong with a pattern, or an empty string. Throws: std::bad_alloc.
[[nodiscard]] std::string pattern_problem(std::string_view sink, std::string const& pattern);

}  // namespace detail
}  // namespace fapilog::inline v0_1

template <>
struct fapilog::enum_names<fapilog::sinks::time_zone> {
  using time_zone = fapilog::sinks::time_zone;
  static constexpr std::array<std::pair<time_zone, std::string_view>, 2> names{
      {{time_zone::utc, "utc"}, {time_zone::local, "local"}}};
};
