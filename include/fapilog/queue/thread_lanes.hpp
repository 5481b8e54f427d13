// SPDX-License-Identifier: MIT
// The lanes that the running thread owns, one for each runtime that it logs to.
#pragma once

#include <fapilog/queue/channel.hpp>
#include <fapilog/queue/lane.hpp>
#include <fapilog/queue/lane_list.hpp>

#include <algorithm>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// The lane that this thread used last. The thread owns it and so keeps its channel alive: no other channel can have the
/// address of `owner`.
struct lane_cache {
  channel const* owner = nullptr;
  lane* owned = nullptr;
};
inline constinit thread_local lane_cache this_thread_lane{};
inline constinit thread_local bool thread_is_ending = false;

/// Releases the lanes when the thread ends.
class thread_lanes {
 public:
  thread_lanes() = default;
  thread_lanes(thread_lanes const&) = delete;
  thread_lanes& operator=(thread_lanes const&) = delete;
  [[gnu::cold]] ~thread_lanes() {
    thread_is_ending = true;
    this_thread_lane = {};
    for (held const& h : all_) release(h);
  }

  /// Returns the lane that this thread has in this channel, or null.
  [[nodiscard]] lane* find(channel const& owner) const noexcept {
    auto const found = std::ranges::find(all_, &owner, &held::owner);
    return found == all_.end() ? nullptr : found->owned;
  }
  [[nodiscard]] bool owns(lane const& l) const noexcept {
    return std::ranges::find(all_, &l, &held::owned) != all_.end();
  }
  /// Releases the lanes of runtimes that have ended, so that a thread that logs to many runtimes keeps few lanes, and
  /// makes room for one more. Throws: std::bad_alloc.
  [[gnu::cold]] void make_room() {
    std::erase_if(all_, [](held const& h) {
      if (!h.owner->is_closed()) return false;
      if (this_thread_lane.owned == h.owned) this_thread_lane = {};
      release(h);
      return true;
    });
    all_.reserve(all_.size() + 1);
  }
  /// After `make_room`. Takes a reference on the channel.
  void add(channel& owner, lane& owned) noexcept {
    owner.add_reference();
    all_.push_back({&owner, &owned});
  }

 private:
  struct held {
    channel* owner;
    lane* owned;
  };
  [[gnu::cold]] static void release(held const& h) noexcept {
    h.owned->owned.store_release(false);
    h.owner->drop_reference();
  }

  std::vector<held> all_;
};
inline thread_local thread_lanes lanes_of_this_thread;

/// Returns this thread's lane in `owner`, whose lanes are `all`, and caches it; takes over or makes one if the thread has
/// none. A thread that is ending borrows a lane for one call; it must return it. Null without memory. Throws:
/// std::bad_alloc.
[[nodiscard]] inline lane* acquire_lane(channel& owner, lane_list& all) {
  if (thread_is_ending) {
    lane* const borrowed = all.claim();
    if (borrowed != nullptr) borrowed->borrowed = true;
    return borrowed;
  }
  thread_lanes& mine = lanes_of_this_thread;
  lane* own = mine.find(owner);
  if (own == nullptr) {
    mine.make_room();
    own = all.claim();
    if (own == nullptr) return nullptr;
    mine.add(owner, *own);
  }
  this_thread_lane = {&owner, own};
  return own;
}
inline void return_borrowed_lane(lane& borrowed) noexcept {
  borrowed.borrowed = false;
  borrowed.owned.store_release(false);
}

/// In a forked child, empties all lanes and frees those that the calling thread does not own.
inline void keep_own_lanes_in_child(lane_list& all) noexcept {
  this_thread_lane = {};
  for (lane* l = all.first(); l != nullptr; l = l->next) {
    l->forget_in_child();
    if (lanes_of_this_thread.owns(*l)) {
      l->begin_ownership();
    } else {
      l->owned.store_relaxed(false);
    }
  }
}

}  // namespace fapilog::inline v0_1::detail
