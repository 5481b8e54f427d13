// SPDX-License-Identifier: MIT
// Remembers what was decided for each place in events, by its keys, so that it is decided once.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog {

/// A tree of places, each with its decision. It is bounded: what does not fit is `none` and has to be decided each time,
/// until the next `begin_event` makes room by forgetting everything. Keys are compared by their characters, since the
/// memory of an event is used again. Copies start empty. Thread: one. Throws: std::bad_alloc in `add` and constructors.
template <class Decision>
class path_cache {
 public:
  using place = std::uint32_t;
  static constexpr place none = 0xFFFFFFFF;
  static constexpr std::size_t longest_key = 256;

  /// `roots` places have no key; their numbers are 0 to `roots` - 1.
  explicit path_cache(std::size_t roots, std::size_t most_places = 4096)
      : roots_(roots), most_(std::max(most_places, roots + 1)) {
    forget();
  }
  path_cache(path_cache const& other) : path_cache(other.roots_, other.most_) {}
  path_cache& operator=(path_cache const& other) {
    if (this != &other) *this = path_cache{other.roots_, other.most_};
    return *this;
  }
  path_cache(path_cache&&) noexcept = default;
  path_cache& operator=(path_cache&&) noexcept = default;
  ~path_cache() = default;

  /// Places found before are not valid any more.
  void begin_event() {
    if (full_) [[unlikely]]
      forget();
  }

  /// The place under this key, or `none`.
  [[nodiscard]] place find(place parent, std::string_view key) const noexcept {
    if (parent == none) return none;
    probe const p = probe_of(parent, key);
    for (std::size_t step = 0; step < longest_chain; ++step) {
      place const at = slots_[(p.hash + step) & mask_];
      if (at == none) return none;
      node const& n = nodes_[at];
      if (n.first == p.first && n.last == p.last && n.parent == parent && n.size == key.size() &&
          (key.size() <= 2 * sizeof p.first || key == n.key)) {
        return at;
      }
    }
    return none;
  }
  [[nodiscard]] Decision const& operator[](place at) const noexcept { return nodes_[at].decision; }

  /// Remembers a place that was not found. `none` where there is no room, or where the key is too long to keep.
  place add(place parent, std::string_view key, Decision decision) {
    if (parent == none || key.size() > longest_key) return none;
    if (nodes_.size() >= most_) {
      full_ = true;
      return none;
    }
    if (2 * (nodes_.size() + 1) > slots_.size()) grow();
    probe const p = probe_of(parent, key);
    auto const at = static_cast<place>(nodes_.size());
    if (!put(p.hash, at)) return none;
    nodes_.push_back({.first = p.first,
                      .last = p.last,
                      .parent = parent,
                      .size = static_cast<std::uint32_t>(key.size()),
                      .decision = std::move(decision),
                      .key = std::string{key}});
    return at;
  }

  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size() - roots_; }

 private:
  struct node {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    place parent = none;
    std::uint32_t size = 0;
    Decision decision{};
    std::string key{};
  };
  /// A key's first and last eight bytes, which may overlap: all there is of short keys.
  struct probe {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::size_t hash = 0;
  };

  [[nodiscard]] static probe probe_of(place parent, std::string_view key) noexcept {
    probe p;
    char const* const from = key.data();
    std::size_t const size = key.size();
    if (size >= 8) {
      std::memcpy(&p.first, from, 8);
      std::memcpy(&p.last, from + size - 8, 8);
    } else if (size >= 4) {
      std::uint32_t first = 0;
      std::uint32_t last = 0;
      std::memcpy(&first, from, 4);
      std::memcpy(&last, from + size - 4, 4);
      p.first = first;
      p.last = last;
    } else {
      for (std::size_t i = 0; i < size; ++i) p.first = (p.first << 8) | static_cast<unsigned char>(from[i]);
    }
    std::uint64_t h = p.first * 0x9E3779B97F4A7C15U;
    h ^= std::rotl(p.last, 29) + size;
    h *= 0xD6E8FEB86659FD93U;
    h ^= std::uint64_t{parent} * 0xC2B2AE3D27D4EB4FU;
    h ^= h >> 32;
    p.hash = static_cast<std::size_t>(h * 0x9E3779B97F4A7C15U >> 24);
    return p;
  }

  /// False where too many keys want the same slot, as only chosen ones do.
  bool put(std::size_t hash, place at) noexcept {
    for (std::size_t step = 0; step < longest_chain; ++step) {
      place& slot = slots_[(hash + step) & mask_];
      if (slot != none) continue;
      slot = at;
      return true;
    }
    return false;
  }
  void resize_slots(std::size_t count) {
    slots_.assign(count, none);
    mask_ = count - 1;
  }
  void grow() {
    resize_slots(slots_.size() * 2);
    for (std::size_t i = roots_; i < nodes_.size(); ++i) {
      put(probe_of(nodes_[i].parent, nodes_[i].key).hash, static_cast<place>(i));
    }
  }
  void forget() {
    nodes_.clear();
    nodes_.resize(roots_);
    constexpr std::size_t at_first = 64;
    resize_slots(std::max(at_first, std::bit_ceil(4 * roots_)));
    full_ = false;
  }

  static constexpr std::size_t longest_chain = 64;

  std::size_t roots_;
  std::size_t most_;
  std::vector<node> nodes_;
  std::vector<place> slots_;  ///< open addressing; the number of slots is a power of two
  std::size_t mask_ = 0;
  bool full_ = false;
};

}  // namespace fapilog
