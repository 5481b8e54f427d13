// SPDX-License-Identifier: MIT
// SipHash against the published vectors.
#include "support/catch.hpp"

#include <fapilog/detail/hash/siphash.hpp>

#include <cstdint>
#include <string>
#include <utility>

using fapilog::detail::siphash;
using fapilog::detail::siphash_key;

TEST_CASE("SipHash gives the published numbers for every rest of a word") {
  siphash_key const key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::string text;
  std::pair<std::size_t, std::uint64_t> const published[] = {
      {0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd}, {2, 0x0d6c8009d9a94f5a},
      {3, 0x85676696d7fb7e2d}, {8, 0x93f5f5799a932462}, {15, 0xa129ca6149be45e5}};
  for (auto const& [size, number] : published) {
    while (text.size() < size) text.push_back(static_cast<char>(text.size()));
    CHECK(siphash<2, 4>(key, text) == number);
  }
  CHECK(siphash<1, 3>(key, {}) == 0xabac0158050fc4dc);
}

TEST_CASE("SipHash depends on each half of the key and on each byte") {
  std::string const text = "a text that is longer than two words";
  auto const number = siphash<1, 3>({1, 2}, text);
  CHECK(siphash<1, 3>({2, 2}, text) != number);
  CHECK(siphash<1, 3>({1, 3}, text) != number);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] ^= 1;
    CHECK(siphash<1, 3>({1, 2}, other) != number);
  }
}
