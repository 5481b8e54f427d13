// SPDX-License-Identifier: MIT
// Fields as a flat list of names and strings, for destinations without objects.
#pragma once

#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/value.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail {
namespace flat_detail {

/// Objects that are nested deeper are one field, as JSON.
inline constexpr unsigned max_depth = 8;

template <class Field>
void put_flat(value const& v, std::string& path, unsigned depth, Field& field) {
  if (!v.is_object() || v.size == 0 || depth == max_depth) return field(path, v);
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
  void operator()(duration_value duration) const { json::put_duration(out, duration.ns); }
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

/// Calls `field(path, value)` for each member; for the members of an object instead of the object, with paths such as `a.b`.
/// `path` is memory for the paths. Throws: std::bad_alloc.
template <class Field>
void for_each_flat_field(member_list const& members, std::string& path, Field&& field) {
  for (member const& m : members) {
    path.assign(m.key);
    flat_detail::put_flat(m.value, path, 0, field);
  }
}

/// Writes a value as in JSON, but without quotes around it, and null as nothing.
inline void put_flat_text(text_buffer& out, value const& v) { v.visit(flat_detail::text_visitor{{{out}}}); }

/// The names of the fields of one record. Throws: std::bad_alloc.
class unique_names {
 public:
  void clear() noexcept { names_.clear(); }
  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }
  /// Appends `_2`, `_3` and so on to a name that was added before, so that it has at most `max_size` characters.
  void add(std::string& name, std::size_t max_size) {
    std::size_t const size = name.size();
    for (std::size_t number = 2; std::find(names_.begin(), names_.end(), name) != names_.end(); ++number) {
      std::string const suffix = '_' + std::to_string(number);
      name.resize((std::min)(size, max_size - suffix.size()));
      name += suffix;
    }
    names_.push_back(name);
  }

 private:
  std::vector<std::string> names_;
};

}  // namespace fapilog::inline v0_1::detail
