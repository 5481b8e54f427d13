// SPDX-License-Identifier: MIT
// A sink's part of a batch on its way, and several of them put together for a sink that likes large batches.
#pragma once

#include <fapilog/delivery/batch_ticket.hpp>
#include <fapilog/record/batch.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

struct batch_part {
  batch entries;
  /// Indices in the batch; empty where the part is all of it.
  std::vector<std::uint32_t> places = {};
  std::shared_ptr<batch_ticket> ticket = {};
  /// Those that it was put together from, in their order; it has no ticket then.
  std::vector<batch_part> parts = {};

  [[nodiscard]] std::size_t place(std::size_t i) const noexcept { return places.empty() ? i : places[i]; }
  /// How many were enqueued.
  [[nodiscard]] std::size_t count() const noexcept { return parts.empty() ? 1 : parts.size(); }
  /// Bytes of the memory that it holds in the queue.
  [[nodiscard]] std::size_t bytes() const noexcept {
    if (parts.empty()) return entries.bytes();
    std::size_t sum = 0;
    for (batch_part const& part : parts) sum += part.entries.bytes();
    return sum;
  }
  /// Tells the tickets.
  void settle(std::vector<fate> const& fates) const {
    if (ticket != nullptr) ticket->settle(fates, [this](std::size_t i) { return place(i); });
    auto from = fates.begin();
    for (batch_part const& part : parts) {
      auto const to = from + static_cast<std::ptrdiff_t>(part.entries.size());
      part.settle({from, to});
      from = to;
    }
  }
};

/// Takes the first of a queue that is not empty, together with those behind it that fit into one batch of `most_records`
/// and 4 MiB of lines; these become its parts, and are not joined yet. Throws: std::bad_alloc, with the queue as it was.
[[nodiscard]] inline batch_part take_first(std::deque<batch_part>& queue, std::size_t most_records) {
  constexpr std::size_t most_bytes = std::size_t{4} << 20;
  std::size_t count = 0;
  std::size_t records = 0;
  std::size_t bytes = 0;
  for (batch_part const& next : queue) {
    records += next.entries.size();
    bytes += next.entries.text().size();
    if (count != 0 && (records > most_records || bytes > most_bytes)) break;
    ++count;
    if (records >= most_records) break;
  }
  batch_part taken;
  if (count == 1) {
    taken = std::move(queue.front());
  } else {
    taken.parts.reserve(count);
    for (std::size_t i = 0; i < count; ++i) taken.parts.push_back(std::move(queue[i]));
  }
  queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(count));
  return taken;
}

}  // namespace fapilog::inline v0_1::detail
