// SPDX-License-Identifier: MIT
// Converts the timestamps of records into wall clock time.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// The clocks that `basic_tick_clock` reads.
struct system_clocks {
  static std::uint64_t ticks() noexcept { return read_tsc(); }
  static std::int64_t steady_ns() noexcept { return steady_clock_ns(); }
  static std::int64_t wall_ns() noexcept { return wall_clock_ns(); }
};

/// Follows the wall clock, including its jumps, within `sync_interval`. The counter may restart or jump, and the steady clock
/// may stand still, as during a suspend: the rate is measured between two readings, and a rate that does not agree with
/// another is not used. Thread: the worker's. Throws: never.
template <class Clocks>
class basic_tick_clock {
 public:
  explicit basic_tick_clock(bool uses_tsc) noexcept : uses_tsc_(uses_tsc) {
    if (!uses_tsc_) return;
    reading const first = take();
    // One millisecond is enough for a first estimate.
    do {
      detail::cpu_pause();
      last_ = take();
    } while (last_.steady - first.steady < 1'000'000);
    if (double const measured = rate(first, last_); measured > 0) ns_per_tick_ = measured;
    set_interval(sync_interval);
  }

  /// Reads the clocks again if the last reading is older than `sync_interval`.
  void sync_if_due() noexcept {
    if (!uses_tsc_) return;
    if (Clocks::ticks() - last_.ticks > sync_ticks_) sync();
  }

  /// The last reading: `unix_ns` of its ticks, and the nanoseconds of a tick. Another process can convert timestamps by it.
  struct anchor {
    std::uint64_t ticks = 0;
    std::int64_t unix_ns = 0;
    double ns_per_tick = 1;
  };
  [[nodiscard]] anchor current() const noexcept {
    if (!uses_tsc_) return {};
    return {last_.ticks, last_.wall, ns_per_tick_};
  }

  [[nodiscard]] std::int64_t unix_ns(std::uint64_t ticks) const noexcept {
    if (!uses_tsc_) return static_cast<std::int64_t>(ticks);
    auto const since = static_cast<std::int64_t>(ticks - last_.ticks);
    if (has_jumped_ && is_from_before(ticks)) [[unlikely]]
      return old_.wall + scaled(static_cast<std::int64_t>(ticks - old_.ticks), old_ns_per_tick_);
    return last_.wall + scaled(since, ns_per_tick_);
  }

 private:
  static constexpr std::int64_t sync_interval = 100'000'000;
  static constexpr std::int64_t unsure_interval = 10'000'000;  ///< until two rates agree
  static constexpr std::int64_t second = 1'000'000'000;

  struct reading {
    std::uint64_t ticks = 0;
    std::int64_t steady = 0;
    std::int64_t wall = 0;
  };

  /// Reads all three clocks at almost the same moment: returns the fastest of several tries.
  static reading take() noexcept {
    reading best;
    std::uint64_t best_took = ~std::uint64_t{0};
    for (int i = 0; i < 3; ++i) {
      std::uint64_t const before = Clocks::ticks();
      std::int64_t const steady = Clocks::steady_ns();
      std::int64_t const wall = Clocks::wall_ns();
      std::uint64_t const took = Clocks::ticks() - before;
      if (took < best_took) {
        best_took = took;
        best = {before + took / 2, steady, wall};
      }
    }
    return best;
  }

  static std::int64_t scaled(std::int64_t ticks, double ns_per_tick) noexcept {
    return static_cast<std::int64_t>(static_cast<double>(ticks) * ns_per_tick);
  }
  /// Nanoseconds per tick between two readings; 0 if that is impossible.
  static double rate(reading const& from, reading const& to) noexcept {
    auto const ticks = static_cast<std::int64_t>(to.ticks - from.ticks);
    std::int64_t const ns = to.steady - from.steady;
    return ticks > 0 && ns > 0 ? static_cast<double>(ns) / static_cast<double>(ticks) : 0;
  }
  /// True if two rates differ by less than a thousandth, which is more than the system corrects its clocks by.
  static bool agree(double a, double b) noexcept { return a > b * 0.999 && a < b * 1.001; }

  /// True for a record that was logged before the last jump of the counter or of the wall clock: its ticks are more than a
  /// second from those that this epoch can have.
  [[nodiscard]] bool is_from_before(std::uint64_t ticks) const noexcept {
    return static_cast<std::int64_t>(ticks - last_.ticks) > second_ticks_ ||
           static_cast<std::int64_t>(ticks - epoch_) < -second_ticks_;
  }

  void sync() noexcept {
    reading const now = take();
    double const measured = rate(last_, now);
    std::int64_t const expected =
        last_.wall + scaled(static_cast<std::int64_t>(now.ticks - last_.ticks), ns_per_tick_);
    std::int64_t const error = now.wall - expected;
    if (error > second || error < -second) {
      old_ = last_;
      old_ns_per_tick_ = ns_per_tick_;
      epoch_ = now.ticks;
      has_jumped_ = true;
    }
    last_ = now;
    if (agree(measured, ns_per_tick_) || agree(measured, unconfirmed_)) {
      ns_per_tick_ = measured;
      unconfirmed_ = 0;
      return set_interval(sync_interval);
    }
    unconfirmed_ = measured;
    set_interval(unsure_interval);
  }

  void set_interval(std::int64_t ns) noexcept {
    sync_ticks_ = static_cast<std::uint64_t>(static_cast<double>(ns) / ns_per_tick_);
    second_ticks_ = static_cast<std::int64_t>(static_cast<double>(second) / ns_per_tick_);
  }

  bool uses_tsc_;
  bool has_jumped_ = false;
  reading last_;
  double ns_per_tick_ = 1;
  double unconfirmed_ = 0;  ///< a measured rate that differs from the one in use
  std::uint64_t sync_ticks_ = 0;
  std::int64_t second_ticks_ = 0;
  std::uint64_t epoch_ = 0;  ///< the first reading after the last jump
  // For records from before the last jump.
  reading old_;
  double old_ns_per_tick_ = 1;
};

using tick_clock = basic_tick_clock<system_clocks>;

}  // namespace fapilog::inline v0_1::detail
