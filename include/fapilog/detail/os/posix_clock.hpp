// SPDX-License-Identifier: MIT
// The clocks of POSIX.
#pragma once

#include <cstdint>

#include <time.h>

namespace fapilog::inline v0_1::detail {

/// Nanoseconds since 1970-01-01 UTC.
inline std::int64_t wall_clock_ns() noexcept {
  ::timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// Nanoseconds of a monotonic clock.
inline std::int64_t steady_clock_ns() noexcept {
  ::timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace fapilog::inline v0_1::detail
