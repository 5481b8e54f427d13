// SPDX-License-Identifier: MIT
// Finds the known name that was probably meant.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// The number of characters to add, remove, replace or swap with their neighbour to turn one name into the other. Long
/// strings are far from everything.
[[nodiscard]] inline std::size_t distance_of_names(std::string_view a, std::string_view b) {
  constexpr std::size_t longest = 64;
  if (a.size() > longest || b.size() > longest) return longest;
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      now[j] = (std::min)({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = (std::min)(now[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

/// Returns the nearest of these names if at most a third of it is wrong, or an empty view. Of equally near names, the
/// first is returned. A name that begins with `name` counts as one error.
template <class Names>
[[nodiscard]] std::string_view nearest_name(std::string_view name, Names const& names) {
  constexpr std::size_t shortest_beginning = 3;
  std::string_view best;
  std::size_t best_distance = name.size() / 3 + 1;
  for (std::string_view const candidate : names) {
    bool const begins = name.size() >= shortest_beginning && candidate.starts_with(name);
    std::size_t const distance = begins ? 1 : distance_of_names(name, candidate);
    if (distance >= best_distance || distance >= candidate.size()) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

}  // namespace fapilog::inline v0_1::detail
