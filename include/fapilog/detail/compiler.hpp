// SPDX-License-Identifier: MIT
// Differences between compilers and processors: attributes, builtins and single instructions.
#pragma once

// Nothing below compiles as an older C++. The header that does not exist ends the compilation after this one message.
#if (!defined(_MSVC_LANG) && __cplusplus < 202002L) || (defined(_MSVC_LANG) && _MSVC_LANG < 202002L)
#error "fapilog: needs C++20: GCC 12, clang 14 or newer with -std=c++20, or MSVC 2022 with /std:c++20"
#include <fapilog_needs_cpp20>
#endif

#include <cstddef>
#include <cstdint>
#if defined(__has_include) && __has_include(<source_location>)
#include <source_location>
#endif

// GCC's builtins, which clang has on every system.
#if defined(__GNUC__) || defined(__clang__)
#define FAPILOG_DETAIL_GNU_BUILTINS 1
#else
#define FAPILOG_DETAIL_GNU_BUILTINS 0
#endif

#if defined(__clang__)
#define FAPILOG_DETAIL_CLANG 1
#else
#define FAPILOG_DETAIL_CLANG 0
#endif

#if defined(__GNUC__) && !FAPILOG_DETAIL_CLANG
#define FAPILOG_DETAIL_GCC 1
#else
#define FAPILOG_DETAIL_GCC 0
#endif

#if !FAPILOG_DETAIL_GNU_BUILTINS
#include <intrin.h>
#include <atomic>
#include <cstdlib>
#include <cstring>
// Attributes of other compilers are ignored; MSVC warns of each.
#pragma warning(disable : 5030)
#endif

#if defined(__x86_64__) || defined(__i386__) || defined(_M_X64) || defined(_M_IX86)
#define FAPILOG_DETAIL_X86 1
#else
#define FAPILOG_DETAIL_X86 0
#endif
// Instructions in the syntax of GCC.
#if FAPILOG_DETAIL_GNU_BUILTINS && defined(__x86_64__)
#define FAPILOG_DETAIL_ASM_X64 1
#else
#define FAPILOG_DETAIL_ASM_X64 0
#endif
#if FAPILOG_DETAIL_GNU_BUILTINS && defined(__aarch64__)
#define FAPILOG_DETAIL_ASM_ARM64 1
#else
#define FAPILOG_DETAIL_ASM_ARM64 0
#endif
#if defined(__SSE2__) || defined(_M_X64)
#define FAPILOG_DETAIL_SSE2 1
#else
#define FAPILOG_DETAIL_SSE2 0
#endif

#if defined(__SANITIZE_THREAD__)
#define FAPILOG_DETAIL_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FAPILOG_DETAIL_THREAD_SANITIZER 1
#endif
#endif
#if !defined(FAPILOG_DETAIL_THREAD_SANITIZER)
#define FAPILOG_DETAIL_THREAD_SANITIZER 0
#endif

// A call site is one pointer if there is a usable `std::source_location` (GCC, and clang 16 and newer), and the object there is
// aligned to eight bytes. Other compilers mark the names of functions that take loggers, because their call sites have another
// layout: a program with objects of both kinds does not link.
#if defined(__cpp_lib_source_location) && UINTPTR_MAX > 0xFFFFFFFF && FAPILOG_DETAIL_GNU_BUILTINS && \
    !defined(_MSC_VER) && !(FAPILOG_DETAIL_CLANG && __clang_major__ < 16)
#define FAPILOG_DETAIL_SITE_IS_POINTER 1
#else
#define FAPILOG_DETAIL_SITE_IS_POINTER 0
#endif
#if FAPILOG_DETAIL_SITE_IS_POINTER || UINTPTR_MAX <= 0xFFFFFFFF || defined(_MSC_VER)
#define FAPILOG_DETAIL_SITE_ABI
#else
#define FAPILOG_DETAIL_SITE_ABI __attribute__((abi_tag("wide_call_site")))
#endif

// Constructs a variable before those of the program, if the system can.
#if defined(__ELF__)
#define FAPILOG_DETAIL_INIT_FIRST __attribute__((init_priority(101)))
#else
#define FAPILOG_DETAIL_INIT_FIRST
#endif

// Where the running function returns to. Only in one that is not inlined.
#if defined(_MSC_VER) && !FAPILOG_DETAIL_CLANG
#define FAPILOG_DETAIL_RETURN_ADDRESS() _ReturnAddress()
#else
#define FAPILOG_DETAIL_RETURN_ADDRESS() __builtin_return_address(0)
#endif

// Visible to other modules even with -fvisibility=hidden. DLLs have no such names: each has a copy.
#if defined(__ELF__) || defined(__MACH__)
#define FAPILOG_DETAIL_SHARED [[gnu::visibility("default")]]
#else
#define FAPILOG_DETAIL_SHARED
#endif

// Lets other members use the padding of a member. MSVC accepts the attribute of the standard, but ignores it.
#if defined(_MSC_VER)
#define FAPILOG_DETAIL_NO_UNIQUE_ADDRESS [[msvc::no_unique_address]]
#else
#define FAPILOG_DETAIL_NO_UNIQUE_ADDRESS [[no_unique_address]]
#endif

// Emitted by the compiler's back end when a call with this name survives optimisation: see duplicate_key_error.
#if defined(__OPTIMIZE__) && (FAPILOG_DETAIL_GCC || (FAPILOG_DETAIL_CLANG && __clang_major__ >= 14))
#define FAPILOG_DETAIL_COMPILE_ERROR(text) __attribute__((error(text)))
#define FAPILOG_DETAIL_CHECKS_KEYS 1
#else
#define FAPILOG_DETAIL_COMPILE_ERROR(text)
#define FAPILOG_DETAIL_CHECKS_KEYS 0
#endif

// Files may be compiled without exceptions if they only log: see guarded_call.hpp. FAPILOG_DETAIL_REFUSE ends the evaluation of a
// constant with a string for the compiler's message.
#if defined(__cpp_exceptions)
#define FAPILOG_DETAIL_EXCEPTIONS 1
#define FAPILOG_DETAIL_REFUSE(text) throw text
#else
#define FAPILOG_DETAIL_EXCEPTIONS 0
#define FAPILOG_DETAIL_REFUSE(text) ::fapilog::detail::refuse_constant(text)
#endif

namespace fapilog::inline v0_1::detail {

/// True if members may be in the padding of a member before them, with FAPILOG_DETAIL_NO_UNIQUE_ADDRESS. The layout of MSVC permits that
/// for empty members only.
#if defined(_MSC_VER)
inline constexpr bool reuses_padding = false;
#else
inline constexpr bool reuses_padding = true;
#endif

/// Not constexpr: a constant that calls it is refused.
inline void refuse_constant(char const* /*text*/) noexcept {}

/// Size of a cache line: two threads that write should not share one.
inline constexpr std::size_t cache_line = 64;

/// True if the program runs under the thread sanitizer.
inline constexpr bool thread_sanitized = FAPILOG_DETAIL_THREAD_SANITIZER != 0;

// Operations on a word that other threads may use at the same time, with the memory order in the name.
#if FAPILOG_DETAIL_GNU_BUILTINS
/// True if the processor has these operations for eight bytes, without locks.
inline constexpr bool has_atomic_eight_bytes = __atomic_always_lock_free(8, nullptr);
template <class T>
[[nodiscard, gnu::always_inline]] inline T load_relaxed(T const& word) noexcept {
  return __atomic_load_n(&word, __ATOMIC_RELAXED);
}
template <class T>
[[nodiscard, gnu::always_inline]] inline T load_acquire(T const& word) noexcept {
  return __atomic_load_n(&word, __ATOMIC_ACQUIRE);
}
template <class T>
[[nodiscard, gnu::always_inline]] inline T load_seq_cst(T const& word) noexcept {
  return __atomic_load_n(&word, __ATOMIC_SEQ_CST);
}
template <class T>
[[gnu::always_inline]] inline void store_relaxed(T& word, T value) noexcept {
  __atomic_store_n(&word, value, __ATOMIC_RELAXED);
}
template <class T>
[[gnu::always_inline]] inline void store_release(T& word, T value) noexcept {
  __atomic_store_n(&word, value, __ATOMIC_RELEASE);
}
template <class T>
[[gnu::always_inline]] inline void store_seq_cst(T& word, T value) noexcept {
  __atomic_store_n(&word, value, __ATOMIC_SEQ_CST);
}
template <class T>
[[gnu::always_inline]] inline T exchange_word(T& word, T value) noexcept {
  return __atomic_exchange_n(&word, value, __ATOMIC_ACQ_REL);
}
template <class T>
[[gnu::always_inline]] inline T add_relaxed(T& word, T value) noexcept {
  return __atomic_fetch_add(&word, value, __ATOMIC_RELAXED);
}
template <class T>
[[gnu::always_inline]] inline T add_acq_rel(T& word, T value) noexcept {
  return __atomic_fetch_add(&word, value, __ATOMIC_ACQ_REL);
}
template <class T>
[[gnu::always_inline]] inline T subtract_acq_rel(T& word, T value) noexcept {
  return __atomic_fetch_sub(&word, value, __ATOMIC_ACQ_REL);
}
template <class T>
[[gnu::always_inline]] inline bool compare_exchange_word(T& word, T& expected, T desired) noexcept {
  return __atomic_compare_exchange_n(&word, &expected, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
/// Prevents the compiler, not the processor, from reordering memory operations of this thread.
[[gnu::always_inline]] inline void compiler_fence() noexcept { __atomic_signal_fence(__ATOMIC_SEQ_CST); }
#else
inline constexpr bool has_atomic_eight_bytes = true;
template <class T>
[[nodiscard]] inline T load_relaxed(T const& word) noexcept {
  return std::atomic_ref<T>{const_cast<T&>(word)}.load(std::memory_order_relaxed);
}
template <class T>
[[nodiscard]] inline T load_acquire(T const& word) noexcept {
  return std::atomic_ref<T>{const_cast<T&>(word)}.load(std::memory_order_acquire);
}
template <class T>
[[nodiscard]] inline T load_seq_cst(T const& word) noexcept {
  return std::atomic_ref<T>{const_cast<T&>(word)}.load(std::memory_order_seq_cst);
}
template <class T>
inline void store_relaxed(T& word, T value) noexcept {
  std::atomic_ref<T>{word}.store(value, std::memory_order_relaxed);
}
template <class T>
inline void store_release(T& word, T value) noexcept {
  std::atomic_ref<T>{word}.store(value, std::memory_order_release);
}
template <class T>
inline void store_seq_cst(T& word, T value) noexcept {
  std::atomic_ref<T>{word}.store(value, std::memory_order_seq_cst);
}
template <class T>
inline T exchange_word(T& word, T value) noexcept {
  return std::atomic_ref<T>{word}.exchange(value, std::memory_order_acq_rel);
}
template <class T>
inline T add_relaxed(T& word, T value) noexcept {
  return std::atomic_ref<T>{word}.fetch_add(value, std::memory_order_relaxed);
}
template <class T>
inline T add_acq_rel(T& word, T value) noexcept {
  return std::atomic_ref<T>{word}.fetch_add(value, std::memory_order_acq_rel);
}
template <class T>
inline T subtract_acq_rel(T& word, T value) noexcept {
  return std::atomic_ref<T>{word}.fetch_sub(value, std::memory_order_acq_rel);
}
template <class T>
inline bool compare_exchange_word(T& word, T& expected, T desired) noexcept {
  return std::atomic_ref<T>{word}.compare_exchange_strong(expected, desired, std::memory_order_acq_rel,
                                                          std::memory_order_acquire);
}
inline void compiler_fence() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }
#endif

/// Converts a number to a type that is the same on some systems, where GCC warns of a useless cast.
template <class To, class From>
[[nodiscard, gnu::always_inline]] constexpr To number_cast(From number) noexcept {
  return static_cast<To>(number);
}

/// Reverses the bytes of a word.
[[nodiscard]] inline std::uint64_t swap_bytes(std::uint64_t word) noexcept {
#if FAPILOG_DETAIL_GNU_BUILTINS
  return __builtin_bswap64(word);
#else
  return _byteswap_uint64(word);
#endif
}

/// Multiplies two integers of any type. Returns true if the product does not fit; then `result` is any number.
template <class A, class B>
[[nodiscard]] constexpr bool multiply_overflows(A a, B b, std::int64_t& result) noexcept {
#if FAPILOG_DETAIL_GNU_BUILTINS
  return __builtin_mul_overflow(a, b, &result);
#else
  result = 0;
  if (a == 0 || b == 0) return false;
  constexpr auto max = static_cast<std::int64_t>(~std::uint64_t{0} >> 1U);
  constexpr auto is_too_large = [](auto n) {
    return n > 0 && static_cast<std::uint64_t>(n) > static_cast<std::uint64_t>(max);
  };
  if (is_too_large(a) || is_too_large(b)) return true;
  auto const x = static_cast<std::int64_t>(a);
  auto const y = static_cast<std::int64_t>(b);
  constexpr std::int64_t min = -max - 1;
  bool const is_over = x > 0 ? (y > 0 ? x > max / y : y < min / x) : (y > 0 ? x < min / y : y < max / x);
  if (!is_over) result = x * y;
  return is_over;
#endif
}
/// Adds. Returns true if the sum does not fit; then `result` is any number.
[[nodiscard]] constexpr bool add_overflows(std::int64_t a, std::int64_t b, std::int64_t& result) noexcept {
#if FAPILOG_DETAIL_GNU_BUILTINS
  return __builtin_add_overflow(a, b, &result);
#else
  constexpr auto max = static_cast<std::int64_t>(~std::uint64_t{0} >> 1U);
  result = 0;
  if (b > 0 ? a > max - b : a < -max - 1 - b) return true;
  result = a + b;
  return false;
#endif
}

/// Keeps the compiler from concluding anything about these bits.
template <class Word>
[[gnu::always_inline]] constexpr void hide_from_optimiser([[maybe_unused]] Word& bits) noexcept {
#if FAPILOG_DETAIL_GNU_BUILTINS
  asm("" : "+r"(bits));
#endif
}

}  // namespace fapilog::inline v0_1::detail
