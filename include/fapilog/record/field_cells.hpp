// SPDX-License-Identifier: MIT
// Writes fields as cells; values that run user code are encoded beforehand, and their exceptions caught.
#pragma once

#include <fapilog/detail/guarded_call.hpp>
#include <fapilog/detail/memory/byte_buffer.hpp>
#include <fapilog/detail/memory/shared_bytes.hpp>
#include <fapilog/detail/os/cancellation.hpp>
#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/record/field.hpp>
#include <fapilog/record/record.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Bytes of the cell of a field that is not deferred.
[[nodiscard]] inline std::size_t cell_bytes(field const& f) noexcept {
  std::size_t const payload = f.type() == kind::string
                                  ? detail::record_format::length_bytes(f.size()) + f.size()
                                  : detail::record_format::payload_size(f.type());
  return 1 + f.name().bytes() + payload;
}

/// Writes the cell of a field that is not deferred, its string cut to `text_size`.
inline std::byte* put_field(std::byte* to, field const& f, std::size_t text_size,
                            std::uint8_t flags = 0) noexcept {
  to = put_tag(to, f.type(), f.name(), flags);
  if (f.type() == kind::string) return put_text(to, f.text(), text_size);
  return put_payload(to, f.type(), f.extra(), f.bits());
}

inline std::byte* put_field(std::byte* to, field const& f) noexcept {
  return put_field(to, f, f.type() == kind::string ? f.size() : 0);
}

/// Appends the cell of any field. If the user code of the value throws, the field becomes an error message, marked as
/// failed. Returns true if something was cut to stay within `limit` bytes in `out`. Throws: never.
inline bool append_guarded(byte_buffer& out, field const& f, std::size_t limit) noexcept {
  std::size_t const before = out.size();
  auto const failed = [&](std::string_view prefix, char const* what) noexcept {
    out.shrink(before);
    bool const is_encoded = guarded([&] {
      char text[256];
      std::size_t size = prefix.size();
      std::memcpy(text, prefix.data(), size);
      std::size_t const length = what == nullptr ? 0 : std::strlen(what);
      std::size_t const rest =
          length < sizeof text - size - 1 ? length : clip_utf8(what, sizeof text - size - 1);
      if (rest != 0) std::memcpy(text + size, what, rest);
      size += rest;
      text[size++] = '>';
      value_writer{out, limit + sizeof text}.encode_text(f.name(), kind::string, text, size,
                                                         detail::record_format::failed);
    });
    if (!is_encoded) out.shrink(before);  // no memory for the message either: the record has no such field
  };
  bool is_clipped = false;
  auto const encode = [&] {
    value_writer writer{out, limit};
    if (f.type() == kind::deferred) {
      f.encode(writer);
    } else if (f.type() == kind::string) {
      writer.encode_text(f.name(), kind::string, f.text(), f.size());
    } else {
      put_field(out.extend(cell_bytes(f)), f);
    }
    is_clipped = writer.clipped();
    if (is_clipped && out.size() != before) out.data()[before] |= std::byte{detail::record_format::clipped};
  };
  auto const on_error = [&](char const* what) noexcept {
    failed(what == nullptr ? "<error: unknown exception" : "<error: ", what);
  };
  return guarded(encode, on_error) && is_clipped;
}

/// Appends null under the field's key. False if there is no memory.
inline bool append_null(byte_buffer& out, field const& f) noexcept {
  return guarded([&] {
    std::byte* const to = out.extend(1 + f.name().bytes() + detail::record_format::payload_size(kind::null));
    put_payload(put_tag(to, kind::null, f.name(), detail::record_format::clipped), kind::null, 0, 0);
  });
}

/// True for keys that are equal after invalid UTF-8 is replaced.
[[nodiscard]] inline bool are_same_key(std::string_view a, std::string_view b) noexcept {
  while (!a.empty() && !b.empty()) {
    code_point const from_a = decode_utf8(a);
    code_point const from_b = decode_utf8(b);
    if (from_a.value != from_b.value) return false;
    a.remove_prefix(from_a.size);
    b.remove_prefix(from_b.size);
  }
  return a.empty() && b.empty();
}

/// True if a later field has the same key as the first: then the later one counts.
[[nodiscard]] inline bool is_repeated(field const* first, field const* end) noexcept {
  auto const name = first->name();
  for (field const* other = first + 1; other != end; ++other) {
    auto const same = other->name();
    if (name.size != 0 && are_same_key({name.text, name.size}, {same.text, same.size})) return true;
  }
  return false;
}

/// Returns the cells of these fields followed by `before`: newest first, the order in which the worker resolves them.
/// Returns `before` if there is no memory. Throws: never.
inline shared_bytes freeze(field const* fields, std::size_t count, shared_bytes const& before,
                           std::size_t limit) noexcept {
  cancellation_blocked const guard;
  shared_bytes frozen;
  bool const has_memory = guarded([&] {
    byte_buffer out;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_repeated(fields + i, fields + count)) append_guarded(out, fields[i], limit);
    }
    if (!before.empty()) std::memcpy(out.extend(before.size()), before.data(), before.size());
    frozen = shared_bytes::copy_of(out.data(), out.size());
  });
  return has_memory ? frozen : before;
}

}  // namespace fapilog::inline v0_1::detail
