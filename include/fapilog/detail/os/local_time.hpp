// SPDX-License-Identifier: MIT
// Times in the zone of the machine.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#include <cstdint>
#include <ctime>

namespace fapilog::inline v0_1::detail {

/// A date and a time of day in the zone of the machine (TZ).
struct local_day_time {
  int month = 0;  ///< 0 to 11
  int day = 1;
  int hour = 0, minute = 0, second = 0;
  int year = 1970;
};

[[nodiscard, gnu::cold]] inline local_day_time local_time(std::int64_t unix_seconds) noexcept {
  auto const seconds = number_cast<std::time_t>(unix_seconds);
  std::tm found{};
#if FAPILOG_DETAIL_WINDOWS
  if (::localtime_s(&found, &seconds) != 0) return {};
#else
  if (::localtime_r(&seconds, &found) == nullptr) return {};
#endif
  return {found.tm_mon, found.tm_mday, found.tm_hour, found.tm_min, found.tm_sec, found.tm_year + 1900};
}

}  // namespace fapilog::inline v0_1::detail
