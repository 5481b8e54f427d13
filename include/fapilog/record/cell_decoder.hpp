// SPDX-License-Identifier: MIT
// Decodes the cells of a record into values and members, in the memory of a batch.
#pragma once

#include <fapilog/detail/memory/arena.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/key_index.hpp>
#include <fapilog/record/record.hpp>

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

[[nodiscard]] inline member decode_cell(std::byte const*& cell, detail::arena& memory);
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
  for (std::byte const* at = from; at < end; ++count)
    at += detail::record_format::cell_size(read<detail::record_format::cell_head>(at));
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

/// Decodes containers and the other kinds that are rare in records.
[[gnu::noinline]] inline void decode_rare(detail::record_format::cell_head const& head,
                                          std::byte const* payload, value& v, detail::arena& memory) {
  using detail::record_format::payload_form;
  switch (detail::record_format::form_of(head.type)) {
    case payload_form::truth: v.boolean = head.size != 0; break;
    case payload_form::code_point: v.code_point = head.size; break;
    case payload_form::uuid:
      v.text = reinterpret_cast<char const*>(payload);
      v.size = 16;
      break;
    case payload_form::members:
      decode_members(payload, payload + head.size, v, memory);
      if (head.type != kind::exception) break;
      for (std::uint32_t i = 0; i < v.size; ++i) {
        if (v.members[i].key == "error.type") {
          v.members[i].value = value::of_string(readable_type(v.members[i].value.as_string(), memory));
        }
      }
      break;
    case payload_form::elements: {
      std::byte const* const end = payload + head.size;
      std::size_t count = 0;
      for (std::byte const* at = payload; at < end; ++count)
        at += detail::record_format::cell_size(read<detail::record_format::cell_head>(at));
      v.elements = memory.take_array<value>(count);
      v.size = static_cast<std::uint32_t>(count);
      std::byte const* at = payload;
      for (std::size_t i = 0; i < count; ++i) v.elements[i] = decode_cell(at, memory).value;
      break;
    }
    case payload_form::none:
    case payload_form::word:
    case payload_form::text:
    case payload_form::unknown: v.type = kind::null; break;
  }
}

/// Decodes one cell and moves `cell` behind it. The views in the result point into the cell and into `memory`.
[[nodiscard]] inline member decode_cell(std::byte const*& cell, detail::arena& memory) {
  auto const head = read<detail::record_format::cell_head>(cell);
  std::byte const* const key = cell + sizeof head;
  std::byte const* const payload = key + detail::record_format::key_bytes(head);
  member m;
  if ((head.flags & detail::record_format::key_is_literal) != 0) {
    m.key = {read<char const*>(key), head.key_size};
  } else if (head.key_size != 0) {
    m.key = repaired_key({reinterpret_cast<char const*>(key), head.key_size}, memory);
  }
  m.value.type = head.type;
  m.value.size = head.size;
  using detail::record_format::payload_form;
  switch (detail::record_format::form_of(head.type)) {
    case payload_form::word:
      m.value.u64 = read<std::uint64_t>(payload);
      cell = payload + sizeof(std::uint64_t);
      break;
    case payload_form::text:
      m.value.text = reinterpret_cast<char const*>(payload);
      cell = payload + detail::record_format::padded(head.size);
      break;
    default:
      decode_rare(head, payload, m.value, memory);
      cell = payload + detail::record_format::payload_size(head.type, head.size);
      break;
  }
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
