// SPDX-License-Identifier: MIT
// Truncates long strings.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/redactors/detail/redaction.hpp>
#include <fapilog/stages/redactors/detail/rules_redactor.hpp>

#include <cstddef>
#include <string_view>

namespace fapilog::inline v0_1::redactors {

struct string_truncate_config {
  static constexpr std::string_view redactor = "string_truncate";

  std::size_t max_string_length = 0;  ///< characters; 0 disables truncation

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "max_string_length",
                  .text = "Maximum characters of a string; a longer one is cut and ends with [truncated]; 0 "
                          "disables it.",
                  .min = 0},
          self.max_string_length);
  }
};

}  // namespace fapilog::inline v0_1::redactors

namespace fapilog::inline v0_1::detail {

/// Adds its rules to `all`. Throws: never.
inline void add_rules(redaction& all, redactors::string_truncate_config const& config) noexcept {
  all.truncate(config.max_string_length);
}

}  // namespace fapilog::inline v0_1::detail

namespace fapilog::inline v0_1::redactors {

/// Cuts values and the message between two characters, never keys. If it is used on its own, put it after all other
/// redactors: they do not find half a secret. Thread: the worker's.
class string_truncate : public detail::rules_redactor<string_truncate_config> {
 public:
  using rules_redactor::rules_redactor;
};

}  // namespace fapilog::inline v0_1::redactors
