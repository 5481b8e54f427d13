// SPDX-License-Identifier: MIT
// Keeps a shared library that logs, or that contains sinks or stages, in memory after dlclose(3) or FreeLibrary.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#if FAPILOG_DETAIL_WINDOWS

#include <fapilog/detail/os/windows_api.hpp>

namespace fapilog::inline v0_1::detail {

/// Keeps the module that contains this function in memory until the process ends, because records, batches and runtimes refer
/// to its literals and functions. Returns false if the system cannot do that. Throws: never.
[[nodiscard, gnu::cold]] inline bool keep_module_in_memory() noexcept {
  static constinit char inside_module = 0;
  constexpr unsigned long pin = 1;
  constexpr unsigned long from_address = 4;
  struct HINSTANCE__* module = nullptr;
  auto const* const address = reinterpret_cast<wchar_t const*>(&inside_module);
  return windows::GetModuleHandleExW(pin | from_address, address, &module) != 0;
}

inline bool const module_stays_in_memory = keep_module_in_memory();

}  // namespace fapilog::inline v0_1::detail

// Programs are compiled without this: with -fPIE, __PIC__ is defined, too.
#elif defined(__PIC__) && !defined(__PIE__)

#include <dlfcn.h>
#if FAPILOG_DETAIL_LINUX
#include <link.h>
#endif

// POSIX has no flag to keep a library; the C library of GNU has, and others, such as musl, do not unmap libraries.
#if defined(LM_ID_BASE)

namespace fapilog::inline v0_1::detail {

/// Keeps the module that contains this function in memory until the process ends, because records, batches and runtimes refer
/// to its literals and functions. Returns false if the system cannot do that. Throws: never.
[[nodiscard, gnu::cold, gnu::visibility("hidden")]] inline bool keep_module_in_memory() noexcept {
  static constinit char inside_module = 0;
  ::Dl_info info{};
  ::link_map* module = nullptr;
  if (::dladdr1(&inside_module, &info, reinterpret_cast<void**>(&module), RTLD_DL_LINKMAP) == 0) return false;
  if (module->l_name[0] == '\0') return true;  // the program
  return ::dlopen(module->l_name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) != nullptr;
}

[[gnu::visibility("hidden")]] inline bool const module_stays_in_memory = keep_module_in_memory();

}  // namespace fapilog::inline v0_1::detail

#endif
#endif
