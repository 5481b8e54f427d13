// SPDX-License-Identifier: MIT
// Drains the running workers when the process exits, and registers them for fork(2).
#pragma once

#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/worker/worker.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// The running workers of the process. exit() and quick_exit() drain them, each for at most its shutdown timeout.
/// It is never destroyed, so static destructors may use it. Thread: any.
class lifecycle {
 public:
  [[gnu::cold]] static lifecycle& instance() {
    static auto* const only = new lifecycle;
    return *only;
  }

  /// Throws: std::bad_alloc.
  [[gnu::cold]] void add(std::shared_ptr<worker> const& running) {
    {
      std::lock_guard const lock{mutex_};
      workers_.erase_if([](auto const& w) { return w.expired(); });
      workers_.push_back(running);
    }
    fork_participants::instance().add(running);
  }
  [[gnu::cold]] void remove(worker const& ended) {
    fork_participants::instance().remove(ended);
    std::lock_guard const lock{mutex_};
    workers_.erase_if([&](auto const& w) {
      auto const alive = w.lock();
      return alive == nullptr || alive.get() == &ended;
    });
  }

  /// Flushes all workers. Returns whether every one was done in time.
  [[nodiscard, gnu::cold]] bool flush_all(std::chrono::nanoseconds timeout) noexcept {
    auto const deadline =
        worker::clock::now() + (std::min<std::chrono::nanoseconds>)(timeout, std::chrono::hours{24 * 365});
    try {
      bool is_complete = true;
      for (auto const& w : alive()) is_complete &= w->flush(deadline - worker::clock::now()).complete;
      return is_complete;
    } catch (...) {
      return false;
    }
  }

 private:
  [[gnu::cold]] lifecycle() {
    fork_participants::instance().add(fork_lock_);
    at_process_exit([] { instance().drain_all(); });
  }

  [[gnu::cold]] vector<std::shared_ptr<worker>> alive() {
    vector<std::shared_ptr<worker>> all;
    std::lock_guard const lock{mutex_};
    for (auto const& w : workers_) {
      if (auto running = w.lock()) all.push_back(std::move(running));
    }
    return all;
  }

  [[gnu::cold]] void drain_all() noexcept {
    try {
      for (auto const& w : alive()) (void)w->drain(w->shutdown_timeout());
    } catch (...) {
      // exit() continues; there is no place left to report to.
    }
  }

  std::mutex mutex_;
  std::shared_ptr<fork_locks> fork_lock_ =
      std::make_shared<fork_locks>(std::initializer_list<std::mutex*>{&mutex_});
  vector<std::weak_ptr<worker>> workers_;
};

}  // namespace fapilog::inline v0_1::detail
