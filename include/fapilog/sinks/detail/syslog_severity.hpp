// SPDX-License-Identifier: MIT
// The severities of syslog, which journald has as priorities.
#pragma once

#include <fapilog/record/level.hpp>

namespace fapilog::inline v0_1::detail {

/// The severity of a level, 0 (emergency) to 7 (debug). AUDIT is a notice and SECURITY a warning: receivers alert people by
/// severity, and most of these records are no failure. Custom levels count as the named or documented level below them.
[[nodiscard]] constexpr unsigned syslog_severity(level severity) noexcept {
  constexpr level notice_begin = custom_level(25);
  if (severity < level::info) return 7;
  if (severity < notice_begin) return 6;
  if (severity < level::warning) return 5;
  if (severity < level::error) return 4;
  if (severity < level::critical) return 3;
  if (severity < level::audit) return 2;
  return severity < level::security ? 5 : 4;
}

}  // namespace fapilog::inline v0_1::detail
