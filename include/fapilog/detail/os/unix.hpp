// SPDX-License-Identifier: MIT
// What linux.hpp and posix.hpp share: pages, signals, fork(2), processes, the environment.
#pragma once

#include <fapilog/detail/os/platform.hpp>
#include <fapilog/detail/text/ascii.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#if __has_include(<sys/random.h>)
#include <sys/random.h>  // getentropy of macOS
#endif

extern "C" char** environ;  // NOLINT(readability-redundant-declaration): not every system declares it

namespace fapilog::inline v0_1::detail {

/// Returns 64 random bits. Throws: std::system_error if the system has none.
[[nodiscard, gnu::cold]] inline std::uint64_t system_random() {
  std::uint64_t bits = 0;
  if (::getentropy(&bits, sizeof bits) != 0)
    throw std::system_error(errno, std::generic_category(), "fapilog: the system has no random numbers");
  return bits;
}

[[gnu::cold]] inline void unmap_pages(void* pages, std::size_t size) noexcept { ::munmap(pages, size); }
/// Returns the memory of the whole pages in this range to the system. The addresses stay valid; the content is lost.
[[gnu::cold]] inline void release_pages(std::byte* begin, std::size_t size) noexcept {
  auto const page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto const first = (reinterpret_cast<std::uintptr_t>(begin) + page - 1) / page * page;
  auto const end = (reinterpret_cast<std::uintptr_t>(begin) + size) / page * page;
  if (first < end) ::madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
}

[[nodiscard]] inline std::int64_t process_id() noexcept { return ::getpid(); }
/// _exit(2).
[[noreturn]] inline void exit_at_once(int status) noexcept { ::_exit(status); }
/// execve(2).
[[nodiscard]] inline int replace_process(char const* program, char* const arguments[],
                                         char* const environment[]) noexcept {
  return ::execve(program, arguments, environment);
}

/// Blocks signals for the current thread while it exists, so that threads created meanwhile get none. Faults such as SIGSEGV
/// stay unblocked.
class signals_blocked {
 public:
  [[gnu::cold]] signals_blocked() noexcept {
    ::sigset_t all;
    sigfillset(&all);
    for (int const fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
      sigdelset(&all, fault);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  signals_blocked(signals_blocked const&) = delete;
  signals_blocked& operator=(signals_blocked const&) = delete;
  [[gnu::cold]] ~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  ::sigset_t before_;
};

/// Lets the handlers of faults run on the current thread: the kernel ends a process whose thread has blocked the signal of its fault.
[[gnu::cold]] inline void unblock_faults() noexcept {
  ::sigset_t faults;
  sigemptyset(&faults);
  for (int const fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS}) sigaddset(&faults, fault);
  ::pthread_sigmask(SIG_UNBLOCK, &faults, nullptr);
}

/// While it exists, a signal that a system call of this thread raises, such as SIGXFSZ, is discarded: the call only fails. Does not
/// change the application's handlers.
class raised_signal_discarded {
 public:
  [[gnu::cold]] explicit raised_signal_discarded(int number) noexcept {
    sigemptyset(&signal_);
    sigaddset(&signal_, number);
    ::pthread_sigmask(SIG_BLOCK, &signal_, &before_);
    was_blocked_ = sigismember(&before_, number) == 1;
    number_ = number;
  }
  raised_signal_discarded(raised_signal_discarded const&) = delete;
  raised_signal_discarded& operator=(raised_signal_discarded const&) = delete;
  [[gnu::cold]] ~raised_signal_discarded() {
    if (was_blocked_) return;
    ::sigset_t pending;
    sigemptyset(&pending);
    int taken = 0;
    if (::sigpending(&pending) == 0 && sigismember(&pending, number_) == 1) (void)::sigwait(&signal_, &taken);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  ::sigset_t signal_;
  ::sigset_t before_;
  int number_ = 0;
  bool was_blocked_ = false;
};

/// While it exists, a file that would exceed RLIMIT_FSIZE raises no SIGXFSZ on this thread: the call fails with EFBIG.
class file_limit_guard : public raised_signal_discarded {
 public:
  [[gnu::cold]] file_limit_guard() noexcept : raised_signal_discarded(SIGXFSZ) {}
};

/// Keeps what the process does on SIGPIPE over a call of a library that changes it.
class sigpipe_action_kept {
 public:
  [[gnu::cold]] sigpipe_action_kept() noexcept { (void)::sigaction(SIGPIPE, nullptr, &before_); }
  sigpipe_action_kept(sigpipe_action_kept const&) = delete;
  sigpipe_action_kept& operator=(sigpipe_action_kept const&) = delete;
  [[gnu::cold]] ~sigpipe_action_kept() { (void)::sigaction(SIGPIPE, &before_, nullptr); }

 private:
  struct ::sigaction before_ {};
};

/// Registers functions that are called around every fork(2) of the process.
inline void at_fork(void (*before)(), void (*in_parent)(), void (*in_child)()) noexcept {
  ::pthread_atfork(before, in_parent, in_child);
}

/// Calls `drain` when the process ends by exit() or quick_exit(). macOS has no hook for quick_exit().
[[gnu::cold]] inline void at_process_exit(void (*drain)()) noexcept {
  (void)std::atexit(drain);
#if !defined(__APPLE__)
  (void)std::at_quick_exit(drain);
#endif
}

/// False: the other threads of the process still run while it exits.
[[nodiscard]] constexpr bool threads_have_ended() noexcept { return false; }

/// Ends all waits on the socket.
[[gnu::cold]] inline void shut_down_socket(int descriptor) noexcept { ::shutdown(descriptor, SHUT_RDWR); }

[[gnu::cold]] inline void sleep_ns(std::int64_t ns) noexcept {
  ::timespec duration{};
  duration.tv_sec = number_cast<::time_t>(ns / 1'000'000'000);
  duration.tv_nsec = number_cast<long>(ns % 1'000'000'000);
  ::nanosleep(&duration, nullptr);
}

[[nodiscard, gnu::cold]] inline std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? std::string{name} : std::string{"unknown"};
}

/// Returns an environment variable, or `otherwise` if it is not set or empty.
[[nodiscard, gnu::cold]] inline std::string environment(char const* name, char const* otherwise) {
  char const* const found = std::getenv(name);
  return found != nullptr && *found != '\0' ? std::string{found} : std::string{otherwise};
}

/// Returns the name and value of all environment variables whose names begin with `prefix`, ignoring case.
[[nodiscard, gnu::cold]] inline std::vector<std::pair<std::string, std::string>> environment_beginning(
    std::string_view prefix) {
  std::vector<std::pair<std::string, std::string>> found;
  for (char** one = ::environ; one != nullptr && *one != nullptr; ++one) {
    std::string_view const text = *one;
    std::size_t const end = text.find('=');
    if (end == std::string_view::npos || end < prefix.size()) continue;
    if (equals_ignoring_case(text.substr(0, prefix.size()), prefix))
      found.emplace_back(text.substr(0, end), text.substr(end + 1));
  }
  return found;
}

}  // namespace fapilog::inline v0_1::detail
