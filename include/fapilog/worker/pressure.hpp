// SPDX-License-Identifier: MIT
// How much the worker is behind, and what is left out for that.
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

/// A state machine of one step at a time, with a pause after each. Thread: the worker's, but for `summary` and the level.
class pressure {
 public:
  using clock = std::chrono::steady_clock;

  pressure(adaptive_options options, level_set protected_levels, std::shared_ptr<diagnostics> tell)
      : options_(options), protected_levels_(protected_levels), diagnostics_(std::move(tell)) {}

  [[nodiscard]] bool is_enabled() const noexcept { return options_.enabled; }
  [[nodiscard]] bool is_normal() const noexcept { return level_ == pressure_level::normal; }
  /// When `evaluate` is worth a call.
  [[nodiscard]] clock::time_point due() const noexcept { return due_; }

  /// `fill` of the fullest lane, 0 to 1; each open circuit counts on top. True where the level has changed.
  bool evaluate(clock::time_point now, double fill, std::size_t open_circuits) {
    due_ = now + options_.check_interval;
    if (now < settled_) return false;
    double const load = fill + static_cast<double>(open_circuits) * options_.circuit_pressure_boost;
    auto const next = step(std::min(load, 1.0));
    if (next == level_) return false;
    bool const is_up = next > level_;
    (is_up ? escalations_ : deescalations_).add();
    diagnostics_->warn("pressure",
                       std::string{is_up ? "raised to " : "lowered to "} + pressure_level_name(next),
                       std::to_string(static_cast<int>(load * 100)) + " % load");
    level_ = next;
    shown_.set(static_cast<std::uint64_t>(next));
    peak_.raise_to(static_cast<std::uint64_t>(next));
    settled_ = now + options_.cooldown;
    return true;
  }

  /// True for a record that is left out: of unprotected levels below WARNING every second one at ELEVATED and all at
  /// HIGH; of all unprotected levels all at CRITICAL.
  [[nodiscard]] bool sheds(level severity) noexcept {
    if (is_normal() || !options_.filter_tightening || protected_levels_.contains(severity)) return false;
    bool const is_minor = severity < level::warning;
    bool const leaves_out = level_ == pressure_level::critical ||
                            (is_minor && (level_ == pressure_level::high || (++seen_ & 1) == 0));
    if (leaves_out) shed_.add();
    return leaves_out;
  }
  /// How much filters that can let less pass shall let pass, of what they were made for.
  [[nodiscard]] double share() const noexcept {
    constexpr std::array shares{1.0, 0.5, 0.25, 0.1};
    return options_.filter_tightening ? shares[static_cast<std::size_t>(level_)] : 1;
  }
  /// Times the ordinary size that a batch may have.
  [[nodiscard]] std::size_t batch_factor() const noexcept {
    if (!options_.batch_sizing) return 1;
    return level_ == pressure_level::critical ? 4 : level_ == pressure_level::high ? 2 : 1;
  }

  /// Thread: any.
  [[nodiscard]] pressure_summary summary() const noexcept {
    return {static_cast<pressure_level>(shown_.value()), static_cast<pressure_level>(peak_.value()),
            escalations_.value(), deescalations_.value(), shed_.value()};
  }
  void after_fork_in_child() noexcept {
    for (counter* const c : {&shown_, &peak_, &escalations_, &deescalations_, &shed_}) c->set(0);
    level_ = pressure_level::normal;
  }

 private:
  /// The next step towards what the load asks for.
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
  clock::time_point due_{};
  clock::time_point settled_{};
  std::uint64_t seen_ = 0;
  counter shown_;
  counter peak_;
  counter escalations_;
  counter deescalations_;
  counter shed_;
};

}  // namespace fapilog::inline v0_1::detail
