// SPDX-License-Identifier: MIT
// Random decisions: a small generator, and a probability to compare its numbers with.
#pragma once

#include <fapilog/detail/os/system.hpp>

#include <cstdint>
#include <optional>

namespace fapilog::inline v0_1::detail {

/// SplitMix64, with eight bytes of state. The same seed gives the same numbers on every machine. Thread: one.
class random_bits {
 public:
  /// Without a seed, the system provides one. Throws: std::system_error if it has none.
  explicit random_bits(std::optional<std::uint64_t> seed = std::nullopt)
      : state_(seed ? *seed : system_random()) {}

  [[nodiscard]] std::uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  /// A number from 0 to below 1.
  [[nodiscard]] double next_share() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

/// Accepts 64-bit numbers below `rate` * 2^64. A higher rate accepts every number that a lower rate accepts. Throws: never.
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
