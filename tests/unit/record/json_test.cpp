// SPDX-License-Identifier: MIT
// Tests record/json.hpp: any string and any number reads back; nothing that controls a terminal stays unescaped.
#include <fapilog/record/json.hpp>

#include <nlohmann/json.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/repaired_utf8.hpp"

namespace {

using fapilog::detail::text_buffer;
using support::repaired_utf8;
using namespace std::string_literals;

std::string text(std::string_view value) {
  text_buffer out;
  fapilog::detail::json::put_text(out, value);
  return std::string{out.view()};
}

template <class Float>
std::string number(Float value) {
  text_buffer out;
  fapilog::detail::json::put_float(out, value);
  return std::string{out.view()};
}

template <class Integer>
std::string integer(Integer value) {
  text_buffer out;
  fapilog::detail::json::put_integer(out, value);
  return std::string{out.view()};
}

std::string duration_text(std::int64_t ns) {
  text_buffer out;
  fapilog::detail::json::put_duration(out, ns);
  return std::string{out.view()};
}

/// Checks that the string reads back in its repaired form and contains no raw control character.
void check_text(std::string_view value) {
  std::string const line = text(value);
  if (support::find_raw_control(line) != std::string_view::npos) FAIL("a raw control in " << line);
  std::string const back = nlohmann::json::parse(line).get<std::string>();
  if (back != repaired_utf8(value)) FAIL("'" << back << "' is not '" << repaired_utf8(value) << "'");
}

void check_double(double value) {
  std::string const line = number(value);
  auto const back = nlohmann::json::parse(line);
  if (!back.is_number_float()) FAIL(line << " does not read back as a number with a point");
  if (std::bit_cast<std::uint64_t>(back.get<double>()) != std::bit_cast<std::uint64_t>(value)) FAIL(line);
}

}  // namespace

TEST_CASE(
    "strings are quoted, and quotes, backslashes and the common control characters have short escapes") {
  CHECK(text("") == R"("")");
  CHECK(text("plain text") == R"("plain text")");
  CHECK(text("say \"hi\"") == R"("say \"hi\"")");
  CHECK(text("a\\b") == R"("a\\b")");
  CHECK(text("\n\r\t\b\f") == R"("\n\r\t\b\f")");
  CHECK(text("/") == R"("/")");
}

TEST_CASE("every other control of C0, DEL and C1 becomes an escape with its number") {
  CHECK(text("\0"s) == R"("\u0000")");
  CHECK(text("\x01\x1B\x1F\x7F") == R"("\u0001\u001b\u001f\u007f")");
  CHECK(text("\xC2\x80\xC2\x9B\xC2\x9F") == R"("\u0080\u009b\u009f")");
  CHECK(text("\xC2\xA0") == "\"\xC2\xA0\"");
}

TEST_CASE("line separators and bidirectional controls become escapes with their numbers") {
  CHECK(text("\xE2\x80\xA8\xE2\x80\xA9") == R"("\u2028\u2029")");
  CHECK(text("\xE2\x80\xAA\xE2\x80\xAB\xE2\x80\xAC\xE2\x80\xAD\xE2\x80\xAE") ==
        R"("\u202a\u202b\u202c\u202d\u202e")");
  CHECK(text("\xE2\x81\xA6\xE2\x81\xA7\xE2\x81\xA8\xE2\x81\xA9") == R"("\u2066\u2067\u2068\u2069")");
  CHECK(text("\xE2\x80\xA7\xE2\x80\xAF\xE2\x81\xA5") == "\"\xE2\x80\xA7\xE2\x80\xAF\xE2\x81\xA5\"");
}

TEST_CASE("every code point reads back, alone and between others") {
  std::string all;
  for (std::uint32_t point = 0; point <= 0x10FFFF; ++point) {
    if (point >= 0xD800 && point < 0xE000) continue;
    all += support::utf8_of(point);
  }
  check_text(all);
  for (std::uint32_t point = 0; point <= 0x10FFFF; point += point < 0x3000 ? 1 : 257)
    check_text(support::utf8_of(point));
}

TEST_CASE("each ill-formed part of a string becomes one U+FFFD, as the Unicode standard recommends") {
  std::string const bad = "\xEF\xBF\xBD";
  struct example {
    std::string_view text;
    std::size_t replacements;
  };
  // Continuation bytes alone, bytes that never occur, overlong forms, surrogates, beyond U+10FFFF, cut sequences.
  for (example const& e : std::initializer_list<example>{{"\x80", 1},
                                                         {"\xBF", 1},
                                                         {"\x80\x80", 2},
                                                         {"\xC0", 1},
                                                         {"\xC1", 1},
                                                         {"\xC0\x80", 2},
                                                         {"\xC1\xBF", 2},
                                                         {"\xE0\x80\x80", 3},
                                                         {"\xE0\x9F\xBF", 3},
                                                         {"\xF0\x80\x80\x80", 4},
                                                         {"\xF0\x8F\xBF\xBF", 4},
                                                         {"\xED\xA0\x80", 3},
                                                         {"\xED\xBF\xBF", 3},
                                                         {"\xF4\x90\x80\x80", 4},
                                                         {"\xF5\x80\x80\x80", 4},
                                                         {"\xF8\x88\x80\x80\x80", 5},
                                                         {"\xFE", 1},
                                                         {"\xFF", 1},
                                                         {"\xC2", 1},
                                                         {"\xDF", 1},
                                                         {"\xE1", 1},
                                                         {"\xE1\x80", 1},
                                                         {"\xE0\xA0", 1},
                                                         {"\xED\x9F", 1},
                                                         {"\xF0\x90", 1},
                                                         {"\xF0\x90\x80", 1},
                                                         {"\xF4\x8F\xBF", 1},
                                                         {"\xF1\x80\x80", 1},
                                                         {"\xE1\x80\xC2", 2},
                                                         {"\xF1\x80\xE1\x80\xC2", 3}}) {
    std::string expected = "\"";
    for (std::size_t i = 0; i < e.replacements; ++i) expected += bad;
    CHECK(text(e.text) == expected + "\"");
    CHECK(text(std::string{e.text} + "A") == expected + "A\"");
    check_text(std::string{"A"} += e.text);
  }
  // The example of the standard (section 3.9).
  CHECK(text("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64") ==
        "\"a" + bad + bad + bad + "b" + bad + "c" + bad + bad + "d\"");
}

TEST_CASE("all strings of two bytes, and of three after a leading byte, are repaired in the same way") {
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) check_text(std::string{static_cast<char>(a), static_cast<char>(b)});
  }
  for (unsigned const a : {0xC2U, 0xE0U, 0xE1U, 0xEDU, 0xEFU, 0xF0U, 0xF1U, 0xF4U}) {
    for (unsigned b = 0x7C; b < 0xC8; ++b) {
      for (unsigned c = 0x7C; c < 0xC8; ++c) {
        check_text(std::string{static_cast<char>(a), static_cast<char>(b), static_cast<char>(c), '"'});
      }
    }
  }
}

TEST_CASE("special characters at every offset around 16-byte blocks are found") {
  for (std::string_view const special :
       {"\"", "\\", "\n", "\x7F", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xFF", "\xE2\x82",
        "\xE2\x80\xAE", "\xC2\x9B"}) {
    for (std::size_t before = 0; before < 40; ++before) {
      for (std::size_t const after : {0U, 1U, 2U, 13U, 14U, 15U, 16U, 17U, 33U}) {
        std::string value(before, 'a');
        value += special;
        value.append(after, 'b');
        check_text(value);
      }
    }
  }
}

TEST_CASE("special characters at every offset around the pieces of long strings are neither cut nor lost") {
  for (std::string_view const special : {"\"", "\n", "\x7F", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                         "\xF0\x9F\x98", "\xFF\xFE", "\xE2\x80\xAE"}) {
    for (std::size_t const piece : {4'096U, 8'192U}) {
      for (std::size_t before = piece - 20; before < piece + 20; ++before) {
        for (std::size_t const after : {0U, 1U, 40U}) {
          std::string value(before, 'a');
          value += special;
          value.append(after, 'b');
          check_text(value);
        }
      }
    }
  }
}

TEST_CASE("long strings fit even if every character needs the longest escape or three bytes") {
  for (std::size_t const size : {4'095U, 4'096U, 4'097U, 8'192U, 100'001U}) {
    check_text(std::string(size, '\x01'));
    check_text(std::string(size, '\xFF'));
    std::string wide;
    for (std::size_t i = 0; i < size; ++i) wide += i % 2 == 0 ? "\xE2\x80\xAE" : "\xF0\x9F\x98\x80";
    check_text(wide);
  }
}

TEST_CASE("random strings read back in their repaired form") {
  std::mt19937 random{4096};
  static constexpr std::string_view parts[] = {"\"",
                                               "\\",
                                               "\n",
                                               "\x7F",
                                               "a",
                                               "0123456789abcdef",
                                               "\xC3\xA9",
                                               "\xE2\x82\xAC",
                                               "\xF0\x9F\x98\x80",
                                               "\xF0",
                                               "\x9F",
                                               "\xE2\x80\xA8",
                                               "\xFF",
                                               "\xED\xA0\x80"};
  std::uniform_int_distribution<std::size_t> which{0, std::size(parts) - 1};
  std::uniform_int_distribution<std::size_t> count{0, 40};
  for (int round = 0; round < 5'000; ++round) {
    std::string value;
    for (std::size_t i = count(random); i > 0; --i) value += parts[which(random)];
    check_text(value);
  }
}

TEST_CASE("floating-point numbers have a point or an exponent and the shortest form that reads back") {
  CHECK(number(0.0) == "0.0");
  CHECK(number(-0.0) == "-0.0");
  CHECK(number(1.0) == "1.0");
  CHECK(number(0.1) == "0.1");
  CHECK(number(0.1F) == "0.1");
  CHECK(number(-2.5) == "-2.5");
  CHECK(number(1e308) == "1e+308");
  CHECK(number(1e22) == "1e+22");
  CHECK(number(5e-324) == "5e-324");
  CHECK(number(16'777'216.0F) == "16777216.0");
}

TEST_CASE("NaN and infinities, which JSON does not have, become strings") {
  CHECK(number(std::numeric_limits<double>::quiet_NaN()) == R"("NaN")");
  CHECK(number(-std::numeric_limits<double>::quiet_NaN()) == R"("NaN")");
  CHECK(number(std::numeric_limits<double>::infinity()) == R"("Infinity")");
  CHECK(number(-std::numeric_limits<double>::infinity()) == R"("-Infinity")");
  CHECK(number(std::numeric_limits<float>::quiet_NaN()) == R"("NaN")");
  CHECK(number(-std::numeric_limits<float>::infinity()) == R"("-Infinity")");
}

TEST_CASE("doubles read back bit by bit") {
  using limits = std::numeric_limits<double>;
  for (double const value : {0.0,
                             -0.0,
                             1e308,
                             -1e308,
                             1e-308,
                             limits::max(),
                             limits::lowest(),
                             limits::min(),
                             limits::denorm_min(),
                             -limits::denorm_min(),
                             limits::epsilon(),
                             1.0 / 3,
                             1e15,
                             1e16,
                             1e17,
                             123456789012345680.0,
                             9007199254740993.0,
                             18446744073709551616.0,
                             1e21,
                             1e23,
                             2.2250738585072011e-308}) {
    check_double(value);
  }
  std::mt19937_64 random{7};
  for (int i = 0; i < 200'000; ++i) {
    auto const value = std::bit_cast<double>(random());
    if (std::isfinite(value)) check_double(value);
  }
  for (std::uint64_t bits = 1; bits < (std::uint64_t{1} << 52); bits = bits * 3 + 1)
    check_double(std::bit_cast<double>(bits));
}

TEST_CASE("floats read back as the same float") {
  std::mt19937 random{8};
  for (int i = 0; i < 100'000; ++i) {
    auto const value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (!std::isfinite(value)) continue;
    std::string const line = number(value);
    if (std::bit_cast<std::uint32_t>(std::strtof(line.c_str(), nullptr)) !=
        std::bit_cast<std::uint32_t>(value))
      FAIL(line);
  }
}

TEST_CASE("integers are written exactly up to their limits") {
  CHECK(integer(std::int64_t{0}) == "0");
  CHECK(integer(std::numeric_limits<std::int64_t>::max()) == "9223372036854775807");
  CHECK(integer(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(integer(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
}

TEST_CASE("durations are seconds with a decimal point and without trailing zeros") {
  CHECK(duration_text(0) == "0.0");
  CHECK(duration_text(1) == "0.000000001");
  CHECK(duration_text(-1) == "-0.000000001");
  CHECK(duration_text(1'500'000'000) == "1.5");
  CHECK(duration_text(-2'000'000'000) == "-2.0");
  CHECK(duration_text(60'000'000'010) == "60.00000001");
  CHECK(duration_text(std::numeric_limits<std::int64_t>::max()) == "9223372036.854775807");
  CHECK(duration_text(std::numeric_limits<std::int64_t>::min()) == "-9223372036.854775808");
}
