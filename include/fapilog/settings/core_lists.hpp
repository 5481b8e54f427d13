// SPDX-License-Identifier: MIT
// The names at the top of settings, and the lists of stages and sinks in the group `core`.
#pragma once

#include <fapilog/plugins/metadata.hpp>
#include <fapilog/plugins/plugin_entry.hpp>
#include <fapilog/setting.hpp>

#include <optional>
#include <string>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// What the group `core` has besides the members of the options: which sinks and stages there are, by name.
struct core_lists {
  using names = std::optional<std::vector<std::string>>;
  names filters = {};
  names enrichers = {};
  names redactors = {};
  names processors = {};
  names sinks = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "filters",
                  .text = "Filters, in this order; each by its name or that of an entry in `filter_config`."},
          self.filters);
    visit(setting{.name = "enrichers",
                  .text = "Enrichers, in this order, after `runtime_info`, which is always there."},
          self.enrichers);
    visit(setting{.name = "redactors", .text = "Redactors, in this order."}, self.redactors);
    visit(setting{.name = "processors", .text = "Processors of the finished line, in this order."},
          self.processors);
    visit(setting{.name = "sinks", .text = "Where records land; empty: nowhere, but they are counted."},
          self.sinks);
  }
  [[nodiscard]] names const& of(plugin_type kind) const noexcept {
    switch (kind) {
      case plugin_type::filter: return filters;
      case plugin_type::enricher: return enrichers;
      case plugin_type::redactor: return redactors;
      case plugin_type::processor: return processors;
      case plugin_type::sink: break;
    }
    return sinks;
  }
};

/// The names that settings may have at the top.
[[nodiscard]] inline std::vector<std::string> root_names() {
  std::vector<std::string> names{"$schema", "preset", "extends", "core", "plugins"};
  for (plugin_type const kind : plugin_kinds) names.push_back(group_of(kind));
  return names;
}

}  // namespace fapilog::inline v0_1::detail
