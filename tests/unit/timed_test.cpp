// SPDX-License-Identifier: MIT
// Tests timed.hpp: the record of a block, its outcome and its ids.
#include <fapilog/timed.hpp>

#include <nlohmann/json.hpp>

#include <exception>
#include <stdexcept>
#include <string>

#include "support/catch.hpp"
#include "support/logged.hpp"

using fapilog::kv;
using fapilog::timed;

TEST_CASE("a timed block is logged at its end, with its fields, duration and outcome") {
  fapilog::options chosen;
  chosen.source_location = true;
  support::logged test{std::move(chosen)};
  int const line = __LINE__ + 2;
  {
    auto const span = timed(test.log, "load", kv("file", std::string{"a.json"}));
    test.log.info("inside");
  }
  test.log.info("outside");
  auto const records = test.records();
  REQUIRE(records.size() == 3);
  auto const& block = records[1];
  CHECK(block.at("message") == "load");
  CHECK(block.at("level") == "INFO");
  CHECK(block.at("data").at("file") == "a.json");
  CHECK(block.at("data").at("outcome") == "ok");
  CHECK(block.at("data").contains("duration"));
  CHECK(block.at("diagnostics").at("line") == line);
  CHECK(block.at("context").at("span_id").get<std::string>().size() == 16);
  CHECK(records[0].at("context").at("span_id") == block.at("context").at("span_id"));
  CHECK_FALSE(records[0].at("data").contains("file"));
  CHECK_FALSE(records[2].at("context").contains("span_id"));
}

TEST_CASE("a block that is left by an exception is an error") {
  support::logged test;
  try {
    auto const span = timed(test.log, fapilog::level::debug, "charge");
    throw std::runtime_error("no funds");
  } catch (std::runtime_error const&) {
  }
  CHECK(test.last().at("level") == "ERROR");
  CHECK(test.data().at("outcome") == "exception");
}

TEST_CASE("a block may fail without an exception, and keeps one that it has caught") {
  support::logged test;
  {
    auto span = timed(test.log, "first");
    span.fail();
  }
  CHECK(test.data().at("outcome") == "failed");
  {
    auto span = timed(test.log, "second");
    try {
      throw std::runtime_error("no funds");
    } catch (...) {
      span.fail(std::current_exception());
    }
    span.finish();
    span.finish();
  }
  CHECK(test.records().size() == 2);
  CHECK(test.last().at("diagnostics").at("exception").at("error.message") == "no funds");
}

TEST_CASE("blocks nest, and a level that is off hides them") {
  support::logged test;
  {
    auto const outer = timed(test.log, "outer");
    { auto const inner = timed(test.log, "inner"); }
    { auto const hidden = timed(test.log, fapilog::level::debug, "hidden"); }
    auto const nowhere = timed(fapilog::logger{}, "nowhere");
  }
  auto const records = test.records();
  REQUIRE(records.size() == 2);
  CHECK(records[0].at("message") == "inner");
  CHECK(records[1].at("message") == "outer");
  CHECK(records[0].at("context").at("span_id") != records[1].at("context").at("span_id"));
}
