// SPDX-License-Identifier: MIT
// An index of the keys in a list of members.
#pragma once

#include <fapilog/record/event.hpp>

#include <cstddef>
#include <cstring>
#include <string_view>
#include <unordered_map>

namespace fapilog::inline v0_1::detail {

/// Looks up keys in a list that is being built: linear search while the list is short, a hash table after that.
/// Thread: one. Throws: std::bad_alloc.
class key_index {
 public:
  static constexpr std::size_t none = ~std::size_t{0};

  void clear() noexcept {
    if (!by_hash_.empty()) by_hash_.clear();
  }
  /// Index of the member with this key among the `count` members at `first`, or `none`.
  [[nodiscard, gnu::always_inline]] std::size_t find(std::string_view key, member const* first,
                                                     std::size_t count) {
    if (count <= linear_search_max) {
      for (std::size_t i = 0; i < count; ++i) {
        if (first[i].key.size() == key.size() &&
            (first[i].key.data() == key.data() ||
             std::memcmp(first[i].key.data(), key.data(), key.size()) == 0)) {
          return i;
        }
      }
      return none;
    }
    return find_by_hash(key, first, count);
  }

 private:
  [[nodiscard, gnu::noinline]] std::size_t find_by_hash(std::string_view key, member const* first,
                                                        std::size_t count) {
    for (std::size_t i = by_hash_.size(); i < count; ++i) by_hash_.emplace(first[i].key, i);
    auto const found = by_hash_.find(key);
    return found == by_hash_.end() ? none : found->second;
  }

  static constexpr std::size_t linear_search_max = 24;
  std::unordered_map<std::string_view, std::size_t> by_hash_;
};

}  // namespace fapilog::inline v0_1::detail
