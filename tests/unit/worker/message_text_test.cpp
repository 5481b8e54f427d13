// SPDX-License-Identifier: MIT
// Formatted messages, compared with fmt: the fast path for plain braces gives the same result.
#include "support/capture.hpp"
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>

#include <fmt/format.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

std::vector<double> doubles() {
  std::vector<double> all{0.0,
                          -0.0,
                          1.0,
                          -1.0,
                          0.1,
                          0.0001,
                          0.00009999,
                          1e-4,
                          123456.789,
                          1e9,
                          1e15,
                          1e16,
                          1e17,
                          1e-5,
                          5e-324,
                          1.5e300,
                          999999999.999999,
                          999999999.9999999,
                          0.1 + 0.2,
                          1.0 / 3,
                          4.1099999999999994,
                          std::numeric_limits<double>::max(),
                          std::numeric_limits<double>::infinity(),
                          std::numeric_limits<double>::quiet_NaN()};
  std::mt19937_64 random{20'261'123};
  for (int i = 0; i < 20'000; ++i) {
    all.push_back(std::bit_cast<double>(random()));
    // Common decimals: up to eight digits after the point.
    auto const whole =
        static_cast<double>(static_cast<std::int64_t>(random() % 2'000'000'000'000) - 1'000'000'000'000);
    all.push_back(whole / std::pow(10.0, static_cast<double>(random() % 9)));
  }
  return all;
}

}  // namespace

TEST_CASE(
    "doubles are written in a message as fmt writes them, and in JSON so that they read back as the same") {
  auto sink = std::make_shared<support::capture>();
  fapilog::runtime rt{{.when_full = fapilog::when_full::block, .sinks = {sink}}};
  auto const log = rt.get_logger();
  auto const all = doubles();
  for (double const d : all) log.info("is {} so", d, fapilog::kv("d", d));
  REQUIRE(rt.drain(60s).processed == all.size());
  auto const lines = sink->lines();
  int wrong = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto const record = nlohmann::json::parse(lines[i]).at("log");
    std::string const expected = fmt::format("is {} so", all[i]);
    bool const is_text = record.at("message") == expected;
    auto const& value = record.at("data").at("d");
    bool const is_number = std::isfinite(all[i]) ? value.is_number_float() &&
                                                       std::bit_cast<std::uint64_t>(value.get<double>()) ==
                                                           std::bit_cast<std::uint64_t>(all[i])
                                                 : value.is_string();
    if (is_text && is_number) continue;
    if (++wrong < 5) UNSCOPED_INFO(expected << " became " << lines[i]);
  }
  CHECK(wrong == 0);
}

TEST_CASE("messages with plain braces, escaped braces and specifications are formatted as fmt formats them") {
  auto sink = std::make_shared<support::capture>();
  fapilog::runtime rt{{.sinks = {sink}}};
  auto const log = rt.get_logger();
  std::vector<std::string> expected;
#define SAME(text, ...)                      \
  log.info(text __VA_OPT__(, ) __VA_ARGS__); \
  expected.push_back(fmt::format(text __VA_OPT__(, ) __VA_ARGS__))
  SAME("no braces");
  SAME("{{}}");
  SAME("{{{}}}", 1);
  SAME("{}", true);
  SAME("{}{}{}", 1, 2U, 3.5F);
  SAME("{} and {:>5} and {:x}", "text", 7, 255);
  SAME("{1} before {0}", 1, 2);
  SAME("{:.3f}|{:e}", 3.14159, 0.5F);
  SAME("{}", std::numeric_limits<std::int64_t>::min());
  SAME("{}", std::numeric_limits<std::uint64_t>::max());
  SAME("{}", 'c');
  SAME("{}", std::string(3'000, 'y'));
  SAME("{}", static_cast<signed char>(-5));
  SAME("{}", static_cast<unsigned short>(65'535));
#undef SAME
  REQUIRE(rt.drain(30s).processed == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(sink->at(i).at("log").at("message") == expected[i]);
}

namespace {

/// Logs a message literal with arguments of its own at each of `N` places.
template <std::size_t N, std::size_t I = 0>
void log_from_places(fapilog::logger const& log) {
  if constexpr (I < N) {
    log.info("place {} of {}", I, N);
    log_from_places<N, I + 1>(log);
  }
}

}  // namespace

TEST_CASE("a message that is logged again has its new arguments, of whatever kinds") {
  auto sink = std::make_shared<support::capture>();
  fapilog::runtime rt{{.sinks = {sink}}};
  auto const log = rt.get_logger();
  std::vector<std::string> expected;
  for (int i = 0; i < 3; ++i) {
    log.info(
        "a first piece of more than sixteen characters {} a second piece of more than sixteen characters {}",
        i, std::string(static_cast<std::size_t>(i) * 40, 'z'));
    expected.push_back(fmt::format(
        "a first piece of more than sixteen characters {} a second piece of more than sixteen characters {}",
        i, std::string(static_cast<std::size_t>(i) * 40, 'z')));
    log.info("{} {} {} {} {} {} {}!", 1, i, 3, 4.5, "five", true, 7U);
    expected.push_back(fmt::format("{} {} {} {} {} {} {}!", 1, i, 3, 4.5, "five", true, 7U));
    log.info("{} {} {} {} {} {} {} {}", 1, i, 3, 4, 5, 6, 7, 8);
    expected.push_back(fmt::format("{} {} {} {} {} {} {} {}", 1, i, 3, 4, 5, 6, 7, 8));
    log.info("{{{}}} {}", i, 'c');
    expected.push_back(fmt::format("{{{}}} {}", i, 'c'));
    log.info("{} and {}", i, std::chrono::milliseconds{i});
    expected.push_back(fmt::format("{} and {}ms", i, i));
    log.info(fapilog::runtime_text{"{} at run time " + std::to_string(i)}, i);
    expected.push_back(fmt::format("{} at run time {}", i, i));
  }
  log_from_places<300>(log);
  for (std::size_t i = 0; i < 300; ++i) expected.push_back(fmt::format("place {} of {}", i, 300));
  REQUIRE(rt.drain(30s).processed == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(sink->at(i).at("log").at("message") == expected[i]);
}
