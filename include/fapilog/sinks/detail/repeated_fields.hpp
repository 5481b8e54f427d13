// SPDX-License-Identifier: MIT
// Keeps the text that a sink has written for members that are the same in many events.
#pragma once

#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/sinks/detail/unique_names.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// The text of the prepared members of a list, which an enricher adds to every event. It is kept under their JSON: equal JSON
/// means equal names and values. Thread: one. Throws: std::bad_alloc.
class repeated_fields {
 public:
  /// Writes all members to `out` by `write(first, last)`, which returns false if something was cut or left out, but copies those
  /// that were written before in the same way. A copy does not make `out` longer than `max_size`, nor `names` more than
  /// `max_names`. Returns false if something was cut or left out.
  template <class Write>
  bool put(member_list const& members, text_buffer& out, unique_names& names, std::size_t max_size,
           std::size_t max_names, Write const& write) {
    auto const prepared = members.prepared();
    member const* const first = members.begin() + prepared.at;
    member const* const last = first + prepared.count;
    bool is_whole = prepared.at == 0 || write(members.begin(), first);
    if (prepared.count != 0 && !copy(prepared.json, out, names, max_size, max_names))
      is_whole = write_and_keep(prepared.json, out, names, [&] { return write(first, last); }) && is_whole;
    return (last == members.end() || write(last, members.end())) && is_whole;
  }

 private:
  [[nodiscard]] bool copy(std::string_view json, text_buffer& out, unique_names& names, std::size_t max_size,
                          std::size_t max_names) const {
    if (json_ != json || out.size() + text_.size() > max_size || names.size() + names_.size() > max_names)
      return false;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names.contains(names_[i])) return false;  // this name needs a suffix
    }
    for (std::size_t i = 0; i < names_.size(); ++i) names.append(names_[i]);
    out.append(text_);
    return true;
  }
  template <class Write>
  [[gnu::noinline]] bool write_and_keep(std::string_view json, text_buffer& out, unique_names& names,
                                        Write const& write) {
    std::size_t const begin = out.size();
    std::size_t const first_name = names.size();
    std::size_t const renamed = names.renamed();
    bool const is_whole = write();
    if (!is_whole || names.renamed() != renamed) return is_whole;
    json_.clear();  // nothing is kept if memory runs out
    text_.assign(out.from(begin));
    names_.clear();
    for (std::size_t i = first_name; i < names.size(); ++i) names_.append(names[i]);
    json_.assign(json);
    return true;
  }

  std::string json_;  ///< empty: nothing is kept
  std::string text_;
  unique_names names_;
};

}  // namespace fapilog::inline v0_1::detail
