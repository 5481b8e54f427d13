// SPDX-License-Identifier: MIT
// The flight recorder of one thread: a ring buffer of the records below the level, in which new ones replace the oldest.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/memory/shared_bytes.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/metrics/recorder_counts.hpp>
#include <fapilog/queue/channel.hpp>
#include <fapilog/queue/deferred_free.hpp>
#include <fapilog/queue/lane_front.hpp>
#include <fapilog/record/record.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Its records have the format of those in a lane, except that a context record is a record of its own: it has the scope and the
/// logger of the records behind it, with a reference to each, until the next one.
///
/// Thread: the owner of the lane, while no other call writes; others read the counts. When the owner has crashed and waits in
/// its signal handler, the thread that handles the crash: all but the record that was being written is whole, because the ring
/// publishes last and releases first.
class flight_recorder : public lane_front {
 public:
  /// `capacity`: bytes, a power of two. Null without memory.
  [[nodiscard, gnu::cold]] static flight_recorder* make(std::size_t capacity, std::size_t longest,
                                                        deferred_free& unused) noexcept {
    void* const pages = detail::map_pages(head_bytes() + capacity + longest);
    if (pages == nullptr) return nullptr;
    return ::new (pages)
        flight_recorder{static_cast<std::byte*>(pages) + head_bytes(), capacity, longest, unused};
  }
  [[gnu::cold]] static void destroy(flight_recorder* made) noexcept {
    if (made == nullptr) return;
    std::size_t const bytes = head_bytes() + made->queue.capacity() + made->queue.longest();
    made->~flight_recorder();
    detail::unmap_pages(made, bytes);
  }

  [[nodiscard]] bool has_records() const noexcept { return queue.published() != queue.released(); }

  // For calls that add a record.

  /// A version that no scope has.
  static constexpr std::uint64_t unknown_scope = ~std::uint64_t{0};

  /// True if the next record needs no context record.
  [[nodiscard, gnu::always_inline]] bool has_context(logger_core const& logger,
                                                     std::uint64_t version) const noexcept {
    return scope_sent == version && newest_logger_ == &logger;
  }
  /// Puts the scope and the logger of the records that follow.
  [[gnu::noinline]] void put_context(logger_core& logger, shared_bytes fields,
                                     std::uint64_t version) noexcept {
    using namespace detail::record_format;
    std::byte* const to = make_room(context_bytes);
    logger.add_reference();
    put(put(to, record_head{context_bytes, record_type::context, 0, 0, 0}),
        context{fields.release(), &logger});
    queue.commit(context_bytes);
    newest_logger_ = &logger;
    scope_sent = version;
  }
  /// Returns room for a record of at most `queue.longest()` bytes, after removing the oldest ones if necessary: not one, but
  /// an eighth of the ring, so that most calls remove none.
  [[nodiscard, gnu::noinline]] std::byte* make_room(std::size_t size) noexcept {
    if (std::byte* const to = queue.reserve(size, 0)) return to;
    std::size_t const capacity = queue.capacity();
    std::uint64_t const until = queue.published() + size + capacity / 8 - capacity;
    while (has_records() && queue.released() < until) overwrite_oldest();
    return queue.reserve(size, 0);
  }
  /// Makes room on the heap for a block of `size` bytes, at most as many as the ring has, and counts it.
  [[gnu::cold]] void add_block(std::size_t size) noexcept {
    while (has_records() && block_bytes_ + size > queue.capacity()) overwrite_oldest();
    block_bytes_ += size;
  }

  // For moving the records.

  /// The oldest record, after taking the context that lies before it.
  struct recent_record {
    std::byte const* bytes = nullptr;         ///< null: there is none
    detail::record_format::record_head head;  ///< of a log or pointer record
    std::byte* block = nullptr;               ///< of a pointer record

    /// The log record.
    [[nodiscard]] std::byte const* log() const noexcept { return block == nullptr ? bytes : block; }
    [[nodiscard]] std::size_t log_bytes() const noexcept {
      return read<detail::record_format::record_head>(log()).size;
    }
    [[nodiscard]] level severity() const noexcept {
      auto const first = read<detail::record_format::record_head>(log());
      return static_cast<level>(
          detail::record_format::level_of(first, detail::record_format::marked_site_of(log(), first)));
    }
    [[nodiscard]] logger_core const& logger() const noexcept {
      return *static_cast<logger_core const*>(
          read<detail::record_format::log_head>(log() + sizeof head).logger);
    }
  };
  /// `drops`: false if the owner has crashed, which may have begun to drop the same references.
  [[nodiscard, gnu::cold]] recent_record oldest(bool drops = true) noexcept {
    using namespace detail::record_format;
    while (has_records()) {
      std::byte const* const at = queue.at(queue.released());
      auto const head = read<record_head>(at);
      if (head.type == record_type::context) {
        take_context(at, head.size, drops);
        continue;
      }
      if (head.type == record_type::log) return {at, head, nullptr};
      return {at, head, static_cast<std::byte*>(read<pointer_head>(at + sizeof head).block)};
    }
    return {};
  }
  /// The fields of the scope of `oldest`.
  [[nodiscard]] shared_bytes scope() const noexcept {
    shared_bytes owned = shared_bytes::adopt(fields_);
    shared_bytes copy = owned;
    (void)owned.release();
    return copy;
  }
  /// Removes `oldest`, whose block belongs to the caller.
  [[gnu::cold]] void remove(recent_record const& moved) noexcept {
    forget_block(moved.block);
    queue.release(queue.released() + moved.head.size);
    written_.add_by_owner(1);
  }

  // For the end of the thread.

  /// Discards all records and returns the memory to the system.
  [[gnu::cold]] void discard_all() noexcept {
    discarded_.add_by_owner(clear());
    detail::release_pages(queue.memory(), queue.capacity() + queue.longest());
  }
  /// In a forked child, whose parent has these records.
  [[gnu::cold]] void forget_in_child() noexcept {
    clear();
    queue.restore_position();
    writing.store_relaxed(0);
    for (auto* const count : {&overwritten_, &written_, &discarded_}) count->store_relaxed(0);
  }

  /// Thread: any.
  [[gnu::cold]] void add_to(recorder_counts& sum) const noexcept {
    sum.overwritten += overwritten_.load_relaxed();
    sum.written += written_.load_relaxed();
    sum.discarded += discarded_.load_relaxed();
  }

 private:
  struct context {
    void* fields;
    logger_core* logger;
  };
  static constexpr std::uint32_t context_bytes = sizeof(detail::record_format::record_head) + sizeof(context);

  flight_recorder(std::byte* memory, std::size_t capacity, std::size_t longest,
                  deferred_free& unused) noexcept
      : lane_front(memory, capacity, longest), unused_(unused) {
    scope_sent = unknown_scope;
  }
  ~flight_recorder() { clear(); }

  static constexpr std::size_t head_bytes() noexcept {
    return (sizeof(flight_recorder) + detail::cache_line - 1) & ~(detail::cache_line - 1);
  }

  void overwrite_oldest() noexcept {
    using namespace detail::record_format;
    std::byte const* const at = queue.at(queue.released());
    auto const head = read<record_head>(at);
    if (head.type == record_type::context) return take_context(at, head.size);
    std::byte* const block = head.type == record_type::pointer
                                 ? static_cast<std::byte*>(read<pointer_head>(at + sizeof head).block)
                                 : nullptr;
    queue.release(queue.released() + head.size);
    overwritten_.add_by_owner(1);
    if (block == nullptr) return;
    forget_block(block);
    unused_.add(block);
  }

  /// Removes the context record at `at` and keeps its references for the records behind it. A crash at any instruction leaves
  /// the context in the ring or in force; a call that is left here by siglongjmp loses references, but drops none twice.
  void take_context(std::byte const* at, std::size_t size, bool drops = true) noexcept {
    std::uint64_t const position = queue.released();
    auto const taken = read<context>(at + sizeof(detail::record_format::record_head));
    if (drops && std::exchange(taken_at_, position) == position) return queue.release(position + size);
    void* const ended = std::exchange(fields_, taken.fields);
    logger_core* const last = std::exchange(oldest_logger_, taken.logger);
    compiler_fence();
    queue.release(position + size);
    if (!drops) return;
    void* const unused = shared_bytes::adopt(ended).release_last();
    if (unused != nullptr) unused_.add(unused);
    if (last != nullptr) last->drop_reference();
  }

  void forget_block(std::byte const* block) noexcept {
    if (block != nullptr) block_bytes_ -= read<detail::record_format::record_head>(block).size;
  }

  /// Frees all records and references. Returns the number of records.
  [[gnu::cold]] std::uint64_t clear() noexcept {
    std::uint64_t count = 0;
    for (recent_record next = oldest(); next.bytes != nullptr; next = oldest(), ++count) {
      queue.release(queue.released() + next.head.size);
      std::free(next.block);
    }
    block_bytes_ = 0;
    (void)shared_bytes::adopt(std::exchange(fields_, nullptr));
    taken_at_ = unknown_scope;
    scope_sent = unknown_scope;
    newest_logger_ = nullptr;
    if (logger_core* const last = std::exchange(oldest_logger_, nullptr)) last->drop_reference();
    return count;
  }

  logger_core* newest_logger_ = nullptr;  ///< of the next record, unless a context record comes first
  deferred_free& unused_;
  std::size_t block_bytes_ = 0;  ///< of the records on the heap
  logger_core* oldest_logger_ =
      nullptr;              ///< a reference to the logger of the oldest records; null at the beginning
  void* fields_ = nullptr;  ///< a reference to the scope of the oldest records
  std::uint64_t taken_at_ = unknown_scope;  ///< position of the last context record that was taken
  detail::atomic_word<std::uint64_t> overwritten_;
  detail::atomic_word<std::uint64_t> written_;
  detail::atomic_word<std::uint64_t> discarded_;
};

}  // namespace fapilog::inline v0_1::detail
