// SPDX-License-Identifier: MIT
// Several redactors as one, in a single walk over each event.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/stages/redactors/detail/redaction.hpp>

#include <concepts>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// The configurations of the redactors in this folder.
template <class T>
concept redactor_config = requires(detail::redaction& rules, T const& config) {
  add_rules(rules, config);
};
}  // namespace fapilog::inline v0_1::detail

namespace fapilog::inline v0_1::redactors {

/// Does what redactors with these configurations would do one after the other, at the cost of one:
/// `combined{by_name_config{}, url_credentials_config{}}`. If several rules cover a member, the first one given applies.
/// Strings are truncated last. Thread: the worker's.
class combined {
 public:
  combined() = default;
  /// Throws: what the redactors throw.
  template <detail::redactor_config... Configs>
    requires(sizeof...(Configs) > 0)
  explicit combined(Configs const&... configs) { (add(configs), ...); }

  /// Adds a redactor after the existing ones. Throws: what the redactor throws.
  template <detail::redactor_config Config>
  combined& add(Config const& config) {
    add_rules(rules_, config);
    return *this;
  }

  [[nodiscard]] static std::string_view name() noexcept { return "redactors"; }
  void redact(event& e) { rules_.redact(e); }
  void collect(metric_list& all) const { rules_.collect(all, name()); }

 private:
  detail::redaction rules_;
};

}  // namespace fapilog::inline v0_1::redactors
