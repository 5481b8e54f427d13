// SPDX-License-Identifier: MIT
// The two ways of a call into the lane, which must make equal records; and how long the short one is.
#include "support/catch.hpp"
#include "support/lane_without_reader.hpp"
#include "support/logged.hpp"

#include <fapilog/fapilog.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

using fapilog::kv;

namespace {

enum class small_enum : std::int8_t { minus = -3 };
enum class large_enum : std::uint32_t { top = 0xFFFF'FFFF };

/// The bytes that a call adds to the lane of this thread.
template <class F>
std::size_t lane_bytes_of(support::lane_without_reader const& lane, F const& call) {
  auto const before = lane.queue().published();
  call();
  return static_cast<std::size_t>(lane.queue().published() - before);
}

/// Logs the value by the fast path and by the general path, as a field and as an argument, and compares the records.
template <class T>
void check_both_paths(support::logged& test, T const& value) {
  auto const nothing = [] { return nullptr; };
  test.log.info("value", kv("v", value), kv("after", 7));
  auto const fast = test.data();
  test.log.info("value", kv("v", value), kv("after", 7), fapilog::lazy("general", nothing));
  auto general = test.data();
  general.erase("general");
  CHECK(fast == general);
  CHECK(fast.at("after") == 7);
  test.log.info("{} {}", value, 7);
  auto const fast_message = test.message();
  test.log.info("{} {}", value, 7, fapilog::lazy("general", nothing));
  CHECK(test.message() == fast_message);
}

template <class T>
void check_limits(support::logged& test) {
  using limits = std::numeric_limits<T>;
  for (T const value : {limits::min(), limits::lowest(), limits::max(), T{0}, T{1}}) {
    check_both_paths(test, value);
    CHECK(test.field(value).template get<T>() == value);
    CHECK(test.argument(value) == fmt::format("{}", value));
  }
}

}  // namespace

TEST_CASE("a number of any width has its value in the record") {
  support::logged test;
  check_limits<short>(test);
  check_limits<unsigned short>(test);
  check_limits<int>(test);
  check_limits<unsigned>(test);
  check_limits<long>(test);
  check_limits<unsigned long>(test);
  check_limits<long long>(test);
  check_limits<unsigned long long>(test);
  check_limits<double>(test);
  check_limits<float>(test);
  CHECK(test.field(static_cast<signed char>(-7)) == -7);
  CHECK(test.field(static_cast<unsigned char>(200)) == 200);
  CHECK(test.field(small_enum::minus) == -3);
  CHECK(test.field(large_enum::top) == 0xFFFF'FFFF);
}

TEST_CASE("both paths of a call make the same record of every kind of value") {
  using namespace std::chrono;
  support::logged test;
  check_both_paths(test, true);
  check_both_paths(test, false);
  check_both_paths(test, 'x');
  check_both_paths(test, u8"text");
  check_both_paths(test, U'\U0001F600');
  check_both_paths(test, nullptr);
  check_both_paths(test, static_cast<char const*>(nullptr));
  check_both_paths(test, static_cast<void const*>(&test));
  check_both_paths(test, std::string_view{});
  check_both_paths(test, nanoseconds{-1});
  check_both_paths(test, milliseconds{350});
  check_both_paths(test, hours{24});
  check_both_paths(test, duration<double>{1.5});
  check_both_paths(test, system_clock::time_point{nanoseconds{1'700'000'000'123'456'789}});
  check_both_paths(test, time_point<system_clock, seconds>{seconds{-5}});
  check_both_paths(test, time_point<system_clock, hours>{hours{24 * 366 * 9'000}});
  check_both_paths(test, steady_clock::time_point{seconds{3}});
}

TEST_CASE("a string of any length is whole, whatever the width of its length") {
  support::logged test;
  for (std::size_t const size :
       {0U,  1U,  7U,   8U,   15U,  16U,     17U,     31U,     32U,     33U,     63U,
        64U, 65U, 254U, 255U, 256U, 16'000U, 65'400U, 65'534U, 65'535U, 65'536U, 100'000U}) {
    CAPTURE(size);
    std::string const text(size, 'x');
    test.log.info("{}", text, kv("text", text), kv("after", 1));
    CHECK(test.message() == text);
    CHECK(test.data().at("text") == text);
    CHECK(test.data().at("after") == 1);
  }
}

TEST_CASE("a key that is far from the message is whole") {
  // The message is a literal of the program, the key is on the heap: further away than literals of one module.
  support::logged test;
  auto const far = std::make_unique<std::string>("far away");
  struct {
    char const* text;
    std::uint16_t size;
  } const parts{far->c_str(), static_cast<std::uint16_t>(far->size())};
  static_assert(sizeof parts == sizeof(fapilog::key));
  fapilog::key name{"near"};
  std::memcpy(static_cast<void*>(&name), &parts, sizeof parts);
  test.log.info("first");
  test.log.info("a far key", kv("near", 1), kv(name, 2), kv("near, too", "text"));
  auto const data = test.data();
  CHECK(data.at("near") == 1);
  CHECK(data.at("far away") == 2);
  CHECK(data.at("near, too") == "text");
}

TEST_CASE("a message with four fields takes at most 110 bytes in the lane") {
  if (sizeof(fapilog::detail::call_site) != sizeof(void*)) SKIP("a call site is three words here");
  support::lane_without_reader lane{"test"};
  lane.log.info("the first record of a thread");
  std::string const user = "user-00012345";
  std::string const path = "/api/v1/orders/8812/items/17";
  CHECK(lane_bytes_of(lane, [&] {
          lane.log.info("request handled", kv("user_id", user), kv("status", 200), kv("latency_ms", 1.25),
                        kv("path", path));
        }) <= 110);
  CHECK(lane_bytes_of(lane, [&] { lane.log.info("number {} and {} and {}", 1, 2, 0.25); }) <= 64);
}

TEST_CASE("a record has the level and the line of its statement, on both paths") {
  support::logged test{{.log_level = fapilog::level::debug, .source_location = true}};
  test.log.info("the first call of a thread takes the general path");
  auto const check = [&test](std::string_view name, auto const& log_two) {
    CAPTURE(name);
    std::size_t const before = test.records().size();
    int const line = log_two();
    auto const records = test.records();
    REQUIRE(records.size() == before + 2);
    for (std::size_t i = before; i < records.size(); ++i) {
      CHECK(records[i].at("level") == name);
      CHECK(records[i].at("message") == "value 7");
      CHECK(records[i].at("diagnostics").at("line") == line);
    }
  };
  auto const& log = test.log;
  auto const nothing = [] { return nullptr; };
  // clang-format off
  check("DEBUG", [&] { log.debug("value {}", 7); log.debug("value {}", 7, fapilog::lazy("general", nothing)); return __LINE__; });
  check("INFO", [&] { log.info("value {}", 7); log.info("value {}", 7, fapilog::lazy("general", nothing)); return __LINE__; });
  check("WARNING", [&] { log.warning("value {}", 7); log.warning("value {}", 7, fapilog::lazy("general", nothing)); return __LINE__; });
  check("ERROR", [&] { log.error("value {}", 7); log.error("value {}", 7, fapilog::lazy("general", nothing)); return __LINE__; });
  check("CRITICAL", [&] { log.critical("value {}", 7); log.critical("value {}", 7, fapilog::lazy("general", nothing)); return __LINE__; });
  check("AUDIT", [&] { log.audit("value {}", 7); log.audit("value {}", 7, fapilog::lazy("general", nothing)); return __LINE__; });
  check("SECURITY", [&] { log.security("value {}", 7); log.security("value {}", 7, fapilog::lazy("general", nothing)); return __LINE__; });
  constexpr auto notice = fapilog::custom_level(25);
  check("LEVEL_25", [&] { log.log(notice, "value {}", 7); log.log(notice, "value {}", 7, fapilog::lazy("general", nothing)); return __LINE__; });
  auto const text = std::string{"value {}"};
  check("INFO", [&] { log.info(fapilog::runtime_text(text), 7); log.log(fapilog::level::info, fapilog::runtime_text(text), 7); return __LINE__; });
  // clang-format on
}

TEST_CASE("escaped braces of a literal without arguments are one brace, those of a runtime_text stay") {
  support::logged test;
  for (int i = 0; i < 2; ++i) {
    test.log.warning("{{}} of {{");
    CHECK(test.message() == "{} of {");
    CHECK(test.last().at("level") == "WARNING");
    test.log.warning("{{}}", kv("key", 1));
    CHECK(test.message() == "{}");
    test.log.error(fapilog::runtime_text("{{}} {"), kv("key", 1));
    CHECK(test.message() == "{{}} {");
    CHECK(test.last().at("level") == "ERROR");
    test.log.log(fapilog::level::error, fapilog::runtime_text("{{}} {}"), 5);
    CHECK(test.message() == "{} 5");
  }
}
