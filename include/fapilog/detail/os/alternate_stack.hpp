// SPDX-License-Identifier: MIT
// A stack for the signal handlers of a thread, so that they run even if the thread's own stack is full.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#if FAPILOG_DETAIL_WINDOWS
#include <fapilog/detail/os/windows_crash.hpp>
#else
#include <fapilog/detail/os/thread_end.hpp>

#include <algorithm>
#include <cstddef>

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

namespace fapilog::inline v0_1::detail {

/// The alternate stack that the library has given to the running thread, or null.
inline constinit thread_local void* own_alternate_stack = nullptr;

/// Enough for a handler that walks the stack, with the largest registers that the processor has.
[[nodiscard, gnu::cold]] inline std::size_t alternate_stack_bytes() noexcept {
  std::size_t bytes = std::size_t{64} * 1024;
#if defined(_SC_SIGSTKSZ)
  if (long const wanted = ::sysconf(_SC_SIGSTKSZ); wanted > 0)
    bytes = (std::max)(bytes, std::size_t{32} * 1024 + static_cast<std::size_t>(wanted));
#endif
  constexpr std::size_t step = 4096;
  return (bytes + step - 1) / step * step;
}

[[gnu::cold]] inline void release_alternate_stack() noexcept {
  if (own_alternate_stack == nullptr) return;
  ::stack_t now{};
  ::sigaltstack(nullptr, &now);
  if (now.ss_sp == own_alternate_stack) {
    ::stack_t none{};
    none.ss_flags = SS_DISABLE;
    ::sigaltstack(&none, nullptr);
  }
  ::munmap(own_alternate_stack, alternate_stack_bytes());
  own_alternate_stack = nullptr;
}

/// Gives the running thread an alternate stack (sigaltstack(2)) until it ends, unless it has one. The pages cost memory
/// only once a handler uses them. Without memory the thread has none. Throws: never.
[[gnu::cold]] inline void add_alternate_stack() noexcept {
  if (own_alternate_stack != nullptr) return;
  ::stack_t now{};
  if (::sigaltstack(nullptr, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) return;
  static thread_end end{[](void*) { release_alternate_stack(); }};
  if (!end.add_this_thread()) return;
  std::size_t const bytes = alternate_stack_bytes();
  void* const memory =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;
  ::stack_t ours{};
  ours.ss_sp = memory;
  ours.ss_size = bytes;
  if (::sigaltstack(&ours, nullptr) == 0) {
    own_alternate_stack = memory;
  } else {
    ::munmap(memory, bytes);
  }
}

}  // namespace fapilog::inline v0_1::detail

#endif
