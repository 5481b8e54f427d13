// SPDX-License-Identifier: MIT
// The channel of a runtime: log calls write into one lane per thread, and the worker reads all lanes.
#pragma once

#include <fapilog/detail/os/call_stack.hpp>
#include <fapilog/detail/os/cancellation.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/queue/backpressure.hpp>
#include <fapilog/queue/call_counts.hpp>
#include <fapilog/queue/channel.hpp>
#include <fapilog/queue/channel_options.hpp>
#include <fapilog/queue/enqueue_event.hpp>
#include <fapilog/queue/flight_recorders.hpp>
#include <fapilog/queue/kept_lane.hpp>
#include <fapilog/queue/lane.hpp>
#include <fapilog/queue/lane_list.hpp>
#include <fapilog/queue/lane_record.hpp>
#include <fapilog/queue/lane_use.hpp>
#include <fapilog/queue/leveled_channel.hpp>
#include <fapilog/queue/record_clipping.hpp>
#include <fapilog/queue/record_keeper.hpp>
#include <fapilog/queue/record_writer.hpp>
#include <fapilog/queue/retired_loggers.hpp>
#include <fapilog/queue/thread_lanes.hpp>
#include <fapilog/record/context.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

class lane_channel final : public leveled_channel<lane_channel> {
 public:
  /// Makes a channel. The caller owns one reference to it. Throws: std::bad_alloc.
  [[nodiscard, gnu::cold]] static lane_channel* make(channel_options options) {
    options.lane_bytes = std::bit_ceil(std::clamp<std::size_t>(
        options.lane_bytes, options.keeper == nullptr ? 4096 : min_kept_bytes, std::size_t{1} << 30));
    options.max_record_bytes = std::clamp<std::size_t>(options.max_record_bytes, 1024, std::size_t{1} << 30);
    bool const is_asymmetric = options.use_membarrier && detail::register_membarrier();
    return new lane_channel{options, is_asymmetric};
  }

  // For log calls.

  /// Sizes the record, reserves, writes, publishes, signals. Never allocates once the thread's buffers have grown, never
  /// makes a system call while the worker is awake.
  void submit(call const& given) noexcept override {
    if (decides_by_scope() && !admits(given.logger, given.what.severity(), given.caller)) return;
    record_content c{given};
    std::uint64_t const ticks = this->ticks();
    lane_use use;
    lane* const own = use.take(this_lane());
    if (own == nullptr) [[unlikely]]
      return counts_.count_without_lane(drop_reason::no_memory);
    bool const is_recent = is_for_recorder(c.logger, c.what.severity(), given.caller);
    if (own->writing.load_relaxed() != 0 && !recover_from_jump(*own)) [[unlikely]]
      return is_recent ? recorders_.count_failure() : own->drop_call(drop_reason::reentrant);

    kept_literals const keeps{own->kept, c.text, keeper_.get()};
    if (own->kept != nullptr) c.copy_lost(given, keeps);
    bool is_clipped = false;
    std::size_t size = encode_deferred(c, own->scratch, is_clipped);
    if (size == 0) [[unlikely]]
      return is_recent ? recorders_.count_failure() : own->drop_call(drop_reason::no_memory);
    if (own->kept != nullptr) size += copy_keys_behind(own->scratch, use.scratch_begin(), keeps);

    use.begin_writing(event_.barrier());
    encoded_call const encoded{c, ticks, size, use.encoded(), is_clipped};
    if (is_recent) [[unlikely]] {
      if (!is_closed()) recorders_.add(*own, encoded, given.caller);
      return wake_to_free();
    }
    own->submitted.add_by_owner(1);
    if (is_closed()) [[unlikely]]
      return own->count_drop(drop_reason::closed);
    if (recorders_.is_trigger(c.what.severity())) [[unlikely]]
      move_recent(*own);

    lane_record record{*own, encoded, given.caller, keeps};
    if (!record.prepare(max_record_bytes())) [[unlikely]]
      return own->count_drop(drop_reason::no_memory);
    std::byte* const to =
        backpressure_.reserve(*own, record.bytes(), record.bytes_on_heap(), c.what.severity(), *this, event_);
    if (to == nullptr) [[unlikely]]
      return record.discard();
    record.publish(to);
    event_.signal();
  }

  [[gnu::cold]] void dump_recent() noexcept override {
    if (!recorders_.is_enabled()) return;
    lane_use use;
    lane* const own = use.take(this_lane());
    if (own == nullptr || (own->writing.load_relaxed() != 0 && !recover_from_jump(*own))) return;
    use.begin_writing(event_.barrier());
    if (is_closed()) return;
    move_recent(*own);
    event_.signal();
  }

  logger_core* bind(logger_core& logger, field const* fields, std::size_t count) noexcept override {
    auto bound = detail::freeze(fields, count, logger.bound, detail::max_bound_bytes);
    auto* const made = new (std::nothrow) logger_core{logger.owner, logger.name, std::move(bound)};
    if (made != nullptr) {
      logger.name.references.fetch_add_relaxed(1);  // `logger` has one, so it is not the first
      return made;
    }
    logger.add_reference();  // without memory, the result is the logger itself
    return &logger;
  }

  void retire(logger_core& core) noexcept override {
    retired_.add(core);  // may delete this channel: use no member after this
  }

  // For the worker.

  [[nodiscard]] enqueue_event& wake_event() noexcept { return event_; }
  [[nodiscard]] lane_list& lanes() noexcept { return lanes_; }
  [[nodiscard]] lane_list const& lanes() const noexcept { return lanes_; }
  [[nodiscard]] retired_loggers& retired() noexcept { return retired_; }
  [[nodiscard]] flight_recorders& recorders() noexcept { return recorders_; }
  [[nodiscard]] bool uses_tsc() const noexcept { return uses_tsc_; }
  /// Null if records end with the process.
  [[nodiscard]] record_keeper* keeper() const noexcept { return keeper_.get(); }
  /// Counts a record of a process that was killed as submitted. Thread: the worker's.
  void count_recovered() noexcept { counts_.count_recovered(); }
  /// Fill of the fullest lane, 0 to 1: its bytes in use, relative to the bytes that unprotected records may use.
  [[nodiscard]] double fullest_lane() const noexcept { return lanes_.fullest(protected_bytes()); }

  /// Stops accepting records: once `lanes().is_quiet()`, no call writes into a lane any more.
  [[gnu::cold]] void close_for_calls() noexcept {
    close();
    fast_path_ok_.store_seq_cst(false);
    heavy_barrier(event_.barrier());
    lanes_.wake_waiting();
  }

  /// Adds the numbers of submitted and dropped records. Must be called after the rest of the account was read, so that
  /// no record seems to have a result before it was submitted.
  void add_to(account& sum) const noexcept { counts_.add_to(sum, lanes_); }
  /// Adds the numbers of dropped records. Costs calls nothing, so that the worker may use it often.
  void add_drops_to(account& sum) const noexcept { counts_.add_drops_to(sum, lanes_); }

  /// From now on the calling thread never waits for room in a lane, because it is one of those that make room: the worker,
  /// its helper, and the threads of sinks.
  void serve_from_this_thread() const noexcept { channel_served_here = this; }
  [[nodiscard]] bool is_served_here() const noexcept { return channel_served_here == this; }

  /// Calls `action` whenever a call has no cached lane. Must be called before the first log call.
  void call_at_acquire(std::function<void()> action) { at_acquire_ = std::move(action); }

  /// A forked child has only the calling thread: the lanes of all others become free.
  [[gnu::cold]] void after_fork_in_child() noexcept {
    (void)detail::register_membarrier();
    if (!is_closed()) recorders_.after_fork_in_child(lanes_);
    levels_.after_fork_in_child();
    keep_own_lanes_in_child(lanes_);
    counts_.after_fork_in_child();
  }

 private:
  friend class leveled_channel<lane_channel>;

  [[gnu::cold]] lane_channel(channel_options const& options, bool is_asymmetric)
      : leveled_channel(
            begin_function_for(options), options.max_record_bytes, options.format_cell,
            backpressure::protected_bytes(options),
            is_asymmetric && can_use_tsc(options) && begin_function_for(options) == &begin_in_lane),
        uses_tsc_(can_use_tsc(options)),
        fast_path_ok_(uses_tsc_ && is_asymmetric),
        event_(asymmetric_barrier{is_asymmetric}),
        backpressure_(options),
        recorders_(options.recorder),
        levels_(options.lowest, recorders_.min_level()),
        keeper_(options.keeper),
        lanes_(options.lane_bytes, keeper_.get()),
        begin_(begin_function_for(options)) {
    watch_signal(event_.may_have_to_signal());
  }
  ~lane_channel() override {
    if (keeper_ != nullptr) keeper_->forget_lanes();
  }

  static bool can_use_tsc(channel_options const& options) noexcept {
    return options.use_tsc && detail::has_tsc && detail::has_invariant_tsc();
  }
  static begin_function begin_function_for(channel_options const& options) noexcept {
    if (options.recorder.enabled) return &begin_in_recorder_or_lane;
    return options.keeper == nullptr ? &begin_in_lane : &begin_in_kept_lane;
  }

  [[nodiscard, gnu::always_inline]] static lane& cached_lane() noexcept {
    return static_cast<lane&>(*this_thread_scope.last_lane.owned);
  }

  /// `begin_record` of this channel. Most calls write into the lane themselves (`write_to_lane`) and do not need it.
  static begun_record begin_in_lane(channel& self, logger_core& logger, sized_statement what,
                                    void const* text, detail::marked_call_site where,
                                    thread_scope const& caller) noexcept {
    if (this_thread_scope.last_lane.owner != &self) [[unlikely]]
      return {};
    auto& owner = static_cast<lane_channel&>(self);
    lane& own = cached_lane();
    if (own.scope_sent != detail::this_thread_scope.version || has_separate_scope(caller) ||
        own.writing.load_relaxed() != 0 || what.size() > own.queue.longest_to_write() ||
        !near_call_site::reaches(where, text)) [[unlikely]]
      return {};
    own.writing.store_stack_pointer();
    return owner.begin_record_slow<false>(logger, what, text, where);
  }

  /// `begin_record` of a channel whose records are kept. Puts what the record refers to in front of it; both are published at once.
  static begun_record begin_in_kept_lane(channel& self, logger_core& logger, sized_statement what,
                                         void const* text, detail::marked_call_site where,
                                         thread_scope const& caller) noexcept {
    if (this_thread_scope.last_lane.owner != &self) [[unlikely]]
      return {};
    auto& owner = static_cast<lane_channel&>(self);
    lane& own = cached_lane();
    kept_lane* const kept = own.kept;
    if (kept == nullptr) [[unlikely]]
      return begin_in_lane(self, logger, what, text, where, caller);
    if (own.scope_sent != detail::this_thread_scope.version || has_separate_scope(caller) ||
        own.writing.load_relaxed() != 0 || !kept->knows(text) || what.size() > max_direct_bytes ||
        !near_call_site::reaches(where, text)) [[unlikely]]
      return {};
    own.writing.store_stack_pointer();
    detail::compiler_fence();
    if (!owner.fast_path_ok() || !kept->is_prepared(logger)) [[unlikely]]
      return owner.begin_record_slow<true>(logger, what, text, where);
    std::size_t const prefix = kept->prefix_bytes;
    std::size_t const total = prefix + what.size();
    std::byte* const to = own.queue.next_if_known_free(total + owner.protected_bytes());
    if (to == nullptr) [[unlikely]]
      return owner.begin_record_slow<true>(logger, what, text, where);
    own.submitted.add_by_owner(1);
    own.queue.begin_run(total);
    detail::prefetch_to_write(to + total + prefetch_distance);
    return {
        put_near_start(kept->put_prepared(to, prefix, total), logger, what, text, where, detail::read_tsc),
        &own};
  }

  /// `begin_record` of a channel with flight recorders.
  static begun_record begin_in_recorder_or_lane(channel& self, logger_core& logger, sized_statement what,
                                                void const* text, detail::marked_call_site where,
                                                thread_scope const& caller) noexcept {
    auto& owner = static_cast<lane_channel&>(self);
    if (this_thread_scope.last_lane.owner != &self) [[unlikely]]
      return {};
    lane& own = cached_lane();
    auto const severity = static_cast<level>(detail::record_format::level_of(what.head(), where));
    if (owner.is_for_recorder(logger, severity, caller)) {
      if (owner.is_closed()) [[unlikely]]
        return {};
      owner.wake_to_free();
      return owner.recorders_.begin_record(own, logger, what, text, where, caller, owner.ticks());
    }
    if (owner.recorders_.is_trigger(severity) && flight_recorders::has_records(own)) return {};
    auto* const begin = own.kept == nullptr ? &begin_in_lane : &begin_in_kept_lane;
    return begin(self, logger, what, text, where, caller);
  }

  /// `begin_record` from the first level of a scope on.
  static begun_record begin_by_scope(channel& self, logger_core& logger, sized_statement what,
                                     void const* text, detail::marked_call_site where,
                                     thread_scope const& caller) noexcept {
    auto const& owner = static_cast<lane_channel&>(self);
    if (owner.admits(logger, static_cast<level>(record_format::level_of(what.head(), where)), caller))
      return owner.begin_(self, logger, what, text, where, caller);
    return {nullptr, static_cast<lane_front*>(static_cast<void*>(&self))};  // any lane: it is not used
  }

  /// True if the record goes to the flight recorder: no level lets it pass.
  [[nodiscard]] bool is_for_recorder(logger_core const& logger, level severity,
                                     thread_scope const& caller) const noexcept {
    return recorders_.takes(logger, severity) &&
           !(decides_by_scope() && scope_lets_pass(caller, &logger.owner, severity));
  }
  /// Moves what the flight recorder of this thread has to its lane. Once a record has waited in vain for room, the others do not wait.
  [[gnu::noinline, gnu::cold]] void move_recent(lane& own) noexcept {
    bool may_wait = true;
    recorders_.move_records(own, [&](std::size_t size, std::size_t block, level value) {
      std::byte* const to = may_wait ? backpressure_.reserve(own, size, block, value, *this, event_)
                                     : backpressure_.reserve_now(own, size, block, value);
      may_wait = may_wait && to != nullptr;
      return to;
    });
  }
  /// Wakes the worker if much of what recent records referred to waits to be freed.
  [[gnu::always_inline]] void wake_to_free() noexcept {
    if (recorders_.has_much_to_free()) [[unlikely]]
      event_.signal();
  }

  /// True if the channel is open, the processor's counter is its clock and the barrier is asymmetric: one check instead of three.
  [[nodiscard, gnu::always_inline]] bool fast_path_ok() const noexcept {
    return fast_path_ok_.load_relaxed();
  }
  [[nodiscard]] std::uint64_t ticks() const noexcept {
    return uses_tsc_ ? detail::read_tsc() : static_cast<std::uint64_t>(detail::wall_clock_ns());
  }

  /// The rest of `begin_record` if the record is not kept, `fast_path_ok` is false, the lane seems full, or the prefix of a kept
  /// record is not that of this logger. All arguments are in registers.
  template <bool IsKept>
  [[nodiscard, gnu::noinline]] begun_record begin_record_slow(logger_core& logger, sized_statement what,
                                                              void const* text,
                                                              detail::marked_call_site where) noexcept {
    lane& own = cached_lane();
    [[maybe_unused]] kept_lane* const kept = IsKept ? own.kept : nullptr;
    std::uint64_t const now = ticks();
    event_.barrier().light();
    bool is_usable = !is_closed();
    if constexpr (IsKept)
      is_usable = is_usable && (kept->is_prepared(logger) ||
                                kept->prepare(logger, detail::this_thread_scope, own.thread_id, *keeper_));
    std::size_t const prefix = IsKept ? kept->prefix_bytes : 0;
    std::size_t const total = prefix + what.size();
    // Keeps the reserve free whatever the level: a protected record that needs the reserve goes through `submit`.
    std::byte* to = is_usable ? own.queue.reserve(total, protected_bytes()) : nullptr;
    if (to == nullptr) {
      own.writing.store_release(0);
      return {};
    }
    own.submitted.add_by_owner(1);
    own.queue.begin_run(total);
    if constexpr (IsKept) to = kept->put_prepared(to, prefix, total);
    return {put_near_start(to, logger, what, text, where, now), &own};
  }

  template <class Ticks>
  [[gnu::always_inline]] static std::byte* put_near_start(std::byte* to, logger_core& logger,
                                                          sized_statement what, void const* text,
                                                          detail::marked_call_site where,
                                                          Ticks const& ticks) noexcept {
    return put_log_start(to, logger, what.head(), text, near_call_site{where, text}, ticks);
  }

  /// True if the call that seems to be writing was left by siglongjmp. The lane can then be used again. False if this
  /// call is made by a signal handler that interrupted it.
  [[gnu::noinline, gnu::cold]] bool recover_from_jump(lane& own) noexcept {
    if (!detail::was_left_by_jump(own.writing.load_relaxed())) return false;
    own.recover_from_jump();
    event_.signal();  // the call may have been left between publishing its record and this
    return true;
  }

  [[gnu::cold]] void signal_and_end(lane_front& own) noexcept override {
    if (!recorders_.is_enabled() || is_lane_of_this_thread(own))
      event_.signal();  // not for a flight recorder
    own.writing.store_release(0);
  }

  /// Returns this thread's lane, or null without memory.
  [[nodiscard]] lane* this_lane() noexcept {
    return this_thread_scope.last_lane.owner == this ? &cached_lane() : acquire_lane();
  }

  [[gnu::noinline, gnu::cold]] lane* acquire_lane() noexcept {
    cancellation_blocked const guard;
    try {
      if (at_acquire_) at_acquire_();
    } catch (...) {
      return nullptr;
    }
    return detail::acquire_lane(*this, lanes_);
  }

  /// A lane in a file has room for the longest record and all that may be in front of it.
  static constexpr std::size_t min_kept_bytes = std::size_t{1} << 20;
  /// Where the fast path of a kept record fetches one more cache line than `log_call`: behind those, for the prefix.
  static constexpr std::size_t prefetch_distance = 12 * cache_line;
  /// Longest record of the fast path, which writes the lengths of strings in two bytes.
  static constexpr std::size_t max_direct_bytes = std::size_t{64} * 1024;

  bool const uses_tsc_;  ///< up to the first word of the event: in the line of the base class
  detail::atomic_word<bool> fast_path_ok_;
  enqueue_event event_;
  backpressure const backpressure_;
  flight_recorders recorders_;
  level_registry levels_;
  std::function<void()> at_acquire_;
  std::shared_ptr<record_keeper> const keeper_;
  lane_list lanes_;
  call_counts counts_;
  retired_loggers retired_;
  begin_function const begin_;  ///< as if there were no levels of scopes
};

}  // namespace fapilog::inline v0_1::detail
