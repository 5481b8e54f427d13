// SPDX-License-Identifier: MIT
// Keeps a share of all events, by chance.
#pragma once

#include <fapilog/detail/chance.hpp>
#include <fapilog/detail/setting_check.hpp>
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
  /// With a seed the same places in the order of events are kept each time; without, others in each run.
  std::optional<std::uint64_t> seed = std::nullopt;

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "sample_rate", .text = "Share of events that are kept.", .min = 0, .max = 1},
          self.sample_rate);
    visit(setting{.name = "seed", .text = "Start of the random choices; without one it differs in each run."},
          self.seed);
  }
};

/// Every event has the same chance, whatever its level. Throws: never but in the constructor, std::invalid_argument.
/// Thread: the worker's.
class sampling {
 public:
  explicit sampling(sampling_config const& config = {})
      : rate_(checked(config)), chance_(rate_), random_(config.seed) {}

  [[nodiscard]] static constexpr std::string_view name() noexcept { return "sampling"; }
  [[nodiscard]] bool keep(event const&) noexcept { return chance_.takes(random_.next()); }
  void collect(metric_list& all) const { all.push_back(sample_rate_metric(name(), rate_)); }

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
