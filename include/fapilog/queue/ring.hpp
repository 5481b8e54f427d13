// SPDX-License-Identifier: MIT
// A bounded lock-free ring buffer of bytes for one producer and one consumer.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/detail/processor.hpp>

#include <cstddef>
#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// Transports runs of bytes in order. Positions only grow. A run that begins before the end of the capacity may extend
/// beyond it, so that every run is contiguous and nothing marks the wrap.
///
/// A producer that finds the ring empty starts over at the beginning of the memory. So a ring whose consumer keeps up uses
/// the first pages again and again, and more only if runs wait.
///
/// Memory order, for processors weaker than x86 (each word has one writer, so relaxed loads of it by its writer are exact):
/// - bytes and `start_`: written before `head_` is stored (release, `commit`), read after it was loaded (acquire, `published`);
/// - bytes that are read, and `start_` by `mapping`: read before `tail_` is stored (release, `release`); the producer writes them
///   again after it has loaded that `tail_` (acquire, `find_room`). So no byte is written while it is read, and `start_` changes
///   only when the consumer has no position to map.
/// - `free_until_` is the producer's alone: an old value is smaller, never larger.
/// - `position_` is the producer's copy of `head_`: the consumer's processor often has the cache line of `head_`, and a producer that
///   stores there waits for nothing, but one that loads from there does. Only a producer that was left between the two stores
///   finds them different; `reserve` and `restore_position` make them equal.
/// Thread: `reserve`, `is_known_free`, `next`, `begin_run`, `commit`, `commit_begun` and `start_over` one producer at a time; `published`, `released`,
/// `mapping`, `at` and `release` one consumer. Throws: never.
class ring {
 public:
  /// Processors fetch cache lines in pairs: what one thread writes and the other one uses is further apart.
  static constexpr std::size_t line_pair = 2 * detail::cache_line;

  /// `memory` has `capacity + longest` bytes; `capacity` is a power of two, at most 2^31, `longest` the size of the longest
  /// run.
  ring(std::byte* memory, std::size_t capacity, std::size_t longest) noexcept
      : memory_(memory),
        mask_(static_cast<std::uint32_t>(capacity - 1)),
        longest_(static_cast<std::uint32_t>(longest)),
        to_write_(memory),
        mask_to_write_(mask_),
        longest_to_write_(longest_) {}
  ring(ring const&) = delete;
  ring& operator=(ring const&) = delete;

  [[nodiscard, gnu::always_inline]] std::size_t capacity() const noexcept { return std::size_t{mask_} + 1; }
  [[nodiscard, gnu::always_inline]] std::uint32_t longest() const noexcept { return longest_; }
  /// The same for the producer's fast path, which reads one cache line.
  [[nodiscard, gnu::always_inline]] std::uint32_t longest_to_write() const noexcept {
    return longest_to_write_;
  }

  /// Returns room for `size` contiguous bytes that leaves `keep_free` more bytes unused, or null.
  [[nodiscard, gnu::always_inline]] std::byte* reserve(std::size_t size, std::size_t keep_free) noexcept {
    restore_position();
    if (!is_known_free(size + keep_free) && !find_room(size + keep_free)) [[unlikely]]
      return nullptr;
    return next();
  }
  /// True if `size` bytes were free when the producer last read the consumer's position. False may be out of date, and is
  /// returned now and then so that the producer calls `reserve`, which starts over.
  [[nodiscard, gnu::always_inline]] bool is_known_free(std::size_t size) const noexcept {
    return is_known_free(position_, size);
  }
  /// Where the next run begins, if `is_known_free(size)`; otherwise null.
  [[nodiscard, gnu::always_inline]] std::byte* next_if_known_free(std::size_t size) const noexcept {
    return is_known_free(size) ? next() : nullptr;
  }
  /// Where the next run begins.
  [[nodiscard, gnu::always_inline]] std::byte* next() const noexcept { return at_position(position_); }

  /// Publishes the `size` bytes that were reserved and written.
  [[gnu::always_inline]] void commit(std::size_t size) noexcept { commit_until(position_ + size); }
  /// Must be called before the fast path is used again if a call may have been left while it committed.
  [[gnu::always_inline]] void restore_position() noexcept { position_ = head_.load_relaxed(); }

  /// The same in steps, for a producer that knows where it writes: its position; whether `size` bytes are known to be free there;
  /// their address; and publishing everything before a position.
  [[nodiscard, gnu::always_inline]] std::uint64_t position() const noexcept { return position_; }
  [[nodiscard, gnu::always_inline]] bool is_known_free(std::uint64_t position,
                                                       std::size_t size) const noexcept {
    return position + size <= free_until_;
  }
  [[nodiscard, gnu::always_inline]] std::byte* at_position(std::uint64_t position) const noexcept {
    return to_write_ + (static_cast<std::uint32_t>(position - start_to_write_) & mask_to_write_);
  }
  /// Fetches the cache line that `commit` writes.
  [[gnu::always_inline]] void prefetch_commit() const noexcept { prefetch_to_write(&head_); }
  [[gnu::always_inline]] void commit_until(std::uint64_t position) noexcept {
    head_.store_release(position);
    position_ = position;
  }

  /// Says how many bytes the next `commit_begun` publishes: those that were reserved.
  [[gnu::always_inline]] void begin_run(std::size_t size) noexcept {
    begun_ = static_cast<std::uint32_t>(size);
  }
  /// Publishes the run of the last `begin_run`.
  [[gnu::always_inline]] void commit_begun() noexcept { commit(begun_); }

  /// Puts the next run at the beginning of the memory. The ring must be empty.
  void start_over() noexcept { start_to_write_ = start_ = static_cast<std::uint32_t>(head_.load_relaxed()); }

  /// Position behind the last published byte.
  [[nodiscard]] std::uint64_t published() const noexcept { return head_.load_acquire(); }
  /// Position of the first byte that is not released.
  [[nodiscard]] std::uint64_t released() const noexcept { return tail_.load_acquire(); }

  /// Where positions are in memory.
  struct position_mapping {
    std::byte const* memory;
    std::uint32_t start;  ///< the lower bits of the position at the beginning of the memory
    std::uint64_t mask;
    [[nodiscard]] std::uint64_t offset(std::uint64_t position) const noexcept {
      return (position - start) & mask;
    }
    [[nodiscard]] std::byte const* at(std::uint64_t position) const noexcept {
      return memory + offset(position);
    }
  };
  /// May be called if something is published and not released; valid for all positions up to `published` as it was seen
  /// before, until they are released: the mapping changes only while the ring is empty.
  [[nodiscard]] position_mapping mapping() const noexcept { return {memory_, start_, mask_}; }
  /// Like `mapping().at(position)`.
  [[nodiscard]] std::byte const* at(std::uint64_t position) const noexcept { return mapping().at(position); }
  /// Gives everything before `position` back to the producer.
  void release(std::uint64_t position) noexcept { tail_.store_release(position); }

  [[nodiscard]] std::byte* memory() const noexcept { return memory_; }

  /// Where the positions are that another process needs: behind the last published byte, of the first byte that is not released,
  /// at the beginning of the memory (its lower 32 bits).
  struct saved_positions {
    void const* head;
    void const* tail;
    void const* start;
  };
  [[nodiscard]] saved_positions saved() const noexcept { return {&head_, &tail_, &start_}; }

 private:
  /// How far a producer that started over writes until it looks again whether the ring is empty.
  static constexpr std::uint64_t step_from_start = 8192;

  /// The same for a producer that found `unread` bytes in the ring. A burst of a few records may have been read when the next
  /// one begins; many unread records take the consumer some time.
  static std::uint64_t step_behind(std::uint64_t unread) noexcept { return unread < 4096 ? 0 : unread / 4; }

  /// Reads the consumer's position. True if `size` bytes are free.
  [[nodiscard, gnu::noinline]] bool find_room(std::uint64_t size) noexcept {
    std::uint64_t const head = position_;
    std::uint64_t const tail = tail_.load_acquire();
    if (head == tail) start_over();
    std::uint64_t const step = head == tail ? step_from_start : step_behind(head - tail);
    std::uint64_t const end = tail + capacity();
    std::uint64_t const next_look = head + size + step;
    free_until_ = end < next_look ? end : next_look;
    return head + size <= end;
  }

  // What the consumer uses, and the producer reads if the ring seems to be full.
  alignas(line_pair) detail::atomic_word<std::uint64_t> tail_;
  std::byte* const memory_;
  std::uint32_t const mask_;
  std::uint32_t const longest_;
  // What the producer stores for the consumer.
  alignas(line_pair) detail::atomic_word<std::uint64_t> head_;
  std::uint32_t start_ = 0;  ///< see `position_mapping`
  // What the producer uses in each call, and the consumer never. The rest of this cache line is left to the lane.
  alignas(line_pair) std::uint64_t position_ = 0;
  std::uint64_t free_until_ = 0;  ///< end of the bytes that the producer may write without looking
  std::byte* const to_write_;     ///< `memory_`
  std::uint32_t start_to_write_ = 0;
  std::uint32_t begun_ = 0;  ///< bytes of the run that is being written
  std::uint32_t const mask_to_write_;
  std::uint32_t const longest_to_write_;
};

}  // namespace fapilog::inline v0_1::detail
