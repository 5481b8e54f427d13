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
  [[nodiscard]] batch remaining() const { return part.entries.from(first); }
  [[nodiscard]] std::size_t remaining_count() const noexcept { return results.size() - first; }
  /// Gives the remaining entries the same result.
  void set_remaining(record_result result) noexcept {
    std::fill(results.begin() + static_cast<std::ptrdiff_t>(first), results.end(), result);
    first = results.size();
  }

  batch_part part;
  std::vector<record_result> results;
  std::size_t first = 0;        ///< the entries before it have their result
  std::uint32_t attempts = 0;   ///< calls of the sink's `write` so far
  std::size_t to_fallback = 0;  ///< number of `delivered` results that are due to the fallback
  std::size_t dropped = 0;      ///< number of `failed` results that are due to a full queue or spool
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
