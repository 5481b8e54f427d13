// SPDX-License-Identifier: MIT
// A second implementation of the replacement of ill-formed UTF-8, independent of the library: the rows of table 3-7 of the
// Unicode standard as data, and U+FFFD for each maximal subpart.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace support {

inline std::string repaired_utf8(std::string_view text) {
  struct range {
    unsigned char low, high;
  };
  struct row {
    std::size_t size;
    std::array<range, 4> bytes;
  };
  constexpr range any{0x80, 0xBF};
  static constexpr row rows[] = {
      {1, {{{0x00, 0x7F}, {}, {}, {}}}},
      {2, {{{0xC2, 0xDF}, any, {}, {}}}},
      {3, {{{0xE0, 0xE0}, {0xA0, 0xBF}, any, {}}}},
      {3, {{{0xE1, 0xEC}, any, any, {}}}},
      {3, {{{0xED, 0xED}, {0x80, 0x9F}, any, {}}}},
      {3, {{{0xEE, 0xEF}, any, any, {}}}},
      {4, {{{0xF0, 0xF0}, {0x90, 0xBF}, any, any}}},
      {4, {{{0xF1, 0xF3}, any, any, any}}},
      {4, {{{0xF4, 0xF4}, {0x80, 0x8F}, any, any}}},
  };
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t longest = 0;
    bool whole = false;
    for (row const& r : rows) {
      std::size_t fit = 0;
      while (fit < r.size && at + fit < text.size()) {
        auto const byte = static_cast<unsigned char>(text[at + fit]);
        if (byte < r.bytes[fit].low || byte > r.bytes[fit].high) break;
        ++fit;
      }
      if (fit == r.size) whole = true;
      if (fit > longest) longest = fit;
    }
    if (longest == 0) longest = 1;
    if (whole) {
      result.append(text.substr(at, longest));
    } else {
      result.append("\xEF\xBF\xBD");
    }
    at += longest;
  }
  return result;
}

/// Finds the first byte that a terminal may act on or that ends a line: C0, DEL, C1, bidirectional controls and line
/// separators. Returns its position, or npos.
inline std::size_t find_raw_control(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    auto const byte = [&](std::size_t k) {
      return i + k < line.size() ? static_cast<unsigned char>(line[i + k]) : 0U;
    };
    if (byte(0) < 0x20 || byte(0) == 0x7F) return i;
    if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) < 0xA0) return i;  // C1
    if (byte(0) == 0xE2 && byte(1) == 0x80 && byte(2) >= 0xA8 && byte(2) <= 0xAE)
      return i;  // U+2028 to U+202E
    if (byte(0) == 0xE2 && byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9)
      return i;  // U+2066 to U+2069
  }
  return std::string_view::npos;
}

/// Encodes a code point as UTF-8; U+FFFD if it is not a scalar value.
inline std::string utf8_of(std::uint32_t point) {
  if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return "\xEF\xBF\xBD";
  auto const tail = [point](unsigned shift) { return static_cast<char>(0x80U | ((point >> shift) & 0x3FU)); };
  auto const lead = [](std::uint32_t bits) { return static_cast<char>(bits); };
  if (point < 0x80) return {lead(point)};
  if (point < 0x800) return {lead(0xC0 + (point >> 6)), tail(0)};
  if (point < 0x10000) return {lead(0xE0 + (point >> 12)), tail(6), tail(0)};
  return {lead(0xF0 + (point >> 18)), tail(12), tail(6), tail(0)};
}

}  // namespace support
