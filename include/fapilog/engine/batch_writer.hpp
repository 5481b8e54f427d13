// SPDX-License-Identifier: MIT
// Gives each batch to every sink's delivery: on the worker's thread, or beside it while the worker has more to do.
#pragma once

#include <fapilog/detail/system.hpp>
#include <fapilog/engine/delivery.hpp>
#include <fapilog/metrics/counters.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/record/batch.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace fapilog::engine {

/// Sinks see the batches in order and one at a time. An isolated record is written by the worker itself, without a
/// second thread to wake; in a flood, a helper writes one batch while the worker makes the next.
/// Thread: the worker's, but for `add_to`.
class batch_writer {
 public:
  /// `helper_began` is told the helper's thread before it calls any sink.
  batch_writer(std::vector<delivery> deliveries, std::shared_ptr<diagnostics> tell,
               std::function<void()> helper_began)
      : deliveries_(std::move(deliveries)), tell_(std::move(tell)), helper_began_(std::move(helper_began)) {}
  batch_writer(batch_writer const&) = delete;
  batch_writer& operator=(batch_writer const&) = delete;
  ~batch_writer() {
    if (helper_.joinable()) end_helper();
  }

  void start(start_context const& context) {
    for (delivery& d : deliveries_) d.start(context);
  }
  /// Waits for what was handed over, then for the sinks.
  void flush() {
    wait_until_idle();
    for (delivery& d : deliveries_) d.flush();
  }
  void stop() {
    flush();
    if (helper_.joinable()) end_helper();
    for (delivery& d : deliveries_) d.stop();
  }

  /// `more_to_come`: the worker has other records to see to and had better not wait for the sinks. It does where
  /// `most_waiting` batches are on the way.
  void write(batch entries, bool more_to_come) {
    if (more_to_come ? !can_help() : waiting_.load(std::memory_order_acquire) == 0) {
      wait_until_idle();
      return deliver(std::move(entries));
    }
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return batches_.size() < most_waiting; });
    batches_.push_back(std::move(entries));
    waiting_.fetch_add(1, std::memory_order_release);
    if (is_asleep_) awake_.notify_one();
  }

  /// Memory for the next batch.
  [[nodiscard]] std::shared_ptr<batch_storage> storage() {
    {
      std::lock_guard const lock{mutex_};
      if (!spare_.empty()) {
        auto used = std::move(spare_.back());
        spare_.pop_back();
        return used;
      }
    }
    return std::make_shared<batch_storage>();
  }

  void wait_until_idle() {
    if (waiting_.load(std::memory_order_acquire) == 0) return;
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return waiting_.load(std::memory_order_acquire) == 0; });
  }

  /// The helper stayed with the parent, idle; what was counted stays there, too.
  void after_fork_in_child() {
    ::new (static_cast<void*>(&mutex_)) std::mutex;
    ::new (static_cast<void*>(&changed_)) std::condition_variable;
    ::new (static_cast<void*>(&awake_)) std::condition_variable;
    ::new (static_cast<void*>(&helper_)) std::thread;
    is_asleep_ = false;
    for (auto* const count : {&processed_, &failed_, &retried_}) count->store(0, std::memory_order_relaxed);
  }

  /// Thread: any.
  void add_to(account& sum) const noexcept {
    sum.processed += processed_.load(std::memory_order_relaxed);
    sum.failed += failed_.load(std::memory_order_relaxed);
    sum.retried += retried_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr std::size_t most_waiting = 4;
  static constexpr std::size_t most_spare = 3;

  /// Starts the helper the first time. False where it could only be in the way, or there are no threads to be had.
  bool can_help() {
    if (helper_.joinable()) return true;
    if (cannot_help_ || deliveries_.empty()) return false;
    cannot_help_ = std::thread::hardware_concurrency() == 1;
    if (cannot_help_) return false;
    try {
      detail::signals_blocked const in_new_thread;
      helper_ = std::thread{[this] { help(); }};
    } catch (std::system_error const& error) {
      cannot_help_ = true;
      tell_->warn("worker", "no second thread for the sinks; the worker calls them itself", error.what());
    }
    return !cannot_help_;
  }

  void help() noexcept {
    detail::prepare_thread("fapilog-sinks");
    helper_began_();
    for (;;) {
      for (int naps = 0; waiting_.load(std::memory_order_acquire) == 0 && naps < most_naps; ++naps) {
        constexpr std::int64_t nap_ns = 20'000;
        detail::sleep_ns(nap_ns);
      }
      std::unique_lock lock{mutex_};
      is_asleep_ = true;
      awake_.wait(lock, [this] { return !batches_.empty() || ending_; });
      is_asleep_ = false;
      if (batches_.empty()) return;
      batch next = std::move(batches_.front());
      batches_.pop_front();
      lock.unlock();
      changed_.notify_all();
      deliver(std::move(next));
      lock.lock();
      waiting_.fetch_sub(1, std::memory_order_release);
      lock.unlock();
      changed_.notify_all();
    }
  }

  void end_helper() {
    {
      std::lock_guard const lock{mutex_};
      ending_ = true;
    }
    awake_.notify_one();
    helper_.join();
    helper_ = std::thread{};
    ending_ = false;
  }

  /// Offers the batch to all sinks; a record is processed when none of them gave it up.
  void deliver(batch entries) noexcept {
    std::uint64_t const count = entries.size();
    std::uint64_t lost = count;
    try {
      lost = offer(entries);
      spare(std::move(entries));
    } catch (std::exception const& error) {
      tell_->warn("worker", "a batch could not be handed over", error.what());
    }
    failed_.fetch_add(lost, std::memory_order_relaxed);
    processed_.fetch_add(count - lost, std::memory_order_relaxed);
  }

  /// Returns how many entries at least one sink gave up.
  std::uint64_t offer(batch const& entries) {
    failed_anywhere_.assign(entries.size(), false);
    for (delivery& d : deliveries_) {
      failed_here_.assign(entries.size(), false);
      retried_.fetch_add(d.deliver(entries, failed_here_), std::memory_order_relaxed);
      for (std::size_t i = 0; i < entries.size(); ++i) {
        if (failed_here_[i]) failed_anywhere_[i] = true;
      }
    }
    return static_cast<std::uint64_t>(std::count(failed_anywhere_.begin(), failed_anywhere_.end(), true));
  }

  /// Keeps the batch's memory for another one if no sink has kept it.
  void spare(batch entries) {
    auto storage = entries.take_back();
    if (storage == nullptr) return;
    entries = {};
    storage->clear();
    std::lock_guard const lock{mutex_};
    if (spare_.size() < most_spare) spare_.push_back(std::move(storage));
  }

  static constexpr int most_naps = 20;

  std::vector<delivery> deliveries_;
  std::shared_ptr<diagnostics> tell_;
  std::function<void()> helper_began_;
  std::vector<bool> failed_anywhere_;  ///< whoever delivers uses these
  std::vector<bool> failed_here_;
  std::atomic<std::uint64_t> processed_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> retried_{0};

  bool cannot_help_ = false;
  std::thread helper_;
  std::atomic<std::size_t> waiting_{0};  ///< batches that the helper has still to do or is at
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable awake_;
  std::deque<batch> batches_;
  std::vector<std::shared_ptr<batch_storage>> spare_;
  bool is_asleep_ = false;
  bool ending_ = false;
};

}  // namespace fapilog::engine
