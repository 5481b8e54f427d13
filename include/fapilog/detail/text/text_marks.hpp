// SPDX-License-Identifier: MIT
// Finds characters that every recognisable secret contains, sixteen bytes at a time if the processor supports it.
#pragma once

#include <fapilog/detail/compiler.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if FAPILOG_DETAIL_SSE2
#include <emmintrin.h>
#endif

namespace fapilog::inline v0_1::detail {

/// Which characters are marks. `text_signs` covers the other indications.
enum class mark_set : std::uint8_t {
  few,   ///< `@`, `=` and `:`
  full,  ///< also `%`, `<` and `J`, and detects signs
};

/// Indications besides marks. A sign may be a false positive, but never a false negative.
struct text_signs {
  bool dashes = false;  ///< five consecutive dashes, in a string of 16 bytes or more
  bool scheme = false;  ///< `bea` or `bas` in any case (`Bearer`, `Basic`), in a string of 8 bytes or more
  bool words = false;   ///< `pas`, or `by` after `d` or a quote, in any case (`password`, `IDENTIFIED BY`)
  bool flags = false;   ///< a dash after a space, a quote or a dash, in a string of 8 bytes or more
  bool rows = false;    ///< at least `shortest_row` consecutive letters, digits, `_` and `-`
  bool digits = false;  ///< at least `fewest_digits` digits

  [[nodiscard]] bool any() const noexcept { return dashes || scheme || words || flags || rows || digits; }
};

/// Shorter strings have neither marks nor signs: no recognisable secret is that short.
inline constexpr std::size_t shortest_marked = 4;
inline constexpr std::size_t shortest_row = 16;
inline constexpr std::size_t fewest_digits = 13;

#if FAPILOG_DETAIL_SSE2

namespace marks_detail {

[[nodiscard]] inline __m128i equal(__m128i block, char c) noexcept {
  return _mm_cmpeq_epi8(block, _mm_set1_epi8(c));
}
[[nodiscard]] inline unsigned mask_of(__m128i found) noexcept {
  return static_cast<unsigned>(_mm_movemask_epi8(found));
}
/// Bytes from `low` to `low + count - 1`.
[[nodiscard]] inline __m128i in_range(__m128i block, char low, int count) noexcept {
  // Shifts the range to the smallest signed numbers.
  __m128i const shifted = _mm_add_epi8(block, _mm_set1_epi8(static_cast<char>(-128 - low)));
  return _mm_cmplt_epi8(shifted, _mm_set1_epi8(static_cast<char>(-128 + count)));
}

/// Examines blocks of one string in their order.
template <mark_set Set>
class block_reader {
 public:
  /// Returns a bit for each mark. `lasts` has a bit for each byte whose successor is unknown: a pattern that continues
  /// after it counts as found. Of the block, the last `fresh` bytes are new.
  unsigned read(__m128i block, unsigned lasts, unsigned fresh, text_signs& signs) noexcept {
    __m128i found = _mm_or_si128(_mm_or_si128(equal(block, '@'), equal(block, '=')), equal(block, ':'));
    if constexpr (Set == mark_set::full) {
      found = _mm_or_si128(found, _mm_or_si128(equal(block, 'J'), equal(block, '%')));
      found = _mm_or_si128(found, equal(block, '<'));
      __m128i const lower = _mm_or_si128(block, _mm_set1_epi8(0x20));
      find_signs(block, lower, lasts, signs);
      find_rows(block, lower, fresh, signs);
    }
    return mask_of(found);
  }

  [[nodiscard]] bool has_digits() const noexcept {
    __m128i const sums = _mm_sad_epu8(digits_, _mm_setzero_si128());
    auto const sum = static_cast<std::size_t>(_mm_cvtsi128_si32(sums)) +
                     static_cast<std::size_t>(_mm_cvtsi128_si32(_mm_srli_si128(sums, 8)));
    return sum >= fewest_digits;
  }

 private:
  static void find_signs(__m128i block, __m128i lower, unsigned lasts, text_signs& signs) noexcept {
    auto const letter = [lower](char c) { return mask_of(equal(lower, c)); };
    if (unsigned const dash = mask_of(equal(block, '-')); dash != 0) {
      // If five dashes span two blocks, at least three of them are in one.
      signs.dashes = signs.dashes || (dash & (dash >> 1) & (dash >> 2)) != 0;
      __m128i const opening = _mm_or_si128(_mm_or_si128(equal(block, ' '), equal(block, '-')),
                                           _mm_or_si128(equal(block, '"'), equal(block, '\'')));
      // The byte before the first one is unknown.
      signs.flags = signs.flags || (dash & ((mask_of(opening) << 1) | (lasts << 1) | 1U)) != 0;
    }
    unsigned const last_two = lasts | (lasts >> 1);
    unsigned const b = letter('b');
    unsigned const p = letter('p');
    if ((b | p) == 0) return;
    unsigned const a = letter('a');
    unsigned const s = (letter('s') >> 2) | last_two;
    unsigned const bea = ((letter('e') >> 1) | lasts) & ((a >> 2) | last_two);
    unsigned const as = ((a >> 1) | lasts) & s;
    unsigned const y = (letter('y') >> 1) | lasts;
    signs.scheme = signs.scheme || (b & (bea | as)) != 0;
    signs.words = signs.words || (p & as) != 0;
    if ((b & y) == 0 || signs.words) return;
    // Two bytes before: `IDENTIFIED BY`, `WITH 'plugin' BY`. Those of the first bytes are unknown.
    unsigned const before = (letter('d') | mask_of(equal(block, '\''))) << 2;
    signs.words = (b & y & (before | 3U | (lasts << 1) | (lasts << 2))) != 0;
  }

  void find_rows(__m128i block, __m128i lower, unsigned fresh, text_signs& signs) noexcept {
    constexpr unsigned all = 0xFFFF;
    __m128i const digit = in_range(block, '0', 10);
    digits_ = _mm_adds_epu8(digits_, _mm_and_si128(digit, _mm_set1_epi8(1)));
    __m128i const other = _mm_or_si128(equal(block, '_'), equal(block, '-'));
    unsigned const row = mask_of(_mm_or_si128(_mm_or_si128(digit, in_range(lower, 'a', 26)), other));
    unsigned const skipped = 16 - fresh;
    auto const first = static_cast<std::size_t>(std::countr_one((row >> skipped) & (all >> skipped)));
    signs.rows = signs.rows || open_row_ + first >= shortest_row;
    open_row_ = row == all ? open_row_ + fresh : static_cast<std::size_t>(std::countl_one(row << 16));
  }

  __m128i digits_ = _mm_setzero_si128();
  std::size_t open_row_ = 0;  ///< length of the row at the end of the last block
};

[[nodiscard]] inline __m128i load(char const* from) noexcept {
  return _mm_loadu_si128(static_cast<__m128i const*>(static_cast<void const*>(from)));
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

/// The signs of a short string: it has no rows, and enough digits only by counting some twice.
template <mark_set Set>
[[nodiscard]] inline unsigned read_short(std::string_view text, text_signs& signs) noexcept {
  block_reader<Set> reader;
  unsigned const found = reader.read(load_short(text.data(), text.size()), 0x8080, 16, signs);
  signs.rows = false;
  if constexpr (Set == mark_set::full) signs.digits = text.size() >= fewest_digits && reader.has_digits();
  return found;
}

}  // namespace marks_detail

/// True if a string has a mark or a sign. Throws: never.
template <mark_set Set>
[[nodiscard]] inline bool has_marks(std::string_view text) noexcept {
  text_signs signs;
  char const* const from = text.data();
  std::size_t const size = text.size();
  if (size < shortest_marked) return false;
  if (size < 16) return marks_detail::read_short<Set>(text, signs) != 0 || signs.any();
  marks_detail::block_reader<Set> reader;
  unsigned found = 0;
  std::size_t begin = 0;
  for (; begin + 16 < size; begin += 16)
    found |= reader.read(marks_detail::load(from + begin), 0x8000, 16, signs);
  auto const fresh = static_cast<unsigned>(size - begin);
  found |= reader.read(marks_detail::load(from + size - 16), 0x8000, fresh, signs);
  if constexpr (Set == mark_set::full) signs.digits = reader.has_digits();
  return found != 0 || signs.any();
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
    unsigned found = marks_detail::read_short<Set>(text, signs);
    for (std::size_t next = 0; found != 0; found &= found - 1) {
      auto const bit = static_cast<std::size_t>(std::countr_zero(found));
      std::size_t const at = bit < half ? bit : size - 2 * half + bit;
      if (at < next) continue;
      next = at + 1;
      mark(at);
    }
    return signs;
  }
  marks_detail::block_reader<Set> reader;
  std::size_t next = 0;
  for (std::size_t begin = 0, fresh = 16;; begin += 16) {
    if (begin + 16 > size) {
      fresh = size - begin;
      begin = size - 16;
    }
    unsigned found =
        reader.read(marks_detail::load(from + begin), 0x8000, static_cast<unsigned>(fresh), signs);
    for (; found != 0; found &= found - 1) {
      std::size_t const at = begin + static_cast<std::size_t>(std::countr_zero(found));
      if (at < next) continue;
      next = at + 1;
      mark(at);
    }
    if (begin + 16 == size) break;
  }
  if constexpr (Set == mark_set::full) signs.digits = reader.has_digits();
  return signs;
}

#else

namespace marks_detail {

/// Notes the signs that begin or end at a character.
class sign_reader {
 public:
  void read(std::string_view text, std::size_t i, text_signs& signs) noexcept {
    char const c = text[i];
    auto const lower = [&text](std::size_t at) { return at < text.size() ? text[at] | 0x20 : 0; };
    bool const digit = c >= '0' && c <= '9';
    digits_ += digit ? 1 : 0;
    signs.digits = digits_ >= fewest_digits;
    row_ = digit || (lower(i) >= 'a' && lower(i) <= 'z') || c == '_' || c == '-' ? row_ + 1 : 0;
    signs.rows = signs.rows || row_ >= shortest_row;
    bool const as = lower(i + 1) == 'a' && lower(i + 2) == 's';
    if (c == '-') {
      signs.dashes = signs.dashes || text.substr(i, 5) == "-----";
      signs.flags =
          signs.flags || i == 0 || std::string_view{" -\"'"}.find(text[i - 1]) != std::string_view::npos;
    } else if (lower(i) == 'b') {
      signs.scheme = signs.scheme || as || (lower(i + 1) == 'e' && lower(i + 2) == 'a');
      bool const follows = i < 2 || lower(i - 2) == 'd' || text[i - 2] == '\'';
      signs.words = signs.words || (lower(i + 1) == 'y' && follows);
    } else if (lower(i) == 'p') {
      signs.words = signs.words || as;
    }
  }

 private:
  std::size_t digits_ = 0;
  std::size_t row_ = 0;
};

}  // namespace marks_detail

template <mark_set Set, class Mark>
inline text_signs find_marks(std::string_view text, Mark&& mark) {
  text_signs signs;
  if (text.size() < shortest_marked) return signs;
  marks_detail::sign_reader reader;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '@':
      case '=':
      case ':': mark(i); break;
      case 'J':
      case '%':
      case '<':
        if constexpr (Set == mark_set::full) mark(i);
        break;
      default: break;
    }
    if constexpr (Set == mark_set::full) reader.read(text, i, signs);
  }
  return signs;
}

template <mark_set Set>
[[nodiscard]] inline bool has_marks(std::string_view text) noexcept {
  bool found = false;
  text_signs const signs = find_marks<Set>(text, [&found](std::size_t) { found = true; });
  return found || signs.any();
}

#endif

}  // namespace fapilog::inline v0_1::detail
