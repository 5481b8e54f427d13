// SPDX-License-Identifier: MIT
// Random decisions: bits from a small generator, and what share of them counts as yes.
#pragma once

#include <cstdint>
#include <optional>
#include <random>

namespace fapilog::inline v0_1::detail {

/// SplitMix64: eight bytes of state; the same seed gives the same numbers on every machine. Thread: one.
class random_bits {
 public:
  /// Without a seed the system gives one. Throws: std::exception where it has none to give.
  explicit random_bits(std::optional<std::uint64_t> seed = std::nullopt)
      : state_(seed ? *seed : system_seed()) {}

  [[nodiscard]] std::uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  static std::uint64_t system_seed() {
    std::random_device random;
    return (std::uint64_t{random()} << 32) | random();
  }

  std::uint64_t state_;
};

/// Says yes to a share of all 64-bit numbers: those below `rate` * 2^64. What a lower rate takes, a higher one takes,
/// too. Throws: never.
class chance {
 public:
  /// `rate` is 0 (never) to 1 (always).
  explicit chance(double rate) noexcept { set(rate); }

  void set(double rate) noexcept {
    constexpr double all = 18446744073709551616.0;  // 2^64
    is_certain_ = rate >= 1;
    below_ = is_certain_ || !(rate > 0) ? 0 : static_cast<std::uint64_t>(rate * all);
  }
  [[nodiscard]] bool takes(std::uint64_t bits) const noexcept { return is_certain_ || bits < below_; }
  [[nodiscard]] bool is_certain() const noexcept { return is_certain_; }

 private:
  bool is_certain_ = false;
  std::uint64_t below_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
