// SPDX-License-Identifier: MIT
// Tests record/time.hpp: calendar dates, and timestamps and durations as text.
#include <fapilog/record/time.hpp>

#include <cstdint>
#include <ctime>
#include <initializer_list>
#include <limits>
#include <random>
#include <string>

#include "support/catch.hpp"

namespace {

using fapilog::detail::civil_from_seconds;

constexpr std::int64_t ns_of_second = 1'000'000'000;
constexpr std::int64_t day = 86'400;

std::string timestamp(std::int64_t unix_ns, std::uint32_t digits = 3) {
  char text[40];
  return {text, fapilog::detail::put_timestamp(text, unix_ns, digits)};
}

std::string duration_text(std::int64_t ns, fapilog::detail::record_format::unit unit) {
  fapilog::detail::text_buffer out;
  fapilog::detail::put_duration_text(out, ns, unit);
  return std::string{out.view()};
}

/// The same date, computed by the C library.
std::string by_gmtime(std::int64_t unix_seconds) {
  auto const seconds = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  REQUIRE(::gmtime_r(&seconds, &parts) != nullptr);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts)};
}

std::string civil(std::int64_t unix_seconds) {
  char text[24];
  return {text, fapilog::detail::put_civil(text, unix_seconds)};
}

}  // namespace

TEST_CASE("the epoch and the example of the documentation are written as RFC 3339 in UTC") {
  CHECK(timestamp(0) == "1970-01-01T00:00:00.000Z");
  CHECK(timestamp(1'769'509'800'123'456'789) == "2026-01-27T10:30:00.123Z");
}

TEST_CASE("a timestamp is cut to its digits, never rounded up into the next second") {
  std::int64_t const last = 1'769'509'800'999'999'999;
  CHECK(timestamp(last, 0) == "2026-01-27T10:30:00Z");
  CHECK(timestamp(last, 3) == "2026-01-27T10:30:00.999Z");
  CHECK(timestamp(last, 6) == "2026-01-27T10:30:00.999999Z");
  CHECK(timestamp(last, 9) == "2026-01-27T10:30:00.999999999Z");
  CHECK(timestamp(999'999) == "1970-01-01T00:00:00.000Z");
  CHECK(timestamp(1'000'000) == "1970-01-01T00:00:00.001Z");
}

TEST_CASE("fractions of times before 1970 count forward") {
  CHECK(timestamp(-1) == "1969-12-31T23:59:59.999Z");
  CHECK(timestamp(-1, 9) == "1969-12-31T23:59:59.999999999Z");
  CHECK(timestamp(-ns_of_second) == "1969-12-31T23:59:59.000Z");
  CHECK(timestamp(-ns_of_second - 1, 9) == "1969-12-31T23:59:58.999999999Z");
  CHECK(timestamp(-day * ns_of_second) == "1969-12-31T00:00:00.000Z");
}

TEST_CASE("leap years have a 29th of February, centuries only every fourth time") {
  CHECK(timestamp(951'782'400 * ns_of_second) == "2000-02-29T00:00:00.000Z");
  CHECK(timestamp((951'782'400 + day) * ns_of_second) == "2000-03-01T00:00:00.000Z");
  CHECK(timestamp(1'709'164'800 * ns_of_second) == "2024-02-29T00:00:00.000Z");
  CHECK(timestamp(1'740'700'800 * ns_of_second) == "2025-02-28T00:00:00.000Z");
  CHECK(timestamp((1'740'700'800 + day) * ns_of_second) == "2025-03-01T00:00:00.000Z");
  CHECK(timestamp(4'107'456'000 * ns_of_second) == "2100-02-28T00:00:00.000Z");
  CHECK(timestamp((4'107'456'000 + day) * ns_of_second) == "2100-03-01T00:00:00.000Z");
}

TEST_CASE("the first and last second of the years 1678 to 2261 match the C library") {
  for (int year = 1678; year <= 2261; ++year) {
    std::tm parts{};
    parts.tm_year = year - 1900;
    parts.tm_mday = 1;
    std::int64_t const begin = ::timegm(&parts);
    if (timestamp(begin * ns_of_second, 0) != std::to_string(year) + "-01-01T00:00:00Z")
      FAIL("begin of " << year);
    if (timestamp((begin - 1) * ns_of_second, 0) != std::to_string(year - 1) + "-12-31T23:59:59Z")
      FAIL("before " << year);
  }
}

TEST_CASE("every day of 1600 to 2400 and random seconds match the C library") {
  for (std::int64_t d = -135'140; d < 157'054; ++d) {
    std::int64_t const at = d * day + (d * 7919) % day;
    if (civil(at) != by_gmtime(at)) FAIL(civil(at) << " is not " << by_gmtime(at));
  }
  std::mt19937_64 random{2026};
  std::uniform_int_distribution<std::int64_t> seconds{-62'135'596'800, 253'402'300'799};  // years 1 to 9999
  for (int i = 0; i < 20'000; ++i) {
    std::int64_t const at = seconds(random);
    auto const parts = fapilog::detail::civil_from_seconds(at);
    auto const clock = static_cast<std::time_t>(at);
    std::tm expected{};
    REQUIRE(::gmtime_r(&clock, &expected) != nullptr);
    bool const same = parts.year == expected.tm_year + 1900 &&
                      parts.month == static_cast<unsigned>(expected.tm_mon + 1) &&
                      parts.day == static_cast<unsigned>(expected.tm_mday) &&
                      parts.hour == static_cast<unsigned>(expected.tm_hour) &&
                      parts.minute == static_cast<unsigned>(expected.tm_min) &&
                      parts.second == static_cast<unsigned>(expected.tm_sec);
    if (!same) FAIL("second " << at);
  }
}

TEST_CASE("the first and the last time of 64-bit nanoseconds fit the form") {
  CHECK(timestamp(std::numeric_limits<std::int64_t>::min(), 9) == "1677-09-21T00:12:43.145224192Z");
  CHECK(timestamp(std::numeric_limits<std::int64_t>::max(), 9) == "2262-04-11T23:47:16.854775807Z");
}

TEST_CASE("a duration is written in the unit in which it was given") {
  using fapilog::detail::record_format::unit;
  CHECK(duration_text(0, unit::ms) == "0ms");
  CHECK(duration_text(12, unit::ns) == "12ns");
  CHECK(duration_text(12'000, unit::us) == "12us");
  CHECK(duration_text(12'000'000, unit::ms) == "12ms");
  CHECK(duration_text(1'500'000'000, unit::s) == "1.5s");
  CHECK(duration_text(-1'500'000'000, unit::s) == "-1.5s");
  CHECK(duration_text(90 * 60 * ns_of_second, unit::min) == "90min");
  CHECK(duration_text(90 * 60 * ns_of_second, unit::h) == "1.5h");
  CHECK(duration_text(36 * 3'600 * ns_of_second, unit::d) == "1.5d");
  CHECK(duration_text(1'500'000, unit::ms) == "1.5ms");
  CHECK(duration_text(5, static_cast<unit>(77)) == "5ns");
}

TEST_CASE("timestamps written one after the other equal those written singly") {
  fapilog::detail::timestamp_writer writer;
  for (std::int64_t const base :
       {std::int64_t{0}, 1'769'509'800 * ns_of_second, 951'782'399 * ns_of_second, -5 * ns_of_second}) {
    for (std::int64_t const rest :
         {std::int64_t{0}, std::int64_t{999'999}, std::int64_t{1'000'000}, ns_of_second - 1, ns_of_second,
          61 * ns_of_second, std::int64_t{-1}, std::int64_t{7'000'000}}) {
      char alone[40];
      char in_turn[40];
      char* const end = fapilog::detail::put_timestamp(alone, base + rest, 3);
      char* const end_in_turn = writer.put(in_turn, base + rest);
      CHECK(std::string(alone, end) == std::string(in_turn, end_in_turn));
    }
  }
}
