// SPDX-License-Identifier: MIT
// Memory that a log call has no use for any more, until the worker frees it.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// A lock-free stack of blocks of malloc. A call may run in a signal handler that interrupted malloc, so it must not free.
/// Thread: any. Throws: never.
class deferred_free {
 public:
  deferred_free() noexcept = default;
  deferred_free(deferred_free const&) = delete;
  deferred_free& operator=(deferred_free const&) = delete;
  ~deferred_free() { free_all(); }

  /// Takes over a block of at least one pointer. Frees it at once if very many blocks wait, because the worker hangs.
  void add(void* block) noexcept {
    if (waiting_.fetch_add_relaxed(1) >= max_waiting) {
      waiting_.fetch_sub(1);
      return std::free(block);
    }
    void* first = first_.load_relaxed();
    do {
      std::memcpy(block, &first, sizeof first);
    } while (!first_.compare_exchange(first, block));
  }
  /// True if enough blocks wait that the worker should be woken for them.
  [[nodiscard]] bool is_due() const noexcept { return waiting_.load_relaxed() >= due_from; }

  void free_all() noexcept {
    if (first_.load_relaxed() == nullptr) return;
    for (void* block = first_.exchange(nullptr); block != nullptr; waiting_.fetch_sub(1)) {
      void* next = nullptr;
      std::memcpy(&next, block, sizeof next);
      std::free(std::exchange(block, next));
    }
  }

 private:
  static constexpr std::size_t due_from = 64;
  static constexpr std::size_t max_waiting = 65'536;

  detail::atomic_word<void*> first_{nullptr};
  detail::atomic_word<std::size_t> waiting_{0};
};

}  // namespace fapilog::inline v0_1::detail
