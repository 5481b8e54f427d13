// SPDX-License-Identifier: MIT
// Offsets of the lines in the JSON text of a batch, for sinks that write bytes.
#pragma once

#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Returns the offset in `entries.text()` behind the line with this index.
[[nodiscard]] inline std::size_t end_of_line(batch const& entries, std::size_t index) noexcept {
  std::string_view const line = entries[index].json;
  return static_cast<std::size_t>(line.data() - entries.begin()->json.data()) + line.size() + 1;
}

/// Returns how many of `count` pieces lie completely within the first `bytes`; piece i ends at offset `end_of(i)`.
template <class EndOf>
[[nodiscard]] std::size_t pieces_within(std::size_t bytes, std::size_t count, EndOf const& end_of) {
  std::size_t low = 0;
  while (low < count) {
    std::size_t const middle = low + (count - low) / 2;
    if (end_of(middle) <= bytes) {
      low = middle + 1;
    } else {
      count = middle;
    }
  }
  return low;
}

/// Rejects the entries from index `first` up to `count`.
[[nodiscard]] inline write_result reject_from(std::size_t first, std::size_t count, std::string reason) {
  std::vector<std::size_t> refused(count - first);
  std::iota(refused.begin(), refused.end(), first);
  return write_result::rejected(std::move(refused), std::move(reason));
}

}  // namespace fapilog::inline v0_1::detail
