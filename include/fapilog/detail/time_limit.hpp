// SPDX-License-Identifier: MIT
// Durations that can be added to the current time: 64-bit nanoseconds end after 292 years.
#pragma once

#include <chrono>

namespace fapilog::inline v0_1::detail {

/// 100 years.
inline constexpr double longest_duration_ns = 36'525 * 86'400e9;

/// A timeout, given in any unit. A longer one means 100 years.
class time_limit {
 public:
  template <class Rep, class Period>
  constexpr time_limit(
      std::chrono::duration<Rep, Period> given) noexcept  // NOLINT(google-explicit-constructor)
      : ns_(limited(given)) {}

  constexpr operator std::chrono::nanoseconds() const noexcept {  // NOLINT(google-explicit-constructor)
    return ns_;
  }

 private:
  template <class Duration>
  static constexpr std::chrono::nanoseconds limited(Duration given) noexcept {
    using std::chrono::nanoseconds;
    constexpr nanoseconds longest{static_cast<nanoseconds::rep>(longest_duration_ns)};
    double const ns = std::chrono::duration_cast<std::chrono::duration<double, std::nano>>(given).count();
    if (ns >= longest_duration_ns) return longest;
    if (ns <= -longest_duration_ns) return -longest;
    return ns == ns ? std::chrono::duration_cast<nanoseconds>(given) : nanoseconds{0};
  }

  std::chrono::nanoseconds ns_;
};

}  // namespace fapilog::inline v0_1::detail
