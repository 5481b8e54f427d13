// SPDX-License-Identifier: MIT
// What became of the records of one batch over all sinks, for the account.
#pragma once

#include <fapilog/metrics/metric.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// What became of a record at one sink, from good to bad: over several sinks the worst counts.
enum class fate : std::uint8_t { delivered, spooled, rejected, failed };
inline constexpr std::size_t fate_count = 4;

/// Records by their fate over all sinks. Thread: any.
using fate_totals = std::array<counter, fate_count>;

/// Shared by all who have a part of the batch, and by what is spooled of it. Thread: any.
class batch_ticket {
 public:
  /// `parts` sinks will settle.
  batch_ticket(std::size_t records, std::size_t parts, std::shared_ptr<fate_totals> totals)
      : records_(records), open_(parts), totals_(std::move(totals)) {}

  /// Records that stand in no account, such as those that no sink takes; before the first part settles.
  void leave_out(std::vector<bool> which) { left_out_ = std::move(which); }

  /// One sink's part is done: `place(i)` is the index in the batch of the part's i-th record.
  template <class Place>
  void settle(std::vector<fate> const& fates, Place const& place) {
    std::lock_guard const lock{mutex_};
    for (std::size_t i = 0; i < fates.size(); ++i) {
      if (fates[i] != fate::delivered) note(place(i), fates[i]);
    }
    if (--open_ == 0) finish();
  }

  /// A spooled record has come to its end after all.
  void settle_spooled(std::size_t index, fate end) {
    std::lock_guard const lock{mutex_};
    fate const before = state(index);
    --spooled_[index];
    worst_[index] = std::max(worst_[index], end);
    fate const after = state(index);
    if (open_ != 0 || before == after || is_left_out(index)) return;
    total(before).subtract(1);
    total(after).add();
  }

 private:
  void note(std::size_t index, fate f) {
    if (worst_.empty()) {
      worst_.assign(records_, fate::delivered);
      spooled_.assign(records_, 0);
    }
    if (f == fate::spooled) {
      ++spooled_[index];
    } else {
      worst_[index] = std::max(worst_[index], f);
    }
  }
  [[nodiscard]] fate state(std::size_t index) const {
    if (worst_.empty()) return fate::delivered;
    return worst_[index] == fate::delivered && spooled_[index] != 0 ? fate::spooled : worst_[index];
  }
  [[nodiscard]] bool is_left_out(std::size_t index) const { return !left_out_.empty() && left_out_[index]; }
  [[nodiscard]] counter& total(fate f) const { return (*totals_)[static_cast<std::size_t>(f)]; }

  void finish() {
    if (worst_.empty() && left_out_.empty()) return total(fate::delivered).add(records_);
    std::array<std::uint64_t, fate_count> sums{};
    for (std::size_t i = 0; i < records_; ++i) {
      if (!is_left_out(i)) ++sums[static_cast<std::size_t>(state(i))];
    }
    for (std::size_t f = 0; f < fate_count; ++f) {
      if (sums[f] != 0) (*totals_)[f].add(sums[f]);
    }
  }

  std::mutex mutex_;
  std::size_t const records_;
  std::size_t open_;
  std::shared_ptr<fate_totals> totals_;
  std::vector<bool> left_out_;
  std::vector<fate> worst_;  ///< empty while everything is delivered
  std::vector<std::uint8_t> spooled_;
};

}  // namespace fapilog::inline v0_1::detail
