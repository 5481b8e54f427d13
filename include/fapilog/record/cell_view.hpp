// SPDX-License-Identifier: MIT
// Finds the parts of a cell.
#pragma once

#include <fapilog/record/record.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// What a tag says about the sizes in its cell.
struct tag_sizes {
  std::uint8_t key = 0;      ///< with the length of an inline key
  std::uint8_t payload = 0;  ///< 0 if it begins with its length
};
inline constexpr auto sizes_of_tags = [] {
  std::array<tag_sizes, 256> sizes;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    auto const tag = static_cast<std::uint8_t>(i);
    auto const type = static_cast<kind>(tag & record_format::kind_bits);
    switch (tag & record_format::key_bits) {
      case record_format::key_is_near: sizes[i].key = 3; break;
      case record_format::key_is_literal: sizes[i].key = sizeof(char const*); break;
      case record_format::key_is_inline: sizes[i].key = sizeof(std::uint16_t); break;
      default: break;
    }
    if (record_format::is_sized(type)) continue;
    bool const is_narrow = (type == kind::i64 || type == kind::u64) && (tag & record_format::narrow) != 0;
    sizes[i].payload = is_narrow ? 4 : record_format::payload_size(type);
  }
  return sizes;
}();

/// Where the parts of a cell are.
struct cell_view {
  std::uint8_t tag;
  std::byte const* key;  ///< behind the tag
  std::byte const* key_end;
  std::byte const* payload;  ///< behind the key and the length
  std::size_t size;          ///< of the payload

  [[gnu::always_inline]] explicit cell_view(std::byte const* cell) noexcept
      : tag(static_cast<std::uint8_t>(*cell)), key(cell + 1) {
    tag_sizes const sizes = sizes_of_tags[tag];
    key_end = key + sizes.key;
    if ((tag & record_format::key_bits) == record_format::key_is_inline) key_end += read<std::uint16_t>(key);
    payload = key_end;
    size = sizes.payload;
    if (size != 0) return;
    size = read<std::uint16_t>(payload);
    payload += record_format::short_length_bytes;
    if (size != record_format::long_length) [[likely]]
      return;
    size = read<std::uint32_t>(payload);
    payload += sizeof(std::uint32_t);
  }
  [[nodiscard]] kind type() const noexcept { return static_cast<kind>(tag & record_format::kind_bits); }
  [[nodiscard]] std::byte const* end() const noexcept { return payload + size; }
};

}  // namespace fapilog::inline v0_1::detail
