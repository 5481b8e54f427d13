// SPDX-License-Identifier: MIT
// All lanes of one channel: their memory, who owns them, and how full they are.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/queue/flight_recorder.hpp>
#include <fapilog/queue/kept_lane.hpp>
#include <fapilog/queue/lane.hpp>
#include <fapilog/queue/record_keeper.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>

namespace fapilog::inline v0_1::detail {

/// A list that only grows; the lane of a thread that ends is reused. Thread: any, unless stated. Throws: never.
class lane_list {
 public:
  /// `capacity`: bytes of each lane, a power of two. `keeper`: makes files for the lanes; null: they end with the process.
  [[gnu::cold]] explicit lane_list(std::size_t capacity, record_keeper* keeper = nullptr) noexcept
      : capacity_(capacity),
        longest_((std::min<std::size_t>)(capacity / 4,
                                         keeper == nullptr ? max_in_memory : std::size_t{256} * 1024)),
        keeper_(keeper) {}
  lane_list(lane_list const&) = delete;
  lane_list& operator=(lane_list const&) = delete;
  [[gnu::cold]] ~lane_list() {
    for (lane* l = first(); l != nullptr;) {
      l->discard_records();
      flight_recorder::destroy(l->recorder.load_relaxed());
      lane* const next = l->next;
      if (l->kept != nullptr) {
        l->scope_received = {};  // the lane itself is for the next process
        detail::unmap_pages(file_of(*l), kept_head_bytes + capacity_ + longest_);
      } else {
        std::size_t const bytes = head_bytes + capacity_ + l->queue.longest();
        l->~lane();
        detail::unmap_pages(l, bytes);
      }
      l = next;
    }
  }

  [[nodiscard]] lane* first() const noexcept { return first_.load_acquire(); }

  /// Returns an unowned lane, or makes one; null without memory. An unowned lane is taken only if the worker has read it, because
  /// it adds the lane's thread id to every record in it.
  [[nodiscard, gnu::cold]] lane* claim() noexcept {
    for (lane* l = first(); l != nullptr; l = l->next) {
      bool owned = false;
      if (l->owned.load_relaxed() || l->has_unread() || (l->kept != nullptr && l->kept->is_left)) continue;
      if (!l->owned.compare_exchange(owned, true)) continue;
      if (!l->has_unread()) {
        if (!l->has_records()) l->queue.start_over();
        return l->begin_ownership();
      }
      l->owned.store_release(false);  // another thread has used it since it was seen empty
    }
    lane* made = keeper_ == nullptr ? nullptr : make_kept();
    if (made == nullptr) made = make_in_memory();
    if (made == nullptr) return nullptr;
    made->begin_ownership();
    made->next = first_.load_relaxed();
    while (!first_.compare_exchange(made->next, made)) {
    }
    return made;
  }

  /// True if there are records that the worker has not read.
  [[nodiscard]] bool has_unread() const noexcept {
    for (lane* l = first(); l != nullptr; l = l->next) {
      if (l->has_unread()) return true;
    }
    return false;
  }
  /// True if the worker has released all records.
  [[nodiscard, gnu::cold]] bool is_empty() const noexcept {
    for (lane* l = first(); l != nullptr; l = l->next) {
      if (l->has_records()) return false;
    }
    return true;
  }

  /// In a forked child, replaces the lanes in files, which are the parent's, by private memory. If the system refuses, the list is
  /// empty after that.
  [[gnu::cold]] void leave_files_in_child() noexcept {
    for (lane* l = first(); l != nullptr; l = l->next) {
      if (l->kept == nullptr) continue;
      if (!keeper_->leave_file(file_of(*l), kept_head_bytes, kept_head_bytes + capacity_ + longest_))
        return first_.store_relaxed(nullptr);
      l->kept->is_left = true;
    }
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
      if (l->kept != nullptr) continue;
      if (l->owned.load_relaxed() || used == l->trimmed_at || used != l->queue.released()) continue;
      if (!l->owned.compare_exchange(owned, true)) continue;
      if (l->queue.published() == used) {
        detail::release_pages(l->queue.memory(), capacity_ + l->queue.longest());
        l->trimmed_at = used;
        l->populated = 0;
      }
      l->owned.store_release(false);
    }
  }

 private:
  /// Longest record of a lane in memory: the fast path writes the lengths of strings in two bytes.
  static constexpr std::size_t max_in_memory = std::size_t{64} * 1024;
  /// Bytes of a `T` in whole cache lines.
  template <class T>
  static constexpr std::size_t line_bytes = (sizeof(T) + detail::cache_line - 1) & ~(detail::cache_line - 1);
  static constexpr std::size_t head_bytes = line_bytes<lane>;
  static constexpr std::size_t kept_head_bytes =
      record_keeper::file_head_bytes + head_bytes + line_bytes<kept_lane>;

  static std::byte* file_of(lane& l) noexcept {
    return reinterpret_cast<std::byte*>(&l) - record_keeper::file_head_bytes;
  }

  [[nodiscard, gnu::cold]] lane* make_in_memory() const noexcept {
    std::size_t const longest = (std::min)(longest_, max_in_memory);
    void* const pages = detail::map_pages(head_bytes + capacity_ + longest);
    if (pages == nullptr) return nullptr;
    return ::new (pages) lane{static_cast<std::byte*>(pages) + head_bytes, capacity_, longest};
  }
  /// Makes a lane in a file. Null, after a report, without room.
  [[nodiscard, gnu::cold]] lane* make_kept() const noexcept {
    std::byte* const file = keeper_->make_file(kept_head_bytes + capacity_ + longest_);
    if (file == nullptr) return nullptr;
    std::byte* const at = file + record_keeper::file_head_bytes;
    auto* const made = ::new (at) lane{file + kept_head_bytes, capacity_, longest_};
    made->kept = ::new (at + head_bytes) kept_lane{};
    keeper_->publish_file(file, *made, capacity_, longest_);
    return made;
  }

  std::size_t const capacity_;
  /// Longest record that a lane holds; a longer one goes to the heap, or is cut if it is kept.
  std::size_t const longest_;
  record_keeper* const keeper_;
  detail::atomic_word<lane*> first_{nullptr};
};

}  // namespace fapilog::inline v0_1::detail
