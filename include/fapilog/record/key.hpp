// SPDX-License-Identifier: MIT
// The name of a field: a literal that is checked at compile time, or a string chosen at run time.
#pragma once

#include <fapilog/detail/compiler.hpp>
#include <fapilog/record/record.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace fapilog::inline v0_1 {
namespace detail {

/// A view of a key, and how a cell stores it. Elements of arrays have no key.
struct key_view {
  char const* text = "";  // never null, because memcpy reads from it
  std::uint16_t size = 0;
  std::uint8_t flags = 0;  ///< `key_is_literal`, `key_is_inline` or 0

  template <std::size_t N>
  static constexpr key_view literal(char const (&text)[N]) noexcept {
    static_assert(N > 1 && N < 0x10000);
    return {text, static_cast<std::uint16_t>(N - 1), detail::record_format::key_is_literal};
  }
  static constexpr key_view copied(std::string_view text) noexcept {
    std::size_t const size = text.size() <= max_size ? text.size() : size_when_cut(text);
    return {text.data(), static_cast<std::uint16_t>(size), detail::record_format::key_is_inline};
  }
  /// Bytes of the key in a cell.
  [[nodiscard]] constexpr std::size_t bytes() const noexcept {
    switch (flags) {
      case detail::record_format::key_is_literal: return sizeof(char const*);
      case detail::record_format::key_is_inline: return sizeof size + size;
      default: return 0;
    }
  }

 private:
  static constexpr std::size_t max_size = 1024;

  /// Cuts a long key in front of the character that does not fit. Bytes that are not UTF-8 are cut anywhere.
  [[gnu::cold]] static constexpr std::size_t size_when_cut(std::string_view text) noexcept {
    constexpr std::size_t longest_character = 4;
    for (std::size_t size = max_size; size > max_size - longest_character; --size) {
      if ((static_cast<unsigned char>(text[size]) & 0xC0U) != 0x80U) return size;
    }
    return max_size;
  }
};

}  // namespace detail

/// The name of a field as a string literal: not empty, printable ASCII without quotes and backslashes, at most 255
/// characters. Anything else is a compile error. The keys of one call must differ. Use `dynamic_key` for a name that is
/// known only at run time.
class key {
 public:
  template <std::size_t N>
  consteval key(char const (&literal)[N])
      : text_(literal), size_(static_cast<std::uint16_t>(N - 1)) {  // NOLINT(google-explicit-constructor)
    static_assert(N > 1, "fapilog: a key is not empty");
    static_assert(N <= 256, "fapilog: a key has at most 255 characters");
    for (std::size_t i = 0; i + 1 < N; ++i) {
      if (literal[i] < ' ' || literal[i] > '~')
        FAPILOG_DETAIL_REFUSE("fapilog: a key is printable ASCII; use dynamic_key for other text");
      if (literal[i] == '"' || literal[i] == '\\')
        FAPILOG_DETAIL_REFUSE("fapilog: a key has no quotes and no backslashes; use dynamic_key");
    }
    if (literal[N - 1] != '\0') FAPILOG_DETAIL_REFUSE("fapilog: a key is a string literal");
  }

  /// Refuses a string that is not a literal.
  template <class T>
    requires(std::is_convertible_v<T const&, std::string_view> && !std::is_array_v<T>)
  key(T const&) {  // NOLINT(google-explicit-constructor)
    static_assert(
        !std::is_same_v<T, T>,
        "fapilog: a key is a literal; for text known only at run time write fapilog::dynamic_key(text)");
  }

  [[nodiscard, gnu::always_inline]] constexpr detail::key_view view() const noexcept {
    return {text_, size_, detail::record_format::key_is_literal};
  }

 private:
  char const* text_;
  std::uint16_t size_;
};

/// A key that is known only at run time. The call copies it and cuts it after 1,024 bytes, between characters. Invalid
/// UTF-8 becomes U+FFFD, an empty key becomes "_".
class dynamic_key {
 public:
  constexpr explicit dynamic_key(std::string_view text) noexcept
      : text_(text.empty() ? std::string_view{"_"} : text) {}
  [[nodiscard]] constexpr detail::key_view view() const noexcept { return detail::key_view::copied(text_); }

 private:
  std::string_view text_;
};

}  // namespace fapilog::inline v0_1
