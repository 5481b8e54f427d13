// SPDX-License-Identifier: MIT
// The call site's half of the enqueue event: one load while the worker is awake, one wake-up while it sleeps.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>

namespace fapilog::inline v0_1::detail {

/// Both sides pay for the ordering of publish and look with a fence: works everywhere.
class fence_barrier {
 public:
  void light() const noexcept { detail::full_fence(); }
  /// True where the worker has to reach into the producers' processors (`heavy_barrier`, enqueue_event.hpp).
  [[nodiscard]] static constexpr bool is_asymmetric() noexcept { return false; }
};

/// The worker alone pays, with membarrier(2) before it sleeps. Where the kernel refuses that (asked once, when the
/// event is made) it behaves as `fence_barrier`.
class asymmetric_barrier {
 public:
  explicit asymmetric_barrier(bool usable) noexcept : usable_(usable) {}
  [[gnu::always_inline]] void light() const noexcept {
    if (usable_) [[likely]] {
      detail::compiler_fence();
    } else {
      detail::full_fence();
    }
  }
  [[nodiscard]] bool is_asymmetric() const noexcept { return usable_; }

 private:
  bool usable_;
};

/// What producers see of the event. Thread: any. Throws: never.
template <class Barrier>
class basic_enqueue_signal {
 public:
  basic_enqueue_signal(basic_enqueue_signal const&) = delete;
  basic_enqueue_signal& operator=(basic_enqueue_signal const&) = delete;

  /// Called after a record was published: wakes the worker if it sleeps or is about to.
  [[gnu::always_inline]] void signal() noexcept {
    barrier_.light();
    if (armed_.load_relaxed()) [[unlikely]]
      wake_(*this);
  }

  /// False where `signal` would do nothing: the worker is awake and the barrier costs this side nothing.
  [[nodiscard, gnu::always_inline]] bool may_have_to_signal() const noexcept {
    return !barrier_.is_asymmetric() || armed_.load_relaxed();
  }
  [[nodiscard, gnu::always_inline]] Barrier const& barrier() const noexcept { return barrier_; }

 protected:
  using wake_function = void (*)(basic_enqueue_signal&) noexcept;
  basic_enqueue_signal(Barrier barrier, wake_function wake) noexcept : barrier_(barrier), wake_(wake) {}
  ~basic_enqueue_signal() = default;

  detail::atomic_word<bool> armed_{false};

 private:
  Barrier barrier_;
  wake_function wake_;
};

using enqueue_signal = basic_enqueue_signal<asymmetric_barrier>;

}  // namespace fapilog::inline v0_1::detail
