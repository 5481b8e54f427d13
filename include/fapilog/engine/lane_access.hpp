// SPDX-License-Identifier: MIT
// What a log call on its way into a lane needs: the lanes' policies, the signal, this thread's lane.
#pragma once

#include <fapilog/detail/atomic.hpp>
#include <fapilog/detail/platform.hpp>
#include <fapilog/engine/channel.hpp>
#include <fapilog/engine/enqueue_signal.hpp>
#include <fapilog/engine/lane.hpp>
#include <fapilog/record/level.hpp>

#include <cstddef>
#include <cstdint>

namespace fapilog::engine {

/// The hot half of the channel with lanes; what it calls when things are not as usual is virtual and cold.
class lane_access : public channel {
 public:
  /// This thread's lane, or null when none can be had.
  [[nodiscard]] lane* this_lane() noexcept;
  /// The same, or null where it would have to be looked for.
  [[nodiscard]] lane* cached_lane() const noexcept;

  [[nodiscard, gnu::always_inline]] std::uint64_t ticks() const noexcept {
    return uses_tsc_ ? detail::read_tsc() : static_cast<std::uint64_t>(detail::wall_clock_ns());
  }
  [[nodiscard, gnu::always_inline]] bool is_closed() const noexcept { return closed_.load_relaxed(); }
  [[nodiscard]] bool uses_tsc() const noexcept { return uses_tsc_; }
  /// Bytes that a record of this level leaves to more important ones.
  [[nodiscard, gnu::always_inline]] std::size_t keep_free(level value) const noexcept {
    return protected_levels_.contains(value) ? 0 : reserve_;
  }
  [[gnu::always_inline]] void light_fence() const noexcept { signal_.barrier().light(); }
  [[gnu::always_inline]] void signal() noexcept { signal_.signal(); }

  /// Finds or makes this thread's lane. Cold.
  virtual lane* acquire_lane() noexcept = 0;
  /// Room in a full lane as the policy has it, or null: then the reason was counted. Cold.
  virtual std::byte* wait_for_room(lane& owner, std::size_t size, std::size_t block,
                                   level value) noexcept = 0;
  /// Takes a borrowed lane back after the call. Cold.
  virtual void give_back(lane& borrowed) noexcept = 0;
  /// Counts a call that has no lane. Cold.
  virtual void count_without_lane(drop_reason reason) noexcept = 0;

 protected:
  struct settings {
    enqueue_signal& signal;
    bool uses_tsc;
    std::size_t reserve;
    level_set protected_levels;
    std::size_t max_record_bytes;
  };
  lane_access(settings const& s, std::uint64_t id) noexcept
      : channel(s.max_record_bytes),
        signal_(s.signal),
        id_(id),
        uses_tsc_(s.uses_tsc),
        protected_levels_(s.protected_levels),
        reserve_(s.reserve) {}

  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  void close() noexcept { closed_.store_seq_cst(true); }

 private:
  enqueue_signal& signal_;
  std::uint64_t const id_;
  bool const uses_tsc_;
  detail::atomic_word<bool> closed_{false};
  level_set const protected_levels_;
  std::size_t const reserve_;
};

/// The lane that this thread used last. Ids are never used twice, so a stale entry is never mistaken for another's.
struct lane_cache {
  std::uint64_t channel_id = 0;
  lane* owned = nullptr;
};
inline constinit thread_local lane_cache this_thread_lane{};

inline lane* lane_access::cached_lane() const noexcept {
  return this_thread_lane.channel_id == id_ ? this_thread_lane.owned : nullptr;
}
inline lane* lane_access::this_lane() noexcept {
  lane* const cached = cached_lane();
  return cached != nullptr ? cached : acquire_lane();
}

}  // namespace fapilog::engine
