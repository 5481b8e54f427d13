// SPDX-License-Identifier: MIT
// Finds characters that every recognisable secret contains, sixteen bytes at a time if the processor supports it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace fapilog::inline v0_1::detail {

/// Which characters are marks. `text_signs` covers the other indications.
enum class mark_set : std::uint8_t {
  few,   ///< `@`, `=` and `:`
  full,  ///< also `J`, and detects signs
};

/// Indications besides marks. A sign may be a false positive, but never a false negative.
struct text_signs {
  bool dashes = false;  ///< five consecutive dashes, in a string of 16 bytes or more
  bool scheme = false;  ///< `bea` or `bas` in any case (`Bearer`, `Basic`), in a string of 8 bytes or more
};

/// Shorter strings have neither marks nor signs: no recognisable secret is that short.
inline constexpr std::size_t shortest_marked = 4;

#if defined(__SSE2__)

namespace marks_detail {

/// `lasts` has a bit for each byte whose successor is unknown: a pattern that continues after it counts as found.
template <mark_set Set>
[[nodiscard]] inline unsigned bits(__m128i block, unsigned lasts, text_signs& signs) noexcept {
  auto const equal = [block](char c) { return _mm_cmpeq_epi8(block, _mm_set1_epi8(c)); };
  __m128i found = _mm_or_si128(_mm_or_si128(equal('@'), equal('=')), equal(':'));
  if constexpr (Set == mark_set::full) {
    found = _mm_or_si128(found, equal('J'));
    // If five dashes span two blocks, at least three of them are in one.
    auto const dash = static_cast<unsigned>(_mm_movemask_epi8(equal('-')));
    signs.dashes = signs.dashes || (dash & (dash >> 1) & (dash >> 2)) != 0;
    __m128i const lower = _mm_or_si128(block, _mm_set1_epi8(0x20));
    auto const letter = [lower](char c) {
      return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(lower, _mm_set1_epi8(c))));
    };
    if (unsigned const b = letter('b'); b != 0) {
      unsigned const last_two = lasts | (lasts >> 1);
      unsigned const a = letter('a');
      unsigned const bea = ((letter('e') >> 1) | lasts) & ((a >> 2) | last_two);
      unsigned const bas = ((a >> 1) | lasts) & ((letter('s') >> 2) | last_two);
      signs.scheme = signs.scheme || (b & (bea | bas)) != 0;
    }
  }
  return static_cast<unsigned>(_mm_movemask_epi8(found));
}

[[nodiscard]] inline __m128i load(char const* from) noexcept {
  return _mm_loadu_si128(reinterpret_cast<__m128i const*>(from));
}

/// Loads a string of 4 to 15 bytes as two halves, which may overlap.
[[nodiscard]] inline __m128i load_short(char const* from, std::size_t size) noexcept {
  if (size >= 8) {
    long long first;
    long long last;
    std::memcpy(&first, from, sizeof first);
    std::memcpy(&last, from + size - sizeof last, sizeof last);
    return _mm_set_epi64x(last, first);
  }
  int first;
  int last;
  std::memcpy(&first, from, sizeof first);
  std::memcpy(&last, from + size - sizeof last, sizeof last);
  return _mm_set_epi32(0, 0, last, first);
}

}  // namespace marks_detail

/// True if a string has a mark or a sign. Throws: never.
template <mark_set Set>
[[nodiscard]] inline bool has_marks(std::string_view text) noexcept {
  text_signs signs;
  char const* const from = text.data();
  std::size_t const size = text.size();
  if (size < shortest_marked) return false;
  unsigned found = 0;
  if (size < 16) {
    found = marks_detail::bits<Set>(marks_detail::load_short(from, size), 0x8080, signs);
  } else {
    for (std::size_t begin = 0; begin + 16 < size; begin += 16) {
      found |= marks_detail::bits<Set>(marks_detail::load(from + begin), 0x8000, signs);
    }
    found |= marks_detail::bits<Set>(marks_detail::load(from + size - 16), 0x8000, signs);
  }
  return found != 0 || signs.dashes || signs.scheme;
}

/// Calls `mark(position)` once for each mark, in ascending order, and returns the signs. Throws: what `mark` throws.
template <mark_set Set, class Mark>
inline text_signs find_marks(std::string_view text, Mark&& mark) {
  text_signs signs;
  char const* const from = text.data();
  std::size_t const size = text.size();
  if (size < shortest_marked) return signs;
  if (size < 16) {
    std::size_t const half = size >= 8 ? 8 : 4;
    unsigned found = marks_detail::bits<Set>(marks_detail::load_short(from, size), 0x8080, signs);
    for (std::size_t next = 0; found != 0; found &= found - 1) {
      auto const bit = static_cast<std::size_t>(std::countr_zero(found));
      std::size_t const at = bit < half ? bit : size - 2 * half + bit;
      if (at < next) continue;
      next = at + 1;
      mark(at);
    }
    return signs;
  }
  std::size_t next = 0;
  for (std::size_t begin = 0;; begin += 16) {
    if (begin + 16 > size) begin = size - 16;
    unsigned found = marks_detail::bits<Set>(marks_detail::load(from + begin), 0x8000, signs);
    for (; found != 0; found &= found - 1) {
      std::size_t const at = begin + static_cast<std::size_t>(std::countr_zero(found));
      if (at < next) continue;
      next = at + 1;
      mark(at);
    }
    if (begin + 16 == size) return signs;
  }
}

#else

template <mark_set Set, class Mark>
inline text_signs find_marks(std::string_view text, Mark&& mark) {
  text_signs signs;
  if (text.size() < shortest_marked) return signs;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '@':
      case '=':
      case ':': mark(i); break;
      case 'J':
        if constexpr (Set == mark_set::full) mark(i);
        break;
      case '-':
        if constexpr (Set == mark_set::full) signs.dashes = signs.dashes || text.substr(i, 5) == "-----";
        break;
      case 'b':
      case 'B':
        if constexpr (Set == mark_set::full) {
          auto const lower = [&text](std::size_t at) { return at < text.size() ? text[at] | 0x20 : 0; };
          signs.scheme = signs.scheme || (lower(i + 1) == 'e' && lower(i + 2) == 'a') ||
                         (lower(i + 1) == 'a' && lower(i + 2) == 's');
        }
        break;
      default: break;
    }
  }
  return signs;
}

template <mark_set Set>
[[nodiscard]] inline bool has_marks(std::string_view text) noexcept {
  bool found = false;
  text_signs const signs = find_marks<Set>(text, [&found](std::size_t) { found = true; });
  return found || signs.dashes || signs.scheme;
}

#endif

}  // namespace fapilog::inline v0_1::detail
