// SPDX-License-Identifier: MIT
// The entries of a batch that one sink gets, or several such parts merged into one.
#pragma once

#include <fapilog/delivery/batch_ticket.hpp>
#include <fapilog/record/batch.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace fapilog::inline v0_1::detail {

struct batch_part {
  batch entries;
  /// Index in the batch of each entry; empty if the part is the whole batch.
  std::vector<std::uint32_t> indices = {};
  std::shared_ptr<batch_ticket> ticket = {};
  /// The parts that were merged into this one, in order. A merged part has no ticket of its own.
  std::vector<batch_part> parts = {};

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
  /// Passes the result of each entry to the tickets.
  void settle(std::vector<record_result> const& results) const {
    if (ticket != nullptr) ticket->settle(results, [this](std::size_t i) { return batch_index(i); });
    auto from = results.begin();
    for (batch_part const& part : parts) {
      auto const to = from + static_cast<std::ptrdiff_t>(part.entries.size());
      part.settle({from, to});
      from = to;
    }
  }
  /// Settles every entry with the same result.
  void settle_all(record_result result) const { settle(std::vector<record_result>(entries.size(), result)); }
};

}  // namespace fapilog::inline v0_1::detail
