// SPDX-License-Identifier: MIT
// Delivers batches to one sink: starts it, retries failed writes, uses the fallback, and counts the result of each record.
#pragma once

#include <fapilog/delivery/arrived_entries.hpp>
#include <fapilog/delivery/batch_part.hpp>
#include <fapilog/delivery/circuit_breaker.hpp>
#include <fapilog/delivery/delivery_job.hpp>
#include <fapilog/delivery/fallback.hpp>
#include <fapilog/delivery/sink_guard.hpp>
#include <fapilog/delivery/sink_status.hpp>
#include <fapilog/detail/chance.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/time_limit.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/metrics/sink_account.hpp>
#include <fapilog/setup/delivery_options.hpp>
#include <fapilog/sinks/sink.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Thread: one at a time, except for the status.
class delivery {
 public:
  using clock = std::chrono::steady_clock;

  [[gnu::cold]] delivery(placed_sink placed, sink_thread called_on,
                         std::shared_ptr<diagnostics> const& reports_to)
      : sink_(std::move(placed.sink)),
        options_(std::move(placed.delivery)),
        status_(std::make_shared<sink_status>(options_.name.empty() ? sink_.name() : options_.name, sink_,
                                              !options_.spool.directory.empty())),
        guard_(reports_to, status_->name()),
        breaker_(options_.circuit_breaker),
        fallback_(options_.fallback),
        has_own_thread_(called_on == sink_thread::own),
        may_wait_(has_own_thread_ &&
                  (options_.thread == sink_thread::own || sink_.may_block().value_or(false))) {
    if (options_.retry.longest_delay.count() == 0) {
      options_.retry.longest_delay = std::chrono::milliseconds{has_own_thread_ ? 10'000 : 200};
    }
  }

  [[nodiscard]] std::shared_ptr<sink_status> const& status() const noexcept { return status_; }
  [[nodiscard]] delivery_options const& options() const noexcept { return options_; }
  [[nodiscard]] sink_counters& counts() const noexcept { return status_->counts; }
  [[nodiscard]] std::size_t batch_size() const noexcept { return sink_.batch_size(); }
  /// False if the sink declares that it does not block.
  [[nodiscard]] bool may_block() const noexcept { return sink_.may_block().value_or(true); }
  [[nodiscard]] sink_guard const& guard() const noexcept { return guard_; }

  /// Must be called before anything else: the fallback can be needed before the sink has started.
  [[gnu::cold]] void prepare(std::shared_ptr<start_context const> context) noexcept {
    context_ = std::move(context);
  }
  /// Starts the sink. Does nothing if it was called before.
  [[gnu::cold]] void start() noexcept {
    if (next_start_ == clock::time_point{}) try_start();
  }

  /// Delivers a part on this thread. Sleeps between attempts until every entry has its result.
  void deliver(batch_part part) noexcept {
    counts().given.add(part.entries.size());
    with_job(std::move(part), [this](delivery_job& job) {
      for (;;) {
        attempt_result const result = attempt(job, false);
        if (result.state == attempt_state::done) return;
        if (result.state == attempt_state::give_up) return give_up(job);
        auto const pause = result.retry_at - clock::now();
        detail::sleep_ns(std::chrono::duration_cast<std::chrono::nanoseconds>(pause).count());
      }
    });
  }
  /// Writes a part for which there is no room to the fallback, or drops it. True if records were dropped.
  [[gnu::cold]] bool refuse(batch_part part) noexcept {
    bool has_dropped = true;
    with_job(std::move(part), [&](delivery_job& job) {
      give_up(job, true);
      has_dropped = job.dropped != 0;
    });
    return has_dropped;
  }
  /// Counts and settles a part as failed.
  [[gnu::cold]] void lose(batch_part const& part) const noexcept {
    count_internal(part, [](std::size_t) { return true; });
    counts().failed.add(part.records());
    part.settle_all(record_result::failed);
  }

  /// Writes the remaining entries of the job to the sink, at most once. With `is_last_chance`, the number of attempts
  /// is always limited.
  [[nodiscard]] attempt_result attempt(delivery_job& job, bool is_last_chance) {
    auto const now = clock::now();
    std::uint32_t const max = max_attempts(is_last_chance);
    if (!is_started_ && now >= next_start_) try_start();
    if (!is_started_) return blocked(max, next_start_);
    breaker_.update(now);
    if (!breaker_.allows_attempt()) return blocked(max, breaker_.retry_at());
    if (job.part.entries.is_recovered() && !job.is_searched) leave_out_arrived(job);
    if (job.attempts != 0) counts().retried.add(job.remaining_count());
    ++job.attempts;
    for (auto begin = now; !job.is_done();) {
      batch const next = job.next();
      write_result const result = write(next);
      auto const end = clock::now();
      counts().seconds.observe(std::chrono::duration<double>(end - std::exchange(begin, end)).count());
      bool const is_retry = result.outcome() == write_outcome::retry;
      bool const is_rejected =
          result.outcome() == write_outcome::rejected || !result.rejected_entries().empty();
      if (is_rejected) handle_rejected(job, next.size(), result);
      if (!result.entries_to_retry().empty()) {
        keep_for_retry(job, next.size(), result);
      } else {
        job.advance(is_retry ? (std::min)(result.first_to_retry(), next.size()) : next.size());
      }
      if (!job.is_done()) return after_failure(job, result, max);
      after_success();
      if (is_rejected) update_health();
    }
    return {};
  }

  /// Writes the remaining entries of the job to the fallback. Entries that the fallback does not take are lost.
  /// `is_full` is true if a queue or spool is full: the loss then counts as dropped, not as failed.
  [[gnu::cold]] void give_up(delivery_job& job, bool is_full = false) noexcept {
    std::size_t lost = 0;
    while (!job.is_done()) {
      batch const next = job.next();
      std::vector<bool> const saved = write_to_fallback(next);
      for (std::size_t i = 0; i < next.size(); ++i) {
        bool const is_saved = i < saved.size() && saved[i];
        if (!is_saved) job.results[job.index_of(i)] = record_result::failed;
        ++(is_saved ? job.to_fallback : lost);
      }
      job.advance(next.size());
    }
    if (is_full) job.dropped += lost;
    if (lost == 0 || is_full) return;
    if (is_started_) guard_.warn("the sink failed; records are lost", last_reason_);
  }

  /// Counts the results and passes them to the tickets. The spool itself counts the records that it holds.
  void finish(delivery_job const& job) const noexcept {
    auto const with = [&job](record_result result) {
      return static_cast<std::uint64_t>(std::count(job.results.begin(), job.results.end(), result));
    };
    counts().delivered.add(with(record_result::delivered) - job.to_fallback);
    counts().to_fallback.add(job.to_fallback);
    std::uint64_t const rejected = with(record_result::rejected);
    std::uint64_t const failed = with(record_result::failed);
    if (rejected + failed != 0) {
      count_internal(job.part, [&job](std::size_t i) {
        return job.results[i] == record_result::rejected || job.results[i] == record_result::failed;
      });
    }
    counts().rejected.add(rejected);
    counts().failed.add(failed - job.dropped);
    counts().dropped.add(job.dropped);
    job.part.settle([&job](std::size_t i) { return job.results[i]; });
  }

  [[gnu::cold]] void flush() noexcept {
    guard_.call("the sink threw in flush", [this] { sink_.flush(); });
    fallback_.flush(guard_);
    update_health();
  }
  /// Ends a write in progress, and each further one, if its records have another place. Thread: any.
  [[gnu::cold]] void cancel_writes() const {
    if (has_alternative()) sink_.cancel();
  }
  /// The sink is not started again afterwards.
  [[gnu::cold]] void stop() noexcept {
    if (is_started_) guard_.call("the sink threw in stop", [this] { sink_.stop(); });
    fallback_.stop(guard_);
    is_started_ = false;
    next_start_ = (clock::time_point::max)();
  }

 private:
  /// Counts the internal records among those that are lost, before these are counted themselves.
  template <class IsLost>
  [[gnu::cold]] void count_internal(batch_part const& part, IsLost const& is_lost) const noexcept {
    std::uint64_t count = 0;
    std::size_t next = 0;
    auto const add = [&](batch const& entries) {
      for (entry const& e : entries) count += is_lost(next++) && e.event.is_internal ? 1U : 0U;
    };
    add(part.entries);
    for (batch_part const& one : part.parts) {
      if (part.entries.empty()) add(one.entries);  // not joined yet
    }
    counts().lost_internal.add(count);
  }
  /// Makes a job of the part, calls `action` and finishes the job. If something throws, for lack of memory, the entries
  /// without a result are lost.
  template <class Action>
  void with_job(batch_part part, Action const& action) noexcept {
    std::optional<delivery_job> job;
    try {
      job.emplace(std::move(part));
      action(*job);
    } catch (std::exception const& error) {
      if (!job) lose(part);
      else job->set_remaining(record_result::failed);
      guard_.warn("records could not be delivered and are lost", error.what());
    }
    if (job) finish(*job);
  }

  /// True if there is a place for records that the sink does not take.
  [[nodiscard]] bool has_alternative() const noexcept {
    return fallback_.exists() || !options_.spool.directory.empty();
  }

  /// 0: unlimited.
  [[nodiscard]] std::uint32_t max_attempts(bool is_last_chance) const noexcept {
    constexpr std::uint32_t usual = 3;
    if (options_.retry.attempts == 0 && may_wait_ && !has_alternative() && !is_last_chance) return 0;
    if (is_failing_) return 1;
    return options_.retry.attempts == 0 ? usual : options_.retry.attempts;
  }

  /// The result of an attempt that must not be made before `until`.
  static attempt_result blocked(std::uint32_t max, clock::time_point until) noexcept {
    return {max == 0 ? attempt_state::retry : attempt_state::give_up, until};
  }

  [[gnu::cold]] attempt_result after_failure(delivery_job const& job, write_result const& result,
                                             std::uint32_t max) {
    counts().errors.add();
    remember(result.reason());
    auto const now = clock::now();
    if (result.is_refused()) {
      if (breaker_.open(now, time_limit{result.delay()})) {
        counts().circuit_opened.add();
        guard_.warn("the destination refuses the sink; it is tried again after a pause", result.reason());
      }
    } else if (breaker_.note_failure(now)) {
      counts().circuit_opened.add();
      guard_.warn("the sink keeps failing; its circuit is open, with no attempts until recovery_timeout",
                  result.reason());
    }
    publish_circuit();
    bool const is_exhausted = max != 0 && (job.attempts >= max || result.is_refused());
    bool const was_failing = std::exchange(is_failing_, is_failing_ || max == 0 || is_exhausted);
    has_last_failed_ = true;
    update_health();  // at the first failure: with long timeouts, the last attempt ends much later
    if (!was_failing && max == 0)
      guard_.warn("the sink failed; its records wait in its queue", result.reason());
    return {is_exhausted ? attempt_state::give_up : attempt_state::retry,
            now + pause_after(job.attempts, result.delay())};
  }

  /// Exponential backoff with full jitter, at least `requested`.
  [[gnu::cold]] std::chrono::nanoseconds pause_after(std::uint32_t attempts,
                                                     std::chrono::milliseconds requested) {
    double const longest_ms = static_cast<double>(options_.retry.longest_delay.count());
    double const doubled_ms =
        static_cast<double>(options_.retry.first_delay.count()) *
        static_cast<double>(std::uint64_t{1} << (std::min<std::uint32_t>)(attempts - 1, 30));
    double const pause_ms = random_.next_share() * (std::min)(doubled_ms, longest_ms);
    std::chrono::nanoseconds const pause{static_cast<std::int64_t>(pause_ms * 1e6)};
    std::chrono::nanoseconds const shortest = time_limit{requested};
    std::chrono::nanoseconds const longest = options_.retry.longest_delay;
    return (std::min)((std::max)(pause, shortest), has_own_thread_ ? (std::max)(shortest, longest) : longest);
  }

  /// Finds out which entries of a recovered batch the sink has already.
  [[gnu::cold]] void leave_out_arrived(delivery_job& job) {
    job.is_searched = true;
    auto const found = arrived_entries(sink_, job.part.entries, guard_);
    counts().found.add(job.keep_if([&found](std::size_t i) { return i >= found.size() || !found[i]; }));
  }
  /// Keeps the entries that the sink must get again, of the `count` entries that were written.
  [[gnu::cold]] static void keep_for_retry(delivery_job& job, std::size_t count, write_result const& result) {
    std::vector<bool> is_left(count);
    for (std::size_t const index : result.entries_to_retry()) {
      if (index < count) is_left[index] = true;
    }
    for (std::size_t const index : result.rejected_entries()) {
      if (index < count) is_left[index] = false;
    }
    job.keep_if([&is_left](std::size_t i) { return is_left[i]; });
  }

  /// Writes the rejected ones of the `count` entries that were written to the fallback, or counts them as rejected. The
  /// others are delivered.
  [[gnu::cold]] void handle_rejected(delivery_job& job, std::size_t count, write_result const& result) {
    std::vector<bool> is_rejected(count);
    for (std::size_t const index : result.rejected_entries()) {
      if (index < count) is_rejected[index] = true;
    }
    std::vector<std::uint32_t> indices;
    for (std::size_t i = 0; i < count; ++i) {
      if (is_rejected[i]) indices.push_back(static_cast<std::uint32_t>(job.index_of(i)));
    }
    guard_.warn("the sink rejected records", result.reason());
    if (indices.empty()) return;
    std::vector<bool> const saved = write_to_fallback(job.part.entries.only(indices));
    for (std::size_t i = 0; i < indices.size(); ++i) {
      if (i < saved.size() && saved[i]) {
        ++job.to_fallback;
      } else {
        job.results[indices[i]] = record_result::rejected;
      }
    }
  }

  /// True for each entry that the fallback took; empty without memory.
  [[nodiscard, gnu::cold]] std::vector<bool> write_to_fallback(batch const& entries) noexcept {
    try {
      return fallback_.write(entries, *context_, guard_);
    } catch (std::exception const& error) {
      guard_.warn("records could not be written to the fallback", error.what());
      return {};
    }
  }

  [[nodiscard]] write_result write(batch const& entries) {
    try {
      return sink_.write(entries);
    } catch (std::bad_alloc const&) {
      return write_result::retry("no memory");
    } catch (std::exception const& error) {
      return write_result::retry(error.what());
    } catch (...) {
      return write_result::retry("the sink threw something not derived from std::exception");
    }
  }
  /// Without memory, no reason is remembered.
  [[gnu::cold]] void remember(std::string const& reason) noexcept {
    try {
      last_reason_ = reason;
    } catch (...) {
      last_reason_.clear();
    }
  }

  [[gnu::cold]] void try_start() noexcept {
    is_started_ = guard_.call("the sink did not start; the next try is in a second",
                              [this] { sink_.start(*context_); });
    update_health();
    next_start_ = clock::now() + std::chrono::seconds{1};
  }

  void after_success() noexcept {
    breaker_.note_success();
    publish_circuit();
    bool const was_failing = std::exchange(is_failing_, false);
    if (std::exchange(has_last_failed_, false) || !is_healthy_) update_health();
    if (!was_failing) return;
    guard_.warn("the sink works again");
  }
  void publish_circuit() noexcept { counts().circuit.set(static_cast<std::uint64_t>(breaker_.state())); }

  [[gnu::cold]] void update_health() noexcept {
    guard_.call("the sink threw in health", [&] {
      sink_health now = sink_.health();
      if (now.healthy && has_last_failed_) now = {false, "the last attempt failed: " + last_reason_};
      if (now.healthy && !is_started_) now = {false, "the sink has not started"};
      is_healthy_ = now.healthy;
      status_->set_health(std::move(now));
    });
  }

  any_sink sink_;
  delivery_options options_;
  std::shared_ptr<sink_status> status_;
  sink_guard guard_;
  circuit_breaker breaker_;
  fallback fallback_;
  bool const has_own_thread_;
  bool const may_wait_;  ///< records may wait in the queue while the sink is down
  std::shared_ptr<start_context const> context_;
  bool is_started_ = false;
  bool has_last_failed_ = false;  ///< the last write attempt
  bool is_failing_ = false;       ///< it used up the attempts of a batch: each further batch gets one
  bool is_healthy_ = true;
  clock::time_point next_start_{};  ///< the default value: `start` was not called yet
  std::string last_reason_;
  random_bits random_;
};

}  // namespace fapilog::inline v0_1::detail
