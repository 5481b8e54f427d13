// SPDX-License-Identifier: MIT
// Formats points in time as RFC 3339 in UTC, and durations as counts with a unit.
#pragma once

#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/record.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace fapilog::inline v0_1::detail {

/// A date and time of day in UTC, in the proleptic Gregorian calendar.
struct civil_time {
  std::int64_t year = 1970;
  unsigned month = 1, day = 1, hour = 0, minute = 0, second = 0;
};

/// Converts seconds since 1970 by the era method (400 years are 146,097 days). Throws: never.
[[nodiscard]] constexpr civil_time civil_from_seconds(std::int64_t unix_seconds) noexcept {
  std::int64_t days = unix_seconds / 86'400;
  std::int64_t rest = unix_seconds % 86'400;
  if (rest < 0) {
    rest += 86'400;
    --days;
  }
  days += 719'468;  // from 0000-03-01
  std::int64_t const era = (days >= 0 ? days : days - 146'096) / 146'097;
  auto const day_of_era = static_cast<unsigned>(days - era * 146'097);
  unsigned const year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  unsigned const day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  unsigned const shifted_month = (5 * day_of_year + 2) / 153;
  civil_time t;
  t.day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  t.month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  t.year = static_cast<std::int64_t>(year_of_era) + era * 400 + (t.month <= 2 ? 1 : 0);
  t.hour = static_cast<unsigned>(rest / 3'600);
  t.minute = static_cast<unsigned>(rest / 60 % 60);
  t.second = static_cast<unsigned>(rest % 60);
  return t;
}

namespace time_detail {

inline char* put_two(char* to, unsigned number) noexcept {
  to[0] = static_cast<char>('0' + number / 10 % 10);
  to[1] = static_cast<char>('0' + number % 10);
  return to + 2;
}

}  // namespace time_detail

/// Writes `2026-01-27T10:30:00`, 19 characters.
inline char* put_civil(char* to, std::int64_t unix_seconds) noexcept {
  using time_detail::put_two;
  civil_time const t = civil_from_seconds(unix_seconds);
  auto const year = static_cast<unsigned>(t.year);
  to = put_two(put_two(to, year / 100), year);
  *to++ = '-';
  to = put_two(to, t.month);
  *to++ = '-';
  to = put_two(to, t.day);
  *to++ = 'T';
  to = put_two(to, t.hour);
  *to++ = ':';
  to = put_two(to, t.minute);
  *to++ = ':';
  return put_two(to, t.second);
}

/// Writes `2026-01-27T10:30:00.123Z` with 0, 3, 6 or 9 digits after the second, at most 30 characters. The years of 64-bit
/// nanoseconds (1677 to 2262) always have four digits.
inline char* put_timestamp(char* to, std::int64_t unix_ns, std::uint32_t digits) noexcept {
  std::int64_t seconds = unix_ns / 1'000'000'000;
  std::int64_t rest = unix_ns % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  }
  to = put_civil(to, seconds);
  if (digits > 0) {
    *to++ = '.';
    std::int64_t unit = 100'000'000;
    for (std::uint32_t i = 0; i < digits && i < 9; ++i, unit /= 10)
      *to++ = static_cast<char>('0' + rest / unit % 10);
  }
  *to++ = 'Z';
  return to;
}

/// Writes a time that 64-bit nanoseconds cannot represent, at most 38 characters. Years after 9999 and before 0 have a sign,
/// as in ISO 8601.
[[gnu::cold]] inline char* put_far_timestamp(char* to, std::int64_t unix_seconds, std::uint32_t us,
                                             std::uint32_t digits) noexcept {
  std::int64_t const year = civil_from_seconds(unix_seconds).year;
  constexpr std::int64_t cycle = 400 * 365 + 97;  // days after which the calendar repeats
  if (year >= 0 && year <= 9'999) {
    to = put_civil(to, unix_seconds);
  } else {
    *to++ = year < 0 ? '-' : '+';
    std::int64_t const magnitude = year < 0 ? -year : year;
    for (std::int64_t limit = 1'000; magnitude < limit && limit > 1; limit /= 10) *to++ = '0';
    to = std::to_chars(to, to + 20, magnitude).ptr;
    char rest[20];
    std::int64_t const days = unix_seconds / 86'400;
    put_civil(rest, unix_seconds - days / cycle * cycle * 86'400);
    to = std::copy_n(rest + 4, 15, to);  // without the year
  }
  if (digits > 0) {
    *to++ = '.';
    std::uint32_t unit = 100'000;
    for (std::uint32_t i = 0; i < digits && i < 6; ++i, unit /= 10)
      *to++ = static_cast<char>('0' + us / unit % 10);
  }
  *to++ = 'Z';
  return to;
}

/// Writes timestamps one after the other and computes the date only once per second. Thread: one. Throws: never.
class timestamp_writer {
 public:
  /// Writes what `put_timestamp` writes with 3, 6 or 9 digits, always `21 + Digits` characters.
  template <unsigned Digits = 3>
  char* put(char* to, std::int64_t unix_ns) noexcept {
    static_assert(Digits == 3 || Digits == 6 || Digits == 9);
    constexpr std::uint32_t unit = Digits == 3 ? 1'000'000 : Digits == 6 ? 1'000 : 1;
    std::int64_t const seconds = unix_ns >= 0 ? unix_ns / 1'000'000'000 : -1;
    if (seconds < 0) return put_timestamp(to, unix_ns, Digits);
    if (seconds != second_) {
      put_civil(text_, seconds);
      second_ = seconds;
    }
    std::memcpy(to, text_, sizeof text_);
    auto part = static_cast<std::uint32_t>(unix_ns - seconds * 1'000'000'000) / unit;
    for (unsigned i = Digits; i > 0; --i, part /= 10)
      to[sizeof text_ - 1 + i] = static_cast<char>('0' + part % 10);
    to[sizeof text_ + Digits] = 'Z';
    return to + sizeof text_ + Digits + 1;
  }

 private:
  char text_[20] = {'0', '0', '0', '0', '-', '0', '0', '-', '0', '0',
                    'T', '0', '0', ':', '0', '0', ':', '0', '0', '.'};
  std::int64_t second_ = -1;
};

/// Writes a duration in the unit in which it was given: `12ms`, `1.5s`, `90min`.
inline void put_duration_text(detail::text_buffer& out, std::int64_t ns, detail::record_format::unit unit) {
  struct name {
    std::int64_t ns;
    char const* text;
  };
  constexpr name names[] = {{1, "ns"},
                            {1'000, "us"},
                            {1'000'000, "ms"},
                            {1'000'000'000, "s"},
                            {60'000'000'000, "min"},
                            {3'600'000'000'000, "h"},
                            {86'400'000'000'000, "d"}};
  auto const index = static_cast<std::size_t>(unit) < 7 ? static_cast<std::size_t>(unit) : 0;
  name const chosen = names[index];
  char* const to = out.room(64);
  char* end = to;
  if (ns % chosen.ns == 0) {
    end = std::to_chars(to, to + 40, ns / chosen.ns).ptr;
  } else {
    end = std::to_chars(to, to + 40, static_cast<double>(ns) / static_cast<double>(chosen.ns)).ptr;
  }
  out.end_at(end);
  out.append(chosen.text);
}

}  // namespace fapilog::inline v0_1::detail
