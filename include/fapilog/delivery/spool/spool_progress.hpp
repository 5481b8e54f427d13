// SPDX-License-Identifier: MIT
// Publishes how old the oldest record of a spool is, and how fast the spool is emptied.
#pragma once

#include <fapilog/detail/os/platform.hpp>
#include <fapilog/metrics/sink_account.hpp>

#include <cstddef>
#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// Thread: one at a time, except for the counters.
class spool_progress {
 public:
  explicit spool_progress(sink_counters& counts) noexcept : counts_(counts) {}

  /// The time of the oldest record, in nanoseconds since 1970.
  void set_oldest(std::int64_t unix_ns) noexcept {
    counts_.spool_oldest_ns.set(unix_ns > 0 ? static_cast<std::uint64_t>(unix_ns) : 1);
  }

  /// Records have left the spool, which is empty now or not.
  [[gnu::cold]] void drained(std::size_t records, bool is_empty) noexcept {
    constexpr std::int64_t min_window_ns = 100'000'000;
    constexpr std::int64_t max_window_ns = 10'000'000'000;
    counts_.spool_drained.add(records);
    std::int64_t const now = steady_clock_ns();
    counts_.spool_drained_at_ns.set(static_cast<std::uint64_t>(now));
    if (is_empty) {
      counts_.spool_oldest_ns.set(0);
      counts_.spool_drain_rate.set(0);
      window_begin_ns_ = 0;
      return;
    }
    window_records_ += records;
    std::int64_t const window = now - window_begin_ns_;
    bool const is_new = window_begin_ns_ == 0 || window > 2 * max_window_ns;  // nothing has left it for long
    if (!is_new && window >= min_window_ns) {
      counts_.spool_drain_rate.set(static_cast<std::uint64_t>(static_cast<double>(window_records_) * 1e9 /
                                                              static_cast<double>(window)));
    }
    if (!is_new && window <= max_window_ns) return;
    window_begin_ns_ = now;
    window_records_ = 0;
  }

 private:
  sink_counters& counts_;
  std::int64_t window_begin_ns_ =
      0;                            ///< of the steady clock; 0: nothing has left the spool since it was empty
  std::size_t window_records_ = 0;  ///< that have left it since
};

}  // namespace fapilog::inline v0_1::detail
