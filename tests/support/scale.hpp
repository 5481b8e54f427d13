// SPDX-License-Identifier: MIT
// The size of a test's load: smaller under a sanitizer, which slows every step down.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdlib>

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

/// The number of records that a test sends through disturbances of their receiver: with the environment variable
/// FAPILOG_CHAOS_AT_LENGTH 200,000. They may then take `long_deadline` to arrive.
inline int chaos_records(int standard) {
  return std::getenv("FAPILOG_CHAOS_AT_LENGTH") != nullptr ? 200'000 : standard;
}
inline constexpr std::chrono::seconds long_deadline{600};

}  // namespace support
