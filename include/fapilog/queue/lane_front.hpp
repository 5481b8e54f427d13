// SPDX-License-Identifier: MIT
// The part of a lane that a log call uses.
#pragma once

#include <fapilog/detail/compiler.hpp>
#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/queue/ring.hpp>

#include <cstddef>
#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// Thread: the owner's; others read the counter and `writing`.
struct lane_front {
  lane_front(std::byte* memory, std::size_t capacity, std::size_t longest) noexcept
      : queue(memory, capacity, longest) {}

  /// Where the cache line is, the last one of the ring, that a fast call reads: no other line of the lane.
  static constexpr std::size_t line_of_call = 2 * ring::line_pair;

  FAPILOG_DETAIL_NO_UNIQUE_ADDRESS ring queue;
  detail::atomic_word<std::uint64_t> submitted;
  /// Not 0 from before a call checks that the channel is open until the call has committed: its stack pointer.
  detail::atomic_word<std::uintptr_t> writing{0};
  std::uint64_t scope_sent = 0;  ///< version of the scope that the worker has
};
static_assert(!detail::reuses_padding || sizeof(lane_front) == lane_front::line_of_call + ring::line_pair);

}  // namespace fapilog::inline v0_1::detail
