// SPDX-License-Identifier: MIT
// Error deduplication: each error once per window, and a summary of the repetitions.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/settings.hpp"

#include <fapilog/detail/os/system.hpp>
#include <fapilog/stages/filters/error_dedupe.hpp>

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

using fapilog::internal_record;
using fapilog::value;
using fapilog::filters::error_dedupe;
using fapilog::filters::error_dedupe_config;
using support::one_second;

namespace {

struct deduped_calls {
  error_dedupe filter;
  std::int64_t now = 1'769'509'800 * one_second;
  std::uint8_t id = 0;

  [[nodiscard]] bool calls(std::string_view message, fapilog::level severity = fapilog::level::error,
                           std::string_view type = {}) {
    support::events made;
    fapilog::event& e = made.add(message, severity);
    e.unix_ns = now;
    e.message_id.bytes[15] = ++id;
    if (!type.empty()) {
      e.diagnostics.push_back(
          {"exception", made.object({{"error.type", value::of_string(type)}}, fapilog::kind::exception)});
    }
    return filter.keep(e);
  }
  [[nodiscard]] std::vector<internal_record> summaries(bool last = false) {
    std::vector<internal_record> all;
    filter.summarise(now, last, all);
    return all;
  }
};

/// A member of a summary's data as text; "-" if there is none.
std::string member_of(internal_record const& summary, std::string_view key) {
  for (auto const& [name, v] : summary.data) {
    if (name != key) continue;
    if (auto const* const text = std::get_if<std::string>(&v)) return *text;
    if (auto const* const number = std::get_if<std::int64_t>(&v)) return std::to_string(*number);
    return std::to_string(std::get<double>(v));
  }
  return "-";
}

std::string id_of(int last_byte) {
  return "00000000-0000-0000-0000-0000000000" + std::string{last_byte < 16 ? "0" : ""} +
         "0123456789abcdef"[last_byte % 16];
}

}  // namespace

TEST_CASE("an error passes once in its window, and other errors pass, too") {
  support::logged l{{.filters = {error_dedupe{{.window_seconds = 3'600}}}}};
  for (int i = 0; i < 5; ++i) {
    l.log.error("charge failed");
    l.log.critical("out of disk");
    l.log.warning("slow");
    l.log.error("charge failed", fapilog::caught(std::runtime_error{"declined"}));
    l.log.error("charge failed", fapilog::caught(std::logic_error{"no card"}));
  }
  std::map<std::string, int> written;
  for (auto const& record : l.records()) {
    if (record.at("data").contains("_fapilog_internal")) continue;  // the summary
    auto const& diagnostics = record.at("diagnostics");
    std::string name = record.at("message");
    if (diagnostics.contains("exception"))
      name += ", " + std::string{diagnostics.at("exception").at("error.type")};
    ++written[name];
  }
  CHECK(written == std::map<std::string, int>{{"charge failed", 1},
                                              {"charge failed, std::runtime_error", 1},
                                              {"charge failed, std::logic_error", 1},
                                              {"out of disk", 1},
                                              {"slow", 5}});
  CHECK(l.rt.counts().filtered == 16);
}

TEST_CASE("after the window a summary reports what was repeated, how often and within what time") {
  deduped_calls c{error_dedupe{}};
  CHECK(c.filter.summary_due() == 0);
  CHECK(c.calls("once"));
  CHECK(c.filter.summary_due() == 0);
  CHECK(c.calls("charge failed"));
  auto const due = c.now + 5 * one_second;
  for (int i = 0; i < 3; ++i) {
    c.now += one_second;
    CHECK_FALSE(c.calls("charge failed"));
    CHECK(c.filter.summary_due() == due);
    CHECK(c.summaries().empty());
  }
  c.now = due;
  auto const all = c.summaries();
  REQUIRE(all.size() == 1);
  CHECK(all[0].severity == fapilog::level::info);
  CHECK(all[0].message == "Errors deduplicated");
  CHECK(all[0].data.size() == 4);
  CHECK(member_of(all[0], "error_message") == "charge failed");
  CHECK(member_of(all[0], "first_message_id") == id_of(2));
  CHECK(member_of(all[0], "suppressed_count") == "3");
  CHECK(member_of(all[0], "window_seconds") == "5.000000");
  CHECK(c.filter.summary_due() == 0);
  CHECK(c.summaries().empty());
  CHECK(c.calls("charge failed"));
}

TEST_CASE(
    "an error that occurs again after its window passes, even before the summary of that window is written") {
  deduped_calls c{error_dedupe{{.window_seconds = 5}}};
  int passed = 0;
  for (int i = 0; i < 100; ++i) {
    passed += c.calls("x") ? 1 : 0;
    c.now += one_second / 10;
  }
  CHECK(passed == 2);
  CHECK(c.filter.summary_due() != 0);
  CHECK(c.filter.summary_due() <= c.now);
  auto const all = c.summaries();
  REQUIRE(all.size() == 2);
  CHECK(member_of(all[0], "first_message_id") == id_of(1));
  CHECK(member_of(all[0], "suppressed_count") == "49");
  CHECK(member_of(all[1], "suppressed_count") == "49");
}

TEST_CASE("a flush reports at once what was suppressed so far, and the window continues") {
  deduped_calls c{error_dedupe{}};
  CHECK(c.calls("x"));
  CHECK_FALSE(c.calls("x"));
  CHECK_FALSE(c.calls("x"));
  auto const at_flush = c.summaries(true);
  REQUIRE(at_flush.size() == 1);
  CHECK(member_of(at_flush[0], "suppressed_count") == "2");
  CHECK(c.summaries(true).empty());
  CHECK(c.filter.summary_due() == 0);
  CHECK_FALSE(c.calls("x"));
  CHECK(c.filter.summary_due() == c.now + 5 * one_second);
  c.now += 5 * one_second;
  auto const at_end = c.summaries();
  REQUIRE(at_end.size() == 1);
  CHECK(member_of(at_end[0], "suppressed_count") == "1");
}

TEST_CASE("only the configured levels are deduplicated, custom ones included") {
  deduped_calls c{
      error_dedupe{{.levels = fapilog::level_set::of(fapilog::level::audit, fapilog::custom_level(45))}}};
  for (int i = 0; i < 2; ++i) {
    CHECK(c.calls("x", fapilog::level::error));
    CHECK(c.calls("x", fapilog::level::info));
  }
  CHECK(c.calls("x", fapilog::level::audit));
  CHECK_FALSE(c.calls("x", fapilog::custom_level(45)));
}

TEST_CASE("the key of an error can be configured") {
  deduped_calls by_message{error_dedupe{{.key_fields = {"message"}}}};
  CHECK(by_message.calls("x", fapilog::level::error, "a"));
  CHECK_FALSE(by_message.calls("x", fapilog::level::error, "b"));
  deduped_calls by_type{error_dedupe{{.key_fields = {"diagnostics.exception.error.type"}}}};
  CHECK(by_type.calls("x", fapilog::level::error, "a"));
  CHECK_FALSE(by_type.calls("y", fapilog::level::error, "a"));
  CHECK(by_type.calls("x"));  // without an exception there is no key
  CHECK(by_type.calls("x"));
}

TEST_CASE(
    "the message of a summary is complete or left out, because a cut one could hide a secret from "
    "redactors") {
  deduped_calls c{error_dedupe{}};
  std::string const long_text(1024, 'x');
  for (auto const& message : {long_text, long_text + "x"}) {
    CHECK(c.calls(message));
    CHECK_FALSE(c.calls(message));
  }
  auto const all = c.summaries(true);
  REQUIRE(all.size() == 2);
  CHECK(member_of(all[0], "error_message") == long_text);
  CHECK(member_of(all[1], "error_message") == "-");
  CHECK(member_of(all[1], "first_message_id") == id_of(3));
}

TEST_CASE("remembered errors are bounded: the oldest is evicted with a summary and passes again") {
  deduped_calls c{error_dedupe{{.max_entries = 3}}};
  CHECK(c.calls("a"));
  CHECK_FALSE(c.calls("a"));
  for (auto const* const other : {"b", "c", "d"}) CHECK(c.calls(other));
  CHECK(c.filter.summary_due() != 0);
  CHECK(c.filter.summary_due() <= c.now);  // before its window would have ended
  auto const all = c.summaries();
  REQUIRE(all.size() == 1);
  CHECK(member_of(all[0], "error_message") == "a");
  CHECK(c.calls("a"));
  CHECK_FALSE(c.calls("d"));
}

TEST_CASE("an error that was repeated after its window is no longer the oldest") {
  deduped_calls c{error_dedupe{{.max_entries = 2}}};
  CHECK(c.calls("a"));
  c.now += 3 * one_second;
  CHECK(c.calls("b"));
  c.now += 2 * one_second;
  CHECK(c.calls("a"));
  CHECK(c.calls("c"));  // replaces b
  CHECK_FALSE(c.calls("a"));
  CHECK(c.calls("b"));
}

TEST_CASE(
    "a flood of different errors does not exceed the bound of waiting summaries, and every error is "
    "counted") {
  deduped_calls c{error_dedupe{{.max_entries = 10}}};
  std::int64_t suppressed = 0;
  for (int i = 0; i < 1'000; ++i) {
    auto const message = "error " + std::to_string(i);
    for (int k = 0; k < 3; ++k) suppressed += c.calls(message) ? 0 : 1;
  }
  auto const all = c.summaries(true);
  CHECK(all.size() == 20);
  std::int64_t reported = 0;
  for (auto const& one : all) reported += std::stoll(member_of(one, "suppressed_count"));
  CHECK(reported == suppressed);
  fapilog::metric_list figures;
  c.filter.collect(figures);
  REQUIRE(figures.size() == 1);
  CHECK(figures[0].name == "fapilog_errors_deduplicated_total");
  CHECK(figures[0].kind == fapilog::metric_kind::counter);
  CHECK(figures[0].value == static_cast<double>(suppressed));
}

TEST_CASE("setting the clock back far ends the windows") {
  deduped_calls c{error_dedupe{}};
  CHECK(c.calls("x"));
  CHECK_FALSE(c.calls("x"));
  c.now -= one_second;
  CHECK_FALSE(c.calls("x"));
  c.now -= 3'600 * one_second;
  CHECK(c.summaries().size() == 1);
  CHECK(c.calls("x"));
  c.now -= 3'600 * one_second;
  CHECK(c.calls("x"));
}

TEST_CASE("the child does not report what was suppressed before a fork") {
  deduped_calls c{error_dedupe{}};
  CHECK(c.calls("x"));
  CHECK_FALSE(c.calls("x"));
  deduped_calls child{c};
  (void)fapilog::detail::fork_generation.fetch_add_relaxed(1);
  CHECK(child.summaries(true).empty());
  CHECK(child.calls("x"));
  CHECK_FALSE(child.calls("x"));
  auto const all = child.summaries(true);
  REQUIRE(all.size() == 1);
  CHECK(member_of(all[0], "suppressed_count") == "1");
}

TEST_CASE("summaries are reached through any filter") {
  fapilog::any_filter any{error_dedupe{}};
  support::events made;
  (void)any.keep(made.add("x", fapilog::level::error));
  (void)any.keep(made.add("x", fapilog::level::error));
  CHECK(any.base().name() == "error_dedupe");
  CHECK(any.base().summary_due() != 0);
  std::vector<internal_record> all;
  any.base().summarise(0, true, all);
  CHECK(all.size() == 1);
}

TEST_CASE("error_dedupe describes its settings and refuses invalid ones") {
  CHECK(support::names_of_settings<error_dedupe_config>() ==
        std::vector<std::string>{"window_seconds", "max_entries", "levels", "key_fields"});
  auto const refused = [](error_dedupe_config const& config) {
    return support::refusal_of([&] { return error_dedupe{config}; });
  };
  CHECK(refused({.window_seconds = -1}) ==
        "fapilog: error_dedupe.window_seconds: -1 is out of range (above 0, at most 86400)");
  CHECK(refused({.max_entries = 0}) == "fapilog: error_dedupe.max_entries: 0 is out of range (1 to 1000000)");
  CHECK(refused({.key_fields = {}}) == "fapilog: error_dedupe.key_fields: must not be empty");
}
