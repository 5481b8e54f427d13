// SPDX-License-Identifier: MIT
// A lane: the ring buffer of one thread in one runtime, with the state of the thread that owns it.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/memory/byte_buffer.hpp>
#include <fapilog/detail/memory/shared_bytes.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/queue/kept_lane.hpp>
#include <fapilog/queue/lane_front.hpp>
#include <fapilog/queue/room_signal.hpp>
#include <fapilog/record/kept_record.hpp>
#include <fapilog/record/record.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace fapilog::inline v0_1::detail {

class channel;
class flight_recorder;

/// Thread: the owner's, unless stated; others read the counters.
struct lane : lane_front {
  using lane_front::lane_front;

  /// Reads how much the worker has freed. True if a record of `block` bytes may go to the heap: if the lane has no other record there, or if together they
  /// take at most as many bytes as the ring has.
  [[nodiscard]] bool find_heap_room(std::size_t block) noexcept {
    if (!has_records()) heap_sent = heap_freed.load_acquire();  // a call that was left may have miscounted
    std::uint64_t const on_heap = heap_sent - heap_freed.load_acquire();
    return on_heap == 0 || on_heap + block <= queue.capacity();
  }
  /// Like `ring::reserve`, for a record with a block of `block` bytes on the heap (0 for none).
  [[nodiscard]] std::byte* reserve(std::size_t size, std::size_t block, std::size_t keep_free) noexcept {
    if (block != 0 && !find_heap_room(block)) [[unlikely]]
      return nullptr;
    return queue.reserve(size, keep_free);
  }

  void count_drop(drop_reason reason, std::uint64_t count = 1) noexcept {
    dropped[static_cast<std::size_t>(reason)].add_by_owner(count);
  }
  /// Counts a call that is dropped before it could begin to write.
  [[gnu::cold]] void drop_call(drop_reason reason) noexcept {
    submitted.add_by_owner(1);
    count_drop(reason);
  }

  /// Makes the lane usable after a call that was left by siglongjmp: its record, if it was not published yet, counts as
  /// dropped. May be called only between two calls.
  [[gnu::cold]] void recover_from_jump() noexcept {
    scope_sent = unknown_scope;
    queue.restore_position();
    room.disarm();
    std::uint64_t const unread = count_unread();
    std::uint64_t known = unread + read_before_release.load_relaxed();
    for (auto const& count : dropped) known += count.load_relaxed();
    count_drop(drop_reason::reentrant, submitted.load_relaxed() - known);
    writing.store_release(0);
  }

  /// Makes the calling thread the owner. The lane must be empty.
  lane* begin_ownership() noexcept {
    if (kept != nullptr) kept->forget_prefix();
    scope_sent = unknown_scope;  // the worker still has the scope of the previous owner
    thread_id = detail::thread_id();
    scratch.trim(std::size_t{64} * 1024);
    return this;
  }

  /// True if there are records that the worker has not released. Thread: any.
  [[nodiscard]] bool has_records() const noexcept { return queue.published() != queue.released(); }
  /// Position up to which the worker has read; it releases a kept record later. Thread: any.
  [[nodiscard]] std::uint64_t read_until() const noexcept {
    return kept == nullptr ? queue.released() : kept->read_until.load_acquire();
  }
  /// Thread: any.
  [[nodiscard]] bool has_unread() const noexcept { return queue.published() != read_until(); }

  /// Maps the pages where the owner will write next, so that no call pays for it. The steps grow with what the owner has used:
  /// half a page while its records are read in time, so that a thread that logs a little takes a page. Called if there is a
  /// record. Thread: the worker.
  void populate_ahead() noexcept {
    constexpr std::uint64_t page = 4096;
    constexpr std::uint64_t few = 4 * page;
    std::uint64_t const whole = queue.capacity() + queue.longest();
    std::uint64_t const used = queue.mapping().offset(queue.published());
    std::uint64_t const step = used < few ? page / 2 : (std::min<std::uint64_t>)(used, 32 * page);
    if (populated == whole || used + step <= page) return;
    std::uint64_t const ahead = (used + step + page - 1) / page * page;
    std::uint64_t const wanted = ahead >= queue.capacity() ? whole : ahead;
    if (wanted < populated + step / 2) return;
    detail::populate_pages(queue.memory() + populated, number_cast<std::size_t>(wanted - populated));
    populated = wanted;
  }

  /// Frees what unread records own, and releases them. Thread: any, while nobody else uses the lane.
  void discard_records() noexcept {
    using namespace detail::record_format;
    std::uint64_t at = read_until();
    std::uint64_t const end = queue.published();
    while (at < end) {
      std::byte const* record = queue.at(at);
      auto head = read<record_head>(record);
      at += head.size;
      if (head.type == record_type::kept) {
        record += kept_prefix_size(record);
        head = read<record_head>(record);
      }
      if (head.type == record_type::context) {
        shared_bytes const ended = shared_bytes::adopt(read<context_head>(record + sizeof head).fields);
        record += sizeof head + sizeof(context_head);
        head = read<record_head>(record);
      }
      if (head.type == record_type::pointer) std::free(read<pointer_head>(record + sizeof head).block);
    }
    if (kept == nullptr) queue.release(end);  // kept ones are for the next process
  }

  /// Discards the records and counts in a forked child: they belong to the parent.
  void forget_in_child() noexcept {
    if (kept == nullptr) {
      discard_records();
    } else {
      queue.release(queue.published());
      kept->read_until.store_relaxed(queue.published());
    }
    room.wake();  // the call that forks may be a signal handler's, in a call that waits
    queue.restore_position();
    writing.store_relaxed(0);
    heap_freed.store_relaxed(heap_sent);
    submitted.store_relaxed(0);
    read_before_release.store_relaxed(0);
    read_after_release.store_relaxed(0);
    for (auto& count : dropped) count.store_relaxed(0);
  }

  /// Bytes that a context record has before the record in it.
  static constexpr std::size_t context_bytes =
      sizeof(detail::record_format::record_head) + sizeof(detail::record_format::context_head);
  /// A version that no scope has: the next call sends its scope.
  static constexpr std::uint64_t unknown_scope = ~std::uint64_t{0};

  /// Number of records that the worker has read, stored before and after it releases them. Thread: the worker.
  alignas(ring::line_pair) detail::atomic_word<std::uint64_t> read_before_release;
  detail::atomic_word<std::uint64_t> read_after_release;
  shared_bytes scope_received;  ///< the scope of the records that the worker reads next; used by the worker
  detail::atomic_word<std::uint64_t> heap_freed;  ///< bytes of the blocks that the worker has freed
  /// Position when the pages were last returned to the system. Thread: the worker.
  std::uint64_t trimmed_at = 0;
  std::uint64_t populated = 0;  ///< bytes from the beginning of the ring that have pages; used by the worker
  std::uint64_t thread_id = 0;  ///< of the owner; changes only while the lane is empty
  lane* next = nullptr;         ///< in the list of all lanes; set before the lane is published

  alignas(detail::cache_line) room_signal room;  ///< on which the owner waits if the ring is full
  detail::atomic_word<std::uint64_t> dropped[drop_reason_count];
  detail::atomic_word<bool> owned{true};  ///< false: the next thread may take it
  bool borrowed = false;                  ///< owned for one call only, because the thread is ending
  detail::byte_buffer scratch;            ///< deferred values, before they are copied into the record
  std::uint64_t heap_sent = 0;            ///< bytes of all heap blocks that records have pointed to
  kept_lane* kept = nullptr;              ///< null for a lane that ends with the process
  /// Of the owner, once it has a recent record; later owners use it, too. Belongs to the list of lanes.
  detail::atomic_word<flight_recorder*> recorder{nullptr};
  lane* next_of_thread = nullptr;    ///< in the list of the thread that owns it
  channel* owner_channel = nullptr;  ///< the channel of the lane, while a thread owns it

 private:
  /// Number of published records that the worker has not counted as read; consistent with `read_before_release`.
  [[nodiscard, gnu::cold]] std::uint64_t count_unread() const noexcept {
    using namespace detail::record_format;
    for (;;) {
      std::uint64_t const read_before = read_after_release.load_acquire();
      std::uint64_t at = this->read_until();
      std::uint64_t count = 0;
      for (std::uint64_t const end = queue.published(); at < end; ++count)
        at += read<record_head>(queue.at(at)).size;
      if (read_before_release.load_acquire() == read_before) return count;  // no release happened meanwhile
    }
  }
};

}  // namespace fapilog::inline v0_1::detail
