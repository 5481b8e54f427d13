// SPDX-License-Identifier: MIT
// The channel of a runtime: log calls write into one lane per thread, and the worker reads all lanes.
#pragma once

#include <fapilog/detail/os/call_stack.hpp>
#include <fapilog/detail/os/cancellation.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/queue/backpressure.hpp>
#include <fapilog/queue/channel.hpp>
#include <fapilog/queue/channel_options.hpp>
#include <fapilog/queue/enqueue_event.hpp>
#include <fapilog/queue/kept_lane.hpp>
#include <fapilog/queue/lane.hpp>
#include <fapilog/queue/lane_list.hpp>
#include <fapilog/queue/lane_use.hpp>
#include <fapilog/queue/level_registry.hpp>
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
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

class lane_channel final : public channel {
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
    record_content c{given};
    std::uint64_t const ticks = this->ticks();
    lane_use use;
    lane* const own = use.take(this_lane());
    if (own == nullptr) [[unlikely]]
      return count_without_lane(drop_reason::no_memory);
    if (own->writing.load_relaxed() != 0 && !recover_from_jump(*own)) [[unlikely]]
      return own->drop_call(drop_reason::reentrant);

    bool const is_kept = own->kept != nullptr;
    if (is_kept && c.text != nullptr && !own->kept->keeps(c.text, *keeper_)) c.copy_text(*given.items);

    bool is_clipped = false;
    std::size_t const size = encode_deferred(c, own->scratch, is_clipped);
    if (size == 0) [[unlikely]]
      return own->drop_call(drop_reason::no_memory);

    use.begin_writing(event_.barrier());
    own->submitted.add_by_owner(1);
    if (is_closed()) [[unlikely]]
      return own->count_drop(drop_reason::closed);

    using namespace detail::record_format;
    constexpr std::size_t context_bytes = sizeof(record_head) + sizeof(context_head);
    shared_bytes const kept_scope = is_kept ? scope_of_call(given.caller) : shared_bytes{};
    std::size_t const prefix = is_kept ? kept_prefix_bytes(given.logger, kept_scope.size()) : 0;
    std::size_t const longest = own->queue.longest() - context_bytes - prefix;
    std::byte* block = nullptr;
    std::size_t in_lane = size;
    bool const is_cut = is_kept && size > longest;  // a block on the heap would end with the process
    if (is_cut) [[unlikely]] {
      in_lane = (std::min)(longest, max_record_bytes());
    } else if (size > longest) [[unlikely]] {
      block = make_block(c, size, ticks, use.encoded(), is_clipped);
      in_lane = sizeof(record_head) + sizeof(pointer_head);
      if (block == nullptr) return own->count_drop(drop_reason::no_memory);
    }
    std::size_t const on_heap = block == nullptr ? 0 : read<record_head>(block).size;

    // A new scope is published with its first record, a separate one with each: never one without the other.
    bool const is_separate = has_separate_scope(given.caller);
    std::uint64_t const scope_version = is_separate ? lane::unknown_scope : detail::this_thread_scope.version;
    bool const scope_changed = is_separate || own->scope_sent != scope_version;
    std::size_t total = prefix + in_lane + (scope_changed ? context_bytes : 0);
    std::byte* to = own->reserve(total, on_heap, keep_free(c.what.severity()));
    if (to == nullptr) [[unlikely]] {
      to = wait_for_room(*own, total, on_heap, c.what.severity());
      if (to == nullptr) return std::free(block);
    }
    std::byte* const begin = to;
    to += prefix;
    if (scope_changed) [[unlikely]] {
      to = detail::put(
          to, record_head{static_cast<std::uint32_t>(total - prefix), record_type::context, 0, 0, 0});
      to = detail::put(to, context_head{scope_of_call(given.caller).release()});
      own->scope_sent = scope_version;
    }
    if (block != nullptr) [[unlikely]] {
      to = detail::put(to, record_head{static_cast<std::uint32_t>(in_lane), record_type::pointer, 0, 0, 0});
      detail::put(to, pointer_head{block});
      own->heap_sent += on_heap;
    } else if (is_cut) [[unlikely]] {
      std::size_t const unused = in_lane - clipped_record{c, use.encoded()}.put(to, in_lane, ticks);
      total -= unused;
      if (scope_changed)
        put(begin + prefix, static_cast<std::uint32_t>(total - prefix));  // the size of the context record
    } else {
      put_record(to, c, ticks, size, use.encoded(), is_clipped);
    }
    if (is_kept) put_kept_start(begin, total, given.logger, kept_scope, own->thread_id);
    own->queue.commit(total);
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

  void release(named_level& named) noexcept override { levels_.release(named); }

  void set_level(std::string_view pattern, level value) override { levels_.set(pattern, value); }

  // For the worker.

  [[nodiscard]] enqueue_event& wake_event() noexcept { return event_; }
  [[nodiscard]] level_registry& levels() noexcept { return levels_; }
  [[nodiscard]] lane_list& lanes() noexcept { return lanes_; }
  [[nodiscard]] lane_list const& lanes() const noexcept { return lanes_; }
  [[nodiscard]] retired_loggers& retired() noexcept { return retired_; }
  [[nodiscard]] bool uses_tsc() const noexcept { return uses_tsc_; }
  /// Null if records end with the process.
  [[nodiscard]] record_keeper* keeper() const noexcept { return keeper_.get(); }
  /// Counts a record of a process that was killed as submitted. Thread: the worker's.
  void count_recovered() noexcept { recovered_.fetch_add_relaxed(1); }
  /// Fill of the fullest lane, 0 to 1: its bytes in use, relative to the bytes that unprotected records may use.
  [[nodiscard]] double fullest_lane() const noexcept { return lanes_.fullest(reserve_); }

  /// Stops accepting records: once `lanes().is_quiet()`, no call writes into a lane any more.
  [[gnu::cold]] void close_for_calls() noexcept {
    close();
    fast_path_ok_.store_seq_cst(false);
    heavy_barrier(event_.barrier());
    lanes_.wake_waiting();
  }

  /// Adds the numbers of submitted and dropped records. Must be called after the rest of the account was read, so that
  /// no record seems to have a result before it was submitted.
  [[gnu::cold]] void add_to(account& sum) const noexcept {
    std::uint64_t dropped[drop_reason_count] = {};
    for (std::size_t i = 0; i < drop_reason_count; ++i) dropped[i] = without_lane_[i].load_relaxed();
    for (lane* l = lanes_.first(); l != nullptr; l = l->next) {
      for (std::size_t i = 0; i < drop_reason_count; ++i) dropped[i] += l->dropped[i].load_acquire();
    }
    for (std::size_t i = 0; i < drop_reason_count; ++i) sum.submitted += without_lane_[i].load_relaxed();
    for (lane* l = lanes_.first(); l != nullptr; l = l->next) sum.submitted += l->submitted.load_acquire();
    sum.submitted += recovered_.load_acquire();
    sum.dropped = {dropped[0], dropped[1], dropped[2], dropped[3]};
  }

  /// From now on the calling thread never waits for room in a lane, because it is one of those that make room: the worker,
  /// its helper, and the threads of sinks.
  void serve_from_this_thread() const noexcept { channel_served_here = this; }
  [[nodiscard]] bool is_served_here() const noexcept { return channel_served_here == this; }

  /// Calls `action` whenever a call has no cached lane. Must be called before the first log call.
  void call_at_acquire(std::function<void()> action) { at_acquire_ = std::move(action); }

  /// A forked child has only the calling thread: the lanes of all others become free.
  [[gnu::cold]] void after_fork_in_child() noexcept {
    (void)detail::register_membarrier();
    keep_own_lanes_in_child(lanes_);
    for (auto& count : without_lane_) count.store_relaxed(0);
    recovered_.store_relaxed(0);
  }

 private:
  [[gnu::cold]] lane_channel(channel_options const& options, bool is_asymmetric)
      : channel(options.keeper == nullptr ? &begin_in_lane : &begin_in_kept_lane, options.max_record_bytes,
                options.format_cell),
        protected_levels_(options.protected_levels),
        backpressure_(options),
        uses_tsc_(options.use_tsc && detail::has_tsc && detail::has_invariant_tsc()),
        fast_path_ok_(uses_tsc_ && is_asymmetric),
        reserve_(static_cast<std::size_t>(static_cast<double>(options.lane_bytes) *
                                          std::clamp(options.protected_share, 0.0, 0.5))),
        event_(asymmetric_barrier{is_asymmetric}),
        levels_(options.lowest),
        keeper_(options.keeper),
        lanes_(options.lane_bytes, keeper_.get()) {
    static constinit detail::atomic_word<bool> const always{true};  // `signal_and_end` publishes kept records
    watch_signal(keeper_ == nullptr ? event_.may_have_to_signal() : always);
  }
  ~lane_channel() override {
    if (keeper_ != nullptr) keeper_->forget_lanes();
  }

  /// `begin_record` of this channel.
  static begun_record begin_in_lane(channel& self, logger_core& logger, sized_statement what,
                                    void const* text, detail::marked_call_site where,
                                    thread_scope const& caller) noexcept {
    if (this_thread_lane.owner != &self) [[unlikely]]
      return {};
    auto& owner = static_cast<lane_channel&>(self);
    lane& own = *this_thread_lane.owned;
    if (own.scope_sent != detail::this_thread_scope.version || has_separate_scope(caller) ||
        own.writing.load_relaxed() != 0 || what.size() > own.queue.longest() ||
        !near_call_site::reaches(where, text)) [[unlikely]]
      return {};
    own.writing.store_stack_pointer();
    detail::compiler_fence();
    if (!owner.fast_path_ok()) [[unlikely]]
      return owner.begin_record_slow(logger, what, text, where);
    std::byte* const to = own.queue.next_if_known_free(what.size() + owner.reserve_);
    if (to == nullptr) [[unlikely]]
      return owner.begin_record_slow(logger, what, text, where);
    own.submitted.add_by_owner(1);
    return {put_near_start(to, logger, what, text, where, detail::read_tsc()), &own};
  }

  /// `begin_record` of a channel whose records are kept. Puts what the record refers to in front of it. The call commits to the
  /// front of the `kept_lane`; `signal_and_end` then publishes all at once.
  static begun_record begin_in_kept_lane(channel& self, logger_core& logger, sized_statement what,
                                         void const* text, detail::marked_call_site where,
                                         thread_scope const& caller) noexcept {
    if (this_thread_lane.owner != &self) [[unlikely]]
      return {};
    auto& owner = static_cast<lane_channel&>(self);
    lane& own = *this_thread_lane.owned;
    kept_lane* const kept = own.kept;
    if (kept == nullptr) [[unlikely]]
      return begin_in_lane(self, logger, what, text, where, caller);
    thread_scope const& scope = detail::this_thread_scope;
    if (own.scope_sent != scope.version || has_separate_scope(caller) || own.writing.load_relaxed() != 0 ||
        !kept->knows(text) || what.size() > max_direct_bytes || !near_call_site::reaches(where, text))
        [[unlikely]]
      return {};
    own.writing.store_stack_pointer();
    owner.event_.barrier().light();
    bool const is_usable = !owner.is_closed() &&
                           (kept->is_prepared(logger, scope) || kept->prepare(logger, scope, own.thread_id));
    std::size_t const total = kept->prefix_bytes + what.size();
    std::byte* const to = is_usable ? own.queue.reserve(total, owner.reserve_) : nullptr;
    if (to == nullptr) [[unlikely]] {
      own.writing.store_release(0);
      return {};
    }
    own.submitted.add_by_owner(1);
    kept->pending = total;
    return {put_near_start(kept->put_prepared(to, total), logger, what, text, where, owner.ticks()), kept};
  }

  /// True if the channel is open, timestamps come from the processor's counter and the barrier is asymmetric: one check
  /// instead of three.
  [[nodiscard, gnu::always_inline]] bool fast_path_ok() const noexcept {
    return fast_path_ok_.load_relaxed();
  }
  [[nodiscard]] std::uint64_t ticks() const noexcept {
    return uses_tsc_ ? detail::read_tsc() : static_cast<std::uint64_t>(detail::wall_clock_ns());
  }
  /// Returns the number of bytes that a record of this level must leave free.
  [[nodiscard]] std::size_t keep_free(level value) const noexcept {
    return protected_levels_.contains(value) ? 0 : reserve_;
  }

  /// The rest of `begin_record` if `fast_path_ok` is false or the lane seems full. All arguments are in registers.
  [[nodiscard, gnu::noinline]] begun_record begin_record_slow(logger_core& logger, sized_statement what,
                                                              void const* text,
                                                              detail::marked_call_site where) noexcept {
    lane& own = *this_thread_lane.owned;
    std::uint64_t const now = ticks();
    event_.barrier().light();
    // Keeps the reserve free whatever the level: a protected record that needs the reserve goes through `submit`.
    std::byte* const to = is_closed() ? nullptr : own.queue.reserve(what.size(), reserve_);
    if (to == nullptr) {
      own.writing.store_release(0);
      return {};
    }
    own.submitted.add_by_owner(1);
    return {put_near_start(to, logger, what, text, where, now), &own};
  }

  [[gnu::always_inline]] static std::byte* put_near_start(std::byte* to, logger_core& logger,
                                                          sized_statement what, void const* text,
                                                          detail::marked_call_site where,
                                                          std::uint64_t ticks) noexcept {
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
    if (own.queue.memory() != nullptr) {
      event_.signal();
      return own.writing.store_release(0);
    }
    auto const& kept = static_cast<kept_lane&>(own);
    kept.whole.queue.commit(kept.pending);
    event_.signal();
    kept.whole.writing.store_release(0);
  }

  /// Puts a record that is too long for a lane on the heap, clipped to max_record_bytes. Null without memory.
  [[gnu::noinline, gnu::cold]] std::byte* make_block(record_content const& c, std::size_t size,
                                                     std::uint64_t ticks, std::byte const* encoded,
                                                     bool is_clipped) const noexcept {
    bool const fits = size <= max_record_bytes();
    auto* const block = static_cast<std::byte*>(std::malloc(fits ? size : max_record_bytes()));
    if (block == nullptr) return nullptr;
    if (fits) {
      put_record(block, c, ticks, size, encoded, is_clipped);
    } else {
      clipped_record{c, encoded}.put(block, max_record_bytes(), ticks);
    }
    return block;
  }

  /// Returns this thread's lane, or null without memory.
  [[nodiscard]] lane* this_lane() noexcept {
    return this_thread_lane.owner == this ? this_thread_lane.owned : acquire_lane();
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

  [[gnu::noinline, gnu::cold]] std::byte* wait_for_room(lane& owner, std::size_t size, std::size_t block,
                                                        level value) noexcept {
    cancellation_blocked const guard;
    return backpressure_.wait_for_room(owner, size, block, keep_free(value), *this, event_);
  }

  [[gnu::noinline, gnu::cold]] void count_without_lane(drop_reason reason) noexcept {
    without_lane_[static_cast<std::size_t>(reason)].fetch_add_relaxed(1);
  }

  /// A lane in a file has room for the longest record and all that may be in front of it.
  static constexpr std::size_t min_kept_bytes = std::size_t{1} << 20;
  /// Longest record of the fast path, which writes the lengths of strings in two bytes.
  static constexpr std::size_t max_direct_bytes = std::size_t{64} * 1024;

  level_set const protected_levels_;
  backpressure const backpressure_;
  bool const uses_tsc_;
  detail::atomic_word<bool> fast_path_ok_;
  std::size_t const reserve_;  ///< bytes of each lane that only protected levels may use
  enqueue_event event_;
  level_registry levels_;
  std::function<void()> at_acquire_;
  std::shared_ptr<record_keeper> const keeper_;
  lane_list lanes_;
  detail::atomic_word<std::uint64_t> recovered_;
  retired_loggers retired_;
  detail::atomic_word<std::uint64_t> without_lane_[drop_reason_count];
};

}  // namespace fapilog::inline v0_1::detail
