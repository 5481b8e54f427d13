// SPDX-License-Identifier: MIT
// Formats points in time by a format such as `%H:%M:%S.%e`, in UTC or in the zone of the machine.
#pragma once

#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/os/local_time.hpp>
#include <fapilog/detail/text/decimal.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/time.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
[[nodiscard]] constexpr std::int64_t days_from_civil(std::int64_t year, unsigned month,
                                                     unsigned day) noexcept {
  std::int64_t const shifted = month <= 2 ? year - 1 : year;  // years begin in March
  std::int64_t const era = (shifted >= 0 ? shifted : shifted - 399) / 400;
  std::int64_t const year_of_era = shifted - era * 400;
  std::int64_t const day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

/// The letters that may follow `%` in the format of a time.
inline constexpr std::string_view time_format_letters = "YymdHIMSpefNFTbBaAjzs%";

/// Returns the offset of the first `%` in the format with which no known letter goes, or npos.
[[nodiscard]] constexpr std::size_t wrong_time_letter(std::string_view format) noexcept {
  for (std::size_t at = format.find('%'); at != std::string_view::npos; at = format.find('%', at + 2)) {
    if (at + 1 == format.size() || time_format_letters.find(format[at + 1]) == std::string_view::npos)
      return at;
  }
  return std::string_view::npos;
}

/// Writes times one after the other, and everything but the digits below a second only once per second. Thread: one.
/// Throws: std::bad_alloc.
///
/// The letters are those of strftime(3) in the C locale, except `%e` (milliseconds), `%f` (microseconds) and `%N`
/// (nanoseconds), all with leading zeros. `%s` is the number of seconds since 1970.
class pattern_time {
 public:
  /// The format must be one in which `wrong_time_letter` finds nothing.
  pattern_time(std::string_view format, bool local) : format_(format), local_(local) {}

  void put(text_buffer& out, std::int64_t unix_ns) {
    std::int64_t second = unix_ns / 1'000'000'000;
    std::int64_t rest = unix_ns % 1'000'000'000;
    if (rest < 0) {
      rest += 1'000'000'000;
      --second;
    }
    if (second != second_) [[unlikely]]
      render(second);
    char* const to = out.room(text_.size());
    std::memcpy(to, text_.data(), text_.size());
    auto const ns = static_cast<std::uint32_t>(rest);
    for (fraction const& part : fractions_) {
      // Divisors that the compiler knows cost no division.
      std::uint32_t number = part.digits == 3 ? ns / 1'000'000 : part.digits == 6 ? ns / 1'000 : ns;
      char* end = to + part.at + part.digits;
      for (std::size_t i = part.digits; i > 0; --i, number /= 10)
        *--end = static_cast<char>('0' + number % 10);
    }
    out.end_at(to + text_.size());
  }

 private:
  /// Digits below a second in `text_`.
  struct fraction {
    std::size_t at;
    std::size_t digits;  ///< 3, 6 or 9
  };
  static constexpr std::array<std::string_view, 7> days{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                        "Thursday", "Friday", "Saturday"};
  static constexpr std::array<std::string_view, 12> months{"January",   "February", "March",    "April",
                                                           "May",       "June",     "July",     "August",
                                                           "September", "October",  "November", "December"};

  /// Writes the text of a second.
  [[gnu::noinline]] void render(std::int64_t second) {
    text_.clear();
    fractions_.clear();
    civil_time t = civil_from_seconds(second);
    std::int64_t offset = 0;
    if (local_) {
      local_day_time const found = local_time(second);
      t = {found.year,
           static_cast<unsigned>(found.month) + 1,
           static_cast<unsigned>(found.day),
           static_cast<unsigned>(found.hour),
           static_cast<unsigned>(found.minute),
           static_cast<unsigned>(found.second)};
      unsigned const of_day = (t.hour * 60 + t.minute) * 60 + t.second;
      offset = days_from_civil(t.year, t.month, t.day) * 86'400 + of_day - second;
    }
    for (std::size_t i = 0; i < format_.size(); ++i) {
      if (format_[i] != '%') {
        text_.push_back(format_[i]);
      } else if (++i < format_.size()) {
        put_letter(format_[i], t, second, offset);
      }
    }
    second_ = second;
  }

  void put_letter(char letter, civil_time const& t, std::int64_t second, std::int64_t offset) {
    std::int64_t const day = days_from_civil(t.year, t.month, t.day);
    std::string_view const month_name = months[(t.month - 1) % 12];
    std::string_view const day_name = days[static_cast<std::size_t>(((day + 4) % 7 + 7) % 7)];
    switch (letter) {
      case 'Y': return put_number(static_cast<unsigned>(t.year), 4);
      case 'y': return put_number(static_cast<unsigned>(t.year) % 100, 2);
      case 'm': return put_number(t.month, 2);
      case 'd': return put_number(t.day, 2);
      case 'H': return put_number(t.hour, 2);
      case 'I': return put_number(t.hour % 12 == 0 ? 12 : t.hour % 12, 2);
      case 'M': return put_number(t.minute, 2);
      case 'S': return put_number(t.second, 2);
      case 'p': text_ += t.hour < 12 ? "AM" : "PM"; return;
      case 'e': return put_fraction(3);
      case 'f': return put_fraction(6);
      case 'N': return put_fraction(9);
      case 'b': text_ += month_name.substr(0, 3); return;
      case 'B': text_ += month_name; return;
      case 'a': text_ += day_name.substr(0, 3); return;
      case 'A': text_ += day_name; return;
      case 'j': return put_number(static_cast<unsigned>(day - days_from_civil(t.year, 1, 1)) + 1, 3);
      case 's': text_ += std::to_string(second); return;
      case 'F':
        put_number(static_cast<unsigned>(t.year), 4);
        text_.push_back('-');
        put_number(t.month, 2);
        text_.push_back('-');
        return put_number(t.day, 2);
      case 'T':
        put_number(t.hour, 2);
        text_.push_back(':');
        put_number(t.minute, 2);
        text_.push_back(':');
        return put_number(t.second, 2);
      case 'z': {
        auto const minutes = static_cast<unsigned>(std::abs(offset) / 60);
        text_.push_back(offset < 0 ? '-' : '+');
        return put_number(minutes / 60 * 100 + minutes % 60, 4);
      }
      default: text_.push_back(letter); return;
    }
  }
  void put_number(unsigned number, std::size_t digits) {
    std::size_t const begin = text_.size();
    text_.resize(begin + digits);
    for (std::size_t i = digits; i > 0; --i, number /= 10)
      text_[begin + i - 1] = static_cast<char>('0' + number % 10);
  }
  void put_fraction(std::size_t digits) {
    fractions_.push_back({text_.size(), digits});
    text_.append(digits, '0');
  }

  std::string format_;
  bool local_;
  std::int64_t second_ = (std::numeric_limits<std::int64_t>::min)();
  std::string text_;  ///< of `second_`
  vector<fraction> fractions_;
};

/// Writes a duration in the unit that suits its size, with at most four digits: `850ns`, `722.5us`, `1.5s`, `1m30s`, `2h05m`,
/// `3d04h`.
inline void put_human_duration(text_buffer& out, std::int64_t ns) {
  auto left = ns < 0 ? 0 - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  if (ns < 0) out.push_back('-');
  char* const to = out.room(64);
  char* end = to;
  struct unit {
    std::uint64_t ns;
    std::string_view name;
  };
  constexpr std::uint64_t second = 1'000'000'000;
  auto const put = [&end](std::uint64_t number, std::string_view name) {
    end = put_decimal(end, number);
    std::memcpy(end, name.data(), name.size());
    end += name.size();
  };
  auto const put_pair = [&](std::uint64_t high, std::string_view name, std::uint64_t low,
                            std::string_view low_name) {
    put(high, name);
    if (low < 10) *end++ = '0';
    put(low, low_name);
  };
  constexpr std::uint64_t just_below_minute = 59'995'000'000;  // 59.995 s is shown as 1m00s
  if (left < 1'000) {
    put(left, "ns");
  } else if (left < just_below_minute) {
    // The smallest unit in which four digits or fewer are in front of the point.
    unit chosen{1'000, "us"};
    for (unit const next : {unit{1'000'000, "ms"}, unit{second, "s"}}) {
      if (left >= next.ns - next.ns / 20'000) chosen = next;
    }
    std::uint64_t scale = 1'000;  // of the digits behind the point: as many as make four in all
    while (scale > 1 && left / chosen.ns * scale >= 10'000) scale /= 10;
    while (scale > 1 && (left + chosen.ns / scale / 2) / chosen.ns * scale >= 10'000) scale /= 10;
    std::uint64_t const step = chosen.ns / scale;
    std::uint64_t digits = (left + step / 2) / step;
    end = put_decimal(end, digits / scale);
    digits %= scale;
    if (digits != 0) {
      *end++ = '.';
      for (scale /= 10; digits != 0; scale /= 10) {
        *end++ = static_cast<char>('0' + digits / scale);
        digits %= scale;
      }
    }
    std::memcpy(end, chosen.name.data(), chosen.name.size());
    end += chosen.name.size();
  } else {
    std::uint64_t const seconds = (left + second / 2) / second;
    if (seconds < 3'600) {
      put_pair(seconds / 60, "m", seconds % 60, "s");
    } else if (seconds < 86'400) {
      put_pair(seconds / 3'600, "h", seconds / 60 % 60, "m");
    } else {
      put_pair(seconds / 86'400, "d", seconds / 3'600 % 24, "h");
    }
  }
  out.end_at(end);
}

}  // namespace fapilog::inline v0_1::detail
