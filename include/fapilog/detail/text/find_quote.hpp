// SPDX-License-Identifier: MIT
// Finds the end of a JSON string, sixteen bytes at a time if the processor supports it.
#pragma once

#include <fapilog/detail/compiler.hpp>

#include <bit>
#include <cstddef>
#include <string_view>

#if FAPILOG_DETAIL_SSE2
#include <emmintrin.h>
#endif

namespace fapilog::inline v0_1::detail {

/// The offset of the first quote or backslash from `at` on, or the size of the text.
[[nodiscard]] inline std::size_t find_quote_or_backslash(std::string_view text, std::size_t at) noexcept {
#if FAPILOG_DETAIL_SSE2
  __m128i const quotes = _mm_set1_epi8('"');
  __m128i const backslashes = _mm_set1_epi8('\\');
  for (; text.size() - at >= 16; at += 16) {
    __m128i const block =
        _mm_loadu_si128(static_cast<__m128i const*>(static_cast<void const*>(text.data() + at)));
    auto const found = static_cast<unsigned>(
        _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(block, quotes), _mm_cmpeq_epi8(block, backslashes))));
    if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found));
  }
#endif
  while (at < text.size() && text[at] != '"' && text[at] != '\\') ++at;
  return at;
}

}  // namespace fapilog::inline v0_1::detail
