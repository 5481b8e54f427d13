// SPDX-License-Identifier: MIT
// The call's half of the enqueue event: one load while the worker is awake, one wake-up while it sleeps.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>

namespace fapilog::inline v0_1::detail {

/// Both sides order their store and load with a fence. Works everywhere.
class fence_barrier {
 public:
  void light() const noexcept { detail::full_fence(); }
  /// True if the worker must issue the barrier for both sides (`heavy_barrier`, enqueue_event.hpp).
  [[nodiscard]] static constexpr bool is_asymmetric() noexcept { return false; }
};

/// Only the worker pays: it calls membarrier(2) before it sleeps. If the kernel has no membarrier, this behaves like
/// `fence_barrier`.
class asymmetric_barrier {
 public:
  /// `usable`: membarrier was registered for the process.
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

/// The producers' view of the event. Thread: any. Throws: never.
///
/// Memory order, for processors weaker than x86. Producer: store of the lane's head (release), light barrier, load of `armed_`
/// (relaxed). Worker: store of `armed_` (sequentially consistent), heavy barrier, loads of all heads (acquire).
/// - With fences: of two threads that each store, run a sequentially consistent fence and load what the other has stored, one
///   sees the other's store ([atomics.order]). So the producer sees `armed_`, or the worker sees the record.
/// - With membarrier(2): it is a full barrier on every running thread of the process, at some point between the producer's
///   instructions. Before the load of `armed_`: the load sees true. After the store of the head: the worker sees it. The compiler
///   fence keeps both in this order in the program, so that one of the two holds. A thread that is not running has been through
///   a full barrier of the scheduler.
/// - `exchange` in `wake` (acquire and release) reads the worker's store of `armed_`, so that it sees `ends_itself_from_` of that
///   sleep or of a later one. Only one producer gets true.
/// - A new lane is linked before the same barrier, so that a worker that would miss it is woken.
template <class Barrier>
class basic_enqueue_signal {
 public:
  basic_enqueue_signal(basic_enqueue_signal const&) = delete;
  basic_enqueue_signal& operator=(basic_enqueue_signal const&) = delete;

  /// Wakes the worker if it sleeps or is about to. Called after a record was published.
  [[gnu::always_inline]] void signal() noexcept {
    barrier_.light();
    if (armed_.load_relaxed()) [[unlikely]]
      wake_(*this);
  }

  /// A word that is false if `signal` would have no effect: the worker is awake and the barrier costs this side nothing.
  [[nodiscard]] detail::atomic_word<bool> const& may_have_to_signal() const noexcept {
    static constinit detail::atomic_word<bool> const always{true};
    return barrier_.is_asymmetric() ? armed_ : always;
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
