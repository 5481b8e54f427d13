// SPDX-License-Identifier: MIT
// Functions of the operating system for the worker's side: pages, barriers, threads, the host name.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
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

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#endif

#if FAPILOG_DETAIL_X86
#include <cpuid.h>
#endif

#if __has_include(<cxxabi.h>)
#include <cxxabi.h>
#endif

namespace fapilog::inline v0_1::detail {

/// Returns a number that is unique in this process.
[[nodiscard, gnu::cold]] inline std::uint64_t unique_number() noexcept {
  static constinit atomic_word<std::uint64_t> numbers{1};
  return numbers.fetch_add_relaxed(1);
}

/// Returns 64 random bits. Throws: std::system_error if the system has none.
[[nodiscard, gnu::cold]] inline std::uint64_t system_random() {
  std::uint64_t bits = 0;
  if (::getentropy(&bits, sizeof bits) != 0)
    throw std::system_error(errno, std::generic_category(), "fapilog: the system has no random numbers");
  return bits;
}

/// Registers the process for membarrier(2). Returns false if the kernel does not support or allow it.
[[nodiscard, gnu::cold]] inline bool register_membarrier() noexcept {
#if defined(__linux__) && defined(SYS_membarrier)
  return ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
#else
  return false;
#endif
}

/// Executes a full fence on every running thread of the process.
[[gnu::cold]] inline void membarrier() noexcept {
#if defined(__linux__) && defined(SYS_membarrier)
  while (::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0 && errno == ENOMEM)
    ::sched_yield();  // without the fences of the others, a wake-up could be lost
#endif
  full_fence();
}

/// True if the time stamp counter has a constant rate and never stops.
[[nodiscard, gnu::cold]] inline bool has_invariant_tsc() noexcept {
#if FAPILOG_DETAIL_X86
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(0x80000007U, &a, &b, &c, &d) == 0) return false;
  return (d & (1U << 8)) != 0;
#else
  return false;
#endif
}

/// True if files in this directory are kept in memory only. False if that is not known.
[[nodiscard, gnu::cold]] inline bool is_in_memory([[maybe_unused]] std::string const& directory) noexcept {
#if defined(__linux__)
  constexpr unsigned long tmpfs = 0x01021994;  // statfs(2)
  constexpr unsigned long ramfs = 0x858458f6;
  struct ::statfs s {};
  if (::statfs(directory.c_str(), &s) != 0) return false;
  auto const type = static_cast<unsigned long>(s.f_type) & 0xFFFFFFFFUL;
  return type == tmpfs || type == ramfs;
#else
  return false;
#endif
}

/// Returns zeroed pages, or null. Only touched pages use memory: no huge page is used for them.
[[nodiscard, gnu::cold]] inline void* map_pages(std::size_t size) noexcept {
#if defined(MAP_NORESERVE)
  constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
#else
  constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS;
#endif
  void* const pages = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (pages == MAP_FAILED) return nullptr;
#if defined(MADV_NOHUGEPAGE)
  ::madvise(pages, size, MADV_NOHUGEPAGE);
#endif
  return pages;
}
[[gnu::cold]] inline void unmap_pages(void* pages, std::size_t size) noexcept { ::munmap(pages, size); }
/// Returns the memory of the whole pages in this range to the system. The addresses stay valid; the content is lost.
[[gnu::cold]] inline void release_pages(std::byte* begin, std::size_t size) noexcept {
  auto const page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto const first = (reinterpret_cast<std::uintptr_t>(begin) + page - 1) / page * page;
  auto const end = (reinterpret_cast<std::uintptr_t>(begin) + size) / page * page;
  if (first < end) ::madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
}

/// Writes one byte of each page without changing it, even if another thread writes that byte meanwhile. The thread sanitizer
/// does not see it.
[[gnu::cold]] inline void touch_pages(std::byte* first, std::size_t size, std::size_t page) noexcept {
  for (std::size_t at = 0; at < size; at += page) {
#if defined(__x86_64__)
    asm volatile("lock orb $0, %0" : "+m"(first[at]) : : "cc");
#elif !defined(__SANITIZE_THREAD__)
    __atomic_fetch_or(reinterpret_cast<unsigned char*>(first + at), 0, __ATOMIC_RELAXED);
#endif
  }
}

/// Makes the first use of these pages cheap for other threads. Allocates their memory, if the kernel can (Linux 5.14), and
/// touches them: on a virtual machine the first access to an allocated page can take 10 to 50 us, although the system counts no
/// page fault. Keeps their content.
[[gnu::cold]] inline void populate_pages([[maybe_unused]] std::byte* begin,
                                         [[maybe_unused]] std::size_t size) noexcept {
#if defined(MADV_POPULATE_WRITE)
  constexpr int populate_for_writing = MADV_POPULATE_WRITE;
#elif defined(__linux__)
  constexpr int populate_for_writing = 23;  // older C libraries do not name it
#endif
#if defined(__linux__)
  auto const page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto const first = reinterpret_cast<std::uintptr_t>(begin) / page * page;
  std::size_t const whole = (reinterpret_cast<std::uintptr_t>(begin) + size - first + page - 1) / page * page;
  auto* const pages = reinterpret_cast<std::byte*>(first);
  bool const is_done = ::madvise(pages, whole, populate_for_writing) == 0;
  if (is_done || errno == EINVAL) detail::touch_pages(pages, whole, page);
#endif
}

[[nodiscard]] inline std::uint64_t thread_id() noexcept {
#if defined(__linux__)
  return static_cast<std::uint64_t>(::syscall(SYS_gettid));
#else
  return reinterpret_cast<std::uint64_t>(::pthread_self());
#endif
}
[[nodiscard]] inline std::int64_t process_id() noexcept { return ::getpid(); }
/// _exit(2).
[[noreturn]] inline void exit_at_once(int status) noexcept { ::_exit(status); }
/// execve(2).
[[nodiscard]] inline int replace_process(char const* program, char* const arguments[],
                                         char* const environment[]) noexcept {
  return ::execve(program, arguments, environment);
}

/// Requests short time slices for this thread (Linux 6.12; older kernels ignore it), so that a thread that is woken
/// need not wait for the end of a time slice of milliseconds.
[[gnu::cold]] inline void request_short_time_slices() noexcept {
#if defined(__linux__) && defined(SYS_sched_setattr)
  // The layout of sched_setattr(2); C libraries before glibc 2.41 do not declare it.
  struct attributes {
    std::uint32_t size;
    std::uint32_t policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime;
    std::uint64_t deadline;
    std::uint64_t period;
  };
  attributes own{};
  if (::syscall(SYS_sched_getattr, 0, &own, sizeof own, 0) != 0 || own.policy != 0)
    return;  // SCHED_OTHER only
  constexpr std::uint64_t turn_ns = 200'000;
  own.size = sizeof own;
  own.runtime = turn_ns;
  ::syscall(SYS_sched_setattr, 0, &own, 0);
#endif
}

/// `name`: at most 15 characters.
[[gnu::cold]] inline void name_thread([[maybe_unused]] char const* name) noexcept {
#if defined(__linux__)
  ::prctl(PR_SET_NAME, name, 0, 0, 0);
#endif
}

/// Returns the name of a thread of this process by its kernel id, or an empty string.
[[nodiscard, gnu::cold]] inline std::string name_of_thread([[maybe_unused]] std::uint64_t id) {
#if defined(__linux__)
  std::string const path = "/proc/self/task/" + std::to_string(id) + "/comm";
  int const descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return {};
  char text[64];
  ::ssize_t const size = ::read(descriptor, text, sizeof text);
  ::close(descriptor);
  std::string found{text, size > 0 ? static_cast<std::size_t>(size) : 0};
  if (!found.empty() && found.back() == '\n') found.pop_back();
  return found;
#else
  return {};
#endif
}

/// Prepares a thread of the library: name, exact timers and short time slices.
[[gnu::cold]] inline void prepare_thread(char const* name) noexcept {
  name_thread(name);
#if defined(__linux__)
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
#endif
  request_short_time_slices();
}

/// Blocks signals for the current thread while it exists, so that threads created meanwhile get none. Faults such as SIGSEGV
/// stay unblocked.
class signals_blocked {
 public:
  [[gnu::cold]] signals_blocked() noexcept {
    ::sigset_t all;
    ::sigfillset(&all);
    for (int const fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
      ::sigdelset(&all, fault);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  signals_blocked(signals_blocked const&) = delete;
  signals_blocked& operator=(signals_blocked const&) = delete;
  [[gnu::cold]] ~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  ::sigset_t before_;
};

/// Incremented in each forked child, to detect values cached in the parent.
inline constinit atomic_word<std::uint32_t> fork_generation{0};

/// Registers functions that are called around every fork(2) of the process.
inline void at_fork(void (*before)(), void (*in_parent)(), void (*in_child)()) noexcept {
  ::pthread_atfork(before, in_parent, in_child);
}

/// Ends all waits on the socket.
[[gnu::cold]] inline void shut_down_socket(int descriptor) noexcept { ::shutdown(descriptor, SHUT_RDWR); }

[[gnu::cold]] inline void sleep_ns(std::int64_t ns) noexcept {
  ::timespec duration{};
  duration.tv_sec = static_cast<::time_t>(ns / 1'000'000'000);
  duration.tv_nsec = static_cast<long>(ns % 1'000'000'000);
  ::nanosleep(&duration, nullptr);
}

/// Waits until another thread calls `wake_one` for `word`, for at most `timeout_ns` (negative: without a limit). Returns at
/// once if `word` is not `expected`, and may return early. Not a cancellation point of pthread_cancel(3).
[[gnu::cold]] inline void wait_while_equal(atomic_word<std::uint32_t>& word, std::uint32_t expected,
                                           std::int64_t timeout_ns) noexcept {
#if defined(__linux__) && defined(SYS_futex)
  static_assert(sizeof word == sizeof(std::uint32_t));
  ::timespec duration{};
  duration.tv_sec = static_cast<::time_t>(timeout_ns / 1'000'000'000);
  duration.tv_nsec = static_cast<long>(timeout_ns % 1'000'000'000);
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, timeout_ns < 0 ? nullptr : &duration, nullptr, 0);
#else
  constexpr std::int64_t longest_ns = 1'000'000;
  if (word.load_acquire() == expected)
    sleep_ns(timeout_ns < 0 || timeout_ns > longest_ns ? longest_ns : timeout_ns);
#endif
}
/// Wakes one thread that waits for `word`.
[[gnu::cold]] inline void wake_one([[maybe_unused]] atomic_word<std::uint32_t>& word) noexcept {
#if defined(__linux__) && defined(SYS_futex)
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
#endif
}

/// Returns the readable form of a mangled type name, and any other string unchanged.
[[nodiscard, gnu::cold]] inline std::string demangled(char const* name) {
#if __has_include(<cxxabi.h>)
  int status = 0;
  char* const found = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  if (status == 0 && found != nullptr) {
    std::string readable{found};
    std::free(found);
    return readable;
  }
#endif
  return name;
}

[[nodiscard, gnu::cold]] inline std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? std::string{name} : std::string{"unknown"};
}

/// The file name of the running program, or "unknown".
[[nodiscard, gnu::cold]] inline std::string program_name() {
#if defined(__linux__)
  char path[4096];
  ::ssize_t const size = ::readlink("/proc/self/exe", path, sizeof path);
  std::string_view name{path, size > 0 ? static_cast<std::size_t>(size) : 0};
  constexpr std::string_view deleted = " (deleted)";
  if (name.ends_with(deleted)) name.remove_suffix(deleted.size());
  name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
#elif defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__)
  char const* const found = ::getprogname();
  std::string_view const name = found == nullptr ? std::string_view{} : std::string_view{found};
#else
  std::string_view const name;
#endif
  return std::string{name.empty() ? std::string_view{"unknown"} : name};
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
