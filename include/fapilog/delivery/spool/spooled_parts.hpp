// SPDX-License-Identifier: MIT
// Stores batch parts in a sink's spool, with the tickets that the stored records belong to.
#pragma once

#include <fapilog/delivery/batch_part.hpp>
#include <fapilog/delivery/batch_queue.hpp>
#include <fapilog/delivery/delivery_job.hpp>
#include <fapilog/delivery/part_store.hpp>
#include <fapilog/delivery/spool/spool.hpp>
#include <fapilog/delivery/spool/spool_progress.hpp>
#include <fapilog/delivery/spool/spooled_batch.hpp>
#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/metrics/sink_account.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <numeric>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Thread: one at a time, except for `counts`.
class spooled_parts final : public part_store {
 public:
  [[gnu::cold]] spooled_parts(spool_options const& options, std::string_view sink_name, reporter report,
                              sink_counters& counts)
      : report_(std::move(report)), spool_(options, sink_name, report_), counts_(counts), progress_(counts) {}

  [[gnu::cold]] void open() override {
    if (std::string const error = spool_.open(); !error.empty()) report_("the spool cannot be used", error);
    update_fill();
  }
  [[nodiscard]] bool empty() const noexcept override { return spool_.empty(); }

  /// Appends a part behind all others and settles it as spooled. Returns false, and reports why, if the spool is full or
  /// cannot be written.
  [[nodiscard, gnu::cold]] bool append(batch_part const& part) override {
    encode_batch(buffer_, part.entries);
    bool const is_first = spool_.empty();
    if (!store(part, all_of(part), buffer_.view(), position::back)) return false;
    if (is_first && !part.entries.empty()) progress_.set_oldest(part.entries[0].event.unix_ns);
    part.settle_all(record_result::spooled);
    return true;
  }

  /// Stores the entries of `current` that have no result, and then the queue, in front of what this process has spooled,
  /// because they are older. Stores nothing and returns false if not all of it fits. Sets the results of the stored entries of
  /// `current`; settles and removes the parts of the queue. If disk or memory fail halfway, what was not stored stays where it
  /// was; returns false if that is an entry of `current`.
  [[nodiscard, gnu::cold]] bool move_before(delivery_job& current, batch_queue& queue) override {
    std::vector<piece> pieces = unfinished_pieces(current);
    std::size_t const own = pieces.size();
    for (batch_part const& waiting : queue.waiting()) pieces.push_back({&waiting, all_of(waiting), {}});
    std::uint64_t bytes = 0;
    for (piece& one : pieces) {
      encode_batch(buffer_, one.part->entries, one.left);
      bytes +=
          spool_segment::head_size + spool_segment::frame_bytes(buffer_.size());  // each may begin a file
      one.payload = buffer_.view();
    }
    if (!spool_.has_room(bytes)) return fail("the spool is full");
    bool const is_first = spool_.empty() || counts_.spooled.value() != 0;
    position const where = spool_.has_own() ? position::front : position::back;
    if (where == position::front) {
      if (std::string const error = spool_.open_front(); !error.empty()) return fail(error);
    }
    bool const has_records = !pieces.empty() && !pieces[0].left.empty();
    std::int64_t const oldest = !has_records ? 0 : pieces[0].part->entries[pieces[0].left[0]].event.unix_ns;
    auto const note_stored = [&](std::size_t i) {
      if (i == 0 && is_first && has_records) progress_.set_oldest(oldest);
    };
    for (std::size_t i = 0; i < own; ++i) {
      if (!store(*pieces[i].part, pieces[i].left, pieces[i].payload, where)) return false;
      note_stored(i);
      for (std::size_t k = 0; k < pieces[i].left.size(); ++k)
        current.results[current.index_of(k)] = record_result::spooled;
      current.advance(pieces[i].left.size());
    }
    // The current job is in the spool, so nothing may throw any more.
    for (std::size_t i = own; i < pieces.size(); ++i) {
      try {
        if (!store(queue.front(), pieces[i].left, pieces[i].payload, where)) break;
      } catch (std::bad_alloc const&) {
        break;
      }
      note_stored(i);
      queue.front().settle_all(record_result::spooled);
      queue.finish_front();
    }
    return true;
  }

  /// Reads the oldest part, merged with those behind it that fit into one batch of `max_records` records and
  /// `max_merged_bytes`; pass the results to `end_first`. The part has no ticket. It is empty if there is none or if it is
  /// unreadable, which is reported.
  [[nodiscard, gnu::cold]] batch_part first(std::size_t max_records) override {
    taken_.clear();
    batch_part merged;
    auto const frames = spool_.front(max_records, max_merged_bytes);
    for (std::uint64_t const number : spool_.take_lost()) settle_lost(number);
    for (spool::frame const& found : frames) {
      batch entries = decode_batch(found.payload, found.records, is_recovered(found.number));
      if (entries.empty() && !taken_.empty()) break;  // it is reported when it is the first
      taken_.push_back({found.number, found.end, found.records});
      if (entries.empty()) {
        report_("records of the spool cannot be read and are lost", std::to_string(found.records));
        end_first(vector<record_result>(found.records, record_result::failed), 0);
        return {};
      }
      merged.parts.push_back({std::move(entries), {}, nullptr});
    }
    if (!merged.parts.empty()) progress_.set_oldest(merged.parts.front().entries[0].event.unix_ns);
    else if (spool_.empty()) progress_.drained(0, true);  // what it held was damaged
    if (merged.parts.size() == 1) return std::move(merged.parts.front());
    return merged;
  }
  /// Records on disk that the first `records` records of what `first` returned are delivered, as far as whole parts are.
  [[gnu::cold]] void record_progress(std::size_t records) override {
    std::uint64_t end = 0;
    for (taken_part const& part : taken_) {
      if (part.records > records) break;
      records -= part.records;
      end = part.end;
    }
    if (end != 0) spool_.record_progress(end);
  }
  /// Removes what `first` returned. The fallback took `to_fallback` of the delivered records.
  [[gnu::cold]] void end_first(vector<record_result> const& results, std::size_t to_fallback) override {
    spool_.pop_front(taken_.size(), taken_.back().end);
    update_fill();
    progress_.drained(results.size(), spool_.empty());
    auto const with = [&results](record_result result) {
      return static_cast<std::uint64_t>(std::count(results.begin(), results.end(), result));
    };
    // The parts of one file are all of this process, or all of an earlier one.
    if (!owners_.contains(taken_.front().number))
      return counts_.recovered.add(with(record_result::delivered));
    counts_.spooled.subtract(results.size());
    counts_.delivered.add(with(record_result::delivered) - to_fallback);
    counts_.to_fallback.add(to_fallback);
    counts_.rejected.add(with(record_result::rejected));
    counts_.failed.add(with(record_result::failed));
    auto result = results.begin();
    for (taken_part const& part : taken_) {
      settle(part.number, result);
      result += static_cast<std::ptrdiff_t>(part.records);
    }
  }

  [[gnu::cold]] void close() noexcept override { spool_.close(); }
  [[gnu::cold]] void after_fork_in_child() noexcept override {
    owners_.clear();
    spool_.after_fork_in_child();
  }

 private:
  /// True if an earlier process may have passed the records of this frame to the sink: it was stored by that process, or it
  /// was recovered by this one.
  [[nodiscard]] bool is_recovered(std::uint64_t number) const {
    auto const found = owners_.find(number);
    return found == owners_.end() || found->second.is_recovered;
  }

  enum class position : std::uint8_t { front, back };

  /// The ticket of a stored part, and the indices of its records in their batch.
  struct owner {
    std::vector<std::size_t> indices;
    std::shared_ptr<batch_ticket> ticket;
    bool is_recovered = false;
  };
  using owners = std::unordered_map<std::uint64_t, owner>;  ///< by the number of the frame

  /// Entries of a part that go into one frame.
  struct piece {
    batch_part const* part;
    std::vector<std::uint32_t> left;  ///< their indices in the part
    std::string payload;
  };

  /// A part that `first` returned.
  struct taken_part {
    std::uint64_t number;
    std::uint64_t end;
    std::size_t records;
  };

  /// Passes the results of a stored part to its ticket.
  [[gnu::cold]] void settle(std::uint64_t number, record_result const* results) {
    auto const found = owners_.find(number);
    if (found == owners_.end()) return;
    owner const& own = found->second;
    for (std::size_t i = 0; own.ticket != nullptr && i < own.indices.size(); ++i)
      own.ticket->settle_spooled(own.indices[i], results[i]);
    owners_.erase(found);
  }

  /// The records of a frame that was damaged on disk have failed.
  [[gnu::cold]] void settle_lost(std::uint64_t number) {
    auto const found = owners_.find(number);
    if (found == owners_.end()) return;
    vector<record_result> const results(found->second.indices.size(), record_result::failed);
    counts_.spooled.subtract(results.size());
    counts_.failed.add(results.size());
    settle(number, results.data());
  }

  [[nodiscard]] static std::vector<std::uint32_t> all_of(batch_part const& part) {
    std::vector<std::uint32_t> indices(part.entries.size());
    std::iota(indices.begin(), indices.end(), std::uint32_t{0});
    return indices;
  }
  /// The entries without a result, by the parts that were merged into the job.
  [[nodiscard, gnu::cold]] static std::vector<piece> unfinished_pieces(delivery_job const& job) {
    std::vector<piece> pieces;
    std::size_t const count = job.remaining_count();
    std::size_t begin = 0;
    std::size_t next = 0;
    auto const add = [&](batch_part const& part) {
      std::size_t const end = begin + part.entries.size();
      std::vector<std::uint32_t> left;
      for (; next < count && job.index_of(next) < end; ++next)
        left.push_back(static_cast<std::uint32_t>(job.index_of(next) - begin));
      if (!left.empty()) pieces.push_back({&part, std::move(left), {}});
      begin = end;
    };
    if (job.part.parts.empty()) add(job.part);
    for (batch_part const& part : job.part.parts) add(part);
    return pieces;
  }

  bool store(batch_part const& part, std::vector<std::uint32_t> const& left, std::string_view payload,
             position where) {
    auto const count = static_cast<std::uint32_t>(left.size());
    // First, because nothing may fail once the frame is on disk.
    owner own{{}, part.ticket, part.entries.is_recovered()};
    own.indices.reserve(left.size());
    for (std::uint32_t const i : left) own.indices.push_back(part.batch_index(i));
    owners made;
    made.emplace(0, std::move(own));
    owners_.reserve(owners_.size() + 1);
    auto const stored =
        where == position::front ? spool_.append_front(payload, count) : spool_.append(payload, count);
    if (stored.number == 0) return fail(stored.error);
    is_failing_ = false;
    auto node = made.extract(made.begin());
    node.key() = stored.number;
    owners_.insert(std::move(node));
    counts_.spooled.add(left.size());
    update_fill();
    return true;
  }
  /// Publishes how full the spool is, and reports once that little room is left.
  [[gnu::cold]] void update_fill() {
    constexpr std::uint64_t announced_percent = 80;
    constexpr std::uint64_t forgotten_percent =
        50;  // so that a spool around 80 % is not announced again and again
    std::uint64_t const bytes = spool_.bytes();
    counts_.spool_bytes.set(bytes);
    counts_.spool_max_bytes.set(spool_.max_bytes());
    std::uint64_t const percent = spool_fill_percent(counts_);
    if (percent < forgotten_percent) is_announced_ = false;
    if (percent < announced_percent || std::exchange(is_announced_, true)) return;
    report_("the spool is filling up; when it is full, records are lost",
            concat({std::to_string(percent), " % of ", std::to_string(spool_.max_bytes()), " bytes"}));
  }
  /// Reports the first of several failures. Returns false.
  [[gnu::cold]] bool fail(std::string_view error) {
    if (!std::exchange(is_failing_, true)) report_("the spool takes no more records", error);
    return false;
  }

  reporter report_;
  spool spool_;
  sink_counters& counts_;
  spool_progress progress_;
  owners owners_;
  detail::text_buffer buffer_;
  std::vector<taken_part> taken_;  ///< what `first` returned, in order
  bool is_failing_ = false;
  bool is_announced_ = false;  ///< it was reported that the spool fills up
};

}  // namespace fapilog::inline v0_1::detail
