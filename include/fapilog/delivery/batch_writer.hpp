// SPDX-License-Identifier: MIT
// Gives each batch to the sinks that its records are for: those on the worker's thread, and those with one of their own.
#pragma once

#include <fapilog/delivery/delivery.hpp>
#include <fapilog/delivery/delivery_metrics.hpp>
#include <fapilog/delivery/delivery_thread.hpp>
#include <fapilog/delivery/flush_latch.hpp>
#include <fapilog/delivery/router.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/record/batch.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// The deliveries of a runtime, in the order of its sinks: each either on the worker's thread or with its own.
struct delivery_slot {
  std::unique_ptr<delivery> shared;
  std::shared_ptr<delivery_thread> own;

  [[nodiscard]] route const& takes() const noexcept {
    return shared != nullptr ? shared->options().route : own->takes();
  }
  [[nodiscard]] std::shared_ptr<sink_status> const& status() const noexcept {
    return shared != nullptr ? shared->status() : own->status();
  }
};

/// Sinks see the batches in order and one at a time. An isolated record is written by the worker itself, without a
/// second thread to wake; in a flood, a helper writes one batch while the worker makes the next.
/// Thread: the worker's, but where it says otherwise.
class batch_writer final : public fork_participant {
 public:
  /// `helper_began` is called on the helper's thread before it calls any sink.
  batch_writer(std::vector<delivery_slot> places, routing rule, std::shared_ptr<diagnostics> tell,
               std::function<void()> helper_began)
      : slots_(std::move(places)),
        router_(routes_of(slots_), rule),
        diagnostics_(std::move(tell)),
        helper_began_(std::move(helper_began)) {
    for (delivery_slot const& p : slots_) has_shared_ = has_shared_ || p.shared != nullptr;
  }
  batch_writer(batch_writer const&) = delete;
  batch_writer& operator=(batch_writer const&) = delete;
  ~batch_writer() {
    if (helper_.joinable()) end_helper();
  }

  void start(start_context const& context) {
    for (delivery_slot& p : slots_) {
      if (p.own != nullptr) p.own->start(context);
    }
    for (delivery_slot& p : slots_) {
      if (p.shared == nullptr) continue;
      p.shared->prepare(context);
      p.shared->start();
    }
  }
  /// Waits for the sinks on this thread; those with their own take part in the round.
  void flush(std::shared_ptr<flush_latch> const& round) {
    wait_until_idle();
    for (delivery_slot& p : slots_) {
      if (p.own != nullptr) p.own->flush(round);
    }
    for (delivery_slot& p : slots_) {
      if (p.shared != nullptr) p.shared->flush();
    }
    round->one_done();
  }
  /// For the batches from now on.
  void change_routes(std::optional<std::vector<route>> routes, std::optional<routing> rule) {
    wait_until_idle();
    router_.change(std::move(routes), rule);
  }
  /// Before the last records come. Thread: any.
  void begin_drain() {
    for (delivery_slot& p : slots_) {
      if (p.own != nullptr) p.own->begin_drain();
    }
  }
  /// Waits for every sink, however long it takes.
  void stop() {
    wait_until_idle();
    if (helper_.joinable()) end_helper();
    for (delivery_slot& p : slots_) {
      if (p.own != nullptr) p.own->close();
    }
    for (delivery_slot& p : slots_) {
      if (p.shared == nullptr) continue;
      p.shared->flush();
      p.shared->stop();
    }
    for (delivery_slot& p : slots_) {
      if (p.own != nullptr) p.own->join();
    }
  }

  /// `more_to_come`: the worker has other records to see to and had better not wait for the sinks. It does where
  /// `most_waiting` batches are on the way.
  void write(batch entries, bool more_to_come) {
    if (more_to_come ? !can_help() : waiting_.load(std::memory_order_acquire) == 0) {
      wait_until_idle();
      return deliver(std::move(entries));
    }
    std::unique_lock<std::mutex> lock{mutex_};
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
    std::unique_lock<std::mutex> lock{mutex_};
    changed_.wait(lock, [this] { return waiting_.load(std::memory_order_acquire) == 0; });
  }

  /// Pauses the sinks' own threads. The helper must be idle.
  void before_fork(clock::time_point deadline) override {
    for (delivery_slot& p : slots_) {
      if (p.own != nullptr) p.own->before_fork(deadline);
    }
  }
  void after_fork_in_parent() noexcept override {
    for (delivery_slot& p : slots_) {
      if (p.own != nullptr) p.own->after_fork_in_parent();
    }
  }
  /// The helper and all counts stay with the parent.
  void after_fork_in_child() override {
    mutex_.recreate_in_child();
    changed_.recreate_in_child();
    awake_.recreate_in_child();
    helper_.recreate_in_child();
    is_asleep_ = false;
    totals_ = std::make_shared<fate_totals>();
    unrouted_.set(0);
    for (delivery_slot& p : slots_) {
      if (p.own != nullptr) p.own->after_fork_in_child();
      if (p.shared != nullptr) p.shared->counts().after_fork();
    }
  }

  /// Thread: any.
  void add_to(account& sum) const noexcept {
    auto const total = [this](fate f) { return (*totals_)[static_cast<std::size_t>(f)].value(); };
    sum.processed += total(fate::delivered);
    sum.spooled += total(fate::spooled);
    sum.rejected += total(fate::rejected);
    sum.failed += total(fate::failed);
    sum.filtered += unrouted_.value();
    for (delivery_slot const& p : slots_) sum.retried += p.status()->counts.retried.value();
  }
  /// Thread: any.
  [[nodiscard]] std::size_t open_circuits() const noexcept {
    std::size_t open = 0;
    for (delivery_slot const& p : slots_)
      open += p.status()->counts.circuit.value() == static_cast<std::uint64_t>(circuit::open) ? 1U : 0U;
    return open;
  }
  /// Records that no sink's route takes. Thread: any.
  [[nodiscard]] std::uint64_t unrouted() const noexcept { return unrouted_.value(); }
  /// Figures of all sinks. Thread: any.
  void collect(metric_list& all) const {
    for (delivery_slot const& p : slots_) {
      collect_sink(all, p.status()->name(), p.status()->counts);
      p.status()->collect(all);
    }
  }

 private:
  static constexpr std::size_t most_waiting = 4;
  static constexpr std::size_t most_spare = 3;

  /// Starts the helper the first time. False where it could only be in the way, or there are no threads to be had.
  bool can_help() {
    if (helper_.joinable()) return true;
    if (cannot_help_ || !has_shared_) return false;
    cannot_help_ = std::thread::hardware_concurrency() == 1;
    if (cannot_help_) return false;
    try {
      detail::signals_blocked const in_new_thread;
      helper_ = std::thread{[this] { help(); }};
    } catch (std::system_error const& error) {
      cannot_help_ = true;
      diagnostics_->warn("worker", "no second thread for the sinks; the worker calls them itself",
                         error.what());
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
      std::unique_lock<std::mutex> lock{mutex_};
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

  static std::vector<route> routes_of(std::vector<delivery_slot> const& places) {
    std::vector<route> all;
    all.reserve(places.size());
    for (delivery_slot const& p : places) all.push_back(p.takes());
    return all;
  }

  /// Gives every sink its part.
  void deliver(batch entries) noexcept {
    std::uint64_t const count = entries.size();
    std::shared_ptr<batch_ticket> ticket;
    try {
      auto parts = router_.split(entries);
      std::size_t settling = 0;
      for (batch_part const& part : parts.of_sinks) settling += part.entries.empty() ? 0U : 1U;
      ticket = std::make_shared<batch_ticket>(entries.size(), settling + 1, totals_);
      unrouted_.add(parts.unrouted);
      leave_own_out(entries, parts.left_out);
      ticket->leave_out(std::move(parts.left_out));
      for (batch_part& part : parts.of_sinks) part.ticket = ticket;
      for (bool const own_first : {true, false}) {
        for (std::size_t i = 0; i < slots_.size(); ++i) {
          if (parts.of_sinks[i].entries.empty() || (slots_[i].own != nullptr) != own_first) continue;
          give(slots_[i], std::move(parts.of_sinks[i]));
        }
      }
      ticket->settle({}, [](std::size_t i) { return i; });
      ticket.reset();
      spare(std::move(entries));
    } catch (std::exception const& error) {
      if (ticket == nullptr) (*totals_)[static_cast<std::size_t>(fate::failed)].add(count);
      diagnostics_->warn("worker", "a batch could not be handed over", error.what());
    }
  }
  /// Records of the library's own are not in the runtime's account.
  static void leave_own_out(batch const& entries, std::vector<bool>& left_out) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (!entries[i].event.is_internal) continue;
      if (left_out.empty()) left_out.resize(entries.size());
      left_out[i] = true;
    }
  }

  void give(delivery_slot& to, batch_part part) {
    std::size_t const count = part.entries.size();
    batch_part const kept{{}, part.places, part.ticket};
    try {
      if (to.own != nullptr) {
        to.own->enqueue(std::move(part));
      } else {
        to.shared->deliver(std::move(part));
      }
    } catch (std::exception const& error) {
      kept.settle(std::vector<fate>(count, fate::failed));
      diagnostics_->warn("worker", "a batch could not be handed over", error.what());
    }
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

  std::vector<delivery_slot> slots_;
  router router_;  ///< for whoever delivers
  bool has_shared_ = false;
  std::shared_ptr<diagnostics> diagnostics_;
  std::function<void()> helper_began_;
  std::shared_ptr<fate_totals> totals_ = std::make_shared<fate_totals>();
  counter unrouted_;

  bool cannot_help_ = false;
  fork_safe<std::thread> helper_;
  std::atomic<std::size_t> waiting_{0};  ///< batches that the helper has still to do or is at
  fork_safe<std::mutex> mutex_;
  fork_safe<std::condition_variable> changed_;
  fork_safe<std::condition_variable> awake_;
  std::deque<batch> batches_;
  std::vector<std::shared_ptr<batch_storage>> spare_;
  bool is_asleep_ = false;
  bool ending_ = false;
};

}  // namespace fapilog::inline v0_1::detail
