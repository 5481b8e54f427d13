// SPDX-License-Identifier: MIT
// Collects events into batches and hands them over; counts the events that do not reach a batch.
#pragma once

#include <fapilog/delivery/batch_writer.hpp>
#include <fapilog/detail/memory/shared_bytes.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/queue/lane_list.hpp>
#include <fapilog/queue/record_keeper.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/kept_record.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/record/uuid.hpp>
#include <fapilog/worker/event_maker.hpp>
#include <fapilog/worker/pipeline.hpp>
#include <fapilog/worker/pressure.hpp>
#include <fapilog/worker/tick_clock.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Thread: the worker's, unless stated.
class batch_builder {
 public:
  [[gnu::cold]] batch_builder(event_maker maker, stage_set stages, batch_writer& writer,
                              detail::pressure& pressure, std::shared_ptr<diagnostics> reports,
                              std::size_t batch_max_size, level_set urgent, lane_list const& lanes,
                              record_keeper* keeper)
      : maker_(std::move(maker)),
        stages_(std::move(stages), reports),
        writer_(writer),
        pressure_(pressure),
        diagnostics_(std::move(reports)),
        batch_max_size_((std::max<std::size_t>)(batch_max_size, 1)),
        urgent_(urgent),
        lanes_(lanes),
        keeper_(keeper),
        storage_(std::make_shared<batch_storage>()) {}

  /// The parent's records and counts stay with the parent; ids continue from a new seed.
  [[gnu::cold]] void after_fork_in_child() noexcept {
    storage_.reset();
    settles_for_.reset();
    line_sizes_.clear();
    is_urgent_ = false;
    maker_.begin_batch();
    ids_ = detail::uuid7_generator{};
    for (auto* const count : {&filtered_, &failed_}) count->store(0, std::memory_order_relaxed);
  }

  /// When the current batch is handed over even if it is not full: `timeout` after the previous one, so that an
  /// isolated record is handed over at once. A batch with a record of an urgent level waits a few milliseconds at most.
  /// Returns nothing if the batch is empty.
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> due(
      std::chrono::nanoseconds timeout) const noexcept {
    if (empty()) return std::nullopt;
    return handed_over_at_ + (is_urgent_ ? (std::min)(timeout, urgent_timeout) : timeout);
  }
  [[nodiscard]] bool is_due(std::chrono::nanoseconds timeout) const noexcept {
    if (empty()) return false;
    return timeout.count() == 0 || full() || std::chrono::steady_clock::now() >= *due(timeout);
  }

  [[nodiscard]] bool empty() const noexcept { return storage_ == nullptr || storage_->entries().empty(); }

  /// True if no more records may be added to the batch.
  [[nodiscard]] bool full() const noexcept {
    return storage_ != nullptr && (storage_->entries().size() >= batch_max_size_ * pressure_.batch_factor() ||
                                   storage_->text().size() >= text_max);
  }

  /// True if the helper may write the batch while the worker continues. A smaller one is written sooner than the helper wakes up.
  [[nodiscard]] bool is_large() const noexcept {
    return full() || (storage_ != nullptr && storage_->entries().size() >= large);
  }

  /// Runs one record through the stages and adds it to the batch; first hands the batch over if it is full. A record
  /// that cannot be handled for lack of memory counts as failed. `kept` is the kept record around this one, which gets the id; null if there
  /// is none.
  void add(std::byte const* record, detail::shared_bytes const& scope, std::uint64_t thread_id,
           tick_clock const& clock, std::byte* kept) noexcept {
    if (full()) hand_over(true);
    if (!pressure_.is_normal() && pressure_.shed(level_of(record))) {
      filtered_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    auto const log =
        read<detail::record_format::log_head>(record + sizeof(detail::record_format::record_head));
    take_guarded(record, scope, {thread_id, clock.unix_ns(log.ticks), kept, false, 0});
  }

  /// Where and when a record was logged.
  struct origin {
    std::uint64_t thread_id;
    std::int64_t unix_ns;     ///< time of the call, unless the kept record has it
    std::byte* kept;          ///< the kept record, or null
    bool is_recovered;        ///< true: by a process that was killed
    std::int64_t process_id;  ///< of that process
  };
  /// The same for a record of a process that was killed. It is never removed under pressure. `who` is notified when its batch is settled.
  void add_recovered(std::byte const* record, detail::shared_bytes const& scope, origin const& from,
                     std::shared_ptr<settlement> const& who) noexcept {
    if (full() || settles_for_ != who) hand_over(true);
    settles_for_ = who;
    take_guarded(record, scope, from);
  }

  /// Adds an internal record, which skips the filters. Throws: never.
  void add_internal(internal_record const& record, std::int64_t unix_ns) noexcept {
    try {
      if (full()) hand_over(true);
      take_storage();
      entry& e = storage_->entries().emplace_back(storage_->memory());
      bool keep = false;
      entry_guard const guard{*this, keep};
      e.event.message_id = ids_.next(unix_ns);
      maker_.make_internal(record, unix_ns, e.event);
      keep = stages_.run(e.event) == pipeline::verdict::keep && write(e.event);
    } catch (std::exception const& error) {
      diagnostics_->warn("worker", "a record could not be handled", error.what());
    }
  }
  /// Releases kept records that reached no batch, because they were filtered or failed, if the batch is empty.
  void release_filtered() noexcept {
    if (keeper_ != nullptr && empty()) settle_rest();
  }
  /// Makes the batch usable after its thread crashed: the record that was being added is removed and counts as failed.
  [[gnu::cold]] void end_crashed_record() noexcept {
    if (storage_ == nullptr) line_sizes_.clear();  // while the batch was handed over
    if (storage_ == nullptr || storage_->entries().size() == line_sizes_.size()) return;
    remove_last();
    failed_.fetch_add(1, std::memory_order_relaxed);
  }
  [[nodiscard]] pipeline& stages() noexcept { return stages_; }
  [[nodiscard]] pipeline const& stages() const noexcept { return stages_; }

  /// Must be called after a logger was deleted: its name may get another meaning.
  void forget_names() noexcept { maker_.begin_batch(); }

  /// Hands the batch to the sinks; `more_to_come` as for `batch_writer::write`. The batch is empty after that.
  void hand_over(bool more_to_come) noexcept {
    if (empty()) return settle_rest();
    if (keeper_ != nullptr) settle_later();
    auto& entries = storage_->entries();
    char const* line = storage_->text().data();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (line_sizes_[i] == 0) continue;
      entries[i].json = {line, line_sizes_[i] - 1};
      line += line_sizes_[i];
    }
    std::uint64_t const count = entries.size();
    auto const began = std::chrono::steady_clock::now();
    writer_.write(batch{std::exchange(storage_, nullptr)}, more_to_come);
    try {
      take_storage();
    } catch (...) {
      // The next record tries again.
    }
    line_sizes_.clear();
    is_urgent_ = false;
    maker_.begin_batch();
    handed_over_at_ = std::chrono::steady_clock::now();
    sizes_.observe(static_cast<double>(count));
    hand_over_seconds_.observe(std::chrono::duration<double>(handed_over_at_ - began).count());
  }

  /// Thread: any.
  [[gnu::cold]] void collect(metric_list& all) const {
    metric size;
    size.name = "fapilog_batch_size";
    size.help = "Records in a batch.";
    sizes_.collect_into(size);
    all.push_back(std::move(size));
    metric seconds;
    seconds.name = "fapilog_flush_seconds";
    seconds.help =
        "Time to hand a batch to the sinks; for those on the worker's thread until they have written it.";
    hand_over_seconds_.collect_into(seconds);
    all.push_back(std::move(seconds));
    stages_.collect(all);
  }
  /// Thread: any.
  void add_to(account& sum) const noexcept {
    sum.filtered += filtered_.load(std::memory_order_relaxed);
    sum.failed += failed_.load(std::memory_order_relaxed);
  }

 private:
  [[nodiscard]] static level level_of(std::byte const* record) noexcept {
    auto const head = read<detail::record_format::record_head>(record);
    return static_cast<level>(
        detail::record_format::level_of(head, detail::record_format::marked_site_of(record, head)));
  }

  /// Makes sure that there is memory for a batch. Throws: std::bad_alloc.
  void take_storage() {
    if (storage_ == nullptr) storage_ = writer_.storage();
  }

  void take_guarded(std::byte const* record, detail::shared_bytes const& scope, origin const& from) noexcept {
    try {
      take(record, scope, from);
    } catch (std::exception const& error) {
      failed_.fetch_add(1, std::memory_order_relaxed);
      diagnostics_->warn("worker", "a record could not be handled", error.what());
    }
  }

  /// Gives an event its time and its id. A kept record has them from then on, also if another process delivers it.
  void identify(event& e, origin const& from) noexcept {
    e.unix_ns = from.unix_ns;
    if (from.kept == nullptr) [[likely]] {
      e.message_id = ids_.next(e.unix_ns);
      return;
    }
    detail::record_format::kept_identity identity;
    std::byte* const log_record = detail::record_format::log_record_of(from.kept);
    if (!detail::record_format::read_identity(from.kept, log_record, identity)) {
      identity.unix_ns = (std::max)(e.unix_ns, std::int64_t{0});
      std::ranges::copy(ids_.next(e.unix_ns).bytes, identity.message_id.begin());
      detail::record_format::write_identity(from.kept, log_record, identity);
    }
    e.unix_ns = identity.unix_ns;
    std::ranges::copy(identity.message_id, e.message_id.bytes.begin());
    e.process_id = from.process_id;
  }

  /// Copies the call site of a recovered record, whose literals are not those of this process.
  [[gnu::cold]] static void own_strings(event& e) {
    for (char const** const text : {&e.file, &e.function}) {
      std::string_view const from{*text, std::strlen(*text) + 1};
      *text = e.copy(from).data();
    }
  }

  /// Lets the sinks' results release the records of the batch that is handed over.
  [[gnu::cold]] void settle_later() noexcept {
    try {
      storage_->settle_for(keeper_->begin_batch(lanes_, std::exchange(settles_for_, nullptr)));
    } catch (...) {
      // Without memory, they are released with the next batch.
    }
  }
  /// Releases kept records that reached no batch.
  void settle_rest() noexcept {
    if (keeper_ == nullptr) return;
    try {
      keeper_->settle_rest(lanes_);
    } catch (...) {
      // Without memory, they are released with the next batch.
    }
  }

  void take(std::byte const* record, detail::shared_bytes const& scope, origin const& from) {
    auto const head = read<detail::record_format::record_head>(record);
    auto const log = read<detail::record_format::log_head>(record + sizeof head);
    take_storage();
    detail::arena& memory = storage_->memory();
    std::byte* const own = memory.take(head.size);
    std::memcpy(own, record, head.size);
    storage_->keep(static_cast<logger_core const*>(log.logger)->bound);
    storage_->keep(scope);

    entry& e = storage_->entries().emplace_back(memory);
    e.event.thread_id = from.thread_id;
    identify(e.event, from);
    if (from.is_recovered) storage_->mark_recovered();
    bool keep = false;
    entry_guard const guard{*this, keep};
    auto const defects = maker_.make(own, scope, e.event);
    if (from.is_recovered) own_strings(e.event);
    if (defects.failed)
      diagnostics_->warn(
          "call", "a value or message could not be made; the record contains the reason",
          site_text_of(e.event).append(defects.key.empty() ? ", in the message" : ", in a field"));
    if (defects.clipped)
      diagnostics_->warn("call",
                         "a record was cut because it is longer than max_record_bytes or nested too deep",
                         site_text_of(e.event));
    switch (stages_.run(e.event)) {
      case pipeline::verdict::filtered: filtered_.fetch_add(1, std::memory_order_relaxed); return;
      case pipeline::verdict::failed: failed_.fetch_add(1, std::memory_order_relaxed); return;
      case pipeline::verdict::keep: break;
    }
    keep = write(e.event);
    if (!keep) failed_.fetch_add(1, std::memory_order_relaxed);
  }

  /// Describes a record by its call site only: no redactor has checked its logger and its keys yet.
  [[gnu::cold]] static std::string site_text_of(event const& e) {
    if (*e.file == 0) return "the call site is unknown";
    return std::string{e.file}.append(":").append(std::to_string(e.line));
  }

  bool write(event const& e) {
    std::size_t const begin = storage_->text().size();
    if (!stages_.write(e, storage_->text())) return false;
    line_sizes_.push_back(storage_->text().size() - begin);
    is_urgent_ = is_urgent_ || urgent_.contains(e.severity);
    return true;
  }

  /// Removes the last entry on destruction, unless `keep` is true then.
  struct entry_guard {
    batch_builder& builder;
    bool const& keep;
    entry_guard(batch_builder& b, bool const& k) noexcept : builder(b), keep(k) {}
    entry_guard(entry_guard const&) = delete;
    entry_guard& operator=(entry_guard const&) = delete;
    ~entry_guard() {
      if (!keep) builder.remove_last();
    }
  };
  void remove_last() noexcept {
    storage_->entries().pop_back();
    std::size_t text = 0;
    for (std::size_t const size : line_sizes_) text += size;
    storage_->text().shrink(text);
  }

  static constexpr std::size_t large = 64;
  /// Bytes of JSON from which a batch is full: a batch of large records has fewer records.
  static constexpr std::size_t text_max = std::size_t{1} << 20;
  /// Not 0, so that a flood of errors still goes out in batches.
  static constexpr std::chrono::nanoseconds urgent_timeout{5'000'000};

  event_maker maker_;
  pipeline stages_;
  batch_writer& writer_;
  detail::pressure& pressure_;
  std::shared_ptr<diagnostics> diagnostics_;
  std::size_t batch_max_size_;
  level_set urgent_;
  bool is_urgent_ = false;  ///< the batch has a record of such a level
  lane_list const& lanes_;
  record_keeper* const keeper_;              ///< null if records end with the process
  std::shared_ptr<settlement> settles_for_;  ///< notified when the current batch is settled
  std::shared_ptr<batch_storage> storage_;
  std::vector<std::size_t> line_sizes_;  ///< of each entry, with the end of the line; 0 if no sink needs JSON
  std::chrono::steady_clock::time_point handed_over_at_{};
  detail::uuid7_generator ids_;
  std::atomic<std::uint64_t> filtered_{0};
  std::atomic<std::uint64_t> failed_{0};
  histogram<11> sizes_{{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}};
  histogram<11> hand_over_seconds_{{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1.0}};
};

}  // namespace fapilog::inline v0_1::detail
