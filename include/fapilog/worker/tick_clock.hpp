// SPDX-License-Identifier: MIT
// Converts the timestamps of records into wall clock time.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// Follows the wall clock, including its jumps, within `sync_interval`. Thread: the worker's. Throws: never.
class tick_clock {
 public:
  explicit tick_clock(bool uses_tsc) noexcept : uses_tsc_(uses_tsc) {
    if (!uses_tsc_) return;
    first_ = take();
    // One millisecond is enough for a first estimate; each sync measures over the whole time since then.
    while (detail::steady_clock_ns() - first_.steady < 1'000'000) detail::cpu_pause();
    sync();
  }

  /// Reads the clocks again if the last reading is older than `sync_interval`.
  void sync_if_due() noexcept {
    if (!uses_tsc_) return;
    if (detail::read_tsc() - last_.ticks > sync_ticks_) sync();
  }

  [[nodiscard]] std::int64_t unix_ns(std::uint64_t ticks) const noexcept {
    if (!uses_tsc_) return static_cast<std::int64_t>(ticks);
    auto const since = static_cast<std::int64_t>(ticks - last_.ticks);
    return last_.wall + static_cast<std::int64_t>(static_cast<double>(since) * ns_per_tick_);
  }

 private:
  static constexpr std::int64_t sync_interval = 100'000'000;

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
      std::uint64_t const before = detail::read_tsc();
      std::int64_t const steady = detail::steady_clock_ns();
      std::int64_t const wall = detail::wall_clock_ns();
      std::uint64_t const took = detail::read_tsc() - before;
      if (took < best_took) {
        best_took = took;
        best = {before + took / 2, steady, wall};
      }
    }
    return best;
  }

  void sync() noexcept {
    last_ = take();
    ns_per_tick_ =
        static_cast<double>(last_.steady - first_.steady) / static_cast<double>(last_.ticks - first_.ticks);
    sync_ticks_ = static_cast<std::uint64_t>(static_cast<double>(sync_interval) / ns_per_tick_);
  }

  bool uses_tsc_;
  reading first_;
  reading last_;
  double ns_per_tick_ = 1;
  std::uint64_t sync_ticks_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
