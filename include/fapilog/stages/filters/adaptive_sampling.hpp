// SPDX-License-Identifier: MIT
// Keeps as large a share of all events as a wanted number a second allows.
#pragma once

#include <fapilog/detail/chance.hpp>
#include <fapilog/detail/setting_check.hpp>
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
  /// Events a second that are to pass.
  double target_eps = 100.0;
  /// The share that is kept never leaves these bounds, 0 to 1.
  double min_sample_rate = 0.01;
  double max_sample_rate = 1.0;
  /// Arrivals are measured over this time, 1 to 3600 seconds.
  double window_seconds = 10.0;
  /// Events of these levels pass in any case, and do not count. AUDIT and SECURITY are among them: who samples them has
  /// no trail.
  level_set always_pass_levels = level_set::of(fapilog::level::error, fapilog::level::critical,
                                               fapilog::level::audit, fapilog::level::security);
  /// How far the share moves each second towards the one that would hit the target, up to 1: all the way.
  double smoothing_factor = 0.3;
  /// Start of the random choices; without one it differs in each run.
  std::optional<std::uint64_t> seed = std::nullopt;

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "target_eps",
                  .text = "Events a second that are to pass.",
                  .min = 0,
                  .max = 1e12,
                  .above_min = true},
          self.target_eps);
    visit(setting{.name = "min_sample_rate", .text = "Least share that is kept.", .min = 0, .max = 1},
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
    visit(setting{.name = "always_pass_levels", .text = "Levels that pass in any case, and do not count."},
          self.always_pass_levels);
    visit(setting{.name = "smoothing_factor",
                  .text = "How far the share moves each second towards the one that would hit the target.",
                  .min = 0,
                  .max = 1,
                  .above_min = true},
          self.smoothing_factor);
    visit(setting{.name = "seed", .text = "Start of the random choices; without one it differs in each run."},
          self.seed);
  }
};

/// Begins with `max_sample_rate`; from then on the share is looked at once a second, by the time of the calls. Throws:
/// std::invalid_argument in the constructor. Thread: the worker's, but for `collect`.
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

  /// Another `target_eps`; the share follows within seconds, as it does when arrivals change. What is not above zero
  /// changes nothing.
  void set_target(double events_per_second) noexcept {
    if (events_per_second > 0) config_.target_eps = events_per_second;
  }
  /// For times of pressure: lets only this share of the target pass, 1 for all of it, within the bounds of the sampling
  /// rate. Less counts at once, more within seconds. What is not above zero changes nothing.
  void tighten(double share) noexcept {
    if (!(share > 0)) return;
    share = std::min(share, 1.0);
    if (share < share_) set_rate(rate_ * share / share_);
    share_ = share;
  }

  /// The share of events that is kept now. Thread: any.
  [[nodiscard]] double sample_rate() const noexcept { return std::bit_cast<double>(told_.value()); }
  void collect(metric_list& all) const { all.push_back(sample_rate_metric(name(), sample_rate())); }

 private:
  static adaptive_sampling_config const& checked(adaptive_sampling_config const& config) {
    check_settings(name(), config);
    if (config.min_sample_rate > config.max_sample_rate) {
      detail::refuse_setting(name(), "min_sample_rate", detail::number_text(config.min_sample_rate),
                             "at most `max_sample_rate`, " + detail::number_text(config.max_sample_rate));
    }
    return config;
  }

  void adapt(std::int64_t seconds) {
    double const measured = arrivals_.per_second();
    double const wanted = measured > 0 ? config_.target_eps * share_ / measured : 1.0;
    double const bounded = std::clamp(wanted, config_.min_sample_rate, config_.max_sample_rate);
    double const left = std::pow(1 - config_.smoothing_factor, static_cast<double>(seconds));
    set_rate(bounded + (rate_ - bounded) * left);
  }

  void set_rate(double rate) noexcept {
    rate_ = std::clamp(rate, config_.min_sample_rate, config_.max_sample_rate);
    chance_.set(rate_);
    told_.set(std::bit_cast<std::uint64_t>(rate_));
  }

  adaptive_sampling_config config_;
  arrival_rate arrivals_;
  double share_ = 1;
  double rate_ = 1;
  detail::chance chance_;
  detail::random_bits random_;
  counter told_;  ///< the bits of `rate_`, for other threads
};

}  // namespace fapilog::inline v0_1::filters
