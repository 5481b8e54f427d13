// SPDX-License-Identifier: MIT
// Exceptions of Windows that end the process: they notify a listener, then go to the filter that was installed before.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/crash_site.hpp>
#include <fapilog/detail/os/system.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <typeinfo>

struct _EXCEPTION_POINTERS;

namespace fapilog::inline v0_1::detail {

/// Windows runs the filter on what is left of the thread's own stack.
inline void add_alternate_stack() noexcept {}
/// Exceptions cannot be blocked.
inline void unblock_faults() noexcept {}

/// The interface of the class for signals. There are no termination signals. Thread: `install` and `uninstall` one at a time.
class crash_signals {
 public:
  using listener = bool (*)(crash_site const&, bool is_another) noexcept;

  [[gnu::cold]] static void install(listener notify, bool /*termination*/) noexcept {
    current_listener.store_release(notify);
    if (is_installed) return;
    is_installed = true;
    filter_before = SetUnhandledExceptionFilter(&filter);
    terminate_before = std::set_terminate(&terminate);
  }
  [[gnu::cold]] static void uninstall() noexcept {
    current_listener.store_release(nullptr);
    if (!is_installed) return;
    is_installed = false;
    if (filter_function* const now = SetUnhandledExceptionFilter(filter_before); now != &filter)
      (void)SetUnhandledExceptionFilter(now);  // installed after ours: it may call ours
    if (std::get_terminate() == &terminate) std::set_terminate(terminate_before);
  }

  [[nodiscard]] static bool ends_process(int) noexcept { return false; }
  static void end_process(int) noexcept {}
  [[nodiscard]] static uncaught_exception const& exception() noexcept { return thrown; }
  [[nodiscard, gnu::cold]] static char const* name_of(int) noexcept { return "exception"; }
  [[nodiscard, gnu::cold]] static char const* reason_of(crash_site const& site) noexcept {
    switch (static_cast<std::uint32_t>(site.code)) {
      case 0xC0000005U: return "EXCEPTION_ACCESS_VIOLATION";
      case 0xC000001DU: return "EXCEPTION_ILLEGAL_INSTRUCTION";
      case 0xC0000094U: return "EXCEPTION_INT_DIVIDE_BY_ZERO";
      case 0xC00000FDU: return "EXCEPTION_STACK_OVERFLOW";
      case abort_code: return "std::terminate";
      default: return nullptr;
    }
  }
  [[nodiscard]] static bool is_termination(int) noexcept { return false; }
  [[nodiscard]] static bool is_abort(crash_site const& site) noexcept {
    return static_cast<std::uint32_t>(site.code) == abort_code;
  }

 private:
  using filter_function = long __stdcall(struct _EXCEPTION_POINTERS*);
  static constexpr std::uint32_t abort_code = 0xC0000409U;
  static constexpr std::uint32_t cpp_exception_code = 0xE06D7363U;  ///< of Microsoft's compiler

  /// EXCEPTION_POINTERS and the beginning of EXCEPTION_RECORD.
  struct record {
    std::uint32_t code;
    std::uint32_t flags;
    record* next;
    void* address;
  };
  struct pointers {
    record* what;
    void* context;
  };

  static filter_function* SetUnhandledExceptionFilter(filter_function* next) noexcept {
    auto* const set = windows::find<filter_function* __stdcall(filter_function*)>(
        L"kernel32.dll", "SetUnhandledExceptionFilter");
    return set == nullptr ? nullptr : set(next);
  }

  static long __stdcall filter(struct _EXCEPTION_POINTERS* all) {
    record const& what = *reinterpret_cast<pointers const*>(all)->what;
    // The filter of Microsoft's C library calls std::terminate for an exception of C++; `terminate` knows more about it.
    if (what.code == cpp_exception_code && filter_before != nullptr) return filter_before(all);
    notify(static_cast<int>(what.code), reinterpret_cast<std::uintptr_t>(what.address));
    constexpr long search_further = 0;
    return filter_before != nullptr ? filter_before(all) : search_further;
  }

  static void notify(int code, std::uintptr_t address) noexcept {
    listener const current = current_listener.load_acquire();
    std::uint64_t none = 0;
    std::uint64_t const self = thread_id();
    bool const is_first = handling_thread.compare_exchange(none, self);
    if (current == nullptr || none == self) return;
    crash_site site;
    site.signal = 1;
    site.code = code;
    site.address = address;
    site.thread = self;
    void* frames[crash_site::max_frames] = {};
    site.frame_count = windows::RtlCaptureStackBackTrace(0, crash_site::max_frames, frames, nullptr);
    for (std::size_t i = 0; i < site.frame_count; ++i)
      site.frames[i] = reinterpret_cast<std::uintptr_t>(frames[i]);
    (void)current(site, !is_first);
  }

  [[noreturn]] static void terminate() {
    thrown.is_terminating = true;
    try {
      if (std::current_exception() != nullptr) throw;
    } catch (std::exception const& error) {
      thrown.type = typeid(error).name();
      std::strncpy(thrown.text, error.what(), sizeof thrown.text - 1);
    } catch (...) {
      thrown.text[0] = '\0';
    }
    notify(static_cast<int>(abort_code), 0);
    if (terminate_before != nullptr) terminate_before();
    std::abort();
  }

  inline static constinit atomic_word<listener> current_listener{nullptr};
  inline static constinit atomic_word<std::uint64_t> handling_thread{0};
  inline static constinit uncaught_exception thrown{};
  inline static constinit filter_function* filter_before = nullptr;
  inline static constinit std::terminate_handler terminate_before = nullptr;
  inline static constinit bool is_installed = false;
};

}  // namespace fapilog::inline v0_1::detail
