// SPDX-License-Identifier: MIT
// The severity numbers of OpenTelemetry: https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber.
#pragma once

#include <fapilog/record/level.hpp>

#include <algorithm>
#include <cstdint>

namespace fapilog::inline v0_1::detail::otlp {

/// TRACE is 1, DEBUG 5, INFO 9, WARNING 13, ERROR 17 and CRITICAL 21; a custom level lies between, in the range of the named
/// level below it. AUDIT is 12 (INFO4) and SECURITY 16 (WARN4): these levels are high so that no filter drops them, but they
/// are no failures, and a backend must not count them as such. Throws: never.
[[nodiscard]] constexpr std::uint32_t severity_number(level severity) noexcept {
  auto const number = static_cast<std::uint32_t>(severity);
  if (severity <= level::trace) return 1;
  if (severity < level::debug) return (std::min)(number - 4, 4U);  // TRACE2 to TRACE4
  if (severity >= level::security) return 16;
  if (severity >= level::audit) return 12;
  // Ten levels of fapilog are a range of four numbers.
  return 1 + number / 10 * 4 + number % 10 * 4 / 10;
}

}  // namespace fapilog::inline v0_1::detail::otlp
