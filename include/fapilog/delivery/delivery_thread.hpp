// SPDX-License-Identifier: MIT
// Delivers to one sink on its own thread, behind a bounded queue and, if configured, a spool on disk.
#pragma once

#include <fapilog/delivery/batch_part.hpp>
#include <fapilog/delivery/delivery.hpp>
#include <fapilog/delivery/delivery_backlog.hpp>
#include <fapilog/delivery/delivery_job.hpp>
#include <fapilog/delivery/delivery_state.hpp>
#include <fapilog/delivery/flush_latch.hpp>
#include <fapilog/delivery/threaded_delivery.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/system.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Delivers the backlog in its order. If the sink fails, the current job and the queue move to the spool.
/// Thread: as `threaded_delivery`.
class delivery_thread final : public std::enable_shared_from_this<delivery_thread>, public threaded_delivery {
 public:
  /// `thread_started` is called on the new thread before it calls the sink.
  [[gnu::cold]] delivery_thread(placed_sink placed, std::shared_ptr<diagnostics> const& reports_to,
                                std::function<void()> thread_started)
      : delivery_(std::move(placed), sink_thread::own, reports_to),
        thread_started_(std::move(thread_started)),
        backlog_(delivery_) {}

  delivery_thread(delivery_thread const&) = delete;
  delivery_thread& operator=(delivery_thread const&) = delete;
  [[gnu::cold]] ~delivery_thread() {
    if (thread_.joinable()) thread_.detach();  // the sink hung, and its thread held the last reference
  }

  [[nodiscard]] std::shared_ptr<sink_status> const& status() const noexcept override {
    return delivery_.status();
  }
  [[nodiscard]] fapilog::route const& route() const noexcept override { return delivery_.options().route; }

  [[gnu::cold]] void start(std::shared_ptr<start_context const> context) noexcept override {
    delivery_.prepare(std::move(context));
    std::unique_lock lock{mutex_};
    try {
      start_thread();
      if (!delivery_.may_block())
        changed_.wait_until(lock, clock::now() + std::chrono::seconds{1}, [this] { return has_started_; });
    } catch (std::exception const& error) {
      lock.unlock();
      delivery_.guard().warn("the thread of the sink did not start", error.what());
    }
    pass_reports(lock);
  }

  void enqueue(batch_part part) noexcept override {
    counts().given.add(part.entries.size());
    std::unique_lock lock{mutex_};
    try {
      if (!thread_.joinable() && phase_ < phase::closing) start_thread();
      if (add_or_wait(part, lock)) return pass_reports(lock);
    } catch (std::exception const& error) {
      lock.unlock();
      delivery_.lose(part);
      delivery_.guard().warn("a batch could not be queued; its records are lost", error.what());
      return pass_reports(lock);
    }
    refuse(std::move(part), lock);
    pass_reports(lock);
  }

  [[gnu::cold]] void flush(std::shared_ptr<flush_latch> const& latch) override {
    latch->add_participant();
    std::unique_lock lock{mutex_};
    if (phase_ >= phase::ended || !thread_.joinable()) {
      lock.unlock();
      return latch->count_down();
    }
    try {
      flushes_.push_back({backlog_.queued(), latch});
    } catch (...) {
      lock.unlock();
      return latch->count_down();  // without memory, the flush does not wait for this sink
    }
    skip_pause_ = true;
    wake_.notify_one();
  }

  void begin_drain() override { advance_to(phase::draining); }
  void cancel_writes() const override { delivery_.cancel_writes(); }
  void close() override { advance_to(phase::closing); }
  [[gnu::cold]] void join() override {
    if (thread_.joinable()) thread_.join();
  }

  [[gnu::cold]] void pause(clock::time_point deadline) override {
    std::unique_lock lock{mutex_};
    begin_pause(lock, deadline);
  }
  [[gnu::cold]] void resume() noexcept override {
    std::lock_guard const lock{mutex_};
    end_pause();
  }

  /// Parks the thread between two attempts and locks this object. Before that, waits for up to half of the time until the
  /// queue is empty, unless the sink fails, because the parent may end by `_exit`. Gives up at `deadline` if the sink hangs.
  [[gnu::cold]] void before_fork(clock::time_point deadline) override {
    std::unique_lock lock{mutex_};
    auto const now = clock::now();
    is_emptied_for_fork_ = true;
    changed_.wait_until(lock, now + (deadline - now) / 2,
                        [this] { return is_out_of_sink() || has_nothing_to_lose() || is_failing(); });
    is_emptied_for_fork_ = false;
    begin_pause(lock, deadline);
    lock.release();
  }
  [[gnu::cold]] void after_fork_in_parent() noexcept override {
    end_pause();
    mutex_.unlock();
  }
  /// The parent keeps its records and its thread. A sink that hung in the parent is unusable in the child.
  [[gnu::cold]] void after_fork_in_child() override {
    if (!is_out_of_sink()) phase_ = phase::unusable;
    pauses_ = 0;
    is_worker_waiting_ = false;
    activity_ = activity::working;
    wake_.recreate_in_child();
    changed_.recreate_in_child();
    thread_.recreate_in_child();
    backlog_.after_fork_in_child();
    flushes_.clear();
    mutex_.unlock();
  }

 private:
  using phase = delivery_state::phase;
  using activity = delivery_state::activity;
  using step = delivery_state::step;
  struct flush_request {
    std::uint64_t until;  ///< number of parts that must be finished
    std::shared_ptr<flush_latch> latch;
  };

  [[nodiscard]] sink_counters& counts() const noexcept { return delivery_.counts(); }
  [[nodiscard]] bool is_out_of_sink() const noexcept {
    return activity_ == activity::parked || phase_ == phase::ended || !thread_.joinable();
  }

  /// True if every part is delivered or on disk.
  [[nodiscard]] bool has_nothing_to_lose() const noexcept {
    return !backlog_.has_queued() && (!backlog_.has_current() || backlog_.current_is_spooled());
  }
  [[nodiscard]] bool is_failing() const noexcept { return last_attempt_ != attempt_state::done; }
  [[gnu::cold]] void advance_to(phase next) {
    std::lock_guard const lock{mutex_};
    phase_ = (std::max)(phase_, next);
    if (next == phase::closing) closed_at_ = clock::now();
    wake_.notify_one();
    changed_.notify_all();
  }

  [[gnu::cold]] void start_thread() {
    backlog_.open_spool();  // records of earlier processes come before the first part of this one
    detail::signals_blocked const in_new_thread;
    thread_ = std::thread{[self = shared_from_this()] { self->run(); }};
  }
  /// Adds a part, and waits for room if `when_queue_full` says so. False if the part must be refused.
  [[nodiscard]] bool add_or_wait(batch_part& part, std::unique_lock<std::mutex>& lock) {
    while (phase_ < phase::closing) {
      if (backlog_.add(part)) {
        if (activity_ == activity::waiting) wake_.notify_one();
        return true;
      }
      // A full spool does not empty during a drain if the sink fails: waiting would be in vain.
      bool const is_stuck =
          phase_ == phase::draining && backlog_.has_spooled() && last_attempt_ != attempt_state::done;
      if (is_stuck || delivery_.options().when_queue_full == when_queue_full::drop) return false;
      is_worker_waiting_ = true;
      wake_.notify_one();
      changed_.wait(lock);
      is_worker_waiting_ = false;
    }
    return false;
  }
  /// Writes a part for which there is no room to the fallback, or drops it. Reports only the first of several.
  [[gnu::cold]] void refuse(batch_part part, std::unique_lock<std::mutex>& lock) noexcept {
    bool const is_first = !std::exchange(is_overflowing_, true);
    lock.unlock();
    if (delivery_.refuse(std::move(part)) && is_first)
      delivery_.guard().warn("the sink's queue is full; records are dropped");
  }
  /// Passes on what the spool has reported. Releases the lock meanwhile, because a report calls a function of the user,
  /// which may use the runtime.
  void pass_reports(std::unique_lock<std::mutex>& lock) noexcept {
    if (!lock.owns_lock()) lock.lock();
    if (!backlog_.has_reports()) return;
    auto const reports = backlog_.take_reports();
    lock.unlock();
    for (auto const& report : reports) delivery_.guard().warn(report.message, report.detail);
    lock.lock();
  }

  void run() noexcept {
    detail::prepare_thread("fapilog-sink");
    thread_started_();
    delivery_.start();
    std::unique_lock lock{mutex_};
    has_started_ = true;
    changed_.notify_all();
    for (step next = next_step(); next != step::end; next = next_step()) {
      try {
        perform(next, lock);
      } catch (std::exception const& error) {
        if (lock.owns_lock()) lock.unlock();
        delivery_.guard().warn("an error in the sink's thread; it continues", error.what());
        lock.lock();
        not_before_ = clock::now() + std::chrono::milliseconds{100};
        wake_.wait_until(lock, not_before_);
      }
      pass_reports(lock);
    }
    lock.unlock();
    delivery_.flush();
    delivery_.stop();
    lock.lock();
    backlog_.close_spool();
    pass_reports(lock);
    phase_ = (std::max)(phase_, phase::ended);
    auto const unserved = std::move(flushes_);
    changed_.notify_all();
    lock.unlock();
    for (auto const& request : unserved) request.latch->count_down();
  }

  /// The first step that applies, in order of precedence.
  [[nodiscard]] step next_step() const {
    bool const has_current = backlog_.has_current();
    bool const has_spooled = may_take_from_spool();
    if (pauses_ > 0) return step::park;
    if (!has_current && backlog_.has_queued()) return step::take_from_queue;
    if (!has_current && has_spooled && (phase_ >= phase::closing || clock::now() >= not_before_))
      return step::take_from_spool;
    if (!flushes_.empty() && flushes_.front().until <= backlog_.finished()) return step::serve_flushes;
    if (has_current && (is_last_chance() || skip_pause_ || clock::now() >= not_before_)) return step::attempt;
    if (phase_ >= phase::closing && !has_current && !has_spooled) return step::end;
    return step::wait;
  }

  void perform(step next, std::unique_lock<std::mutex>& lock) {
    switch (next) {
      case step::park: return park(lock);
      case step::take_from_queue: return backlog_.take_from_queue();
      case step::take_from_spool: return backlog_.take_from_spool();
      case step::serve_flushes: return serve_flushes(lock);
      case step::attempt: return attempt(lock);
      case step::wait: return wait(lock);
      case step::end: return;
    }
  }

  [[nodiscard]] bool is_last_chance() const noexcept {
    return phase_ >= phase::closing ||
           (phase_ == phase::draining && is_worker_waiting_ && !backlog_.current_is_spooled());
  }
  /// During a close, the spool is emptied for up to a second, as long as the sink delivers. The next process delivers
  /// the rest.
  [[nodiscard]] bool may_take_from_spool() const {
    if (!backlog_.has_spooled()) return false;
    return phase_ < phase::closing ||
           (last_attempt_ == attempt_state::done && clock::now() - closed_at_ < std::chrono::seconds{1});
  }

  [[gnu::cold]] void begin_pause(std::unique_lock<std::mutex>& lock, clock::time_point deadline) {
    ++pauses_;
    wake_.notify_one();
    changed_.wait_until(lock, deadline, [this] { return is_out_of_sink(); });
  }
  [[gnu::cold]] void end_pause() noexcept {
    --pauses_;
    wake_.notify_one();
  }
  [[gnu::cold]] void park(std::unique_lock<std::mutex>& lock) {
    activity_ = activity::parked;
    changed_.notify_all();
    wake_.wait(lock, [this] { return pauses_ <= 0; });
    activity_ = activity::working;
  }

  void wait(std::unique_lock<std::mutex>& lock) {
    bool const has_work = backlog_.has_current() || may_take_from_spool();
    if (!has_work) {
      is_overflowing_ = false;
      if (is_worker_waiting_) changed_.notify_all();
    }
    activity_ = activity::waiting;
    if (has_work) {
      wake_.wait_until(lock, (std::min)(not_before_, clock::now() + std::chrono::hours{1}));
    } else {
      wake_.wait(lock);
    }
    activity_ = activity::working;
  }

  [[gnu::cold]] void serve_flushes(std::unique_lock<std::mutex>& lock) {
    std::vector<std::shared_ptr<flush_latch>> due;
    due.reserve(flushes_.size());
    while (!flushes_.empty() && flushes_.front().until <= backlog_.finished()) {
      due.push_back(std::move(flushes_.front().latch));
      flushes_.pop_front();
    }
    lock.unlock();
    delivery_.flush();
    for (auto const& latch : due) latch->count_down();
    lock.lock();
  }

  void attempt(std::unique_lock<std::mutex>& lock) {
    skip_pause_ = false;
    bool const is_last = is_last_chance();
    lock.unlock();
    backlog_.join_current();  // without the lock, so that the worker does not wait for it
    attempt_result const result = delivery_.attempt(backlog_.current(), is_last);
    lock.lock();
    last_attempt_ = result.state;
    not_before_ = result.state == attempt_state::done ? clock::time_point{} : result.retry_at;
    if (is_worker_waiting_ || is_emptied_for_fork_) changed_.notify_all();
    if (backlog_.current_is_spooled()) return after_attempt_on_spooled(result.state);
    switch (result.state) {
      case attempt_state::done: return finish_current();
      case attempt_state::retry: return;
      case attempt_state::give_up: return give_up_current(lock);
    }
  }

  [[gnu::cold]] void after_attempt_on_spooled(attempt_state state) {
    if (state == attempt_state::done) return backlog_.finish_current();
    backlog_.record_progress();
    // After a failure the part is still in the spool, for the next process.
    if (phase_ >= phase::closing) backlog_.leave_current_in_spool();
  }

  /// Moves the current job and the queue to the spool if there is one, else gives the job to the fallback or drops it.
  [[gnu::cold]] void give_up_current(std::unique_lock<std::mutex>& lock) {
    if (backlog_.has_spool()) {
      if (backlog_.move_to_spool()) return finish_current();
      // Without a fallback, the job waits for room in the spool.
      if (!delivery_.options().fallback && !is_last_chance()) return;
    }
    lock.unlock();  // the fallback may block
    delivery_.give_up(backlog_.current(), backlog_.has_spool());
    lock.lock();
    finish_current();
  }

  void finish_current() {
    backlog_.finish_current();
    changed_.notify_all();
  }

  delivery delivery_;
  std::function<void()> thread_started_;

  std::mutex mutex_;
  fork_safe<std::condition_variable> wake_;     ///< the thread waits on it
  fork_safe<std::condition_variable> changed_;  ///< others wait on it for the thread
  delivery_backlog backlog_;
  std::list<flush_request> flushes_;
  phase phase_ = phase::running;
  activity activity_ = activity::working;
  attempt_state last_attempt_ = attempt_state::done;
  clock::time_point not_before_{};  ///< end of the pause after a failed attempt
  clock::time_point closed_at_{};
  int pauses_ = 0;                    ///< begun and not ended
  bool has_started_ = false;          ///< the thread has tried to start the sink
  bool skip_pause_ = false;           ///< a flush requires an attempt before the pause ends
  bool is_worker_waiting_ = false;    ///< for room, in `enqueue`
  bool is_overflowing_ = false;       ///< parts are refused, which has been reported
  bool is_emptied_for_fork_ = false;  ///< `before_fork` waits for the queue
  fork_safe<std::thread> thread_;
};

/// A `delivery_thread_maker`.
[[nodiscard, gnu::cold]] inline std::shared_ptr<threaded_delivery> make_delivery_thread(
    placed_sink placed, std::shared_ptr<diagnostics> const& reports_to,
    std::function<void()> const& thread_started) {
  return std::make_shared<delivery_thread>(std::move(placed), reports_to, thread_started);
}

}  // namespace fapilog::inline v0_1::detail
