// SPDX-License-Identifier: MIT
// The worker of a runtime: reads the lanes, runs the stages, hands batches to the sinks, and waits, on one thread.
#pragma once

#include <fapilog/delivery/batch_writer.hpp>
#include <fapilog/delivery/delivery_metrics.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/queue/enqueue_event.hpp>
#include <fapilog/queue/lane_channel.hpp>
#include <fapilog/worker/batch_builder.hpp>
#include <fapilog/worker/flush_tickets.hpp>
#include <fapilog/worker/fork_pause.hpp>
#include <fapilog/worker/idle_wait.hpp>
#include <fapilog/worker/internal_records.hpp>
#include <fapilog/worker/lane_reader.hpp>
#include <fapilog/worker/pending_changes.hpp>
#include <fapilog/worker/pressure.hpp>
#include <fapilog/worker/tick_clock.hpp>
#include <fapilog/worker/worker_options.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Thread: any may call the public functions; `run` and what it calls run on the worker's own thread.
class worker final : public std::enable_shared_from_this<worker>, public fork_participant {
 public:
  using clock = std::chrono::steady_clock;

  /// Takes ownership of one reference to the channel. Without `event`, the worker looks for records every millisecond.
  worker(worker_options const& options, lane_channel& channel, event_maker maker, stage_set stages,
         std::vector<delivery_slot> slots, std::shared_ptr<diagnostics> reports,
         enqueue_event* event = nullptr)
      : options_(options),
        channel_(channel),
        event_(event),
        diagnostics_(std::move(reports)),
        clock_(channel.uses_tsc()),
        reader_(channel.lanes()),
        writer_(std::move(slots), options.route, diagnostics_,
                [&channel] { channel.serve_from_this_thread(); }),
        pressure_(options.adaptive, options.protected_levels, diagnostics_),
        builder_(std::move(maker), std::move(stages), writer_, pressure_, diagnostics_,
                 options.batch_max_size),
        internal_(channel, builder_, options.drop_summary_window),
        changes_(builder_, writer_, channel.levels(), pressure_),
        idle_(options.spin, options.linger, event),
        fork_locks_{&builder_.stages().mutex(), &channel.levels().mutex(), &diagnostics_->mutex()} {}
  worker(worker const&) = delete;
  worker& operator=(worker const&) = delete;
  ~worker() {
    if (thread_.joinable()) thread_.detach();  // the thread hung in a sink and held the last reference
    channel_.drop_reference();
  }

  /// Starts the thread, which first starts the sinks. Throws: std::system_error without threads.
  void start(start_context const& context) {
    detail::signals_blocked const in_new_thread;
    thread_ = std::thread{[self = shared_from_this(), context] {
      self->guarded([&] { self->writer_.start(context); });
      self->run();
    }};
    channel_.call_at_acquire([self = weak_from_this()] {
      if (auto const alive = self.lock()) alive->start_in_child();
    });
  }

  /// Waits until everything submitted before has passed the stages and the sinks have flushed. On a thread that serves the
  /// sinks it returns at once, incomplete.
  [[nodiscard]] account flush(std::chrono::nanoseconds timeout) {
    auto const began = clock::now();
    std::unique_lock lock{mutex_};
    if (is_dormant_) return account_since(began, true);
    std::uint64_t const ticket = flushes_.request();
    lock.unlock();
    wake();
    lock.lock();
    bool const done = !is_own_thread() && changed_.wait_until(lock, deadline(began, timeout), [&] {
      return flushes_.is_done(ticket) || has_finished_;
    });
    lock.unlock();
    return account_since(began, done);
  }

  /// Closes the channel, handles the records in it, flushes and stops the sinks, and ends the thread.
  [[nodiscard]] account drain(std::chrono::nanoseconds timeout) {
    auto const began = clock::now();
    channel_.close_for_calls();
    stop_.store(true, std::memory_order_seq_cst);
    writer_.begin_drain();
    wake();
    std::unique_lock lock{mutex_};
    if (std::exchange(is_dormant_, false)) {
      lock.unlock();
      finish();
      lock.lock();
    }
    bool const done = !is_own_thread() &&
                      changed_.wait_until(lock, deadline(began, timeout), [&] { return has_finished_; });
    bool const join = done && thread_.joinable() && !std::exchange(is_joined_, true);
    lock.unlock();
    if (join) thread_.join();
    return account_since(began, done);
  }

  /// Applies all of `changes` at once, between two batches. The old stages handle the records whose calls ended before
  /// this one. Returns false if the changes were not applied within `timeout`; they are then applied later, unless the
  /// runtime ends first.
  [[nodiscard]] bool change(runtime_changes changes, std::chrono::nanoseconds timeout) {
    auto const request = std::make_shared<pending_changes::request>();
    request->changes = std::move(changes);
    auto const began = clock::now();
    std::unique_lock lock{mutex_};
    if (is_dormant_) changes_.apply(*request);
    else changes_.add(request);
    lock.unlock();
    wake();
    if (is_own_thread()) return request->is_applied;
    lock.lock();
    changed_.wait_until(lock, deadline(began, timeout), [&] { return request->is_done || has_finished_; });
    return request->is_applied;
  }

  /// Pauses the worker between two batches and takes every lock that a child must not inherit as locked. A worker that
  /// hangs in a sink is left running at `deadline`.
  void before_fork(clock::time_point deadline) override {
    std::unique_lock lock{mutex_};
    if (!has_finished_ && !is_dormant_ && !is_own_thread()) {
      pause_.request();
      lock.unlock();
      wake();
      lock.lock();
      changed_.wait_until(lock, deadline, [this] { return pause_.is_parked() || has_finished_; });
    }
    lock.release();
    writer_.before_fork(deadline);
    fork_locks_.before_fork(deadline);
  }
  void after_fork_in_parent() noexcept override {
    fork_locks_.after_fork_in_parent();
    writer_.after_fork_in_parent();
    pause_.resume();
    mutex_.unlock();
  }
  /// The parent's records, counts and thread stay with the parent. The child starts a worker at its first log call. If the
  /// parent's worker did not pause, its sinks may be in any state, and the child drops all calls.
  void after_fork_in_child() override {
    fork_locks_.after_fork_in_child();
    bool const is_usable = pause_.is_parked() || has_finished_ || is_dormant_;
    pause_.forget_in_child();
    changed_.recreate_in_child();
    thread_.recreate_in_child();
    if (event_ != nullptr) event_->after_fork_in_child();
    channel_.after_fork_in_child();
    if (!has_finished_) {
      is_dormant_ = is_usable;
      has_finished_ = !is_usable;
      if (is_usable) {
        builder_.after_fork_in_child();
        pressure_.after_fork_in_child();
        internal_.after_fork_in_child();
      } else {
        channel_.close_for_calls();
        channel_.retired().end_of_worker();
      }
    }
    writer_.after_fork_in_child();
    flushes_.forget_in_child();
    (void)changes_.take();  // their callers are in the parent
    mutex_.unlock();
  }

  /// Returns all metrics of the runtime. Throws: std::bad_alloc.
  [[nodiscard]] metric_list metrics() const {
    metric_list all;
    collect_account(all, counts());
    builder_.collect(all);
    writer_.collect(all);
    collect_diagnostics(all, *diagnostics_);
    return all;
  }
  [[nodiscard]] std::vector<std::string> stage_names() const { return builder_.stages().names(); }
  /// How long the exit of the process waits for this worker.
  [[nodiscard]] std::chrono::nanoseconds shutdown_timeout() const noexcept {
    return options_.shutdown_timeout;
  }
  /// Returns the account so far.
  [[nodiscard]] account counts() const noexcept {
    account sum;
    builder_.add_to(sum);
    writer_.add_to(sum);
    sum.queue_depth_high_watermark = reader_.high_watermark();
    sum.pressure = pressure_.summary();
    channel_.add_to(sum);
    sum.find_pending();
    return sum;
  }

 private:
  // The loop.

  void run() noexcept {
    detail::prepare_thread("fapilog");
    channel_.serve_from_this_thread();
    bool is_open = true;
    while (is_open) {
      guarded([&] { is_open = run_once(); });
    }
    finish();
  }

  /// Reads the lanes once and does everything that is due after that. False after the last turn.
  bool run_once() {
    if (pause_.is_requested()) pause_for_fork();
    bool const is_stopping = stop_.load(std::memory_order_acquire);
    std::uint64_t const ticket = flushes_.requested();
    bool const is_flush = ticket != flushes_.begun();
    bool const is_change = changes_.is_requested();
    if (is_stopping) wait_for_callers();
    clock_.sync_if_due();
    update_pressure();

    bool const has_read = read_lanes();
    if (pause_.is_requested()) return true;  // the process forks; the rest is done after that

    internal_.add(is_flush || (is_stopping && !channel_.lanes().has_records()));
    if (is_change) apply_changes();
    if (is_stopping || is_flush || builder_.is_due(options_.batch_timeout)) {
      builder_.hand_over(!is_stopping && !is_flush && channel_.lanes().has_records());
    }
    if (is_flush) begin_flush(ticket);
    if (is_stopping) return channel_.lanes().has_records();
    if (!has_read) wait_for_work();
    return true;
  }

  /// Puts every record that was published so far into batches. True if there was any.
  bool read_lanes() {
    if (retired_ == nullptr) retired_ = channel_.retired().take();
    bool const has_read = reader_.pass(
        [&](lane& from, std::byte const* record, detail::shared_bytes const& scope) {
          builder_.add(record, scope, from.thread_id, clock_);
        },
        [&] { return pause_.is_requested(); });
    if (!pause_.is_requested()) retired_loggers::delete_all(std::exchange(retired_, nullptr));
    return has_read;
  }

  /// Waits until there is something to do.
  void wait_for_work() {
    auto const has_work = [this] {
      return channel_.lanes().has_records() || stop_.load(std::memory_order_acquire) ||
             pause_.is_requested() || changes_.is_requested() || flushes_.requested() != flushes_.begun();
    };
    internal_.update();  // drops since the last update would otherwise be reported only with the next record
    std::optional<clock::time_point> due = internal_.due();
    if (auto const batch = builder_.due(options_.batch_timeout)) due = due ? std::min(*due, *batch) : batch;
    if (!pressure_.is_normal()) due = due ? std::min(*due, pressure_.next_check()) : pressure_.next_check();
    idle_.wait(due, has_work, [this] { channel_.lanes().trim_unowned(); });
  }

  void pause_for_fork() {
    writer_.wait_until_idle();
    std::unique_lock lock{mutex_};
    pause_.park(lock, changed_);
  }

  /// Must be called before the lanes are read, because reading empties them.
  void update_pressure() {
    if (!pressure_.is_enabled()) return;
    auto const now = clock::now();
    if (now < pressure_.next_check()) return;
    if (pressure_.evaluate(now, channel_.fullest_lane(), writer_.open_circuits())) {
      builder_.stages().tighten(pressure_.share());
    }
  }

  /// Waits for the calls that were already writing when the channel was closed.
  void wait_for_callers() {
    auto const give_up = clock::now() + std::chrono::seconds{1};
    while (!channel_.lanes().is_quiet() && clock::now() < give_up) std::this_thread::yield();
  }

  /// Adds the summaries of the stages that may be replaced, hands over the current batch, then applies the changes.
  void apply_changes() {
    internal_.add(true);
    builder_.hand_over(false);
    std::unique_lock lock{mutex_};
    auto const requests = changes_.take();
    lock.unlock();
    for (auto const& request : requests) {
      guarded([&] { changes_.apply(*request); });
      request->is_done = true;
    }
    lock.lock();
    changed_.notify_all();
  }

  void begin_flush(std::uint64_t ticket) {
    flushes_.begin(ticket);
    writer_.flush(std::make_shared<flush_latch>([self = weak_from_this(), ticket] {
      if (auto const alive = self.lock()) alive->end_flush(ticket);
    }));
  }
  void end_flush(std::uint64_t ticket) {
    std::lock_guard const lock{mutex_};
    flushes_.end(ticket);
    changed_.notify_all();
  }

  void finish() noexcept {
    guarded([&] { writer_.stop(); });
    retired_loggers::delete_all(std::exchange(retired_, nullptr));
    channel_.retired().end_of_worker();
    std::lock_guard const lock{mutex_};
    has_finished_ = true;
    changed_.notify_all();
  }

  /// Starts the thread of a forked child, at its first log call.
  void start_in_child() {
    std::lock_guard const lock{mutex_};
    if (!is_dormant_ || has_finished_) return;
    detail::signals_blocked const in_new_thread;
    thread_ = std::thread{[self = shared_from_this()] { self->run(); }};
    is_dormant_ = false;
  }

  /// Reports what an action throws: a fault of the worker itself, or no memory. The worker continues.
  template <class F>
  void guarded(F&& action) noexcept {
    try {
      action();
    } catch (std::exception const& error) {
      diagnostics_->warn("worker", "the worker caught an exception and continues", error.what());
    } catch (...) {
      diagnostics_->warn("worker", "the worker caught an exception and continues",
                         "not derived from std::exception");
    }
  }

  // For callers.

  static clock::time_point deadline(clock::time_point began, std::chrono::nanoseconds timeout) noexcept {
    return began + std::min<std::chrono::nanoseconds>(timeout, std::chrono::hours{24 * 365});
  }
  /// True on the threads of the worker, its helper and the sinks, which cannot wait for themselves.
  [[nodiscard]] bool is_own_thread() const noexcept { return channel_.is_served_here(); }
  void wake() noexcept {
    if (event_ != nullptr) event_->signal();
  }
  [[nodiscard]] account account_since(clock::time_point began, bool complete) const noexcept {
    account sum = counts();
    sum.flush_latency = std::chrono::duration<double>(clock::now() - began).count();
    sum.complete = complete;
    return sum;
  }

  worker_options const options_;
  lane_channel& channel_;
  enqueue_event* const event_;
  std::shared_ptr<diagnostics> diagnostics_;
  tick_clock clock_;
  lane_reader reader_;
  batch_writer writer_;
  detail::pressure pressure_;
  batch_builder builder_;
  internal_records internal_;
  pending_changes changes_;
  idle_wait idle_;
  fork_locks fork_locks_;
  logger_core* retired_ =
      nullptr;  ///< deleted after the next full pass, which reads all records that refer to them
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  fork_safe<std::condition_variable> changed_;
  flush_tickets flushes_;
  fork_pause pause_;
  bool has_finished_ = false;
  bool is_joined_ = false;
  bool is_dormant_ = false;  ///< true in a forked child that has not logged yet and so has no thread
  fork_safe<std::thread> thread_;
};

}  // namespace fapilog::inline v0_1::detail
