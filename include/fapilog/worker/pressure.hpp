// SPDX-License-Identifier: MIT
// Measures how far the worker is behind, and decides which records to shed.
#pragma once

#include <fapilog/metrics/account.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/setup/policies.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// A state machine that changes by one level at a time, with a cooldown after each change.
/// Thread: the worker's, except `summary`.
class pressure {
 public:
  using clock = std::chrono::steady_clock;

  [[gnu::cold]] pressure(adaptive_options options, level_set protected_levels,
                         std::shared_ptr<diagnostics> reports)
      : options_(options), protected_levels_(protected_levels), diagnostics_(std::move(reports)) {}

  [[nodiscard]] bool is_enabled() const noexcept { return options_.enabled; }
  [[nodiscard]] bool is_normal() const noexcept { return level_ == pressure_level::normal; }
  /// When `evaluate` must be called next.
  [[nodiscard]] clock::time_point next_check() const noexcept { return next_check_; }

  /// Updates the level. `fill` is that of the fullest lane, 0 to 1; each open circuit adds to it. Returns true if the
  /// level has changed.
  bool evaluate(clock::time_point now, double fill, std::size_t open_circuits) {
    next_check_ = now + options_.check_interval;
    if (now < cooldown_end_) return false;
    double const load = fill + static_cast<double>(open_circuits) * options_.circuit_pressure_boost;
    auto const next = step((std::min)(load, 1.0));
    if (next == level_) return false;
    bool const is_up = next > level_;
    (is_up ? escalations_ : deescalations_).add();
    diagnostics_->warn("pressure",
                       std::string{is_up ? "raised to " : "lowered to "} + pressure_level_name(next),
                       std::to_string(static_cast<int>(load * 100)) + " % load");
    level_ = next;
    shown_.set(static_cast<std::uint64_t>(next));
    peak_.raise_to(static_cast<std::uint64_t>(next));
    cooldown_end_ = now + options_.cooldown;
    return true;
  }

  /// Decides whether to leave a record out, and counts it if so. Of unprotected levels below WARNING it leaves out every
  /// second record at ELEVATED and all at HIGH; at CRITICAL it leaves out all records of unprotected levels.
  [[nodiscard]] bool shed(level severity) noexcept {
    if (is_normal() || !options_.filter_tightening || protected_levels_.contains(severity)) return false;
    bool const is_minor = severity < level::warning;
    bool const leaves_out = level_ == pressure_level::critical ||
                            (is_minor && (level_ == pressure_level::high || (++seen_ & 1) == 0));
    if (leaves_out) shed_.add();
    return leaves_out;
  }
  /// The share of their configured rate that adjustable filters must keep to; 0 to 1.
  [[nodiscard]] double share() const noexcept {
    constexpr std::array shares{1.0, 0.5, 0.25, 0.1};
    return options_.filter_tightening ? shares[static_cast<std::size_t>(level_)] : 1;
  }
  /// By how much a batch may exceed its ordinary size.
  [[nodiscard]] std::size_t batch_factor() const noexcept {
    if (!options_.batch_sizing) return 1;
    return level_ == pressure_level::critical ? 4 : level_ == pressure_level::high ? 2 : 1;
  }

  /// Thread: any.
  [[nodiscard, gnu::cold]] account::pressure_summary summary() const noexcept {
    return {static_cast<pressure_level>(shown_.value()), static_cast<pressure_level>(peak_.value()),
            escalations_.value(), deescalations_.value(), shed_.value()};
  }
  [[gnu::cold]] void after_fork_in_child() noexcept {
    for (counter* const c : {&shown_, &peak_, &escalations_, &deescalations_, &shed_}) c->set(0);
    level_ = pressure_level::normal;
  }

 private:
  /// The next level for this load.
  [[nodiscard]] pressure_level step(double load) const noexcept {
    switch (level_) {
      case pressure_level::normal:
        return load >= options_.escalate_to_elevated ? pressure_level::elevated : level_;
      case pressure_level::elevated:
        if (load >= options_.escalate_to_high) return pressure_level::high;
        return load < options_.deescalate_from_elevated ? pressure_level::normal : level_;
      case pressure_level::high:
        if (load >= options_.escalate_to_critical) return pressure_level::critical;
        return load < options_.deescalate_from_high ? pressure_level::elevated : level_;
      case pressure_level::critical:
        return load < options_.deescalate_from_critical ? pressure_level::high : level_;
    }
    return level_;
  }

  adaptive_options const options_;
  level_set const protected_levels_;
  std::shared_ptr<diagnostics> diagnostics_;
  pressure_level level_ = pressure_level::normal;
  clock::time_point next_check_{};
  clock::time_point cooldown_end_{};
  std::uint64_t seen_ = 0;
  counter shown_;
  counter peak_;
  counter escalations_;
  counter deescalations_;
  counter shed_;
};

}  // namespace fapilog::inline v0_1::detail
