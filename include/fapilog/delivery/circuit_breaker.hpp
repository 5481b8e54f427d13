// SPDX-License-Identifier: MIT
// Stops attempts on a sink that keeps failing, then tries it with one batch.
#pragma once

#include <fapilog/setup/policies.hpp>

#include <chrono>
#include <cstdint>
#include <utility>

namespace fapilog::inline v0_1::detail {

enum class circuit : std::uint8_t { closed = 0, half_open = 1, open = 2 };

[[nodiscard]] constexpr char const* circuit_name(circuit state) noexcept {
  switch (state) {
    case circuit::closed: return "closed";
    case circuit::half_open: return "half_open";
    case circuit::open: return "open";
  }
  return "unknown";
}

/// Thread: one at a time.
class circuit_breaker {
 public:
  using clock = std::chrono::steady_clock;

  explicit circuit_breaker(circuit_breaker_options options) noexcept : options_(options) {}

  [[nodiscard]] circuit state() const noexcept { return state_; }
  /// When an open circuit allows the next attempt.
  [[nodiscard]] clock::time_point retry_at() const noexcept { return retry_at_; }

  /// Makes an open circuit half-open once `retry_at` has passed.
  void update(clock::time_point now) noexcept {
    if (state_ == circuit::open && now >= retry_at_) state_ = circuit::half_open;
  }
  [[nodiscard]] bool allows_attempt() const noexcept { return state_ != circuit::open; }

  void note_success() noexcept {
    state_ = circuit::closed;
    failures_ = 0;
  }
  /// Opens the circuit for `pause`, even if the breaker is disabled. Returns true if it was closed.
  bool open(clock::time_point now, clock::duration pause) noexcept {
    retry_at_ = now + pause;
    failures_ = 0;
    return std::exchange(state_, circuit::open) == circuit::closed;
  }
  /// Returns true if this failure opened the circuit.
  bool note_failure(clock::time_point now) noexcept {
    if (!options_.enabled) return false;
    bool const opens = state_ == circuit::half_open || ++failures_ >= options_.failure_threshold;
    if (!opens) return false;
    bool const was_open = state_ == circuit::open;
    open(now, options_.recovery_timeout);
    return !was_open;
  }

 private:
  circuit_breaker_options options_;
  circuit state_ = circuit::closed;
  std::uint32_t failures_ = 0;
  clock::time_point retry_at_{};
};

}  // namespace fapilog::inline v0_1::detail
