// SPDX-License-Identifier: MIT
// A one-dimensional array in the binary format of PostgreSQL's protocol.
#pragma once

#include <fapilog/detail/compiler.hpp>
#include <fapilog/detail/text/text_buffer.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fapilog::inline v0_1::detail::pg {

/// Thread: one. Throws: std::bad_alloc.
class binary_array {
 public:
  /// Clears the array for elements of the type with this oid.
  void reset(std::uint32_t element_oid) {
    bytes_.clear_to(std::size_t{4} << 20);
    count_ = 0;
    put(std::uint32_t{1});  // dimensions
    put(std::uint32_t{0});  // 1 if an element is NULL
    put(element_oid);
    put(std::uint32_t{0});  // elements
    put(std::uint32_t{1});  // index of the first
  }

  void add_null() {
    put_at(4, 1);
    put(~std::uint32_t{0});
    ++count_;
  }
  void add(std::string_view bytes) {
    begin_element();
    bytes_.append(bytes);
    end_element();
  }
  void add(std::uint64_t number) {
    begin_element();
    if constexpr (std::endian::native == std::endian::little) number = detail::swap_bytes(number);
    char bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof number);
    bytes_.append({bytes, sizeof bytes});
    end_element();
  }

  /// Adds an element in pieces: `begin_element`, write to `buffer`, `end_element`.
  void begin_element() {
    put(std::uint32_t{0});
    begin_ = bytes_.size();
  }
  [[nodiscard]] text_buffer& buffer() noexcept { return bytes_; }
  /// The element that was begun, as far as it is written.
  [[nodiscard]] std::string_view element() const noexcept { return bytes_.from(begin_); }
  void shorten_element(std::size_t size) noexcept { bytes_.shrink(begin_ + size); }
  /// Adds NULL instead of the element that was begun.
  void end_as_null() {
    bytes_.shrink(begin_ - 4);
    add_null();
  }
  void end_element() {
    put_at(begin_ - 4, static_cast<std::uint32_t>(bytes_.size() - begin_));
    ++count_;
  }

  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  /// The complete array; valid until it changes.
  [[nodiscard]] std::string_view finish() {
    put_at(12, count_);
    return bytes_.view();
  }

 private:
  void put(std::uint32_t word) {
    char* const to = bytes_.room(4);
    bytes_.end_at(to + 4);
    put_at(bytes_.size() - 4, word);
  }
  void put_at(std::size_t at, std::uint32_t word) noexcept {
    for (int i = 0; i < 4; ++i)
      bytes_.put_at(at + static_cast<std::size_t>(i), static_cast<char>(word >> (24 - 8 * i)));
  }

  text_buffer bytes_;
  std::size_t begin_ = 0;
  std::uint32_t count_ = 0;
};

}  // namespace fapilog::inline v0_1::detail::pg
