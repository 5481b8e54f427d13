// SPDX-License-Identifier: MIT
// Cuts long texts.
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

  std::size_t max_string_length = 0;  ///< characters; 0: nothing is cut

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "max_string_length",
                  .text = "Characters that a text may have; a longer one is cut and ends with [truncated]; 0 "
                          "cuts nothing.",
                  .min = 0},
          self.max_string_length);
  }
};

/// Adds its rules to those of a walk. Throws: never.
inline void add_rules(redaction& all, string_truncate_config const& config) noexcept {
  all.truncate(config.max_string_length);
}

/// Cuts values and the message between two characters. Keys stay. By itself it comes after the other redactors: half a
/// secret is not found any more. Thread: the worker's.
class string_truncate : public rules_redactor<string_truncate_config> {
 public:
  using rules_redactor::rules_redactor;
};

}  // namespace fapilog::inline v0_1::redactors
