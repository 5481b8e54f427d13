// SPDX-License-Identifier: MIT
// The source location of a log call, and how a record stores it.
#pragma once

#include <fapilog/detail/compiler.hpp>

#include <cstdint>

namespace fapilog::inline v0_1::detail {

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
  /// A number for the call site, not 0, the same for each call there. Call sites have different numbers.
  [[nodiscard, gnu::always_inline]] std::uint64_t number() const noexcept {
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
  /// A number for the line, not 0, the same for each call there. Call sites in different lines have different numbers.
  [[nodiscard, gnu::always_inline]] std::uint64_t number() const noexcept {
    return (reinterpret_cast<std::uintptr_t>(file_) + (std::uint64_t{line()} << 40U)) | 1U;
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
  [[nodiscard]] call_site site() const noexcept {
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
  [[nodiscard]] call_site site() const noexcept {
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
