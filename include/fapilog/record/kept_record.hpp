// SPDX-License-Identifier: MIT
// The layout of a record in a lane that another process can read after this one was killed.
#pragma once

#include <fapilog/record/record.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace fapilog::inline v0_1::detail::record_format {

/// Follows the head of a kept record (`record_type::kept`), whose size is that of the whole; see `name_size_of`. Then come the logger's
/// name, the cells of its bound fields and the cells of the scope that was in force, each as in memory; then a log record, or a
/// context record with its log record inside. Of that, another process ignores the pointers to the logger and to the scope: this
/// head has what they point to. Literals remain pointers; literal_store.hpp keeps the memory that they point to.
///
/// Every call writes these bytes, so there are few: the worker puts the time and the rest of the id where the record has its ticks
/// and the pointer to its logger, which nobody needs then.
struct kept_head {
  static constexpr std::size_t id_bytes = 16;
  /// Bytes of the id that take the place of the pointer to the logger.
  static constexpr std::size_t id_bytes_in_log = sizeof(void*);

  std::uint32_t bound_size;  ///< bytes of the cells of the logger's bound fields
  std::uint32_t scope_size;  ///< bytes of the cells of the scope
  std::uint64_t thread_id;   ///< of the thread that logged
  std::uint8_t
      id_begin[id_bytes - id_bytes_in_log];  ///< the first bytes of the id; valid if the record is identified
};
static_assert(std::is_trivially_copyable_v<kept_head>);

inline constexpr std::size_t kept_start_bytes = sizeof(record_head) + sizeof(kept_head);

/// The head of a kept record of `total` bytes. The bytes of the logger's name are counted where a log record has its flags and the
/// number of its arguments.
[[nodiscard]] constexpr record_head kept_record_head(std::size_t total, std::size_t name_size) noexcept {
  return {static_cast<std::uint32_t>(total), record_type::kept, 0, static_cast<std::uint8_t>(name_size),
          static_cast<std::uint8_t>(name_size >> 8U)};
}
[[nodiscard]] constexpr std::size_t name_size_of(record_head kept) noexcept {
  return std::size_t{kept.flags} | std::size_t{kept.args} << 8U;
}
/// Bytes from the beginning of a kept record to its log or context record. `kept` begins with `kept_start_bytes` bytes.
[[nodiscard]] inline std::uint64_t kept_prefix_size(std::byte const* kept) noexcept {
  auto const outer = detail::read<record_head>(kept);
  auto const head = detail::read<kept_head>(kept + sizeof outer);
  return std::uint64_t{kept_start_bytes} + name_size_of(outer) + head.bound_size + head.scope_size;
}

/// In the ticks of a log record: the worker has given the record its time and its id. The other bits are nanoseconds since
/// 1970-01-01 UTC.
inline constexpr std::uint64_t is_identified = std::uint64_t{1} << 63U;

/// The time and the id of a record that a sink may have got.
struct kept_identity {
  std::int64_t unix_ns = 0;
  std::array<std::uint8_t, kept_head::id_bytes> message_id{};
};

/// Where the log record begins in a kept record whose sizes are right.
[[nodiscard]] inline std::byte* log_record_of(std::byte* kept) noexcept {
  std::byte* const inner = kept + kept_prefix_size(kept);
  constexpr std::size_t context_bytes = sizeof(record_head) + sizeof(context_head);
  return detail::read<record_head>(inner).type == record_type::context ? inner + context_bytes : inner;
}
/// Reads time and id. False if the record has none yet. The sizes of the record must be right.
[[nodiscard]] inline bool read_identity(std::byte const* kept, std::byte const* log_record,
                                        kept_identity& to) noexcept {
  std::byte const* const log = log_record + sizeof(record_head);
  auto const ticks = detail::read<std::uint64_t>(log + offsetof(log_head, ticks));
  if ((ticks & is_identified) == 0) return false;
  to.unix_ns = static_cast<std::int64_t>(ticks & ~is_identified);
  constexpr std::size_t in_head = sizeof(kept_head::id_begin);
  std::memcpy(to.message_id.data(), kept + sizeof(record_head) + offsetof(kept_head, id_begin), in_head);
  std::memcpy(to.message_id.data() + in_head, log + offsetof(log_head, logger), kept_head::id_bytes_in_log);
  return true;
}
/// Gives a record its time and its id: all or, if the process is killed meanwhile, nothing. `unix_ns` is not negative.
inline void write_identity(std::byte* kept, std::byte* log_record, kept_identity const& from) noexcept {
  std::byte* const log = log_record + sizeof(record_head);
  constexpr std::size_t in_head = sizeof(kept_head::id_begin);
  std::memcpy(kept + sizeof(record_head) + offsetof(kept_head, id_begin), from.message_id.data(), in_head);
  std::memcpy(log + offsetof(log_head, logger), from.message_id.data() + in_head, kept_head::id_bytes_in_log);
  std::uint64_t const marked = static_cast<std::uint64_t>(from.unix_ns) | is_identified;
  detail::compiler_fence();
  std::memcpy(log + offsetof(log_head, ticks), &marked, sizeof marked);
}

}  // namespace fapilog::inline v0_1::detail::record_format
