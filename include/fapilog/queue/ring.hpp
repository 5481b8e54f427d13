// SPDX-License-Identifier: MIT
// A bounded lock-free ring buffer of bytes for one producer and one consumer.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/platform.hpp>

#include <cstddef>
#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// Transports runs of bytes in order. Positions only grow. A run that begins before the end of the capacity may extend
/// beyond it, so that every run is contiguous and nothing marks the wrap.
/// Thread: `reserve`, `is_known_free`, `next` and `commit` one producer at a time; `published`, `at` and `release` one
/// consumer. Throws: never.
class ring {
 public:
  /// `memory` has `capacity + longest` bytes; `capacity` is a power of two, `longest` the size of the longest run.
  ring(std::byte* memory, std::size_t capacity, std::size_t longest) noexcept
      : memory_(memory), mask_(capacity - 1), longest_(longest), free_until_(capacity) {}
  ring(ring const&) = delete;
  ring& operator=(ring const&) = delete;

  [[nodiscard, gnu::always_inline]] std::size_t capacity() const noexcept { return mask_ + 1; }
  [[nodiscard, gnu::always_inline]] std::size_t longest() const noexcept { return longest_; }

  /// Returns room for `size` contiguous bytes that leaves `keep_free` more bytes unused, or null.
  [[nodiscard, gnu::always_inline]] std::byte* reserve(std::size_t size, std::size_t keep_free) noexcept {
    if (!is_known_free(size + keep_free)) [[unlikely]] {
      free_until_ = tail_.load_acquire() + capacity();
      if (!is_known_free(size + keep_free)) return nullptr;
    }
    return next();
  }
  /// True if `size` bytes were free when the producer last read the consumer's position. False may be out of date.
  [[nodiscard, gnu::always_inline]] bool is_known_free(std::size_t size) const noexcept {
    return head_.load_relaxed() + size <= free_until_;
  }
  /// Where the next run begins, if `is_known_free(size)`; otherwise null.
  [[nodiscard, gnu::always_inline]] std::byte* next_if_known_free(std::size_t size) const noexcept {
    std::uint64_t const head = head_.load_relaxed();
    return head + size <= free_until_ ? memory_ + (head & mask_) : nullptr;
  }
  /// Where the next run begins.
  [[nodiscard, gnu::always_inline]] std::byte* next() const noexcept {
    return memory_ + (head_.load_relaxed() & mask_);
  }

  /// Publishes the `size` bytes that were reserved and written.
  [[gnu::always_inline]] void commit(std::size_t size) noexcept {
    head_.store_release(head_.load_relaxed() + size);
  }

  /// Position behind the last published byte.
  [[nodiscard]] std::uint64_t published() const noexcept { return head_.load_acquire(); }
  /// Position of the first byte that is not released.
  [[nodiscard]] std::uint64_t released() const noexcept { return tail_.load_acquire(); }
  [[nodiscard]] std::byte const* at(std::uint64_t position) const noexcept {
    return memory_ + (position & mask_);
  }
  /// Gives everything before `position` back to the producer.
  void release(std::uint64_t position) noexcept { tail_.store_release(position); }

  [[nodiscard]] std::byte* memory() const noexcept { return memory_; }

 private:
  std::byte* const memory_;
  std::uint64_t const mask_;
  std::size_t const longest_;
  alignas(detail::cache_line) detail::atomic_word<std::uint64_t> head_;
  std::uint64_t free_until_;  ///< end of the free bytes when the producer last read `tail_`
  alignas(detail::cache_line) detail::atomic_word<std::uint64_t> tail_;
};

}  // namespace fapilog::inline v0_1::detail
