// SPDX-License-Identifier: MIT
// What happens to running workers when the process exits or forks.
#pragma once

#include <fapilog/detail/os/system.hpp>
#include <fapilog/worker/worker.hpp>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// All running workers of the process. exit() and quick_exit() drain them, each for at most its shutdown timeout;
/// fork() brings them to a stand first, so that the child never hangs on a lock of the parent's.
/// It is never destroyed: calls in static destructors find it. Thread: any.
class lifecycle {
 public:
  static lifecycle& instance() {
    static auto* const only = new lifecycle;
    return *only;
  }

  void add(std::shared_ptr<worker> const& running) {
    std::lock_guard const lock{mutex_};
    std::erase_if(workers_, [](auto const& w) { return w.expired(); });
    workers_.push_back(running);
  }
  void remove(worker const& ended) {
    std::lock_guard const lock{mutex_};
    std::erase_if(workers_, [&](auto const& w) {
      auto const alive = w.lock();
      return alive == nullptr || alive.get() == &ended;
    });
  }

 private:
  lifecycle() {
    std::atexit([] { instance().drain_all(); });
    std::at_quick_exit([] { instance().drain_all(); });
    detail::at_fork([] { instance().before_fork(); }, [] { instance().after_fork(false); },
                    [] { instance().after_fork(true); });
  }

  std::vector<std::shared_ptr<worker>> alive() {
    std::vector<std::shared_ptr<worker>> all;
    for (auto const& w : workers_) {
      if (auto running = w.lock()) all.push_back(std::move(running));
    }
    return all;
  }

  void drain_all() noexcept {
    try {
      std::unique_lock lock{mutex_};
      auto const all = alive();
      lock.unlock();
      for (auto const& w : all) (void)w->drain(w->shutdown_timeout());
    } catch (...) {
      // exit() goes on; there is nobody to tell.
    }
  }

  void before_fork() {
    mutex_.lock();
    forking_ = alive();
    for (auto const& w : forking_) w->before_fork();
  }
  void after_fork(bool in_child) {
    if (in_child) detail::fork_generation.fetch_add_relaxed(1);
    std::for_each(forking_.rbegin(), forking_.rend(), [in_child](auto const& w) {
      if (in_child) {
        w->after_fork_in_child();
      } else {
        w->after_fork_in_parent();
      }
    });
    forking_.clear();
    mutex_.unlock();
  }

  std::mutex mutex_;
  std::vector<std::weak_ptr<worker>> workers_;
  std::vector<std::shared_ptr<worker>> forking_;
};

}  // namespace fapilog::inline v0_1::detail
