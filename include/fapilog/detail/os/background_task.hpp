// SPDX-License-Identifier: MIT
// A background thread for jobs of a sink: compressing a rotated file, writing through a second connection.
#pragma once

#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/system.hpp>

#include <condition_variable>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Runs jobs in order on its own thread. The thread starts with the first job; `finish` and the destructor wait for the
/// last job and end it.
/// In a forked child, the parent's jobs do not exist and a new job starts a new thread.
/// Thread: one at a time. Throws: never.
class background_task {
 public:
  using job = std::function<void()>;
  /// Receives the message of what a job threw, on the background thread.
  using reporter = std::function<void(std::string_view)>;

  /// `thread_name`: a literal of at most 15 characters.
  explicit background_task(char const* thread_name, reporter report = {})
      : thread_name_(thread_name), report_(std::move(report)) {}
  background_task(background_task&&) noexcept = default;
  background_task& operator=(background_task&&) = delete;
  ~background_task() { finish(); }

  /// Adds a job. Returns false, and reports why, if there is no thread or no memory for it.
  bool post(job work) noexcept {
    try {
      if (state_.get() == nullptr) {
        auto fresh = std::make_unique<state>();
        fresh->name = thread_name_;
        fresh->report = report_;
        signals_blocked const unseen;  // signal handlers must run on the threads of the application
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
      report_to(report_, error.what());
    }
    return false;
  }

  /// Waits until every job is done. The thread continues to exist.
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
    std::list<job> jobs;
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
      work = nullptr;  // releases what the job holds without the lock
      lock.lock();
      s.is_working = false;
      if (s.jobs.empty()) s.idle.notify_all();
    }
  }

  static void perform(job const& work, reporter const& report) noexcept {
    try {
      work();
    } catch (std::exception const& error) {
      report_to(report, error.what());
    } catch (...) {
      report_to(report, "a background job threw something not derived from std::exception");
    }
  }

  static void report_to(reporter const& report, std::string_view text) noexcept {
    try {
      if (report) report(text);
    } catch (...) {
      // The reporter itself failed: there is nowhere to report this.
    }
  }

  char const* thread_name_;
  reporter report_;
  process_ptr<state> state_;
};

}  // namespace fapilog::inline v0_1::detail
