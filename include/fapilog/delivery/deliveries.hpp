// SPDX-License-Identifier: MIT
// All sinks of a runtime: creates their deliveries and passes each batch to the sinks that take its records.
#pragma once

#include <fapilog/delivery/batch_part.hpp>
#include <fapilog/delivery/delivery.hpp>
#include <fapilog/delivery/delivery_metrics.hpp>
#include <fapilog/delivery/flush_latch.hpp>
#include <fapilog/delivery/router.hpp>
#include <fapilog/delivery/threaded_delivery.hpp>
#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/os/absolute_path.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/metrics/loss_counts.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/setup/delivery_options.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// The delivery of one sink: either on the thread that passes the batches, or on its own. One of the pointers is null.
struct delivery_slot {
  std::unique_ptr<delivery> shared;
  std::shared_ptr<threaded_delivery> own;

  [[nodiscard]] fapilog::route const& route() const noexcept {
    return shared != nullptr ? shared->options().route : own->route();
  }
  [[nodiscard]] std::shared_ptr<sink_status> const& status() const noexcept {
    return shared != nullptr ? shared->status() : own->status();
  }
};

/// True if a sink gets its own thread: if the options say so, if it has a spool, if it declares that it may block, or if it
/// declares nothing and could delay other sinks.
[[nodiscard, gnu::cold]] inline bool needs_own_thread(placed_sink const& placed, std::size_t sink_count) {
  switch (placed.delivery.thread) {
    case sink_thread::own: return true;
    case sink_thread::shared: return false;
    case sink_thread::automatic: break;
  }
  return !placed.delivery.spool.directory.empty() || placed.sink.may_block().value_or(sink_count > 1);
}

/// Makes the deliveries in the order of the sinks. `retry` applies to sinks without retry options of their own.
/// `thread_started` is called on each new thread. `make_thread` may be null if no sink can need its own thread.
/// Throws: std::bad_alloc.
[[nodiscard, gnu::cold]] inline vector<delivery_slot> make_deliveries(
    std::vector<placed_sink> sinks, retry_options const& retry,
    std::shared_ptr<diagnostics> const& reports_to, std::function<void()> const& thread_started,
    delivery_thread_maker make_thread) {
  vector<delivery_slot> all;
  std::size_t const count = sinks.size();
  std::vector<std::string> names;
  for (placed_sink& placed : sinks) {
    // Names distinguish sinks in metrics and spools: the second sink of a name becomes <name>_2.
    std::string const base = placed.delivery.name.empty() ? placed.sink.name() : placed.delivery.name;
    placed.delivery.name = base;
    for (int n = 2; std::find(names.begin(), names.end(), placed.delivery.name) != names.end(); ++n)
      placed.delivery.name = base + '_' + std::to_string(n);
    names.push_back(placed.delivery.name);
    std::string& directory = placed.delivery.spool.directory;  // keeps its maker
    directory = absolute_path(std::move(directory));
    if (placed.delivery.retry == retry_options{}) placed.delivery.retry = retry;
    delivery_slot& slot = all.emplace_back();
    if (make_thread != nullptr && needs_own_thread(placed, count)) {
      slot.own = make_thread(std::move(placed), reports_to, thread_started);
    } else {
      slot.shared = std::make_unique<delivery>(std::move(placed), sink_thread::shared, reports_to);
    }
  }
  return all;
}

/// Thread: one at a time, except where a function says otherwise.
class deliveries {
 public:
  deliveries(vector<delivery_slot> sink_slots, routing rule, std::shared_ptr<diagnostics> reports_to)
      : slots_(std::move(sink_slots)),
        router_(routes_of(slots_), rule),
        diagnostics_(std::move(reports_to)) {}

  /// True if at least one sink is called on the thread that calls `deliver`.
  [[nodiscard]] bool has_shared() const noexcept {
    for (delivery_slot const& slot : slots_) {
      if (slot.shared != nullptr) return true;
    }
    return false;
  }

  [[gnu::cold]] void start(std::shared_ptr<start_context const> const& context) noexcept {
    for_each_own([&](threaded_delivery& own) { own.start(context); });
    for_each_shared([&](delivery& shared) {
      shared.prepare(context);
      shared.start();
    });
  }
  /// Flushes the sinks of this thread. Sinks with their own thread take part in `latch` and flush later.
  [[gnu::cold]] void flush(std::shared_ptr<flush_latch> const& latch) {
    for_each_own([&](threaded_delivery& own) { own.flush(latch); });
    for_each_shared([](delivery& shared) { shared.flush(); });
    latch->count_down();
  }
  [[gnu::cold]] void change_routes(std::optional<std::vector<route>> routes, std::optional<routing> rule) {
    router_.change(std::move(routes), rule);
  }
  /// Thread: any.
  [[gnu::cold]] void begin_drain() {
    for_each_own([](threaded_delivery& own) { own.begin_drain(); });
  }
  /// Thread: any.
  [[gnu::cold]] void cancel_writes() {
    for_each_own([](threaded_delivery& own) { own.cancel_writes(); });
  }
  /// Flushes and stops every sink, and waits for the sinks' threads without a time limit.
  [[gnu::cold]] void stop() {
    for_each_own([](threaded_delivery& own) { own.close(); });
    for_each_shared([](delivery& shared) {
      shared.flush();
      shared.stop();
    });
    for_each_own([](threaded_delivery& own) { own.join(); });
  }

  /// Passes each sink its part of the batch: first to the sinks with their own thread, which do not wait for the others.
  void deliver(batch const& entries) noexcept {
    std::shared_ptr<batch_ticket> ticket;
    router::parts parts;
    try {
      parts = router_.split(entries);
      std::size_t count = 0;
      for (batch_part const& part : parts.of_sinks) count += part.entries.empty() ? 0U : 1U;
      exclude_internal(entries, parts.excluded);
      // The ticket is settled once more at the end, so that it stays open until every part has been passed on.
      ticket = std::make_shared<batch_ticket>(entries.size(), count + 1, totals_, std::move(parts.excluded),
                                              entries.settles());
    } catch (std::exception const& error) {
      return lose(entries, error);
    }
    unrouted_.add(parts.unrouted);
    for (batch_part& part : parts.of_sinks) part.ticket = ticket;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].own != nullptr && !parts.of_sinks[i].entries.empty())
        slots_[i].own->enqueue(std::move(parts.of_sinks[i]));
    }
    being_delivered_ = &parts;
    deliver_shared(parts, 0);
    being_delivered_ = nullptr;
    ticket->settle_last();
  }
  /// After the thread crashed that called `deliver`, and while its stack still exists: passes the rest of the batch to the
  /// other sinks. The sink that was called, if there was one, gets nothing any more. Thread: instead of that thread.
  [[gnu::cold]] void end_crashed_delivery() noexcept {
    router::parts* const rest = std::exchange(being_delivered_, nullptr);
    if (rest == nullptr) return;
    crashed_ = slots_[called_].shared.get();
    deliver_shared(*rest, called_ + 1);
  }
  /// Parks the sinks' threads between two attempts, until `deadline` at the latest. Thread: any.
  [[gnu::cold]] void pause(std::chrono::steady_clock::time_point deadline) {
    for_each_own([&](threaded_delivery& own) { own.pause(deadline); });
  }
  [[gnu::cold]] void resume() noexcept {
    for_each_own([](threaded_delivery& own) { own.resume(); });
  }
  /// Parks the sinks' threads for fork(2), until `deadline` at the latest.
  [[gnu::cold]] void before_fork(std::chrono::steady_clock::time_point deadline) {
    for_each_own([&](threaded_delivery& own) { own.before_fork(deadline); });
  }
  [[gnu::cold]] void after_fork_in_parent() noexcept {
    for_each_own([](threaded_delivery& own) { own.after_fork_in_parent(); });
  }
  /// The parent keeps its records and counts.
  [[gnu::cold]] void after_fork_in_child() {
    for (counter& total : *totals_) total.set(0);
    unrouted_.set(0);
    for_each_own([](threaded_delivery& own) { own.after_fork_in_child(); });
    for_each_shared([](delivery& shared) { shared.counts().after_fork(); });
  }

  /// Thread: any.
  [[gnu::cold]] void add_to(account& sum) const noexcept {
    auto const total = [this](record_result r) { return (*totals_)[static_cast<std::size_t>(r)].value(); };
    sum.processed += total(record_result::delivered);
    sum.spooled += total(record_result::spooled);
    sum.rejected += total(record_result::rejected);
    sum.failed += total(record_result::failed);
    sum.filtered += unrouted_.value();
    for (delivery_slot const& slot : slots_) sum.retried += slot.status()->counts.retried.value();
  }
  /// Thread: any.
  [[nodiscard]] std::size_t open_circuits() const noexcept {
    std::size_t open = 0;
    for (delivery_slot const& slot : slots_)
      open += slot.status()->counts.circuit.value() == static_cast<std::uint64_t>(circuit::open) ? 1U : 0U;
    return open;
  }
  /// Adds the points where sinks lose records, and their losses, in the same order. Thread: any.
  [[gnu::cold]] void add_loss_points(vector<loss_point>& to) const {
    for (delivery_slot const& slot : slots_) {
      char const* const full = slot.status()->has_spool() ? "spool_full" : "queue_full";
      to.push_back({slot.status()->name(), {full, "rejected", "failed"}});
    }
  }
  void add_losses(vector<loss_counts>& to) const {
    for (delivery_slot const& slot : slots_) to.push_back(slot.status()->counts.losses());
  }
  /// Adds the metrics of all sinks. Thread: any.
  [[gnu::cold]] void collect(metric_list& all) const {
    for (delivery_slot const& slot : slots_) {
      collect_sink(all, slot.status()->name(), slot.status()->counts);
      slot.status()->collect(all);
    }
  }

 private:
  [[gnu::cold]] static std::vector<route> routes_of(vector<delivery_slot> const& sink_slots) {
    std::vector<route> all(sink_slots.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = sink_slots[i].route();
    return all;
  }

  template <class Action>
  void for_each_own(Action const& action) const {
    for (delivery_slot const& slot : slots_) {
      if (slot.own != nullptr) action(*slot.own);
    }
  }
  template <class Action>
  void for_each_shared(Action const& action) const {
    for (delivery_slot const& slot : slots_) {
      if (slot.shared != nullptr && slot.shared.get() != crashed_) action(*slot.shared);
    }
  }

  /// Internal records are not in the account of the runtime.
  static void exclude_internal(batch const& entries, std::vector<bool>& excluded) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (!entries[i].event.is_internal) continue;
      if (excluded.empty()) excluded = std::vector<bool>(entries.size());
      excluded[i] = true;
    }
  }

  void deliver_shared(router::parts& parts, std::size_t first) noexcept {
    for (called_ = first; called_ < slots_.size(); ++called_) {
      delivery* const to = slots_[called_].shared.get();
      if (to == nullptr || to == crashed_ || parts.of_sinks[called_].entries.empty()) continue;
      to->deliver(std::move(parts.of_sinks[called_]));
    }
  }
  /// Counts a batch as failed that could not be split for lack of memory.
  [[gnu::cold]] void lose(batch const& entries, std::exception const& error) noexcept {
    auto const count =
        std::count_if(entries.begin(), entries.end(), [](entry const& e) { return !e.event.is_internal; });
    (*totals_)[static_cast<std::size_t>(record_result::failed)].add(static_cast<std::uint64_t>(count));
    diagnostics_->warn("worker", "a batch could not be passed to the sinks; its records are lost",
                       error.what());
    if (auto const to_notify = entries.settles()) to_notify->settled();
  }

  vector<delivery_slot> slots_;
  router router_;
  std::shared_ptr<diagnostics> diagnostics_;
  std::shared_ptr<result_totals> totals_ = std::make_shared<result_totals>();
  counter unrouted_;
  // So that another thread can continue after a crash.
  router::parts* being_delivered_ = nullptr;
  std::size_t called_ = 0;             ///< index of the shared sink that is being called
  delivery const* crashed_ = nullptr;  ///< the sink in which a thread crashed
};

}  // namespace fapilog::inline v0_1::detail
