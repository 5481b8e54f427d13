// SPDX-License-Identifier: MIT
// Decodes the cells of a record into values and members, in the memory of a batch.
#pragma once

#include <fapilog/detail/memory/arena.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/record/cell_view.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/key_index.hpp>
#include <fapilog/record/literal_table.hpp>
#include <fapilog/record/record.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Turns `N4acme5errorE` into `acme::error`. A name that is not mangled is returned as it is.
[[nodiscard]] inline std::string_view readable_type(std::string_view mangled, detail::arena& memory) {
  std::string const name = detail::demangled(std::string{mangled}.c_str());
  // std::throw_with_nested wraps the caller's class in one of the standard library.
  std::string_view text = name;
  for (std::string_view const wrapper :
       {"std::_Nested_exception<", "std::__1::__nested<", "std::__nested<"}) {
    if (text.starts_with(wrapper) && text.ends_with('>'))
      text = text.substr(wrapper.size(), text.size() - wrapper.size() - 1);
  }
  return memory.copy(text);
}

/// The message literal of a record, from which its near keys count, and the lengths of the keys.
struct literal_keys {
  char const* message = nullptr;
  literal_table* known = nullptr;
};

[[nodiscard, gnu::always_inline]] inline member decode_cell(std::byte const*& cell, detail::arena& memory,
                                                            literal_keys const& keys = {});
[[nodiscard]] inline member decode_cell(std::byte const* const& cell, detail::arena& memory) {
  std::byte const* from = cell;
  return decode_cell(from, memory);
}

/// Replaces invalid UTF-8 in a key that was made at run time. Done before keys are compared, so that no key appears twice.
[[nodiscard]] inline std::string_view repaired_key(std::string_view key, detail::arena& memory) {
  if (detail::is_utf8(key)) return key;
  std::string whole;
  while (!key.empty()) {
    detail::code_point const point = detail::decode_utf8(key);
    if (point.ok) {
      whole.append(key.substr(0, point.size));
    } else {
      whole.append("\xEF\xBF\xBD");
    }
    key.remove_prefix(point.size);
  }
  return memory.copy(whole);
}

/// Decodes the members of an object. Of equal keys the last value counts.
[[gnu::noinline]] inline void decode_members(std::byte const* from, std::byte const* end, value& object,
                                             detail::arena& memory) {
  std::size_t count = 0;
  for (std::byte const* at = from; at < end; ++count) at = cell_view{at}.end();
  auto* const members = memory.take_array<member>(count);
  std::size_t size = 0;
  key_index index;
  for (std::byte const* at = from; at < end;) {
    member const m = decode_cell(at, memory);
    std::size_t const same = index.find(m.key, members, size);
    if (same != key_index::none) {
      members[same].value = m.value;
    } else {
      members[size++] = m;
    }
  }
  object.members = members;
  object.size = static_cast<std::uint32_t>(size);
}

/// Where `value::f32` is in `value::u64`. All numbers are written as integers: with a float among them, GCC needs 60
/// instructions more for each record.
inline constexpr unsigned f32_shift = std::endian::native == std::endian::big ? 32 : 0;

/// Decodes a number or a string; false for other kinds.
[[nodiscard, gnu::always_inline]] inline bool decode_common(cell_view const& cell, value& v) noexcept {
  v.type = cell.type();
  switch (v.type) {
    case kind::string:
      v.text = reinterpret_cast<char const*>(cell.payload);
      v.size = static_cast<std::uint32_t>(cell.size);
      return true;
    case kind::i64:
      v.i64 = cell.size == sizeof(std::int32_t) ? read<std::int32_t>(cell.payload)
                                                : read<std::int64_t>(cell.payload);
      return true;
    case kind::u64:
      v.u64 = cell.size == sizeof(std::uint32_t) ? read<std::uint32_t>(cell.payload)
                                                 : read<std::uint64_t>(cell.payload);
      return true;
    case kind::f64:
    case kind::pointer: v.u64 = read<std::uint64_t>(cell.payload); return true;
    case kind::f32: v.u64 = std::uint64_t{read<std::uint32_t>(cell.payload)} << f32_shift; return true;
    case kind::null:
    case kind::boolean:
    case kind::character:
    case kind::timestamp:
    case kind::duration:
    case kind::uuid:
    case kind::bytes:
    case kind::object:
    case kind::array:
    case kind::exception:
    case kind::deferred: break;
  }
  return false;
}

/// Decodes containers and the other kinds that `decode_common` leaves.
inline void decode_rare(cell_view const& cell, value& v, detail::arena& memory) {
  using detail::record_format::payload_form;
  switch (detail::record_format::form_of(v.type)) {
    case payload_form::truth: v.boolean = cell.payload[0] != std::byte{0}; break;
    case payload_form::code_point: v.code_point = read<std::uint32_t>(cell.payload); break;
    case payload_form::word:  // a time
      v.size = static_cast<std::uint8_t>(cell.payload[0]);
      v.u64 = read<std::uint64_t>(cell.payload + 1);
      break;
    case payload_form::uuid:
      v.text = reinterpret_cast<char const*>(cell.payload);
      v.size = 16;
      break;
    case payload_form::text:
      v.text = reinterpret_cast<char const*>(cell.payload);
      v.size = static_cast<std::uint32_t>(cell.size);
      break;
    case payload_form::members:
      decode_members(cell.payload, cell.end(), v, memory);
      if (v.type != kind::exception) break;
      for (std::uint32_t i = 0; i < v.size; ++i) {
        if (v.members[i].key == "error.type") {
          v.members[i].value = value::of_string(readable_type(v.members[i].value.as_string(), memory));
        }
      }
      break;
    case payload_form::elements: {
      std::byte const* const end = cell.end();
      std::size_t count = 0;
      for (std::byte const* at = cell.payload; at < end; ++count) at = cell_view{at}.end();
      v.elements = memory.take_array<value>(count);
      v.size = static_cast<std::uint32_t>(count);
      std::byte const* at = cell.payload;
      for (std::size_t i = 0; i < count; ++i) v.elements[i] = decode_cell(at, memory).value;
      break;
    }
    case payload_form::none:
    case payload_form::unknown: v.type = kind::null; break;
  }
}

/// The key of a cell that is near or a pointer.
[[nodiscard, gnu::always_inline]] inline std::string_view literal_key(cell_view const& cell,
                                                                      literal_keys const& keys) {
  bool const is_near = (cell.tag & detail::record_format::key_bits) == detail::record_format::key_is_near;
  char const* const key =
      is_near ? detail::record_format::near_key(read<std::uint32_t>(cell.key - 1), keys.message)
              : read<char const*>(cell.key);
  return keys.known == nullptr ? std::string_view{key} : keys.known->view(key);
}

/// `decode_cell` for any cell.
[[nodiscard, gnu::noinline]] inline member decode_any_cell(std::byte const* from, detail::arena& memory,
                                                           literal_keys const& keys) {
  cell_view const cell{from};
  member m;
  if (!decode_common(cell, m.value)) decode_rare(cell, m.value, memory);
  switch (cell.tag & detail::record_format::key_bits) {
    case 0: break;
    case detail::record_format::key_is_inline: {
      auto const* const text = reinterpret_cast<char const*>(cell.key) + sizeof(std::uint16_t);
      m.key = repaired_key({text, read<std::uint16_t>(cell.key)}, memory);
      break;
    }
    default: m.key = literal_key(cell, keys); break;
  }
  return m;
}

/// Decodes one cell and moves `cell` behind it. The views in the result point into the cell and into `memory`.
[[nodiscard, gnu::always_inline]] inline member decode_cell(std::byte const*& cell, detail::arena& memory,
                                                            literal_keys const& keys) {
  std::byte const* const from = cell;
  cell_view const view{from};
  cell = view.end();
  auto const key_form = view.tag & detail::record_format::key_bits;
  member m;
  if (key_form == detail::record_format::key_is_inline || !decode_common(view, m.value)) [[unlikely]]
    return decode_any_cell(from, memory, keys);
  if (key_form != 0) m.key = literal_key(view, keys);
  return m;
}

/// Formats an encoded value as in a message. Throws: std::bad_alloc.
[[nodiscard]] inline std::string cell_to_string(std::byte const* cell) {
  arena memory{1024};
  text_buffer text;
  detail::json::put_plain(text, decode_cell(cell, memory).value);
  return std::string{text.view()};
}

}  // namespace fapilog::inline v0_1::detail
