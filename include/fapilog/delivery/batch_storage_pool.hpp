// SPDX-License-Identifier: MIT
// Reuses the memory of batches that have been delivered.
#pragma once

#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/record/batch.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Thread: any.
class batch_storage_pool {
 public:
  /// Keeps the memory of at most `max_spare` batches. Throws: std::bad_alloc.
  explicit batch_storage_pool(std::size_t max_spare) : max_spare_(max_spare) { spare_.reserve(max_spare); }

  /// Returns empty storage, reused if possible. Throws: std::bad_alloc.
  [[nodiscard]] std::shared_ptr<batch_storage> take() {
    {
      std::lock_guard const lock{mutex_};
      if (!spare_.empty()) {
        auto used = std::move(spare_.back());
        spare_.pop_back();
        return used;
      }
    }
    return std::make_shared<batch_storage>();
  }
  /// Keeps the memory of the batch for reuse, unless another handle to the batch exists or enough memory is spare.
  void give_back(batch entries) noexcept {
    auto storage = entries.reusable_storage();
    if (storage == nullptr) return;
    entries = {};
    storage->clear();
    std::lock_guard const lock{mutex_};
    if (spare_.size() < max_spare_) spare_.push_back(std::move(storage));
  }

  void after_fork_in_child() noexcept { mutex_.recreate_in_child(); }

 private:
  std::size_t const max_spare_;
  fork_safe<std::mutex> mutex_;
  vector<std::shared_ptr<batch_storage>> spare_;
};

}  // namespace fapilog::inline v0_1::detail
