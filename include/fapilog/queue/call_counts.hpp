// SPDX-License-Identifier: MIT
// The numbers of submitted and dropped records of a channel: those of its lanes, and those of calls that had no lane.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/queue/lane.hpp>
#include <fapilog/queue/lane_list.hpp>

#include <cstddef>
#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// Thread: any. Throws: never.
class call_counts {
 public:
  [[gnu::noinline, gnu::cold]] void count_without_lane(drop_reason reason) noexcept {
    without_lane_[static_cast<std::size_t>(reason)].fetch_add_relaxed(1);
  }
  /// Counts a record of a process that was killed as submitted.
  void count_recovered() noexcept { recovered_.fetch_add_relaxed(1); }

  /// Must be called after the rest of the account was read, so that no record seems to have a result before it was submitted.
  [[gnu::cold]] void add_to(account& sum, lane_list const& lanes) const noexcept {
    add_drops_to(sum, lanes);
    for (std::size_t i = 0; i < drop_reason_count; ++i) sum.submitted += without_lane_[i].load_relaxed();
    for (lane* l = lanes.first(); l != nullptr; l = l->next) sum.submitted += l->submitted.load_acquire();
    sum.submitted += recovered_.load_acquire();
  }
  /// The dropped records only. Does not touch the cache line that calls use.
  void add_drops_to(account& sum, lane_list const& lanes) const noexcept {
    std::uint64_t dropped[drop_reason_count] = {};
    for (std::size_t i = 0; i < drop_reason_count; ++i) dropped[i] = without_lane_[i].load_relaxed();
    for (lane* l = lanes.first(); l != nullptr; l = l->next) {
      for (std::size_t i = 0; i < drop_reason_count; ++i) dropped[i] += l->dropped[i].load_acquire();
    }
    sum.dropped = {dropped[0], dropped[1], dropped[2], dropped[3]};
  }

  [[gnu::cold]] void after_fork_in_child() noexcept {
    for (auto& count : without_lane_) count.store_relaxed(0);
    recovered_.store_relaxed(0);
  }

 private:
  atomic_word<std::uint64_t> recovered_;
  atomic_word<std::uint64_t> without_lane_[drop_reason_count];
};

}  // namespace fapilog::inline v0_1::detail
