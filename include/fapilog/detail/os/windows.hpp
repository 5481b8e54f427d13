// SPDX-License-Identifier: MIT
// The functions of system.hpp on Windows 10 and newer.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/detail/os/windows_text.hpp>
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

namespace fapilog::inline v0_1::detail {

/// Returns 64 random bits. Throws: std::system_error if the system has none.
[[nodiscard, gnu::cold]] inline std::uint64_t system_random() {
  std::uint64_t bits = 0;
  if (windows::SystemFunction036(&bits, sizeof bits) == 0)
    throw std::system_error(EIO, std::generic_category(), "fapilog: the system has no random numbers");
  return bits;
}

/// True if `membarrier` works. Wine has the function, but it does nothing there before version 10.
[[nodiscard, gnu::cold]] inline bool register_membarrier() noexcept {
  return windows::find<void()>(L"ntdll.dll", "wine_get_version") == nullptr;
}
/// Executes a full fence on every running thread of the process.
[[gnu::cold]] inline void membarrier() noexcept {
  windows::FlushProcessWriteBuffers();
  full_fence();
}

/// True if files in this directory are kept in memory only. Windows has no such directories.
[[nodiscard, gnu::cold]] inline bool is_in_memory(std::string const&) noexcept { return false; }

/// Returns zeroed pages, or null. Only touched pages use memory; all count against the limit of the system.
[[nodiscard, gnu::cold]] inline void* map_pages(std::size_t size) noexcept {
  constexpr unsigned long reserve_and_commit = 0x3000;
  constexpr unsigned long read_and_write = 4;
  return windows::VirtualAlloc(nullptr, size, reserve_and_commit, read_and_write);
}
[[gnu::cold]] inline void unmap_pages(void* pages, std::size_t) noexcept {
  constexpr unsigned long release = 0x8000;
  (void)windows::VirtualFree(pages, 0, release);
}
inline constexpr std::size_t page_bytes = 4096;
/// Returns the memory of the whole pages in this range to the system. The addresses stay valid; the content is lost.
[[gnu::cold]] inline void release_pages(std::byte* begin, std::size_t size) noexcept {
  constexpr unsigned long reset = 0x80000;
  constexpr unsigned long read_and_write = 4;
  auto const first = (reinterpret_cast<std::uintptr_t>(begin) + page_bytes - 1) / page_bytes * page_bytes;
  auto const end = (reinterpret_cast<std::uintptr_t>(begin) + size) / page_bytes * page_bytes;
  if (first < end)
    (void)windows::VirtualAlloc(reinterpret_cast<void*>(first), end - first, reset, read_and_write);
}
/// Makes the first use of these pages cheap for other threads. Keeps their content.
[[gnu::cold]] inline void populate_pages(std::byte* begin, std::size_t size) noexcept {
  auto const first = reinterpret_cast<std::uintptr_t>(begin) / page_bytes * page_bytes;
  auto const end = reinterpret_cast<std::uintptr_t>(begin) + size;
  detail::touch_pages(reinterpret_cast<std::byte*>(first), end - first, page_bytes);
}

[[nodiscard]] inline std::uint64_t thread_id() noexcept { return windows::GetCurrentThreadId(); }
[[nodiscard]] inline std::int64_t process_id() noexcept {
  return static_cast<std::int64_t>(windows::GetCurrentProcessId());
}
/// Ends the process without its exit handlers, and without those of its DLLs.
[[noreturn]] inline void exit_at_once(int status) noexcept {
  (void)windows::TerminateProcess(windows::GetCurrentProcess(), static_cast<unsigned int>(status));
  std::abort();  // not reached
}
/// Windows cannot replace a process: -1, and errno is ENOSYS.
[[nodiscard]] inline int replace_process(char const*, char* const[], char* const[]) noexcept {
  errno = ENOSYS;
  return -1;
}

/// Names the running thread (Windows 10 of 2016 and newer).
[[gnu::cold]] inline void name_thread(char const* name) noexcept {
  static auto* const set =
      windows::find<long __stdcall(void*, wchar_t const*)>(L"kernel32.dll", "SetThreadDescription");
  wchar_t wide[16] = {};
  for (std::size_t i = 0; i + 1 < 16 && name[i] != '\0'; ++i) wide[i] = static_cast<unsigned char>(name[i]);
  if (set != nullptr) (void)set(windows::GetCurrentThread(), wide);
}
/// Returns the name of a thread of this process by its id, or an empty string.
[[nodiscard, gnu::cold]] inline std::string name_of_thread(std::uint64_t id) {
  static auto* const get =
      windows::find<long __stdcall(void*, wchar_t**)>(L"kernel32.dll", "GetThreadDescription");
  constexpr unsigned long query_limited = 0x0800;
  void* const thread =
      get == nullptr ? nullptr : windows::OpenThread(query_limited, 0, static_cast<unsigned long>(id));
  if (thread == nullptr) return {};
  wchar_t* found = nullptr;
  std::string name;
  if (get(thread, &found) >= 0 && found != nullptr) name = windows::narrow(found);
  (void)windows::LocalFree(found);
  (void)windows::CloseHandle(thread);
  return name;
}
/// Prepares a thread of the library.
[[gnu::cold]] inline void prepare_thread(char const* name) noexcept { name_thread(name); }

/// Windows interrupts no thread by signals.
class signals_blocked {
 public:
  signals_blocked() noexcept {}  // NOLINT: not trivial, so that no compiler calls it unused
  signals_blocked(signals_blocked const&) = delete;
  signals_blocked& operator=(signals_blocked const&) = delete;
};
/// Windows has no SIGPIPE.
class sigpipe_action_kept {
 public:
  sigpipe_action_kept() noexcept {}  // NOLINT: as above
  sigpipe_action_kept(sigpipe_action_kept const&) = delete;
  sigpipe_action_kept& operator=(sigpipe_action_kept const&) = delete;
};

/// Windows has no fork(2).
inline void at_fork(void (*)(), void (*)(), void (*)()) noexcept {}

/// Calls `drain` when the process ends by exit(), quick_exit() or a return from main(), while all threads still run. The exit
/// handlers of a DLL would come too late: when Windows calls them, it has ended all other threads.
[[gnu::cold]] inline void at_process_exit(void (*drain)()) noexcept {
  using handler = int __cdecl();
  // Of the C library of the process, the older one last. It stays loaded, and so does this module: see module_pin.hpp.
  static void (*to_call)() = nullptr;
  to_call = drain;
  handler* const called = [] {
    to_call();
    return 0;
  };
  if (auto* const add = windows::find<int __cdecl(handler*)>(L"ucrtbase.dll", "_crt_atexit"))
    (void)add(called);
  if (auto* const add = windows::find<int __cdecl(handler*)>(L"ucrtbase.dll", "_crt_at_quick_exit"))
    (void)add(called);
  if (auto* const add = windows::find<handler* __cdecl(handler*)>(L"msvcrt.dll", "_onexit"))
    (void)add(called);
}

/// True once Windows has ended all other threads, because the process exits: nothing may wait for them.
[[nodiscard]] inline bool threads_have_ended() noexcept {
  static auto* const is_ending =
      windows::find<unsigned char __stdcall()>(L"ntdll.dll", "RtlDllShutdownInProgress");
  return is_ending != nullptr && is_ending() != 0;
}

/// Sleeps with a timer of high resolution (Windows 10 of 2018 and newer); without it, for a multiple of 15.6 ms.
[[gnu::cold]] inline void sleep_ns(std::int64_t ns) noexcept {
  struct timer {
    void* handle =
        windows::CreateWaitableTimerExW(nullptr, nullptr, 2, 0x1F0003);  // high resolution, all access
    timer() = default;
    timer(timer const&) = delete;
    timer& operator=(timer const&) = delete;
    ~timer() {
      if (handle != nullptr) (void)windows::CloseHandle(handle);
    }
  };
  thread_local timer const own;
  std::int64_t const due = -((ns + 99) / 100);  // relative, in 100 ns
  bool const is_set =
      own.handle != nullptr &&
      windows::SetWaitableTimer(own.handle, reinterpret_cast<union _LARGE_INTEGER const*>(&due), 0, nullptr,
                                nullptr, 0) != 0;
  if (is_set) {
    (void)windows::WaitForSingleObject(own.handle, windows::infinite);
  } else {
    windows::Sleep(static_cast<unsigned long>((ns + 999'999) / 1'000'000));
  }
}

/// Waits until another thread calls `wake_one` for `word`, for at most `timeout_ns` (negative: without a limit). Returns at
/// once if `word` is not `expected`, and may return early.
[[gnu::cold]] inline void wait_while_equal(atomic_word<std::uint32_t>& word, std::uint32_t expected,
                                           std::int64_t timeout_ns) noexcept {
  static auto* const wait = windows::find<int __stdcall(void volatile*, void*, std::size_t, unsigned long)>(
      L"kernelbase.dll", "WaitOnAddress");
  static_assert(sizeof word == sizeof(std::uint32_t));
  constexpr std::int64_t longest_ns = 1'000'000'000;
  std::int64_t const rest = timeout_ns < 0 || timeout_ns > longest_ns ? longest_ns : timeout_ns;
  if (wait == nullptr) {
    if (word.load_acquire() == expected) sleep_ns(rest < 1'000'000 ? rest : 1'000'000);
    return;
  }
  (void)wait(&word, &expected, sizeof expected, static_cast<unsigned long>((rest + 999'999) / 1'000'000));
}
/// Wakes one thread that waits for `word`.
[[gnu::cold]] inline void wake_one(atomic_word<std::uint32_t>& word) noexcept {
  static auto* const wake = windows::find<void __stdcall(void*)>(L"kernelbase.dll", "WakeByAddressSingle");
  if (wake != nullptr) wake(&word);
}

[[nodiscard, gnu::cold]] inline std::string host_name() {
  auto* const get =
      windows::find<int __stdcall(int, wchar_t*, unsigned long*)>(L"kernel32.dll", "GetComputerNameExW");
  constexpr int dns_host_name = 1;
  wchar_t name[256] = {};
  unsigned long size = 255;
  return get != nullptr && get(dns_host_name, name, &size) != 0 ? windows::narrow({name, size}) : "unknown";
}

/// The path of the running program, or an empty string.
[[nodiscard, gnu::cold]] inline std::string program_path() {
  std::wstring path(1024, L'\0');
  path.resize(windows::GetModuleFileNameW(nullptr, path.data(), static_cast<unsigned long>(path.size())));
  return windows::narrow(path);
}

/// Returns an environment variable, or `otherwise` if it is not set or empty.
[[nodiscard, gnu::cold]] inline std::string environment(char const* name, char const* otherwise) {
  std::wstring const wide_name = windows::wide(name);
  std::wstring found(256, L'\0');
  for (;;) {
    auto const room = static_cast<unsigned long>(found.size());
    unsigned long const size = windows::GetEnvironmentVariableW(wide_name.c_str(), found.data(), room);
    found.resize(size);
    if (size < room) break;
  }
  return found.empty() ? std::string{otherwise} : windows::narrow(found);
}

/// Returns the name and value of all environment variables whose names begin with `prefix`, ignoring case.
[[nodiscard, gnu::cold]] inline std::vector<std::pair<std::string, std::string>> environment_beginning(
    std::string_view prefix) {
  std::vector<std::pair<std::string, std::string>> found;
  wchar_t* const all = windows::GetEnvironmentStringsW();
  if (all == nullptr) return found;
  try {
    for (wchar_t const* one = all; *one != L'\0'; one += std::wstring_view{one}.size() + 1) {
      std::string const text = windows::narrow(one);
      std::size_t const end = text.find('=');
      if (end == std::string::npos || end < prefix.size()) continue;
      if (equals_ignoring_case(std::string_view{text}.substr(0, prefix.size()), prefix))
        found.emplace_back(text.substr(0, end), text.substr(end + 1));
    }
  } catch (...) {
    (void)windows::FreeEnvironmentStringsW(all);
    throw;
  }
  (void)windows::FreeEnvironmentStringsW(all);
  return found;
}

}  // namespace fapilog::inline v0_1::detail
