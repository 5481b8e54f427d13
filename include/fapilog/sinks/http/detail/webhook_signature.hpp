// SPDX-License-Identifier: MIT
// The signature of a webhook, by the Standard Webhooks specification.
#pragma once

#include <fapilog/detail/hash/sha256.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/concat.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

[[nodiscard]] inline std::string to_base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::size_t const count = bytes.size() - i < 3 ? bytes.size() - i : 3;
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) text += k <= count ? digits[group >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

/// The bytes of a base64 text, or nothing if it is not one.
[[nodiscard]] inline std::optional<std::string> from_base64(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string bytes;
  std::uint32_t group = 0;
  int bits = 0;
  for (char const c : text) {
    std::uint32_t digit = 0;
    if (is_ascii_upper(c)) digit = static_cast<std::uint32_t>(c - 'A');
    else if (is_ascii_lower(c)) digit = static_cast<std::uint32_t>(c - 'a' + 26);
    else if (is_ascii_digit(c)) digit = static_cast<std::uint32_t>(c - '0' + 52);
    else if (c == '+') digit = 62;
    else if (c == '/') digit = 63;
    else return std::nullopt;
    group = (group << 6 | digit) & 0xFFFFFFU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 0xFFU);
  }
  if (bits >= 6) return std::nullopt;
  return bytes;
}

/// The key that a secret `whsec_<base64>` contains, or nothing if it is not one.
[[nodiscard]] inline std::optional<std::string> webhook_key(std::string_view secret) {
  constexpr std::string_view prefix = "whsec_";
  constexpr std::size_t min_size = 24;
  constexpr std::size_t max_size = 64;
  if (!secret.starts_with(prefix)) return std::nullopt;
  auto key = from_base64(secret.substr(prefix.size()));
  if (!key || key->size() < min_size || key->size() > max_size) return std::nullopt;
  return key;
}

/// The value of the header `webhook-signature` for the bytes that are sent.
[[nodiscard]] inline std::string webhook_signature(hmac_sha256 const& key, std::string_view id,
                                                   std::string_view timestamp, std::string_view body) {
  auto const digest = key.of(concat({id, ".", timestamp, ".", body}));
  return "v1," + to_base64({reinterpret_cast<char const*>(digest.data()), digest.size()});
}

}  // namespace fapilog::inline v0_1::detail
