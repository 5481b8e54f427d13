// SPDX-License-Identifier: MIT
// The flight recorders of a channel: take records that are below the level of their logger, and move them to the lanes.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/call_stack.hpp>
#include <fapilog/metrics/recorder_counts.hpp>
#include <fapilog/queue/channel.hpp>
#include <fapilog/queue/deferred_free.hpp>
#include <fapilog/queue/flight_recorder.hpp>
#include <fapilog/queue/kept_lane.hpp>
#include <fapilog/queue/lane.hpp>
#include <fapilog/queue/lane_list.hpp>
#include <fapilog/queue/record_clipping.hpp>
#include <fapilog/record/context.hpp>
#include <fapilog/setup/policies.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Thread: any; a lane is passed by its owner, unless stated. Throws: never.
class flight_recorders {
 public:
  explicit flight_recorders(flight_recorder_options const& options) noexcept
      : is_enabled_(options.enabled),
        min_level_(options.enabled ? options.level : static_cast<level>(255)),
        triggers_(options.enabled ? options.trigger_levels : level_set{}),
        capacity_(
            std::bit_ceil(std::clamp<std::size_t>(options.bytes_per_thread, 4096, std::size_t{1} << 30))) {}

  [[nodiscard]] bool is_enabled() const noexcept { return is_enabled_; }
  /// The lowest level of recent records. No level reaches it if there is no recorder.
  [[nodiscard]] level min_level() const noexcept { return min_level_; }
  /// True if a record of this level is preceded by the recent records of its thread.
  [[nodiscard]] bool is_trigger(level value) const noexcept { return triggers_.contains(value); }
  /// True if a record of this level goes to the recorder instead of the lane.
  [[nodiscard]] bool takes(logger_core const& logger, level value) const noexcept {
    return is_enabled_ && !logger.name.lowest.is_reached_by(static_cast<std::uint8_t>(value));
  }
  [[nodiscard]] static bool has_records(lane const& of) noexcept {
    flight_recorder const* const recorder = of.recorder.load_relaxed();
    return recorder != nullptr && recorder->has_records();
  }

  /// The fast path of a call whose record goes to the recorder: like `channel::begin_record`.
  [[nodiscard]] begun_record begin_record(lane& own, logger_core& logger, sized_statement what,
                                          void const* text, marked_call_site where,
                                          thread_scope const& caller, std::uint64_t ticks) noexcept {
    flight_recorder* const recorder = own.recorder.load_relaxed();
    if (recorder == nullptr || recorder->writing.load_relaxed() != 0 || has_separate_scope(caller) ||
        what.size() > recorder->queue.longest() || !near_call_site::reaches(where, text) ||
        (own.kept != nullptr && !own.kept->knows(text))) [[unlikely]]
      return {};
    recorder->writing.store_stack_pointer();
    compiler_fence();
    std::uint64_t const version = this_thread_scope.version;
    if (!recorder->has_context(logger, version)) [[unlikely]]
      recorder->put_context(logger, current_scope(), version);
    std::byte* to = recorder->queue.next_if_known_free(what.size());
    if (to == nullptr) [[unlikely]]
      to = recorder->make_room(what.size());
    recorder->queue.begin_run(what.size());
    return {put_log_start(to, logger, what.head(), text, near_call_site{where, text}, ticks), recorder};
  }

  /// Counts a record that the recorder should have.
  void count_failure() noexcept { failed_.fetch_add_relaxed(1); }
  /// The general path of such a call. Must be called while the lane is marked as being written.
  [[gnu::noinline, gnu::cold]] void add(lane& own, encoded_call const& record,
                                        thread_scope const& caller) noexcept {
    flight_recorder* const recorder = recorder_of(own);
    if (recorder == nullptr || !is_usable(*recorder)) return count_failure();

    using namespace detail::record_format;
    logger_core& logger = record.content.logger;
    shared_bytes scope = scope_of_call(caller);
    std::byte* block = nullptr;
    std::size_t in_ring = record.size;
    if (record.size > recorder->queue.longest()) [[unlikely]] {
      std::size_t const max_bytes = (std::min)(logger.owner.max_record_bytes(), capacity_);
      std::size_t const prefix = own.kept == nullptr ? 0 : kept_prefix_bytes(logger, scope.size());
      block = record.make_block(
          own.kept == nullptr ? max_bytes
                              : (std::min)(max_bytes, own.queue.longest() - lane::context_bytes - prefix));
      if (block == nullptr) return count_failure();
      in_ring = sizeof(record_head) + sizeof(pointer_head);
    }
    recorder->writing.store_stack_pointer();
    compiler_fence();
    if (block != nullptr) [[unlikely]]
      recorder->add_block(read<record_head>(block).size);
    bool const is_separate = has_separate_scope(caller);
    std::uint64_t const version = is_separate ? flight_recorder::unknown_scope : this_thread_scope.version;
    if (is_separate || !recorder->has_context(logger, version))
      recorder->put_context(logger, std::move(scope), version);
    std::byte* const to = recorder->make_room(in_ring);
    if (block != nullptr) [[unlikely]] {
      put(put(to, record_head{static_cast<std::uint32_t>(in_ring), record_type::pointer, 0, 0, 0}),
          pointer_head{block});
    } else {
      record.put(to, in_ring);
    }
    recorder->queue.commit(in_ring);
    recorder->writing.store_release(0);
  }

  /// Moves all records of the recorder to the lane, each with its scope and marked `is_recent`. `reserve(size, block, level)`
  /// returns room as `lane::reserve`, or null after it has counted a record that is dropped. Must be called while the lane is
  /// marked as being written. No effect if this call interrupts one that adds a record.
  template <class Reserve>
  void move_records(lane& own, Reserve const& reserve) noexcept {
    flight_recorder* const recorder = own.recorder.load_relaxed();
    if (recorder == nullptr || !recorder->has_records() || !is_usable(*recorder)) return;
    recorder->writing.store_stack_pointer();
    compiler_fence();
    for (auto next = recorder->oldest(); next.bytes != nullptr; next = recorder->oldest()) {
      own.submitted.add_by_owner(1);
      placement const place{own, *recorder, next};
      std::byte* const to = reserve(place.total, place.bytes_on_heap, next.severity());
      if (to != nullptr) place.put(own, *recorder, next, to);
      else recorder->remove(next);
      if (next.block != nullptr && (to == nullptr || own.kept != nullptr)) unused_.add(next.block);
    }
    own.scope_sent = lane::unknown_scope;
    recorder->writing.store_release(0);
  }

  /// Moves the records of the recorder of a thread that has crashed to its lane; it waits in its signal handler. Returns false if
  /// the lane has no room for all of them: then the caller may try again. Thread: one at a time.
  [[nodiscard, gnu::cold]] static bool move_records_of_crashed(lane_list const& lanes,
                                                               std::uint64_t thread) noexcept {
    for (lane* l = lanes.first(); l != nullptr; l = l->next) {
      if (l->owned.load_acquire() && l->thread_id == thread && !move_records_of_crashed(*l)) return false;
    }
    return true;
  }

  /// Frees what calls could not free. Thread: the worker's.
  void free_deferred() noexcept { unused_.free_all(); }
  [[nodiscard]] bool has_much_to_free() const noexcept { return unused_.is_due(); }

  [[nodiscard, gnu::cold]] recorder_counts counts(lane_list const& lanes) const noexcept {
    recorder_counts sum;
    sum.failed = failed_.load_relaxed();
    for (lane* l = lanes.first(); l != nullptr; l = l->next) {
      if (flight_recorder const* const recorder = l->recorder.load_acquire()) recorder->add_to(sum);
    }
    return sum;
  }
  /// The parent has the records.
  [[gnu::cold]] void after_fork_in_child(lane_list const& lanes) noexcept {
    failed_.store_relaxed(0);
    for (lane* l = lanes.first(); l != nullptr; l = l->next) {
      if (flight_recorder* const recorder = l->recorder.load_relaxed()) recorder->forget_in_child();
    }
  }

 private:
  /// How a recent record lies in its lane.
  struct placement {
    std::size_t prefix = 0;         ///< bytes in front of a kept record
    std::size_t inner = 0;          ///< bytes of the log or pointer record
    std::size_t bytes_on_heap = 0;  ///< a kept record has none, because they would end with the process
    std::size_t total = 0;

    placement(lane const& own, flight_recorder const& recorder,
              flight_recorder::recent_record const& moved) noexcept {
      if (own.kept != nullptr) {
        prefix = kept_prefix_bytes(moved.logger(), recorder.scope().size());
        inner = moved.log_bytes();
      } else {
        inner = moved.head.size;
        if (moved.block != nullptr) bytes_on_heap = moved.log_bytes();
      }
      total = prefix + lane::context_bytes + inner;
    }

    /// Moves the record to where there is room for it. It leaves the recorder before it is in the lane, so that a call that is
    /// left in between, by a crash or by siglongjmp, does not write it twice.
    void put(lane& own, flight_recorder& recorder, flight_recorder::recent_record const& moved,
             std::byte* to) const noexcept {
      using namespace detail::record_format;
      if (own.kept != nullptr)
        to = put_kept_start(to, total, moved.logger().name.name, moved.logger().bound, recorder.scope(),
                            own.thread_id);
      to = detail::put(
          to, record_head{static_cast<std::uint32_t>(total - prefix), record_type::context, 0, 0, 0});
      to = detail::put(to, context_head{recorder.scope().release()});
      std::memcpy(to, own.kept == nullptr ? moved.bytes : moved.log(), inner);
      mark_recent(bytes_on_heap == 0 ? to : moved.block);
      recorder.remove(moved);
      own.heap_sent += bytes_on_heap;
      own.queue.commit(total);
    }
  };

  /// The recorder of this lane; makes it if there is none. Null without memory, and for a thread that is ending.
  [[nodiscard]] flight_recorder* recorder_of(lane& own) noexcept {
    if (own.borrowed) return nullptr;
    if (flight_recorder* const made = own.recorder.load_relaxed()) return made;
    // The longest record fits the lane, whatever will be in front of it there.
    std::size_t const in_front = lane::context_bytes + (own.kept == nullptr ? 0 : max_kept_prefix);
    flight_recorder* const made = flight_recorder::make(
        capacity_, (std::min<std::size_t>)(capacity_ / 4, own.queue.longest() - in_front), unused_);
    own.recorder.store_release(made);
    return made;
  }
  /// False if this call is made by a signal handler that interrupted a call that writes into the recorder.
  [[nodiscard]] static bool is_usable(flight_recorder& recorder) noexcept {
    return recorder.writing.load_relaxed() == 0 || was_left_by_jump(recorder.writing.load_relaxed());
  }
  [[nodiscard, gnu::cold]] static bool move_records_of_crashed(lane& of) noexcept {
    flight_recorder* const recorder = of.recorder.load_acquire();
    if (recorder == nullptr) return true;
    for (auto next = recorder->oldest(false); next.bytes != nullptr; next = recorder->oldest(false)) {
      placement const place{of, *recorder, next};
      std::byte* const to = of.reserve(place.total, place.bytes_on_heap, 0);
      if (to == nullptr) return false;
      of.submitted.add_by_owner(1);
      place.put(of, *recorder, next, to);
    }
    return true;
  }

  static void mark_recent(std::byte* record) noexcept {
    auto head = read<detail::record_format::record_head>(record);
    head.flags |= detail::record_format::is_recent;
    put(record, head);
  }

  bool const is_enabled_;
  level const min_level_;
  level_set const triggers_;
  std::size_t const capacity_;
  deferred_free unused_;
  detail::atomic_word<std::uint64_t> failed_;
};

}  // namespace fapilog::inline v0_1::detail
