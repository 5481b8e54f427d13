// SPDX-License-Identifier: MIT
// Combines the results of one batch's records over all sinks for the account.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>

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

/// Collects the results of one batch. Shared by all parts of the batch, in memory and in spools. Thread: any. Throws: only
/// the constructor, so that every record gets its result even without memory.
class batch_ticket {
 public:
  /// `parts`: how many times `settle` will be called. `excluded`: the records that are not in the account, for example
  /// those that no sink takes; empty if there are none. `to_notify` is called when all parts are settled; may be null.
  batch_ticket(std::size_t records, std::size_t parts, std::shared_ptr<result_totals> totals,
               std::vector<bool> excluded, std::shared_ptr<settlement> to_notify = nullptr)
      : unsettled_parts_(parts),
        totals_(std::move(totals)),
        settlement_(std::move(to_notify)),
        excluded_(std::move(excluded)),
        records_(records),
        many_(records > few_.size() ? std::make_unique<state[]>(records) : nullptr),
        states_(many_ != nullptr ? many_.get() : few_.data()) {}
  batch_ticket(batch_ticket const&) = delete;
  batch_ticket& operator=(batch_ticket const&) = delete;
  ~batch_ticket() = default;

  /// Records the results of `count` records of one part: `result_of(i)` is the result of the part's i-th record,
  /// `index_of(i)` its index in the batch.
  template <class ResultOf, class IndexOf>
  void settle(std::size_t count, ResultOf const& result_of, IndexOf const& index_of) noexcept {
    std::unique_lock lock{mutex_};
    for (std::size_t i = 0; i < count; ++i) {
      if (record_result const result = result_of(i); result != record_result::delivered)
        note(index_of(i), result);
    }
    if (--unsettled_parts_ != 0) return;
    add_to_totals();
    auto const to_notify = std::move(settlement_);
    lock.unlock();
    if (to_notify != nullptr) to_notify->settled();
  }

  /// Settles a part without records.
  void settle_last() noexcept {
    settle(
        0, [](std::size_t) { return record_result::delivered; }, [](std::size_t i) { return i; });
  }

  /// Replaces `spooled` by the final result of a record that a sink's spool held.
  void settle_spooled(std::size_t index, record_result final_result) noexcept {
    std::lock_guard const lock{mutex_};
    state& own = states_[index];
    record_result const before = own.combined();
    --own.spools;
    own.worst = (std::max)(own.worst, final_result);
    record_result const after = own.combined();
    if (unsettled_parts_ != 0 || before == after || is_excluded(index)) return;
    total(before).subtract(1);
    total(after).add();
  }

 private:
  struct state {
    record_result worst = record_result::delivered;
    std::uint8_t spools = 0;  ///< number of spools that hold the record

    [[nodiscard]] record_result combined() const noexcept {
      bool const is_spooled = worst == record_result::delivered && spools != 0;
      return is_spooled ? record_result::spooled : worst;
    }
  };

  void note(std::size_t index, record_result result) noexcept {
    all_delivered_ = false;
    if (result == record_result::spooled) {
      ++states_[index].spools;
    } else {
      states_[index].worst = (std::max)(states_[index].worst, result);
    }
  }
  [[nodiscard]] bool is_excluded(std::size_t index) const noexcept {
    return !excluded_.empty() && excluded_[index];
  }
  [[nodiscard]] counter& total(record_result result) const noexcept {
    return (*totals_)[static_cast<std::size_t>(result)];
  }

  void add_to_totals() noexcept {
    if (all_delivered_ && excluded_.empty()) return total(record_result::delivered).add(records_);
    std::array<std::uint64_t, record_result_count> sums{};
    for (std::size_t i = 0; i < records_; ++i) {
      if (!is_excluded(i)) ++sums[static_cast<std::size_t>(states_[i].combined())];
    }
    for (std::size_t r = 0; r < record_result_count; ++r) {
      if (sums[r] != 0) (*totals_)[r].add(sums[r]);
    }
  }

  std::mutex mutex_;
  std::size_t unsettled_parts_;
  bool all_delivered_ = true;
  std::shared_ptr<result_totals> totals_;
  std::shared_ptr<settlement> settlement_;
  std::vector<bool> excluded_;
  std::size_t const records_;
  std::array<state, 16> few_{};  ///< the states of a small batch
  std::unique_ptr<state[]> many_;
  state* const states_;  ///< by index in the batch
};

}  // namespace fapilog::inline v0_1::detail
