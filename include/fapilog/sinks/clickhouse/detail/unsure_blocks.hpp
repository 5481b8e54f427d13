// SPDX-License-Identifier: MIT
// Remembers the blocks of which it is not known whether the server stored them, so that they are sent again as they were.
#pragma once

#include <fapilog/record/batch.hpp>
#include <fapilog/record/uuid.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::ch {

/// Thread: one. Throws: std::bad_alloc.
class unsure_blocks {
 public:
  [[nodiscard]] bool empty() const noexcept { return blocks_.empty(); }

  /// Forgets the oldest blocks if there are too many records.
  void add(batch const& block) {
    if (is_known(block)) return;
    std::vector<uuid> ids;
    ids.reserve(block.size());
    for (entry const& e : block) ids.push_back(e.event.message_id);
    count_ += ids.size();
    blocks_.push_back(std::move(ids));
    constexpr std::size_t max_records = 1'000'000;
    while (count_ > max_records && blocks_.size() > 1) erase(blocks_.begin());
  }
  /// Forgets a block; does nothing if it is not known.
  void remove(batch const& block) noexcept {
    auto const found = find(block, 0);
    if (found != blocks_.end() && found->size() == block.size()) erase(found);
  }
  /// Forgets single records. A block without some of its records cannot be sent as it was.
  void remove_records(batch const& entries) {
    std::vector<uuid> const ids = sorted_ids(entries);
    for (auto block = blocks_.begin(); block != blocks_.end();) {
      std::size_t const before = block->size();
      std::erase_if(*block,
                    [&ids](uuid const& id) { return std::binary_search(ids.begin(), ids.end(), id); });
      count_ -= before - block->size();
      block = block->empty() ? blocks_.erase(block) : block + 1;
    }
  }

  /// Entries `begin` to `begin + count` of a batch.
  struct segment {
    std::size_t begin = 0;
    std::size_t count = 0;
    bool is_block = false;  ///< they are a block, as it was sent
  };
  /// Divides a batch at the boundaries of known blocks.
  [[nodiscard]] std::vector<segment> segments_of(batch const& entries) const {
    std::vector<segment> all;
    for (std::size_t at = 0; at < entries.size();) {
      auto const found = find(entries, at);
      if (found != blocks_.end()) {
        all.push_back({at, found->size(), true});
        at += found->size();
        continue;
      }
      if (all.empty() || all.back().is_block) all.push_back({at, 0, false});
      ++all.back().count;
      ++at;
    }
    return all;
  }
  /// True for each entry that was in a known block.
  [[nodiscard]] std::vector<bool> find_records(batch const& entries) const {
    std::vector<uuid> known;
    for (std::vector<uuid> const& block : blocks_) known.insert(known.end(), block.begin(), block.end());
    std::sort(known.begin(), known.end());
    std::vector<bool> found(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i)
      found[i] = std::binary_search(known.begin(), known.end(), entries[i].event.message_id);
    return found;
  }

 private:
  using list = std::vector<std::vector<uuid>>;

  [[nodiscard]] static std::vector<uuid> sorted_ids(batch const& entries) {
    std::vector<uuid> ids;
    for (entry const& e : entries) ids.push_back(e.event.message_id);
    std::sort(ids.begin(), ids.end());
    return ids;
  }
  [[nodiscard]] bool is_known(batch const& block) const noexcept {
    auto const found = find(block, 0);
    return found != blocks_.end() && found->size() == block.size();
  }
  /// The block whose records are the entries from `at` on.
  [[nodiscard]] list::const_iterator find(batch const& entries, std::size_t at) const noexcept {
    return std::find_if(blocks_.begin(), blocks_.end(), [&](std::vector<uuid> const& ids) {
      if (ids.size() > entries.size() - at) return false;
      return std::equal(ids.begin(), ids.end(), entries.begin() + at,
                        [](uuid const& id, entry const& e) { return id == e.event.message_id; });
    });
  }
  void erase(list::const_iterator block) noexcept {
    count_ -= block->size();
    blocks_.erase(block);
  }

  list blocks_;  ///< the oldest first
  std::size_t count_ = 0;
};

}  // namespace fapilog::inline v0_1::detail::ch
