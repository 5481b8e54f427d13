// SPDX-License-Identifier: MIT
// The changes that can be applied to a running runtime.
#pragma once

#include <fapilog/record/level.hpp>
#include <fapilog/setup/delivery_options.hpp>
#include <fapilog/setup/policies.hpp>
#include <fapilog/stages/enricher.hpp>
#include <fapilog/stages/filter.hpp>
#include <fapilog/stages/processor.hpp>
#include <fapilog/stages/redactor.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

/// For `basic_runtime::change`. A member that is set replaces the option of that name; a stage that is not replaced keeps
/// its state.
struct runtime_changes {
  /// Also replaces the level that `set_level("*", ...)` set.
  std::optional<level> log_level = {};
  /// Replaces all rules, including those of `set_level`.
  std::optional<std::vector<std::pair<std::string, level>>> log_levels = {};
  std::optional<std::vector<any_filter>> filters = {};
  /// Replaces the enrichers after `runtime_info` and `source_location`; those two stay.
  std::optional<std::vector<any_enricher>> enrichers = {};
  /// Replaces the redactors after those of the preset; the redactors of the preset stay.
  std::optional<std::vector<any_redactor>> redactors = {};
  std::optional<std::vector<any_processor>> processors = {};
  std::optional<fapilog::redaction_fail_mode> redaction_fail_mode = {};
  std::optional<fapilog::routing> routing = {};
  /// One route for each sink, in the order of the sinks.
  std::optional<std::vector<route>> routes = {};
  /// If not empty, an AUDIT record says for each level that changes what it was, what it is, and that this name has changed it.
  std::string changed_by = {};
};

}  // namespace fapilog::inline v0_1
