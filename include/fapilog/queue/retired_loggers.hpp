// SPDX-License-Identifier: MIT
// Logger cores that nobody uses any more, until the worker has read every record that names them.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/queue/channel.hpp>

#include <utility>

namespace fapilog::inline v0_1::detail {

/// A lock-free stack. Thread: any. Throws: never.
class retired_loggers {
 public:
  /// Adds a core; deletes it at once if no worker will take it. The core may hold the last reference on the channel with
  /// this object: the caller must not use either afterwards.
  void add(logger_core& core) noexcept {
    logger_core* first = first_.load_relaxed();
    do {
      core.next_retired = first;
    } while (!first_.compare_exchange(first, &core));
    detail::full_fence();
    if (worker_ended_.load_seq_cst()) delete_all(take());
  }
  /// Removes all cores. The caller deletes them once it has read the records that were submitted before.
  [[nodiscard]] logger_core* take() noexcept { return first_.exchange(nullptr); }
  static void delete_all(logger_core* first) noexcept {
    while (first != nullptr) delete std::exchange(first, first->next_retired);
  }
  /// Must be called when the worker ends: from then on, cores are deleted at once.
  void end_of_worker() noexcept {
    worker_ended_.store_seq_cst(true);
    delete_all(take());
  }

 private:
  detail::atomic_word<logger_core*> first_{nullptr};
  detail::atomic_word<bool> worker_ended_{false};
};

}  // namespace fapilog::inline v0_1::detail
