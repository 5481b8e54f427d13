// SPDX-License-Identifier: MIT
// The layout of a record in a lane that another process can read after this one was killed.
#pragma once

#include <fapilog/record/record.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace fapilog::inline v0_1::detail::record_format {

/// Follows the head of a kept record (`record_type::kept`), whose size is that of the whole. Then come the logger's name, the
/// cells of its bound fields and the cells of the scope that was in force, each as in memory; then, at `prefix_size` from the
/// beginning of the kept record, a log record, or a context record with its log record inside. Of that, another process ignores
/// the pointers to the logger and to the scope: this head has what they point to. Literals remain pointers; literal_store.hpp
/// keeps the memory that they point to.
struct kept_head {
  std::uint32_t prefix_size;  ///< bytes from the beginning of the kept record to the log or context record
  std::uint32_t name_size;    ///< bytes of the logger's name
  std::uint32_t bound_size;   ///< bytes of the cells of its bound fields
  std::uint32_t scope_size;   ///< bytes of the cells of the scope
  std::uint64_t thread_id;    ///< of the thread that logged
  /// Written by the worker before any sink gets the record; 0 until then. Nanoseconds since 1970-01-01 UTC.
  std::int64_t unix_ns;
  std::uint8_t message_id[16];  ///< valid if `unix_ns` is not 0
};
static_assert(sizeof(kept_head) == 48 && std::is_trivially_copyable_v<kept_head>);

inline constexpr std::size_t kept_start_bytes = sizeof(record_head) + sizeof(kept_head);

}  // namespace fapilog::inline v0_1::detail::record_format
