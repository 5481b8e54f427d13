// SPDX-License-Identifier: MIT
// The atomic operations that the call site needs, without the 36,000 preprocessed lines of <atomic>.
#pragma once

#include <fapilog/detail/compiler.hpp>
#include <fapilog/detail/processor.hpp>

#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// A trivially copyable word of up to eight bytes, shared between threads. Equivalent to `std::atomic<T>` with the memory order
/// in the name of each operation. Thread: any.
template <class T>
class atomic_word {
  static_assert(sizeof(T) <= sizeof(std::uint64_t), "fapilog: atomic_word holds at most eight bytes");
  static_assert(
      sizeof(T) < sizeof(std::uint64_t) || has_atomic_eight_bytes,
      "fapilog needs a processor with atomic operations on 64 bits without locks: x86 since the Pentium "
      "(-march=i586), ARM since version 7 (-march=armv7-a), or any 64-bit processor");

 public:
  constexpr atomic_word() noexcept = default;
  constexpr explicit atomic_word(T value) noexcept : value_(value) {}
  atomic_word(atomic_word const&) = delete;
  atomic_word& operator=(atomic_word const&) = delete;

  [[nodiscard, gnu::always_inline]] T load_relaxed() const noexcept { return detail::load_relaxed(value_); }
  [[nodiscard, gnu::always_inline]] T load_acquire() const noexcept { return detail::load_acquire(value_); }
  [[nodiscard, gnu::always_inline]] T load_seq_cst() const noexcept { return detail::load_seq_cst(value_); }
  [[gnu::always_inline]] void store_relaxed(T value) noexcept { detail::store_relaxed(value_, value); }
  [[gnu::always_inline]] void store_release(T value) noexcept { detail::store_release(value_, value); }
  [[gnu::always_inline]] void store_seq_cst(T value) noexcept { detail::store_seq_cst(value_, value); }
  T exchange(T value) noexcept { return detail::exchange_word(value_, value); }
  T fetch_add_relaxed(T value) noexcept { return detail::add_relaxed(value_, value); }
  T fetch_add(T value) noexcept { return detail::add_acq_rel(value_, value); }
  T fetch_sub(T value) noexcept { return detail::subtract_acq_rel(value_, value); }
  bool compare_exchange(T& expected, T desired) noexcept {
    return detail::compare_exchange_word(value_, expected, desired);
  }

  /// True if `value` is at least this one, loaded relaxed.
  [[nodiscard, gnu::always_inline]] bool is_reached_by(T value) const noexcept requires(sizeof(T) == 1) {
    return is_at_least(value, value_);
  }

  /// Adds without a locked instruction. Only for words that a single thread (and its signal handlers) writes.
  [[gnu::always_inline]] void add_by_owner(T value) noexcept requires(sizeof(T) == sizeof(std::uint64_t)) {
    add_in_one_step(value_, value);
  }

  /// Stores the stack pointer of the running function, relaxed.
  [[gnu::always_inline]] void store_stack_pointer() noexcept requires(sizeof(T) == sizeof(std::uintptr_t)) {
    detail::store_stack_pointer(value_);
  }

 private:
  alignas(sizeof(T)) T value_{};  // the ABI of 32-bit x86 aligns eight bytes to four
};

}  // namespace fapilog::inline v0_1::detail
