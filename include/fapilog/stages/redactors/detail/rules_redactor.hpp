// SPDX-License-Identifier: MIT
// The common base of redactors with one kind of rules: a walk over the event with these rules.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/stages/redactors/detail/redaction.hpp>

#include <string_view>

namespace fapilog::inline v0_1::detail {

/// `Config` has `redactor`, the redactor's name, and a function `add_rules`. Thread: the worker's.
template <class Config>
class rules_redactor {
 public:
  /// Throws: what `add_rules` throws for this configuration.
  explicit rules_redactor(Config const& config = {}) { add_rules(rules_, config); }

  [[nodiscard]] static constexpr std::string_view name() noexcept { return Config::redactor; }
  void redact(event& e) { rules_.redact(e); }
  void collect(metric_list& all) const { rules_.collect(all, name()); }

 private:
  redaction rules_;
};

}  // namespace fapilog::inline v0_1::detail
