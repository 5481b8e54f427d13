// SPDX-License-Identifier: MIT
// Combines the results of one batch's records over all sinks for the account.
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

/// Result of a record at one sink, from best to worst. Over several sinks the worst counts.
enum class record_result : std::uint8_t { delivered, spooled, rejected, failed };
inline constexpr std::size_t record_result_count = 4;

/// Number of records by their result over all sinks. Thread: any.
using result_totals = std::array<counter, record_result_count>;

/// Collects the results of one batch. Shared by all parts of the batch, in memory and in spools. Thread: any.
class batch_ticket {
 public:
  /// `parts`: how many times `settle` will be called.
  batch_ticket(std::size_t records, std::size_t parts, std::shared_ptr<result_totals> totals)
      : records_(records), unsettled_parts_(parts), totals_(std::move(totals)) {}

  /// Excludes records from the account, for example those that no sink takes. Call it before the first `settle`.
  void exclude(std::vector<bool> which) { excluded_ = std::move(which); }

  /// Records the results of one part. `index_of(i)` is the index in the batch of the part's i-th record.
  template <class IndexOf>
  void settle(std::vector<record_result> const& results, IndexOf const& index_of) {
    std::lock_guard const lock{mutex_};
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i] != record_result::delivered) note(index_of(i), results[i]);
    }
    if (--unsettled_parts_ == 0) add_to_totals();
  }

  /// Replaces `spooled` by the final result of a record that a sink's spool held.
  void settle_spooled(std::size_t index, record_result final_result) {
    std::lock_guard const lock{mutex_};
    record_result const before = combined(index);
    --spooled_[index];
    worst_[index] = std::max(worst_[index], final_result);
    record_result const after = combined(index);
    if (unsettled_parts_ != 0 || before == after || is_excluded(index)) return;
    total(before).subtract(1);
    total(after).add();
  }

 private:
  void note(std::size_t index, record_result result) {
    if (worst_.empty()) {
      worst_.assign(records_, record_result::delivered);
      spooled_.assign(records_, 0);
    }
    if (result == record_result::spooled) {
      ++spooled_[index];
    } else {
      worst_[index] = std::max(worst_[index], result);
    }
  }
  [[nodiscard]] record_result combined(std::size_t index) const {
    if (worst_.empty()) return record_result::delivered;
    bool const is_spooled = worst_[index] == record_result::delivered && spooled_[index] != 0;
    return is_spooled ? record_result::spooled : worst_[index];
  }
  [[nodiscard]] bool is_excluded(std::size_t index) const { return !excluded_.empty() && excluded_[index]; }
  [[nodiscard]] counter& total(record_result result) const {
    return (*totals_)[static_cast<std::size_t>(result)];
  }

  void add_to_totals() {
    if (worst_.empty() && excluded_.empty()) return total(record_result::delivered).add(records_);
    std::array<std::uint64_t, record_result_count> sums{};
    for (std::size_t i = 0; i < records_; ++i) {
      if (!is_excluded(i)) ++sums[static_cast<std::size_t>(combined(i))];
    }
    for (std::size_t r = 0; r < record_result_count; ++r) {
      if (sums[r] != 0) (*totals_)[r].add(sums[r]);
    }
  }

  std::mutex mutex_;
  std::size_t const records_;
  std::size_t unsettled_parts_;
  std::shared_ptr<result_totals> totals_;
  std::vector<bool> excluded_;
  std::vector<record_result> worst_;   ///< empty while every record is delivered
  std::vector<std::uint8_t> spooled_;  ///< number of spools that hold the record
};

}  // namespace fapilog::inline v0_1::detail
