// SPDX-License-Identifier: MIT
// A stable sort that clang 19 compiles without a warning: the one of libstdc++ uses the deprecated std::get_temporary_buffer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Sorts so that no item is before one that `before(a, b)` puts in front of it; equal items keep their order.
/// Throws: std::bad_alloc, and what `before` throws; then the items are unchanged.
template <class T, class Before>
void stable_sort(std::vector<T>& items, Before before) {
  std::vector<std::size_t> order(items.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (before(items[a], items[b])) return true;
    if (before(items[b], items[a])) return false;
    return a < b;
  });
  std::vector<T> sorted;
  sorted.reserve(items.size());
  for (std::size_t const i : order) sorted.push_back(std::move(items[i]));
  items = std::move(sorted);
}

}  // namespace fapilog::inline v0_1::detail
