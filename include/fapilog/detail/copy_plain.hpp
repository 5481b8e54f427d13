// SPDX-License-Identifier: MIT
// Copies the characters that JSON takes as they are, sixteen at a time where the processor can.
#pragma once

#include <cstddef>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace fapilog::detail {

/// Bytes that `copy_plain` may write beyond what it copies.
inline constexpr std::size_t block_bytes = 16;

/// Copies printable ASCII without quote and backslash up to the first other character, in wide steps, and returns how
/// many characters it were; `to` moves behind them.
inline std::size_t copy_plain(char*& to, char const* from, std::size_t size) noexcept {
  std::size_t done = 0;
#if defined(__SSE2__)
  while (size - done >= 16) {
    __m128i const block = _mm_loadu_si128(reinterpret_cast<__m128i const*>(from + done));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), block);
    // Signed comparison: bytes from 0x80 on are negative and so count as special, too.
    __m128i const low = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
    __m128i const quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
    __m128i const backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
    __m128i const del = _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7F));
    auto const special = static_cast<unsigned>(
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(low, quote), _mm_or_si128(backslash, del))));
    if (special != 0) {
      auto const plain = static_cast<std::size_t>(__builtin_ctz(special));
      to += plain;
      return done + plain;
    }
    to += 16;
    done += 16;
  }
#endif
  while (done < size) {
    char const c = from[done];
    if (c < 0x20 || c == '"' || c == '\\' || c == 0x7F || static_cast<unsigned char>(c) >= 0x80) break;
    *to++ = c;
    ++done;
  }
  return done;
}

}  // namespace fapilog::detail
