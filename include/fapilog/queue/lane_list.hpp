// SPDX-License-Identifier: MIT
// All lanes of one channel: their memory, who owns them, and how full they are.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/queue/lane.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>

namespace fapilog::inline v0_1::detail {

/// A list that only grows; the lane of a thread that ends is reused. Thread: any, unless stated. Throws: never.
class lane_list {
 public:
  /// `capacity`: bytes of each lane, a power of two.
  [[gnu::cold]] explicit lane_list(std::size_t capacity) noexcept
      : capacity_(capacity), longest_((std::min<std::size_t>)(capacity / 4, std::size_t{64} * 1024)) {}
  lane_list(lane_list const&) = delete;
  lane_list& operator=(lane_list const&) = delete;
  [[gnu::cold]] ~lane_list() {
    for (lane* l = first(); l != nullptr;) {
      l->discard_records();
      lane* const next = l->next;
      l->~lane();
      detail::unmap_pages(l, head_bytes + capacity_ + longest_);
      l = next;
    }
  }

  [[nodiscard]] lane* first() const noexcept { return first_.load_acquire(); }

  /// Returns an unowned lane, or makes one; null without memory. An unowned lane is taken only if it is empty, because
  /// the worker adds the lane's thread id to every record in it.
  [[nodiscard, gnu::cold]] lane* claim() noexcept {
    for (lane* l = first(); l != nullptr; l = l->next) {
      bool owned = false;
      if (l->owned.load_relaxed() || l->has_records()) continue;
      if (!l->owned.compare_exchange(owned, true)) continue;
      if (!l->has_records()) {
        l->queue.start_over();
        return l->begin_ownership();
      }
      l->owned.store_release(false);  // another thread has used it since it was seen empty
    }
    void* const pages = detail::map_pages(head_bytes + capacity_ + longest_);
    if (pages == nullptr) return nullptr;
    auto* const made = ::new (pages) lane{static_cast<std::byte*>(pages) + head_bytes, capacity_, longest_};
    made->begin_ownership();
    made->next = first_.load_relaxed();
    while (!first_.compare_exchange(made->next, made)) {
    }
    return made;
  }

  [[nodiscard]] bool has_records() const noexcept {
    for (lane* l = first(); l != nullptr; l = l->next) {
      if (l->has_records()) return true;
    }
    return false;
  }
  /// Wakes all calls that wait for room.
  [[gnu::cold]] void wake_waiting() const noexcept {
    for (lane* l = first(); l != nullptr; l = l->next) l->room.wake();
  }
  /// True if no call is writing into any lane.
  [[nodiscard]] bool is_quiet() const noexcept {
    for (lane* l = first(); l != nullptr; l = l->next) {
      if (l->writing.load_acquire() != 0) return false;
    }
    return true;
  }
  /// Fill of the fullest lane, 0 to 1: its bytes in use, relative to the bytes that unprotected records may use.
  [[nodiscard]] double fullest(std::size_t reserve) const noexcept {
    double max = 0;
    for (lane* l = first(); l != nullptr; l = l->next) {
      auto const used = static_cast<double>(l->queue.published() - l->queue.released());
      max = (std::max)(max, used / static_cast<double>(capacity_ - reserve));
    }
    return (std::min)(max, 1.0);
  }

  /// Returns the pages of unowned, empty lanes to the system; the addresses stay mapped. Thread: the worker.
  void trim_unowned() noexcept {
    for (lane* l = first(); l != nullptr; l = l->next) {
      bool owned = false;
      std::uint64_t const used = l->queue.published();
      if (l->owned.load_relaxed() || used == l->trimmed_at || used != l->queue.released()) continue;
      if (!l->owned.compare_exchange(owned, true)) continue;
      if (l->queue.published() == used) {
        detail::release_pages(l->queue.memory(), capacity_ + longest_);
        l->trimmed_at = used;
        l->populated = 0;
      }
      l->owned.store_release(false);
    }
  }

 private:
  static constexpr std::size_t head_bytes =
      (sizeof(lane) + detail::cache_line - 1) & ~(detail::cache_line - 1);

  std::size_t const capacity_;
  std::size_t const longest_;  ///< longest record that a lane holds; a longer one goes to the heap
  detail::atomic_word<lane*> first_{nullptr};
};

}  // namespace fapilog::inline v0_1::detail
