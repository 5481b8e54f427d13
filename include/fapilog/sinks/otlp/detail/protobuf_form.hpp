// SPDX-License-Identifier: MIT
// Writes messages in protobuf's binary form: https://protobuf.dev/programming-guides/encoding/.
#pragma once

#include <fapilog/detail/compiler.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/detail/text/utf8.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fapilog::inline v0_1::detail::otlp {

/// A field of a message: its number in the binary form and its name in the JSON form.
struct message_field {
  std::uint32_t number;
  std::string_view name;
};

/// Appends fields to a buffer. The functions have the same names as those of `json_form`. Thread: one. Throws: std::bad_alloc.
class protobuf_form {
 public:
  explicit protobuf_form(text_buffer& out) noexcept : out_(&out) {}

  /// A string. Each ill-formed part of it becomes U+FFFD, because decoders refuse a string that is not UTF-8.
  void text(message_field f, std::string_view value) {
    if (is_utf8(value)) return bytes(f, value);
    std::size_t const begin = begin_nested(f);
    while (!value.empty()) {
      code_point const point = decode_utf8(value);
      char encoded[4];
      out_->append(point.ok ? value.substr(0, point.size)
                            : std::string_view{encoded, encode_utf8(encoded, point.value)});
      value.remove_prefix(point.size);
    }
    end_nested(begin);
  }
  void bytes(message_field f, std::string_view value) {
    put_tag(f, wire_length);
    put_varint(value.size());
    out_->append(value);
  }
  /// The bytes of a trace or span id.
  void id(message_field f, std::string_view value) { bytes(f, value); }
  void truth(message_field f, bool value) {
    put_tag(f, wire_varint);
    put_varint(value ? 1 : 0);
  }
  /// A small number or the number of an enumerator.
  void small_number(message_field f, std::uint32_t value) {
    put_tag(f, wire_varint);
    put_varint(value);
  }
  void integer(message_field f, std::int64_t value) {
    put_tag(f, wire_varint);
    put_varint(static_cast<std::uint64_t>(value));
  }
  void fixed64(message_field f, std::uint64_t value) {
    put_tag(f, wire_64_bits);
    put_word(value);
  }
  void real(message_field f, double value) { fixed64(f, std::bit_cast<std::uint64_t>(value)); }

  /// A message whose fields `write` appends.
  template <class Write>
  void message(message_field f, Write&& write) {
    std::size_t const begin = begin_nested(f);
    write();
    end_nested(begin);
  }
  /// A repeated field: `write` calls `item` for each message in it.
  template <class Write>
  void list(message_field, Write&& write) {
    write();
  }
  template <class Write>
  void item(message_field f, Write&& write) {
    message(f, write);
  }
  /// The outermost message.
  template <class Write>
  void document(Write&& write) {
    write();
  }

 private:
  static constexpr std::uint32_t wire_varint = 0;
  static constexpr std::uint32_t wire_64_bits = 1;
  static constexpr std::uint32_t wire_length = 2;

  void put_tag(message_field f, std::uint32_t wire_type) {
    out_->push_back(static_cast<char>((f.number << 3) | wire_type));  // every number here is below 16
  }
  static char* put_varint_at(char* to, std::uint64_t value) noexcept {
    while (value >= 0x80) {
      *to++ = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    *to++ = static_cast<char>(value);
    return to;
  }
  void put_varint(std::uint64_t value) { out_->end_at(put_varint_at(out_->room(10), value)); }
  void put_word(std::uint64_t word) {
    if constexpr (std::endian::native == std::endian::big) word = detail::swap_bytes(word);
    char* const to = out_->room(sizeof word);
    std::memcpy(to, &word, sizeof word);
    out_->end_at(to + sizeof word);
  }

  /// The length comes before the content: one byte is left for it, which is enough for most.
  std::size_t begin_nested(message_field f) {
    put_tag(f, wire_length);
    out_->push_back(0);
    return out_->size();
  }
  void end_nested(std::size_t begin) {
    std::size_t const size = out_->size() - begin;
    char length[10];
    auto const count = static_cast<std::size_t>(put_varint_at(length, size) - length);
    if (count > 1) {
      char* const end = out_->room(count - 1);
      std::memmove(end - size + count - 1, end - size, size);
      out_->end_at(end + count - 1);
    }
    for (std::size_t i = 0; i < count; ++i) out_->put_at(begin - 1 + i, length[i]);
  }

  text_buffer* out_;
};

}  // namespace fapilog::inline v0_1::detail::otlp
