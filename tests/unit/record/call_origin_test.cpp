// SPDX-License-Identifier: MIT
// Tests record/call_origin.hpp: what a bridge replaces in a record.
#include <fapilog/record/call_origin.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <utility>

#include "support/catch.hpp"
#include "support/logged.hpp"

TEST_CASE("an origin replaces time, thread, logger, level name and place, and is no member") {
  fapilog::options chosen;
  chosen.source_location = true;
  support::logged test{std::move(chosen)};
  std::string name = "theirs";
  test.log.info("text {}", 1, fapilog::kv("a", 2),
                fapilog::from({.unix_ns = 1'700'000'000'000'000'000,
                               .thread_id = 77,
                               .logger = name,
                               .level_name = "NOTICE",
                               .file = "their.cpp",
                               .function = "f",
                               .line = 9}));
  name = "another";
  auto const record = test.last();
  CHECK(record.at("message") == "text 1");
  CHECK(record.at("level") == "NOTICE");
  CHECK(record.at("logger") == "theirs");
  CHECK(record.at("timestamp") == "2023-11-14T22:13:20.000Z");
  CHECK(record.at("data") == nlohmann::json{{"a", 2}});
  CHECK(record.at("diagnostics").at("thread_id") == 77);
  CHECK(record.at("diagnostics").at("file") == "their.cpp");
  CHECK(record.at("diagnostics").at("function") == "f");
  CHECK(record.at("diagnostics").at("line") == 9);
}

TEST_CASE("an empty origin leaves time, thread, logger and level as they are") {
  fapilog::options chosen;
  chosen.source_location = true;
  support::logged test{std::move(chosen)};
  test.log.info("plain");
  auto const plain = test.last();
  test.log.warning("from elsewhere", fapilog::from({}));
  auto const record = test.last();
  CHECK(record.at("level") == "WARNING");
  CHECK(record.at("logger") == "test");
  CHECK(record.at("timestamp").get<std::string>() >= plain.at("timestamp").get<std::string>());
  CHECK(record.at("diagnostics").at("thread_id") == plain.at("diagnostics").at("thread_id"));
  CHECK(record.at("diagnostics").at("file") == "");
}
