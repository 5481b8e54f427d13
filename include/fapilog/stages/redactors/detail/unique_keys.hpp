// SPDX-License-Identifier: MIT
// Keeps keys different whose secrets were replaced.
#pragma once

#include <fapilog/record/event.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>

namespace fapilog::inline v0_1::detail {

/// Adds a number to keys that became equal when their secrets were replaced, except to the first. Throws: std::bad_alloc.
inline void make_keys_unique(member* first, std::size_t count, event& e) {
  std::unordered_set<std::string_view> seen;
  std::size_t number = 1;
  for (std::size_t i = 0; i < count; ++i) {
    std::string_view const key = first[i].key;
    while (!seen.insert(first[i].key).second) {
      first[i].key = e.copy(std::string{key} + '#' + std::to_string(++number));
    }
  }
}

}  // namespace fapilog::inline v0_1::detail
