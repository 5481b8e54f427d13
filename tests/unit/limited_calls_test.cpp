// SPDX-License-Identifier: MIT
// Tests limited_calls.hpp: which calls are logged, and that the others are counted.
#include <fapilog/limited_calls.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/logged.hpp"

namespace {

using fapilog::every;
using fapilog::every_n;
using fapilog::first_n;
using fapilog::once;

/// "message" or "message+suppressed" of each record.
std::vector<std::string> limited_messages(support::logged& test) {
  std::vector<std::string> all;
  for (auto const& record : test.records()) {
    std::string text = record.at("message");
    if (record.at("data").contains("suppressed"))
      text += "+" + std::to_string(record.at("data").at("suppressed").get<std::uint64_t>());
    all.push_back(text);
  }
  return all;
}

using texts = std::vector<std::string>;

void warn_once(fapilog::logger const& log, int n) { once(log).warning("old {}", n, fapilog::kv("n", n)); }

}  // namespace

TEST_CASE("once logs the first call at a place, whatever the logger") {
  support::logged test;
  auto const other = test.rt.get_logger("other");
  for (int i = 0; i < 3; ++i) {
    warn_once(test.log, i);
    warn_once(other, i);
    once(test.log).info("another place");
  }
  CHECK(limited_messages(test) == texts{"old 0", "another place"});
  CHECK(test.records().front().at("data").at("n") == 0);
}

TEST_CASE("first_n logs the first calls at a place") {
  support::logged test;
  for (int i = 0; i < 5; ++i) first_n(test.log, 2).error("call {}", i);
  for (int i = 0; i < 5; ++i) first_n(test.log, 0).error("never");
  CHECK(limited_messages(test) == texts{"call 0", "call 1"});
}

TEST_CASE("every_n logs the first call and then every n-th, with the number of those between") {
  support::logged test;
  for (int i = 0; i < 7; ++i) every_n(test.log, 3).info("call {}", i);
  for (int i = 0; i < 2; ++i) every_n(test.log, 0).info("zero means one");
  CHECK(limited_messages(test) ==
        texts{"call 0", "call 3+2", "call 6+2", "zero means one", "zero means one"});
}

TEST_CASE("every logs a call if none was logged in the last period") {
  using std::chrono::hours;
  support::logged test;
  int i = 0;
  for (hours period :
       {hours{1}, hours{1}, hours{1}, hours{0}, hours{0}, hours{1}, hours::max(), hours::min()})
    every(test.log, period).log(fapilog::level::audit, "call {}", i++);
  CHECK(limited_messages(test) == texts{"call 0", "call 3+2", "call 4", "call 7+2"});
}

TEST_CASE("a call below the level does not count") {
  support::logged test;
  for (int i = 0; i < 4; ++i) {
    test.log.set_level(i < 2 ? fapilog::level::error : fapilog::level::info);
    first_n(test.log, 1).info("call {}", i);
  }
  fapilog::logger const nowhere;
  once(nowhere).info("no runtime");
  CHECK(limited_messages(test) == texts{"call 2"});
}

TEST_CASE("all calls of many threads are logged or counted") {
  support::logged test{{.when_full = fapilog::when_full::block}};
  constexpr int threads = 4;
  constexpr int calls = 5000;
  std::uint64_t const before = fapilog::suppressed_calls();
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t)
    all.emplace_back([&] {
      for (int i = 0; i < calls; ++i) {
        every_n(test.log, 100).info("n-th");
        once(test.log).info("once");
      }
    });
  for (auto& thread : all) thread.join();
  std::uint64_t const suppressed = fapilog::suppressed_calls() - before;
  auto const records = test.records();
  std::size_t once_records = 0;
  std::uint64_t reported = 0;
  for (auto const& record : records) {
    once_records += record.at("message") == "once" ? 1 : 0;
    reported += record.at("data").value("suppressed", std::uint64_t{0});
  }
  CHECK(once_records == 1);
  CHECK(records.size() == threads * calls / 100 + 1);
  CHECK(suppressed + records.size() == 2 * threads * calls);
  CHECK(reported <= suppressed);
}
