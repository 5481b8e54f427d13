// SPDX-License-Identifier: MIT
// Which system this is, and what a log call needs of it, kept light because every file that logs includes it.
#pragma once

#include <fapilog/detail/call_site.hpp>
#include <fapilog/detail/compiler.hpp>
#include <fapilog/detail/processor.hpp>

#include <cstdint>

// FAPILOG_POSIX_ONLY selects the calls of POSIX on Linux, to test them there.
#if defined(_WIN32)
#define FAPILOG_DETAIL_WINDOWS 1
#else
#define FAPILOG_DETAIL_WINDOWS 0
#endif
#if defined(__linux__) && !defined(FAPILOG_POSIX_ONLY)
#define FAPILOG_DETAIL_LINUX 1
#else
#define FAPILOG_DETAIL_LINUX 0
#endif

#if FAPILOG_DETAIL_WINDOWS
#include <fapilog/detail/os/windows_clock.hpp>
#else
#include <fapilog/detail/os/posix_clock.hpp>
#endif
