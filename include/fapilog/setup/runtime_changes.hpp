// SPDX-License-Identifier: MIT
// The changes that a running runtime takes.
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
  /// Also replaces the level that `set_level("*", ...)` gave.
  std::optional<level> log_level = {};
  /// Replaces all rules, those of `set_level` too.
  std::optional<std::vector<std::pair<std::string, level>>> log_levels = {};
  std::optional<std::vector<any_filter>> filters = {};
  /// Those after `runtime_info` and `source_location`, which stay.
  std::optional<std::vector<any_enricher>> enrichers = {};
  /// Those after the ones of the preset, which stay.
  std::optional<std::vector<any_redactor>> redactors = {};
  std::optional<std::vector<any_processor>> processors = {};
  std::optional<fapilog::redaction_fail_mode> redaction_fail_mode = {};
  std::optional<fapilog::routing> routing = {};
  /// One for each sink, in their order.
  std::optional<std::vector<route>> routes = {};
};

}  // namespace fapilog::inline v0_1
