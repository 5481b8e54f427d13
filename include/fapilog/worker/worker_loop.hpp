// SPDX-License-Identifier: MIT
// The loop of the worker's thread: reads the lanes, runs the stages, hands batches to the sinks, and waits.
#pragma once

#include <fapilog/delivery/batch_writer.hpp>
#include <fapilog/delivery/delivery_metrics.hpp>
#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/os/alternate_stack.hpp>
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
#include <fapilog/worker/scope_report.hpp>
#include <fapilog/worker/tick_clock.hpp>
#include <fapilog/worker/worker_options.hpp>
#include <fapilog/worker/worker_requests.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
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

/// Thread: the worker's, unless stated.
class worker_loop {
 public:
  using clock = std::chrono::steady_clock;

  [[gnu::cold]] worker_loop(worker_options const& options, lane_channel& channel, event_maker maker,
                            stage_set stages, vector<delivery_slot> sink_slots,
                            std::shared_ptr<diagnostics> reports, enqueue_event* event,
                            std::shared_ptr<worker_requests> requests)
      : channel_(channel),
        requests_(std::move(requests)),
        diagnostics_(std::move(reports)),
        batch_timeout_(options.batch_timeout),
        clock_(channel.uses_tsc()),
        reader_(channel.lanes()),
        writer_(std::move(sink_slots), options.route, diagnostics_,
                [&channel] { channel.serve_from_this_thread(); }),
        pressure_(options.adaptive, options.protected_levels, diagnostics_),
        builder_(std::move(maker), std::move(stages), writer_, pressure_, diagnostics_,
                 options.batch_max_size, options.protected_levels, channel.lanes(), channel.keeper()),
        internal_(channel, builder_, writer_, pressure_, diagnostics_, options.drop_summary_window),
        changes_(builder_, writer_, channel.levels(), pressure_),
        idle_(options.wait, options.nap_budget, event),
        fork_locks_{&builder_.stages().mutex(), &channel.levels().mutex(), &diagnostics_->mutex()} {
    keep_clock();
    print_asserted_scopes();
  }

  void start_sinks(std::shared_ptr<start_context const> const& context) noexcept { writer_.start(context); }

  /// Runs until a stop was requested and all records are handled.
  void run() noexcept {
    detail::prepare_thread("fapilog");
    add_alternate_stack();  // a sink or a stage of the application may use up the stack
    thread_id_.store(detail::thread_id(), std::memory_order_release);
    channel_.serve_from_this_thread();
    bool is_open = true;
    while (is_open) {
      guarded([&] { is_open = run_once(); });
    }
    finish();
  }

  /// Makes the loop usable after a crash on the thread with this id, which will not return. True if it was the thread of the
  /// loop: then another one has to run it. Thread: any. Throws: std::system_error without threads.
  [[nodiscard, gnu::cold]] bool recover_from_crash(std::uint64_t thread) {
    bool const is_ours = thread_id_.load(std::memory_order_acquire) == thread;
    writer_.replace_crashed(thread, is_ours);
    if (!is_ours) return false;
    reader_.end_crashed_pass();
    builder_.end_crashed_record();
    return true;
  }

  /// Stops the sinks and ends all requests. Thread: any if no thread runs the loop.
  void finish() noexcept {
    guarded([&] { writer_.stop(); });
    guarded([&] { internal_.report_rest(); });
    if (channel_.keeper() != nullptr) channel_.keeper()->end(channel_.lanes());
    retired_loggers::delete_all(std::exchange(retired_, nullptr));
    channel_.retired().end_of_worker();
    requests_->finish();
  }

  /// Changes that callers request. Guarded by the mutex of the requests.
  [[nodiscard]] pending_changes& changes() noexcept { return changes_; }

  /// From now on, sinks that fail get their last chance. Thread: any.
  void begin_drain() { writer_.begin_drain(); }

  /// Sinks with a spool or a fallback end their writes. Thread: any.
  void cancel_writes() { writer_.cancel_writes(); }

  /// Pauses the sinks' threads between two attempts, until `deadline` at the latest. Thread: any, while the loop is paused.
  [[gnu::cold]] void pause_sinks(clock::time_point deadline) { writer_.pause_sinks(deadline); }
  [[gnu::cold]] void resume_sinks() noexcept { writer_.resume_sinks(); }

  /// Takes the locks of the parts of the loop. Thread: the one that forks, while the loop is paused.
  void before_fork(clock::time_point deadline) {
    writer_.before_fork(deadline);
    if (channel_.keeper() != nullptr) channel_.keeper()->before_fork(deadline);
    fork_locks_.before_fork(deadline);
  }
  void after_fork_in_parent() noexcept {
    fork_locks_.after_fork_in_parent();
    if (channel_.keeper() != nullptr) channel_.keeper()->after_fork_in_parent();
    writer_.after_fork_in_parent();
  }
  /// `continues`: a worker of the child will run this loop. The parent's records and counts stay with the parent.
  void after_fork_in_child(bool continues) {
    fork_locks_.after_fork_in_child();
    if (channel_.keeper() != nullptr) channel_.keeper()->after_fork_in_child();
    diagnostics_->after_fork_in_child();
    if (continues) {
      builder_.after_fork_in_child();
      pressure_.after_fork_in_child();
      internal_.after_fork_in_child();
    }
    writer_.after_fork_in_child();
    (void)changes_.take();  // their callers are in the parent
  }

  /// Thread: any.
  void collect(metric_list& all) const {
    builder_.collect(all);
    writer_.collect(all);
    collect_diagnostics(all, *diagnostics_);
  }
  /// Thread: any.
  void add_to(account& sum) const noexcept {
    builder_.add_to(sum);
    writer_.add_to(sum);
    sum.queue_depth_high_watermark = reader_.high_watermark();
    sum.pressure = pressure_.summary();
  }
  /// Thread: any.
  [[nodiscard]] std::vector<std::string> stage_names() const { return builder_.stages().names(); }

 private:
  /// Reads the lanes once and does everything that is due after that. False after the last time.
  bool run_once() {
    if (requests_->pause.is_requested()) pause();
    keep_clock();
    if (channel_.keeper() != nullptr && channel_.keeper()->recover_some(channel_, builder_)) return true;
    bool const is_stopping = requests_->stop.load(std::memory_order_acquire);
    std::uint64_t const request = requests_->flushes.requested();
    bool const is_flush = request != requests_->flushes.begun();
    bool const is_change = changes_.is_requested();
    if (is_stopping) wait_for_callers();
    clock_.sync_if_due();
    update_pressure();
    guarded([&] { report_scope_misuse(*diagnostics_); });

    bool const has_read = read_lanes([this] { return requests_->pause.is_requested(); });
    if (requests_->pause.is_requested()) return true;  // the rest is done after the pause

    guarded([&] { internal_.add_level_changes(channel_.levels()); });
    guarded([&] { internal_.add(is_flush || (is_stopping && !channel_.lanes().has_unread())); });
    if (is_change) apply_changes();
    if (is_stopping || is_flush || builder_.is_due(batch_timeout_)) {
      builder_.hand_over(!is_stopping && !is_flush && builder_.is_large() && channel_.lanes().has_unread());
    }
    builder_.release_filtered();
    if (is_flush) begin_flush(request);
    if (is_stopping) return channel_.lanes().has_unread();
    if (!has_read) wait_for_work();
    return true;
  }

  /// Puts every record that was published so far into batches, until `must_end` returns true. True if there was any.
  template <class MustEnd>
  bool read_lanes(MustEnd const& must_end) {
    channel_.recorders().free_deferred();
    if (retired_ == nullptr) retired_ = channel_.retired().take();
    bool const has_read = reader_.pass(
        [&](lane& from, std::byte const* record, detail::shared_bytes const& scope, std::byte* kept) {
          builder_.add(record, scope, from.thread_id, clock_, kept);
          ++read_;
        },
        must_end);
    if (retired_ != nullptr && !requests_->pause.is_requested()) {
      retired_loggers::delete_all(std::exchange(retired_, nullptr));
      builder_.forget_names();
    }
    return has_read;
  }

  /// Waits until there is something to do.
  void wait_for_work() {
    auto const has_records = [this] { return channel_.lanes().has_unread(); };
    auto const has_requests = [this] {
      return requests_->any() || changes_.is_requested() || channel_.levels().next_turn_ns() == 0;
    };
    internal_.update();  // drops since the last update would otherwise be reported only with the next record
    std::optional<clock::time_point> due = internal_.due();
    if (auto const batch = builder_.due(batch_timeout_)) due = due ? (std::min)(*due, *batch) : batch;
    if (!pressure_.is_normal()) due = due ? (std::min)(*due, pressure_.next_check()) : pressure_.next_check();
    idle_.wait(due, std::exchange(read_, 0), has_records, has_requests,
               [this] { channel_.lanes().trim_unowned(); });
  }

  /// Hands over the records logged so far, then waits until the worker may go on.
  [[gnu::cold]] void pause() {
    clock_.sync_if_due();
    guarded([&] {
      (void)read_lanes([this] { return requests_->pause.is_due(); });
      builder_.hand_over(false);
    });
    writer_.wait_until_idle();
    std::unique_lock lock{requests_->mutex};
    requests_->pause.park(lock, requests_->changed);
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

  /// Lets another process convert the timestamps of kept records.
  void keep_clock() noexcept {
    if (channel_.keeper() == nullptr) return;
    auto const now = clock_.current();
    if (now.ticks == kept_clock_) return;
    kept_clock_ = now.ticks;
    channel_.keeper()->set_clock(now.ticks, now.unix_ns, now.ns_per_tick);
  }

  /// Waits for the calls that were already writing when the channel was closed.
  void wait_for_callers() {
    auto const give_up = clock::now() + std::chrono::seconds{1};
    while (!channel_.lanes().is_quiet() && clock::now() < give_up) std::this_thread::yield();
  }

  /// Adds the summaries of the stages that may be replaced, hands over the current batch, then applies the changes.
  void apply_changes() {
    guarded([&] { internal_.add(true); });
    builder_.hand_over(false);
    std::unique_lock lock{requests_->mutex};
    auto const requests = changes_.take();
    lock.unlock();
    for (auto const& request : requests) {
      guarded([&] { request->apply(changes_, *request); });
      request->is_done = true;
    }
    lock.lock();
    requests_->changed.notify_all();
  }

  void begin_flush(std::uint64_t request) {
    // The latch may outlive the worker if a sink hangs.
    auto const latch =
        std::make_shared<flush_latch>([requests = requests_, request] { requests->end_flush(request); });
    requests_->flushes.begin(request);
    writer_.flush(latch);
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

  lane_channel& channel_;
  std::atomic<std::uint64_t> thread_id_{0};  ///< of the thread that runs the loop
  std::shared_ptr<worker_requests> const requests_;
  std::shared_ptr<diagnostics> diagnostics_;
  std::chrono::nanoseconds const batch_timeout_;
  tick_clock clock_;
  lane_reader reader_;
  batch_writer writer_;
  detail::pressure pressure_;
  batch_builder builder_;
  internal_records internal_;
  pending_changes changes_;
  idle_wait idle_;
  fork_locks fork_locks_;
  std::int64_t read_ = 0;         ///< records since the last wait
  std::uint64_t kept_clock_ = 0;  ///< ticks of the reading that other processes can use
  logger_core* retired_ =
      nullptr;  ///< deleted after the next full pass, which reads all records that refer to them
};

}  // namespace fapilog::inline v0_1::detail
