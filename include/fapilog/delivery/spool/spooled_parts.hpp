// SPDX-License-Identifier: MIT
// Parcels on disk: a sink's spool, and whose records its frames are.
#pragma once

#include <fapilog/delivery/batch_part.hpp>
#include <fapilog/delivery/spool/spool.hpp>
#include <fapilog/delivery/spool/spooled_batch.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/metrics/sink_account.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Thread: one at a time, but for `counts`.
class spooled_parts {
 public:
  spooled_parts(spool_options const& options, std::string_view sink_name, spool::complaint complain,
                sink_counters& counts)
      : complain_(std::move(complain)), spool_(options, sink_name, complain_), counts_(counts) {}

  void open() {
    if (std::string const error = spool_.open(); !error.empty()) complain_("the spool cannot be used", error);
  }
  [[nodiscard]] bool empty() const noexcept { return spool_.empty(); }

  /// Behind everything else. False: it is full or cannot be written, which was told.
  [[nodiscard]] bool append(batch_part const& part) {
    encode_batch(frame_, part.entries);
    if (!append_frame(part, 0, frame_.view(), false)) return false;
    part.settle(std::vector<fate>(part.entries.size(), fate::spooled));
    return true;
  }

  /// The batch_part at hand from its entry `first` on, and those that wait, which are older than what this process has
  /// spooled: all of them before that, or none. The waiting ones are settled and removed; `fates` of the one at hand are
  /// set.
  [[nodiscard]] bool move_before(batch_part const& at_hand, std::size_t first, std::vector<fate>& fates,
                                 std::deque<batch_part>& waiting) {
    std::vector<std::string> frames;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i <= waiting.size(); ++i) {
      encode_batch(frame_, i == 0 ? at_hand.entries : waiting[i - 1].entries, i == 0 ? first : 0);
      bytes += spool_segment::head_size + spool_segment::frame_bytes(frame_.size());  // each may begin a file
      frames.emplace_back(frame_.view());
    }
    if (!spool_.has_room(bytes)) return fail("the spool is full");
    bool const is_front = spool_.has_own();
    if (is_front) {
      if (std::string const error = spool_.open_front(); !error.empty()) return fail(error);
    }
    if (!append_frame(at_hand, first, frames[0], is_front)) return false;
    std::fill(fates.begin() + static_cast<std::ptrdiff_t>(first), fates.end(), fate::spooled);
    for (std::size_t i = 1; i < frames.size(); ++i) {
      // The medium gave out in the middle: the rest keeps its place in the queue, ahead of its turn.
      if (!append_frame(waiting.front(), 0, frames[i], is_front)) break;
      waiting.front().settle(std::vector<fate>(waiting.front().entries.size(), fate::spooled));
      waiting.pop_front();
    }
    return true;
  }

  /// The oldest batch_part, without a ticket: `end_first` is told its fates. Without entries where it had to be passed over
  /// or there is none.
  [[nodiscard]] batch_part first() {
    spool::frame found;
    if (!spool_.front(found)) return {};
    batch entries = decode_batch(found.bytes, found.records);
    number_ = found.number;
    if (entries.empty()) {
      complain_("records of the spool cannot be read and are lost", std::to_string(found.records));
      end_first(std::vector<fate>(found.records, fate::failed), 0);
    }
    return {std::move(entries), {}, nullptr};
  }
  /// The batch_part that `first` gave has come to its end; `to_fallback` of its delivered records took the other way.
  void end_first(std::vector<fate> const& fates, std::size_t to_fallback) {
    spool_.pop_front();
    auto const with = [&fates](fate f) {
      return static_cast<std::uint64_t>(std::count(fates.begin(), fates.end(), f));
    };
    auto const found = owners_.find(number_);
    if (found == owners_.end()) return counts_.recovered.add(with(fate::delivered));
    counts_.spooled.subtract(fates.size());
    counts_.delivered.add(with(fate::delivered) - to_fallback);
    counts_.to_fallback.add(to_fallback);
    counts_.rejected.add(with(fate::rejected));
    counts_.failed.add(with(fate::failed));
    owner const& own = found->second;
    for (std::size_t i = 0; own.ticket != nullptr && i < own.places.size(); ++i)
      own.ticket->settle_spooled(own.places[i], fates[i]);
    owners_.erase(found);
  }

  void close() noexcept { spool_.close(); }
  void after_fork_in_child() noexcept {
    owners_.clear();
    spool_.after_fork_in_child();
  }

 private:
  struct owner {
    std::vector<std::size_t> places;
    std::shared_ptr<batch_ticket> ticket;
  };

  bool append_frame(batch_part const& part, std::size_t first, std::string_view bytes, bool is_front) {
    std::size_t const records = part.entries.size() - first;
    auto const count = static_cast<std::uint32_t>(records);
    auto const done = is_front ? spool_.append_front(bytes, count) : spool_.append(bytes, count);
    if (done.number == 0) return fail(done.error);
    is_failing_ = false;
    owner own{{}, part.ticket};
    own.places.reserve(records);
    for (std::size_t i = first; i < part.entries.size(); ++i) own.places.push_back(part.place(i));
    owners_.emplace(done.number, std::move(own));
    counts_.spooled.add(records);
    return true;
  }
  bool fail(std::string_view error) {
    if (!std::exchange(is_failing_, true)) complain_("the spool takes nothing more", error);
    return false;
  }

  spool::complaint complain_;
  spool spool_;
  sink_counters& counts_;
  std::unordered_map<std::uint64_t, owner> owners_;
  detail::text_buffer frame_;
  std::uint64_t number_ = 0;  ///< of the frame that `first` gave
  bool is_failing_ = false;
};

}  // namespace fapilog::inline v0_1::detail
