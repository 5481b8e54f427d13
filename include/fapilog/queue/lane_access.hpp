// SPDX-License-Identifier: MIT
// What a log call on its way into a lane needs: the lanes' policies, the signal, this thread's lane.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/queue/channel.hpp>
#include <fapilog/queue/enqueue_signal.hpp>
#include <fapilog/queue/lane.hpp>
#include <fapilog/record/level.hpp>

#include <cstddef>
#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// The hot half of the channel with lanes; what it calls when things are not as usual is virtual and cold.
class lane_access : public channel {
 public:
  /// This thread's lane, or null when none can be had.
  [[nodiscard]] lane* this_lane() noexcept;
  /// True where it stands in `this_thread_lane`.
  [[nodiscard]] bool has_cached_lane() const noexcept;

  [[nodiscard, gnu::always_inline]] std::uint64_t ticks() const noexcept {
    return uses_tsc_ ? detail::read_tsc() : static_cast<std::uint64_t>(detail::wall_clock_ns());
  }
  /// Right where the channel `fast_path_ok`.
  [[nodiscard, gnu::always_inline]] static std::uint64_t usual_ticks() noexcept { return detail::read_tsc(); }
  [[nodiscard, gnu::always_inline]] bool is_closed() const noexcept { return closed_.load_relaxed(); }
  [[nodiscard]] bool uses_tsc() const noexcept { return uses_tsc_; }
  /// Open, with the processor's counter and the asymmetric barrier: one look for a call instead of three.
  [[nodiscard, gnu::always_inline]] bool fast_path_ok() const noexcept { return usual_.load_relaxed(); }
  /// Bytes that a record of this level leaves to more important ones.
  [[nodiscard]] std::size_t keep_free(level value) const noexcept {
    return protected_levels_.contains(value) ? 0 : reserve_;
  }
  /// Bytes that are left to protected levels.
  [[nodiscard, gnu::always_inline]] std::size_t reserve() const noexcept { return reserve_; }
  [[gnu::always_inline]] void light_fence() const noexcept { signal_.barrier().light(); }
  [[gnu::always_inline]] void signal() noexcept { signal_.signal(); }
  /// False: the worker is awake, and there is no fence to pay either.
  [[nodiscard, gnu::always_inline]] bool may_have_to_signal() const noexcept {
    return signal_.may_have_to_signal();
  }

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
  explicit lane_access(settings const& s) noexcept
      : channel(s.max_record_bytes),
        signal_(s.signal),
        uses_tsc_(s.uses_tsc),
        usual_(s.uses_tsc && s.signal.barrier().is_asymmetric()),
        protected_levels_(s.protected_levels),
        reserve_(s.reserve) {}

  void close() noexcept {
    closed_.store_seq_cst(true);
    usual_.store_seq_cst(false);
  }

 private:
  enqueue_signal& signal_;
  bool const uses_tsc_;
  detail::atomic_word<bool> usual_;
  detail::atomic_word<bool> closed_{false};
  level_set const protected_levels_;
  std::size_t const reserve_;
};

/// The lane that this thread used last. Its thread holds it and so keeps its channel alive: an address that stands here is
/// never another channel's.
struct lane_cache {
  lane_access const* owner = nullptr;
  lane* owned = nullptr;
};
inline constinit thread_local lane_cache this_thread_lane{};

inline bool lane_access::has_cached_lane() const noexcept { return this_thread_lane.owner == this; }
inline lane* lane_access::this_lane() noexcept {
  return has_cached_lane() ? this_thread_lane.owned : acquire_lane();
}

}  // namespace fapilog::inline v0_1::detail
