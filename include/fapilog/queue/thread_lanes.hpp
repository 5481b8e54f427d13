// SPDX-License-Identifier: MIT
// The lanes that the running thread owns, one for each runtime that it logs to.
#pragma once

#include <fapilog/queue/channel.hpp>
#include <fapilog/queue/lane.hpp>

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
  ~thread_lanes() {
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
  void make_room() {
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
  static void release(held const& h) noexcept {
    h.owned->owned.store_release(false);
    h.owner->drop_reference();
  }

  std::vector<held> all_;
};
inline thread_local thread_lanes lanes_of_this_thread;

}  // namespace fapilog::inline v0_1::detail
