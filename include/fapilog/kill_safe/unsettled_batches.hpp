// SPDX-License-Identifier: MIT
// Releases kept records in their lanes when every sink is done with their batch.
#pragma once

#include <fapilog/detail/os/system.hpp>
#include <fapilog/queue/kept_lane.hpp>
#include <fapilog/queue/lane.hpp>
#include <fapilog/queue/lane_list.hpp>
#include <fapilog/record/batch.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// The batches that are on their way, in order. Batches may be settled in any order; what is kept for one is released when all
/// before it are settled, too. Thread: any, unless stated.
class unsettled_batches final : public std::enable_shared_from_this<unsettled_batches> {
 public:
  /// Begins a batch of all records that the worker has taken since the last one. Returns what must be notified when it is settled;
  /// `also` is notified after that, unless it is null. Thread: the worker's. Throws: std::bad_alloc.
  [[nodiscard]] std::shared_ptr<settlement> begin(lane_list const& lanes, std::shared_ptr<settlement> also) {
    auto made = std::make_shared<one_batch>();
    made->owner = shared_from_this();
    made->also = std::move(also);
    std::lock_guard const lock{mutex_};
    batches_.push_back({take_positions(lanes), false});
    made->number = first_ + batches_.size() - 1;
    if (made->also != nullptr) made->also->begun();
    return made;
  }
  /// Releases the records that the worker has taken and that reached no batch, because they were filtered or failed.
  /// Thread: the worker's. Throws: std::bad_alloc.
  void settle_rest(lane_list const& lanes) {
    std::lock_guard const lock{mutex_};
    auto rest = take_positions(lanes);
    if (rest.empty()) return;
    batches_.push_back({std::move(rest), true});
    release_settled();
  }

  /// From now on nothing is released, because the lanes are gone.
  [[gnu::cold]] void close() noexcept {
    std::lock_guard const lock{mutex_};
    forget();
  }
  /// Held during fork(2).
  [[nodiscard]] std::mutex& mutex() noexcept { return mutex_; }
  /// The batches are the parent's; the lanes are empty in this process. The mutex must be free.
  [[gnu::cold]] void after_fork_in_child() noexcept { forget(); }

 private:
  struct release {
    lane* from;
    std::uint64_t until;
  };
  struct pending {
    std::vector<release> releases;
    bool is_settled;
  };
  struct one_batch final : settlement {
    void settled() noexcept override {
      owner->settle(number);
      if (also != nullptr) also->settled();
    }

    std::shared_ptr<unsettled_batches> owner;
    std::shared_ptr<settlement> also;
    std::uint64_t number = 0;
  };

  [[nodiscard]] static std::vector<release> take_positions(lane_list const& lanes) {
    std::vector<release> all;
    for (lane* l = lanes.first(); l != nullptr; l = l->next) {
      kept_lane* const kept = l->kept;
      if (kept == nullptr || kept->taken_until == kept->handed_over_until) continue;
      all.push_back({l, kept->taken_until});
      kept->handed_over_until = kept->taken_until;
    }
    return all;
  }

  void settle(std::uint64_t number) noexcept {
    std::lock_guard const lock{mutex_};
    if (number < first_) return;  // of the parent process, or of a runtime that has ended
    batches_[number_cast<std::size_t>(number - first_)].is_settled = true;
    release_settled();
  }
  void release_settled() noexcept {
    while (!batches_.empty() && batches_.front().is_settled) {
      auto const& releases = batches_.front().releases;
      for (release const& r : releases) r.from->queue.release(r.until);
      // A call that waits for room arms its signal, then looks once more.
      detail::full_fence();
      for (release const& r : releases) r.from->room.wake_if_reached(r.until);
      batches_.pop_front();
      ++first_;
    }
  }
  void forget() noexcept {
    first_ += batches_.size();
    batches_.clear();
  }

  std::mutex mutex_;
  std::deque<pending> batches_;
  std::uint64_t first_ = 0;  ///< number of the first batch in the list
};

}  // namespace fapilog::inline v0_1::detail
