// SPDX-License-Identifier: MIT
// A thread that delivers the records of all runtimes when the process crashes, while the crashed thread waits.
#pragma once

#include <fapilog/crash/crash_record.hpp>
#include <fapilog/detail/memory/shared_bytes.hpp>
#include <fapilog/detail/os/alternate_stack.hpp>
#include <fapilog/detail/os/crash_signals.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/os/wake_pipe.hpp>
#include <fapilog/logger.hpp>
#include <fapilog/queue/lane_channel.hpp>
#include <fapilog/record/context.hpp>
#include <fapilog/setup/policies.hpp>
#include <fapilog/worker/worker.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// A signal handler can do little: it wakes this thread and waits. So the sinks are called as always, and a lock that the
/// crashed thread holds costs the deadline, not a hang. The thread and the handlers exist while a runtime uses them.
/// Never destroyed. Thread: any.
class crash_watch final : public fork_participant {
 public:
  using clock = std::chrono::steady_clock;

  [[gnu::cold]] static crash_watch& instance() {
    static auto* const only = new std::shared_ptr<crash_watch>{new crash_watch};
    static bool const takes_part = (fork_participants::instance().add(*only), true);
    (void)takes_part;
    return **only;
  }

  /// From now on the records of this runtime survive a crash. `log` writes the record of it. Throws: std::system_error without
  /// threads or file descriptors, std::bad_alloc.
  [[gnu::cold]] void add(std::shared_ptr<worker> const& running, logger log, crash_options const& how) {
    std::lock_guard const lock{mutex_};
    watched_.push_back({running, std::move(log)});
    try {
      timeout_ns_ = (std::max)(timeout_ns_.load(), std::int64_t{how.timeout.count()});
      has_termination_ |= how.termination_signals;
      start();
    } catch (...) {
      watched_.pop_back();
      throw;
    }
    prepare_this_thread();
    crash_signals::install(&on_signal, has_termination_);
  }

  /// Must be called before the runtime ends.
  [[gnu::cold]] void remove(worker const& ended) {
    std::unique_lock lock{mutex_};
    std::erase_if(watched_, [&](watched const& w) {
      auto const alive = w.running.lock();
      return alive == nullptr || alive.get() == &ended;
    });
    if (!watched_.empty()) return;
    crash_signals::uninstall();
    has_termination_ = false;
    timeout_ns_ = 0;
    if (!thread_.joinable()) return;
    must_end_ = true;
    request_->wake();
    std::thread ending = std::move(static_cast<std::thread&>(thread_));
    lock.unlock();
    ending.join();
    lock.lock();
    must_end_ = false;
    watching_process_ = 0;
  }

  /// Must be called on each thread that logs: gives it a stack for the handler, unblocks faults, and starts the thread of a forked
  /// child.
  [[gnu::cold]] void prepare_caller() noexcept {
    prepare_this_thread();
    if (watching_process_.load(std::memory_order_relaxed) == process_mark()) return;
    try {
      std::lock_guard const lock{mutex_};
      if (!watched_.empty()) start();
    } catch (std::exception const&) {
      // The child has no threads or descriptors left: it logs, but a crash is not handled.
    }
  }

  [[gnu::cold]] void before_fork(clock::time_point) override { mutex_.lock(); }
  [[gnu::cold]] void after_fork_in_parent() noexcept override { mutex_.unlock(); }
  /// The child's first log call starts a thread there, with pipes of its own: its crashes must not wake the parent's.
  [[gnu::cold]] void after_fork_in_child() override {
    thread_.recreate_in_child();
    mutex_.unlock();
  }

 private:
  struct watched {
    std::weak_ptr<worker> running;
    logger log;
  };

  crash_watch() = default;

  /// A fault ends the process without a call of the handler if the thread has blocked its signal.
  [[gnu::cold]] static void prepare_this_thread() noexcept {
    add_alternate_stack();
    unblock_faults();
  }

  /// Under the mutex.
  [[gnu::cold]] void start() {
    if (watching_process_.load(std::memory_order_relaxed) == process_mark()) return;
    request_ = std::make_unique<wake_pipe>();
    answer_ = std::make_unique<wake_pipe>();
    {
      signals_blocked const in_new_thread;
      thread_ = std::thread{[this] { run(); }};
    }
    watching_process_.store(process_mark(), std::memory_order_release);
  }

  /// In the signal handler.
  static bool on_signal(crash_site const& site, bool is_another) noexcept {
    crash_watch& self = instance();
    if (is_another) {
      // A crash of a thread that delivers: the rest cannot be delivered.
      bool const delivers = channel_served_here != nullptr || self.watching_thread_.load() == site.thread;
      if (delivers) {
        self.has_delivery_crashed_.store(true, std::memory_order_release);
        self.answer_->wake();
      }
      return true;
    }
    if (self.watching_process_.load(std::memory_order_acquire) != process_mark() ||
        self.watching_thread_.load(std::memory_order_acquire) == site.thread) {
      return false;
    }
    bool const is_termination = crash_signals::is_termination(site.signal);
    auto const deadline = clock::now() + std::chrono::nanoseconds{self.timeout_ns_.load()};
    // A crash waits for a termination signal that is being handled. Another termination signal has nothing to add.
    while (self.is_busy_.exchange(true)) {
      if (is_termination || clock::now() >= deadline) return true;
      self.answer_->wait(1);
    }
    self.site_ = site;
    self.scope_ =
        is_termination || this_thread_scope.top == nullptr ? nullptr : &this_thread_scope.top->fields;
    self.is_done_.store(false, std::memory_order_release);
    self.is_requested_.store(true, std::memory_order_release);
    self.request_->wake();
    if (is_termination) return true;
    while (!self.is_done_.load(std::memory_order_acquire) &&
           !self.has_delivery_crashed_.load(std::memory_order_acquire) && clock::now() < deadline) {
      self.answer_->wait(wait_ms((std::max)(deadline - clock::now(), clock::duration::zero())));
    }
    return true;
  }

  /// For `wake_pipe::wait`: at least 1; -1, without a limit, if negative.
  static int wait_ms(clock::duration rest) noexcept {
    constexpr std::int64_t longest = (std::numeric_limits<int>::max)();
    auto const ms = std::chrono::duration_cast<std::chrono::milliseconds>(rest).count();
    return rest < rest.zero() ? -1 : static_cast<int>(std::clamp<std::int64_t>(ms, 1, longest));
  }

  void run() noexcept {
    detail::prepare_thread("fapilog-crash");
    watching_thread_.store(thread_id(), std::memory_order_release);
    while (!must_end_.load()) {
      request_->wait(wait_ms(paused_.empty() ? clock::duration{-1} : clock::duration{timeout_ns_.load()}));
      if (!paused_.empty()) resume();
      if (!is_requested_.exchange(false)) continue;
      try {
        deliver();
      } catch (std::exception const&) {
        // No memory: what could be delivered is.
      }
      int const signal = site_.signal;
      is_done_.store(true, std::memory_order_release);
      answer_->wake();
      is_busy_.store(false, std::memory_order_release);
      if (crash_signals::is_termination(signal)) crash_signals::end_process(signal);
    }
  }

  /// The records first: to describe the crash may take a lock that the crashed thread holds.
  void deliver() {
    std::vector<watched> all;
    {
      std::lock_guard const lock{mutex_};
      all = watched_;
    }
    // Once the crash has its record, only what a terminate handler has logged since then is left.
    auto const deadline =
        clock::now() + std::chrono::nanoseconds{timeout_ns_.load()} / (site_.is_described ? 4 : 1);
    if (!crash_signals::is_termination(site_.signal)) {
      for (watched const& w : all) {
        if (auto const running = w.running.lock()) running->replace_crashed(site_.thread);
      }
    }
    flush(all, half_way_to(deadline));
    if (!crash_signals::is_termination(site_.signal)) write_recent(all, half_way_to(deadline));
    if (!site_.is_described) {
      scope_guard const of_crashed_thread{scope_ == nullptr ? shared_bytes{} : *scope_, false};
      for (watched const& w : all) log_crash(w.log, site_, crash_signals::exception());
    }
    flush(all, deadline);
    if (site_.has_handler) return;
    if (!crash_signals::is_termination(site_.signal)) {
      pause(std::move(all), site_.thread, deadline);
    } else if (crash_signals::ends_process(site_.signal)) {
      pause(std::move(all), 0, deadline);
    }
  }
  /// The threads that go on logging must not have a line half written when the process ends.
  void pause(std::vector<watched> all, std::uint64_t crashed, clock::time_point deadline) {
    for (watched const& w : all) {
      if (auto const running = w.running.lock()) running->pause_crashed(crashed, deadline);
    }
    std::lock_guard const lock{mutex_};
    paused_ = std::move(all);
  }
  /// The process has not ended: a handler that was installed before ours has kept it running.
  void resume() noexcept {
    std::vector<watched> all;
    {
      std::lock_guard const lock{mutex_};
      all.swap(paused_);
    }
    for (watched const& w : all) {
      if (auto const running = w.running.lock()) running->resume_crashed();
    }
  }
  /// Writes the recent records of the crashed thread.
  void write_recent(std::vector<watched> const& all, clock::time_point deadline) {
    for (watched const& w : all) {
      auto const running = w.running.lock();
      if (running == nullptr) continue;
      while (!running->write_recent_of(site_.thread) && clock::now() < deadline)
        (void)running->flush(half_way_to(deadline) - clock::now());
      (void)running->flush(deadline - clock::now());
    }
  }
  /// A sink that hangs uses up the time of each flush, and must not keep the record of the crash from the other sinks.
  [[nodiscard]] static clock::time_point half_way_to(clock::time_point deadline) {
    auto const now = clock::now();
    return now + (std::max)(deadline - now, clock::duration::zero()) / 2;
  }
  static void flush(std::vector<watched> const& all, clock::time_point deadline) {
    for (watched const& w : all) {
      if (auto const running = w.running.lock()) (void)running->flush(deadline - clock::now());
    }
  }

  std::mutex mutex_;
  std::vector<watched> watched_;
  fork_safe<std::thread> thread_;
  bool has_termination_ = false;
  std::atomic<std::int64_t> timeout_ns_{0};
  std::atomic<std::int64_t> watching_process_{
      0};  ///< process_mark() of the process that has the thread; 0 without one
  std::atomic<std::uint64_t> watching_thread_{0};
  std::atomic<bool> must_end_{false};
  std::vector<watched> paused_;  ///< until the process ends, or continues
  std::unique_ptr<wake_pipe> request_;
  std::unique_ptr<wake_pipe> answer_;
  std::atomic<bool> is_busy_{false};  ///< the members below belong to a signal that is being handled
  // Written by the handler before `is_requested_`.
  crash_site site_;
  shared_bytes const* scope_ = nullptr;  ///< the fields in force on the crashed thread
  std::atomic<bool> is_requested_{false};
  std::atomic<bool> is_done_{false};
  std::atomic<bool> has_delivery_crashed_{false};  ///< a thread that delivers the records has crashed, too
};

}  // namespace fapilog::inline v0_1::detail
