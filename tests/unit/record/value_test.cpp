// SPDX-License-Identifier: MIT
// Tests the kinds of values through the public API: each as a field and as a format argument.
#include <fapilog/logger.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <filesystem>
#include <forward_list>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <ratio>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "support/catch.hpp"
#include "support/logged.hpp"

namespace acme {

enum old_style { old_zero, old_seven = 7 };
enum class scoped : std::int8_t { minus = -1, five = 5 };
enum class huge : std::uint64_t { most = std::numeric_limits<std::uint64_t>::max() };
enum class named { red, green };
constexpr std::string_view to_string(named value) { return value == named::red ? "red" : "green"; }
enum class named_by_copy { first };
inline std::string to_string(named_by_copy) { return "a name that no small string can hold in itself"; }

struct point {
  int x = 0;
  int y = 0;
};
inline void to_log(fapilog::object_writer& out, point const& p) { out.kv("x", p.x).kv("y", p.y); }

struct segment {
  point from, to;
  std::vector<point> via;
};
inline void to_log(fapilog::object_writer& out, segment const& s) {
  out.kv("from", s.from).kv("to", s.to).kv("via", s.via).kv(fapilog::dynamic_key{"length \"quoted\""}, 2.5);
}

struct celsius {
  double degrees = 0;
};
inline void to_log(fapilog::value_writer& out, celsius const& c) { out.value(c.degrees); }

struct matrix {
  std::vector<std::vector<int>> rows;
};
inline void to_log(fapilog::value_writer& out, matrix const& m) {
  out.array([&](fapilog::array_writer& rows) {
    for (auto const& row : m.rows) rows.value(row);
  });
}

struct either {
  bool as_object = false;
};
inline void to_log(fapilog::value_writer& out, either const& e) {
  if (e.as_object) {
    out.object([](fapilog::object_writer& o) {
      o.kv("inner", celsius{1.5}).kv("list", std::array{point{1, 2}});
    });
  } else {
    out.value("only text");
  }
}

struct silent {};
inline void to_log(fapilog::value_writer&, silent const&) {}
struct talkative {};
inline void to_log(fapilog::value_writer& out, talkative const&) {
  out.value(1);
  out.value(2);
  out.array([](fapilog::array_writer& a) { a.value(3); });
}
struct empty_object {};
inline void to_log(fapilog::object_writer&, empty_object const&) {}
struct repeating {};
inline void to_log(fapilog::object_writer& out, repeating const&) { out.kv("a", 1).kv("b", 2).kv("a", 3); }

struct version {
  int major = 0;
  int minor = 0;
};
struct long_text {};

struct bomb {
  std::string text;
  explicit bomb(int) : text(100, 'b') { throw std::runtime_error{"never made"}; }
};
inline void to_log(fapilog::value_writer& out, bomb const& b) { out.value(b.text); }

struct order_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace acme

template <>
struct fmt::formatter<acme::version> {
  char presentation = 'd';
  constexpr auto parse(fmt::format_parse_context& context) {
    auto const* at = context.begin();
    if (at != context.end() && (*at == 's' || *at == 'd')) presentation = *at++;
    return at;
  }
  template <class Context>
  auto format(acme::version const& v, Context& context) const {
    return presentation == 's' ? fmt::format_to(context.out(), "v{}", v.major)
                               : fmt::format_to(context.out(), "{}.{}", v.major, v.minor);
  }
};
template <>
struct fmt::formatter<acme::long_text> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(acme::long_text, Context& context) const {
    return fmt::formatter<std::string_view>::format(std::string(10'000, 'l'), context);
  }
};

namespace {

using fapilog::kv;
using nlohmann::json;
using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace std::string_view_literals;

constexpr char replacement_character[] = "\xEF\xBF\xBD";

template <class T>
void check_integer(support::logged& test) {
  INFO("width " << sizeof(T) << (std::is_signed_v<T> ? " signed" : " unsigned"));
  for (T const value : {std::numeric_limits<T>::min(), T{0}, T{1}, std::numeric_limits<T>::max()}) {
    json const arrived = test.field(value);
    CHECK(arrived.is_number_integer());
    CHECK(arrived.get<T>() == value);
    CHECK(arrived.dump() == std::to_string(value));
    CHECK(test.argument(value) == std::to_string(value));
  }
}

}  // namespace

TEST_CASE("bool is true or false") {
  support::logged test;
  CHECK(test.field(true) == json(true));
  CHECK(test.field(false) == json(false));
  CHECK(test.argument(true) == "true");
  test.log.info("{:d} {:5} {:<6}|", true, false, true);
  CHECK(test.message() == "1 false true  |");
}

TEST_CASE("integers of all widths keep their value up to their limits") {
  support::logged test;
  check_integer<signed char>(test);
  check_integer<unsigned char>(test);
  check_integer<short>(test);
  check_integer<unsigned short>(test);
  check_integer<int>(test);
  check_integer<unsigned>(test);
  check_integer<long>(test);
  check_integer<unsigned long>(test);
  check_integer<long long>(test);
  check_integer<unsigned long long>(test);
}

TEST_CASE("integers as format arguments take fmt's specifications") {
  support::logged test;
  test.log.info("{:x} {:#b} {:08} {:+} {:>5} {:<5}| {:^5} {:c}", 255U, 5, -42, 7, std::int8_t{3}, 4ULL,
                short{6}, 65);
  CHECK(test.message() == "ff 0b101 -0000042 +7     3 4    |   6   A");
  test.log.info("{1} {0} {1:{2}}", 1, 2, 6);
  CHECK(test.message() == "2 1      2");
}

TEST_CASE("a float prints its own shortest form, not that of the double it would become") {
  support::logged test;
  test.log.info("{}", 0.1F, kv("v", 0.1F));
  CHECK(test.last_line().find("\"v\":0.1}") != std::string::npos);
  CHECK(test.message() == "0.1");
  CHECK(test.argument(16'777'216.0F) == fmt::format("{}", 16'777'216.0F));
}

TEST_CASE("doubles arrive unchanged, and what JSON cannot represent becomes a string") {
  support::logged test;
  using limits = std::numeric_limits<double>;
  for (double const value :
       {0.0, -0.0, 0.1, 1e308, -1e-308, limits::denorm_min(), limits::max(), limits::lowest()}) {
    json const arrived = test.field(value);
    REQUIRE(arrived.is_number_float());
    CHECK(std::bit_cast<std::uint64_t>(arrived.get<double>()) == std::bit_cast<std::uint64_t>(value));
    CHECK(test.argument(value) == fmt::format("{}", value));
  }
  CHECK(test.field(limits::quiet_NaN()) == "NaN");
  CHECK(test.field(limits::infinity()) == "Infinity");
  CHECK(test.field(-limits::infinity()) == "-Infinity");
  CHECK(test.field(std::numeric_limits<float>::quiet_NaN()) == "NaN");
  CHECK(test.argument(limits::infinity()) == "inf");
  CHECK(test.field(2.5L) == json(2.5));
  test.log.info("{:.3f} {:e} {:>8.2} {:g}", 3.14159, 12345.678, 2.5, 1e-9F);
  CHECK(test.message() == fmt::format("{:.3f} {:e} {:>8.2} {:g}", 3.14159, 12345.678, 2.5, 1e-9F));
}

TEST_CASE("a character of any type is a string of one character") {
  support::logged test;
  CHECK(test.field('c') == "c");
  CHECK(test.field('"') == "\"");
  CHECK(test.field('\0') == "\0"s);
  CHECK(test.field('\xE9') == replacement_character);
  CHECK(test.field(L'\u00E9') == "\xC3\xA9");
  CHECK(test.field(u8'c') == "c");
  CHECK(test.field(u'\u20AC') == "\xE2\x82\xAC");
  CHECK(test.field(U'\U0001F600') == "\xF0\x9F\x98\x80");
  CHECK(test.field(char16_t{0xD800}) == replacement_character);
  CHECK(test.field(char32_t{0x110000}) == replacement_character);
  CHECK(test.argument('c') == "c");
  CHECK(test.argument(U'\U0001F600') == "\xF0\x9F\x98\x80");
  test.log.info("{:>3}{:d}", 'c', 'A');
  CHECK(test.message() == "  c65");
}

TEST_CASE("every type of narrow string is a string") {
  support::logged test;
  char const* const pointer = "pointer";
  char changeable[] = "array";
  char* const changeable_pointer = changeable;
  std::string const string = "string";
  std::string_view const view = "view";
  CHECK(test.field(pointer) == "pointer");
  CHECK(test.field(changeable) == "array");
  CHECK(test.field(changeable_pointer) == "array");
  CHECK(test.field("literal") == "literal");
  CHECK(test.field(string) == "string");
  CHECK(test.field(view.substr(1)) == "iew");
  CHECK(test.field(std::string_view{}) == "");
  CHECK(test.field("") == "");
  test.log.info("{} {} {} {} {} {} [{}]", pointer, changeable, changeable_pointer, "literal", string, view,
                std::string_view{});
  CHECK(test.message() == "pointer array array literal string view []");
  test.log.info("[{:>8}] [{:<8}] [{:.3}] [{:^7}]", pointer, string, view, changeable);
  CHECK(test.message() == "[ pointer] [string  ] [vie] [ array ]");
}

TEST_CASE("an array of characters without a terminator ends with the array") {
  support::logged test;
  char const full[4] = {'f', 'u', 'l', 'l'};
  char const ended[6] = {'e', 'n', 'd', '\0', 'x', 'y'};
  CHECK(test.field(full) == "full");
  CHECK(test.argument(full) == "full");
  CHECK(test.field(ended) == "end");
  char16_t const wide[2] = {u'w', u'x'};
  CHECK(test.field(wide) == "wx");
}

TEST_CASE("a NUL within a string is kept") {
  support::logged test;
  CHECK(test.field("a\0b"s) == "a\0b"s);
  CHECK(test.field("a\0b"sv) == "a\0b"s);
  CHECK(test.argument("a\0b"s) == "a\0b"s);
  CHECK(test.field(u"a\0b"s) == "a\0b"s);
}

TEST_CASE("strings of wider characters become UTF-8, lone surrogates U+FFFD") {
  support::logged test;
  CHECK(test.field(u8"\u20AC") == "\xE2\x82\xAC");
  CHECK(test.field(std::u8string{u8"\u00E9"}) == "\xC3\xA9");
  CHECK(test.field(u"\U0001F600!") == "\xF0\x9F\x98\x80!");
  CHECK(test.field(std::u16string_view{u"\U0001F600"}) == "\xF0\x9F\x98\x80");
  CHECK(test.field(U"\U0001F600") == "\xF0\x9F\x98\x80");
  CHECK(test.field(std::u32string{U"\u20AC"}) == "\xE2\x82\xAC");
  CHECK(test.field(L"wide \u20AC") == "wide \xE2\x82\xAC");
  CHECK(test.field(std::wstring{L"w"}) == "w");
  CHECK(test.field(std::u16string{u'a', char16_t{0xD83D}, u'b'}) == "a"s + replacement_character + "b");
  CHECK(test.field(std::u16string{char16_t{0xDE00}, char16_t{0xD83D}}) ==
        ""s + replacement_character + replacement_character);
  CHECK(test.field(std::u16string{u'a', char16_t{0xD83D}}) == "a"s + replacement_character);
  CHECK(test.field(std::u32string{char32_t{0xD800}, char32_t{0x110000}}) ==
        ""s + replacement_character + replacement_character);
  wchar_t const* const pointer = L"pointer";
  wchar_t const* const null = nullptr;
  CHECK(test.field(pointer) == "pointer");
  CHECK(test.field(null).is_null());
  CHECK(test.field(std::u16string{}) == "");
  test.log.info("{} {} {} {}", u8"u8", u"u16", U"u32", L"wide");
  CHECK(test.message() == "u8 u16 u32 wide");
}

TEST_CASE("nullptr and null strings are null") {
  support::logged test;
  char const* const null = nullptr;
  CHECK(test.field(nullptr).is_null());
  CHECK(test.field(null).is_null());
  CHECK(test.argument(nullptr) == "null");
  CHECK(test.argument(null) == "null");
}

TEST_CASE("a pointer is its address in hexadecimal") {
  support::logged test;
  int target = 0;
  void* const pointer = &target;
  void const* const constant = &target;
  CHECK(test.field(pointer) == fmt::format("{}", pointer));
  CHECK(test.argument(constant) == fmt::format("{}", constant));
  CHECK(test.field(static_cast<void*>(nullptr)) == "0x0");
}

TEST_CASE("enums are numbers, or names if they have to_string") {
  support::logged test;
  CHECK(test.field(acme::old_seven) == json(7));
  CHECK(test.field(acme::old_zero).is_number_integer());
  CHECK(test.field(acme::scoped::minus) == json(-1));
  CHECK(test.field(acme::huge::most) == json(std::numeric_limits<std::uint64_t>::max()));
  CHECK(test.field(std::byte{5}) == json(5));
  CHECK(test.field(acme::named::green) == "green");
  CHECK(test.field(acme::named_by_copy::first) == "a name that no small string can hold in itself");
  test.log.info("{} {} {} {} {} {}", acme::old_seven, acme::scoped::minus, acme::huge::most, acme::named::red,
                acme::named_by_copy::first, std::byte{9});
  CHECK(test.message() == "7 -1 18446744073709551615 red a name that no small string can hold in itself 9");
}

TEST_CASE("an optional is its value or null") {
  support::logged test;
  CHECK(test.field(std::optional<int>{5}) == json(5));
  CHECK(test.field(std::optional<int>{}).is_null());
  CHECK(test.field(std::optional<std::string>{"text"}) == "text");
  CHECK(test.field(std::optional<std::optional<int>>{std::optional<int>{}}).is_null());
  CHECK(test.field(std::optional<std::vector<int>>{{1, 2}}) == json{1, 2});
  CHECK(test.argument(std::optional<int>{5}) == "5");
  CHECK(test.argument(std::optional<int>{}) == "null");
}

TEST_CASE("a variant is what it holds, a monostate null") {
  support::logged test;
  using any_of = std::variant<std::monostate, int, std::string, std::vector<double>, acme::point>;
  CHECK(test.field(any_of{}).is_null());
  CHECK(test.field(any_of{3}) == json(3));
  CHECK(test.field(any_of{"text"}) == "text");
  CHECK(test.field(any_of{std::vector<double>{0.5}}) == json{0.5});
  CHECK(test.field(any_of{acme::point{1, 2}}) == json{{"x", 1}, {"y", 2}});
  CHECK(test.argument(any_of{3}) == "3");
  CHECK(test.argument(any_of{}) == "null");

  std::variant<int, acme::bomb> valueless{1};
  CHECK_THROWS(valueless.emplace<acme::bomb>(2));
  REQUIRE(valueless.valueless_by_exception());
  CHECK(test.field(valueless).is_null());
}

TEST_CASE("pairs and tuples are arrays") {
  support::logged test;
  CHECK(test.field(std::pair{1, "two"}) == json::array({1, "two"}));
  CHECK(test.field(std::tuple{1, 2.5, "three"s, nullptr}) == json::array({1, 2.5, "three", nullptr}));
  CHECK(test.field(std::tuple<>{}) == json::array());
  int const one = 1;
  CHECK(test.field(std::tie(one)) == json::array({1}));
  CHECK(test.argument(std::pair{1, "two"}) == R"([1,"two"])");
}

TEST_CASE("containers of every kind are arrays") {
  support::logged test;
  int const plain[] = {1, 2, 3};
  json const expected = {1, 2, 3};
  CHECK(test.field(std::vector<int>{1, 2, 3}) == expected);
  CHECK(test.field(std::array{1, 2, 3}) == expected);
  CHECK(test.field(plain) == expected);
  CHECK(test.field(std::deque<int>{1, 2, 3}) == expected);
  CHECK(test.field(std::list<int>{1, 2, 3}) == expected);
  CHECK(test.field(std::forward_list<int>{1, 2, 3}) == expected);
  CHECK(test.field(std::set<int>{3, 1, 2}) == expected);
  CHECK(test.field(std::span<int const>{plain}) == expected);
  CHECK(test.field(std::multiset<int>{1, 1}) == json{1, 1});
  CHECK(test.field(std::vector<bool>{true, false}) == json{true, false});
  CHECK(test.field(std::vector<std::string>{"a", "b"}) == json{"a", "b"});
  CHECK(test.field(std::vector<int>{}) == json::array());
  CHECK(test.field(std::array<int, 0>{}) == json::array());
  CHECK(test.argument(std::vector<int>{1, 2, 3}) == "[1,2,3]");
  CHECK(test.argument(plain) == "[1,2,3]");
  CHECK(test.argument(std::vector<std::string>{"a"}) == R"(["a"])");
}

TEST_CASE("arrays of strings and arrays of arrays") {
  support::logged test;
  char const* const texts[] = {"a", nullptr, "c"};
  char const fixed[2][3] = {"ab", {'x', 'y', 'z'}};
  int const grid[2][2] = {{1, 2}, {3, 4}};
  CHECK(test.field(texts) == json::array({"a", nullptr, "c"}));
  CHECK(test.field(fixed) == json::array({"ab", "xyz"}));
  CHECK(test.field(grid) == json::array({{1, 2}, {3, 4}}));
}

TEST_CASE("maps whose keys are strings, numbers or enums are objects") {
  support::logged test;
  CHECK(test.field(std::map<std::string, int>{{"a", 1}, {"", 2}}) == json{{"a", 1}, {"_", 2}});
  CHECK(test.field(std::map<std::string_view, std::string>{{"k\n", "v"}}) == json{{"k\n", "v"}});
  CHECK(test.field(std::map<int, int>{{-7, 1}, {0, 2}}) == json{{"-7", 1}, {"0", 2}});
  CHECK(test.field(std::map<std::int64_t, int>{{std::numeric_limits<std::int64_t>::min(), 1}}) ==
        json{{"-9223372036854775808", 1}});
  CHECK(test.field(std::map<std::uint64_t, int>{{std::numeric_limits<std::uint64_t>::max(), 1}}) ==
        json{{"18446744073709551615", 1}});
  CHECK(test.field(std::map<bool, int>{{false, 0}, {true, 1}}) == json{{"false", 0}, {"true", 1}});
  CHECK(test.field(std::map<char, int>{{'a', 1}}) == json{{"a", 1}});
  CHECK(test.field(std::map<acme::scoped, int>{{acme::scoped::minus, 1}}) == json{{"-1", 1}});
  CHECK(test.field(std::map<acme::old_style, int>{{acme::old_seven, 1}}) == json{{"7", 1}});
  CHECK(test.field(std::map<acme::named, int>{{acme::named::red, 1}}) == json{{"red", 1}});
  CHECK(test.field(std::map<acme::named_by_copy, int>{{acme::named_by_copy::first, 1}}) ==
        json{{"a name that no small string can hold in itself", 1}});
  CHECK(test.field(std::unordered_map<std::string, double>{{"pi", 3.5}}) == json{{"pi", 3.5}});
  CHECK(test.field(std::map<std::string, int>{}) == json::object());
  CHECK(test.argument(std::map<std::string, int>{{"a", 1}}) == R"({"a":1})");
}

TEST_CASE("maps with other keys are arrays of pairs") {
  support::logged test;
  CHECK(test.field(std::map<std::pair<int, int>, std::string>{{{1, 2}, "a"}}) ==
        json::parse(R"([[[1,2],"a"]])"));
  CHECK(test.field(std::map<double, int>{{0.5, 1}}) == json::parse("[[0.5,1]]"));
}

TEST_CASE("containers nest in every way") {
  support::logged test;
  std::map<std::string, std::vector<std::optional<std::pair<int, std::string>>>> const value{
      {"a", {std::pair{1, "x"s}, std::nullopt}}, {"b", {}}};
  CHECK(test.field(value) == json::parse(R"({"a":[[1,"x"],null],"b":[]})"));
  CHECK(test.argument(value) == R"({"a":[[1,"x"],null],"b":[]})");
  CHECK(test.field(std::vector<std::map<int, std::tuple<>>>{{{1, {}}}, {}}) ==
        json::parse(R"([{"1":[]},{}])"));
}

TEST_CASE("durations of all units are seconds as fields and keep their unit in a message") {
  support::logged test;
  CHECK(test.field(5ns) == json(5e-9));
  CHECK(test.field(5us) == json(5e-6));
  CHECK(test.field(5ms) == json(0.005));
  CHECK(test.field(5s) == json(5.0));
  CHECK(test.field(5min) == json(300.0));
  CHECK(test.field(5h) == json(18'000.0));
  CHECK(test.field(std::chrono::days{2}) == json(172'800.0));
  CHECK(test.field(-1500ms) == json(-1.5));
  test.log.info("{} {} {} {} {} {} {}", 5ns, 5us, 5ms, 5s, 5min, 5h, std::chrono::days{2});
  CHECK(test.message() == "5ns 5us 5ms 5s 5min 5h 2d");
  test.log.info("{} {} {}", 1500us, -1500ms, std::chrono::duration<double>{0.25});
  CHECK(test.message() == "1500us -1500ms 0.25s");
}

TEST_CASE("durations with fractions are rounded to nanoseconds, not truncated") {
  support::logged test;
  for (double const ms : {0.3, 0.1, 0.7, 1.1, 2.3, 1e-3, 1234.567}) {
    auto const expected = static_cast<double>(std::llround(ms * 1e6)) / 1e9;
    CHECK(test.field(std::chrono::duration<double, std::milli>{ms}) == json(expected));
    CHECK(test.field(std::chrono::duration<double>{ms / 1000}) == json(expected));
  }
  CHECK(test.field(std::chrono::duration<float>{0.5F}) == json(0.5));
  CHECK(test.field(std::chrono::duration<int, std::ratio<1, 3>>{3}) == json(1.0));
  CHECK(test.field(std::chrono::duration<int, std::pico>{5'000}) == json(5e-9));
  CHECK(test.field(std::chrono::duration<int, std::ratio<60, 4>>{2}) == json(30.0));
}

TEST_CASE("durations too long for 64-bit nanoseconds are limited to the longest one") {
  support::logged test;
  double const most = 9223372036.854775807;
  CHECK(test.field(std::chrono::nanoseconds::max()) == json(most));
  CHECK(test.field(std::chrono::nanoseconds::min()) == json(-9223372036.854775808));
  CHECK(test.field(std::chrono::hours::max()) == json(most));
  CHECK(test.field(std::chrono::hours::min()) == json(-most));
  CHECK(test.field(std::chrono::seconds::max()) == json(most));
  CHECK(test.field(std::chrono::duration<double>{1e300}) == json(most));
  CHECK(test.field(std::chrono::duration<double>{-std::numeric_limits<double>::infinity()}) == json(-most));
  CHECK(test.field(std::chrono::duration<double>{std::numeric_limits<double>::quiet_NaN()}).is_number());
  CHECK(test.field(std::chrono::duration<std::uint64_t>{std::numeric_limits<std::uint64_t>::max()}) ==
        json(most));
}

TEST_CASE("time points before 1677 and after 2262 are exact") {
  using namespace std::chrono;
  support::logged test;
  CHECK(test.field(sys_days{year{9999} / 12 / 31}) == "9999-12-31T00:00:00Z");
  CHECK(test.field(sys_seconds{seconds{253'402'300'799}}) == "9999-12-31T23:59:59Z");
  CHECK(test.field(sys_time<milliseconds>{milliseconds{253'402'300'799'999}}) == "9999-12-31T23:59:59.999Z");
  CHECK(test.field(sys_time<milliseconds>{milliseconds{-11'676'096'000'001}}) == "1599-12-31T23:59:59.999Z");
  CHECK(test.field(sys_time<microseconds>{microseconds{-11'676'096'000'000'001}}) ==
        "1599-12-31T23:59:59.999999Z");
  CHECK(test.field(sys_days{year{0} / 2 / 29}) == "0000-02-29T00:00:00Z");
  CHECK(test.field(sys_days{year{-44} / 3 / 15}) == "-0044-03-15T00:00:00Z");
  CHECK(test.field(sys_days{year{10'000} / 1 / 1}) == "+10000-01-01T00:00:00Z");
  CHECK(test.field(sys_days{days{2'147'483'647}}) == "+5881580-07-11T00:00:00Z");
  CHECK(test.field(sys_days{days{-2'147'483'648}}) == "-5877641-06-23T00:00:00Z");
  CHECK(test.field(sys_seconds::max()) == "+292277026596-12-04T15:30:07Z");
  CHECK(test.field(sys_time<duration<double>>{duration<double>{253'402'300'799.5}}) ==
        "9999-12-31T23:59:59.500000Z");
  CHECK(test.argument(sys_days{year{9999} / 12 / 31}) == "9999-12-31T00:00:00Z");
}

TEST_CASE("time points of the system clock are RFC 3339 in UTC, with the precision of their type") {
  using namespace std::chrono;
  support::logged test;
  sys_time<nanoseconds> const exact{nanoseconds{1'769'509'800'123'456'789}};
  CHECK(test.field(exact) == "2026-01-27T10:30:00.123456789Z");
  CHECK(test.field(floor<microseconds>(exact)) == "2026-01-27T10:30:00.123456Z");
  CHECK(test.field(floor<milliseconds>(exact)) == "2026-01-27T10:30:00.123Z");
  CHECK(test.field(floor<seconds>(exact)) == "2026-01-27T10:30:00Z");
  CHECK(test.field(floor<days>(exact)) == "2026-01-27T00:00:00Z");
  CHECK(test.field(sys_time<milliseconds>{-1ms}) == "1969-12-31T23:59:59.999Z");
  CHECK(test.argument(floor<milliseconds>(exact)) == "2026-01-27T10:30:00.123Z");
  std::string const fraction = test.field(sys_time<duration<double>>{duration<double>{1.5}});
  CHECK(fraction.substr(0, 21) == "1970-01-01T00:00:01.5");
  std::string const now = test.field(system_clock::now());
  CHECK(now.size() == 30);
}

TEST_CASE("time points of a steady clock are seconds since its epoch") {
  support::logged test;
  std::chrono::steady_clock::time_point const point{1500ms};
  CHECK(test.field(point) == json(1.5));
  CHECK(test.argument(point) == "1500000000ns");
}

TEST_CASE("a path is its string, whatever its bytes") {
  support::logged test;
  std::filesystem::path const path = "/var/log/app.log";
  CHECK(test.field(path) == "/var/log/app.log");
  CHECK(test.argument(path) == "/var/log/app.log");
  CHECK(test.field(std::filesystem::path{}) == "");
  CHECK(test.field(std::filesystem::path{"/tmp/\xFF\xC3"}) ==
        "/tmp/"s + replacement_character + replacement_character);
  CHECK(test.argument(std::filesystem::path{"a\xFF"}) == "a"s + replacement_character);
  CHECK(test.field(std::vector<std::filesystem::path>{"a", "b"}) == json{"a", "b"});
}

TEST_CASE("an error code is its number, category and message") {
  support::logged test;
  auto const code = std::make_error_code(std::errc::no_such_file_or_directory);
  json const expected = {{"code", ENOENT}, {"category", "generic"}, {"message", code.message()}};
  CHECK(test.field(code) == expected);
  CHECK(test.field(code.default_error_condition()) == expected);
  CHECK(test.field(std::error_code{}).at("code") == 0);
  CHECK(json::parse(test.argument(code)) == expected);
}

TEST_CASE("bytes are hexadecimal digits") {
  support::logged test;
  std::array<std::byte, 3> const bytes{std::byte{0x00}, std::byte{0xAB}, std::byte{0xFF}};
  CHECK(test.field(std::span<std::byte const>{bytes}) == "00abff");
  CHECK(test.field(bytes) == "00abff");
  CHECK(test.field(std::vector<std::byte>{bytes.begin(), bytes.end()}) == "00abff");
  CHECK(test.field(std::span<std::byte const>{}) == "");
  CHECK(test.argument(std::span{bytes}) == "00abff");
}

TEST_CASE("an exception has its type, its message and the chain of its causes") {
  support::logged test;
  try {
    try {
      try {
        throw std::out_of_range{"index 7"};
      } catch (...) {
        std::throw_with_nested(acme::order_error{"order 5"});
      }
    } catch (...) {
      std::throw_with_nested(std::runtime_error{"request"});
    }
  } catch (std::exception const& error) {
    json const expected = {
        {"error.type", "std::runtime_error"},
        {"error.message", "request"},
        {"error.cause",
         {{"error.type", "acme::order_error"},
          {"error.message", "order 5"},
          {"error.cause", {{"error.type", "std::out_of_range"}, {"error.message", "index 7"}}}}}};
    test.log.error("failed", fapilog::caught(error));
    CHECK(test.last().at("diagnostics").at("exception") == expected);
    test.log.error("failed", fapilog::caught(std::current_exception()));
    CHECK(test.last().at("diagnostics").at("exception") == expected);
    test.log.error("failed", kv("why", error));
    CHECK(test.data().at("why") == expected);
    test.log.error("failed: {}", error);
    CHECK(test.message().find("order 5") != std::string::npos);
  }
}

TEST_CASE("an exception that is not a std::exception has the type unknown") {
  support::logged test;
  try {
    throw 42;
  } catch (...) {
    test.log.error("failed", fapilog::caught(std::current_exception()));
  }
  CHECK(test.last().at("diagnostics").at("exception").at("error.type") == "unknown");
  try {
    try {
      throw 42;
    } catch (...) {
      std::throw_with_nested(std::runtime_error{"outer"});
    }
  } catch (std::exception const& error) {
    test.log.error("failed", fapilog::caught(error));
  }
  json const nested = test.last().at("diagnostics").at("exception");
  CHECK(nested.at("error.message") == "outer");
  CHECK(nested.at("error.cause").at("error.type") == "unknown");
}

TEST_CASE("a null exception pointer adds nothing to the record") {
  support::logged test;
  test.log.info("fine", fapilog::caught(std::exception_ptr{}), kv("a", 1));
  json const log = test.last();
  CHECK_FALSE(log.at("diagnostics").contains("exception"));
  CHECK(log.at("data") == json{{"a", 1}});
  CHECK(test.diagnostics_text().empty());
}

TEST_CASE("an endless chain of causes is cut") {
  support::logged test;
  std::exception_ptr chain = std::make_exception_ptr(std::runtime_error{"innermost"});
  for (int i = 0; i < 100; ++i) {
    try {
      try {
        std::rethrow_exception(chain);
      } catch (...) {
        std::throw_with_nested(std::runtime_error{"link " + std::to_string(i)});
      }
    } catch (...) {
      chain = std::current_exception();
    }
  }
  test.log.error("failed", fapilog::caught(chain));
  json const exception = test.last().at("diagnostics").at("exception");
  json const* link = &exception;
  int depth = 1;
  for (; link->contains("error.cause"); ++depth) link = &link->at("error.cause");
  CHECK(exception.at("error.message") == "link 99");
  CHECK(depth > 8);
  CHECK(depth < 70);
}

TEST_CASE("a lazy field is computed by the call, with a value of any kind") {
  support::logged test;
  int calls = 0;
  test.log.info("lazy", fapilog::lazy("n", [&] { return ++calls; }),
                fapilog::lazy("text", [] { return std::string(300, 't'); }), fapilog::lazy("map", [] {
                  return std::map<std::string, acme::point>{{"p", {1, 2}}};
                }));
  CHECK(calls == 1);
  CHECK(test.data() ==
        json{{"n", 1}, {"text", std::string(300, 't')}, {"map", {{"p", {{"x", 1}, {"y", 2}}}}}});
  CHECK(calls == 1);
  auto counter = [n = 0]() mutable { return ++n; };
  test.log.info("mutable", fapilog::lazy("n", counter));
  CHECK(test.data() == json{{"n", 1}});
}

TEST_CASE("a type with to_log is an object") {
  support::logged test;
  CHECK(test.field(acme::point{1, -2}) == json{{"x", 1}, {"y", -2}});
  CHECK(test.argument(acme::point{1, -2}) == R"({"x":1,"y":-2})");
  CHECK(test.field(acme::empty_object{}) == json::object());
  CHECK(test.field(acme::repeating{}) == json{{"a", 3}, {"b", 2}});
  acme::segment const segment{{1, 2}, {3, 4}, {{5, 6}, {7, 8}}};
  json const expected = json::parse(
      R"({"from":{"x":1,"y":2},"to":{"x":3,"y":4},"via":[{"x":5,"y":6},{"x":7,"y":8}],"length \"quoted\"":2.5})");
  CHECK(test.field(segment) == expected);
  CHECK(json::parse(test.argument(segment)) == expected);
  CHECK(test.field(std::vector<acme::segment>{segment}) == json::array({expected}));
}

TEST_CASE("a type with to_log for one value is that value, under its key") {
  support::logged test;
  test.log.info("values", kv("t", acme::celsius{21.5}), kv("m", acme::matrix{{{1, 2}, {}}}),
                kv("o", acme::either{true}), kv("s", acme::either{false}));
  CHECK(test.data() ==
        json::parse(R"({"t":21.5,"m":[[1,2],[]],"o":{"inner":1.5,"list":[{"x":1,"y":2}]},"s":"only text"})"));
  CHECK(test.argument(acme::celsius{21.5}) == "21.5");
  CHECK(test.argument(acme::matrix{{{1}}}) == "[[1]]");
  CHECK(test.field(std::map<std::string, acme::celsius>{{"in", {20.5}}, {"out", {-3.5}}}) ==
        json{{"in", 20.5}, {"out", -3.5}});
  CHECK(test.field(std::vector<acme::celsius>{{1.5}, {2.5}}) == json{1.5, 2.5});
  CHECK(test.field(std::optional{acme::celsius{1.5}}) == json(1.5));
}

TEST_CASE("a to_log that writes no value gives null, and one that writes several gives the first") {
  support::logged test;
  test.log.info("odd", kv("none", acme::silent{}), kv("many", acme::talkative{}), kv("after", 1));
  CHECK(test.data() == json{{"none", nullptr}, {"many", 1}, {"after", 1}});
  CHECK(test.field(std::vector<acme::talkative>(2)) == json{1, 1});
  CHECK(test.field(std::vector<acme::silent>(2)) == json::array({nullptr, nullptr}));
  CHECK(test.diagnostics_text().empty());
}

TEST_CASE("a type that fmt can format is a string as a field and takes its specification as an argument") {
  support::logged test;
  CHECK(test.field(acme::version{1, 2}) == "1.2");
  test.log.info("{} {:s} {} {:d} {:>4}", acme::version{1, 2}, acme::version{3, 4}, 7, acme::version{5, 6},
                "x", kv("after", 1));
  CHECK(test.message() == "1.2 v3 7 5.6    x");
  CHECK(test.data() == json{{"after", 1}});
  CHECK(test.field(std::vector<acme::version>{{1, 2}, {3, 4}}) == json{"1.2", "3.4"});
  CHECK(test.field(acme::long_text{}) == std::string(10'000, 'l'));
  CHECK(test.argument(acme::long_text{}) == std::string(10'000, 'l'));
}

TEST_CASE("all other kinds of arguments keep their form beside a type that only fmt can format") {
  support::logged test;
  char const* const null = nullptr;
  test.log.info("{} {} {} {} {} {} {} {} {:#x}", acme::version{1, 2}, 5ms, std::vector<int>{1, 2},
                acme::point{1, 2}, null, acme::old_seven, acme::named::red, nullptr, 255, kv("after", "x"));
  CHECK(test.message() == R"(1.2 5ms [1,2] {"x":1,"y":2} null 7 red null 0xff)");
  CHECK(test.data() == json{{"after", "x"}});
}

TEST_CASE("a record is complete when the call returns: its values may be destroyed at once") {
  support::logged test;
  {
    auto text = std::make_unique<std::string>(200, 'a');
    auto list = std::make_unique<std::vector<std::string>>(3, std::string(100, 'b'));
    test.log.info("{}", *text, kv("text", *text), kv("list", *list),
                  kv("view", std::string_view{*text}.substr(0, 5)));
    text->assign(200, 'z');
    for (std::string& element : *list) element.assign(100, 'z');
  }
  CHECK(test.message() == std::string(200, 'a'));
  CHECK(test.data().at("text") == std::string(200, 'a'));
  CHECK(test.data().at("list") == json(std::vector<std::string>(3, std::string(100, 'b'))));
  CHECK(test.data().at("view") == "aaaaa");
}
