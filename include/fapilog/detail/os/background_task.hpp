// SPDX-License-Identifier: MIT
// One thread for a sink's jobs beside its own: compressing a rotated file, writing through a second connection.
#pragma once

#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/system.hpp>

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Runs jobs one after the other on a thread of its own, which begins with the first job and ends with
/// `finish` or the destructor, after the last. (Sinks have no threads; this is the one exception to that
/// rule.)
/// In the child of a fork the thread does not exist: the parent's jobs stay the parent's, a new job starts a
/// new thread.
/// Thread: one at a time. Throws: never.
class background_task {
 public:
  using job = std::function<void()>;
  /// Is told what a job threw, on the thread of the jobs.
  using reporter = std::function<void(std::string_view)>;

  /// `thread_name`: a literal of at most 15 characters.
  explicit background_task(char const* thread_name, reporter report = {})
      : thread_name_(thread_name), report_(std::move(report)) {}
  background_task(background_task&&) noexcept = default;
  background_task& operator=(background_task&&) = delete;
  ~background_task() { finish(); }

  /// Puts a job behind those that wait. False: neither thread nor memory could be had, which is reported.
  bool post(job work) noexcept {
    try {
      if (state_.get() == nullptr) {
        auto fresh = std::make_unique<state>();
        fresh->name = thread_name_;
        fresh->report = report_;
        signals_blocked const unseen;  // the application's handlers run on the application's threads
        fresh->thread = std::thread{run, std::ref(*fresh)};
        state_.reset(std::move(fresh));
      }
      state& own = *state_;
      {
        std::lock_guard const lock{own.mutex};
        own.jobs.push_back(std::move(work));
      }
      own.changed.notify_one();
      return true;
    } catch (std::exception const& error) {
      tell(report_, error.what());
    }
    return false;
  }

  /// Waits until every job is done; the thread stays for the next.
  void wait() noexcept {
    state* const own = state_.get();
    if (own == nullptr) return;
    std::unique_lock lock{own->mutex};
    own->idle.wait(lock, [own] { return own->jobs.empty() && !own->is_working; });
  }

  /// Waits until every job is done and the thread has ended.
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

 private:
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    std::condition_variable idle;
    std::deque<job> jobs;
    bool is_working = false;
    bool is_ending = false;
    char const* name = "";
    reporter report;
    std::thread thread;
  };

  static void run(state& s) noexcept {
    name_thread(s.name);
    std::unique_lock lock{s.mutex};
    for (;;) {
      s.changed.wait(lock, [&s] { return s.is_ending || !s.jobs.empty(); });
      if (s.jobs.empty()) return;
      job work = std::move(s.jobs.front());
      s.jobs.pop_front();
      s.is_working = true;
      lock.unlock();
      perform(work, s.report);
      work = nullptr;  // what it holds is let go without the lock
      lock.lock();
      s.is_working = false;
      if (s.jobs.empty()) s.idle.notify_all();
    }
  }

  static void perform(job const& work, reporter const& report) noexcept {
    try {
      work();
    } catch (std::exception const& error) {
      tell(report, error.what());
    } catch (...) {
      tell(report, "a background job threw something not derived from std::exception");
    }
  }

  static void tell(reporter const& report, std::string_view text) noexcept {
    try {
      if (report) report(text);
    } catch (...) {
      // Nobody is left to tell.
    }
  }

  char const* thread_name_;
  reporter report_;
  process_ptr<state> state_;
};

}  // namespace fapilog::inline v0_1::detail
