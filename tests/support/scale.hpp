// SPDX-License-Identifier: MIT
// The size of a test's load: smaller under a sanitizer, which slows every step down.
#pragma once

#include <cstddef>

namespace support {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#else
inline constexpr bool sanitized = false;
#endif

/// The thread sanitizer does not support threads that start in the child of a process with threads.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool thread_sanitized = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
inline constexpr bool thread_sanitized = true;
#else
inline constexpr bool thread_sanitized = false;
#endif
#else
inline constexpr bool thread_sanitized = false;
#endif

constexpr std::size_t scaled(std::size_t full, std::size_t under_sanitizer) {
  return sanitized ? under_sanitizer : full;
}

}  // namespace support
