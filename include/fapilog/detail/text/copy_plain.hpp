// SPDX-License-Identifier: MIT
// Copies characters that JSON does not escape, sixteen at a time if the processor supports it, otherwise eight.
#pragma once

#include <fapilog/detail/compiler.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if FAPILOG_DETAIL_SSE2
#include <emmintrin.h>
#endif

namespace fapilog::inline v0_1::detail {

/// How many bytes `copy_plain` may write after those that it copies.
inline constexpr std::size_t block_bytes = 16;

/// True for printable ASCII except quote and backslash.
[[nodiscard]] constexpr bool is_plain(char c) noexcept {
  return c >= 0x20 && c != '"' && c != '\\' && c != 0x7F && static_cast<unsigned char>(c) < 0x80;
}

/// Non-zero if a byte of the word is not plain.
template <class Word>
[[nodiscard]] constexpr Word special_bytes(Word word) noexcept {
  constexpr Word ones = static_cast<Word>(0x0101010101010101);
  constexpr Word highs = static_cast<Word>(0x8080808080808080);
  auto const has_zero = [](Word w) { return static_cast<Word>((w - ones) & ~w & highs); };
  auto const has = [&](unsigned char c) { return has_zero(static_cast<Word>(word ^ (ones * c))); };
  Word const low = static_cast<Word>((word - ones * 0x20) & ~word & highs);
  return static_cast<Word>((word & highs) | low | has('"') | has('\\') | has(0x7F));
}

#if FAPILOG_DETAIL_SSE2
/// A bit for each byte of the block that is not plain.
[[nodiscard]] inline unsigned special_bits(__m128i block) noexcept {
  // Signed comparison: bytes from 0x80 on are negative, so they count as special.
  __m128i const low = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
  __m128i const quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
  __m128i const backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
  __m128i const del = _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7F));
  return static_cast<unsigned>(
      _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(low, quote), _mm_or_si128(backslash, del))));
}
#endif

/// True if all bytes of both words are plain.
template <class Word>
[[nodiscard]] inline bool are_plain(Word first, Word last) noexcept {
#if FAPILOG_DETAIL_SSE2
  return special_bits(_mm_set_epi64x(
             static_cast<long long>(last | (sizeof(Word) == 4 ? std::uint64_t{last} << 32 : 0)),
             static_cast<long long>(first | (sizeof(Word) == 4 ? std::uint64_t{first} << 32 : 0)))) == 0;
#else
  return (special_bytes(first) | special_bytes(last)) == 0;
#endif
}

/// Copies a string of one to two words. Returns true if all of it is plain.
template <class Word>
[[nodiscard]] inline bool copy_two_words(char* to, char const* from, std::size_t size) noexcept {
  Word first;
  Word last;
  std::memcpy(&first, from, sizeof first);
  std::memcpy(&last, from + size - sizeof last, sizeof last);
  std::memcpy(to, &first, sizeof first);
  std::memcpy(to + size - sizeof last, &last, sizeof last);
  return are_plain(first, last);
}

/// Copies plain characters (printable ASCII except quote and backslash) up to the first other one. Returns their number and
/// advances `to` past them.
[[gnu::always_inline]] inline std::size_t copy_plain(char*& to, char const* from, std::size_t size) noexcept {
  std::size_t done = 0;
#if FAPILOG_DETAIL_SSE2
  while (size - done >= 16) {
    __m128i const block = _mm_loadu_si128(static_cast<__m128i const*>(static_cast<void const*>(from + done)));
    _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(to)), block);
    unsigned const special = special_bits(block);
    if (special != 0) {
      auto const plain = static_cast<std::size_t>(std::countr_zero(special));
      to += plain;
      return done + plain;
    }
    to += 16;
    done += 16;
  }
#else
  while (size - done >= 16 && copy_two_words<std::uint64_t>(to, from + done, 16)) {
    to += 16;
    done += 16;
  }
#endif
  std::size_t const rest = size - done;
  if ((rest >= 8 && rest <= 16 && copy_two_words<std::uint64_t>(to, from + done, rest)) ||
      (rest >= 4 && rest < 8 && copy_two_words<std::uint32_t>(to, from + done, rest))) {
    to += rest;
    return size;
  }
  while (done < size && is_plain(from[done])) *to++ = from[done++];
  return done;
}

}  // namespace fapilog::inline v0_1::detail
