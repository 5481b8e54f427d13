// SPDX-License-Identifier: MIT
// A source of the Windows Event Log.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#if !FAPILOG_DETAIL_WINDOWS
#error \
    "fapilog: the sink windows_event_log needs Windows; elsewhere use the sinks journald, syslog or rotating_file"
#endif

#include <fapilog/detail/os/windows_api.hpp>
#include <fapilog/detail/os/windows_text.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {
namespace windows {

extern "C" {
__declspec(dllimport) void* __stdcall RegisterEventSourceW(wchar_t const*, wchar_t const*);
__declspec(dllimport) int __stdcall DeregisterEventSource(void*);
__declspec(dllimport) int __stdcall ReportEventW(void*, unsigned short, unsigned short, unsigned long, void*,
                                                 unsigned short, unsigned long, wchar_t const**, void*);
}

}  // namespace windows

/// Open until it is destroyed. Thread: one at a time.
class event_source {
 public:
  event_source() = default;
  event_source(event_source const&) = delete;
  event_source& operator=(event_source const&) = delete;
  ~event_source() { close(); }

  [[nodiscard]] bool is_open() const noexcept { return handle_ != nullptr; }
  /// Returns 0 or the error of Windows. Throws: std::bad_alloc.
  [[nodiscard, gnu::cold]] unsigned long open(std::string const& name) {
    close();
    handle_ = windows::RegisterEventSourceW(nullptr, windows::wide(name).c_str());
    return handle_ != nullptr ? 0 : windows::GetLastError();
  }
  void close() noexcept {
    if (handle_ != nullptr) (void)windows::DeregisterEventSource(handle_);
    handle_ = nullptr;
  }
  /// Writes one event with one string, in UTF-8. Returns 0 or the error of Windows. Throws: std::bad_alloc.
  [[nodiscard]] unsigned long report(std::uint16_t type, std::uint32_t id, std::string_view text) {
    std::wstring const wide = windows::wide(text);
    wchar_t const* strings[] = {wide.c_str()};
    return windows::ReportEventW(handle_, type, 0, id, nullptr, 1, 0, strings, nullptr) != 0
               ? 0
               : windows::GetLastError();
  }

 private:
  void* handle_ = nullptr;
};

}  // namespace fapilog::inline v0_1::detail
