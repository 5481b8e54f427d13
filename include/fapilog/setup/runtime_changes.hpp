// SPDX-License-Identifier: MIT
// What can be changed in a runtime while it runs.
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

/// For `basic_runtime::change`. A member that is given takes the place of what the option of that name said; what is not
/// given stays, with its state.
struct runtime_changes {
  /// Also takes the place of what `set_level("*", ...)` said.
  std::optional<level> log_level = {};
  /// All rules anew: also those of `set_level` go.
  std::optional<std::vector<std::pair<std::string, level>>> log_levels = {};
  std::optional<std::vector<any_filter>> filters = {};
  /// Those after the ones that every runtime has.
  std::optional<std::vector<any_enricher>> enrichers = {};
  std::optional<std::vector<any_redactor>> redactors = {};
  std::optional<std::vector<any_processor>> processors = {};
  std::optional<fapilog::redaction_fail_mode> redaction_fail_mode = {};
  std::optional<fapilog::routing> routing = {};
  /// One for each sink, in their order.
  std::optional<std::vector<route>> routes = {};
};

}  // namespace fapilog::inline v0_1
