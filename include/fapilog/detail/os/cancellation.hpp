// SPDX-License-Identifier: MIT
// Keeps code of the library from being a cancellation point of POSIX threads.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#if FAPILOG_DETAIL_WINDOWS
#include <fapilog/detail/os/windows_thread.hpp>
#else
#include <pthread.h>

namespace fapilog::inline v0_1::detail {

/// From `begin` until it is destroyed, the calling thread is not cancelled: pthread_cancel takes effect at the next
/// cancellation point after that. Otherwise the cancellation would unwind functions that are noexcept, which ends the process.
class cancellation_guard {
 public:
  cancellation_guard() noexcept = default;
  cancellation_guard(cancellation_guard const&) = delete;
  cancellation_guard& operator=(cancellation_guard const&) = delete;
  ~cancellation_guard() {
#if defined(PTHREAD_CANCEL_DISABLE)
    if (is_active_) [[unlikely]]
      ::pthread_setcancelstate(before_, nullptr);
#endif
  }

  void begin() noexcept {
#if defined(PTHREAD_CANCEL_DISABLE)
    if (!is_active_) is_active_ = ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_) == 0;
#endif
  }

 private:
#if defined(PTHREAD_CANCEL_DISABLE)
  int before_ = 0;
  bool is_active_ = false;
#endif
};

/// A `cancellation_guard` that has begun.
class cancellation_blocked : public cancellation_guard {
 public:
  cancellation_blocked() noexcept { begin(); }
};

}  // namespace fapilog::inline v0_1::detail

#endif
