// SPDX-License-Identifier: MIT
// Cells without keys that another process might not be able to read.
#pragma once

#include <fapilog/detail/memory/byte_buffer.hpp>
#include <fapilog/detail/memory/shared_bytes.hpp>
#include <fapilog/record/cell_view.hpp>
#include <fapilog/record/record.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace fapilog::inline v0_1::detail {

/// True if a key in these cells, or in a value in them, is a literal for which `keeps(char const*)` is false.
template <class Keeps>
[[nodiscard, gnu::cold]] bool has_lost_key(std::byte const* cells, std::byte const* end, Keeps const& keeps) {
  using namespace record_format;
  while (cells < end) {
    cell_view const cell{cells};
    bool const is_literal = (cell.tag & key_bits) == key_is_literal;
    if (is_literal && !keeps(read<char const*>(cell.key))) return true;
    payload_form const form = form_of(cell.type());
    bool const has_cells = form == payload_form::members || form == payload_form::elements;
    if (has_cells && has_lost_key(cell.payload, cell.end(), keeps)) return true;
    cells = cell.end();
  }
  return false;
}

/// Appends the cells to `to`, with the characters of each key that is a literal in place of its address. Throws: std::bad_alloc.
[[gnu::cold]] inline void append_with_keys(byte_buffer& to, std::byte const* cells, std::byte const* end) {
  using namespace record_format;
  auto const append = [&to](void const* bytes, std::size_t size) {
    if (size != 0) std::memcpy(to.extend(size), bytes, size);
  };
  while (cells < end) {
    cell_view const cell{cells};
    if ((cell.tag & key_bits) == key_is_literal) {
      auto const* const key = read<char const*>(cell.key);
      auto const size = static_cast<std::uint16_t>(std::strlen(key));
      auto const tag = static_cast<std::uint8_t>((cell.tag & ~unsigned{key_bits}) | key_is_inline);
      append(&tag, sizeof tag);
      append(&size, sizeof size);
      append(key, size);
    } else {
      append(cells, static_cast<std::size_t>(cell.key_end - cells));
    }
    payload_form const form = form_of(cell.type());
    if (form == payload_form::members || form == payload_form::elements) {
      append(&long_length, sizeof long_length);
      std::size_t const length_at = to.size();
      to.extend(sizeof(std::uint32_t));
      append_with_keys(to, cell.payload, cell.end());
      auto const size = static_cast<std::uint32_t>(to.size() - length_at - sizeof(std::uint32_t));
      std::memcpy(to.data() + length_at, &size, sizeof size);
    } else {
      append(cell.key_end, static_cast<std::size_t>(cell.end() - cell.key_end));
    }
    cells = cell.end();
  }
}

/// The same cells, with copied keys if one of them would be lost. Without memory, they stay as they are.
template <class Keeps>
[[nodiscard, gnu::cold]] shared_bytes with_copied_keys(shared_bytes cells, Keeps const& keeps) noexcept {
  if (cells.empty() || !has_lost_key(cells.data(), cells.data() + cells.size(), keeps)) return cells;
  try {
    byte_buffer copied;
    append_with_keys(copied, cells.data(), cells.data() + cells.size());
    return shared_bytes::copy_of(copied.data(), copied.size());
  } catch (...) {
    return cells;
  }
}

/// The same for the cells at the end of a buffer, from `begin` on. Returns by how many bytes they have become longer.
template <class Keeps>
[[gnu::cold]] std::size_t copy_keys_behind(byte_buffer& cells, std::size_t begin,
                                           Keeps const& keeps) noexcept {
  std::size_t const end = cells.size();
  if (begin == end || !has_lost_key(cells.data() + begin, cells.data() + end, keeps)) return 0;
  try {
    byte_buffer copied;
    append_with_keys(copied, cells.data() + begin, cells.data() + end);
    cells.shrink(begin);
    std::memcpy(cells.extend(copied.size()), copied.data(), copied.size());
    return copied.size() - (end - begin);
  } catch (...) {
    cells.shrink(end);
    return 0;
  }
}

}  // namespace fapilog::inline v0_1::detail
