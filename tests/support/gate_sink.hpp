// SPDX-License-Identifier: MIT
// A sink that holds whoever writes to it until the test opens it, and counts the records that passed.
#pragma once

#include <fapilog/record/batch.hpp>
#include <fapilog/record/level.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace support {

/// Used through a shared_ptr. Thread: any.
class gate_sink {
 public:
  void write(fapilog::batch const& entries) {
    std::unique_lock lock{mutex_};
    is_entered_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_; });
    passed_ += entries.size();
    for (fapilog::entry const& e : entries) errors_ += e.event.severity == fapilog::level::error ? 1U : 0U;
    changed_.notify_all();
  }

  /// Waits until a batch is held. Returns false after a minute.
  [[nodiscard]] bool wait_until_held() const {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::minutes{1}, [this] { return is_entered_; });
  }
  /// Waits until this many records have passed. Returns false after a minute.
  [[nodiscard]] bool wait_for_passed(std::size_t count) const {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::minutes{1}, [&] { return passed_ >= count; });
  }
  void open() {
    std::lock_guard const lock{mutex_};
    is_open_ = true;
    changed_.notify_all();
  }

  [[nodiscard]] std::size_t passed() const {
    std::lock_guard const lock{mutex_};
    return passed_;
  }
  /// How many of those were ERROR.
  [[nodiscard]] std::size_t passed_errors() const {
    std::lock_guard const lock{mutex_};
    return errors_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool is_entered_ = false;
  bool is_open_ = false;
  std::size_t passed_ = 0;
  std::size_t errors_ = 0;
};

}  // namespace support
