// SPDX-License-Identifier: MIT
// How a level is changed at run time: for how long, and by whom.
#pragma once

#include <fapilog/record/level.hpp>

#include <chrono>
#include <string>

namespace fapilog::inline v0_1 {

/// For `basic_runtime::set_level`. A change that is made with it is recorded at level AUDIT.
struct level_change {
  /// Time after which the level is again what it was before; 0: the change stays. Not counted while the machine sleeps.
  std::chrono::nanoseconds expires_after{0};
  /// Who changes it, for the record; empty: unknown.
  std::string changed_by = {};
};

/// One rule of the levels of a runtime.
struct level_rule {
  std::string pattern;  ///< `db.pool`, `db.*`, or `*` for all that have no other rule
  level lowest = level::info;
  std::chrono::nanoseconds expires_after{0};  ///< remaining time; 0: the rule stays
};

namespace detail {

/// A change of a level that must be recorded.
struct level_note {
  std::string pattern;
  level before = level::info;
  level now = level::info;
  std::string changed_by;
  std::chrono::nanoseconds expires_after{0};
  bool has_expired = false;  ///< the change is the end of an earlier one
};

}  // namespace detail
}  // namespace fapilog::inline v0_1
