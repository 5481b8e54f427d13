// SPDX-License-Identifier: MIT
// The one thread: waits, drains the lanes merged by time, runs the stages, hands batches to the sinks.
#pragma once

#include <fapilog/delivery/batch_writer.hpp>
#include <fapilog/delivery/delivery.hpp>
#include <fapilog/delivery/delivery_metrics.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/queue/enqueue_event.hpp>
#include <fapilog/queue/lane_channel.hpp>
#include <fapilog/worker/batch_builder.hpp>
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
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Thread: `flush`, `drain` and `counts` from any; the rest runs on the worker's own thread.
class worker final : public std::enable_shared_from_this<worker>, public fork_participant {
 public:
  using clock = std::chrono::steady_clock;

  /// Takes over a reference on the channel. Without `event` the worker looks for records every millisecond.
  worker(worker_options const& options, lane_channel& channel, event_maker maker, stage_set stages,
         std::vector<delivery_slot> places, std::shared_ptr<diagnostics> tell, enqueue_event* event = nullptr)
      : options_(options),
        channel_(channel),
        event_(event),
        diagnostics_(std::move(tell)),
        clock_(channel.uses_tsc()),
        reader_(channel),
        writer_(std::move(places), options.route, diagnostics_,
                [&channel] { channel.serve_from_this_thread(); }),
        pressure_(options.adaptive, options.protected_levels, diagnostics_),
        builder_(std::move(maker), std::move(stages), writer_, pressure_, diagnostics_,
                 options.batch_max_size),
        own_(channel, builder_, options.drop_summary_window),
        changes_(builder_, writer_, channel.levels(), pressure_),
        idle_(options.spin, options.linger, event),
        fork_locks_{&builder_.stages().mutex(), &channel.levels().mutex(), &diagnostics_->mutex()} {}
  worker(worker const&) = delete;
  worker& operator=(worker const&) = delete;
  ~worker() {
    if (thread_.joinable()) thread_.detach();  // hung in a sink, and keeps this object alive
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
      if (auto const alive = self.lock()) alive->revive();
    });
  }

  /// Waits until everything submitted before is handled by the stages and flushed by the sinks. From the worker's own
  /// thread (a sink that flushes) it returns at once, incomplete.
  [[nodiscard]] account flush(std::chrono::nanoseconds timeout) {
    auto const began = clock::now();
    std::unique_lock lock{mutex_};
    if (dormant_) return account_since(began, true);  // a forked child that has not logged yet
    std::uint64_t const ticket = ++asked_;
    flushes_asked_.store(ticket, std::memory_order_seq_cst);
    lock.unlock();
    wake();
    lock.lock();
    bool const done = !is_own_thread() && changed_.wait_until(lock, deadline(began, timeout), [&] {
      return flushes_done_ >= ticket || finished_;
    });
    lock.unlock();
    return account_since(began, done);
  }

  /// Closes the channel, handles what is in it, flushes and stops the sinks and ends the thread.
  [[nodiscard]] account drain(std::chrono::nanoseconds timeout) {
    auto const began = clock::now();
    channel_.close_for_calls();
    stop_.store(true, std::memory_order_seq_cst);
    writer_.begin_drain();
    wake();
    std::unique_lock lock{mutex_};
    if (std::exchange(dormant_, false)) {
      lock.unlock();
      finish();
      lock.lock();
    }
    bool const done =
        !is_own_thread() && changed_.wait_until(lock, deadline(began, timeout), [&] { return finished_; });
    bool const join = done && thread_.joinable() && !std::exchange(joined_, true);
    lock.unlock();
    if (join) thread_.join();
    return account_since(began, done);
  }

  /// Takes over `changes` between two batches, all of them at once: records whose calls ended before are still handled by
  /// what was. False where that has not happened within `timeout`; unless the runtime ends it still will.
  [[nodiscard]] bool change(runtime_changes changes, std::chrono::nanoseconds timeout) {
    auto const asked = std::make_shared<pending_changes::request>();
    asked->changes = std::move(changes);
    auto const began = clock::now();
    std::unique_lock lock{mutex_};
    if (dormant_) changes_.make(*asked);
    else changes_.ask(asked);
    lock.unlock();
    wake();
    if (is_own_thread()) return asked->is_made;
    lock.lock();
    changed_.wait_until(lock, deadline(began, timeout), [&] { return asked->is_over || finished_; });
    return asked->is_made;
  }

  /// Pauses the worker between two batches and takes every lock that a child must not inherit as locked. A worker that
  /// hangs in a sink is left running at `deadline`.
  void before_fork(clock::time_point deadline) override {
    std::unique_lock lock{mutex_};
    if (!finished_ && !dormant_ && !is_own_thread()) {
      pause_.store(true, std::memory_order_seq_cst);
      lock.unlock();
      wake();
      lock.lock();
      changed_.wait_until(lock, deadline, [this] { return parked_ || finished_; });
    }
    lock.release();
    writer_.before_fork(deadline);
    fork_locks_.before_fork(deadline);
  }
  void after_fork_in_parent() noexcept override {
    fork_locks_.after_fork_in_parent();
    writer_.after_fork_in_parent();
    pause_.store(false, std::memory_order_relaxed);
    resume_.notify_all();
    mutex_.unlock();
  }
  /// The parent's records, counts and thread stay with the parent. The child starts a worker at its first log call. If the
  /// parent's worker did not pause, its sinks may be in any state, and the child drops all calls.
  void after_fork_in_child() override {
    fork_locks_.after_fork_in_child();
    bool const usable = parked_ || finished_ || dormant_;
    pause_.store(false, std::memory_order_relaxed);
    parked_ = false;
    resume_.recreate_in_child();
    changed_.recreate_in_child();
    thread_.recreate_in_child();
    if (event_ != nullptr) event_->after_fork_in_child();
    channel_.after_fork_in_child();
    if (!finished_) {
      dormant_ = usable;
      finished_ = !usable;
      if (usable) {
        builder_.after_fork_in_child();
        pressure_.after_fork_in_child();
        own_.after_fork_in_child();
      } else {
        channel_.close_for_calls();
        channel_.end_of_worker();
      }
    }
    writer_.after_fork_in_child();
    flushes_begun_ = flushes_done_ = asked_;
    (void)changes_.take();  // their callers are in the parent
    mutex_.unlock();
  }

  /// All figures.
  [[nodiscard]] metric_list metrics() const {
    metric_list all;
    collect_account(all, counts());
    builder_.collect(all);
    writer_.collect(all);
    collect_diagnostics(all, *diagnostics_);
    return all;
  }

  [[nodiscard]] std::vector<std::string> stage_names() const { return builder_.stages().names(); }
  /// How long an exit of the process waits for this worker.
  [[nodiscard]] std::chrono::nanoseconds shutdown_timeout() const noexcept {
    return options_.shutdown_timeout;
  }

  /// The account so far.
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
  static clock::time_point deadline(clock::time_point began, std::chrono::nanoseconds timeout) noexcept {
    return timeout > std::chrono::hours{24 * 365} ? began + std::chrono::hours{24 * 365} : began + timeout;
  }
  /// Sinks run on the worker's thread, its helper's or their own: none of these may wait for itself.
  [[nodiscard]] bool is_own_thread() const noexcept { return channel_.is_served_here(); }
  void wake() noexcept {
    if (event_ != nullptr) event_->signal();
  }
  account account_since(clock::time_point began, bool complete) const noexcept {
    account sum = counts();
    sum.flush_latency = std::chrono::duration<double>(clock::now() - began).count();
    sum.complete = complete;
    return sum;
  }

  void run() noexcept {
    detail::prepare_thread("fapilog");
    channel_.serve_from_this_thread();
    bool open = true;
    while (open) {
      guarded([&] { open = turn(); });
    }
    finish();
  }

  void finish() noexcept {
    guarded([&] { writer_.stop(); });
    lane_channel::delete_all(std::exchange(retired_, nullptr));
    channel_.end_of_worker();
    std::lock_guard const lock{mutex_};
    finished_ = true;
    changed_.notify_all();
  }

  /// What stages that go have to tell is told, and the batch at hand ends.
  void make_changes() {
    own_.add(true);
    builder_.hand_over(false);
    std::unique_lock lock{mutex_};
    auto const asked = changes_.take();
    lock.unlock();
    for (auto const& one : asked) {
      guarded([&] { changes_.make(*one); });
      one->is_over = true;
    }
    lock.lock();
    changed_.notify_all();
  }

  /// In a forked child, at its first log call: a thread of its own.
  void revive() {
    std::lock_guard const lock{mutex_};
    if (!dormant_ || finished_) return;
    detail::signals_blocked const in_new_thread;
    thread_ = std::thread{[self = shared_from_this()] { self->run(); }};
    dormant_ = false;
  }

  /// Stands still while the process forks.
  void park() {
    std::unique_lock lock{mutex_};
    parked_ = true;
    changed_.notify_all();
    resume_.wait(lock, [this] { return !pause_.load(std::memory_order_relaxed); });
    parked_ = false;
  }

  /// What escapes here is a fault of the worker itself, or memory that has run out; it goes on all the same.
  template <class F>
  void guarded(F&& action) noexcept {
    try {
      action();
    } catch (std::exception const& error) {
      diagnostics_->warn("worker", "the worker met an error and goes on", error.what());
    } catch (...) {
      diagnostics_->warn("worker", "the worker met an error and goes on", "not derived from std::exception");
    }
  }

  /// One pass over the lanes and what is due after it. False after the last.
  bool turn() {
    if (pause_.load(std::memory_order_acquire)) {
      writer_.wait_until_idle();
      park();
    }
    bool const stopping = stop_.load(std::memory_order_acquire);
    std::uint64_t const flush_ticket = flushes_asked_.load(std::memory_order_acquire);
    if (stopping) wait_for_callers();
    clock_.sync_if_due();
    bool const is_change = changes_.is_asked();
    look_at_pressure();  // before the lanes are emptied

    if (retired_ == nullptr) retired_ = channel_.take_retired();
    bool const worked = reader_.pass(
        [&](lane& from, std::byte const* record, detail::shared_bytes const& scope) {
          builder_.add(record, scope, from.thread_id, clock_);
        },
        [&] { return pause_.load(std::memory_order_relaxed); });
    if (pause_.load(std::memory_order_relaxed)) return true;  // a fork waits; what is due comes after it
    lane_channel::delete_all(std::exchange(retired_, nullptr));
    bool const is_flush = flush_ticket != flushes_begun_;
    own_.add(is_flush || (stopping && !channel_.has_records()));
    if (is_change) make_changes();
    if (stopping || is_flush || builder_.is_due(options_.batch_timeout)) {
      builder_.hand_over(!stopping && !is_flush && channel_.has_records());
    }
    if (is_flush) {
      flushes_begun_ = flush_ticket;
      writer_.flush(std::make_shared<flush_latch>([self = weak_from_this(), flush_ticket] {
        if (auto const alive = self.lock()) alive->end_flush(flush_ticket);
      }));
    }
    if (stopping) return channel_.has_records();
    if (!worked) rest();
    return true;
  }

  void look_at_pressure() {
    if (!pressure_.is_enabled()) return;
    auto const now = clock::now();
    if (now >= pressure_.due() && pressure_.evaluate(now, channel_.fullest(), writer_.open_circuits())) {
      builder_.stages().tighten(pressure_.share());
    }
  }

  void end_flush(std::uint64_t ticket) {
    std::lock_guard const lock{mutex_};
    flushes_done_ = std::max(flushes_done_, ticket);
    changed_.notify_all();
  }

  /// After `close_for_calls` every caller either sees the end or is about to publish: the latter are waited for.
  void wait_for_callers() {
    auto const give_up = clock::now() + std::chrono::seconds{1};
    while (!channel_.is_quiet() && clock::now() < give_up) std::this_thread::yield();
  }

  /// Nothing to do until there is, or something is due.
  void rest() {
    auto const has_work = [this] {
      return channel_.has_records() || stop_.load(std::memory_order_acquire) ||
             pause_.load(std::memory_order_acquire) || changes_.is_asked() ||
             flushes_asked_.load(std::memory_order_acquire) != flushes_begun_;
    };
    std::optional<clock::time_point> due = own_.due();
    if (auto const batch = builder_.due(options_.batch_timeout)) due = due ? std::min(*due, *batch) : batch;
    if (!pressure_.is_normal()) due = due ? std::min(*due, pressure_.due()) : pressure_.due();
    idle_.wait(due, has_work, [this] { channel_.trim_free_lanes(); });
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
  internal_records own_;
  pending_changes changes_;
  idle_wait idle_;
  fork_locks fork_locks_;
  logger_core* retired_ = nullptr;  ///< kept until every record that may name them has been read
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> flushes_asked_{0};
  std::mutex mutex_;
  fork_safe<std::condition_variable> changed_;
  std::uint64_t asked_ = 0;
  std::uint64_t flushes_begun_ = 0;  ///< the worker's
  std::uint64_t flushes_done_ = 0;
  bool finished_ = false;
  bool joined_ = false;
  bool parked_ = false;
  bool dormant_ = false;  ///< in a forked child: no thread yet
  std::atomic<bool> pause_{false};
  fork_safe<std::condition_variable> resume_;
  fork_safe<std::thread> thread_;
};

}  // namespace fapilog::inline v0_1::detail
