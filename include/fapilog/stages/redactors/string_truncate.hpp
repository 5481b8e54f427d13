// SPDX-License-Identifier: MIT
// Cuts long texts.
#pragma once

#include <fapilog/detail/setting.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/stages/redactors/redaction.hpp>

#include <cstddef>
#include <string_view>

namespace fapilog::redactors {

struct string_truncate_config {
  std::size_t max_string_length = 0;  ///< characters; 0: nothing is cut

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(
        detail::setting{
            .name = "max_string_length",
            .text = "Characters that a text may have; a longer one is cut and ends with [truncated]; 0 "
                    "cuts nothing.",
            .least = 0},
        self.max_string_length);
  }
};

/// Adds its rules to those of a walk. Throws: never.
inline void add_rules(redaction& all, string_truncate_config const& config) noexcept {
  all.truncate(config.max_string_length);
}

/// Cuts values and the message between two characters. Keys stay. By itself it comes after the other redactors: half a
/// secret is not found any more. Thread: the worker's.
class string_truncate {
 public:
  explicit string_truncate(string_truncate_config const& config = {}) { add_rules(rules_, config); }
  [[nodiscard]] static std::string_view name() noexcept { return "string_truncate"; }
  void redact(event& e) { rules_.redact(e); }
  void collect(metric_list& all) const { rules_.collect(all, name()); }

 private:
  redaction rules_;
};

}  // namespace fapilog::redactors
