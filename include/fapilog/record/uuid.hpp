// SPDX-License-Identifier: MIT
// UUIDs of version 7 (RFC 9562), which sort by time.
#pragma once

#include <fapilog/detail/chance.hpp>
#include <fapilog/detail/compiler.hpp>
#include <fapilog/detail/text/ascii.hpp>

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace fapilog::inline v0_1 {

/// 128 bits in network byte order.
struct uuid {
  std::array<std::uint8_t, 16> bytes{};
  friend bool operator==(uuid const&, uuid const&) noexcept = default;
  friend std::strong_ordering operator<=>(uuid const& a, uuid const& b) noexcept {
    // libc++ has no <=> of arrays before version 17.
    return std::memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) <=> 0;
  }
};

namespace detail {

/// Writes the 36 characters of the canonical form and returns the end.
inline char* put_uuid(char* to, uuid const& id) noexcept {
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *to++ = '-';
    to = put_hex(to, id.bytes[i]);
  }
  return to;
}

/// Makes ascending ids: milliseconds, then a 54-bit counter that starts at a random number for the first id of each
/// millisecond, then 20 random bits of this generator. Thread: one.
class uuid7_generator {
 public:
  [[nodiscard]] uuid next(std::int64_t unix_ns) noexcept {
    auto const ms = static_cast<std::uint64_t>(unix_ns < 0 ? 0 : unix_ns / 1'000'000);
    if (ms > last_ms_) {
      last_ms_ = ms;
      counter_ = random_.next() & counter_start;
    } else if (++counter_ > max_counter) {
      ++last_ms_;  // the counter is exhausted: borrow the next millisecond
      counter_ = random_.next() & counter_start;
    }
    std::uint64_t const high = (last_ms_ << 16) | 0x7000 | (counter_ >> 42);
    std::uint64_t const low =
        std::uint64_t{0x8000000000000000} | ((counter_ & ((std::uint64_t{1} << 42) - 1)) << 20) | own_;
    uuid id;
    put_big_endian(id.bytes.data(), high);
    put_big_endian(id.bytes.data() + 8, low);
    return id;
  }

 private:
  static void put_big_endian(std::uint8_t* to, std::uint64_t word) noexcept {
    if constexpr (std::endian::native == std::endian::little) word = detail::swap_bytes(word);
    std::memcpy(to, &word, sizeof word);
  }

  static constexpr std::uint64_t max_counter = (std::uint64_t{1} << 54) - 1;
  static constexpr std::uint64_t counter_start =
      max_counter >> 1;  // leaves room to count within the millisecond

  random_bits random_;
  std::uint64_t own_ = system_random() & 0xFFFFF;
  std::uint64_t last_ms_ = 0;
  std::uint64_t counter_ = 0;
};

}  // namespace detail

/// The canonical form, in lower case.
[[nodiscard]] inline std::string to_string(uuid const& id) {
  std::string text(36, '\0');
  detail::put_uuid(text.data(), id);
  return text;
}

}  // namespace fapilog::inline v0_1
