// SPDX-License-Identifier: MIT
// The clocks of Windows.
#pragma once

#include <fapilog/detail/os/windows_api.hpp>

#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// Nanoseconds since 1970-01-01 UTC.
inline std::int64_t wall_clock_ns() noexcept {
  windows::file_time now;
  windows::GetSystemTimePreciseAsFileTime(reinterpret_cast<struct _FILETIME*>(&now));
  return now.unix_ns();
}

/// Nanoseconds of a monotonic clock: of std::chrono::steady_clock, too, which reads the same counter.
inline std::int64_t steady_clock_ns() noexcept {
  static std::int64_t const per_second = [] {
    std::int64_t frequency = 0;
    (void)windows::QueryPerformanceFrequency(reinterpret_cast<union _LARGE_INTEGER*>(&frequency));
    return frequency;
  }();
  constexpr std::int64_t billion = 1'000'000'000;
  std::int64_t ticks = 0;
  (void)windows::QueryPerformanceCounter(reinterpret_cast<union _LARGE_INTEGER*>(&ticks));
  return ticks / per_second * billion + ticks % per_second * billion / per_second;
}

}  // namespace fapilog::inline v0_1::detail
