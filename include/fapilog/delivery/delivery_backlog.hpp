// SPDX-License-Identifier: MIT
// What one sink has not been offered yet or must be offered again: the current job, the queue, and the spool.
#pragma once

#include <fapilog/delivery/batch_part.hpp>
#include <fapilog/delivery/batch_queue.hpp>
#include <fapilog/delivery/delivery.hpp>
#include <fapilog/delivery/delivery_job.hpp>
#include <fapilog/delivery/part_store.hpp>
#include <fapilog/detail/memory/vector.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Keeps the parts in the order of their delivery: the current job, then the queue, then the spool. While the spool is not
/// empty, new parts go to it. Thread: one at a time.
class delivery_backlog {
 public:
  struct report {
    std::string message;
    std::string detail;
  };

  /// `to` must outlive this object.
  explicit delivery_backlog(delivery const& to) : delivery_(to), queue_(to.options().queue_bytes) {
    auto const& options = to.options();
    if (options.spool.directory.empty()) return;
    auto const add_report = [this](std::string_view message, std::string_view detail) {
      reports_.push_back({std::string{message}, std::string{detail}});
    };
    part_store_maker const* const maker = options.spool.directory.maker();
    if (maker == nullptr) throw std::invalid_argument{"fapilog: assign `spool.directory` as a whole"};
    spool_ = maker->make(options.spool, to.status()->name(), add_report, to.counts());
  }
  delivery_backlog(delivery_backlog const&) = delete;
  delivery_backlog& operator=(delivery_backlog const&) = delete;
  ~delivery_backlog() = default;

  void open_spool() {
    if (spool_) spool_->open();
  }
  void close_spool() {
    if (spool_) spool_->close();
  }
  [[nodiscard]] bool has_spool() const noexcept { return spool_ != nullptr; }
  /// True if there are parts in the spool.
  [[nodiscard]] bool has_spooled() const noexcept { return spool_ && !spool_->empty(); }
  /// True if there are parts in the queue.
  [[nodiscard]] bool has_queued() const noexcept { return !queue_.empty(); }

  /// Moves a part to the queue or the spool. Returns false, and leaves the part as it is, if neither has room.
  [[nodiscard]] bool add(batch_part& part) {
    if (!has_spooled() && queue_.has_room_for(part)) {
      queue_.push(std::move(part));
      publish_queue_bytes();
      return true;
    }
    return spool_ && spool_->append(part);
  }
  /// Number of parts that the queue took so far, and how many of them have their results or are in the spool.
  [[nodiscard]] std::uint64_t queued() const noexcept { return queue_.pushed(); }
  [[nodiscard]] std::uint64_t finished() const noexcept { return queue_.finished(); }

  // The current job. Without one, only the first three functions may be called.

  [[nodiscard]] bool has_current() const noexcept { return current_.has_value(); }
  /// Makes the first part of the queue, merged with those behind it if the sink prefers large batches, the current job.
  /// Throws: std::bad_alloc, without any effect.
  void take_from_queue() {
    std::size_t const count = queue_.mergeable(delivery_.batch_size());
    vector<record_result> results;
    if (count == 1) results = vector<record_result>(queue_.front().entries.size(), record_result::delivered);
    current_.emplace(current_job{delivery_job{queue_.take_parts(count), std::move(results)}, source::queue});
  }
  /// Makes the first part of the spool, merged with those behind it if the sink prefers large batches, the current job, if
  /// the spool can read it.
  void take_from_spool() {
    batch_part oldest = spool_->first(delivery_.batch_size());
    if (!oldest.entries.empty() || !oldest.parts.empty())
      current_.emplace(current_job{delivery_job{std::move(oldest)}, source::spool});
  }
  [[nodiscard]] delivery_job& current() noexcept { return current_->job; }
  [[nodiscard]] bool current_is_spooled() const noexcept { return current_->from == source::spool; }
  /// Ends the current job, whose entries have their results.
  void finish_current() {
    if (current_is_spooled()) {
      spool_->end_first(current_->job.results, current_->job.to_fallback);
    } else {
      delivery_.finish(current_->job);
      queue_.finish(current_->job.part);
    }
    join_memory_ = current_->job.reusable_memory();
    current_.reset();
    publish_queue_bytes();
  }
  /// Joins the entries of the current job if it is merged. Reuses the memory of the previous merged job, because memory that
  /// is new to the process is slow.
  void join_current() { current_->job.join(join_memory_); }
  /// Records on disk which parts of the current job, which was taken from the spool, are delivered.
  void record_progress() { spool_->record_progress(current_->job.first); }
  /// Leaves the current job in the spool, from where it was taken.
  void leave_current_in_spool() noexcept { current_.reset(); }
  /// Moves the current job and the queue into the spool, in front of what it holds. Returns false if not all was moved. If
  /// it returns true, the current job must be finished.
  [[nodiscard]] bool move_to_spool() { return spool_->move_before(current_->job, queue_); }

  /// What the spool has to report. The caller reports it once it has released its lock, because a report calls a function
  /// of the user.
  [[nodiscard]] bool has_reports() const noexcept { return !reports_.empty(); }
  [[nodiscard]] vector<report> take_reports() noexcept { return std::exchange(reports_, {}); }

  /// The parent keeps its records.
  void after_fork_in_child() {
    queue_.clear();
    current_.reset();
    delivery_.counts().after_fork();
    if (spool_) spool_->after_fork_in_child();
  }

 private:
  enum class source : std::uint8_t { queue, spool };
  struct current_job {
    delivery_job job;
    source from;
  };

  void publish_queue_bytes() noexcept {
    delivery_.counts().queue_bytes.set(queue_.bytes());
    delivery_.counts().queue_high_watermark.raise_to(queue_.bytes());
  }

  delivery const& delivery_;
  vector<report> reports_;
  std::unique_ptr<part_store> spool_;
  batch_queue queue_;
  std::optional<current_job> current_;
  std::shared_ptr<batch_storage> join_memory_;  ///< null if there is none to reuse
};

}  // namespace fapilog::inline v0_1::detail
