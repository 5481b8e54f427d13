// SPDX-License-Identifier: MIT
// The bodies of process_end.hpp.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/time_limit.hpp>
#include <fapilog/worker/lifecycle.hpp>

#include <chrono>

namespace fapilog::inline v0_1 {

FAPILOG_INLINE bool flush_all(detail::time_limit timeout) noexcept {
  return detail::lifecycle::instance().flush_all(timeout);
}

FAPILOG_INLINE void flush_and_exit(int status, detail::time_limit timeout) noexcept {
  (void)flush_all(timeout);
  detail::exit_at_once(status);
}

FAPILOG_INLINE int flush_and_exec(char const* program, char* const arguments[], char* const environment[],
                                  detail::time_limit timeout) noexcept {
  (void)flush_all(timeout);
  return detail::replace_process(program, arguments, environment);
}

}  // namespace fapilog::inline v0_1
