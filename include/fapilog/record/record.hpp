// SPDX-License-Identifier: MIT
// The binary layout of a record in a lane, as docs/record-format.md describes it.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace fapilog::inline v0_1 {

/// The kinds of values. The numbers are part of the record format.
enum class kind : std::uint8_t {
  null = 0,
  boolean = 1,
  i64 = 2,
  u64 = 3,
  f64 = 4,
  f32 = 5,
  character = 6,  ///< one code point
  string = 7,
  timestamp = 8,  ///< since 1970-01-01 UTC: nanoseconds, or a larger unit if these do not suffice
  duration = 9,   ///< nanoseconds
  uuid = 10,
  bytes = 11,
  object = 12,
  array = 13,
  exception = 14,  ///< an object that the envelope puts into its diagnostics
  pointer = 15,    ///< an address, shown in hexadecimal
  deferred = 255,  ///< at the call only: encoded by a function when the record is written
};

namespace detail::record_format {

/// Everything in a record is aligned to this.
inline constexpr std::size_t alignment = 8;

constexpr std::size_t padded(std::size_t size) noexcept { return (size + alignment - 1) & ~(alignment - 1); }

/// Flags of a cell.
inline constexpr std::uint8_t key_is_literal = 1;  ///< eight bytes follow: a pointer to the key's characters
inline constexpr std::uint8_t key_is_inline = 2;   ///< the key's characters follow, padded
inline constexpr std::uint8_t clipped = 4;         ///< a part of the value was cut to stay within a limit
inline constexpr std::uint8_t failed = 8;  ///< the value could not be made; it is a string with the reason

/// Added to the digits of a time that nanoseconds cannot represent (before 1677 or after 2262): the word counts microseconds,
/// or seconds if these do not suffice either.
inline constexpr std::uint32_t in_microseconds = 16;
inline constexpr std::uint32_t in_seconds = 32;

/// Starts every field and format argument. Key and payload follow.
struct cell_head {
  kind type;
  std::uint8_t flags;
  std::uint16_t key_size;
  std::uint32_t
      size;  ///< payload in bytes; for boolean and character the value; for times the digits or unit
};
static_assert(sizeof(cell_head) == 8);

/// The bytes of a head in one word: a single store, so that a single load can read it without waiting.
[[gnu::always_inline]] constexpr std::uint64_t word_of(cell_head const& head) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    return static_cast<std::uint64_t>(head.type) | (std::uint64_t{head.flags} << 8) |
           (std::uint64_t{head.key_size} << 16) | (std::uint64_t{head.size} << 32);
  } else {
    return std::bit_cast<std::uint64_t>(head);
  }
}
constexpr cell_head head_of(std::uint64_t word) noexcept { return std::bit_cast<cell_head>(word); }

/// How a kind is stored: in a cell, in a value and in a spool.
enum class payload_form : std::uint8_t {
  none,
  truth,       ///< in `cell_head::size`
  code_point,  ///< in `cell_head::size`
  word,        ///< eight bytes; for times, `cell_head::size` has the digits or the unit
  uuid,        ///< 16 bytes
  text,        ///< `cell_head::size` bytes
  members,     ///< cells with keys
  elements,    ///< cells without keys
  unknown,     ///< not a kind that can be stored
};

constexpr payload_form form_of(kind type) noexcept {
  switch (type) {  // no `default`: the compiler warns of a kind that is missing here
    case kind::null: return payload_form::none;
    case kind::boolean: return payload_form::truth;
    case kind::character: return payload_form::code_point;
    case kind::i64:
    case kind::u64:
    case kind::f64:
    case kind::f32:
    case kind::timestamp:
    case kind::duration:
    case kind::pointer: return payload_form::word;
    case kind::uuid: return payload_form::uuid;
    case kind::string:
    case kind::bytes: return payload_form::text;
    case kind::object:
    case kind::exception: return payload_form::members;
    case kind::array: return payload_form::elements;
    case kind::deferred: break;
  }
  return payload_form::unknown;
}

/// True if the payload's length is `cell_head::size`.
constexpr bool is_sized(kind type) noexcept {
  return type == kind::string || type == kind::bytes || type == kind::object || type == kind::array ||
         type == kind::exception;
}

constexpr std::size_t payload_size(kind type, std::uint32_t size) noexcept {
  if (is_sized(type)) return padded(size);
  switch (type) {
    case kind::null:
    case kind::boolean:
    case kind::character: return 0;
    case kind::uuid: return 16;
    default: return 8;
  }
}

constexpr std::size_t key_bytes(cell_head const& head) noexcept {
  if ((head.flags & key_is_literal) != 0) return sizeof(char const*);
  return padded(head.key_size);
}

/// Bytes of a cell with its key and padding.
constexpr std::size_t cell_size(cell_head const& head) noexcept {
  return sizeof(cell_head) + key_bytes(head) + payload_size(head.type, head.size);
}

/// Unit in which a duration was given (`cell_head::size`), for its text form.
enum class unit : std::uint32_t { ns = 0, us = 1, ms = 2, s = 3, min = 4, h = 5, d = 6 };

enum class record_type : std::uint8_t {
  log = 1,  ///< one log call
  context =
      2,  ///< a new scope for the lane, and within the same record the first log or pointer record that has it
  pointer = 3,  ///< a log record too large for the lane: its bytes are on the heap
};

/// Flags of a log record.
inline constexpr std::uint8_t text_is_cell = 1;      ///< the message is the first cell, not a literal
inline constexpr std::uint8_t text_is_rendered = 2;  ///< the message is already formatted
inline constexpr std::uint8_t is_clipped = 4;        ///< cut to max_record_bytes or the maximum depth
inline constexpr std::uint8_t text_failed = 8;       ///< the message could not be made; it says why

/// Starts every record in a lane.
struct record_head {
  std::uint32_t size;  ///< bytes with this head, a multiple of `alignment`
  record_type type;
  std::uint8_t level;
  std::uint8_t flags;
  std::uint8_t args;  ///< format arguments
};
static_assert(sizeof(record_head) == 8);

/// Follows the head of a log record; then the unnamed cells of arguments and the named ones of fields.
struct log_head {
  std::uint64_t ticks;  ///< time of the call, in ticks of the runtime's clock
  char const* text;     ///< the message, a literal that ends with a zero, or null if the message is a cell
  void const* logger;   ///< the logger_core that logged
  detail::call_site where;
};

/// How a log record starts.
struct log_start {
  record_head head;
  log_head log;
};
static_assert(sizeof(log_start) % alignment == 0);

/// Follows the head of a context record: a reference on the shared bytes, or null for no scope. Behind it lies the
/// record that was logged first in that scope.
struct context_head {
  void* fields;
};

/// Follows the head of a pointer record: a log record with its own head, allocated with malloc.
struct pointer_head {
  void* block;
};

}  // namespace detail::record_format

namespace detail {

/// Reads a trivially copyable value from record bytes.
template <class T>
[[nodiscard]] T read(std::byte const* from) noexcept {
  T result;
  std::memcpy(&result, from, sizeof result);
  return result;
}

}  // namespace detail
}  // namespace fapilog::inline v0_1
