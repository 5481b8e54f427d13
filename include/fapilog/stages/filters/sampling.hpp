// SPDX-License-Identifier: MIT
// Keeps a random share of all events.
#pragma once

#include <fapilog/detail/chance.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/filter.hpp>
#include <fapilog/stages/filters/detail/sample_rate.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace fapilog::inline v0_1::filters {

struct sampling_config {
  /// Share of events that are kept, 0 to 1.
  double sample_rate = 1.0;
  /// Seed of the random choices: the same seed keeps the same positions in the order of events. Without a seed they differ
  /// in each run.
  std::optional<std::uint64_t> seed = std::nullopt;

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "sample_rate", .text = "Share of events that are kept.", .min = 0, .max = 1},
          self.sample_rate);
    visit(setting{.name = "seed", .text = "Seed of the random choices; without it they differ in each run."},
          self.seed);
  }
};

/// Every event has the same chance, whatever its level. Throws: std::invalid_argument in the constructor. Thread: the
/// worker's; `collect` any.
class sampling {
 public:
  explicit sampling(sampling_config const& config = {})
      : rate_(checked(config)), chance_(rate_), random_(config.seed) {}

  [[nodiscard]] static constexpr std::string_view name() noexcept { return "sampling"; }
  [[nodiscard]] bool keep(event const&) noexcept { return chance_.takes(random_.next()); }
  void collect(metric_list& all) const { all.push_back(detail::sample_rate_metric(name(), rate_)); }

 private:
  static double checked(sampling_config const& config) {
    check_settings(name(), config);
    return config.sample_rate;
  }

  double rate_;
  detail::chance chance_;
  detail::random_bits random_;
};

}  // namespace fapilog::inline v0_1::filters
