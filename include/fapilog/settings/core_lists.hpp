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

/// The members of the group `core` besides those of the options: the names of stages and sinks.
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
                  .text = "Filters, in this order; each by its name or that of an entry in `filter_config`.",
                  .reloadable = true},
          self.filters);
    visit(setting{.name = "enrichers",
                  .text = "Enrichers, in this order, after `runtime_info`, which always runs.",
                  .reloadable = true},
          self.enrichers);
    visit(setting{.name = "redactors",
                  .text = "Redactors in addition to those of the preset (`preset_redactors`), in this order.",
                  .reloadable = true},
          self.redactors);
    visit(setting{.name = "processors",
                  .text = "Processors of the finished line, in this order.",
                  .reloadable = true},
          self.processors);
    visit(setting{.name = "sinks", .text = "Where records are delivered; empty: records are only counted."},
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
