// SPDX-License-Identifier: MIT
// The version of this library: written down here only, read by the compiler and by CMake.
#pragma once

#define FAPILOG_VERSION_MAJOR 0
#define FAPILOG_VERSION_MINOR 1
#define FAPILOG_VERSION_PATCH 0

// For `#if FAPILOG_VERSION >= 100`: major * 10000 + minor * 100 + patch.
#define FAPILOG_VERSION (FAPILOG_VERSION_MAJOR * 10000 + FAPILOG_VERSION_MINOR * 100 + FAPILOG_VERSION_PATCH)

// Two steps, so that the numbers and not the names of the macros become text.
#define FAPILOG_VERSION_TEXT_OF(major, minor, patch) #major "." #minor "." #patch
#define FAPILOG_VERSION_TEXT(major, minor, patch) FAPILOG_VERSION_TEXT_OF(major, minor, patch)

namespace fapilog::inline v0_1 {

inline constexpr char const version[] =
    FAPILOG_VERSION_TEXT(FAPILOG_VERSION_MAJOR, FAPILOG_VERSION_MINOR, FAPILOG_VERSION_PATCH);

}  // namespace fapilog::inline v0_1

#undef FAPILOG_VERSION_TEXT
#undef FAPILOG_VERSION_TEXT_OF
