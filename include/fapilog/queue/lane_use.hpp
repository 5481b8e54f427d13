// SPDX-License-Identifier: MIT
// The lane of the running thread during one general call.
#pragma once

#include <fapilog/queue/enqueue_signal.hpp>
#include <fapilog/queue/lane.hpp>
#include <fapilog/queue/thread_lanes.hpp>

#include <cerrno>
#include <cstddef>

namespace fapilog::inline v0_1::detail {

/// Restores the lane at the end, and errno, which the caller may be about to log.
class lane_use {
 public:
  lane_use() noexcept = default;
  lane_use(lane_use const&) = delete;
  lane_use& operator=(lane_use const&) = delete;
  ~lane_use() {
    errno = errno_;
    if (lane_ == nullptr) [[unlikely]]
      return;
    if (is_writing_) lane_->writing.store_release(0);
    lane_->scratch.shrink(scratch_begin_);
    if (lane_->borrowed) [[unlikely]]
      return_borrowed_lane(*lane_);
  }

  /// `own` is null without memory. Returns it.
  lane* take(lane* own) noexcept {
    lane_ = own;
    if (own != nullptr) [[likely]]
      scratch_begin_ = own->scratch.size();
    return own;
  }
  /// Marks the lane as being written: from here to the end of the call, a worker that closes the channel waits.
  void begin_writing(asymmetric_barrier const& barrier) noexcept {
    is_writing_ = true;
    lane_->writing.store_stack_pointer();
    barrier.light();
  }
  /// Where the deferred values of this call begin in the lane's scratch buffer.
  [[nodiscard]] std::size_t scratch_begin() const noexcept { return scratch_begin_; }
  /// The deferred values of this call, encoded.
  [[nodiscard]] std::byte const* encoded() const noexcept { return lane_->scratch.data() + scratch_begin_; }

 private:
  int const errno_ = errno;
  lane* lane_ = nullptr;
  std::size_t scratch_begin_ = 0;
  bool is_writing_ = false;
};

}  // namespace fapilog::inline v0_1::detail
