// SPDX-License-Identifier: MIT
// Calls a function when a thread ends, and fails instead of ending the process if there is no memory for that.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#if FAPILOG_DETAIL_WINDOWS
#include <fapilog/detail/os/windows_thread.hpp>
#else
#include <pthread.h>

namespace fapilog::inline v0_1::detail {

/// True if thread-local variables may be gone when the function is called: it must do with the value that was added.
inline constexpr bool thread_variables_end_early = false;

/// The destructor of a thread-local variable is registered by the C library, which aborts the process without memory. A
/// registration here can fail. The function is called after the destructors of thread-local variables, not for the thread
/// that calls exit(), and not after this object is destroyed, so a library that is unloaded leaves nothing behind.
/// Thread: any. Throws: never.
class thread_end {
 public:
  using function = void (*)(void*);

  [[gnu::cold]] explicit thread_end(function called) noexcept
      : is_usable_(::pthread_key_create(&key_, called) == 0) {}
  thread_end(thread_end const&) = delete;
  thread_end& operator=(thread_end const&) = delete;
  [[gnu::cold]] ~thread_end() {
    if (is_usable_) ::pthread_key_delete(key_);
    is_usable_ = false;
  }

  /// Registers the running thread, or changes its value, which the function gets. With null, the function is not called.
  /// Returns false if that is impossible: no memory, no key, or the process is exiting.
  [[nodiscard, gnu::cold]] bool add_this_thread(void* value) noexcept {
    return is_usable_ && ::pthread_setspecific(key_, value) == 0;
  }
  [[nodiscard, gnu::cold]] bool add_this_thread() noexcept { return add_this_thread(this); }
  /// The value of the running thread; null without one.
  [[nodiscard, gnu::cold]] void* value() const noexcept {
    return is_usable_ ? ::pthread_getspecific(key_) : nullptr;
  }

 private:
  ::pthread_key_t key_{};
  bool is_usable_;
};

}  // namespace fapilog::inline v0_1::detail

#endif
