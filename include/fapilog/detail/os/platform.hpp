// SPDX-License-Identifier: MIT
// Differences between compilers and processors, kept light because every file that logs includes it.
#pragma once

#include <cstddef>
#include <cstdint>
#if defined(__has_include) && __has_include(<source_location>)
#include <source_location>
#endif

#include <time.h>

#if defined(__x86_64__) || defined(__i386__)
#define FAPILOG_DETAIL_X86 1
#else
#define FAPILOG_DETAIL_X86 0
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

// A call site is one pointer if there is a usable `std::source_location` (GCC, and clang 16 and newer), and the object there is
// aligned to eight bytes. Other compilers mark the names of functions that take loggers, because their call sites have another
// layout: a program with objects of both kinds does not link.
#if defined(__cpp_lib_source_location) && UINTPTR_MAX > 0xFFFFFFFF && \
    !(FAPILOG_DETAIL_CLANG && __clang_major__ < 16)
#define FAPILOG_DETAIL_SITE_IS_POINTER 1
#else
#define FAPILOG_DETAIL_SITE_IS_POINTER 0
#endif
#if FAPILOG_DETAIL_SITE_IS_POINTER || UINTPTR_MAX <= 0xFFFFFFFF
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

// Emitted by the compiler's back end when a call with this name survives optimisation: see duplicate_key_error.
#if defined(__OPTIMIZE__) && (FAPILOG_DETAIL_GCC || (FAPILOG_DETAIL_CLANG && __clang_major__ >= 14))
#define FAPILOG_DETAIL_COMPILE_ERROR(text) __attribute__((error(text)))
#define FAPILOG_DETAIL_CHECKS_KEYS 1
#else
#define FAPILOG_DETAIL_COMPILE_ERROR(text)
#define FAPILOG_DETAIL_CHECKS_KEYS 0
#endif

namespace fapilog::inline v0_1::detail {

/// Size of a cache line: two threads that write should not share one.
inline constexpr std::size_t cache_line = 64;

/// True if the program runs under the thread sanitizer.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool thread_sanitized = true;
#elif defined(__has_feature)
inline constexpr bool thread_sanitized = __has_feature(thread_sanitizer);
#else
inline constexpr bool thread_sanitized = false;
#endif

/// A hint to the processor that this is a spin loop.
inline void cpu_pause() noexcept {
#if FAPILOG_DETAIL_X86
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Prefetches a cache line that will be written. Any address is valid.
[[gnu::always_inline]] inline void prefetch_to_write([[maybe_unused]] void const* address) noexcept {
#if defined(__x86_64__)
  // The compiler's builtin prefetches for reading unless the target declares this instruction. Every processor has it
  // or ignores it.
  asm volatile("prefetchw %0" : : "m"(*static_cast<char const*>(address)));
#else
  __builtin_prefetch(address, 1);
#endif
}

/// True if `read_tsc` reads a counter. Whether it is steady is checked once at start (detail/os/system.hpp).
inline constexpr bool has_tsc = FAPILOG_DETAIL_X86 != 0;

[[gnu::always_inline]] inline std::uint64_t read_tsc() noexcept {
#if FAPILOG_DETAIL_X86
  return __builtin_ia32_rdtsc();
#else
  return 0;
#endif
}

/// Nanoseconds since 1970-01-01 UTC.
inline std::int64_t wall_clock_ns() noexcept {
  ::timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

/// Nanoseconds of a monotonic clock.
inline std::int64_t steady_clock_ns() noexcept {
  ::timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

#if defined(__SANITIZE_THREAD__)
/// Used instead of a fence under the thread sanitizer, which does not support fences.
inline constinit int fence_word = 0;
#endif

/// Orders this thread's memory operations for every other thread.
[[gnu::always_inline]] inline void full_fence() noexcept {
#if defined(__SANITIZE_THREAD__)
  __atomic_fetch_add(&fence_word, 0, __ATOMIC_SEQ_CST);
#else
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/// Adds to a word that only this thread writes, in one instruction if the processor has one, so that a signal handler of the
/// same thread can add too without losing a count.
[[gnu::always_inline]] inline void add_in_one_step(std::uint64_t& word, std::uint64_t count) noexcept {
#if defined(__x86_64__)
  asm volatile("addq %1, %0" : "+m"(word) : "er"(count) : "cc");
#else
  __atomic_store_n(&word, __atomic_load_n(&word, __ATOMIC_RELAXED) + count, __ATOMIC_RELAXED);
#endif
}

/// Writes the stack pointer, in one instruction if the processor has one.
[[gnu::always_inline]] inline void store_stack_pointer(std::uintptr_t& word) noexcept {
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
  asm volatile("movq %%rsp, %0" : "=m"(word));
#else
  __atomic_store_n(&word, reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)), __ATOMIC_RELAXED);
#endif
}

/// True if `value` is at least `limit`, which other threads change. Like an atomic load and a comparison, but in one
/// instruction if the processor has one: compilers do not combine them.
[[nodiscard, gnu::always_inline]] inline bool is_at_least(std::uint8_t value,
                                                          std::uint8_t const& limit) noexcept {
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
  bool result;
  asm volatile("cmpb %2, %1" : "=@ccbe"(result) : "m"(limit), "qi"(value));
  return result;
#else
  return value >= __atomic_load_n(&limit, __ATOMIC_RELAXED);
#endif
}

/// Source location of a call: one pointer if there is `std::source_location`, three words otherwise (clang 14 and 15).
class call_site {
 public:
#if FAPILOG_DETAIL_SITE_IS_POINTER
  static constexpr call_site current(std::source_location where = std::source_location::current()) noexcept {
    call_site site;
    site.where_ = where;
    return site;
  }
  [[nodiscard]] char const* file() const noexcept { return where_.file_name(); }
  [[nodiscard]] char const* function() const noexcept { return where_.function_name(); }
  [[nodiscard]] std::uint32_t line() const noexcept { return where_.line(); }
  /// A number for the place, not 0, the same for each call there. Places have different numbers.
  [[nodiscard, gnu::always_inline]] std::uintptr_t number() const noexcept {
    return __builtin_bit_cast(std::uintptr_t, where_);
  }

 private:
  std::source_location where_;
#else
  static constexpr call_site current(char const* file = __builtin_FILE(),
                                     char const* function = __builtin_FUNCTION(),
                                     std::uint32_t line = __builtin_LINE()) noexcept {
    call_site site;
    site.file_ = file;
    site.function_ = function;
    site.line_ = line;
    return site;
  }
  [[nodiscard]] char const* file() const noexcept { return file_; }
  [[nodiscard]] char const* function() const noexcept { return function_; }
  [[nodiscard]] std::uint32_t line() const noexcept { return static_cast<std::uint32_t>(line_); }
  /// A number for the line, not 0, the same for each call there. Places in different lines have different numbers.
  [[nodiscard, gnu::always_inline]] std::uintptr_t number() const noexcept {
    return (reinterpret_cast<std::uintptr_t>(file_) + (std::uintptr_t{line()} << 40U)) | 1U;
  }

 private:
  friend class marked_call_site;

  char const* file_ = "";
  char const* function_ = "";
  std::uint64_t line_ = 0;  ///< without padding, so that clang keeps a call site out of memory
#endif
};

/// A call site with two numbers, in the size of a call site: the mark, 0 to 7, and flags, 0 to 15.
class marked_call_site {
 public:
  marked_call_site() noexcept = default;
#if FAPILOG_DETAIL_SITE_IS_POINTER
  [[gnu::always_inline]] marked_call_site(call_site where, unsigned mark, unsigned flags = 0) noexcept
      : word_(__builtin_bit_cast(std::uintptr_t, where) + mark + (std::uintptr_t{flags} << flags_at)) {}
  [[gnu::always_inline]] explicit marked_call_site(std::uintptr_t word) noexcept : word_(word) {}
  [[nodiscard]] unsigned mark() const noexcept { return static_cast<unsigned>(word_ & mark_bits); }
  [[nodiscard]] unsigned flags() const noexcept { return static_cast<unsigned>(word_ >> flags_at); }
  [[nodiscard]] call_site place() const noexcept {
    return __builtin_bit_cast(call_site, (word_ << flag_bits >> flag_bits) & ~mark_bits);
  }
  [[nodiscard, gnu::always_inline]] std::uintptr_t word() const noexcept { return word_; }

 private:
  static_assert(sizeof(call_site) == sizeof(std::uintptr_t));
  // No address of user space uses the highest bits.
  static constexpr std::uintptr_t mark_bits = 7;
  static constexpr unsigned flag_bits = 4;
  static constexpr unsigned flags_at = 64 - flag_bits;

  std::uintptr_t word_ = 0;
#else
  [[gnu::always_inline]] marked_call_site(call_site where, unsigned mark, unsigned flags = 0) noexcept
      : where_(where) {
    where_.line_ |= std::uint64_t{mark | flags << 8U} << mark_at;
  }
  [[nodiscard]] unsigned mark() const noexcept { return static_cast<unsigned>(where_.line_ >> mark_at) & 7U; }
  [[nodiscard]] unsigned flags() const noexcept {
    return static_cast<unsigned>(where_.line_ >> (mark_at + 8));
  }
  [[nodiscard]] call_site place() const noexcept {
    call_site where = where_;
    where.line_ = where.line();
    return where;
  }

 private:
  static constexpr unsigned mark_at = 32;

  call_site where_;
#endif
};

/// A marked call site without flags in four bytes if it is one word: its distance from a literal of the same module.
class near_call_site {
 public:
#if FAPILOG_DETAIL_SITE_IS_POINTER
  near_call_site() noexcept = default;
  near_call_site(marked_call_site where, void const* literal) noexcept
      : distance_(static_cast<std::int32_t>(distance(where, literal))) {}
  /// False if the distance does not fit, and if there are flags.
  [[nodiscard, gnu::always_inline]] static bool reaches(marked_call_site where,
                                                        void const* literal) noexcept {
    std::int64_t const whole = distance(where, literal);
    return whole == static_cast<std::int32_t>(whole);
  }
  [[nodiscard]] marked_call_site at(void const* literal) const noexcept {
    return marked_call_site{reinterpret_cast<std::uintptr_t>(literal) +
                            static_cast<std::uintptr_t>(std::intptr_t{distance_})};
  }

 private:
  [[gnu::always_inline]] static std::int64_t distance(marked_call_site where, void const* literal) noexcept {
    return static_cast<std::int64_t>(where.word() - reinterpret_cast<std::uintptr_t>(literal));
  }

  std::int32_t distance_ = 0;
#else
  near_call_site() noexcept = default;
  near_call_site(marked_call_site where, void const*) noexcept : where_(where) {}
  [[nodiscard]] static bool reaches(marked_call_site where, void const*) noexcept {
    return where.flags() == 0;
  }
  [[nodiscard]] marked_call_site at(void const*) const noexcept { return where_; }

 private:
  marked_call_site where_;
#endif
};

}  // namespace fapilog::inline v0_1::detail
