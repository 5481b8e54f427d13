// SPDX-License-Identifier: MIT
// A hash table of bounded size, keyed by 64-bit numbers, that evicts the least recently renewed entry.
#pragma once

#include <fapilog/detail/compiler.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Each operation takes constant time. A new key evicts the oldest entry if the table is full. Keys must be well mixed, and
/// keyed hashes (`siphash`) if an attacker can choose the input. A pointer is valid until the next `add`. Memory grows with
/// the number of keys and is kept. Thread: one. Throws: std::bad_alloc, in `add` only.
template <class T>
class recent_table {
 public:
  /// `max_size` is 1 to 2^31.
  explicit recent_table(std::size_t max_size)
      : max_size_(static_cast<std::uint32_t>(max_size)), buckets_(min_buckets, none) {}

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] bool full() const noexcept { return size_ == max_size_; }

  /// Returns the value, or null. Its age does not change.
  [[nodiscard]] T* find(std::uint64_t key) noexcept {
    std::uint32_t const at = index_of(key);
    return at == none ? nullptr : &nodes_[at].value;
  }
  /// Returns the value, or null, and makes it the newest entry.
  [[nodiscard]] T* renew(std::uint64_t key) noexcept {
    std::uint32_t const at = index_of(key);
    if (at == none) return nullptr;
    if (at != newest_) {
      take_out(at);
      put_newest(at);
    }
    return &nodes_[at].value;
  }
  /// Adds a default value for a key that must not be in the table. Evicts the oldest entry if the table is full.
  T& add(std::uint64_t key) {
    if (full()) drop_oldest();
    if (free_ == none) grow();
    std::uint32_t const at = free_;
    free_ = nodes_[at].chain;
    nodes_[at].key = key;
    nodes_[at].value = T{};
    std::uint32_t& bucket = buckets_[bucket_of(key)];
    nodes_[at].chain = bucket;
    bucket = at;
    put_newest(at);
    ++size_;
    return nodes_[at].value;
  }

  /// Returns the entry that was not renewed for the longest time. The table must not be empty.
  [[nodiscard]] T& oldest() noexcept { return nodes_[oldest_].value; }
  void drop_oldest() noexcept {
    std::uint32_t const at = oldest_;
    std::uint32_t* link = &buckets_[bucket_of(nodes_[at].key)];
    while (*link != at) link = &nodes_[*link].chain;
    *link = nodes_[at].chain;
    take_out(at);
    nodes_[at].chain = free_;
    free_ = at;
    --size_;
  }
  /// Calls `one(value)` for each entry, oldest first.
  template <class F>
  void for_each(F&& one) {
    for (std::uint32_t at = oldest_; at != none; at = nodes_[at].newer) one(nodes_[at].value);
  }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  static constexpr std::size_t min_buckets = 16;

  struct node {
    std::uint64_t key = 0;
    std::uint32_t chain = none;  ///< the next one in the bucket, or the next free one
    std::uint32_t older = none;
    std::uint32_t newer = none;
    T value{};
  };

  [[nodiscard]] std::size_t bucket_of(std::uint64_t key) const noexcept {
    return number_cast<std::size_t>(key & (buckets_.size() - 1));
  }
  [[nodiscard]] std::uint32_t index_of(std::uint64_t key) const noexcept {
    std::uint32_t at = buckets_[bucket_of(key)];
    while (at != none && nodes_[at].key != key) at = nodes_[at].chain;
    return at;
  }

  /// Doubles the number of nodes. Called only if every node is in use.
  void grow() {
    std::size_t const wanted = (std::min<std::size_t>)(max_size_, (std::max)(min_buckets, nodes_.size() * 2));
    std::vector<std::uint32_t> buckets(std::bit_ceil(wanted), none);
    std::size_t const before = nodes_.size();
    nodes_.resize(wanted);
    buckets_.swap(buckets);
    for (std::size_t i = 0; i < before; ++i) {
      std::uint32_t& bucket = buckets_[bucket_of(nodes_[i].key)];
      nodes_[i].chain = bucket;
      bucket = static_cast<std::uint32_t>(i);
    }
    for (std::size_t i = nodes_.size(); i-- > before;) {
      nodes_[i].chain = free_;
      free_ = static_cast<std::uint32_t>(i);
    }
  }
  void take_out(std::uint32_t at) noexcept {
    node const& n = nodes_[at];
    (n.older == none ? oldest_ : nodes_[n.older].newer) = n.newer;
    (n.newer == none ? newest_ : nodes_[n.newer].older) = n.older;
  }
  void put_newest(std::uint32_t at) noexcept {
    nodes_[at].older = newest_;
    nodes_[at].newer = none;
    (newest_ == none ? oldest_ : nodes_[newest_].newer) = at;
    newest_ = at;
  }

  std::uint32_t max_size_;
  std::uint32_t size_ = 0;
  std::uint32_t oldest_ = none;
  std::uint32_t newest_ = none;
  std::uint32_t free_ = none;
  std::vector<node> nodes_;
  std::vector<std::uint32_t> buckets_;  ///< first node of each; a power of two
};

}  // namespace fapilog::inline v0_1::detail
