// SPDX-License-Identifier: MIT
// The queue in front of one sink, bounded by the memory of the parts in it.
#pragma once

#include <fapilog/delivery/batch_part.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// First in, first out. A part that was taken counts towards the bound until it is finished. Thread: one at a time.
class batch_queue {
 public:
  explicit batch_queue(std::uint64_t max_bytes) noexcept : max_bytes_(max_bytes) {}

  [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }
  /// Number of waiting parts.
  [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }
  /// The waiting parts in order.
  [[nodiscard]] std::list<batch_part> const& waiting() const noexcept { return waiting_; }
  [[nodiscard]] batch_part const& front() const noexcept { return waiting_.front(); }
  /// Bytes of the parts that wait, or that were taken and are not finished yet.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// True if the part fits within the bound. An empty queue has room for a part of any size.
  [[nodiscard]] bool has_room_for(batch_part const& part) const noexcept {
    return bytes_ == 0 || bytes_ + part.bytes() <= max_bytes_;
  }

  /// Appends a part, whether or not there is room. Throws: std::bad_alloc; the part is then unchanged.
  void push(batch_part&& part) {
    std::size_t const bytes = part.bytes();
    waiting_.push_back(std::move(part));
    bytes_ += bytes;
    ++pushed_;
  }

  /// Takes the first part of a queue that is not empty. Merges it with the parts behind it that fit into one batch of
  /// `max_records` records, `max_merged_bytes` and a quarter of the queue, because the worker has no room for more while the
  /// sink writes all that the queue held. Their entries are not joined yet. Throws: std::bad_alloc; the queue is then unchanged.
  [[nodiscard]] batch_part take(std::size_t max_records) { return take_parts(mergeable(max_records)); }
  /// Number of parts that `take` would take from a queue that is not empty.
  [[nodiscard]] std::size_t mergeable(std::size_t max_records) const noexcept {
    std::size_t count = 0;
    std::size_t records = 0;
    std::size_t json_bytes = 0;
    std::uint64_t bytes = 0;
    for (batch_part const& next : waiting_) {
      records += next.entries.size();
      json_bytes += next.entries.text().size();
      bytes += next.bytes();
      bool const is_too_large =
          records > max_records || json_bytes > max_merged_bytes || bytes > max_bytes_ / merged_share;
      if (count != 0 && is_too_large) break;
      ++count;
      if (records >= max_records) break;
    }
    return count;
  }
  /// Like `take`, for the first `count` parts. For one part it never throws.
  [[nodiscard]] batch_part take_parts(std::size_t count) {
    batch_part taken;
    if (count == 1) {
      taken = std::move(waiting_.front());
      waiting_.pop_front();
      return taken;
    }
    taken.parts.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      taken.parts.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    return taken;
  }

  /// Finishes a part that was taken: its memory no longer counts towards the bound.
  void finish(batch_part const& taken) noexcept {
    bytes_ -= (std::min<std::uint64_t>)(taken.bytes(), bytes_);
    finished_ += taken.count();
  }
  /// Removes and finishes the first waiting part.
  void finish_front() noexcept {
    finish(waiting_.front());
    waiting_.pop_front();
  }

  /// Number of parts pushed so far, and how many of them are finished.
  [[nodiscard]] std::uint64_t pushed() const noexcept { return pushed_; }
  [[nodiscard]] std::uint64_t finished() const noexcept { return finished_; }

  /// Forgets all parts and counts.
  [[gnu::cold]] void clear() noexcept {
    waiting_.clear();
    bytes_ = pushed_ = finished_ = 0;
  }

 private:
  static constexpr std::uint64_t merged_share = 4;

  std::uint64_t const max_bytes_;
  std::list<batch_part> waiting_;
  std::uint64_t bytes_ = 0;
  std::uint64_t pushed_ = 0;
  std::uint64_t finished_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
