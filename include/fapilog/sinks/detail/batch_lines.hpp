// SPDX-License-Identifier: MIT
// Where the lines of a batch begin and end in its text, for sinks that write bytes.
#pragma once

#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::sinks {

/// Bytes of `entries.text()` up to the end of the line with this index. Throws: never.
[[nodiscard]] inline std::size_t end_of_line(batch const& entries, std::size_t index) noexcept {
  std::string_view const line = entries[index].json;
  return static_cast<std::size_t>(line.data() - entries.begin()->json.data()) + line.size() + 1;
}

/// How many of `count` pieces lie within the first `bytes`; `end_of(i)` is where piece i ends. Throws: what
/// `end_of` throws.
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

/// The entries from `first` to `count` are refused for good.
[[nodiscard]] inline write_result reject_from(std::size_t first, std::size_t count, std::string reason) {
  std::vector<std::size_t> refused(count - first);
  std::iota(refused.begin(), refused.end(), first);
  return write_result::rejected(std::move(refused), std::move(reason));
}

}  // namespace fapilog::inline v0_1::sinks
