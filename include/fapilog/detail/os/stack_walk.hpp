// SPDX-License-Identifier: MIT
// Reads the stack inside a signal handler, even if it is damaged or the code that was called does not exist.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/crash_site.hpp>
#include <fapilog/detail/os/system.hpp>

#include <cstddef>
#include <cstdint>

#include <setjmp.h>
#include <signal.h>
#include <unistd.h>
#include <unwind.h>
#if FAPILOG_DETAIL_LINUX
#include <ucontext.h>
#endif

namespace fapilog::inline v0_1::detail {

/// The registers of the interrupted code that lead to its caller. Null on processors for which they are not known.
struct call_registers {
  long long* code = nullptr;   ///< address of the next instruction
  long long* stack = nullptr;  ///< the stack pointer

  [[nodiscard]] static call_registers of([[maybe_unused]] void* context) noexcept {
#if FAPILOG_DETAIL_LINUX && FAPILOG_DETAIL_ASM_X64 && UINTPTR_MAX > 0xFFFFFFFF
    if (context != nullptr) {
      auto& all = static_cast<::ucontext_t*>(context)->uc_mcontext.gregs;
      return {&all[REG_RIP], &all[REG_RSP]};
    }
#endif
    return {};
  }
};

/// Async-signal-safe with glibc 2.35 and newer: older versions lock while they walk the stack. Thread: one at a time.
class stack_walk {
 public:
  /// Sets the frames of the code that a signal has interrupted; `context` is the third argument of its handler. A fault meanwhile
  /// ends the walk, and the frames so far remain: the handler must call `leave_after_fault` first, for SIGSEGV and SIGBUS.
  static void collect(crash_site& site, void* context) noexcept {
    constexpr std::size_t walk_bytes = 4096;
    std::size_t const room = stack_room();
    site.frame_count = 0;
    if (room < walk_bytes) return;
    ::sigset_t faults;
    ::sigset_t mask;
    sigemptyset(&faults);
    sigaddset(&faults, SIGSEGV);
    sigaddset(&faults, SIGBUS);
    if (::pthread_sigmask(SIG_BLOCK, nullptr, &mask) != 0) return;
    call_registers const at = call_registers::of(context);
    bool const is_wrong_call = at.code != nullptr && site.is_fault() && site.signal == SIGSEGV &&
                               site.address == static_cast<std::uintptr_t>(*at.code);
    registers const before = is_wrong_call ? registers{*at.code, *at.stack} : registers{};
    if (sigsetjmp(after_walk, 0) == 0) {
      walking_thread.store_release(thread_id());
      if (room >= walk_bytes + signal_frame_bytes()) ::pthread_sigmask(SIG_UNBLOCK, &faults, nullptr);
      // There is no code where a call has led to. So the walk begins at its caller.
      if (is_wrong_call) return_from_call(site, at);
      walk(site);
    }
    walking_thread.store_release(0);
    ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    if (is_wrong_call) {
      *at.code = before.code;
      *at.stack = before.stack;
    }
  }
  /// Sets the frames of the running code.
  static void collect_here(crash_site& site) noexcept { collect(site, nullptr); }

  /// If this thread is in `collect`, continues behind its walk.
  static void leave_after_fault() noexcept {
    std::uint64_t const walking = walking_thread.load_acquire();
    if (walking != 0 && walking == thread_id()) siglongjmp(after_walk, 1);
  }

 private:
  struct registers {
    long long code = 0;
    long long stack = 0;
  };

  static void walk(crash_site& site) noexcept {
    std::size_t const kept = site.frame_count;
    struct progress {
      crash_site& site;
      std::size_t kept;
    } so_far{site, kept};
    ::_Unwind_Backtrace(
        [](::_Unwind_Context* frame, void* to) {
          auto& [all, first] = *static_cast<progress*>(to);
          int is_interrupted = 0;
          auto const at = number_cast<std::uintptr_t>(_Unwind_GetIPInfo(frame, &is_interrupted));
          if (is_interrupted != 0) all.frame_count = first;  // the frames so far are those of the handler
          if (at == 0 || all.frame_count == crash_site::max_frames) return _URC_END_OF_STACK;
          all.frames[all.frame_count++] = at;
          return _URC_NO_REASON;
        },
        &so_far);
  }

  [[gnu::no_sanitize_address, gnu::no_sanitize_thread, gnu::noinline]] static void return_from_call(
      crash_site& site, call_registers const& at) noexcept {
    site.frames[site.frame_count++] = site.address;
    auto const* const top = reinterpret_cast<long long const volatile*>(*at.stack);
    *at.code = *top;
    *at.stack += static_cast<long long>(sizeof(void*));
  }

  /// Bytes that are left of the stack; many if it is not an alternate one.
  [[nodiscard]] static std::size_t stack_room() noexcept {
    ::stack_t now{};
    if (::sigaltstack(nullptr, &now) != 0 || (now.ss_flags & SS_ONSTACK) == 0) return SIZE_MAX;
    return reinterpret_cast<std::uintptr_t>(&now) - reinterpret_cast<std::uintptr_t>(now.ss_sp);
  }
  /// Bytes that the kernel needs to call a handler.
  [[nodiscard]] static std::size_t signal_frame_bytes() noexcept {
#if defined(_SC_MINSIGSTKSZ)
    if (long const bytes = ::sysconf(_SC_MINSIGSTKSZ); bytes > 0) return static_cast<std::size_t>(bytes);
#endif
    return 4096;
  }

  inline static ::sigjmp_buf after_walk{};
  inline static constinit atomic_word<std::uint64_t> walking_thread{0};
};

}  // namespace fapilog::inline v0_1::detail
