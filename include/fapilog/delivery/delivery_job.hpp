// SPDX-License-Identifier: MIT
// A part of a batch on its way to one sink, and the result of an attempt to write it.
#pragma once

#include <fapilog/delivery/batch_part.hpp>
#include <fapilog/detail/memory/vector.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// A part of a batch while it is being delivered to one sink.
struct delivery_job {
  /// Throws: std::bad_alloc; the part is then unchanged.
  explicit delivery_job(batch_part&& given)
      : delivery_job(std::move(given),
                     vector<record_result>(given.entries.size(), record_result::delivered)) {}
  /// `all`: a result for each entry.
  delivery_job(batch_part&& given, vector<record_result>&& all) noexcept
      : part(std::move(given)), results(std::move(all)) {}

  /// Joins the entries of a merged part into one batch; does nothing otherwise. Takes `memory` for it, unless that is null.
  /// Throws: std::bad_alloc; the job is then unchanged.
  void join(std::shared_ptr<batch_storage>& memory) {
    if (part.parts.empty() || !part.entries.empty()) return;
    std::vector<batch> all;
    for (batch_part const& one : part.parts) all.push_back(one.entries);
    batch joined = batch::joined(all, std::exchange(memory, nullptr));
    results = vector<record_result>(joined.size(), record_result::delivered);
    part.entries = std::move(joined);
  }
  /// The empty memory of the joined entries, or null if there is none or if the sink has kept a handle to it.
  [[nodiscard]] std::shared_ptr<batch_storage> reusable_memory() {
    if (part.parts.empty()) return nullptr;
    auto memory = part.entries.reusable_storage();
    part.entries = {};
    if (memory) memory->clear();
    return memory;
  }
  /// True if every entry has its result.
  [[nodiscard]] bool is_done() const noexcept { return first == results.size(); }
  /// Number of entries without a result.
  [[nodiscard]] std::size_t remaining_count() const noexcept {
    return remaining.empty() ? results.size() - first : remaining.size();
  }
  /// Index of the `i`-th entry without a result.
  [[nodiscard]] std::size_t index_of(std::size_t i) const noexcept {
    return remaining.empty() ? first + i : remaining[i];
  }
  /// The entries without a result.
  [[nodiscard]] batch next() const {
    return remaining.empty() ? part.entries.from(first) : part.entries.only(remaining);
  }
  /// The first `count` of the remaining entries have their results.
  void advance(std::size_t count) noexcept {
    if (remaining.empty()) {
      first += count;
      return;
    }
    remaining.erase(remaining.begin(), remaining.begin() + static_cast<std::ptrdiff_t>(count));
    first = remaining.empty() ? results.size() : remaining.front();
  }
  /// Of the remaining entries, only those at the indices for which `is_left(i)` is true stay without a result. Returns the
  /// number of the others. Throws: std::bad_alloc, without any effect.
  template <class IsLeft>
  [[gnu::cold]] std::size_t keep_if(IsLeft const& is_left) {
    std::size_t const before = remaining_count();
    std::vector<std::uint32_t> left;
    for (std::size_t i = 0; i < before; ++i) {
      if (is_left(i)) left.push_back(static_cast<std::uint32_t>(index_of(i)));
    }
    if (left.size() == before) return 0;
    remaining = std::move(left);
    first = remaining.empty() ? results.size() : remaining.front();
    return before - remaining.size();
  }
  /// Gives the remaining entries the same result.
  void set_remaining(record_result result) noexcept {
    for (std::size_t i = 0; i < remaining_count(); ++i) results[index_of(i)] = result;
    advance(remaining_count());
  }

  batch_part part;
  vector<record_result> results;
  std::size_t first = 0;  ///< index of the first entry without a result
  /// Indices of the entries without a result, in order; empty if these are all from `first` on, or none.
  std::vector<std::uint32_t> remaining = {};
  std::uint32_t attempts = 0;   ///< calls of the sink's `write` so far
  std::size_t to_fallback = 0;  ///< number of `delivered` results that are due to the fallback
  std::size_t dropped = 0;      ///< number of `failed` results that are due to a full queue or spool
  bool is_searched = false;     ///< the sink was asked which entries it has already
};

enum class attempt_state : std::uint8_t {
  done,     ///< every entry has its result
  retry,    ///< the rest must be written again
  give_up,  ///< no attempt is left for the rest
};
struct attempt_result {
  attempt_state state = attempt_state::done;
  std::chrono::steady_clock::time_point retry_at{};  ///< when the sink may be tried again, unless `done`
};

}  // namespace fapilog::inline v0_1::detail
