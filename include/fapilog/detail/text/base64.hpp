// SPDX-License-Identifier: MIT
// Base64 with padding (RFC 4648, section 4).
#pragma once

#include <fapilog/detail/text/text_buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Appends the bytes in base64. Throws: std::bad_alloc.
inline void put_base64(text_buffer& out, std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char* to = out.room((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::size_t const left = bytes.size() - i;
    auto const byte = [&](std::size_t at) {
      return at < left ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + at])) : 0U;
    };
    std::uint32_t const group = (byte(0) << 16) | (byte(1) << 8) | byte(2);
    *to++ = digits[group >> 18];
    *to++ = digits[(group >> 12) & 63];
    *to++ = left > 1 ? digits[(group >> 6) & 63] : '=';
    *to++ = left > 2 ? digits[group & 63] : '=';
  }
  out.end_at(to);
}

}  // namespace fapilog::inline v0_1::detail
