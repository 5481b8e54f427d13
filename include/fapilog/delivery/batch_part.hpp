// SPDX-License-Identifier: MIT
// The entries of a batch that one sink gets, or several such parts merged into one.
#pragma once

#include <fapilog/delivery/batch_ticket.hpp>
#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/record/batch.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Bytes of JSON up to which parts are merged for a sink that prefers large batches.
inline constexpr std::size_t max_merged_bytes = std::size_t{4} << 20;

struct batch_part {
  batch entries;
  /// Index in the batch of each entry; empty if the part is the whole batch.
  std::vector<std::uint32_t> indices = {};
  std::shared_ptr<batch_ticket> ticket = {};
  /// The parts that were merged into this one, in order. A merged part has no ticket of its own.
  vector<batch_part> parts = {};

  /// Index in the batch of entry `i`.
  [[nodiscard]] std::size_t batch_index(std::size_t i) const noexcept {
    return indices.empty() ? i : indices[i];
  }
  /// Number of parts that were enqueued: more than 1 for a merged part.
  [[nodiscard]] std::size_t count() const noexcept { return parts.empty() ? 1 : parts.size(); }
  /// Bytes of memory that it occupies in the queue. Merging does not change the sum.
  [[nodiscard]] std::size_t bytes() const noexcept {
    if (parts.empty()) return entries.bytes();
    std::size_t sum = 0;
    for (batch_part const& part : parts) sum += part.entries.bytes();
    return sum;
  }
  /// Number of entries, also of a merged part whose entries are not joined yet.
  [[nodiscard]] std::size_t records() const noexcept {
    std::size_t sum = parts.empty() ? entries.size() : 0;
    for (batch_part const& part : parts) sum += part.entries.size();
    return sum;
  }
  /// Passes the result of each entry to the tickets: `result_of(i)`.
  template <class ResultOf>
  void settle(ResultOf const& result_of) const noexcept {
    auto const index_of = [](batch_part const& part) {
      return [&part](std::size_t i) { return part.batch_index(i); };
    };
    if (ticket != nullptr) ticket->settle(entries.size(), result_of, index_of(*this));
    std::size_t first = 0;
    for (batch_part const& part : parts) {
      std::size_t const count = part.entries.size();
      auto const result_in_part = [&](std::size_t i) { return result_of(first + i); };
      if (part.ticket != nullptr) part.ticket->settle(count, result_in_part, index_of(part));
      first += count;
    }
  }
  /// Settles every entry with the same result.
  void settle_all(record_result result) const noexcept {
    settle([result](std::size_t) { return result; });
  }
};

}  // namespace fapilog::inline v0_1::detail
