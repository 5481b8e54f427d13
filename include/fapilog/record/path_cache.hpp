// SPDX-License-Identifier: MIT
// Caches a decision for each path of keys in events.
#pragma once

#include <fapilog/detail/compiler.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// A tree of the keys in events; each node has its decision. The tree is bounded: what does not fit is not cached and must be
/// decided each time, until the next `begin_event` empties the cache. Keys are compared by their characters, because events
/// reuse memory. Copies start empty. Thread: one. Throws: std::bad_alloc in `add`, `begin_event` and constructors.
template <class Decision>
class path_cache {
 public:
  /// Number of a node, used as parent of others; `none` for a node that is not cached.
  using node = std::uint32_t;
  static constexpr node none = 0xFFFFFFFF;
  static constexpr std::size_t longest_key = 256;

  /// A cached decision; valid until the next `add` or `begin_event`.
  struct known {
    node at = none;
    Decision decision{};
  };

  /// `roots` nodes have no key; their numbers are 0 to `roots` - 1.
  explicit path_cache(std::size_t roots, std::size_t max_nodes = 4096)
      : roots_(roots), max_nodes_(max_nodes) {
    forget();
  }
  path_cache(path_cache const& other) : path_cache(other.roots_, other.max_nodes_) {}
  path_cache& operator=(path_cache const& other) {
    if (this != &other) *this = path_cache{other.roots_, other.max_nodes_};
    return *this;
  }
  path_cache(path_cache&&) noexcept = default;
  path_cache& operator=(path_cache&&) noexcept = default;
  ~path_cache() = default;

  /// Invalidates the numbers of all nodes. Call it before each event.
  void begin_event() {
    if (full_) [[unlikely]]
      forget();
  }

  /// The cached decision for the node under this key, or null.
  [[nodiscard]] known const* find(node parent, std::string_view key) const noexcept {
    probe const p = probe_of(parent, key);
    for (std::size_t step = 0; step < longest_chain; ++step) {
      slot const& s = slots_[(p.hash + step) & mask_];
      if (s.parent == none) return nullptr;
      if (s.first == p.first && s.last == p.last && s.parent == parent && s.size == key.size() &&
          (key.size() <= 2 * sizeof p.first || key == keys_[s.what.at - roots_])) {
        return &s.what;
      }
    }
    return nullptr;
  }

  /// Caches a node that was not found and returns its number. Returns `none` if the cache is full, the parent is not
  /// cached, or the key is too long.
  node add(node parent, std::string_view key, Decision decision) {
    if (parent == none || key.size() > longest_key) return none;
    if (keys_.size() >= max_nodes_) {
      full_ = true;
      return none;
    }
    if (2 * (keys_.size() + 1) > slots_.size()) grow();
    probe const p = probe_of(parent, key);
    auto const at = static_cast<node>(roots_ + keys_.size());
    keys_.emplace_back(key);
    slot const made{.first = p.first,
                    .last = p.last,
                    .parent = parent,
                    .size = static_cast<std::uint32_t>(key.size()),
                    .what = {at, std::move(decision)}};
    if (put(made, p.hash)) return at;
    keys_.pop_back();
    return none;
  }

  [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }

 private:
  /// A cached node. `first` and `last` are the first and last eight bytes of the key, which may overlap; they hold a short
  /// key completely.
  struct slot {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    node parent = none;
    std::uint32_t size = 0;
    known what{};
  };
  struct probe {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::size_t hash = 0;
  };
  static constexpr std::size_t longest_chain =
      64;  ///< only deliberately chosen keys collide more often: those are not cached

  [[nodiscard, gnu::always_inline]] static probe probe_of(node parent, std::string_view key) noexcept {
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
    } else if (size != 0) {
      p.first = (std::uint64_t{static_cast<unsigned char>(from[0])} << 16) |
                (std::uint64_t{static_cast<unsigned char>(from[size / 2])} << 8) |
                static_cast<unsigned char>(from[size - 1]);
    }
    constexpr std::uint64_t odd = 0x9E3779B97F4A7C15U;
    std::uint64_t h = (p.first ^ std::rotl(p.last, 23) ^ (std::uint64_t{parent} << 32) ^ size) * odd;
    for (std::size_t i = 8; i + 8 < size; i += 8) {
      std::uint64_t middle = 0;
      std::memcpy(&middle, from + i, 8);
      h = (h ^ (h >> 29) ^ middle) * odd;
    }
    h = (h ^ (h >> 29)) * odd;
    p.hash = number_cast<std::size_t>(h >> 32);
    return p;
  }

  /// False if too many keys collide.
  bool put(slot const& s, std::size_t hash) noexcept {
    for (std::size_t step = 0; step < longest_chain; ++step) {
      slot& to = slots_[(hash + step) & mask_];
      if (to.parent != none) continue;
      to = s;
      return true;
    }
    return false;
  }
  void grow() {
    std::vector<slot> const before = std::exchange(slots_, std::vector<slot>(slots_.size() * 2));
    mask_ = slots_.size() - 1;
    for (slot const& s : before) {
      if (s.parent != none) (void)put(s, probe_of(s.parent, keys_[s.what.at - roots_]).hash);
    }
  }
  void forget() {
    constexpr std::size_t at_first = 64;
    keys_.clear();
    slots_.assign(at_first, slot{});
    mask_ = at_first - 1;
    full_ = false;
  }

  std::size_t roots_;
  std::size_t max_nodes_;
  std::vector<std::string> keys_;  ///< by number, without the roots
  std::vector<slot> slots_;        ///< open addressing; the size is a power of two
  std::size_t mask_ = 0;
  bool full_ = false;
};

}  // namespace fapilog::inline v0_1::detail
