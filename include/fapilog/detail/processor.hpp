// SPDX-License-Identifier: MIT
// Single instructions of processors, and what replaces them on others.
#pragma once

#include <fapilog/detail/compiler.hpp>

#include <cstddef>
#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// A hint to the processor that this is a spin loop.
inline void cpu_pause() noexcept {
#if FAPILOG_DETAIL_X86 && FAPILOG_DETAIL_GNU_BUILTINS
  __builtin_ia32_pause();
#elif FAPILOG_DETAIL_X86
  _mm_pause();
#elif FAPILOG_DETAIL_ASM_ARM64
  asm volatile("yield");
#endif
}

/// Prefetches a cache line that will be written. Any address is valid.
[[gnu::always_inline]] inline void prefetch_to_write([[maybe_unused]] void const* address) noexcept {
#if FAPILOG_DETAIL_ASM_X64
  // The compiler's builtin prefetches for reading unless the target declares this instruction. Every processor has it
  // or ignores it.
  asm volatile("prefetchw %0" : : "m"(*static_cast<char const*>(address)));
#elif FAPILOG_DETAIL_GNU_BUILTINS
  __builtin_prefetch(address, 1);
#endif
}

/// True if `read_tsc` reads a counter. Whether it is steady is checked once at start (`has_invariant_tsc`).
inline constexpr bool has_tsc = FAPILOG_DETAIL_X86 != 0 || FAPILOG_DETAIL_ASM_ARM64 != 0;

/// Reads the time stamp counter, of ARM the virtual counter, which ticks at 1 MHz to 1 GHz.
[[gnu::always_inline]] inline std::uint64_t read_tsc() noexcept {
#if FAPILOG_DETAIL_X86 && FAPILOG_DETAIL_GNU_BUILTINS
  return __builtin_ia32_rdtsc();
#elif FAPILOG_DETAIL_X86
  return __rdtsc();
#elif FAPILOG_DETAIL_ASM_ARM64
  std::uint64_t ticks;
  asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks;
#else
  return 0;
#endif
}

/// True if the time stamp counter has a constant rate and never stops.
[[nodiscard, gnu::cold]] inline bool has_invariant_tsc() noexcept {
#if FAPILOG_DETAIL_X86
  constexpr unsigned power_management = 0x80000007U;
  unsigned features = 0;
#if FAPILOG_DETAIL_GNU_BUILTINS
  // As in <cpuid.h>, which the call site should not include.
  auto const ask = [](unsigned leaf, unsigned& a, unsigned& d) {
    unsigned b = 0;
    unsigned c = 0;
    asm volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "0"(leaf), "2"(0U));
  };
  unsigned last = 0;
  ask(0x80000000U, last, features);
  if (last < power_management) return false;
  ask(power_management, last, features);
#else
  int found[4] = {};
  __cpuid(found, static_cast<int>(0x80000000U));
  if (static_cast<unsigned>(found[0]) < power_management) return false;
  __cpuid(found, static_cast<int>(power_management));
  features = static_cast<unsigned>(found[3]);
#endif
  return (features & (1U << 8)) != 0;
#else
  return has_tsc;  // the architecture says so of ARM's counter
#endif
}

#if FAPILOG_DETAIL_THREAD_SANITIZER
/// Used instead of a fence under the thread sanitizer, which does not support fences.
inline constinit int fence_word = 0;
#endif

/// Orders this thread's memory operations for every other thread.
[[gnu::always_inline]] inline void full_fence() noexcept {
#if FAPILOG_DETAIL_THREAD_SANITIZER
  __atomic_fetch_add(&fence_word, 0, __ATOMIC_SEQ_CST);
#elif FAPILOG_DETAIL_GNU_BUILTINS
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

/// Adds to a word that only this thread writes, in one instruction if the processor has one, so that a signal handler of the
/// same thread can add too without losing a count.
[[gnu::always_inline]] inline void add_in_one_step(std::uint64_t& word, std::uint64_t count) noexcept {
#if FAPILOG_DETAIL_ASM_X64
  asm volatile("addq %1, %0" : "+m"(word) : "er"(count) : "cc");
#else
  detail::store_relaxed(word, detail::load_relaxed(word) + count);
#endif
}

/// Writes the stack pointer, in one instruction if the processor has one.
[[gnu::always_inline]] inline void store_stack_pointer(std::uintptr_t& word) noexcept {
#if FAPILOG_DETAIL_ASM_X64 && !FAPILOG_DETAIL_THREAD_SANITIZER
  asm volatile("movq %%rsp, %0" : "=m"(word));
#elif FAPILOG_DETAIL_GNU_BUILTINS
  detail::store_relaxed(word, reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
#else
  detail::store_relaxed(word, reinterpret_cast<std::uintptr_t>(_AddressOfReturnAddress()));
#endif
}

/// True if `value` is at least `limit`, which other threads change. Like an atomic load and a comparison, but in one
/// instruction if the processor has one: compilers do not combine them.
[[nodiscard, gnu::always_inline]] inline bool is_at_least(std::uint8_t value,
                                                          std::uint8_t const& limit) noexcept {
#if FAPILOG_DETAIL_ASM_X64 && !FAPILOG_DETAIL_THREAD_SANITIZER
  bool result;
  asm volatile("cmpb %2, %1" : "=@ccbe"(result) : "m"(limit), "qi"(value));
  return result;
#else
  return value >= detail::load_relaxed(limit);
#endif
}

/// Writes one byte of each page without changing it, even if another thread writes that byte meanwhile. The thread sanitizer
/// does not see it.
[[gnu::cold]] inline void touch_pages(std::byte* first, std::size_t size, std::size_t page) noexcept {
  for (std::size_t at = 0; at < size; at += page) {
#if FAPILOG_DETAIL_ASM_X64
    asm volatile("lock orb $0, %0" : "+m"(first[at]) : : "cc");
#elif FAPILOG_DETAIL_GNU_BUILTINS && !FAPILOG_DETAIL_THREAD_SANITIZER
    __atomic_fetch_or(reinterpret_cast<unsigned char*>(first + at), 0, __ATOMIC_RELAXED);
#elif !FAPILOG_DETAIL_THREAD_SANITIZER
    std::atomic_ref<unsigned char>{*reinterpret_cast<unsigned char*>(first + at)}.fetch_or(
        0, std::memory_order_relaxed);
#endif
  }
}

}  // namespace fapilog::inline v0_1::detail
