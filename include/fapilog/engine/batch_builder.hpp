// SPDX-License-Identifier: MIT
// Collects events into batches, hands each to every sink's delivery and keeps the account of what became of them.
#pragma once

#include <fapilog/detail/shared_bytes.hpp>
#include <fapilog/engine/delivery.hpp>
#include <fapilog/engine/event_maker.hpp>
#include <fapilog/engine/pipeline.hpp>
#include <fapilog/engine/tick_clock.hpp>
#include <fapilog/metrics/counters.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/uuid.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

namespace fapilog::engine {

/// Thread: the worker's, but for `add_to`.
class batch_builder {
 public:
  batch_builder(event_maker maker, pipeline stages, std::vector<delivery> deliveries,
                std::shared_ptr<diagnostics> tell, std::size_t batch_max_size)
      : maker_(std::move(maker)),
        stages_(std::move(stages)),
        deliveries_(std::move(deliveries)),
        tell_(std::move(tell)),
        batch_max_size_(std::max<std::size_t>(batch_max_size, 1)),
        storage_(std::make_shared<batch_storage>()) {}

  void start(start_context const& context) {
    for (delivery& d : deliveries_) d.start(context);
  }
  void stop() {
    for (delivery& d : deliveries_) d.flush();
    for (delivery& d : deliveries_) d.stop();
  }
  void flush() {
    for (delivery& d : deliveries_) d.flush();
  }

  /// What the parent has collected and counted stays with it; ids go on from a seed of the child's own.
  void after_fork_in_child() {
    storage_ = std::make_shared<batch_storage>();
    line_sizes_.clear();
    maker_.begin_batch();
    ids_ = detail::uuid7_generator{};
    for (auto* const count : {&processed_, &filtered_, &failed_, &retried_})
      count->store(0, std::memory_order_relaxed);
  }

  /// When a batch last went out.
  [[nodiscard]] std::chrono::steady_clock::time_point last_hand_over() const noexcept {
    return last_hand_over_;
  }

  [[nodiscard]] bool empty() const noexcept { return storage_->entries().empty(); }

  /// One record through the stages into the batch, which is handed over when it is full. A record whose handling runs
  /// out of memory is counted as failed.
  void add(std::byte const* record, detail::shared_bytes const& scope, std::uint64_t thread_id,
           tick_clock const& clock) {
    try {
      take(record, scope, thread_id, clock);
    } catch (std::exception const& error) {
      failed_.fetch_add(1, std::memory_order_relaxed);
      tell_->warn("worker", "a record could not be handled", error.what());
      return;
    }
    if (storage_->entries().size() >= batch_max_size_) hand_over();
  }

  /// Gives the batch to every sink. Afterwards it is empty.
  void hand_over() {
    if (empty()) return;
    auto& entries = storage_->entries();
    char const* line = storage_->text().data();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (line_sizes_[i] == 0) continue;
      entries[i].json = {line, line_sizes_[i] - 1};
      line += line_sizes_[i];
    }
    std::uint64_t lost = 0;
    std::uint64_t const count = entries.size();
    try {
      batch const built{std::exchange(storage_, nullptr)};
      lost = deliver(built);
      spare(built);
    } catch (std::exception const& error) {
      lost = count;
      tell_->warn("worker", "a batch could not be handed over", error.what());
    }
    if (storage_ == nullptr) storage_ = std::make_shared<batch_storage>();
    line_sizes_.clear();
    maker_.begin_batch();
    last_hand_over_ = std::chrono::steady_clock::now();
    failed_.fetch_add(lost, std::memory_order_relaxed);
    processed_.fetch_add(count - lost, std::memory_order_relaxed);
  }

  /// Thread: any.
  void add_to(account& sum) const noexcept {
    sum.processed += processed_.load(std::memory_order_relaxed);
    sum.filtered += filtered_.load(std::memory_order_relaxed);
    sum.failed += failed_.load(std::memory_order_relaxed);
    sum.retried += retried_.load(std::memory_order_relaxed);
  }

 private:
  void take(std::byte const* record, detail::shared_bytes const& scope, std::uint64_t thread_id,
            tick_clock const& clock) {
    auto const head = read<record_format::record_head>(record);
    auto const log = read<record_format::log_head>(record + sizeof head);
    detail::arena& memory = storage_->memory();
    std::byte* const own = memory.take(head.size);
    std::memcpy(own, record, head.size);
    storage_->keep(static_cast<logger_core const*>(log.logger)->bound);
    storage_->keep(scope);

    entry& e = storage_->entries().emplace_back(memory);
    e.event.thread_id = thread_id;
    e.event.unix_ns = clock.unix_ns(log.ticks);
    e.event.message_id = ids_.next(e.event.unix_ns);
    bool keep = false;
    undo const without_it{*this, keep};
    auto const remarks = maker_.make(own, scope, e.event);
    if (remarks.failed)
      tell_->warn("call", "a value or message could not be made; its text says why",
                  remarks.where.substr(0, 80));
    if (remarks.clipped)
      tell_->warn("call", "a record was cut: it was longer than max_record_bytes or nested too deep",
                  e.event.logger);
    switch (stages_.run(e.event)) {
      case pipeline::fate::filtered: filtered_.fetch_add(1, std::memory_order_relaxed); return;
      case pipeline::fate::failed: failed_.fetch_add(1, std::memory_order_relaxed); return;
      case pipeline::fate::keep: break;
    }
    std::size_t const begin = storage_->text().size();
    if (!stages_.write(e.event, storage_->text())) {
      failed_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    line_sizes_.push_back(storage_->text().size() - begin);
    keep = true;
  }

  /// Takes the entry at hand back unless it was finished.
  struct undo {
    batch_builder& builder;
    bool const& keep;
    undo(batch_builder& b, bool const& k) noexcept : builder(b), keep(k) {}
    undo(undo const&) = delete;
    undo& operator=(undo const&) = delete;
    ~undo() {
      if (keep) return;
      builder.storage_->entries().pop_back();
      std::size_t text = 0;
      for (std::size_t const size : builder.line_sizes_) text += size;
      builder.storage_->text().shrink(text);
    }
  };

  /// Returns how many entries at least one sink gave up.
  std::uint64_t deliver(batch const& built) {
    std::vector<bool> failed_anywhere(built.size(), false);
    std::vector<bool> failed(built.size(), false);
    for (delivery& d : deliveries_) {
      std::fill(failed.begin(), failed.end(), false);
      retried_.fetch_add(d.deliver(built, failed), std::memory_order_relaxed);
      for (std::size_t i = 0; i < failed.size(); ++i) failed_anywhere[i] = failed_anywhere[i] || failed[i];
    }
    return static_cast<std::uint64_t>(std::count(failed_anywhere.begin(), failed_anywhere.end(), true));
  }

  /// Uses the batch's memory again if no sink kept it.
  void spare(batch const& built) {
    if (auto storage = built.take_back()) {
      storage->clear();
      storage_ = std::move(storage);
    }
  }

  event_maker maker_;
  pipeline stages_;
  std::vector<delivery> deliveries_;
  std::shared_ptr<diagnostics> tell_;
  std::size_t batch_max_size_;
  std::shared_ptr<batch_storage> storage_;
  std::vector<std::size_t> line_sizes_;  ///< with the line's end; 0 where no sink wants JSON
  std::chrono::steady_clock::time_point last_hand_over_{};
  detail::uuid7_generator ids_;
  std::atomic<std::uint64_t> processed_{0};
  std::atomic<std::uint64_t> filtered_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> retried_{0};
};

}  // namespace fapilog::engine
