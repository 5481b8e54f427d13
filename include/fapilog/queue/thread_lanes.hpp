// SPDX-License-Identifier: MIT
// The lanes that the running thread owns, one for each runtime that it logs to.
#pragma once

#include <fapilog/detail/os/thread_end.hpp>
#include <fapilog/queue/channel.hpp>
#include <fapilog/queue/flight_recorder.hpp>
#include <fapilog/queue/lane.hpp>
#include <fapilog/queue/lane_list.hpp>

namespace fapilog::inline v0_1::detail {

/// The lanes that this thread owns, linked by `next_of_thread`. Each holds a reference to its channel.
inline constinit thread_local lane* lanes_of_this_thread = nullptr;
inline constinit thread_local bool thread_is_ending = false;
/// False in variables that were made anew, if `thread_variables_end_early`.
inline constinit thread_local bool knows_lanes_of_this_thread = false;

/// Releases a lane that is in no list any more.
[[gnu::cold]] inline void release_lane(lane& released) noexcept {
  if (flight_recorder* const recorder = released.recorder.load_relaxed()) recorder->discard_all();
  channel& owner = *released.owner_channel;
  released.owned.store_release(false);  // from here on, another thread may own it
  owner.drop_reference();
}

/// Releases the first lane of a list that is linked by `next_of_thread`.
[[gnu::cold]] inline void release_first_lane(lane*& list) noexcept {
  lane& released = *list;
  list = released.next_of_thread;
  if (this_thread_scope.last_lane.owned == &released) this_thread_scope.last_lane = {};
  release_lane(released);
}

[[gnu::cold]] inline void release_lanes_of_this_thread() noexcept {
  while (lanes_of_this_thread != nullptr) release_first_lane(lanes_of_this_thread);
}

/// Releases the lanes of this thread when it ends, or when it calls exit(). Returns false if that is impossible: without
/// memory, and once the process is exiting. Must be called again when the list has changed, if the list is gone by then.
[[nodiscard, gnu::cold]] inline bool release_lanes_at_thread_end() noexcept {
  struct lanes_end : thread_end {
    lanes_end() noexcept
        : thread_end([](void* first) {
            if constexpr (thread_variables_end_early) {
              for (lane* l = static_cast<lane*>(first); l != nullptr;) {
                lane& released = *l;
                l = released.next_of_thread;
                release_lane(released);
              }
            } else {
              thread_is_ending = true;
              release_lanes_of_this_thread();
            }
          }) {}
    ~lanes_end() { release_lanes_of_this_thread(); }
  };
  static lanes_end end;
  if constexpr (thread_variables_end_early) {
    // A thread-local variable of the program may log after ours are gone.
    if (!knows_lanes_of_this_thread) lanes_of_this_thread = static_cast<lane*>(end.value());
    knows_lanes_of_this_thread = true;
    return end.add_this_thread(lanes_of_this_thread);
  }
  return end.add_this_thread();
}

/// Releases the lanes of runtimes that have ended, so that a thread that logs to many runtimes keeps few lanes.
[[gnu::cold]] inline void release_lanes_of_closed_channels() noexcept {
  for (lane** link = &lanes_of_this_thread; *link != nullptr;) {
    if ((*link)->owner_channel->is_closed()) {
      release_first_lane(*link);
    } else {
      link = &(*link)->next_of_thread;
    }
  }
}

[[nodiscard]] inline bool is_lane_of_this_thread(lane_front const& which) noexcept {
  for (lane const* l = lanes_of_this_thread; l != nullptr; l = l->next_of_thread) {
    if (l == &which) return true;
  }
  return false;
}

/// Returns this thread's lane in `owner`, whose lanes are `all`, and caches it; takes over or makes one if the thread has
/// none. A thread that is ending, or whose end cannot be noticed for lack of memory, borrows a lane for one call; it must
/// return it. Null without memory. Throws: never.
[[nodiscard, gnu::cold]] inline lane* acquire_lane(channel& owner, lane_list& all) noexcept {
  for (lane* l = lanes_of_this_thread; l != nullptr; l = l->next_of_thread) {
    if (l->owner_channel != &owner || (l->kept != nullptr && l->kept->is_left)) continue;
    this_thread_scope.last_lane = {&owner, l, owner.writes_directly() ? &owner : nullptr};
    return l;
  }
  bool const borrows = thread_is_ending || !release_lanes_at_thread_end();
  release_lanes_of_closed_channels();
  if constexpr (thread_variables_end_early) (void)release_lanes_at_thread_end();
  lane* const own = all.claim();
  if (own == nullptr) return nullptr;
  own->borrowed = borrows;
  if (borrows) return own;
  owner.add_reference();
  own->owner_channel = &owner;
  own->next_of_thread = lanes_of_this_thread;
  lanes_of_this_thread = own;
  if constexpr (thread_variables_end_early) (void)release_lanes_at_thread_end();
  this_thread_scope.last_lane = {&owner, own, owner.writes_directly() ? &owner : nullptr};
  return own;
}
inline void return_borrowed_lane(lane& borrowed) noexcept {
  borrowed.borrowed = false;
  borrowed.owned.store_release(false);
}

/// In a forked child, empties all lanes and frees those that the calling thread does not own. It gives up the lanes in files, but
/// the call that forks may be using one.
inline void keep_own_lanes_in_child(lane_list& all) noexcept {
  this_thread_scope.last_lane = {};
  all.leave_files_in_child();
  for (lane* l = all.first(); l != nullptr; l = l->next) {
    l->forget_in_child();
    if (is_lane_of_this_thread(*l)) {
      l->begin_ownership();
    } else {
      l->owned.store_relaxed(false);
    }
  }
}

}  // namespace fapilog::inline v0_1::detail
