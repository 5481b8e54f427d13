// SPDX-License-Identifier: MIT
// Fields as a flat list of names and strings, for destinations without objects.
#pragma once

#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/value.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {
namespace flat_detail {

/// Objects that are nested deeper are one field, as JSON.
inline constexpr unsigned max_depth = 8;

template <class Field>
void put_flat(value const& v, std::string& path, unsigned depth, Field& field) {
  if (!v.is_object() || v.size == 0 || depth == max_depth) return field(std::string_view{path}, v);
  std::size_t const size = path.size();
  for (std::uint32_t i = 0; i < v.size; ++i) {
    path.push_back('.');
    path.append(v.members[i].key);
    put_flat(v.members[i].value, path, depth + 1, field);
    path.resize(size);
  }
}

struct text_visitor : json::json_detail::plain_visitor {
  using plain_visitor::operator();
  void operator()(std::nullptr_t) const {}
  void operator()(value::duration duration) const { json::put_duration(out, duration.ns); }
  void operator()(double number) const { put_unquoted(number); }
  void operator()(float number) const { put_unquoted(number); }

 private:
  template <class Float>
  void put_unquoted(Float number) const {
    std::size_t const begin = out.size();
    json::put_float(out, number);
    std::string const written{out.from(begin)};
    if (written.front() != '"') return;
    out.shrink(begin);
    out.append(std::string_view{written}.substr(1, written.size() - 2));
  }
};

}  // namespace flat_detail

/// Calls `field(path, value)` for each of these members; for the members of an object instead of the object, with paths such as
/// `a.b`. `path` is memory for the paths. Throws: std::bad_alloc.
template <class Field>
void for_each_flat_field(member const* first, member const* last, std::string& path, Field&& field) {
  for (; first != last; ++first) {
    if (!first->value.is_object()) {
      field(first->key, first->value);
      continue;
    }
    path.assign(first->key);
    flat_detail::put_flat(first->value, path, 0, field);
  }
}
template <class Field>
void for_each_flat_field(member_list const& members, std::string& path, Field&& field) {
  for_each_flat_field(members.begin(), members.end(), path, field);
}

/// Writes a value as in JSON, but without quotes around it, and null as nothing.
inline void put_flat_text(text_buffer& out, value const& v) { v.visit(flat_detail::text_visitor{{{out}}}); }

}  // namespace fapilog::inline v0_1::detail
