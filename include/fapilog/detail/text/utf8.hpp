// SPDX-License-Identifier: MIT
// Encodes and decodes UTF-8; each ill-formed part decodes to one U+FFFD, as the Unicode standard recommends.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// The result of decoding one code point.
struct code_point {
  std::uint32_t value = 0;
  std::size_t size = 0;  ///< bytes consumed, at least 1
  bool ok = false;       ///< false: ill-formed, replace by U+FFFD
};

/// Decodes the code point at the beginning of `text`, which must not be empty. Well-formed: Unicode 15, table 3-7. Throws: never.
[[nodiscard]] inline code_point decode_utf8(std::string_view text) noexcept {
  auto const byte = [text](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  auto const follows = [&](std::size_t i, std::uint32_t low = 0x80, std::uint32_t high = 0xBF) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  std::uint32_t const first = byte(0);
  if (first < 0x80) return {first, 1, true};
  if (first >= 0xC2 && first <= 0xDF) {
    if (!follows(1)) return {0xFFFD, 1, false};
    return {((first & 0x1F) << 6) | (byte(1) & 0x3F), 2, true};
  }
  if (first >= 0xE0 && first <= 0xEF) {
    if (!follows(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF)) return {0xFFFD, 1, false};
    if (!follows(2)) return {0xFFFD, 2, false};
    return {((first & 0x0F) << 12) | ((byte(1) & 0x3F) << 6) | (byte(2) & 0x3F), 3, true};
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!follows(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF)) return {0xFFFD, 1, false};
    if (!follows(2)) return {0xFFFD, 2, false};
    if (!follows(3)) return {0xFFFD, 3, false};
    return {((first & 0x07) << 18) | ((byte(1) & 0x3F) << 12) | ((byte(2) & 0x3F) << 6) | (byte(3) & 0x3F), 4,
            true};
  }
  return {0xFFFD, 1, false};
}

/// True for the second and later bytes of a code point.
[[nodiscard]] constexpr bool is_utf8_continuation(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// Returns how many code points a well-formed string has.
[[nodiscard]] inline std::size_t count_characters(std::string_view text) noexcept {
  std::size_t continuations = 0;
  std::size_t done = 0;
  std::uint64_t word = 0;
  for (; text.size() - done >= sizeof word; done += sizeof word) {
    std::memcpy(&word, text.data() + done, sizeof word);
    continuations +=
        static_cast<std::size_t>(std::popcount((word >> 7U) & ~(word >> 6U) & 0x0101010101010101U));
  }
  for (; done < text.size(); ++done) continuations += is_utf8_continuation(text[done]) ? 1U : 0U;
  return text.size() - continuations;
}
/// Returns how many bytes the first `count` code points of a well-formed string have.
[[nodiscard]] inline std::size_t size_of_characters(std::string_view text, std::size_t count) noexcept {
  std::size_t size = 0;
  for (; size < text.size(); ++size) {
    if (!is_utf8_continuation(text[size]) && count-- == 0) break;
  }
  return size;
}

/// Writes a code point, or U+FFFD if it is none, and returns the number of bytes (1 to 4). Throws: never.
inline std::size_t encode_utf8(char* to, std::uint32_t point) noexcept {
  if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) point = 0xFFFD;
  auto const tail = [](std::uint32_t bits) { return static_cast<char>(0x80 | (bits & 0x3F)); };
  if (point < 0x80) {
    to[0] = static_cast<char>(point);
    return 1;
  }
  if (point < 0x800) {
    to[0] = static_cast<char>(0xC0 | (point >> 6));
    to[1] = tail(point);
    return 2;
  }
  if (point < 0x10000) {
    to[0] = static_cast<char>(0xE0 | (point >> 12));
    to[1] = tail(point >> 6);
    to[2] = tail(point);
    return 3;
  }
  to[0] = static_cast<char>(0xF0 | (point >> 18));
  to[1] = tail(point >> 12);
  to[2] = tail(point >> 6);
  to[3] = tail(point);
  return 4;
}

[[nodiscard]] inline bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    std::uint64_t word = 0;  // eight ASCII characters at a time
    while (text.size() >= sizeof word) {
      std::memcpy(&word, text.data(), sizeof word);
      if ((word & 0x8080808080808080U) != 0) break;
      text.remove_prefix(sizeof word);
    }
    if (text.empty()) break;
    code_point const point = decode_utf8(text);
    if (!point.ok) return false;
    text.remove_prefix(point.size);
  }
  return true;
}

/// True for characters that move the cursor, change the state of a terminal, end a line or change the direction of text:
/// C0, DEL, C1, U+2028, U+2029 and the bidirectional controls.
[[nodiscard]] constexpr bool is_control(std::uint32_t point) noexcept {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || (point >= 0x2028 && point <= 0x202E) ||
         (point >= 0x2066 && point <= 0x2069) || point == 0x200E || point == 0x200F || point == 0x061C;
}

}  // namespace fapilog::inline v0_1::detail
