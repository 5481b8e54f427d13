// SPDX-License-Identifier: MIT
// Measures how many events arrived per second within a window.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Counts by the time of the calls, in seconds that begin with the first call. Thread: one.
class arrival_rate {
 public:
  /// `window_seconds` is 1 to 3600 and is rounded up to whole seconds. Throws: std::bad_alloc.
  explicit arrival_rate(double window_seconds)
      : counts_(static_cast<std::size_t>(std::ceil(window_seconds))) {}

  /// Counts one arrival. Returns how many seconds have ended since the last call that ended one, or 0.
  [[nodiscard]] std::int64_t add(std::int64_t now_ns) {
    std::int64_t ended = 0;
    if (now_ns >= second_end_ || now_ns < second_end_ - far_back) [[unlikely]]
      ended = begin_second(now_ns);
    ++arrived_;
    return ended;
  }

  /// The average over the seconds in the window that have ended.
  [[nodiscard]] double per_second() const noexcept {
    if (known_ == 0) return 0;
    double const sum = static_cast<double>(std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0}));
    return sum / static_cast<double>(known_);
  }

 private:
  static constexpr std::int64_t second = 1'000'000'000;
  /// Calls of several threads arrive slightly out of order. A larger step back means that the clock was set.
  static constexpr std::int64_t far_back = 10 * second;

  std::int64_t begin_second(std::int64_t now_ns) {
    std::int64_t const ended = is_running_ && now_ns >= second_end_ ? 1 + (now_ns - second_end_) / second : 0;
    if (ended == 0) {  // the first call, or the clock was set back: keep the counts
      is_running_ = true;
      second_end_ = now_ns + second;
      return 0;
    }
    for (std::int64_t i = 0; i < ended && i <= static_cast<std::int64_t>(counts_.size()); ++i) {
      counts_[next_] = arrived_;
      next_ = next_ + 1 == counts_.size() ? 0 : next_ + 1;
      arrived_ = 0;
      if (known_ < counts_.size()) ++known_;
    }
    second_end_ += ended * second;
    return ended;
  }

  std::vector<std::uint64_t> counts_;  ///< of the seconds that have ended; a ring
  std::size_t next_ = 0;
  std::size_t known_ = 0;
  std::uint64_t arrived_ = 0;
  std::int64_t second_end_ = 0;
  bool is_running_ = false;
};

}  // namespace fapilog::inline v0_1::detail
