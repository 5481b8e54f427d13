// SPDX-License-Identifier: MIT
// Values that fit two words: numbers, strings by reference, times; and functions that copy bytes into cells.
#pragma once

#include <fapilog/detail/compiler.hpp>
#include <fapilog/detail/memory/byte_buffer.hpp>
#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/record/key.hpp>
#include <fapilog/record/record.hpp>
#include <fapilog/record/shape.hpp>

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>

namespace fapilog::inline v0_1::detail {

/// A value of one of the simple kinds. Strings are referred to, not copied.
struct scalar {
  kind type = kind::null;
  std::uint8_t extra = 0;  ///< digits of a timestamp, unit of a duration
  union {
    std::uint64_t bits = 0;
    char const* text;
  };
  std::size_t size = 0;
};

/// Types that `make_scalar` takes.
template <class T>
concept scalar_value = std::is_arithmetic_v<T> || std::is_null_pointer_v<T> ||
    detail::shape::raw_pointer<T> || detail::shape::numeric_enum<T> || detail::shape::narrow_text<T> ||
    detail::shape::duration<T> || detail::shape::time_point<T>;

template <class Rep>
constexpr std::int64_t saturated_ns(Rep count, std::intmax_t numerator, std::intmax_t denominator) noexcept {
  constexpr auto max = (std::numeric_limits<std::int64_t>::max)();
  constexpr auto min = (std::numeric_limits<std::int64_t>::min)();
  constexpr std::intmax_t billion = 1'000'000'000;
  if constexpr (std::is_integral_v<Rep>) {
    std::int64_t result = 0;
    if (denominator <= billion && billion % denominator == 0) {
      bool const over = detail::multiply_overflows(count, numerator, result) ||
                        detail::multiply_overflows(result, billion / denominator, result);
      return !over ? result : count < 0 ? min : max;
    }
  }
  double const value =
      static_cast<double>(count) * static_cast<double>(numerator) / static_cast<double>(denominator) * 1e9;
  if (value != value) return 0;
  if (value >= 9.2e18) return max;
  if (value <= -9.2e18) return min;
  return static_cast<std::int64_t>(value < 0 ? value - 0.5 : value + 0.5);
}

template <class Period>
constexpr detail::record_format::unit unit_of() noexcept {
  using detail::record_format::unit;
  if (Period::num == 1) {
    if (Period::den == 1) return unit::s;
    if (Period::den == 1'000) return unit::ms;
    if (Period::den == 1'000'000) return unit::us;
    return unit::ns;
  }
  if (Period::den != 1) return unit::s;
  if (Period::num == 60) return unit::min;
  if (Period::num == 3'600) return unit::h;
  return Period::num == 86'400 ? unit::d : unit::s;
}

template <class Period>
constexpr std::uint8_t digits_of() noexcept {
  if (Period::den == 1) return 0;
  if (Period::den <= 1'000) return 3;
  return Period::den <= 1'000'000 ? 6 : 9;
}

inline scalar text_scalar(char const* text, std::size_t size) noexcept {
  scalar result;
  result.type = kind::string;
  result.text = text;
  result.size = size;
  return result;
}

template <class T>
scalar bits_scalar(kind type, T value, unsigned extra = 0) noexcept {
  static_assert(sizeof(T) == sizeof(std::uint64_t));  // the low half is the number's on every processor
  scalar result;
  result.type = type;
  result.extra = static_cast<std::uint8_t>(extra);
  std::memcpy(&result.bits, &value, sizeof value);
  return result;
}

/// The scalar for a time that 64-bit nanoseconds cannot represent: `count` periods of Num / Den seconds after 1970.
template <std::intmax_t Num, std::intmax_t Den, class Rep>
[[gnu::cold, gnu::noinline]] scalar far_timestamp(Rep count, unsigned digits) noexcept {
  constexpr auto max = (std::numeric_limits<std::int64_t>::max)();
  constexpr auto min = (std::numeric_limits<std::int64_t>::min)();
  // Microseconds are the nanoseconds of a period that is shorter by this factor.
  std::int64_t const us = saturated_ns(count, Num, Den * std::intmax_t{1'000});
  if (us != max && us != min)
    return bits_scalar(kind::timestamp, us, digits | record_format::in_microseconds);
  std::int64_t seconds = 0;
  if constexpr (std::is_integral_v<Rep>) {
    if (detail::multiply_overflows(count / Den, Num, seconds)) seconds = count < 0 ? min : max;
  } else {
    seconds = saturated_ns(count, Num, Den * std::intmax_t{1'000'000'000});
  }
  return bits_scalar(kind::timestamp, seconds, record_format::in_seconds);
}

/// The scalar for a value of any type that is a `scalar_value`.
template <class T>
[[nodiscard]] scalar make_scalar(T const& v) noexcept {
  if constexpr (std::is_same_v<T, bool>) {
    return bits_scalar(kind::boolean, std::uint64_t{v});
  } else if constexpr (detail::shape::character<T>) {
    if constexpr (std::is_same_v<T, char>) {
      auto const byte = static_cast<unsigned char>(v);
      return bits_scalar(kind::character, std::uint64_t{byte < 0x80 ? byte : 0xFFFDU});
    } else {
      return bits_scalar(kind::character, std::uint64_t{static_cast<std::uint32_t>(v)});
    }
  } else if constexpr (std::is_enum_v<T>) {
    return make_scalar(
        static_cast<
            std::conditional_t<std::is_signed_v<std::underlying_type_t<T>>, std::int64_t, std::uint64_t>>(v));
  } else if constexpr (std::is_integral_v<T>) {
    if constexpr (std::is_signed_v<T>) return bits_scalar(kind::i64, static_cast<std::int64_t>(v));
    else return bits_scalar(kind::u64, static_cast<std::uint64_t>(v));
  } else if constexpr (std::is_same_v<T, float>) {
    return bits_scalar(kind::f32, std::uint64_t{std::bit_cast<std::uint32_t>(v)});
  } else if constexpr (std::is_floating_point_v<T>) {
    return bits_scalar(kind::f64, static_cast<double>(v));
  } else if constexpr (std::is_null_pointer_v<T>) {
    return {};
  } else if constexpr (detail::shape::raw_pointer<T>) {
    return bits_scalar(kind::pointer, std::uint64_t{reinterpret_cast<std::uintptr_t>(v)});
  } else if constexpr (std::is_pointer_v<T>) {
    return v == nullptr ? scalar{} : text_scalar(v, std::strlen(v));
  } else if constexpr (std::is_array_v<T>) {
    void const* const end = std::memchr(v, '\0', std::extent_v<T>);
    return text_scalar(
        v, end == nullptr ? std::extent_v<T> : static_cast<std::size_t>(static_cast<char const*>(end) - v));
  } else if constexpr (detail::shape::narrow_text<T>) {
    std::string_view const text = v;
    return text_scalar(text.data(), text.size());
  } else if constexpr (detail::shape::duration<T>) {
    return bits_scalar(kind::duration, saturated_ns(v.count(), T::period::num, T::period::den),
                       static_cast<unsigned>(unit_of<typename T::period>()));
  } else {
    static_assert(detail::shape::time_point<T>);
    auto const since = v.time_since_epoch();
    using span = std::remove_cvref_t<decltype(since)>;
    if constexpr (detail::shape::calendar_time<T>) {
      std::int64_t const ns = saturated_ns(since.count(), span::period::num, span::period::den);
      using period = typename span::period;
      constexpr bool is_real = std::is_floating_point_v<typename span::rep>;
      constexpr unsigned digits = is_real ? 9 : digits_of<period>();
      constexpr bool always_fits = period::num == 1 && period::den == 1'000'000'000 && !is_real;
      if constexpr (!always_fits) {
        using limits = std::numeric_limits<std::int64_t>;
        if (ns == (limits::max)() || ns == (limits::min)()) [[unlikely]]
          return far_timestamp<period::num, period::den>(since.count(), digits);
      }
      return bits_scalar(kind::timestamp, ns, digits);
    } else {
      return make_scalar(since);
    }
  }
}

/// Copies a plain object and returns the position after it.
template <class T>
[[gnu::always_inline]] inline std::byte* put(std::byte* to, T const& value) noexcept {
  std::memcpy(to, &value, sizeof value);
  return to + sizeof value;
}

/// Copies bytes; strings of a few words without a function call. `bytes` may be null if `size` is 0.
[[gnu::always_inline]] inline void put_bytes(std::byte* to, void const* bytes, std::size_t size) noexcept {
  auto const* const from = static_cast<char const*>(bytes);
  // The last bytes overlap those before. In a loop, because GCC warns of longer copies that short literals never reach.
  if (size >= 16 && size <= 64) {
    std::size_t done = 0;
    for (; done + 16 < size; done += 16) std::memcpy(to + done, from + done, 16);
    std::memcpy(to + size - 16, from + size - 16, 16);
  } else if (size >= 8 && size < 16) {
    std::memcpy(to, from, 8);
    std::memcpy(to + size - 8, from + size - 8, 8);
  } else if (size != 0) {
    std::memcpy(to, from, size);
  }
}

/// Writes the length of a string or container.
[[gnu::always_inline]] inline std::byte* put_length(std::byte* to, std::size_t size) noexcept {
  if (size < record_format::long_length) [[likely]]
    return put(to, static_cast<std::uint16_t>(size));
  return put(put(to, record_format::long_length), static_cast<std::uint32_t>(size));
}

/// Writes a string with its length.
inline std::byte* put_text(std::byte* to, void const* bytes, std::size_t size) noexcept {
  to = put_length(to, size);
  put_bytes(to, bytes, size);
  return to + size;
}

/// Writes what a cell begins with: the tag and the key.
inline std::byte* put_tag(std::byte* to, kind type, key_view name, unsigned flags = 0) noexcept {
  to = put(to, record_format::tag_of(type, name.flags | flags));
  if (name.flags == record_format::key_is_literal) return put(to, name.text);
  if (name.flags != record_format::key_is_inline) return to;
  to = put(to, name.size);
  put_bytes(to, name.text, name.size);
  return to + name.size;
}

/// Writes the payload of a value that is not a string.
inline std::byte* put_payload(std::byte* to, kind type, std::uint8_t extra, std::uint64_t bits) noexcept {
  switch (record_format::payload_size(type)) {
    case 1: return put(to, static_cast<std::uint8_t>(bits));
    case 2: return put(to, static_cast<std::uint16_t>(bits));
    case 4: return put(to, static_cast<std::uint32_t>(bits));
    case 9: return put(put(to, extra), bits);
    default: return put(to, bits);
  }
}

/// The length of the longest prefix of at most `room` bytes that does not cut a UTF-8 sequence.
inline std::size_t clip_utf8(char const* text, std::size_t room) noexcept {
  std::size_t size = room;
  while (size > 0 && room - size < 4 && is_utf8_continuation(text[size])) --size;
  return size;
}

template <class Char>
std::size_t wide_length(Char const* text, std::size_t max) noexcept {
  std::size_t size = 0;
  while (size < max && text[size] != Char{}) ++size;
  return size;
}

inline void append_code_point(byte_buffer& out, std::uint32_t point) {
  char bytes[4];
  std::size_t const size = encode_utf8(bytes, point);
  std::memcpy(out.extend(size), bytes, size);
}

/// Converts UTF-16 or UTF-32 to UTF-8, and copies UTF-8. A lone surrogate becomes U+FFFD.
template <class Char>
void append_utf8(byte_buffer& out, Char const* text, std::size_t size) {
  if constexpr (sizeof(Char) == 1) {
    if (size != 0) std::memcpy(out.extend(size), text, size);
  } else {
    for (std::size_t i = 0; i < size; ++i) {
      auto point = static_cast<std::uint32_t>(text[i]);
      if constexpr (sizeof(Char) == 2) {
        bool const high = point >= 0xD800 && point < 0xDC00;
        if (high && i + 1 < size) {
          auto const low = static_cast<std::uint32_t>(text[i + 1]);
          if (low >= 0xDC00 && low < 0xE000) {
            point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
            ++i;
          }
        }
      }
      append_code_point(out, point);
    }
  }
}

/// Key types whose maps become objects. Other maps become arrays of pairs.
template <class T>
concept map_key = detail::shape::narrow_text<T> || std::is_integral_v<T> || std::is_enum_v<T>;

/// A map's key as a string.
class map_key_text {
 public:
  template <class T>
  explicit map_key_text(T const& k) noexcept {
    if constexpr (detail::shape::narrow_text<T>) {
      text_ = k;
    } else if constexpr (detail::shape::named_enum<T>) {
      auto const& held = to_string(k);
      std::string_view const name = held;
      size_ = name.size() <= sizeof digits_ ? name.size() : clip_utf8(name.data(), sizeof digits_);
      std::memcpy(digits_, name.data(), size_);
      text_ = {digits_, size_};
    } else if constexpr (std::is_enum_v<T>) {
      number(static_cast<std::underlying_type_t<T>>(k));
    } else if constexpr (std::is_same_v<T, bool>) {
      text_ = k ? "true" : "false";
    } else if constexpr (std::is_same_v<T, char>) {
      digits_[0] = k;
      text_ = {digits_, 1};
    } else {
      number(k);
    }
  }
  map_key_text(map_key_text const&) = delete;
  map_key_text& operator=(map_key_text const&) = delete;

  [[nodiscard]] key_view view() const noexcept { return dynamic_key{text_}.view(); }

 private:
  template <class T>
  void number(T k) noexcept {
    auto const value = static_cast<std::int64_t>(k);
    bool const negative = std::is_signed_v<T> && value < 0;
    auto rest = negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(k);
    char* const end = digits_ + sizeof digits_;
    char* at = end;
    do {
      *--at = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    if (negative) *--at = '-';
    text_ = {at, static_cast<std::size_t>(end - at)};
  }

  char digits_[64];
  std::size_t size_ = 0;
  std::string_view text_;
};

}  // namespace fapilog::inline v0_1::detail
