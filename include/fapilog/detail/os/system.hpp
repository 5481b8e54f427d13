// SPDX-License-Identifier: MIT
// Functions of the operating system for the worker's side: pages, barriers, threads, the host name.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/paths.hpp>
#include <fapilog/detail/os/platform.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

// Each of these has the same functions.
#if FAPILOG_DETAIL_WINDOWS
#include <fapilog/detail/os/windows.hpp>
#elif FAPILOG_DETAIL_LINUX
#include <fapilog/detail/os/linux.hpp>
#else
#include <fapilog/detail/os/posix.hpp>
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

/// Incremented in each forked child, to detect values cached in the parent.
inline constinit atomic_word<std::uint32_t> fork_generation{0};

/// Differs between a process and its forked children, also if a child has the same id: the first process of a container may fork
/// into a PID namespace of its own. Never 0.
[[nodiscard]] inline std::int64_t process_mark() noexcept {
  return static_cast<std::int64_t>(fork_generation.load_relaxed()) << 32U | process_id();
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

/// The file name of the running program, or "unknown".
[[nodiscard, gnu::cold]] inline std::string program_name() {
  std::string const path = program_path();
  std::string_view name = path;
  constexpr std::string_view deleted = " (deleted)";
  if (name.ends_with(deleted)) name.remove_suffix(deleted.size());
  name.remove_prefix(begin_of_file_name(name));
  return std::string{name.empty() ? std::string_view{"unknown"} : name};
}

}  // namespace fapilog::inline v0_1::detail
