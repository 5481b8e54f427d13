// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104), for pseudonyms.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Hashes bytes piece by piece. Thread: one. Throws: never.
class sha256 {
 public:
  static constexpr std::size_t size = 32;
  static constexpr std::size_t block_size = 64;
  using digest = std::array<unsigned char, size>;

  void update(std::string_view bytes) noexcept {
    total_ += bytes.size();
    if (filled_ != 0) {
      std::size_t const part = bytes.size() < block_size - filled_ ? bytes.size() : block_size - filled_;
      std::memcpy(block_.data() + filled_, bytes.data(), part);
      filled_ += part;
      bytes.remove_prefix(part);
      if (filled_ < block_size) return;
      mix(block_.data());
      filled_ = 0;
    }
    for (; bytes.size() >= block_size; bytes.remove_prefix(block_size)) {
      mix(reinterpret_cast<unsigned char const*>(bytes.data()));
    }
    if (bytes.empty()) return;
    std::memcpy(block_.data(), bytes.data(), bytes.size());
    filled_ = bytes.size();
  }

  /// Returns the hash of all bytes so far. No more bytes may be added afterwards.
  [[nodiscard]] digest finish() noexcept {
    constexpr std::size_t length_at = block_size - 8;
    std::uint64_t const bits = total_ * 8;
    block_[filled_++] = 0x80;
    if (filled_ > length_at) {
      std::memset(block_.data() + filled_, 0, block_size - filled_);
      mix(block_.data());
      filled_ = 0;
    }
    std::memset(block_.data() + filled_, 0, length_at - filled_);
    for (std::size_t i = 0; i < 8; ++i) {
      block_[length_at + i] = static_cast<unsigned char>(bits >> (56 - 8 * i));
    }
    mix(block_.data());
    digest result;
    for (std::size_t i = 0; i < size; ++i) {
      result[i] = static_cast<unsigned char>(state_[i / 4] >> (24 - 8 * (i % 4)));
    }
    return result;
  }

  [[nodiscard]] static digest of(std::string_view bytes) noexcept {
    sha256 hash;
    hash.update(bytes);
    return hash.finish();
  }

 private:
  void mix(unsigned char const* block) noexcept {
    static constexpr std::array<std::uint32_t, 64> constants{
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
    std::array<std::uint32_t, 64> w;
    for (std::size_t i = 0; i < 16; ++i) {
      w[i] = (std::uint32_t{block[4 * i]} << 24) | (std::uint32_t{block[4 * i + 1]} << 16) |
             (std::uint32_t{block[4 * i + 2]} << 8) | std::uint32_t{block[4 * i + 3]};
    }
    for (std::size_t i = 16; i < 64; ++i) {
      std::uint32_t const s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
      std::uint32_t const s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t i = 0; i < 64; ++i) {
      std::uint32_t const s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      std::uint32_t const t1 = h + s1 + ((e & f) ^ (~e & g)) + constants[i] + w[i];
      std::uint32_t const s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      std::uint32_t const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + t1;
      d = c;
      c = b;
      b = a;
      a = t1 + t2;
    }
    std::array<std::uint32_t, 8> const added{a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < added.size(); ++i) state_[i] += added[i];
  }

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, block_size> block_;
  std::size_t filled_ = 0;
  std::uint64_t total_ = 0;
};

/// Keyed hashes. Keeps the hash states that the key produces, not the key itself. Thread: any, for `of`.
class hmac_sha256 {
 public:
  explicit hmac_sha256(std::string_view key) noexcept {
    std::array<char, sha256::block_size> block{};
    if (key.size() > block.size()) {
      sha256::digest const hashed = sha256::of(key);
      std::memcpy(block.data(), hashed.data(), hashed.size());
    } else if (!key.empty()) {
      std::memcpy(block.data(), key.data(), key.size());
    }
    start(inner_, block, 0x36);
    start(outer_, block, 0x5c);
  }

  [[nodiscard]] sha256::digest of(std::string_view message) const noexcept {
    sha256 inner = inner_;
    inner.update(message);
    sha256::digest const first = inner.finish();
    sha256 outer = outer_;
    outer.update({reinterpret_cast<char const*>(first.data()), first.size()});
    return outer.finish();
  }

 private:
  static void start(sha256& hash, std::array<char, sha256::block_size> block, unsigned char pad) noexcept {
    for (char& c : block) c = static_cast<char>(static_cast<unsigned char>(c) ^ pad);
    hash.update({block.data(), block.size()});
  }

  sha256 inner_;
  sha256 outer_;
};

}  // namespace fapilog::inline v0_1::detail
