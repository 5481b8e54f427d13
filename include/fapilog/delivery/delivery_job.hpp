// SPDX-License-Identifier: MIT
// A part of a batch on its way to one sink, and the result of an attempt to write it.
#pragma once

#include <fapilog/delivery/batch_part.hpp>

#include <algorithm>
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
                     std::vector<record_result>(given.entries.size(), record_result::delivered)) {}
  /// `all`: a result for each entry.
  delivery_job(batch_part&& given, std::vector<record_result>&& all) noexcept
      : part(std::move(given)), results(std::move(all)) {}

  /// Joins the entries of a merged part into one batch; does nothing otherwise. Takes `memory` for it, unless that is null.
  /// Throws: std::bad_alloc; the job is then unchanged.
  void join(std::shared_ptr<batch_storage>& memory) {
    if (part.parts.empty() || !part.entries.empty()) return;
    std::vector<batch> all;
    for (batch_part const& one : part.parts) all.push_back(one.entries);
    batch joined = batch::joined(all, std::exchange(memory, nullptr));
    results = std::vector<record_result>(joined.size(), record_result::delivered);
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
  /// Leaves out entries that the sink has already: `found[i]` is true for them. They count as delivered. Returns their
  /// number.
  [[gnu::cold]] std::size_t leave_out(std::vector<bool>&& found) noexcept {
    std::size_t const before = remaining_count();
    arrived = std::move(found);
    advance(0);
    return before - remaining_count();
  }
  /// True if every entry has its result.
  [[nodiscard]] bool is_done() const noexcept { return first == results.size(); }
  /// The entries to write next: from `first` on, up to one that the sink has already.
  [[nodiscard]] batch next() const {
    batch rest = part.entries.from(first);
    return arrived.empty() ? rest : rest.up_to(count_alike());
  }
  /// Moves `first` behind this number of entries, and then behind those that the sink has already.
  void advance(std::size_t count) noexcept {
    first += count;
    if (has_arrived(first)) first += count_alike();
  }
  /// Number of entries without a result.
  [[nodiscard]] std::size_t remaining_count() const noexcept {
    auto const begin = arrived.begin() + static_cast<std::ptrdiff_t>((std::min)(first, arrived.size()));
    return results.size() - first - static_cast<std::size_t>(std::count(begin, arrived.end(), true));
  }
  /// Gives the remaining entries the same result.
  void set_remaining(record_result result) noexcept {
    for (; first < results.size(); ++first) {
      if (!has_arrived(first)) results[first] = result;
    }
  }

  batch_part part;
  std::vector<record_result> results;
  std::size_t first = 0;        ///< the entries before it have their result
  std::uint32_t attempts = 0;   ///< calls of the sink's `write` so far
  std::size_t to_fallback = 0;  ///< number of `delivered` results that are due to the fallback
  std::size_t dropped = 0;      ///< number of `failed` results that are due to a full queue or spool
  std::vector<bool> arrived;    ///< for each entry, whether the sink had it; may be shorter
  bool is_searched = false;     ///< `arrived` is known

 private:
  [[nodiscard]] bool has_arrived(std::size_t i) const noexcept { return i < arrived.size() && arrived[i]; }
  /// Number of entries from `first` on that have all arrived, or have all not.
  [[nodiscard]] std::size_t count_alike() const noexcept {
    bool const value = has_arrived(first);
    std::size_t end = first;
    while (end < results.size() && has_arrived(end) == value) ++end;
    return end - first;
  }
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
