// SPDX-License-Identifier: MIT
// Writes records that are longer than max_record_bytes: small cells whole, long strings cut.
#pragma once

#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/queue/record_writer.hpp>
#include <fapilog/record/cell_view.hpp>
#include <fapilog/record/field_cells.hpp>
#include <fapilog/record/record.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace fapilog::inline v0_1::detail {

/// Copies as much of an encoded cell as fits `allowed` bytes: strings are cut, containers end early. Returns the bytes
/// written; 0 if not even its head fits.
[[gnu::noinline, gnu::cold]] inline std::size_t copy_clipped_cell(std::byte* to, std::byte const* from,
                                                                  std::size_t allowed) noexcept {
  using namespace detail::record_format;
  cell_view const cell{from};
  std::size_t const whole = encoded_size(from);
  if (whole <= allowed) {
    std::memcpy(to, from, whole);
    return whole;
  }
  auto const head = static_cast<std::size_t>(cell.key_end - from);
  std::size_t const fixed = head + long_length_bytes;
  if (!is_sized(cell.type()) || fixed >= allowed) return 0;
  std::size_t const room = allowed - fixed;
  std::size_t size = 0;
  if (cell.type() == kind::string || cell.type() == kind::bytes) {
    auto const* const text = reinterpret_cast<char const*>(cell.payload);
    size = (std::min)(room, cell.size);
    if (cell.type() == kind::string && size < cell.size) size = clip_utf8(text, size);
    std::memcpy(to + fixed, text, size);
  } else {
    for (std::byte const* child = cell.payload; child < cell.end(); child += encoded_size(child)) {
      std::size_t const written = copy_clipped_cell(to + fixed + size, child, room - size);
      size += written;
      if (written < encoded_size(child)) break;
    }
  }
  std::memcpy(to, from, head);
  *to |= std::byte{clipped};
  put(put(to + head, long_length), static_cast<std::uint32_t>(size));
  return fixed + size;
}

/// Writes one record into a block that is too small for all of it. Small cells are written whole as long as there is room
/// for them; large ones share what the small ones leave, in order. An argument that does not fit becomes null, so that
/// the arguments behind it keep their places; a field that does not fit is left out.
class clipped_record {
 public:
  /// `encoded` has the deferred values of `c`.
  clipped_record(record_content const& c, std::byte const* encoded) noexcept
      : content_(c),
        encoded_(encoded),
        leading_(c.what.args() + (c.what.has(detail::record_format::text_is_cell) ? std::size_t{1} : 0)) {}

  /// Returns the size of the record, at most `limit`.
  [[gnu::noinline, gnu::cold]] std::size_t put(std::byte* block, std::size_t limit,
                                               std::uint64_t ticks) noexcept {
    room_ = limit - detail::record_format::far_start_bytes;
    std::size_t const small_size = small_cells();
    large_room_ = room_ > small_size ? room_ - small_size : 0;
    to_ = block + detail::record_format::far_start_bytes;
    std::byte const* next = encoded_;
    for (std::size_t i = 0; i < content_.count; ++i) {
      std::byte const* const from = next;
      std::size_t const size = item_size(i, next);
      if (!put_whole(i, from, size) && !put_cut(i, from, size) && i < leading_) put_null();
    }
    auto const total = static_cast<std::size_t>(to_ - block);
    put_log_start(block, content_, ticks, total, true);
    return total;
  }

 private:
  static constexpr std::size_t small_max = 1024;

  [[nodiscard]] bool is_deferred(std::size_t item) const noexcept {
    return content_.items[item].type() == kind::deferred;
  }
  /// Size of an item's cell; moves `next` behind the cell if it is a deferred one.
  [[nodiscard]] std::size_t item_size(std::size_t item, std::byte const*& next) const noexcept {
    if (!is_deferred(item)) return cell_bytes(content_.items[item]);
    std::size_t const size = encoded_size(next);
    next += size;
    return size;
  }
  /// Bytes to keep for small cells, and for the beginnings of large arguments.
  [[nodiscard]] std::size_t small_cells() const noexcept {
    std::size_t total = 0;
    std::byte const* next = encoded_;
    for (std::size_t i = 0; i < content_.count; ++i) {
      std::size_t const size = item_size(i, next);
      if (size <= small_max || i < leading_) total += (std::min)(size, small_max);
    }
    return total;
  }

  bool put_whole(std::size_t item, std::byte const* from, std::size_t size) noexcept {
    bool const is_large = size > small_max;
    if (size > room_ || (is_large && size > large_room_)) return false;
    if (is_deferred(item)) {
      std::memcpy(to_, from, size);
    } else {
      put_field(to_, content_.items[item]);
    }
    advance(size, is_large);
    return true;
  }

  /// Writes the beginning of a large string or container.
  bool put_cut(std::size_t item, std::byte const* from, std::size_t size) noexcept {
    field const& f = content_.items[item];
    std::size_t const fixed = 1 + f.name().bytes() + detail::record_format::long_length_bytes;
    bool const is_large = size > small_max;
    std::size_t const allowed = is_large && large_room_ > fixed ? large_room_ : 0;
    if (f.type() == kind::string && allowed > fixed && allowed <= room_) {
      std::size_t const text = clip_utf8(f.text(), allowed - fixed);
      std::byte const* const end = put_field(to_, f, text, detail::record_format::clipped);
      advance(static_cast<std::size_t>(end - to_), true);
      return true;
    }
    std::size_t const cut =
        is_deferred(item) ? copy_clipped_cell(to_, from, (std::min)(allowed, room_)) : std::size_t{0};
    advance(cut, true);
    return cut != 0;
  }

  void put_null() noexcept {
    constexpr std::size_t bytes = 1 + detail::record_format::payload_size(kind::null);
    if (bytes > room_) return;
    put_payload(put_tag(to_, kind::null, {}, detail::record_format::clipped), kind::null, 0, 0);
    advance(bytes, false);
  }

  void advance(std::size_t bytes, bool is_large) noexcept {
    to_ += bytes;
    room_ -= bytes;
    if (is_large) large_room_ -= bytes;
  }

  record_content const& content_;
  std::byte const* encoded_;
  std::size_t leading_;  ///< items that are the message or an argument
  std::byte* to_ = nullptr;
  std::size_t room_ = 0;
  std::size_t large_room_ = 0;  ///< of `room_`, what large cells may take
};

/// One log call whose deferred values are encoded.
struct encoded_call {
  record_content const& content;
  std::uint64_t ticks;
  std::size_t size;           ///< of the whole record
  std::byte const* deferred;  ///< the deferred values
  bool is_clipped;

  /// Writes the record, cut to `limit` bytes. Returns its size.
  std::size_t put(std::byte* to, std::size_t limit) const noexcept {
    if (size > limit) [[unlikely]]
      return clipped_record{content, deferred}.put(to, limit, ticks);
    put_record(to, content, ticks, size, deferred, is_clipped);
    return size;
  }
  /// Puts the record on the heap, cut to `limit` bytes. Null without memory.
  [[nodiscard, gnu::noinline, gnu::cold]] std::byte* make_block(std::size_t limit) const noexcept {
    auto* const block = static_cast<std::byte*>(std::malloc((std::min)(size, limit)));
    if (block != nullptr) put(block, limit);
    return block;
  }
};

}  // namespace fapilog::inline v0_1::detail
