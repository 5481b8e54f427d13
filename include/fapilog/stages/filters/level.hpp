// SPDX-License-Identifier: MIT
// Drops events by their level.
#pragma once

#include <fapilog/record/level.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/filter.hpp>

#include <string_view>

namespace fapilog::inline v0_1::filters {

struct level_config {
  /// Threshold; see `drop_below`.
  fapilog::level min_level = fapilog::level::info;
  /// True drops events below `min_level`. False drops events at `min_level` or above.
  bool drop_below = true;

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "min_level", .text = "Threshold; see `drop_below`."}, self.min_level);
    visit(setting{.name = "drop_below",
                  .text = "True: events below `min_level` are dropped; false: those at it or above."},
          self.drop_below);
  }
};

/// `options::log_level` does the same for a whole runtime at less cost: calls below it are not even submitted.
/// Throws: never. Thread: the worker's.
class level {
 public:
  explicit level(level_config const& config = {}) noexcept : config_(config) {}

  [[nodiscard]] static constexpr std::string_view name() noexcept { return "level"; }
  [[nodiscard]] bool keep(event const& e) const noexcept {
    return (e.severity < config_.min_level) != config_.drop_below;
  }

 private:
  level_config config_;
};

}  // namespace fapilog::inline v0_1::filters
