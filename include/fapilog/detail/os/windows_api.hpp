// SPDX-License-Identifier: MIT
// The functions of Windows that the library calls, declared here because the macros of <windows.h> would reach every user.
#pragma once

#include <cstddef>
#include <cstdint>

struct HINSTANCE__;
struct _BY_HANDLE_FILE_INFORMATION;
struct _FILETIME;
struct _OVERLAPPED;
struct _SECURITY_ATTRIBUTES;
struct _WIN32_FIND_DATAW;
union _LARGE_INTEGER;

namespace fapilog::inline v0_1::detail::windows {

// The same entities as in <windows.h>, of which the documentation of Windows says everything; 64-bit systems only.
extern "C" {
__declspec(dllimport) unsigned long __stdcall GetLastError();
__declspec(dllimport) int __stdcall CloseHandle(void*);
__declspec(dllimport) void* __stdcall GetCurrentProcess();
__declspec(dllimport) unsigned long __stdcall GetCurrentProcessId();
__declspec(dllimport) unsigned long __stdcall GetCurrentThreadId();
__declspec(dllimport) void* __stdcall GetCurrentThread();
__declspec(dllimport) void* __stdcall OpenThread(unsigned long, int, unsigned long);
__declspec(dllimport) int __stdcall TerminateProcess(void*, unsigned int);
__declspec(dllimport) int __stdcall QueryPerformanceCounter(union _LARGE_INTEGER*);
__declspec(dllimport) int __stdcall QueryPerformanceFrequency(union _LARGE_INTEGER*);
__declspec(dllimport) void __stdcall GetSystemTimePreciseAsFileTime(struct _FILETIME*);
__declspec(dllimport) void __stdcall FlushProcessWriteBuffers();
__declspec(dllimport) void* __stdcall VirtualAlloc(void*, std::size_t, unsigned long, unsigned long);
__declspec(dllimport) int __stdcall VirtualFree(void*, std::size_t, unsigned long);
__declspec(dllimport) void* __stdcall LocalFree(void*);
__declspec(dllimport) void __stdcall Sleep(unsigned long);
__declspec(dllimport) void* __stdcall CreateWaitableTimerExW(struct _SECURITY_ATTRIBUTES*, wchar_t const*,
                                                             unsigned long, unsigned long);
__declspec(dllimport) int __stdcall SetWaitableTimer(void*, union _LARGE_INTEGER const*, long,
                                                     void(__stdcall*)(void*, unsigned long, unsigned long),
                                                     void*, int);
__declspec(dllimport) unsigned long __stdcall WaitForSingleObject(void*, unsigned long);
__declspec(dllimport) void* __stdcall CreateEventW(struct _SECURITY_ATTRIBUTES*, int, int, wchar_t const*);
__declspec(dllimport) int __stdcall SetEvent(void*);
__declspec(dllimport) void* __stdcall CreateMutexW(struct _SECURITY_ATTRIBUTES*, int, wchar_t const*);
__declspec(dllimport) int __stdcall ReleaseMutex(void*);
__declspec(dllimport) unsigned long __stdcall FlsAlloc(void(__stdcall*)(void*));
__declspec(dllimport) int __stdcall FlsFree(unsigned long);
__declspec(dllimport) int __stdcall FlsSetValue(unsigned long, void*);
__declspec(dllimport) void* __stdcall FlsGetValue(unsigned long);
__declspec(dllimport) struct HINSTANCE__* __stdcall GetModuleHandleW(wchar_t const*);
__declspec(dllimport) int __stdcall GetModuleHandleExW(unsigned long, wchar_t const*, struct HINSTANCE__**);
__declspec(dllimport) unsigned long __stdcall GetModuleFileNameW(struct HINSTANCE__*, wchar_t*,
                                                                 unsigned long);
__declspec(dllimport) long long(__stdcall* __stdcall GetProcAddress(struct HINSTANCE__*, char const*))();
__declspec(dllimport) unsigned long __stdcall GetEnvironmentVariableW(wchar_t const*, wchar_t*,
                                                                      unsigned long);
__declspec(dllimport) wchar_t* __stdcall GetEnvironmentStringsW();
__declspec(dllimport) int __stdcall FreeEnvironmentStringsW(wchar_t*);
__declspec(dllimport) int __stdcall MultiByteToWideChar(unsigned int, unsigned long, char const*, int,
                                                        wchar_t*, int);
__declspec(dllimport) int __stdcall WideCharToMultiByte(unsigned int, unsigned long, wchar_t const*, int,
                                                        char*, int, char const*, int*);
__declspec(dllimport) void* __stdcall CreateFileW(wchar_t const*, unsigned long, unsigned long,
                                                  struct _SECURITY_ATTRIBUTES*, unsigned long, unsigned long,
                                                  void*);
__declspec(dllimport) void* __stdcall ReOpenFile(void*, unsigned long, unsigned long, unsigned long);
__declspec(dllimport) int __stdcall ReadFile(void*, void*, unsigned long, unsigned long*,
                                             struct _OVERLAPPED*);
__declspec(dllimport) int __stdcall WriteFile(void*, void const*, unsigned long, unsigned long*,
                                              struct _OVERLAPPED*);
__declspec(dllimport) unsigned long __stdcall SetFilePointer(void*, long, long*, unsigned long);
__declspec(dllimport) int __stdcall SetEndOfFile(void*);
__declspec(dllimport) int __stdcall FlushFileBuffers(void*);
__declspec(dllimport) int __stdcall GetFileInformationByHandle(void*, struct _BY_HANDLE_FILE_INFORMATION*);
__declspec(dllimport) unsigned long __stdcall GetFileType(void*);
__declspec(dllimport) int __stdcall SetFileTime(void*, struct _FILETIME const*, struct _FILETIME const*,
                                                struct _FILETIME const*);
__declspec(dllimport) int __stdcall LockFileEx(void*, unsigned long, unsigned long, unsigned long,
                                               unsigned long, struct _OVERLAPPED*);
__declspec(dllimport) int __stdcall MoveFileExW(wchar_t const*, wchar_t const*, unsigned long);
__declspec(dllimport) int __stdcall DeleteFileW(wchar_t const*);
__declspec(dllimport) int __stdcall CreateDirectoryW(wchar_t const*, struct _SECURITY_ATTRIBUTES*);
__declspec(dllimport) int __stdcall RemoveDirectoryW(wchar_t const*);
__declspec(dllimport) unsigned long __stdcall GetFileAttributesW(wchar_t const*);
__declspec(dllimport) unsigned long __stdcall GetFullPathNameW(wchar_t const*, unsigned long, wchar_t*,
                                                               wchar_t**);
__declspec(dllimport) void* __stdcall FindFirstFileW(wchar_t const*, struct _WIN32_FIND_DATAW*);
__declspec(dllimport) int __stdcall FindNextFileW(void*, struct _WIN32_FIND_DATAW*);
__declspec(dllimport) int __stdcall FindClose(void*);
__declspec(dllimport) int __stdcall GetConsoleMode(void*, unsigned long*);
__declspec(dllimport) int __stdcall SetConsoleMode(void*, unsigned long);
__declspec(dllimport) int __stdcall WriteConsoleW(void*, void const*, unsigned long, unsigned long*, void*);
__declspec(dllimport) unsigned short __stdcall RtlCaptureStackBackTrace(unsigned long, unsigned long, void**,
                                                                        unsigned long*);
__declspec(dllimport) unsigned char __stdcall SystemFunction036(void*, unsigned long);  // RtlGenRandom
}

/// A function that not every version has, or whose parameters need a header; null if it is missing.
template <class Function>
[[nodiscard]] Function* find(wchar_t const* module, char const* name) noexcept {
  struct HINSTANCE__* const loaded = GetModuleHandleW(module);
  return loaded == nullptr
             ? nullptr
             : reinterpret_cast<Function*>(reinterpret_cast<void*>(GetProcAddress(loaded, name)));
}

/// 100 ns since 1601-01-01, in the layout of FILETIME.
struct file_time {
  std::uint32_t low = 0;
  std::uint32_t high = 0;

  [[nodiscard]] std::int64_t unix_ns() const noexcept {
    constexpr std::uint64_t unix_epoch = 116'444'736'000'000'000;
    auto const since = static_cast<std::int64_t>((std::uint64_t{high} << 32U | low) - unix_epoch);
    return since * 100;
  }
};

inline constexpr unsigned long infinite = 0xFFFFFFFFUL;

}  // namespace fapilog::inline v0_1::detail::windows
