// SPDX-License-Identifier: MIT
// Reads the records of all lanes in order: by position within a lane, by timestamp between lanes.
#pragma once

#include <fapilog/detail/memory/shared_bytes.hpp>
#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/queue/kept_lane.hpp>
#include <fapilog/queue/lane_list.hpp>
#include <fapilog/record/kept_record.hpp>
#include <fapilog/record/record.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Thread: the worker's, except `high_watermark`. Throws: what the visitor throws; the current
/// record counts as read then.
class lane_reader {
 public:
  /// Throws: std::bad_alloc.
  explicit lane_reader(lane_list const& lanes) : lanes_(lanes) { heads_.reserve(min_heads); }

  /// Visits every record that was published when the pass began: `visit(lane&, log record, scope, kept)`; `kept` is the kept record
  /// around the log record, or null. A record is released after the visit, a kept one when its batch is settled. Ends early, between two
  /// records, if `interrupted()` returns true. Returns whether there was any.
  template <class Visitor, class Interrupted>
  bool pass(Visitor&& visit, Interrupted const& interrupted) {
    find_heads();
    if (heads_.empty()) return false;
    release_at_end const on_exit{heads_};
    while (!heads_.empty()) {
      auto const [first, until] = earliest();
      head& h = heads_[first];
      while (h.at < h.end && h.ticks <= until) {
        if (interrupted()) return true;
        consume(h, visit);
        if (h.at - h.released >= release_step(h)) release(h);
        if (h.at < h.end) read_head(h);
      }
      if (h.at == h.end) {
        release(h);
        heads_[first] = heads_.back();
        heads_.pop_back();
      }
    }
    return true;
  }

  /// Releases what a pass had read when its thread crashed. The record that was being visited counts as read.
  [[gnu::cold]] void end_crashed_pass() noexcept {
    for (head& h : heads_) release(h);
    heads_.clear();
  }

  /// Maximum number of bytes that have waited in one lane. Thread: any.
  [[nodiscard]] std::uint64_t high_watermark() const noexcept {
    return high_watermark_.load(std::memory_order_relaxed);
  }

 private:
  struct head {
    lane* from;
    ring::position_mapping in_memory;
    std::uint64_t read;  ///< number of records of the lane that were read so far
    std::uint64_t at;
    std::uint64_t end;
    std::uint64_t ticks;
    std::uint64_t released;  ///< position up to which the producer may write again
  };

  /// Bytes are not released after every record: each release costs the producer a cache miss.
  static std::uint64_t release_step(head const& h) noexcept {
    return (std::min<std::uint64_t>)(h.from->queue.capacity() / 8, std::uint64_t{16} * 1024);
  }
  static void release(head& h) noexcept {
    lane& from = *h.from;
    from.read_before_release.store_release(h.read);
    if (from.kept == nullptr) [[likely]] {
      from.queue.release(h.at);
    } else {
      from.kept->read_until.store_release(h.at);
      from.kept->taken_until = h.at;
    }
    from.read_after_release.store_release(h.read);
    from.room.wake_if_reached(from.queue.released());
    h.released = h.at;
  }

  void find_heads() {
    heads_.clear();
    detail::
        full_fence();  // after the releases of the last pass, before the checks for calls that wait for room
    std::uint64_t deepest = high_watermark_.load(std::memory_order_relaxed);
    for (lane* l = lanes_.first(); l != nullptr; l = l->next) {
      std::uint64_t const end = l->queue.published();
      std::uint64_t const released = l->queue.released();
      std::uint64_t const at = l->kept == nullptr ? released : l->read_until();
      l->room.wake_if_reached(released);
      if (at == end) continue;
      l->populate_ahead();
      deepest = (std::max)(deepest, end - at);
      if (!make_room_for_head()) break;
      heads_.push_back({l, l->queue.mapping(), l->read_before_release.load_relaxed(), at, end, 0, at});
      read_head(heads_.back());
    }
    high_watermark_.store(deepest, std::memory_order_relaxed);
  }

  /// Makes room for one more head; false without memory. Then the pass visits only the lanes that were found so far.
  [[nodiscard]] bool make_room_for_head() noexcept {
    if (heads_.size() < heads_.capacity()) [[likely]]
      return true;
    try {
      heads_.reserve(heads_.size() * 2);
      return true;
    } catch (...) {
      return false;
    }
  }

  static constexpr std::size_t min_heads = 16;
  static constexpr std::size_t context_bytes =
      sizeof(detail::record_format::record_head) + sizeof(detail::record_format::context_head);

  static void read_head(head& h) noexcept {
    std::byte const* record = h.in_memory.at(h.at);
    auto first = read<detail::record_format::record_head>(record);
    (void)skip_kept(record, first);
    if (first.type == detail::record_format::record_type::context) {
      record += context_bytes;
      first = read<detail::record_format::record_head>(record);
    }
    std::byte const* body = record + sizeof first;
    if (first.type == detail::record_format::record_type::pointer) {
      body =
          static_cast<std::byte const*>(read<detail::record_format::pointer_head>(body).block) + sizeof first;
    }
    h.ticks = read<detail::record_format::log_head>(body).ticks;
  }

  /// Moves from a kept record to the record in it, and returns the kept one; null for other records.
  [[gnu::always_inline]] static std::byte const* skip_kept(
      std::byte const*& record, detail::record_format::record_head& head) noexcept {
    if (head.type != detail::record_format::record_type::kept) [[likely]]
      return nullptr;
    std::byte const* const kept = record;
    record += detail::record_format::kept_prefix_size(kept);
    head = read<detail::record_format::record_head>(record);
    return kept;
  }

  /// The lane with the earliest record, and the time of the earliest record in the other lanes.
  struct turn {
    std::size_t first;
    std::uint64_t until;
  };
  [[nodiscard]] turn earliest() const noexcept {
    turn next{0, ~std::uint64_t{0}};
    for (std::size_t i = 1; i < heads_.size(); ++i) {
      std::uint64_t const ticks = heads_[i].ticks;
      if (ticks < heads_[next.first].ticks) {
        next = {i, heads_[next.first].ticks};
      } else {
        next.until = (std::min)(next.until, ticks);
      }
    }
    return next;
  }

  /// Visits the next log record, after taking the scope that was published with it.
  template <class Visitor>
  void consume(head& h, Visitor& visit) {
    std::byte const* record = h.in_memory.at(h.at);
    auto first = read<detail::record_format::record_head>(record);
    h.at += first.size;
    ++h.read;
    std::byte const* const kept = skip_kept(record, first);
    detail::shared_bytes& scope = h.from->scope_received;
    if (first.type == detail::record_format::record_type::context) {
      scope = detail::shared_bytes::adopt(
          read<detail::record_format::context_head>(record + sizeof first).fields);
      record += context_bytes;
      first = read<detail::record_format::record_head>(record);
    }
    if (first.type == detail::record_format::record_type::pointer) {
      block const own{*h.from, read<detail::record_format::pointer_head>(record + sizeof first).block};
      return visit(*h.from, static_cast<std::byte const*>(own.bytes), std::as_const(scope), nullptr);
    }
    visit(*h.from, record, std::as_const(scope), const_cast<std::byte*>(kept));
    if (kept != nullptr) h.from->kept->taken_until = h.at;
  }

  /// A record on the heap. Freed after the visit, which gives the lane room for others.
  struct block {
    lane& from;
    std::byte* bytes;
    block(lane& l, void* b) noexcept : from(l), bytes(static_cast<std::byte*>(b)) {}
    block(block const&) = delete;
    block& operator=(block const&) = delete;
    ~block() {
      auto const size = read<detail::record_format::record_head>(bytes).size;
      std::free(bytes);
      from.heap_freed.store_release(from.heap_freed.load_relaxed() + size);
    }
  };

  /// Releases what was read, also if a pass ends early or a visit throws: no record is visited twice.
  struct release_at_end {
    vector<head>& heads;
    explicit release_at_end(vector<head>& all) noexcept : heads(all) {}
    release_at_end(release_at_end const&) = delete;
    release_at_end& operator=(release_at_end const&) = delete;
    ~release_at_end() {
      for (head& h : heads) release(h);
    }
  };

  lane_list const& lanes_;
  vector<head> heads_;
  std::atomic<std::uint64_t> high_watermark_{0};
};

}  // namespace fapilog::inline v0_1::detail
