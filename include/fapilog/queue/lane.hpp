// SPDX-License-Identifier: MIT
// The ring of one (thread, runtime), with what only that thread writes.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/memory/byte_buffer.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/queue/ring.hpp>

#include <cstddef>
#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// Thread: the members above `queue` belong to the owning thread; others read the counters.
struct lane {
  lane(std::byte* memory, std::size_t capacity, std::size_t longest) noexcept
      : queue(memory, capacity, longest) {}

  /// Room for a block of this size: as many bytes as the ring has may be on the heap, or one record.
  [[nodiscard]] bool has_heap_room(std::size_t block) const noexcept {
    std::uint64_t const on_heap = heap_sent - heap_freed.load_acquire();
    return on_heap == 0 || on_heap + block <= queue.capacity();
  }
  /// As `ring::reserve`, for a record with a block of `block` bytes on the heap (0 for none).
  [[nodiscard]] std::byte* reserve(std::size_t size, std::size_t block, std::size_t keep_free) noexcept {
    if (block != 0 && !has_heap_room(block)) [[unlikely]]
      return nullptr;
    return queue.reserve(size, keep_free);
  }

  void count_drop(drop_reason reason) noexcept { dropped[static_cast<std::size_t>(reason)].add_by_owner(1); }

  detail::atomic_word<std::uint64_t> submitted;
  detail::atomic_word<std::uint64_t> dropped[drop_reason_count];
  detail::atomic_word<bool> writing{false};  ///< between the look at `closed` and the commit
  bool borrowed = false;         ///< lent for one call: the thread is ending and cannot keep a lane
  std::uint64_t scope_sent = 0;  ///< version of the scope that the worker knows
  detail::byte_buffer scratch;   ///< values that do not fit two words, before they are copied
  ring queue;

  lane* next = nullptr;                   ///< all lanes of the channel; set before the lane is published
  detail::atomic_word<bool> owned{true};  ///< false: free for the next thread
  std::uint64_t heap_sent = 0;            ///< bytes of blocks that records pointed to so far, ...
  detail::atomic_word<std::uint64_t> heap_freed;  ///< ... and of those that the worker has freed
  std::uint64_t trimmed_at = 0;  ///< position up to which the pages were given back; the worker's
  std::uint64_t populated = 0;   ///< bytes from the ring's begin that were given pages; the worker's
  std::uint64_t thread_id = 0;   ///< of the owner; changes only while the lane is empty
};

}  // namespace fapilog::inline v0_1::detail
