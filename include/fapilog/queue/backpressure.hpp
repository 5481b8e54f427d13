// SPDX-License-Identifier: MIT
// What a call does if its lane is full: it drops its record, or waits for room first.
#pragma once

#include <fapilog/detail/os/cancellation.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/queue/channel.hpp>
#include <fapilog/queue/channel_options.hpp>
#include <fapilog/queue/enqueue_event.hpp>
#include <fapilog/queue/lane.hpp>
#include <fapilog/setup/policies.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// The channel that the running thread serves, if it is one of the library's own threads. Such a thread never waits for
/// room, because it is one of those that make room.
inline constinit thread_local channel const* channel_served_here = nullptr;

/// Thread: any.
class backpressure {
 public:
  explicit backpressure(channel_options const& options) noexcept
      : when_full_(options.when_full),
        max_wait_ns_(options.backpressure_wait.count()),
        protected_levels_(options.protected_levels),
        protected_bytes_(protected_bytes(options)) {}

  /// Bytes of each lane that only protected levels may use.
  [[nodiscard]] static std::uint32_t protected_bytes(channel_options const& options) noexcept {
    return static_cast<std::uint32_t>(static_cast<double>(options.lane_bytes) *
                                      std::clamp(options.protected_share, 0.0, 0.5));
  }

  /// Reserves `size` bytes in the calling thread's lane for a record with a block of `block` bytes on the heap (0 for none). If
  /// the lane is full, wakes the worker of `in` and sleeps until there is room, as `when_full` says. Returns null if the record
  /// is dropped, after counting the reason.
  [[nodiscard, gnu::always_inline]] std::byte* reserve(lane& owner, std::size_t size, std::size_t block,
                                                       level value, channel const& in,
                                                       enqueue_event& event) const noexcept {
    std::byte* const to = owner.reserve(size, block, keep_free(value));
    return to != nullptr ? to : wait_for_room(owner, size, block, keep_free(value), in, event);
  }
  /// Like `reserve`, but never waits.
  [[nodiscard]] std::byte* reserve_now(lane& owner, std::size_t size, std::size_t block,
                                       level value) const noexcept {
    std::byte* const to = owner.reserve(size, block, keep_free(value));
    if (to == nullptr) owner.count_drop(drop_reason::queue_full);
    return to;
  }

 private:
  /// Number of bytes that a record of this level must leave free.
  [[nodiscard]] std::size_t keep_free(level value) const noexcept {
    return protected_levels_.contains(value) ? 0 : protected_bytes_;
  }

  [[nodiscard, gnu::noinline, gnu::cold]] std::byte* wait_for_room(lane& owner, std::size_t size,
                                                                   std::size_t block, std::size_t keep_free,
                                                                   channel const& in,
                                                                   enqueue_event& event) const noexcept {
    cancellation_blocked const guard;
    if (when_full_ == fapilog::when_full::drop || channel_served_here == &in) {
      owner.count_drop(drop_reason::queue_full);
      return nullptr;
    }
    bool const is_unlimited = when_full_ == fapilog::when_full::block;
    std::int64_t const give_up = is_unlimited ? 0 : detail::steady_clock_ns() + max_wait_ns_;
    for (;;) {
      std::uint32_t const seen = owner.room.arm(wake_position(owner, size, block, keep_free));
      std::byte* const to = owner.reserve(size, block, keep_free);
      bool const closed = in.is_closed();
      std::int64_t const left = is_unlimited ? -1 : give_up - detail::steady_clock_ns();
      if (to != nullptr || closed || (!is_unlimited && left <= 0)) {
        owner.room.disarm();
        if (to == nullptr) owner.count_drop(closed ? drop_reason::closed : drop_reason::queue_full);
        return to;
      }
      event.interrupt();
      owner.room.sleep(seen, left);
    }
  }

  /// Up to which position the worker must have read. Further than the record needs: a wake-up costs more than a record.
  [[nodiscard]] static std::uint64_t wake_position(lane& owner, std::size_t size, std::size_t block,
                                                   std::size_t keep_free) noexcept {
    std::uint64_t const published = owner.queue.published();
    if (block != 0 && !owner.find_heap_room(block)) return published;
    std::size_t const capacity = owner.queue.capacity();
    return published + (std::max)(size + keep_free, capacity / 2) - capacity;
  }

  fapilog::when_full when_full_;
  std::int64_t max_wait_ns_;
  level_set protected_levels_;
  std::uint32_t protected_bytes_;
};

}  // namespace fapilog::inline v0_1::detail
