// SPDX-License-Identifier: MIT
// Ends waits for a peer that keeps its connection open but does not answer.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/system.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Shuts down sockets whose deadline has passed, so that a blocking library call returns with an error. Uses its own
/// thread, which sleeps while nothing is watched; most watches do not wake it.
/// In a forked child the thread does not exist until `start` is called again.
/// Thread: any; `expire_all` at any time; during `start` and the destructor nothing may be watched. Throws: std::system_error, std::bad_alloc.
class socket_deadline {
  using clock = std::chrono::steady_clock;
  struct state;

 public:
  /// Watches one socket, which must stay open while this object exists.
  class watch {
   public:
    watch(watch const&) = delete;
    watch& operator=(watch const&) = delete;
    ~watch() {
      std::lock_guard const lock{state_.mutex};
      std::erase_if(state_.watched, [this](entry const& e) { return e.of == this; });
    }
    /// True if the deadline passed and the socket was shut down.
    [[nodiscard]] bool has_passed() const {
      std::lock_guard const lock{state_.mutex};
      return std::none_of(state_.watched.begin(), state_.watched.end(),
                          [this](entry const& e) { return e.of == this; });
    }

   private:
    friend socket_deadline;
    watch(state& in, int socket, clock::time_point deadline) : state_(in) {
      std::lock_guard const lock{state_.mutex};
      state_.watched.push_back({this, socket, deadline});
      if (deadline < state_.wakes_at) state_.changed.notify_one();
    }
    state& state_;
  };

  socket_deadline() = default;
  socket_deadline(socket_deadline const&) = delete;
  socket_deadline& operator=(socket_deadline const&) = delete;
  ~socket_deadline() { finish(); }

  /// Must be called before the first `over`, and again after a fork.
  void start() {
    if (state_.get() != nullptr) return;
    auto fresh = std::make_unique<state>();
    signals_blocked const in_new_thread;
    fresh->thread = std::thread{run, std::ref(*fresh), std::cref(all_expired_)};
    state_.reset(std::move(fresh));
  }

  /// Shuts down all sockets that are watched, within a tenth of a second, and those that will be watched, until `reset_expiry`.
  void expire_all() noexcept { all_expired_.store_release(true); }
  void reset_expiry() noexcept { all_expired_.store_release(false); }
  [[nodiscard]] bool all_expired() const noexcept { return all_expired_.load_acquire(); }

  [[nodiscard]] watch over(int socket, clock::duration longest) const {
    return {*state_, socket, clock::now() + longest};
  }

 private:
  struct entry {
    watch const* of;
    int socket;
    clock::time_point deadline;
  };
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<entry> watched;
    clock::time_point wakes_at = (clock::time_point::max)();
    bool is_ending = false;
    std::thread thread;
  };

  void finish() noexcept {
    state* const own = state_.get();
    if (own == nullptr) return;
    {
      std::lock_guard const lock{own->mutex};
      own->is_ending = true;
    }
    own->changed.notify_one();
    own->thread.join();
    state_.reset();
  }

  static void run(state& s, atomic_word<bool> const& all_expire) noexcept {
    constexpr std::chrono::milliseconds longest_sleep{100};  // until `expire_all` is noticed
    name_thread("fapilog-watch");
    std::unique_lock lock{s.mutex};
    while (!s.is_ending) {
      auto const now = clock::now();
      bool const is_over = all_expire.load_acquire();
      std::erase_if(s.watched, [now, is_over](entry const& e) {
        if (!is_over && now < e.deadline) return false;
        shut_down_socket(e.socket);
        return true;
      });
      // There is a watch for each blocking call, so the end of one does not wake the thread. Instead, the thread wakes
      // soon and finds nothing to do.
      auto const next =
          std::min_element(s.watched.begin(), s.watched.end(),
                           [](auto const& a, auto const& b) { return a.deadline < b.deadline; });
      s.wakes_at = next == s.watched.end() ? (clock::time_point::max)()
                                           : (std::min)(next->deadline, now + longest_sleep);
      if (next == s.watched.end()) {
        s.changed.wait(lock);
      } else {
        s.changed.wait_until(lock, s.wakes_at);
      }
    }
  }

  process_ptr<state> state_;
  atomic_word<bool> all_expired_{false};
};

}  // namespace fapilog::inline v0_1::detail
