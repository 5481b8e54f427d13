// SPDX-License-Identifier: MIT
// Keeps the share of all events that gives a target number of events per second.
#pragma once

#include <fapilog/detail/chance.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/filter.hpp>
#include <fapilog/stages/filters/detail/arrival_rate.hpp>
#include <fapilog/stages/filters/detail/sample_rate.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fapilog::inline v0_1::filters {

struct adaptive_sampling_config {
  /// Events per second that should pass.
  double target_eps = 100.0;
  /// Bounds of the share that is kept, 0 to 1.
  double min_sample_rate = 0.01;
  double max_sample_rate = 1.0;
  /// Time over which arrivals are measured, 1 to 3600 seconds.
  double window_seconds = 10.0;
  /// Events of these levels always pass and do not count. The default includes AUDIT and SECURITY, because a sampled audit
  /// trail is not a trail.
  level_set always_pass_levels = level_set::of(fapilog::level::error, fapilog::level::critical,
                                               fapilog::level::audit, fapilog::level::security);
  /// How fast the share adapts: each second it moves by this part of its distance from the share that would meet the
  /// target. Above 0; 1 moves it at once.
  double smoothing_factor = 0.3;
  /// Seed of the random choices. Without a seed they differ in each run.
  std::optional<std::uint64_t> seed = std::nullopt;

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "target_eps",
                  .text = "Events per second that should pass.",
                  .min = 0,
                  .max = 1e12,
                  .above_min = true},
          self.target_eps);
    visit(setting{.name = "min_sample_rate", .text = "Smallest share that is kept.", .min = 0, .max = 1},
          self.min_sample_rate);
    visit(setting{.name = "max_sample_rate",
                  .text = "Largest share that is kept, at least `min_sample_rate`.",
                  .min = 0,
                  .max = 1},
          self.max_sample_rate);
    visit(setting{.name = "window_seconds",
                  .text = "Time over which arrivals are measured, in seconds.",
                  .min = 1,
                  .max = 3600},
          self.window_seconds);
    visit(setting{.name = "always_pass_levels", .text = "Levels that always pass and do not count."},
          self.always_pass_levels);
    visit(setting{.name = "smoothing_factor",
                  .text = "How far the share moves each second towards the share that would meet the target; "
                          "1: all the way.",
                  .min = 0,
                  .max = 1,
                  .above_min = true},
          self.smoothing_factor);
    visit(setting{.name = "seed", .text = "Seed of the random choices; without it they differ in each run."},
          self.seed);
  }

  static void(check)(adaptive_sampling_config const& config, setting_problems& problems) {
    if (config.min_sample_rate > config.max_sample_rate)
      problems.add("min_sample_rate", "must not be above max_sample_rate");
  }
};

/// Starts with `max_sample_rate`. The share is adjusted once per second, by the time of the calls. Throws:
/// std::invalid_argument in the constructor. Thread: the worker's; `collect` and `sample_rate` any.
class adaptive_sampling {
 public:
  explicit adaptive_sampling(adaptive_sampling_config const& config = {})
      : config_(checked(config)),
        arrivals_(config.window_seconds),
        chance_(config.max_sample_rate),
        random_(config.seed) {
    set_rate(config.max_sample_rate);
  }

  [[nodiscard]] static constexpr std::string_view name() noexcept { return "adaptive_sampling"; }

  [[nodiscard]] bool keep(event const& e) {
    if (config_.always_pass_levels.contains(e.severity)) return true;
    if (auto const seconds = arrivals_.add(e.unix_ns); seconds != 0) [[unlikely]]
      adapt(seconds);
    return chance_.takes(random_.next());
  }

  /// Changes `target_eps`. The share follows within seconds, as it does when arrivals change. Ignored if not above 0.
  void set_target(double events_per_second) noexcept {
    if (events_per_second > 0) config_.target_eps = events_per_second;
  }
  /// Under pressure: lowers the target to this share of `target_eps`, 1 for all of it, within the bounds of the sampling
  /// rate. A decrease takes effect at once, an increase within seconds. Ignored if not above 0.
  void tighten(double share) noexcept {
    if (!(share > 0)) return;
    share = (std::min)(share, 1.0);
    if (share < share_) set_rate(rate_ * share / share_);
    share_ = share;
  }

  /// The share of events that is kept at present. Thread: any.
  [[nodiscard]] double sample_rate() const noexcept { return std::bit_cast<double>(shared_rate_.value()); }
  void collect(metric_list& all) const { all.push_back(detail::sample_rate_metric(name(), sample_rate())); }

 private:
  static adaptive_sampling_config const& checked(adaptive_sampling_config const& config) {
    check_settings(name(), config);
    return config;
  }

  void adapt(std::int64_t seconds) {
    double const measured = arrivals_.per_second();
    double const target_rate = measured > 0 ? config_.target_eps * share_ / measured : 1.0;
    double const bounded = std::clamp(target_rate, config_.min_sample_rate, config_.max_sample_rate);
    double const remaining = std::pow(1 - config_.smoothing_factor, static_cast<double>(seconds));
    set_rate(bounded + (rate_ - bounded) * remaining);
  }

  void set_rate(double rate) noexcept {
    rate_ = std::clamp(rate, config_.min_sample_rate, config_.max_sample_rate);
    chance_.set(rate_);
    shared_rate_.set(std::bit_cast<std::uint64_t>(rate_));
  }

  adaptive_sampling_config config_;
  detail::arrival_rate arrivals_;
  double share_ = 1;
  double rate_ = 1;
  detail::chance chance_;
  detail::random_bits random_;
  counter shared_rate_;  ///< the bits of `rate_`, for other threads
};

}  // namespace fapilog::inline v0_1::filters
