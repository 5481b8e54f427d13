// SPDX-License-Identifier: MIT
// The channel's cold half: makes, lends and collects lanes, and knows what to do when one is full.
#pragma once

#include <fapilog/detail/memory/arena.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/queue/channel.hpp>
#include <fapilog/queue/enqueue_event.hpp>
#include <fapilog/queue/lane_access.hpp>
#include <fapilog/queue/level_registry.hpp>
#include <fapilog/queue/record_decoder.hpp>
#include <fapilog/queue/submit.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/setup/policies.hpp>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail {

struct channel_options {
  std::size_t lane_bytes = std::size_t{1} << 20;
  double protected_share = 0.125;
  std::size_t max_record_bytes = std::size_t{1} << 20;
  fapilog::when_full when_full = fapilog::when_full::drop;
  std::chrono::nanoseconds backpressure_wait{50'000'000};
  level_set protected_levels = {};
  level lowest = level::info;
  bool use_membarrier = true;
  bool use_tsc = true;
};

class lane_channel;

/// The lanes that one thread holds; gives them back when the thread ends.
struct thread_lanes {
  struct held {
    lane_channel* owner;
    lane* owned;
  };
  ~thread_lanes();
  std::vector<held> all;
};
inline thread_local thread_lanes lanes_of_this_thread;
inline constinit thread_local bool thread_is_ending = false;
/// The channel for which the running thread works, if it is one of the library's own.
inline constinit thread_local lane_channel const* channel_served_here = nullptr;

/// Made before the channel, which refers to it.
struct channel_event {
  enqueue_event event;
};

class lane_channel final : private channel_event, public lane_access {
 public:
  /// With one reference for the caller. Throws: std::bad_alloc.
  [[nodiscard]] static lane_channel* make(channel_options const& options) {
    bool const asymmetric = options.use_membarrier && detail::register_membarrier();
    return new lane_channel{options, asymmetric};
  }

  [[nodiscard]] enqueue_event& wake_event() noexcept { return event; }
  [[nodiscard]] level_registry& levels() noexcept { return levels_; }
  [[nodiscard]] lane* first_lane() const noexcept { return lanes_.load_acquire(); }

  /// Ends the taking of records: after `is_quiet` no call is on its way into a lane any more.
  void close_for_calls() noexcept {
    close();
    heavy_barrier(event.barrier());
  }
  [[nodiscard]] bool is_quiet() const noexcept {
    for (lane* l = first_lane(); l != nullptr; l = l->next) {
      if (l->writing.load_acquire()) return false;
    }
    return true;
  }
  [[nodiscard]] bool has_records() const noexcept {
    for (lane* l = first_lane(); l != nullptr; l = l->next) {
      if (l->queue.published() != l->queue.released()) return true;
    }
    return false;
  }

  /// Gives the pages of lanes that nobody holds back to the system; the addresses stay. For the worker, before it sleeps.
  void trim_free_lanes() noexcept {
    for (lane* l = first_lane(); l != nullptr; l = l->next) {
      bool free = false;
      std::uint64_t const used = l->queue.published();
      if (l->owned.load_relaxed() || used == l->trimmed_at || used != l->queue.released()) continue;
      if (!l->owned.compare_exchange(free, true)) continue;
      if (l->queue.published() == used) {
        detail::release_pages(l->queue.memory(), l->queue.capacity() + l->queue.longest());
        l->trimmed_at = used;
        l->populated = l->queue.capacity() + l->queue.longest();  // by its next owner's writing
      }
      l->owned.store_release(false);
    }
  }

  /// Sees to it that the owner of a lane finds pages where it will write next, so that no call pays for them. For the
  /// worker; in steps, so that a lane that is hardly used takes little memory.
  static void populate_ahead(lane& l) noexcept {
    constexpr std::uint64_t step = std::uint64_t{128} * 1024;
    std::uint64_t const whole = l.queue.capacity() + l.queue.longest();
    if (l.populated == whole) return;
    std::uint64_t const ahead = l.queue.published() + step;
    std::uint64_t const wanted = ahead >= l.queue.capacity() ? whole : ahead;
    if (wanted < l.populated + step / 2) return;
    detail::populate_pages(l.queue.memory() + l.populated, static_cast<std::size_t>(wanted - l.populated));
    l.populated = wanted;
  }

  /// Share of the fullest lane that is taken, of what records without protection may take; 0 to 1.
  [[nodiscard]] double fullest() const noexcept {
    double most = 0;
    for (lane* l = first_lane(); l != nullptr; l = l->next) {
      auto const taken = static_cast<double>(l->queue.published() - l->queue.released());
      most = std::max(most, taken / static_cast<double>(l->queue.capacity() - reserve()));
    }
    return std::min(most, 1.0);
  }

  /// Submitted and dropped so far; read after everything else of an account.
  void add_to(account& sum) const noexcept {
    std::uint64_t dropped[drop_reason_count] = {};
    for (std::size_t i = 0; i < drop_reason_count; ++i) dropped[i] = without_lane_[i].load_relaxed();
    for (lane* l = first_lane(); l != nullptr; l = l->next) {
      for (std::size_t i = 0; i < drop_reason_count; ++i) dropped[i] += l->dropped[i].load_acquire();
    }
    for (std::size_t i = 0; i < drop_reason_count; ++i) sum.submitted += without_lane_[i].load_relaxed();
    for (lane* l = first_lane(); l != nullptr; l = l->next) sum.submitted += l->submitted.load_acquire();
    sum.dropped = {dropped[0], dropped[1], dropped[2], dropped[3]};
  }

  /// From now on the calling thread never waits for room, because it is one of those that make it: the worker, its helper,
  /// and the threads of sinks.
  void serve_from_this_thread() const noexcept { channel_served_here = this; }
  [[nodiscard]] bool is_served_here() const noexcept { return channel_served_here == this; }

  /// Cores that were retired; the caller deletes them once the records submitted before have passed.
  [[nodiscard]] logger_core* take_retired() noexcept { return retired_.exchange(nullptr); }
  static void delete_all(logger_core* first) noexcept {
    while (first != nullptr) delete std::exchange(first, first->next_retired);
  }
  /// No worker will come any more: from now on retired cores are deleted at once.
  void end_of_worker() noexcept {
    worker_ended_.store_seq_cst(true);
    delete_all(take_retired());
  }

  /// Called at each cold acquisition of a lane.
  void call_at_acquire(std::function<void()> action) { at_acquire_ = std::move(action); }

  /// Only the calling thread has come along: the lanes of the others are free, and what lies in any belongs to the
  /// parent.
  void after_fork_in_child() noexcept {
    (void)detail::register_membarrier();
    this_thread_lane = {};
    for (lane* l = first_lane(); l != nullptr; l = l->next) {
      discard_records(l->queue);
      l->writing.store_relaxed(false);
      l->heap_freed.store_relaxed(l->heap_sent);
      l->submitted.store_relaxed(0);
      for (auto& count : l->dropped) count.store_relaxed(0);
      bool const is_own =
          std::ranges::any_of(lanes_of_this_thread.all, [l](auto const& h) { return h.owned == l; });
      if (is_own) {
        adopt(*l);
      } else {
        l->owned.store_relaxed(false);
      }
    }
    for (auto& count : without_lane_) count.store_relaxed(0);
  }

  std::byte* begin(logger_core& logger, statement what, void const* text, detail::call_site where,
                   std::size_t size) noexcept override {
    return detail::begin(*this, logger, what, text, where, size);
  }
  void end(std::size_t size) noexcept override { detail::end(*this, size); }
  void submit(call const& c) noexcept override { detail::submit(*this, c); }

  logger_core* bind(logger_core& logger, field const* fields, std::size_t count) noexcept override {
    auto bound = detail::freeze(fields, count, logger.bound, detail::max_bound_bytes);
    auto* const made = new (std::nothrow) logger_core{logger.owner, logger.name, std::move(bound)};
    if (made != nullptr) return made;
    logger.add_reference();  // without memory the child is the logger itself
    return &logger;
  }

  lane* acquire_lane() noexcept override {
    try {
      if (at_acquire_) at_acquire_();
      if (thread_is_ending) return borrow();
      auto& held = lanes_of_this_thread.all;
      for (auto const& h : held) {
        if (h.owner == this) return remember(h.owned);
      }
      forget_closed(held);
      held.reserve(held.size() + 1);
      lane* const own = claim();
      if (own == nullptr) return nullptr;
      add_reference();
      held.push_back({this, own});
      return remember(own);
    } catch (...) {
      return nullptr;
    }
  }

  void give_back(lane& borrowed) noexcept override {
    borrowed.borrowed = false;
    borrowed.owned.store_release(false);
  }

  std::byte* wait_for_room(lane& owner, std::size_t size, std::size_t block, level value) noexcept override {
    bool const may_wait = options_.when_full != fapilog::when_full::drop && !is_served_here();
    std::int64_t const give_up = detail::steady_clock_ns() + options_.backpressure_wait.count();
    bool const forever = options_.when_full == fapilog::when_full::block;
    // Naps about as long as the worker takes for a part of the lane, until such a part is free: one for each record would
    // cost more than the record.
    std::size_t const part = owner.queue.capacity() / 8;
    std::int64_t const nap = std::clamp<std::int64_t>(static_cast<std::int64_t>(part), 2'000, 150'000);
    for (unsigned round = 0; may_wait; ++round) {
      bool const naps = round >= 64;
      bool const is_last = !forever && detail::steady_clock_ns() >= give_up;
      signal();
      if (naps && !is_last) {
        detail::sleep_ns(nap);
      } else {
        detail::cpu_pause();
      }
      std::size_t const free = keep_free(value) + (naps && !is_last ? part : 0);
      if (std::byte* const to = owner.reserve(size, block, free)) return to;
      if (is_closed()) {
        owner.count_drop(drop_reason::closed);
        return nullptr;
      }
      if (is_last) break;
    }
    owner.count_drop(drop_reason::queue_full);
    return nullptr;
  }

  void count_without_lane(drop_reason reason) noexcept override {
    without_lane_[static_cast<std::size_t>(reason)].fetch_add_relaxed(1);
  }

  void retire(logger_core& core) noexcept override {
    logger_core* first = retired_.load_relaxed();
    do {
      core.next_retired = first;
    } while (!retired_.compare_exchange(first, &core));
    detail::full_fence();
    if (worker_ended_.load_seq_cst())
      delete_all(take_retired());  // may delete this channel: touch nothing after
  }

  std::string text_of(std::byte const* cell) override {
    detail::arena memory{1024};
    detail::text_buffer text;
    json::put_plain(text, decode_cell(cell, memory).value);
    return std::string{text.view()};
  }

  void set_level(std::string_view pattern, level value) override { levels_.set(pattern, value); }

 private:
  friend struct thread_lanes;

  static constexpr std::size_t lane_head =
      (sizeof(lane) + detail::cache_line - 1) & ~(detail::cache_line - 1);

  /// A quarter of a lane: the longest record that it carries itself.
  static std::size_t longest_in(std::size_t capacity) noexcept {
    return std::min<std::size_t>(capacity / 4, std::size_t{64} * 1024);
  }
  static channel_options checked(channel_options o) noexcept {
    o.lane_bytes = std::bit_ceil(std::clamp<std::size_t>(o.lane_bytes, 4096, std::size_t{1} << 30));
    o.max_record_bytes = std::clamp<std::size_t>(o.max_record_bytes, 1024, std::size_t{1} << 30);
    return o;
  }

  static std::size_t reserved(channel_options const& o) noexcept {
    return static_cast<std::size_t>(static_cast<double>(o.lane_bytes) *
                                    std::clamp(o.protected_share, 0.0, 0.5));
  }

  lane_channel(channel_options const& options, bool asymmetric)
      : channel_event{enqueue_event{asymmetric_barrier{asymmetric}}},
        lane_access({event, options.use_tsc && detail::has_tsc && detail::has_invariant_tsc(),
                     reserved(checked(options)), options.protected_levels,
                     checked(options).max_record_bytes}),
        options_(checked(options)),
        levels_(options.lowest) {}

  ~lane_channel() override {
    for (lane* l = lanes_.load_acquire(); l != nullptr;) {
      discard_records(l->queue);
      lane* const next = l->next;
      std::size_t const bytes = lane_head + l->queue.capacity() + l->queue.longest();
      l->~lane();
      detail::unmap_pages(l, bytes);
      l = next;
    }
  }

  lane* remember(lane* own) noexcept {
    this_thread_lane = {this, own};
    return own;
  }

  /// Lanes of runtimes that have ended go back, so that a thread that sees many runtimes keeps few.
  static void forget_closed(std::vector<thread_lanes::held>& held) noexcept {
    std::erase_if(held, [](thread_lanes::held const& h) {
      if (!h.owner->is_closed()) return false;
      if (this_thread_lane.owned == h.owned) this_thread_lane = {};
      h.owned->owned.store_release(false);
      h.owner->drop_reference();
      return true;
    });
  }

  lane* borrow() noexcept {
    lane* const own = claim();
    if (own != nullptr) own->borrowed = true;
    return own;
  }

  /// A free lane, else a new one, else null. A free lane is taken only when it is empty: what the worker knows of its
  /// thread then belongs to the new one.
  lane* claim() noexcept {
    for (lane* l = first_lane(); l != nullptr; l = l->next) {
      bool free = false;
      if (l->owned.load_relaxed() || l->queue.published() != l->queue.released()) continue;
      if (l->owned.compare_exchange(free, true)) return adopt(*l);
    }
    std::size_t const longest = longest_in(options_.lane_bytes);
    void* const pages = detail::map_pages(lane_head + options_.lane_bytes + longest);
    if (pages == nullptr) return nullptr;
    auto* const made =
        ::new (pages) lane{static_cast<std::byte*>(pages) + lane_head, options_.lane_bytes, longest};
    adopt(*made);
    made->next = lanes_.load_relaxed();
    while (!lanes_.compare_exchange(made->next, made)) {
    }
    return made;
  }

  static lane* adopt(lane& own) noexcept {
    own.scope_sent = ~std::uint64_t{0};  // what the former thread's scope was does not matter any more
    own.thread_id = detail::thread_id();
    own.scratch.trim(std::size_t{64} * 1024);
    return &own;
  }

  channel_options const options_;
  level_registry levels_;
  std::function<void()> at_acquire_;
  detail::atomic_word<lane*> lanes_{nullptr};
  detail::atomic_word<logger_core*> retired_{nullptr};
  detail::atomic_word<bool> worker_ended_{false};
  detail::atomic_word<std::uint64_t> without_lane_[drop_reason_count];
};

inline thread_lanes::~thread_lanes() {
  thread_is_ending = true;
  this_thread_lane = {};
  for (held const& h : all) {
    h.owned->owned.store_release(false);
    h.owner->drop_reference();
  }
}

}  // namespace fapilog::inline v0_1::detail
