// SPDX-License-Identifier: MIT
// Leaves a failing sink alone for a while, then tries it with one batch.
#pragma once

#include <fapilog/setup/policies.hpp>

#include <chrono>
#include <cstdint>

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
  /// When an open circuit lets the next offer through.
  [[nodiscard]] clock::time_point opens_until() const noexcept { return until_; }

  /// True where the sink may be offered a batch now. An open circuit whose time is up becomes half-open.
  [[nodiscard]] bool lets_through(clock::time_point now) noexcept {
    if (state_ == circuit::open && now >= until_) state_ = circuit::half_open;
    return state_ != circuit::open;
  }
  void succeeded() noexcept {
    state_ = circuit::closed;
    failures_ = 0;
  }
  /// Returns true where this opened the circuit.
  bool failed(clock::time_point now) noexcept {
    if (!options_.enabled) return false;
    bool const opens = state_ == circuit::half_open || ++failures_ >= options_.failure_threshold;
    if (!opens) return false;
    bool const is_news = state_ != circuit::open;
    state_ = circuit::open;
    until_ = now + options_.recovery_timeout;
    failures_ = 0;
    return is_news;
  }

 private:
  circuit_breaker_options options_;
  circuit state_ = circuit::closed;
  std::uint32_t failures_ = 0;
  clock::time_point until_{};
};

}  // namespace fapilog::inline v0_1::detail
