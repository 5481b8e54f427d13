// SPDX-License-Identifier: MIT
// The bytes of a record back into values and members, in the memory of a batch.
#pragma once

#include <fapilog/detail/memory/arena.hpp>
#include <fapilog/detail/memory/shared_bytes.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/queue/ring.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/record.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace fapilog::inline v0_1::detail {

template <class T>
[[nodiscard]] T read(std::byte const* from) noexcept {
  T result;
  std::memcpy(&result, from, sizeof result);
  return result;
}

/// `N4acme5errorE` as `acme::error`; what is no mangled name stays.
[[nodiscard]] inline std::string_view readable_type(std::string_view mangled, detail::arena& memory) {
  std::string const name = detail::demangled(std::string{mangled}.c_str());
  // throw_with_nested throws a class of the library's own around the caller's.
  std::string_view text = name;
  for (std::string_view const wrapper :
       {"std::_Nested_exception<", "std::__1::__nested<", "std::__nested<"}) {
    if (text.starts_with(wrapper) && text.ends_with('>'))
      text = text.substr(wrapper.size(), text.size() - wrapper.size() - 1);
  }
  return memory.copy(text);
}

/// Looks keys up in a list that is being built: by walking while it is short, then by hash.
class key_index {
 public:
  static constexpr std::size_t none = ~std::size_t{0};

  void clear() noexcept {
    if (!by_hash_.empty()) by_hash_.clear();
  }
  /// Index of the member with this key among `count`, or `none`.
  [[nodiscard]] std::size_t find(std::string_view key, member const* first, std::size_t count) {
    if (count <= walk_most) {
      for (std::size_t i = 0; i < count; ++i) {
        if (first[i].key.size() == key.size() &&
            (first[i].key.data() == key.data() ||
             std::memcmp(first[i].key.data(), key.data(), key.size()) == 0)) {
          return i;
        }
      }
      return none;
    }
    for (std::size_t i = by_hash_.size(); i < count; ++i) by_hash_.emplace(first[i].key, i);
    auto const found = by_hash_.find(key);
    return found == by_hash_.end() ? none : found->second;
  }

 private:
  static constexpr std::size_t walk_most = 24;
  std::unordered_map<std::string_view, std::size_t> by_hash_;
};

[[nodiscard]] inline member decode_cell(std::byte const*& cell, detail::arena& memory);
[[nodiscard]] inline member decode_cell(std::byte const* const& cell, detail::arena& memory) {
  std::byte const* from = cell;
  return decode_cell(from, memory);
}

/// Keys from run time may be no UTF-8; repaired here, so that two of them never become the same key twice.
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

/// The members of an object; of equal keys the last value counts.
[[gnu::noinline]] inline void decode_members(std::byte const* from, std::byte const* end, value& object,
                                             detail::arena& memory) {
  std::size_t count = 0;
  for (std::byte const* at = from; at < end; ++count)
    at += record_format::cell_size(read<record_format::cell_head>(at));
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

/// Containers, and what else is rare.
[[gnu::noinline]] inline void decode_rare(record_format::cell_head const& head, std::byte const* payload,
                                          value& v, detail::arena& memory) {
  using record_format::payload_form;
  switch (record_format::form_of(head.type)) {
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
        at += record_format::cell_size(read<record_format::cell_head>(at));
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

/// One cell; `cell` moves behind it. Views go to the cell and to `memory`.
[[nodiscard]] inline member decode_cell(std::byte const*& cell, detail::arena& memory) {
  auto const head = read<record_format::cell_head>(cell);
  std::byte const* const key = cell + sizeof head;
  std::byte const* const payload = key + record_format::key_bytes(head);
  member m;
  if ((head.flags & record_format::key_is_literal) != 0) {
    m.key = {read<char const*>(key), head.key_size};
  } else if (head.key_size != 0) {
    m.key = repaired_key({reinterpret_cast<char const*>(key), head.key_size}, memory);
  }
  m.value.type = head.type;
  m.value.size = head.size;
  using record_format::payload_form;
  switch (record_format::form_of(head.type)) {
    case payload_form::word:
      m.value.u64 = read<std::uint64_t>(payload);
      cell = payload + sizeof(std::uint64_t);
      break;
    case payload_form::text:
      m.value.text = reinterpret_cast<char const*>(payload);
      cell = payload + record_format::padded(head.size);
      break;
    default:
      decode_rare(head, payload, m.value, memory);
      cell = payload + record_format::payload_size(head.type, head.size);
      break;
  }
  return m;
}

/// Frees what the records that nobody will decode own.
inline void discard_records(ring& queue) noexcept {
  std::uint64_t at = queue.released();
  std::uint64_t const end = queue.published();
  while (at < end) {
    std::byte const* record = queue.at(at);
    auto head = read<record_format::record_head>(record);
    at += head.size;
    if (head.type == record_format::record_type::context) {
      auto const scope = read<record_format::context_head>(record + sizeof head);
      detail::shared_bytes const ended = detail::shared_bytes::adopt(scope.fields);
      record += sizeof head + sizeof scope;
      head = read<record_format::record_head>(record);
    }
    if (head.type == record_format::record_type::pointer) {
      std::free(read<record_format::pointer_head>(record + sizeof head).block);
    }
  }
  queue.release(end);
}

}  // namespace fapilog::inline v0_1::detail
