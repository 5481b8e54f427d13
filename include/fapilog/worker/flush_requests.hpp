// SPDX-License-Identifier: MIT
// Numbers the flushes that callers request, and records which of them are done.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// A flush includes every record that was submitted before its request. A later flush completes all earlier ones.
/// Thread: `requested` any; `begin` and `begun` the worker; the rest under the owner's mutex.
class flush_requests {
 public:
  /// Requests a flush and returns its number.
  [[nodiscard]] std::uint64_t request() noexcept {
    requested_.store(++last_, std::memory_order_seq_cst);
    return last_;
  }
  /// The latest request.
  [[nodiscard]] std::uint64_t requested() const noexcept {
    return requested_.load(std::memory_order_acquire);
  }

  void begin(std::uint64_t request) noexcept { begun_ = request; }
  [[nodiscard]] std::uint64_t begun() const noexcept { return begun_; }

  void end(std::uint64_t request) noexcept { done_ = (std::max)(done_, request); }
  [[nodiscard]] bool is_done(std::uint64_t request) const noexcept { return done_ >= request; }

  /// In a forked child nobody waits for the parent's flushes.
  void forget_in_child() noexcept { begun_ = done_ = last_; }

 private:
  std::atomic<std::uint64_t> requested_{0};
  std::uint64_t last_ = 0;
  std::uint64_t begun_ = 0;
  std::uint64_t done_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
