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

/// Parts of a tag, the first byte of a cell. The lowest four bits are the kind.
inline constexpr std::uint8_t kind_bits = 0x0F;
inline constexpr std::uint8_t key_bits = 0x30;
/// A literal: three bytes follow, its distance from the message literal.
inline constexpr std::uint8_t key_is_near = 0x10;
/// A literal: eight bytes follow, a pointer to it.
inline constexpr std::uint8_t key_is_literal = 0x20;
/// Two bytes follow, the length, and the key's characters.
inline constexpr std::uint8_t key_is_inline = 0x30;
/// A part of the value was cut to stay within a limit.
inline constexpr std::uint8_t clipped = 0x40;
/// Of a string: the value could not be made; this is the reason.
inline constexpr std::uint8_t failed = 0x80;
/// Of a number: it has four bytes.
inline constexpr std::uint8_t narrow = 0x80;

/// Added to the digits of a time that nanoseconds cannot represent (before 1677 or after 2262): the word counts microseconds,
/// or seconds if these do not suffice either.
inline constexpr std::uint8_t in_microseconds = 16;
inline constexpr std::uint8_t in_seconds = 32;

constexpr std::uint8_t tag_of(kind type, unsigned flags) noexcept {
  return static_cast<std::uint8_t>(static_cast<unsigned>(type) | flags);
}

/// A key is near if it is at most this many bytes from the message literal. Literals of one module are, in practice.
inline constexpr std::uint64_t near_reach = std::uint64_t{1} << 23;

/// The distance of a key from the message literal, plus `near_reach`; at least `2 * near_reach` if the key is not near.
[[gnu::always_inline]] inline std::uint64_t near_distance(void const* key, void const* message) noexcept {
  std::uintptr_t const distance =
      reinterpret_cast<std::uintptr_t>(key) - reinterpret_cast<std::uintptr_t>(message);
  return distance + near_reach;
}
/// The tag and the distance of a near key: what a cell with such a key begins with.
[[gnu::always_inline]] inline std::uint32_t near_word(unsigned tag, void const* key,
                                                      void const* message) noexcept {
  auto const distance = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(key) -
                                                   reinterpret_cast<std::uintptr_t>(message));
  if constexpr (std::endian::native == std::endian::little) return (distance << 8U) + tag;
  else return (distance & 0xFF'FFFFU) + (tag << 24U);
}
/// The distance in such a word.
[[nodiscard]] constexpr std::int32_t distance_of(std::uint32_t near_word) noexcept {
  auto const upper = std::endian::native == std::endian::little ? near_word : near_word << 8U;
  return static_cast<std::int32_t>(upper) >> 8;
}
inline char const* near_key(std::uint32_t word, char const* message) noexcept {
  return message + distance_of(word);
}

/// The length of a string or container: two bytes, or this number in them and four more. No record in a lane has a string
/// that needs the long form.
inline constexpr std::uint16_t long_length = 0xFFFF;
inline constexpr std::size_t short_length_bytes = sizeof(std::uint16_t);
inline constexpr std::size_t long_length_bytes = sizeof(std::uint16_t) + sizeof(std::uint32_t);
constexpr std::size_t length_bytes(std::size_t size) noexcept {
  return size < long_length ? short_length_bytes : long_length_bytes;
}

/// How a kind is stored: in a cell, in a value and in a spool.
enum class payload_form : std::uint8_t {
  none,
  truth,
  code_point,
  word,  ///< a number, an address, or a time with its digits or its unit
  uuid,
  text,
  members,   ///< cells with keys
  elements,  ///< cells without keys
  unknown,   ///< not a kind that can be stored
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

/// True if the payload begins with its length.
constexpr bool is_sized(kind type) noexcept {
  return type == kind::string || type == kind::bytes || type == kind::object || type == kind::array ||
         type == kind::exception;
}

/// Bytes of a payload that does not begin with its length. Null has those of an empty string: a null that was meant to be
/// a string is written as one.
constexpr std::uint8_t payload_size(kind type) noexcept {
  switch (type) {
    case kind::boolean: return 1;
    case kind::null: return short_length_bytes;
    case kind::f32:
    case kind::character: return 4;
    case kind::timestamp:
    case kind::duration: return 9;
    case kind::uuid: return 16;
    case kind::i64:
    case kind::u64:
    case kind::f64:
    case kind::pointer:
    case kind::string:
    case kind::bytes:
    case kind::object:
    case kind::array:
    case kind::exception:
    case kind::deferred: break;
  }
  return 8;  // of the unknown kind of a damaged record, too
}

/// Unit in which a duration was given, for its text form.
enum class unit : std::uint32_t { ns = 0, us = 1, ms = 2, s = 3, min = 4, h = 5, d = 6 };

enum class record_type : std::uint8_t {
  log = 1,  ///< one log call
  context =
      2,  ///< a new scope for the lane, and within the same record the first log or pointer record that has it
  pointer = 3,  ///< a log record too large for the lane: its bytes are on the heap
  kept = 4,     ///< a log or context record with what its pointers refer to: kept_record.hpp
};

/// Flags of a log record.
inline constexpr std::uint8_t text_is_cell = 1;      ///< the message is the first cell, not a literal
inline constexpr std::uint8_t text_is_rendered = 2;  ///< the message is already formatted
inline constexpr std::uint8_t is_clipped = 4;        ///< cut to max_record_bytes or the maximum depth
inline constexpr std::uint8_t text_failed = 8;       ///< the message could not be made; it says why
/// The call site is whole, not a distance from the message.
inline constexpr std::uint8_t where_is_far = 16;
/// Below the level of its logger: it was in the flight recorder.
inline constexpr std::uint8_t is_recent = 32;

/// Starts every record in a lane.
struct record_head {
  std::uint32_t size;  ///< bytes with this head
  record_type type;
  std::uint8_t level;
  std::uint8_t flags;
  std::uint8_t args;  ///< format arguments
};
static_assert(sizeof(record_head) == 8);

/// The mark of a named level in a `marked_call_site`: 1 to 7. 0: the level is in the head of the record.
constexpr unsigned mark_of_level(std::uint8_t named_level) noexcept { return named_level / 10U; }
constexpr std::uint8_t level_of_mark(unsigned mark) noexcept { return static_cast<std::uint8_t>(mark * 10); }

/// Follows the head of a log record; then the call site, the unnamed cells of arguments and the named ones of fields.
struct log_head {
  std::uint64_t ticks;  ///< time of the call, in ticks of the runtime's clock
  char const* text;     ///< the message, a literal that ends with a zero, or null if the message is a cell
  void const* logger;   ///< the logger_core that logged
};

/// How a log record starts.
struct log_start {
  record_head head;
  log_head log;
};
inline constexpr std::size_t near_start_bytes = sizeof(log_start) + sizeof(near_call_site);
inline constexpr std::size_t far_start_bytes = sizeof(log_start) + sizeof(call_site);

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

/// Reads a trivially copyable value from record bytes, which are not aligned.
template <class T>
[[nodiscard, gnu::always_inline]] inline T read(std::byte const* from) noexcept {
  T result;
  std::memcpy(&result, from, sizeof result);
  return result;
}

namespace record_format {

/// The call site and, if it is marked, the level of the log record at `record`, which starts with `head`.
[[nodiscard, gnu::always_inline]] inline marked_call_site marked_site_of(std::byte const* record,
                                                                         record_head const& head) noexcept {
  std::byte const* const site = record + sizeof(log_start);
  if ((head.flags & where_is_far) != 0) return {read<call_site>(site), 0};
  return read<near_call_site>(site).at(read<log_head>(record + sizeof head).text);
}
/// The number of the level of a log record.
[[nodiscard, gnu::always_inline]] inline std::uint8_t level_of(record_head const& head,
                                                               marked_call_site site) noexcept {
  return site.mark() == 0 ? head.level : level_of_mark(site.mark());
}

}  // namespace record_format
}  // namespace detail
}  // namespace fapilog::inline v0_1
