// SPDX-License-Identifier: MIT
// Ends or replaces the process without losing records, where the C library calls no exit handlers.
#pragma once

#include <fapilog/detail/time_limit.hpp>

#include <chrono>

namespace fapilog::inline v0_1 {

/// Waits for at most `timeout` until the sinks of all runtimes of this process have every record that was logged before.
/// Returns whether they have. Thread: any, but no signal handler. Throws: never; false without memory.
bool flush_all(detail::time_limit timeout = std::chrono::seconds{2}) noexcept;

/// `flush_all`, then _exit(2), which would lose the records that are on their way. Thread: any, but no signal handler.
[[noreturn]] void flush_and_exit(int status, detail::time_limit timeout = std::chrono::seconds{2}) noexcept;

/// `flush_all`, then execve(2), which would lose the records that are on their way. Returns -1 and sets errno only if the
/// program cannot be executed; logging then continues. Thread: any, but no signal handler.
int flush_and_exec(char const* program, char* const arguments[], char* const environment[],
                   detail::time_limit timeout = std::chrono::seconds{2}) noexcept;

}  // namespace fapilog::inline v0_1

#ifndef FAPILOG_COMPILED
#include <fapilog/process_end_impl.hpp>
#endif
