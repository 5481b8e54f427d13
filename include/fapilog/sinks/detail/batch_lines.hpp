// SPDX-License-Identifier: MIT
// Offsets of the lines in the JSON text of a batch, for sinks that write bytes.
#pragma once

#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Returns the offset in `entries.text()` behind the line with this index.
[[nodiscard]] inline std::size_t end_of_line(batch const& entries, std::size_t index) noexcept {
  std::string_view const line = entries[index].json;
  return static_cast<std::size_t>(line.data() - entries[0].json.data()) + line.size() + 1;
}

/// Where the entries of a text end: the lines of a batch, or a list of offsets. Refers to what it is made from.
class entry_ends {
 public:
  explicit entry_ends(batch const& lines) noexcept : lines_(&lines), size_(lines.size()) {}
  explicit entry_ends(std::vector<std::size_t> const& offsets) noexcept
      : offsets_(offsets.data()), size_(offsets.size()) {}

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// The offset behind the entry with this index.
  [[nodiscard]] std::size_t operator[](std::size_t index) const noexcept {
    return lines_ != nullptr ? end_of_line(*lines_, index) : offsets_[index];
  }

 private:
  batch const* lines_ = nullptr;
  std::size_t const* offsets_ = nullptr;
  std::size_t size_;
};

/// Returns how many entries lie completely within the first `bytes`.
[[nodiscard]] inline std::size_t entries_within(std::size_t bytes, entry_ends const& ends) noexcept {
  std::size_t low = 0;
  std::size_t high = ends.size();
  while (low < high) {
    std::size_t const middle = low + (high - low) / 2;
    if (ends[middle] <= bytes) {
      low = middle + 1;
    } else {
      high = middle;
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
