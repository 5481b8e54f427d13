// SPDX-License-Identifier: MIT
// The worker of a runtime: its thread, and what other threads request from it.
#pragma once

#include <fapilog/delivery/delivery_metrics.hpp>
#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/os/cancellation.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/queue/enqueue_event.hpp>
#include <fapilog/queue/lane_channel.hpp>
#include <fapilog/worker/pending_changes.hpp>
#include <fapilog/worker/worker_loop.hpp>
#include <fapilog/worker/worker_options.hpp>
#include <fapilog/worker/worker_requests.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Runs a `worker_loop` on a thread of its own. Thread: any.
class worker final : public std::enable_shared_from_this<worker>, public fork_participant {
 public:
  using clock = std::chrono::steady_clock;

  /// Takes ownership of one reference to the channel. Without `event`, the worker looks for records every millisecond.
  [[gnu::cold]] worker(worker_options const& options, lane_channel& channel, event_maker maker,
                       stage_set stages, vector<delivery_slot> sink_slots,
                       std::shared_ptr<diagnostics> reports, enqueue_event* event = nullptr)
      : shutdown_timeout_(options.shutdown_timeout),
        channel_(channel),
        event_(event),
        loop_(options, channel, std::move(maker), std::move(stages), std::move(sink_slots),
              std::move(reports), event, requests_) {}
  worker(worker const&) = delete;
  worker& operator=(worker const&) = delete;
  [[gnu::cold]] ~worker() {
    if (thread_.joinable()) thread_.detach();  // the thread hung in a sink and held the last reference
    channel_.drop_reference();
  }

  /// Starts the thread, which first starts the sinks, and waits briefly until those that do not block have started: a program
  /// may give up its privileges next. `at_acquire`, if there is one, is called on each thread before its first log call.
  /// Throws: std::system_error without threads, std::bad_alloc.
  [[gnu::cold]] void start(start_context const& given, std::function<void()> at_acquire = {}) {
    constexpr std::chrono::seconds longest_wait{1};
    channel_.call_at_acquire([self = weak_from_this(), others = std::move(at_acquire)] {
      if (auto const alive = self.lock()) alive->start_in_child();
      if (others) others();
    });
    auto once = std::make_shared<start_context const>(given);
    {
      detail::signals_blocked const in_new_thread;
      thread_ = std::thread{[self = shared_from_this(), context = std::move(once)]() mutable {
        self->loop_.start_sinks(context);
        context.reset();
        self->note_started();
        self->loop_.run();
      }};
    }
    std::unique_lock lock{requests_->mutex};
    requests_->wait(lock, clock::now() + longest_wait, [this] { return has_started_; });
  }

  /// Waits until everything submitted before has passed the stages and the sinks have flushed. On a thread that serves the
  /// sinks it returns at once, incomplete.
  [[nodiscard, gnu::cold]] account flush(std::chrono::nanoseconds timeout) {
    cancellation_blocked const guard;
    resume_if_crashed();
    auto const began = clock::now();
    std::unique_lock lock{requests_->mutex};
    if (is_dormant_) return account_since(began, true);
    std::uint64_t const request = requests_->flushes.request();
    lock.unlock();
    wake();
    lock.lock();
    bool const done = !is_own_thread() && requests_->wait(lock, deadline(began, timeout), [&] {
      return requests_->flushes.is_done(request);
    });
    lock.unlock();
    return account_since(began, done);
  }

  /// Closes the channel, handles the records in it, flushes and stops the sinks, and ends the thread.
  [[nodiscard, gnu::cold]] account drain(std::chrono::nanoseconds timeout) {
    cancellation_blocked const guard;
    resume_if_crashed();
    auto const began = clock::now();
    channel_.close_for_calls();
    requests_->stop.store(true, std::memory_order_seq_cst);
    loop_.begin_drain();
    wake();
    std::unique_lock lock{requests_->mutex};
    if (std::exchange(is_dormant_, false)) {
      lock.unlock();
      loop_.finish();
      lock.lock();
    }
    bool const done = !is_own_thread() && wait_for_end(lock, began, timeout);
    bool const join = done && thread_.joinable() && !std::exchange(is_joined_, true);
    lock.unlock();
    if (join) thread_.join();
    return account_since(began, done);
  }

  /// Applies all of `changes` at once, between two batches. The old stages handle the records whose calls ended before
  /// this one. Returns false if the changes were not applied within `timeout`; they are then applied later, unless the
  /// runtime ends first. Throws: std::bad_alloc if memory ran out; then nothing is applied.
  [[nodiscard, gnu::cold]] bool change(runtime_changes changes, std::chrono::nanoseconds timeout) {
    cancellation_blocked const guard;
    auto const request = std::make_shared<pending_changes::request>();
    request->changes = std::move(changes);
    auto const began = clock::now();
    start_in_child();  // stages are replaced on the worker's thread only
    std::unique_lock lock{requests_->mutex};
    loop_.changes().add(request);
    lock.unlock();
    wake();
    if (is_own_thread()) return request->is_applied;
    lock.lock();
    requests_->wait(lock, deadline(began, timeout), [&] { return request->is_done.load(); });
    if (request->is_done && !request->is_applied) throw std::bad_alloc{};
    return request->is_applied;
  }

  /// Lets the worker record changes of levels and end those whose time is over. Throws: std::system_error without threads.
  [[gnu::cold]] void note_levels() {
    start_in_child();
    wake();
  }

  /// If the worker or its helper runs on the thread with this id, another thread continues in its place. That thread has crashed
  /// and will not return, but its stack still exists. Throws: std::system_error without threads.
  [[gnu::cold]] void replace_crashed(std::uint64_t thread) {
    if (!loop_.recover_from_crash(thread)) return;
    std::lock_guard const lock{requests_->mutex};
    thread_.detach();
    detail::signals_blocked const in_new_thread;
    thread_ = std::thread{[self = shared_from_this()] { self->loop_.run(); }};
  }

  /// Moves the recent records of a crashed thread, which waits in its signal handler, to its lane. Returns false if there is no
  /// room for all of them: after a flush there is more. Thread: one at a time.
  [[nodiscard, gnu::cold]] bool write_recent_of(std::uint64_t thread) noexcept {
    return channel_.is_closed() || flight_recorders::move_records_of_crashed(channel_.lanes(), thread);
  }

  /// Pauses the worker and its sinks between two batches, because the process is about to end: it would cut a line that is being
  /// written. What hangs in a sink is left running at `deadline`. If `crashed_thread` continues after all and flushes or drains, or
  /// at `resume_crashed`, they continue. Thread: one at a time.
  [[gnu::cold]] void pause_crashed(std::uint64_t crashed_thread, clock::time_point deadline) {
    std::unique_lock lock{requests_->mutex};
    if (requests_->has_finished || is_dormant_ || std::exchange(is_paused_, true)) return;
    crashed_thread_.store(crashed_thread, std::memory_order_relaxed);
    requests_->pause.request(clock::now());
    lock.unlock();
    wake();
    lock.lock();
    requests_->wait(lock, deadline, [this] { return requests_->pause.is_parked(); });
    lock.unlock();
    loop_.pause_sinks(deadline);
  }
  [[gnu::cold]] void resume_crashed() noexcept {
    std::lock_guard const lock{requests_->mutex};
    if (!std::exchange(is_paused_, false)) return;
    crashed_thread_.store(0, std::memory_order_relaxed);
    loop_.resume_sinks();
    requests_->pause.resume();
  }

  /// Pauses the worker between two batches and takes every lock that a child must not inherit as locked. Before that, the
  /// worker hands over the records logged so far, if half of the time is enough, because the parent may end by `_exit`. A
  /// worker that hangs in a sink is left running at `deadline`.
  [[gnu::cold]] void before_fork(clock::time_point deadline) override {
    std::unique_lock lock{requests_->mutex};
    if (!requests_->has_finished && !is_dormant_ && !is_own_thread()) {
      auto const now = clock::now();
      requests_->pause.request(now + (deadline - now) / 2);
      lock.unlock();
      wake();
      lock.lock();
      requests_->wait(lock, deadline, [this] { return requests_->pause.is_parked(); });
    }
    lock.release();
    loop_.before_fork(deadline);
  }
  [[gnu::cold]] void after_fork_in_parent() noexcept override {
    loop_.after_fork_in_parent();
    requests_->pause.resume();
    requests_->mutex.unlock();
  }
  /// The parent's records, counts and thread stay with the parent. The child starts a worker at its first log call. If the
  /// parent's worker did not pause, its sinks may be in any state, and the child drops all calls.
  [[gnu::cold]] void after_fork_in_child() override {
    bool const has_finished = requests_->has_finished;
    bool const is_usable = requests_->pause.is_parked() || has_finished || is_dormant_;
    requests_->forget_in_child();
    is_paused_ = false;
    crashed_thread_.store(0, std::memory_order_relaxed);
    thread_.recreate_in_child();
    if (event_ != nullptr) event_->after_fork_in_child();
    channel_.after_fork_in_child();
    loop_.after_fork_in_child(is_usable && !has_finished);
    if (!has_finished) is_dormant_ = is_usable;
    if (!is_usable) {
      requests_->has_finished = true;
      channel_.close_for_calls();
      channel_.retired().end_of_worker();
    }
    requests_->mutex.unlock();
  }

  /// Returns all metrics of the runtime. Throws: std::bad_alloc.
  [[nodiscard, gnu::cold]] metric_list metrics() const {
    metric_list all;
    collect_account(all, counts());
    if (channel_.recorders().is_enabled())
      collect_recorder(all, channel_.recorders().counts(channel_.lanes()));
    loop_.collect(all);
    return all;
  }
  [[nodiscard]] std::vector<std::string> stage_names() const { return loop_.stage_names(); }
  /// How long the exit of the process waits for this worker.
  [[nodiscard]] std::chrono::nanoseconds shutdown_timeout() const noexcept { return shutdown_timeout_; }
  /// Returns the account so far.
  [[nodiscard, gnu::cold]] account counts() const noexcept {
    account sum;
    loop_.add_to(sum);
    channel_.add_to(sum);
    sum.find_pending();
    return sum;
  }

 private:
  [[gnu::cold]] void note_started() {
    std::lock_guard const lock{requests_->mutex};
    has_started_ = true;
    requests_->changed.notify_all();
  }
  /// Starts the thread of a forked child, at its first log call.
  [[gnu::cold]] void start_in_child() {
    std::lock_guard const lock{requests_->mutex};
    if (!is_dormant_ || requests_->has_finished) return;
    detail::signals_blocked const in_new_thread;
    thread_ = std::thread{[self = shared_from_this()] { self->loop_.run(); }};
    is_dormant_ = false;
  }

  /// A thread that flushes after it has crashed continues.
  [[gnu::cold]] void resume_if_crashed() noexcept {
    std::uint64_t const crashed = crashed_thread_.load(std::memory_order_relaxed);
    if (crashed != 0 && crashed == detail::thread_id()) resume_crashed();
  }

  static clock::time_point deadline(clock::time_point began, std::chrono::nanoseconds timeout) noexcept {
    return began + (std::min<std::chrono::nanoseconds>)(timeout, std::chrono::hours{24 * 365});
  }
  /// True on the threads of the worker, its helper and the sinks, which cannot wait for themselves.
  [[nodiscard]] bool is_own_thread() const noexcept { return channel_.is_served_here(); }
  void wake() noexcept {
    if (event_ != nullptr) event_->interrupt();
  }
  /// Keeps the last quarter of the time for moving records that a sink does not take in time to its spool or fallback.
  [[nodiscard, gnu::cold]] bool wait_for_end(std::unique_lock<std::mutex>& lock, clock::time_point began,
                                             std::chrono::nanoseconds timeout) {
    auto const never = [] { return false; };
    if (requests_->wait(lock, deadline(began, timeout - timeout / 4), never)) return true;
    lock.unlock();
    loop_.cancel_writes();
    lock.lock();
    return requests_->wait(lock, deadline(began, timeout), never);
  }
  [[nodiscard, gnu::cold]] account account_since(clock::time_point began, bool complete) const noexcept {
    account sum = counts();
    sum.flush_latency = std::chrono::duration<double>(clock::now() - began).count();
    sum.complete = complete;
    return sum;
  }

  std::chrono::nanoseconds const shutdown_timeout_;
  lane_channel& channel_;
  enqueue_event* const event_;
  std::shared_ptr<worker_requests> const requests_ = std::make_shared<worker_requests>();
  worker_loop loop_;
  std::atomic<std::uint64_t> crashed_thread_{0};  ///< the thread whose flush ends the pause
  // Guarded by the mutex of the requests.
  bool has_started_ = false;  ///< the sinks of the worker's thread
  bool is_joined_ = false;
  bool is_paused_ = false;   ///< by `pause_crashed`
  bool is_dormant_ = false;  ///< true in a forked child that has not logged yet and so has no thread
  fork_safe<std::thread> thread_;
};

}  // namespace fapilog::inline v0_1::detail
