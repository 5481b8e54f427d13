// SPDX-License-Identifier: MIT
// What Linux has beyond POSIX: membarrier(2), futex(2), populated pages, names and time slices of threads.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/unix.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

namespace fapilog::inline v0_1::detail {

/// Registers the process for membarrier(2). Returns false if the kernel does not support or allow it.
[[nodiscard, gnu::cold]] inline bool register_membarrier() noexcept {
  return ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

/// Executes a full fence on every running thread of the process.
[[gnu::cold]] inline void membarrier() noexcept {
  while (::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0 && errno == ENOMEM)
    ::sched_yield();  // without the fences of the others, a wake-up could be lost
  full_fence();
}

/// True if files in this directory are kept in memory only. False if that is not known.
[[nodiscard, gnu::cold]] inline bool is_in_memory(std::string const& directory) noexcept {
  constexpr unsigned long tmpfs = 0x01021994;  // statfs(2)
  constexpr unsigned long ramfs = 0x858458f6;
  struct ::statfs s {};
  if (::statfs(directory.c_str(), &s) != 0) return false;
  auto const type = static_cast<unsigned long>(s.f_type) & 0xFFFFFFFFUL;
  return type == tmpfs || type == ramfs;
}

/// Returns zeroed pages, or null. Only touched pages use memory: no huge page is used for them.
[[nodiscard, gnu::cold]] inline void* map_pages(std::size_t size) noexcept {
  void* const pages =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) return nullptr;
  ::madvise(pages, size, MADV_NOHUGEPAGE);
  return pages;
}

/// Makes the first use of these pages cheap for other threads. Allocates their memory, if the kernel can (Linux 5.14), and
/// touches them: on a virtual machine the first access to an allocated page can take 10 to 50 us, although the system counts no
/// page fault. Keeps their content.
[[gnu::cold]] inline void populate_pages(std::byte* begin, std::size_t size) noexcept {
  constexpr int populate_for_writing = 23;  // MADV_POPULATE_WRITE, which older C libraries do not name
  auto const page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto const first = reinterpret_cast<std::uintptr_t>(begin) / page * page;
  std::size_t const whole = (reinterpret_cast<std::uintptr_t>(begin) + size - first + page - 1) / page * page;
  auto* const pages = reinterpret_cast<std::byte*>(first);
  bool const is_done = ::madvise(pages, whole, populate_for_writing) == 0;
  if (is_done || errno == EINVAL) detail::touch_pages(pages, whole, page);
}

[[nodiscard]] inline std::uint64_t thread_id() noexcept {
  return static_cast<std::uint64_t>(::syscall(SYS_gettid));
}

/// Requests short time slices for this thread (Linux 6.12; older kernels ignore it), so that a thread that is woken
/// need not wait for the end of a time slice of milliseconds.
[[gnu::cold]] inline void request_short_time_slices() noexcept {
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
}

/// `name`: at most 15 characters.
[[gnu::cold]] inline void name_thread(char const* name) noexcept { ::prctl(PR_SET_NAME, name, 0, 0, 0); }

/// Returns the name of a thread of this process by its kernel id, or an empty string.
[[nodiscard, gnu::cold]] inline std::string name_of_thread(std::uint64_t id) {
  std::string const path = "/proc/self/task/" + std::to_string(id) + "/comm";
  int const descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return {};
  char text[64];
  ::ssize_t const size = ::read(descriptor, text, sizeof text);
  ::close(descriptor);
  std::string found{text, size > 0 ? static_cast<std::size_t>(size) : 0};
  if (!found.empty() && found.back() == '\n') found.pop_back();
  return found;
}

/// Prepares a thread of the library: name, exact timers and short time slices.
[[gnu::cold]] inline void prepare_thread(char const* name) noexcept {
  name_thread(name);
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
  request_short_time_slices();
}

/// Waits until another thread calls `wake_one` for `word`, for at most `timeout_ns` (negative: without a limit). Returns at
/// once if `word` is not `expected`, and may return early. Not a cancellation point of pthread_cancel(3).
[[gnu::cold]] inline void wait_while_equal(atomic_word<std::uint32_t>& word, std::uint32_t expected,
                                           std::int64_t timeout_ns) noexcept {
  static_assert(sizeof word == sizeof(std::uint32_t));
  ::timespec duration{};
  duration.tv_sec = number_cast<::time_t>(timeout_ns / 1'000'000'000);
  duration.tv_nsec = number_cast<long>(timeout_ns % 1'000'000'000);
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, timeout_ns < 0 ? nullptr : &duration, nullptr, 0);
}
/// Wakes one thread that waits for `word`.
[[gnu::cold]] inline void wake_one(atomic_word<std::uint32_t>& word) noexcept {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

/// The path of the running program, or an empty string. It ends with " (deleted)" if the file was removed.
[[nodiscard, gnu::cold]] inline std::string program_path() {
  char path[4096];
  ::ssize_t const size = ::readlink("/proc/self/exe", path, sizeof path);
  return {path, size > 0 ? static_cast<std::size_t>(size) : 0};
}

/// Allocates the first `size` bytes of a file. Returns an errno value, or 0.
[[nodiscard, gnu::cold]] inline int reserve_content(int descriptor, std::size_t size) noexcept {
  int error = EINTR;
  while (error == EINTR) error = ::posix_fallocate(descriptor, 0, static_cast<::off_t>(size));
  return error;
}
/// Flag of mmap(2): all pages are mapped at once, so that a write causes no page fault on a memory file system.
inline constexpr int map_at_once = MAP_POPULATE;

/// Waits until the content of a file is on the medium. Returns an errno value, or 0.
[[nodiscard]] inline int sync_content(int descriptor) noexcept {
  return ::fdatasync(descriptor) == 0 ? 0 : errno;
}

}  // namespace fapilog::inline v0_1::detail
