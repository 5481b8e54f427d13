// SPDX-License-Identifier: MIT
// What is known about a crash.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#include <cstddef>
#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// What is known about a crash inside a signal handler.
struct crash_site {
  static constexpr std::size_t max_frames = 64;

  int signal = 0;
  int code = 0;                ///< si_code of sigaction(2): the reason, or who sent the signal
  std::uintptr_t address = 0;  ///< of a fault
  std::int64_t sender = 0;     ///< process that sent the signal; 0 for a fault
  std::uint64_t thread = 0;
  std::size_t frame_count = 0;
  std::uintptr_t frames[max_frames]{};  ///< return addresses, from the interrupted function outwards
  bool has_handler = false;             ///< std::terminate: the application's handler runs next, and may log
  bool is_described = false;            ///< that handler has ended, and the crash has its record already

  [[nodiscard]] bool is_fault() const noexcept { return code > 0 || FAPILOG_DETAIL_WINDOWS != 0; }
};

/// The exception that ended the process, as std::terminate has found it.
struct uncaught_exception {
  char const* type = nullptr;  ///< as of std::type_info::name; null without an exception
  char text[512]{};            ///< what(), cut
  bool is_terminating = false;
};

}  // namespace fapilog::inline v0_1::detail
