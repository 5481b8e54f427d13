// SPDX-License-Identifier: MIT
// Decides on which thread the sinks get a batch: on the worker's, or on a helper's while the worker builds the next one.
#pragma once

#include <fapilog/delivery/batch_storage_pool.hpp>
#include <fapilog/delivery/deliveries.hpp>
#include <fapilog/delivery/flush_latch.hpp>
#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/os/alternate_stack.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/metrics/loss_counts.hpp>
#include <fapilog/record/batch.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Sinks get the batches in order and one at a time. The worker writes an isolated record itself, which wakes no second
/// thread. Under load, a helper thread writes one batch while the worker builds the next.
/// Thread: the worker's, except where a function says otherwise.
class batch_writer final : public fork_participant {
 public:
  /// `helper_started` is called on the helper's thread before it calls any sink.
  [[gnu::cold]] batch_writer(vector<delivery_slot> sink_slots, routing rule,
                             std::shared_ptr<diagnostics> reports_to, std::function<void()> helper_started)
      : deliveries_(std::move(sink_slots), rule, reports_to),
        diagnostics_(std::move(reports_to)),
        helper_started_(std::move(helper_started)) {
    queue_.reserve(max_queued);
  }
  batch_writer(batch_writer const&) = delete;
  batch_writer& operator=(batch_writer const&) = delete;
  [[gnu::cold]] ~batch_writer() {
    if (helper_.joinable()) end_helper();
  }

  void start(std::shared_ptr<start_context const> const& context) noexcept { deliveries_.start(context); }
  /// Flushes the sinks once they have every batch written so far. Sinks with their own thread take part in `latch` and flush
  /// later.
  [[gnu::cold]] void flush(std::shared_ptr<flush_latch> const& latch) {
    wait_until_idle();
    deliveries_.flush(latch);
  }
  /// Applies to the batches that are written from now on.
  [[gnu::cold]] void change_routes(std::optional<std::vector<route>> routes, std::optional<routing> rule) {
    wait_until_idle();
    deliveries_.change_routes(std::move(routes), rule);
  }
  /// Must be called before the last batches are written. Thread: any.
  void begin_drain() { deliveries_.begin_drain(); }
  /// The time of the drain is running out. Thread: any.
  void cancel_writes() { deliveries_.cancel_writes(); }
  /// Waits for every sink without a time limit.
  [[gnu::cold]] void stop() {
    wait_until_idle();
    if (helper_.joinable()) end_helper();
    deliveries_.stop();
  }

  /// `more_to_come` is true if the worker has more records to handle: the helper then writes the batch. Waits while
  /// `max_queued` batches are queued for the helper.
  void write(batch entries, bool more_to_come) noexcept {
    bool const on_this_thread =
        more_to_come ? !start_helper() : unwritten_.load(std::memory_order_acquire) == 0;
    if (on_this_thread) {
      wait_until_idle();
      return deliver(std::move(entries));
    }
    std::unique_lock<std::mutex> lock{mutex_};
    if (queue_.size() == max_queued) changed_.wait(lock, [this] { return queue_.size() <= half; });
    queue_.push_back(std::move(entries));
    unwritten_.fetch_add(1, std::memory_order_release);
    bool const wakes = helper_waits_ == waiting::asleep ||
                       (helper_waits_ == waiting::naps && (queue_.size() >= half || !more_to_come));
    if (!wakes) return;
    helper_waits_ = waiting::no;
    wake_.notify_one();
  }

  /// Returns memory for the next batch.
  [[nodiscard]] std::shared_ptr<batch_storage> storage() { return storage_.take(); }

  /// Waits until the helper has written every batch.
  [[gnu::cold]] void wait_until_idle() noexcept {
    if (unwritten_.load(std::memory_order_acquire) == 0) return;
    std::unique_lock<std::mutex> lock{mutex_};
    changed_.wait(lock, [this] { return unwritten_.load(std::memory_order_acquire) == 0; });
  }

  /// Continues after a crash on the thread with this id, which will not return: if it was the helper, another one replaces it.
  /// If it was the worker, the worker must not run. Throws: std::system_error without threads.
  [[gnu::cold]] void replace_crashed(std::uint64_t thread, bool is_worker) {
    bool const is_helper = helper_id_.load(std::memory_order_acquire) == thread;
    if (!is_helper && !is_worker) return;
    // While the helper delivers, the worker does not.
    if (is_helper || unwritten_.load(std::memory_order_acquire) == 0) deliveries_.end_crashed_delivery();
    if (!is_helper) return;
    helper_.detach();
    {
      std::lock_guard const lock{mutex_};
      if (unwritten_.load(std::memory_order_acquire) > queue_.size() &&
          unwritten_.fetch_sub(1, std::memory_order_release) == 1)
        changed_.notify_all();
    }
    detail::signals_blocked const in_new_thread;
    helper_ = std::thread{[this] { run_helper(); }};
  }

  /// Pauses the sinks' threads between two attempts, until `deadline` at the latest. The helper must be idle. Thread: any.
  [[gnu::cold]] void pause_sinks(clock::time_point deadline) { deliveries_.pause(deadline); }
  [[gnu::cold]] void resume_sinks() noexcept { deliveries_.resume(); }
  /// Parks the sinks' threads. The helper must be idle.
  void before_fork(clock::time_point deadline) override { deliveries_.before_fork(deadline); }
  void after_fork_in_parent() noexcept override { deliveries_.after_fork_in_parent(); }
  /// The helper and all counts stay with the parent.
  [[gnu::cold]] void after_fork_in_child() override {
    mutex_.recreate_in_child();
    changed_.recreate_in_child();
    wake_.recreate_in_child();
    helper_.recreate_in_child();
    helper_id_.store(0, std::memory_order_relaxed);
    storage_.after_fork_in_child();
    helper_waits_ = waiting::no;
    deliveries_.after_fork_in_child();
  }

  /// Thread: any.
  void add_to(account& sum) const noexcept { deliveries_.add_to(sum); }
  /// Thread: any.
  [[nodiscard]] std::size_t open_circuits() const noexcept { return deliveries_.open_circuits(); }
  /// Adds the points where sinks lose records, and their losses, in the same order. Thread: any.
  void add_loss_points(vector<loss_point>& to) const { deliveries_.add_loss_points(to); }
  void add_losses(vector<loss_counts>& to) const { deliveries_.add_losses(to); }
  /// Adds the metrics of all sinks. Thread: any.
  void collect(metric_list& all) const { deliveries_.collect(all); }

 private:
  // A wake-up costs as much as several records, more on a busy machine. So whoever waits for the other continues when half
  // of the queue is free or full, not at each batch.
  static constexpr std::size_t max_queued = 8;
  static constexpr std::size_t half = max_queued / 2;

  enum class waiting : unsigned char { no, naps, asleep };

  /// Starts the helper unless it runs. Returns false if a helper would not help, or if no thread can be created.
  [[gnu::cold]] bool start_helper() noexcept {
    if (helper_.joinable()) return true;
    if (is_helper_useless_ || !deliveries_.has_shared()) return false;
    is_helper_useless_ = std::thread::hardware_concurrency() == 1;
    if (is_helper_useless_) return false;
    try {
      detail::signals_blocked const in_new_thread;
      helper_ = std::thread{[this] { run_helper(); }};
    } catch (std::bad_alloc const&) {
      return false;
    } catch (std::exception const& error) {
      is_helper_useless_ = true;
      diagnostics_->warn("worker", "no second thread for the sinks; the worker calls them itself",
                         error.what());
    }
    return !is_helper_useless_;
  }

  void run_helper() noexcept {
    detail::prepare_thread("fapilog-sinks");
    add_alternate_stack();  // a sink of the application may use up the stack
    helper_id_.store(detail::thread_id(), std::memory_order_release);
    helper_started_();
    for (;;) {
      std::unique_lock<std::mutex> lock{mutex_};
      wait_for_batch(lock);
      if (queue_.empty()) return;
      batch next = std::move(queue_.front());
      queue_.erase(queue_.begin());
      if (queue_.size() == half) changed_.notify_all();
      lock.unlock();
      deliver(std::move(next));
      lock.lock();
      if (unwritten_.fetch_sub(1, std::memory_order_release) == 1) changed_.notify_all();
    }
  }

  /// Returns when there is a batch, or the helper must end. At first the helper naps: during a nap, the worker wakes it
  /// only for half a queue.
  void wait_for_batch(std::unique_lock<std::mutex>& lock) {
    constexpr std::chrono::microseconds nap{250};
    constexpr int max_naps = 4;
    auto const is_over = [this] { return !queue_.empty() || is_helper_ending_; };
    helper_waits_ = waiting::naps;
    for (int naps = 0; naps < max_naps && !is_over(); ++naps) {
      wake_.wait_for(lock, nap, [this] { return helper_waits_ == waiting::no || is_helper_ending_; });
    }
    helper_waits_ = waiting::asleep;
    wake_.wait(lock, is_over);
    helper_waits_ = waiting::no;
  }

  [[gnu::cold]] void end_helper() {
    {
      std::lock_guard const lock{mutex_};
      is_helper_ending_ = true;
    }
    wake_.notify_one();
    helper_.join();
    helper_ = std::thread{};
    is_helper_ending_ = false;
  }

  void deliver(batch entries) noexcept {
    deliveries_.deliver(entries);
    storage_.give_back(std::move(entries));
  }

  deliveries deliveries_;
  batch_storage_pool storage_{max_queued + 2};  // one is being made, one is being written
  std::shared_ptr<diagnostics> diagnostics_;
  std::function<void()> helper_started_;

  fork_safe<std::thread> helper_;
  std::atomic<std::uint64_t> helper_id_{0};
  bool is_helper_useless_ = false;
  std::atomic<std::size_t> unwritten_{0};  ///< batches in the queue or being written by the helper
  fork_safe<std::mutex> mutex_;
  fork_safe<std::condition_variable> changed_;  ///< the worker waits on it
  fork_safe<std::condition_variable> wake_;     ///< the helper waits on it
  std::vector<batch> queue_;                    ///< for the helper; never grows
  waiting helper_waits_ = waiting::no;
  bool is_helper_ending_ = false;
};

}  // namespace fapilog::inline v0_1::detail
