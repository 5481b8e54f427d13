// SPDX-License-Identifier: MIT
// One typed value of an event, and `value::visit`, which calls a visitor with the content of a value.
#pragma once

#include <fapilog/record/record.hpp>
#include <fapilog/record/uuid.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

namespace fapilog::inline v0_1 {

struct member;

/// One typed value. Strings and containers are views into the batch's memory.
struct value {
  // What `visit` passes for the kinds that have no C++ type of their own.
  struct timestamp;
  struct duration;
  struct bytes;
  struct pointer;
  struct object;
  struct array;
  struct exception;

  kind type = kind::null;
  /// Bytes of a string, number of members or elements, digits of a timestamp, unit of a duration.
  std::uint32_t size = 0;
  union {
    bool boolean;
    std::int64_t i64;
    std::uint64_t u64 = 0;
    double f64;
    float f32;
    std::uint32_t code_point;
    char const* text;
    member* members;
    value* elements;
  };

  /// A string value. The characters must live as long as the batch; see `event::copy`.
  [[nodiscard]] static value of_string(std::string_view text) noexcept {
    value v;
    v.type = kind::string;
    v.size = static_cast<std::uint32_t>(text.size());
    v.text = text.data();
    return v;
  }
  [[nodiscard]] static value of_number(std::int64_t number) noexcept {
    value v;
    v.type = kind::i64;
    v.i64 = number;
    return v;
  }
  [[nodiscard]] static value of_bool(bool truth) noexcept {
    value v;
    v.type = kind::boolean;
    v.boolean = truth;
    return v;
  }

  /// The characters of a string; empty for other kinds.
  [[nodiscard]] std::string_view as_string() const noexcept {
    return type == kind::string ? std::string_view{text, size} : std::string_view{};
  }
  [[nodiscard]] bool is_object() const noexcept { return type == kind::object || type == kind::exception; }

  /// Calls `visitor` with what the value holds and returns its result: `std::nullptr_t` for null, `bool`,
  /// `std::int64_t`, `std::uint64_t`, `double`, `float`, `char32_t` for a character, `std::string_view` for a string, or
  /// one of the types above. A visitor that does not take every one of them does not compile.
  template <class Visitor>
  constexpr decltype(auto) visit(Visitor&& visitor) const;
};

/// A named value.
struct member {
  std::string_view key;
  fapilog::value value;
};

/// Nanoseconds since 1970-01-01 UTC, shown with this many digits after the second.
struct value::timestamp {
  std::int64_t
      unix_ns;  ///< if it cannot represent the time (before 1677 or after 2262): its smallest or largest value
  std::uint32_t digits;
  std::int64_t far_seconds = 0;  ///< then: seconds since 1970-01-01 UTC; otherwise 0
  std::uint32_t far_us = 0;      ///< then: microseconds after that second
};

/// Nanoseconds, and the unit in which the duration was given.
struct value::duration {
  std::int64_t ns;
  detail::record_format::unit unit;
};

/// Raw bytes.
struct value::bytes {
  std::string_view bytes;
};

/// An address.
struct value::pointer {
  std::uint64_t address;
};

struct value::object {
  member const* members;
  std::uint32_t size;

  [[nodiscard]] constexpr member const* begin() const noexcept { return members; }
  [[nodiscard]] constexpr member const* end() const noexcept { return members + size; }
};

/// An object that describes an exception.
struct value::exception : value::object {};

struct value::array {
  value const* elements;
  std::uint32_t size;

  [[nodiscard]] constexpr value const* begin() const noexcept { return elements; }
  [[nodiscard]] constexpr value const* end() const noexcept { return elements + size; }
};

namespace detail {

/// The time of a value of the kind `timestamp`.
[[nodiscard]] constexpr value::timestamp timestamp_of(std::int64_t word, std::uint32_t digits) noexcept {
  constexpr std::uint32_t coarse = record_format::in_microseconds | record_format::in_seconds;
  if ((digits & coarse) == 0) [[likely]]
    return {word, digits};
  constexpr std::int64_t million = 1'000'000;
  bool const has_fraction = (digits & record_format::in_microseconds) != 0;
  std::int64_t const fraction = has_fraction ? (word % million + million) % million : 0;
  return {word < 0 ? (std::numeric_limits<std::int64_t>::min)() : (std::numeric_limits<std::int64_t>::max)(),
          digits & ~coarse, has_fraction ? (word - fraction) / million : word,
          static_cast<std::uint32_t>(fraction)};
}

}  // namespace detail

// No `default`: the compiler warns of a kind that is missing here.
template <class Visitor>
[[gnu::always_inline]] constexpr decltype(auto) value::visit(Visitor&& visitor) const {
  switch (type) {
    case kind::boolean: return visitor(boolean);
    case kind::i64: return visitor(i64);
    case kind::u64: return visitor(u64);
    case kind::f64: return visitor(f64);
    case kind::f32: return visitor(f32);
    case kind::character: return visitor(static_cast<char32_t>(code_point));
    case kind::string: return visitor(std::string_view{text, size});
    case kind::timestamp: return visitor(detail::timestamp_of(i64, size));
    case kind::duration: return visitor(value::duration{i64, static_cast<detail::record_format::unit>(size)});
    case kind::uuid: {
      uuid id;
      std::memcpy(id.bytes.data(), text, id.bytes.size());
      return visitor(id);
    }
    case kind::bytes: return visitor(value::bytes{{text, size}});
    case kind::object: return visitor(value::object{members, size});
    case kind::array: return visitor(value::array{elements, size});
    case kind::exception: return visitor(value::exception{{members, size}});
    case kind::pointer: return visitor(value::pointer{u64});
    case kind::null:
    case kind::deferred: break;
  }
  return visitor(nullptr);
}

}  // namespace fapilog::inline v0_1
