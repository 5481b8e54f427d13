// SPDX-License-Identifier: MIT
// POSIX without what Linux has in addition: used on macOS and the BSDs, and on Linux to test it.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/unix.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

namespace fapilog::inline v0_1::detail {

/// False: POSIX has no barrier for a whole process, so that log calls execute a fence themselves.
[[nodiscard, gnu::cold]] inline bool register_membarrier() noexcept { return false; }
[[gnu::cold]] inline void membarrier() noexcept { full_fence(); }

/// True if files in this directory are kept in memory only. False: POSIX has no function for that.
[[nodiscard, gnu::cold]] inline bool is_in_memory(std::string const&) noexcept { return false; }

/// Returns zeroed pages, or null. Only touched pages use memory.
[[nodiscard, gnu::cold]] inline void* map_pages(std::size_t size) noexcept {
  void* const pages = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages == MAP_FAILED ? nullptr : pages;
}

/// Makes the first use of these pages cheap for other threads. Keeps their content.
[[gnu::cold]] inline void populate_pages(std::byte* begin, std::size_t size) noexcept {
  auto const page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto const first = reinterpret_cast<std::uintptr_t>(begin) / page * page;
  auto const end = reinterpret_cast<std::uintptr_t>(begin) + size;
  detail::touch_pages(reinterpret_cast<std::byte*>(first), end - first, page);
}

/// The handle of the thread: POSIX has no numbers of threads.
[[nodiscard]] inline std::uint64_t thread_id() noexcept {
  return reinterpret_cast<std::uint64_t>(reinterpret_cast<void*>(::pthread_self()));
}

/// Names the running thread, if the system can. `name`: at most 15 characters.
[[gnu::cold]] inline void name_thread([[maybe_unused]] char const* name) noexcept {
#if defined(__APPLE__)
  (void)::pthread_setname_np(name);
#elif defined(__FreeBSD__) || defined(__OpenBSD__)
  (void)::pthread_setname_np(::pthread_self(), name);
#endif
}
/// Returns the name of a thread of this process: unknown.
[[nodiscard, gnu::cold]] inline std::string name_of_thread(std::uint64_t) { return {}; }

/// Prepares a thread of the library.
[[gnu::cold]] inline void prepare_thread(char const* name) noexcept { detail::name_thread(name); }

/// Waits until another thread calls `wake_one` for `word`, for at most `timeout_ns` (negative: without a limit). Returns at
/// once if `word` is not `expected`, and may return early. It looks every
/// millisecond: a call that waits may be left by siglongjmp or forked at any time, so it must not hold a mutex.
[[gnu::cold]] inline void wait_while_equal(atomic_word<std::uint32_t>& word, std::uint32_t expected,
                                           std::int64_t timeout_ns) noexcept {
  constexpr std::int64_t longest_ns = 1'000'000;
  if (word.load_acquire() == expected)
    sleep_ns(timeout_ns < 0 || timeout_ns > longest_ns ? longest_ns : timeout_ns);
}
/// Wakes one thread that waits for `word`, which looks by itself.
[[gnu::cold]] inline void wake_one(atomic_word<std::uint32_t>&) noexcept {}

/// The path or name of the running program, or an empty string.
[[nodiscard, gnu::cold]] inline std::string program_path() {
#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__)
  char const* const found = ::getprogname();
  return found == nullptr ? std::string{} : std::string{found};
#else
  return {};
#endif
}

/// Allocates the first `size` bytes of a file, by writing them: macOS has no posix_fallocate. Returns an errno value, or 0.
[[nodiscard, gnu::cold]] inline int reserve_content(int descriptor, std::size_t size) noexcept {
  static constexpr char zeroes[4096] = {};
  for (std::size_t at = 0; at < size;) {
    std::size_t const length = size - at < sizeof zeroes ? size - at : sizeof zeroes;
    ::ssize_t const written = ::pwrite(descriptor, zeroes, length, static_cast<::off_t>(at));
    if (written > 0) at += static_cast<std::size_t>(written);
    if (written < 0 && errno != EINTR) return errno;
  }
  return 0;
}
inline constexpr int map_at_once = 0;

/// Waits until the content of a file is on the medium. Returns an errno value, or 0.
[[nodiscard]] inline int sync_content(int descriptor) noexcept {
#if defined(F_FULLFSYNC)
  // fsync of macOS leaves the data in the cache of the medium.
  if (::fcntl(descriptor, F_FULLFSYNC) == 0) return 0;
#endif
  return ::fsync(descriptor) == 0 ? 0 : errno;
}

}  // namespace fapilog::inline v0_1::detail
