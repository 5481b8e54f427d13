// SPDX-License-Identifier: MIT
// Finds out whether a function that was running can still return, or was left by longjmp.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#include <cstdint>

#if !FAPILOG_DETAIL_WINDOWS
#include <unwind.h>
#endif

namespace fapilog::inline v0_1::detail {

/// True if the function whose stack pointer was `stack_pointer`, on this thread, can no longer run: it was left by
/// siglongjmp from a signal handler. False if the calling function runs in a signal handler, which may have interrupted
/// that function, and if the stack cannot be read. Always false with the thread sanitizer, which calls handlers like other
/// functions. Async-signal-safe with glibc 2.35 and newer.
#if FAPILOG_DETAIL_WINDOWS
// No signal handlers interrupt a call there.
[[nodiscard]] inline bool was_left_by_jump(std::uintptr_t) noexcept { return false; }
#else
[[nodiscard, gnu::noinline, gnu::cold]] inline bool was_left_by_jump(std::uintptr_t stack_pointer) noexcept {
  struct search {
    std::uintptr_t stack_pointer;
    bool is_in_handler;
    bool has_passed;
  };
  search found{stack_pointer, false, false};
  ::_Unwind_Backtrace(
      [](::_Unwind_Context* frame, void* to) {
        auto& all = *static_cast<search*>(to);
        int is_interrupted = 0;
        (void)_Unwind_GetIPInfo(frame, &is_interrupted);
        all.is_in_handler |= is_interrupted != 0;
        all.has_passed |= number_cast<std::uintptr_t>(::_Unwind_GetCFA(frame)) > all.stack_pointer;
        return all.is_in_handler ? _URC_END_OF_STACK : _URC_NO_REASON;
      },
      &found);
  return found.has_passed && !found.is_in_handler && !thread_sanitized;
}
#endif

}  // namespace fapilog::inline v0_1::detail
