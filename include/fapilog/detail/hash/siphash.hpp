// SPDX-License-Identifier: MIT
// SipHash: a 64-bit hash of a string, which cannot be predicted without the key.
#pragma once

#include <fapilog/detail/compiler.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fapilog::inline v0_1::detail {

struct siphash_key {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

/// SipHash-`Compressions`-`Finishings` by Aumasson and Bernstein; the same result on every machine. Throws: never.
template <int Compressions, int Finishings>
[[nodiscard]] inline std::uint64_t siphash(siphash_key key, std::string_view text) noexcept {
  std::uint64_t a = key.first ^ 0x736f6d6570736575;
  std::uint64_t b = key.second ^ 0x646f72616e646f6d;
  std::uint64_t c = key.first ^ 0x6c7967656e657261;
  std::uint64_t d = key.second ^ 0x7465646279746573;
  auto const rounds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      a += b;
      c += d;
      b = std::rotl(b, 13) ^ a;
      d = std::rotl(d, 16) ^ c;
      a = std::rotl(a, 32);
      c += b;
      a += d;
      b = std::rotl(b, 17) ^ c;
      d = std::rotl(d, 21) ^ a;
      c = std::rotl(c, 32);
    }
  };
  auto const take = [&](std::uint64_t word) {
    d ^= word;
    rounds(Compressions);
    a ^= word;
  };
  auto const word_at = [](char const* from, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, size);
    if constexpr (std::endian::native == std::endian::big) word = detail::swap_bytes(word);
    return word;
  };
  constexpr std::size_t word_size = sizeof(std::uint64_t);
  std::size_t const whole = text.size() / word_size * word_size;
  for (std::size_t i = 0; i < whole; i += word_size) take(word_at(text.data() + i, word_size));
  std::uint64_t last = std::uint64_t{text.size()} << 56;
  if (whole < text.size()) last |= word_at(text.data() + whole, text.size() - whole);
  take(last);
  c ^= 0xff;
  rounds(Finishings);
  return a ^ b ^ c ^ d;
}

}  // namespace fapilog::inline v0_1::detail
