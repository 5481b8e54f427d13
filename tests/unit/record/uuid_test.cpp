// SPDX-License-Identifier: MIT
// Tests record/uuid.hpp: the layout of UUID version 7, order within a generator, no id twice.
#include <fapilog/record/uuid.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/logged.hpp"

namespace {

using fapilog::uuid;
using fapilog::detail::uuid7_generator;

constexpr std::int64_t one_ms = 1'000'000;
constexpr std::int64_t some_time = 1'769'509'800'123 * one_ms;

std::uint64_t milliseconds_of(uuid const& id) {
  std::uint64_t result = 0;
  for (std::size_t i = 0; i < 6; ++i) result = result << 8 | id.bytes[i];
  return result;
}

bool has_version_and_variant(uuid const& id) { return (id.bytes[6] >> 4) == 7 && (id.bytes[8] >> 6) == 2; }

bool has_duplicates(std::vector<uuid>& ids) {
  std::sort(ids.begin(), ids.end());
  return std::adjacent_find(ids.begin(), ids.end()) != ids.end();
}

}  // namespace

TEST_CASE("an id has the time in its first 48 bits, then version 7 and the variant of RFC 9562") {
  uuid7_generator ids;
  for (int i = 0; i < 1'000; ++i) {
    uuid const id = ids.next(some_time);
    CHECK(milliseconds_of(id) == 1'769'509'800'123);
    CHECK(has_version_and_variant(id));
  }
  CHECK(milliseconds_of(ids.next(some_time + one_ms - 1)) == 1'769'509'800'123);
  CHECK(milliseconds_of(ids.next(some_time + one_ms)) == 1'769'509'800'124);
}

TEST_CASE("an id is written in the canonical form") {
  uuid id;
  for (std::size_t i = 0; i < 16; ++i) id.bytes[i] = static_cast<std::uint8_t>(i * 17);
  CHECK(fapilog::to_string(id) == "00112233-4455-6677-8899-aabbccddeeff");
  std::string const made = fapilog::to_string(uuid7_generator{}.next(some_time));
  CHECK(made.size() == 36);
  CHECK(made.substr(0, 15) == "019bff00-c8bb-7");
  CHECK(made.find_first_not_of("0123456789abcdef-") == std::string::npos);
}

TEST_CASE("the ids of a generator ascend, even if the clock goes back or stops") {
  uuid7_generator ids;
  uuid before = ids.next(some_time);
  std::int64_t const steps[] = {0, 0,  one_ms,     one_ms,     -5'000 * one_ms, 3 * one_ms,
                                0, -1, 2 * one_ms, -some_time, some_time / 2,   10 * one_ms};
  std::int64_t at = some_time;
  for (int round = 0; round < 2'000; ++round) {
    for (std::int64_t const step : steps) {
      at = std::max<std::int64_t>(at + step, -one_ms);
      uuid const id = ids.next(at);
      if (!(id > before)) FAIL(fapilog::to_string(id) << " is not after " << fapilog::to_string(before));
      if (!has_version_and_variant(id)) FAIL(fapilog::to_string(id));
      before = id;
    }
  }
}

TEST_CASE("times outside the range of an id still give ascending ids") {
  uuid7_generator ids;
  uuid const first = ids.next(std::numeric_limits<std::int64_t>::min());
  uuid const second = ids.next(-1);
  uuid const third = ids.next(0);
  uuid const last = ids.next(std::numeric_limits<std::int64_t>::max());
  CHECK(first < second);
  CHECK(second < third);
  CHECK(third < last);
  CHECK(milliseconds_of(first) == 0);
  CHECK(milliseconds_of(last) == 9'223'372'036'854);
}

TEST_CASE("generators that run at the same time never make the same id") {
  constexpr std::size_t generators = 64;
  constexpr std::size_t each = 2'000;
  std::vector<uuid> all;
  for (std::size_t g = 0; g < generators; ++g) {
    uuid7_generator ids;
    for (std::size_t i = 0; i < each; ++i) all.push_back(ids.next(some_time));
  }
  CHECK(all.size() == generators * each);
  CHECK_FALSE(has_duplicates(all));
}

TEST_CASE("generators of several threads never make the same id") {
  constexpr std::size_t threads = 8;
  std::vector<std::vector<uuid>> made(threads);
  std::vector<std::thread> running;
  for (std::size_t t = 0; t < threads; ++t) {
    running.emplace_back([&mine = made[t]] {
      uuid7_generator ids;
      for (int i = 0; i < 5'000; ++i) mine.push_back(ids.next(some_time + i / 1'000 * one_ms));
    });
  }
  for (std::thread& t : running) t.join();
  std::vector<uuid> all;
  for (auto const& ids : made) all.insert(all.end(), ids.begin(), ids.end());
  CHECK_FALSE(has_duplicates(all));
}

TEST_CASE("every record of a runtime has a unique id, ascending in the order of the records") {
  support::logged test;
  auto const began = std::chrono::system_clock::now();
  for (int i = 0; i < 500; ++i) test.log.info("one");
  auto const records = test.records();
  auto const ended = std::chrono::system_clock::now();
  REQUIRE(records.size() == 500);
  std::string before;
  for (auto const& record : records) {
    std::string const id = record.at("context").at("message_id");
    REQUIRE(id.size() == 36);
    CHECK(id[14] == '7');
    CHECK(id > before);
    before = id;
    std::string const digits = id.substr(0, 8) + id.substr(9, 4);
    auto const made = std::chrono::milliseconds{std::stoll(digits, nullptr, 16)};
    auto const slack = std::chrono::seconds{5};
    CHECK(made > began.time_since_epoch() - slack);
    CHECK(made < ended.time_since_epoch() + slack);
  }
}
