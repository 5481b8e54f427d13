// SPDX-License-Identifier: MIT
// What a call does if its lane is full: it drops its record, or waits for room first.
#pragma once

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
      : when_full_(options.when_full), max_wait_ns_(options.backpressure_wait.count()) {}

  /// Reserves `size` bytes in the calling thread's lane, which is full, for a record with a block of `block` bytes on the
  /// heap. Wakes the worker of `in` and waits for room as `when_full` says. Returns null if the record is dropped, after
  /// counting the reason.
  [[nodiscard, gnu::noinline, gnu::cold]] std::byte* wait_for_room(lane& owner, std::size_t size,
                                                                   std::size_t block, std::size_t keep_free,
                                                                   channel const& in,
                                                                   enqueue_event& event) const noexcept {
    bool const may_wait = when_full_ != fapilog::when_full::drop && channel_served_here != &in;
    std::int64_t const give_up = detail::steady_clock_ns() + max_wait_ns_;
    bool const is_unlimited = when_full_ == fapilog::when_full::block;
    // After 64 rounds the call naps instead of spinning, each time for about as long as the worker needs to read an
    // eighth of the lane, and continues only once an eighth is free: a nap for each record would cost more than the
    // record.
    std::size_t const part = owner.queue.capacity() / 8;
    std::int64_t const nap = std::clamp<std::int64_t>(static_cast<std::int64_t>(part), 2'000, 150'000);
    for (unsigned round = 0; may_wait; ++round) {
      bool const is_last = !is_unlimited && detail::steady_clock_ns() >= give_up;
      bool const naps = round >= 64;
      event.signal();
      if (naps && !is_last) {
        detail::sleep_ns(nap);
      } else {
        detail::cpu_pause();
      }
      std::size_t const free = keep_free + (naps && !is_last ? part : 0);
      if (std::byte* const to = owner.reserve(size, block, free)) return to;
      if (in.is_closed()) {
        owner.count_drop(drop_reason::closed);
        return nullptr;
      }
      if (is_last) break;
    }
    owner.count_drop(drop_reason::queue_full);
    return nullptr;
  }

 private:
  fapilog::when_full when_full_;
  std::int64_t max_wait_ns_;
};

}  // namespace fapilog::inline v0_1::detail
