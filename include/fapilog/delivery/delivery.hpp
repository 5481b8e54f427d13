// SPDX-License-Identifier: MIT
// What stands between the worker and one sink: guards it, offers batches again, and says what became of each entry.
#pragma once

#include <fapilog/delivery/batch_part.hpp>
#include <fapilog/delivery/circuit_breaker.hpp>
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
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// What a runtime tells of one sink. Thread: any.
class sink_status {
 public:
  sink_status(std::string name, any_sink of) : name_(std::move(name)), sink_(std::move(of)) {}

  [[nodiscard]] std::string const& name() const noexcept { return name_; }
  /// What the sink adds to its figures.
  void collect(metric_list& all) const {
    std::size_t const begin = all.size();
    try {
      sink_.collect(all);
    } catch (...) {
      // A sink that cannot tell its figures has none.
    }
    for (std::size_t i = begin; i < all.size(); ++i) all[i].labels.emplace_back("sink", name_);
  }
  void set_health(sink_health health) {
    std::lock_guard const lock{mutex_};
    health_ = std::move(health);
  }
  [[nodiscard]] sink_health health() const {
    std::lock_guard const lock{mutex_};
    return health_;
  }

  sink_counters counts;

 private:
  std::string name_;
  any_sink sink_;  ///< for its figures
  mutable std::mutex mutex_;
  sink_health health_;
};

/// Thread: one at a time, but for the status.
class delivery {
 public:
  using clock = std::chrono::steady_clock;

  /// A part of a batch on its way to the sink.
  struct work {
    explicit work(batch_part given) : part(std::move(given)), fates(part.entries.size(), fate::delivered) {}
    /// Makes one batch of its parts, where it has some. Throws: std::bad_alloc, and is as it was.
    void join() {
      if (part.parts.empty() || !part.entries.empty()) return;
      std::vector<batch> all;
      for (batch_part const& one : part.parts) all.push_back(one.entries);
      batch joined = batch::joined(all);
      fates.resize(joined.size(), fate::delivered);
      part.entries = std::move(joined);
    }
    batch_part part;
    std::vector<fate> fates;
    std::size_t first = 0;        ///< entries before it are done
    std::uint32_t offers = 0;     ///< so far
    std::size_t to_fallback = 0;  ///< of those whose fate is `delivered`
    std::size_t dropped = 0;      ///< of those whose fate is `failed`
  };
  enum class step : std::uint8_t { done, wait, give_up };
  struct outcome {
    step what = step::done;
    clock::time_point next{};  ///< for `wait`
  };

  delivery(placed_sink placed, bool has_own_thread, std::shared_ptr<diagnostics> tell)
      : sink_(std::move(placed.sink)),
        options_(std::move(placed.delivery)),
        diagnostics_(std::move(tell)),
        breaker_(options_.circuit_breaker),
        status_(std::make_shared<sink_status>(options_.name.empty() ? sink_.name() : options_.name, sink_)),
        has_own_thread_(has_own_thread),
        is_waited_for_(has_own_thread &&
                       (options_.thread == sink_thread::own || sink_.may_block().value_or(false))) {
    if (options_.retry.longest_delay.count() == 0) {
      options_.retry.longest_delay = std::chrono::milliseconds{has_own_thread ? 10'000 : 200};
    }
  }

  [[nodiscard]] std::shared_ptr<sink_status> const& status() const noexcept { return status_; }
  [[nodiscard]] delivery_options const& options() const noexcept { return options_; }
  [[nodiscard]] sink_counters& counts() const noexcept { return status_->counts; }
  [[nodiscard]] std::size_t batch_size() const noexcept { return sink_.batch_size(); }

  /// Before anything else; the fallback may be needed before the sink has started.
  void prepare(start_context const& context) { context_ = std::make_unique<start_context>(context); }
  void start() { try_start(); }

  /// Offers the rest of the work, with waits in between, until it is done or given up.
  void deliver(batch_part part) {
    work w{std::move(part)};
    counts().given.add(w.fates.size());
    for (;;) {
      outcome const now = try_once(w, false);
      if (now.what == step::wait) {
        auto const pause = now.next - clock::now();
        detail::sleep_ns(std::chrono::duration_cast<std::chrono::nanoseconds>(pause).count());
        continue;
      }
      if (now.what == step::give_up) give_up(w);
      return finish(w);
    }
  }

  /// One offer at most. `is_last_chance`: nothing is waited for without end any more.
  [[nodiscard]] outcome try_once(work& w, bool is_last_chance) {
    auto const now = clock::now();
    std::uint32_t const most = most_offers(is_last_chance);
    if (!started_ && now >= next_start_) try_start();
    if (!started_) return blocked(most, next_start_);
    if (!breaker_.lets_through(now)) return blocked(most, breaker_.opens_until());
    if (w.offers != 0) counts().retried.add(w.fates.size() - w.first);
    ++w.offers;
    write_result const result = offer(w.part.entries.from(w.first));
    counts().seconds.observe(std::chrono::duration<double>(clock::now() - now).count());
    switch (result.outcome()) {
      case write_outcome::delivered: break;
      case write_outcome::rejected: set_aside(w, result); break;
      case write_outcome::retry:
        w.first = std::min(w.first + result.first_to_retry(), w.fates.size());
        if (w.first == w.fates.size()) break;
        return failed(w, result, most);
    }
    recovered();
    w.first = w.fates.size();
    return {};
  }

  /// What is left of the work goes to the fallback or is lost. `is_full`: not the sink's fault, but too much for it.
  void give_up(work& w, bool is_full = false) {
    std::size_t const left = w.fates.size() - w.first;
    if (left == 0) return;
    std::vector<bool> const saved = taken_by_fallback(w.part.entries.from(w.first));
    auto const lost = static_cast<std::size_t>(std::count(saved.begin(), saved.end(), false));
    for (std::size_t i = 0; i < left; ++i) w.fates[w.first + i] = saved[i] ? fate::delivered : fate::failed;
    w.to_fallback += left - lost;
    if (is_full) w.dropped += lost;
    w.first = w.fates.size();
    if (lost == 0 || is_full) return;
    if (started_) diagnostics_->warn(status_->name(), "the sink failed; records are lost", last_reason_);
  }

  /// Counts what became of the work, and tells its ticket. What was spooled is counted by the spool.
  void finish(work const& w) const {
    auto const with = [&w](fate f) {
      return static_cast<std::uint64_t>(std::count(w.fates.begin(), w.fates.end(), f));
    };
    counts().delivered.add(with(fate::delivered) - w.to_fallback);
    counts().to_fallback.add(w.to_fallback);
    counts().rejected.add(with(fate::rejected));
    counts().failed.add(with(fate::failed) - w.dropped);
    counts().dropped.add(w.dropped);
    w.part.settle(w.fates);
  }

  void flush() {
    guarded("the sink threw in flush", [this] { sink_.flush(); });
    with_fallback("the fallback threw in flush", [](any_sink& s) { s.flush(); });
    look_at_health();
  }
  void stop() {
    if (started_) guarded("the sink threw in stop", [this] { sink_.stop(); });
    with_fallback("the fallback threw in stop", [](any_sink& s) { s.stop(); });
    started_ = false;
    next_start_ = clock::time_point::max();
  }

  void warn(std::string_view message, std::string_view detail) const noexcept {
    diagnostics_->warn(status_->name(), message, detail);
  }

 private:
  /// 0: without end.
  [[nodiscard]] std::uint32_t most_offers(bool is_last_chance) const noexcept {
    constexpr std::uint32_t usual = 3;
    bool const has_other_place = options_.fallback || !options_.spool.directory.empty();
    if (options_.retry.attempts == 0 && is_waited_for_ && !has_other_place && !is_last_chance) return 0;
    if (is_failing_) return 1;
    return options_.retry.attempts == 0 ? usual : options_.retry.attempts;
  }

  static outcome blocked(std::uint32_t most, clock::time_point until) noexcept {
    return most == 0 ? outcome{step::wait, until} : outcome{step::give_up, until};
  }

  outcome failed(work const& w, write_result const& result, std::uint32_t most) {
    counts().errors.add();
    last_reason_ = result.reason();
    auto const now = clock::now();
    if (breaker_.failed(now)) {
      counts().circuit_opened.add();
      diagnostics_->warn(status_->name(), "the sink keeps failing and is left alone for a while",
                         result.reason());
    }
    note_circuit();
    if (!is_failing_ && (most == 0 || w.offers >= most)) {
      is_failing_ = true;
      look_at_health();
      if (most == 0)
        diagnostics_->warn(status_->name(), "the sink failed; its records wait in its queue",
                           result.reason());
    } else if (is_failing_) {
      look_at_health();  // the cause may be another by now
    }
    if (most != 0 && w.offers >= most) return {step::give_up, now + pause_after(w.offers, result.delay())};
    return {step::wait, now + pause_after(w.offers, result.delay())};
  }

  /// Exponential with full jitter; not shorter than the sink asks for.
  std::chrono::nanoseconds pause_after(std::uint32_t offers, std::chrono::milliseconds asked) {
    double const most = static_cast<double>(options_.retry.longest_delay.count());
    double const doubled = static_cast<double>(options_.retry.first_delay.count()) *
                           static_cast<double>(std::uint64_t{1} << std::min<std::uint32_t>(offers - 1, 30));
    std::uniform_real_distribution<double> jitter{0, std::min(doubled, most)};
    std::chrono::nanoseconds const pause{static_cast<std::int64_t>(jitter(random_) * 1e6)};
    auto const longest = has_own_thread_
                             ? std::max<std::chrono::milliseconds>(asked, options_.retry.longest_delay)
                             : options_.retry.longest_delay;
    return std::min<std::chrono::nanoseconds>(std::max<std::chrono::nanoseconds>(pause, asked), longest);
  }

  /// Poison: what the sink will never take. The rest of the batch is delivered.
  void set_aside(work& w, write_result const& result) {
    std::vector<std::uint32_t> indices;
    for (std::size_t const index : result.rejected_entries()) {
      if (w.first + index < w.fates.size()) indices.push_back(static_cast<std::uint32_t>(w.first + index));
    }
    std::sort(indices.begin(), indices.end());
    indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
    diagnostics_->warn(status_->name(), "the sink rejected records", result.reason());
    if (indices.empty()) return;
    std::vector<bool> const saved = taken_by_fallback(w.part.entries.only(indices));
    for (std::size_t i = 0; i < indices.size(); ++i) {
      if (saved[i]) {
        ++w.to_fallback;
      } else {
        w.fates[indices[i]] = fate::rejected;
      }
    }
  }

  /// True for each entry that the fallback took.
  [[nodiscard]] std::vector<bool> taken_by_fallback(batch const& entries) {
    std::vector<bool> taken(entries.size());
    if (!options_.fallback) return taken;
    std::lock_guard const lock{fallback_mutex_};
    guarded("the fallback threw", [&] {
      if (!fallback_started_) options_.fallback->start(*context_);
      fallback_started_ = true;
      write_result const result = options_.fallback->write(entries);
      std::size_t const first_left =
          result.outcome() == write_outcome::retry ? result.first_to_retry() : taken.size();
      std::fill_n(taken.begin(), std::min(first_left, taken.size()), true);
      for (std::size_t const index : result.rejected_entries()) {
        if (index < taken.size()) taken[index] = false;
      }
      if (!result) diagnostics_->warn(status_->name(), "the fallback failed, too", result.reason());
    });
    return taken;
  }

  /// Only where it was needed: a fallback that nobody needs makes no file.
  template <class Action>
  void with_fallback(std::string_view message, Action const& action) {
    std::lock_guard const lock{fallback_mutex_};
    if (fallback_started_) guarded(message, [&] { action(*options_.fallback); });
  }

  [[nodiscard]] write_result offer(batch const& entries) {
    try {
      return sink_.write(entries);
    } catch (std::exception const& error) {
      return write_result::retry(error.what());
    } catch (...) {
      return write_result::retry("the sink threw something not derived from std::exception");
    }
  }

  void try_start() {
    started_ =
        guarded("the sink did not start; it is tried again in a second", [this] { sink_.start(*context_); });
    look_at_health();
    next_start_ = clock::now() + std::chrono::seconds{1};
  }

  void recovered() {
    breaker_.succeeded();
    note_circuit();
    if (!std::exchange(is_failing_, false)) return;
    look_at_health();
    diagnostics_->warn(status_->name(), "the sink works again");
  }
  void note_circuit() noexcept { counts().circuit.set(static_cast<std::uint64_t>(breaker_.state())); }

  template <class F>
  bool guarded(std::string_view message, F&& action) {
    try {
      action();
      return true;
    } catch (std::exception const& error) {
      diagnostics_->warn(status_->name(), message, error.what());
    } catch (...) {
      diagnostics_->warn(status_->name(), message, "not derived from std::exception");
    }
    return false;
  }

  void look_at_health() {
    sink_health now;
    guarded("the sink threw in health", [&] { now = sink_.health(); });
    if (now.healthy && is_failing_) now = {false, "the last offer failed: " + last_reason_};
    if (now.healthy && !started_) now = {false, "the sink has not started"};
    status_->set_health(std::move(now));
  }

  any_sink sink_;
  delivery_options options_;
  std::shared_ptr<diagnostics> diagnostics_;
  circuit_breaker breaker_;
  std::shared_ptr<sink_status> status_;
  bool const has_own_thread_;
  bool const is_waited_for_;  ///< it may be down for long, and its records wait for it in its queue
  std::unique_ptr<start_context> context_;
  bool started_ = false;
  bool is_failing_ = false;
  clock::time_point next_start_{};
  std::string last_reason_;
  bool fallback_started_ = false;
  std::mutex
      fallback_mutex_;  ///< a full queue's records come from the worker, the sink's from its own thread
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace fapilog::inline v0_1::detail
