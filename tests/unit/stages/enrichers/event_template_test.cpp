// SPDX-License-Identifier: MIT
// The message literal and its id: the same for all records of a statement, and nothing that a value can change.
#include "support/catch.hpp"
#include "support/logged.hpp"

#include <fapilog/stages/enrichers/event_template.hpp>

#include <string>
#include <string_view>

using fapilog::event_id;
using fapilog::kv;
using fapilog::enrichers::event_template;

namespace {

// The vectors of FNV-1a's authors.
static_assert(event_id{""}.number() == 0xcbf29ce484222325);
static_assert(event_id{"a"}.number() == 0xaf63dc4c8601ec8c);
static_assert(event_id{"foobar"}.number() == 0x85944171f73967e8);
static_assert(event_id{"foobar"}.text() == "85944171f73967e8");
static_assert(event_id{"a"} == event_id{"a"} && !(event_id{"a"} == event_id{"b"}));

}  // namespace

TEST_CASE("records of one message literal have one template and one id, whatever their values are") {
  support::logged l{{.enrichers = {event_template{}}}};
  for (int i = 0; i < 2; ++i) l.log.info("order {} of {} paid", i, "{}", kv("n", i));
  l.log.info("no values");
  l.log.info(fapilog::runtime_text("order 7"));
  auto const records = l.records();
  REQUIRE(records.size() == 4);
  for (int i = 0; i < 2; ++i) {
    auto const& one = records.at(static_cast<std::size_t>(i));
    CHECK(one.at("message") == "order " + std::to_string(i) + " of {} paid");
    CHECK(one.at("diagnostics").at("template") == "order {} of {} paid");
    CHECK(one.at("diagnostics").at("event_id") == event_id{"order {} of {} paid"}.text());
  }
  CHECK(records.at(2).at("diagnostics").at("event_id") == event_id{"no values"}.text());
  CHECK_FALSE(records.at(3).at("diagnostics").contains("event_id"));
  CHECK_FALSE(records.at(3).at("diagnostics").contains("template"));
}
