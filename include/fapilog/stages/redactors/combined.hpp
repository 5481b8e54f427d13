// SPDX-License-Identifier: MIT
// Several redactors as one, which walks over an event once.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/stages/redactors/detail/redaction.hpp>

#include <concepts>
#include <string_view>

namespace fapilog::inline v0_1::redactors {

/// Configurations of redactors of this folder.
template <class T>
concept redactor_config = requires(redaction& rules, T const& config) {
  add_rules(rules, config);
};

/// Does what redactors of these configurations would do one after the other, for the price of one:
/// `combined{by_name_config{}, url_credentials_config{}}`. Of several rules that cover a member the first one given
/// counts; texts are cut last. Thread: the worker's.
class combined {
 public:
  combined() = default;
  /// Throws: as the redactors.
  template <redactor_config... Configs>
    requires(sizeof...(Configs) > 0)
  explicit combined(Configs const&... configs) { (add(configs), ...); }

  /// Adds a redactor behind those so far. Throws: as the redactor.
  template <redactor_config Config>
  combined& add(Config const& config) {
    add_rules(rules_, config);
    return *this;
  }

  [[nodiscard]] static std::string_view name() noexcept { return "redactors"; }
  void redact(event& e) { rules_.redact(e); }
  void collect(metric_list& all) const { rules_.collect(all, name()); }

 private:
  redaction rules_;
};

}  // namespace fapilog::inline v0_1::redactors
