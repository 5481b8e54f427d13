// SPDX-License-Identifier: MIT
// Lets the owner of a lane sleep until the worker has made room in it.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/system.hpp>

#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// The owner arms the signal with a position, then checks once more whether there is room, then sleeps. The worker compares
/// the position after each release, and once more, after a fence, when its next pass begins. The worker pays one
/// comparison while nobody waits. The model in tests/model/room.pml proves that no wake-up is lost.
///
/// Memory order, for processors weaker than x86. Owner: store of `wake_at_`, sequentially consistent fence, load of the ring's tail.
/// Worker: store of the tail (release), the same fence when its next pass begins, load of `wake_at_`. So the owner sees the room,
/// or the worker sees that it waits. `wake_ups_` is read (acquire) before `wake_at_` is stored, and increased (release) after it was
/// reset. So an owner that has seen a wake-up stores over its reset, and one that has not does not sleep: the count has changed.
/// Throws: never.
class room_signal {
 public:
  /// Announces that the owner waits until everything before `position` is released. The caller must check for room
  /// after that, and pass the result to `sleep`. Thread: the owner.
  [[nodiscard]] std::uint32_t arm(std::uint64_t position) noexcept {
    std::uint32_t const seen = wake_ups_.load_acquire();
    wake_at_.store_relaxed(position);
    detail::full_fence();
    return seen;
  }
  /// Sleeps until a wake-up since `arm`, for at most `timeout_ns` (negative: without a limit). May return earlier.
  /// Thread: the owner.
  void sleep(std::uint32_t seen, std::int64_t timeout_ns) noexcept {
    detail::wait_while_equal(wake_ups_, seen, timeout_ns);
  }
  /// Thread: the owner.
  void disarm() noexcept { wake_at_.store_relaxed(never); }

  /// Wakes the owner if it waits for this position or an earlier one. Thread: the worker.
  [[gnu::always_inline]] void wake_if_reached(std::uint64_t released) noexcept {
    if (released >= wake_at_.load_relaxed()) [[unlikely]]
      wake();
  }
  /// Wakes the owner if it waits. Thread: any.
  [[gnu::noinline, gnu::cold]] void wake() noexcept {
    wake_at_.store_relaxed(never);
    wake_ups_.fetch_add(1);  // after the store: an owner that sees it arms again
    detail::wake_one(wake_ups_);
  }

 private:
  static constexpr std::uint64_t never = ~std::uint64_t{0};

  detail::atomic_word<std::uint64_t> wake_at_{never};
  detail::atomic_word<std::uint32_t> wake_ups_{0};
};

}  // namespace fapilog::inline v0_1::detail
