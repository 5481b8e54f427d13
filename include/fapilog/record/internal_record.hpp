// SPDX-License-Identifier: MIT
// A record that the library itself logs, such as a summary of suppressed records.
#pragma once

#include <fapilog/record/level.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace fapilog::inline v0_1 {

/// Passes enrichers and redactors like any other record, but skips the filters. Its `data` has `_fapilog_internal`, true.
struct internal_record {
  level severity = level::warning;
  std::string message;
  std::vector<std::pair<std::string, std::variant<std::int64_t, double, std::string>>> data;
};

}  // namespace fapilog::inline v0_1
