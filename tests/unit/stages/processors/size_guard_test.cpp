// SPDX-License-Identifier: MIT
// The size guard: whatever is logged, the line is valid, within its limit, and keeps logger, time and message.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/settings.hpp"

#include <fapilog/detail/chance.hpp>
#include <fapilog/stages/processors/size_guard.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using fapilog::kv;
using fapilog::detail::random_bits;
using fapilog::processors::oversize_action;
using fapilog::processors::size_guard;
using fapilog::processors::size_guard_config;

namespace {

/// A runtime with a size guard as its only processor.
support::logged guarded(size_guard_config const& config) {
  return support::logged{{.processors = {size_guard{config}}}};
}

std::string text_of(std::size_t size, char c = 'x') { return std::string(size, c); }

/// The line that the size guard makes of a line; "dropped" if it drops it.
std::string made_of(std::string line, size_guard_config const& config) {
  support::events made;
  size_guard guard{config};
  return guard.process(made.add("x"), line) ? line : "dropped";
}

/// The counters of a guard by name.
std::map<std::string, double> figures_of(fapilog::any_processor const& guard) {
  fapilog::metric_list all;
  guard.base().collect(all);
  std::map<std::string, double> found;
  for (auto const& m : all) {
    CHECK(m.kind == fapilog::metric_kind::counter);
    found[m.name] = m.value;
  }
  return found;
}

}  // namespace

TEST_CASE("defect 11: size_guard keeps level, time and message of a v1.1 record that is too long") {
  auto l = guarded({.max_bytes = 500});
  l.log.error("charge failed", kv("request_id", "r-7"), kv("trace_id", "t-9"), kv("dump", text_of(2'000)),
              kv("order", 1001));
  std::string const line = l.last_line();
  CHECK(line.size() <= 500);
  auto const whole = nlohmann::json::parse(line);
  CHECK(whole.at("schema_version") == "1.1");
  auto const log = whole.at("log");
  CHECK(log.at("level") == "ERROR");
  CHECK(log.at("timestamp").get<std::string>().size() == 24);
  CHECK(log.at("message") == "charge failed");
  CHECK(log.at("logger") == "test");
  CHECK(log.at("context").at("message_id").get<std::string>().size() == 36);
  CHECK(log.at("context").at("request_id") == "r-7");
  CHECK(log.at("context").at("correlation_id") == "r-7");
  CHECK(log.at("context").at("trace_id") == "t-9");
  CHECK(log.at("diagnostics").at("origin") == "native");
  auto const data = log.at("data");
  CHECK(data.at("_truncated") == true);
  CHECK(data.at("_original_size") > 2'000);
  CHECK(data.at("order") == 1001);
  CHECK(data.size() == 3);
  CHECK(l.rt.counts().processed == 1);
  CHECK(l.rt.counts().failed == 0);
}

TEST_CASE("a line within the limit stays unchanged") {
  auto l = guarded({.max_bytes = 256'000});
  l.log.info("short", kv("a", 1));
  std::string const line = l.last_line();
  CHECK(nlohmann::json::parse(line).at("log").at("data") == nlohmann::json{{"a", 1}});
  CHECK(made_of(line, {.max_bytes = line.size()}) == line);
  CHECK(made_of(line, {.max_bytes = line.size() - 1}) != line);
}

TEST_CASE("the largest members are removed first, and no more than needed") {
  auto l = guarded({.max_bytes = 2'300});
  l.log.info("x", kv("small", text_of(10)), kv("larger", text_of(900)), kv("largest", text_of(1'500)),
             kv("nested", std::map<std::string, std::string>{{"a", text_of(700)}}));
  auto const data = l.data();
  CHECK_FALSE(data.contains("largest"));
  CHECK(data.contains("larger"));
  CHECK(data.contains("nested"));
  CHECK(data.contains("small"));
}

TEST_CASE("a long message is cut to what fits, between characters, and the fields beside it stay") {
  auto l = guarded({.max_bytes = 1'000});
  std::string message;
  for (int i = 0; i < 1'000; ++i) message += "\xF0\x9F\x98\x80\n\"\xC3\xA4";
  l.log.info(fapilog::runtime_text(message), kv("order", 1001));
  std::string const line = l.last_line();
  CHECK(line.size() <= 1'000);
  CHECK(line.size() > 980);
  auto const log = nlohmann::json::parse(line).at("log");
  std::string const cut = log.at("message");
  CHECK(message.compare(0, cut.size(), cut) == 0);
  CHECK(log.at("data").at("order") == 1001);
  CHECK(log.at("diagnostics").at("service") == "fapilog");
}

TEST_CASE("a message keeps a quarter of the limit while there is something else to remove") {
  auto l = guarded({.max_bytes = 2'000});
  l.log.info(fapilog::runtime_text(text_of(3'000, 'm')), kv("a", text_of(1'600)), kv("b", text_of(10)));
  auto const log = l.last();
  CHECK(log.at("message").get<std::string>().size() == 500 - 2);
  CHECK_FALSE(log.at("data").contains("a"));
  CHECK(log.at("data").contains("b"));
}

TEST_CASE("diagnostics are removed like data, except for the origin") {
  auto l = guarded({.max_bytes = 500});
  l.log.error("failed", fapilog::caught(std::runtime_error{text_of(1'000)}), kv("order", 1));
  auto const log = l.last();
  CHECK_FALSE(log.at("diagnostics").contains("exception"));
  CHECK(log.at("diagnostics").at("origin") == "native");
  CHECK(log.at("diagnostics").at("service") == "fapilog");
  CHECK(log.at("data").at("order") == 1);
}

TEST_CASE("preserved members are removed last, even if they are the largest") {
  size_guard_config const config{.max_bytes = 1'200,
                                 .preserve_fields = {"data.kept", "diagnostics.service", "qu\"oted"}};
  auto l = guarded(config);
  l.log.info("x", kv("a", text_of(400)), kv("kept", text_of(500)), kv("b", text_of(300)),
             kv("service", text_of(350)), kv(fapilog::dynamic_key("qu\"oted"), text_of(20)));
  auto const log = l.last();
  CHECK(log.at("data").contains("kept"));
  CHECK(log.at("data").contains("qu\"oted"));
  CHECK_FALSE(log.at("data").contains("service"));
  CHECK(log.at("diagnostics").contains("service"));
  l.log.info("x", kv("kept", text_of(2'000)), kv("other", 1));
  CHECK(l.data().size() == 2);  // removed last: the limit holds
}

TEST_CASE("ids and logger are cut only if nothing else is left, message_id never") {
  support::logged l{{.processors = {size_guard{{.max_bytes = 750}}}}};
  auto const log = l.rt.get_logger(text_of(500, 'l'));
  log.info("a long id takes nothing from the message", kv("request_id", text_of(5'000, 'r')),
           kv("user_id", "short"));
  std::string const line = l.last_line();
  CHECK(line.size() <= 750);
  auto const written = nlohmann::json::parse(line).at("log");
  CHECK(written.at("context").at("request_id") == text_of(128, 'r'));
  CHECK(written.at("context").at("correlation_id") == text_of(128, 'r'));
  CHECK(written.at("context").at("user_id") == "short");
  CHECK(written.at("context").at("message_id").get<std::string>().size() == 36);
  CHECK(written.at("logger") == text_of(128, 'l'));
  CHECK(written.at("message") == "a long id takes nothing from the message");
}

TEST_CASE("a line of any limit from 100 bytes on is valid, within it, and has level, time and message") {
  support::logged l;
  l.log.critical(fapilog::runtime_text("out of \"disk\"\n\xF0\x9F\x98\x80 " + text_of(300)),
                 fapilog::caught(std::runtime_error{text_of(400)}), kv("request_id", text_of(200)),
                 kv("a", std::vector<int>(200, 7)), kv("c", nullptr),
                 kv("b", std::map<std::string, std::string>{{"b\\\"", "}]{[\"\\"}}));
  std::string const line = l.last_line();
  auto const before = nlohmann::json::parse(line).at("log");
  std::size_t min_envelope = 0;
  for (std::size_t limit = 100; limit <= line.size() + 10; ++limit) {
    std::string const shorter = made_of(line, {.max_bytes = limit});
    REQUIRE(shorter.size() <= limit);
    auto const whole = nlohmann::json::parse(shorter);
    auto const log = whole.at("log");
    REQUIRE(log.at("level") == "CRITICAL");
    REQUIRE(log.at("timestamp") == before.at("timestamp"));
    std::string const message = log.at("message");
    REQUIRE(before.at("message").get<std::string>().compare(0, message.size(), message) == 0);
    if (!whole.contains("schema_version")) {
      REQUIRE(message.size() + 120 >= limit - 4);  // the message uses all of the room
      min_envelope = limit + 1;
    } else {
      REQUIRE(log.at("context").at("message_id") == before.at("context").at("message_id"));
    }
  }
  CHECK(min_envelope > 250);
  CHECK(min_envelope < 400);
}

TEST_CASE("a line with few members fits any limit") {
  std::string const line =
      R"({"log":{"timestamp":"2026-01-27T10:30:00.123Z","level":"INFO","message":"m","diagnostics":{"a":")" +
      text_of(300) + R"("},"data":{"b":")" + text_of(200) + R"("}}})";
  for (std::size_t limit = 100; limit < line.size(); ++limit) {
    std::string const shorter = made_of(line, {.max_bytes = limit});
    REQUIRE(shorter.size() <= limit);
    REQUIRE(nlohmann::json::parse(shorter).at("log").at("level") == "INFO");
  }
}

TEST_CASE("records of random shape and any limit give valid lines within it") {
  support::logged l;
  random_bits random{11};
  auto const below = [&](std::uint64_t most) { return random.next() % most; };
  auto const text = [&](std::size_t most) {
    std::string made;
    for (auto size = below(most); size > 0; --size) {
      static constexpr char const* pieces[] = {"a",        "\"",           "\\",   "\n", "\x01",
                                               "\xC3\xA4", "\xE2\x80\xA8", "\xFF", "}",  "{"};
      made += pieces[below(10)];
    }
    return made;
  };
  std::vector<std::string> lines;
  for (int i = 0; i < 100; ++i) {
    std::map<std::string, std::string> many;
    for (auto count = below(20); count > 0; --count) many[text(10)] = text(80);
    l.log.info(fapilog::runtime_text(text(400)), kv("a", text(500)), kv("many", many), kv("n", i),
               kv("request_id", text(300)), kv(fapilog::dynamic_key(text(100)), text(200)));
  }
  (void)l.rt.flush(std::chrono::seconds{60});
  for (std::string const& line : l.sink->lines()) {
    for (int i = 0; i < 20; ++i) {
      auto const limit = 100 + below(line.size());
      std::string const shorter = made_of(line, {.max_bytes = limit});
      REQUIRE(shorter.size() <= limit);
      REQUIRE(nlohmann::json::accept(shorter));
      if (line.size() > limit && shorter.find("schema_version") != std::string::npos) {
        REQUIRE(nlohmann::json::parse(shorter).at("log").at("data").at("_original_size") == line.size());
      }
    }
  }
}

TEST_CASE("members of an earlier truncation do not occur twice") {
  support::logged l{{.max_record_bytes = 1'024, .processors = {size_guard{{.max_bytes = 700}}}}};
  l.log.info("x", kv("a", text_of(5'000)), kv("_original_size", "mine"));
  std::string const line = l.last_line();
  CHECK(line.find("_truncated") == line.rfind("_truncated"));
  CHECK(line.find("_original_size") == line.rfind("_original_size"));
  CHECK(nlohmann::json::parse(line).at("log").at("data").at("_original_size") > 700);
}

TEST_CASE("a size guard that drops counts the record as failed") {
  auto l = guarded({.max_bytes = 500, .action = oversize_action::drop});
  l.log.info("too long", kv("a", text_of(1'000)));
  l.log.info("short");
  CHECK(l.records().size() == 1);
  CHECK(l.rt.counts().failed == 1);
  CHECK(l.rt.counts().processed == 1);
  CHECK(l.rt.counts().balanced());
}

TEST_CASE("a size guard that marks keeps the whole line and adds that it is too long") {
  auto l = guarded({.max_bytes = 500, .action = oversize_action::mark});
  l.log.info("too long", kv("a", text_of(1'000)), kv("_oversize", "mine"));
  l.log.info("short");
  auto const records = l.records();
  REQUIRE(records.size() == 2);
  auto const data = records[0].at("data");
  CHECK(data.at("a") == text_of(1'000));
  CHECK(data.at("_oversize") == true);
  CHECK(data.at("_original_size") > 1'000);
  CHECK(data.size() == 3);
  CHECK(records[1].at("data").empty());
}

TEST_CASE("changes of an earlier processor survive the truncation") {
  support::logged l{{.processors = {[](fapilog::event const&, std::string& line) {
                                      line.replace(line.find("secret"), 6, "******");
                                      line.insert(1, R"("signed": "yes" , )");
                                      line.insert(line.find(R"("message")"), R"("tags":["a","b"],)");
                                      return true;
                                    },
                                    size_guard{{.max_bytes = 600}}}}};
  l.log.info("x", kv("pin", "secret"), kv("a", text_of(1'000)));
  std::string const line = l.last_line();
  CHECK(line.size() <= 600);
  auto const whole = nlohmann::json::parse(line);
  CHECK(whole.at("log").at("data").at("pin") == "******");
  CHECK(whole.at("log").at("tags") == nlohmann::json{"a", "b"});
  CHECK(whole.at("signed") == "yes");
}

TEST_CASE("a line that is not an envelope is dropped by a guard that truncates, and kept by one that marks") {
  for (auto const* const rest :
       {R"("log":1})", R"("log":{"level":"INFO","message":"x","data":{}}})",
        R"("log":{"timestamp":"t","level":1,"message":"x","data":{}}})",
        R"("log":{"timestamp":"t","level":"INFO","message":"x"}})",
        R"("log":{"timestamp":"t","level":"INFO","message":"x","data":[]}})",
        R"("log":{"timestamp":"t","level":"INFO","message":"x","data":{},"context":1}})"}) {
    std::string const line = R"({"filler":")" + text_of(200) + "\"," + rest;
    CHECK(made_of(line, {.max_bytes = 150}) == "dropped");
    CHECK(made_of(line, {.max_bytes = 150, .action = oversize_action::mark}) == line);
  }
  CHECK(made_of(text_of(200), {.max_bytes = 150}) == "dropped");
}

TEST_CASE("the size guard counts what it did") {
  support::events made;
  std::string const envelope =
      R"({"log":{"timestamp":"t","level":"INFO","message":"x","data":{"a":")" + text_of(200) + "\"}}}";
  auto const figures_after = [&](oversize_action action, std::string line) {
    fapilog::any_processor guard{size_guard{{.max_bytes = 150, .action = action}}};
    std::string short_line = "{}";
    (void)guard.process(made.add("x"), short_line);
    (void)guard.process(made.add("x"), line);
    return figures_of(guard);
  };
  auto const counts = [](double truncated, double dropped, double marked) {
    return std::map<std::string, double>{{"processor_size_guard_truncated_total", truncated},
                                         {"processor_size_guard_dropped_total", dropped},
                                         {"processor_size_guard_marked_total", marked}};
  };
  CHECK(figures_after(oversize_action::truncate, envelope) == counts(1, 0, 0));
  CHECK(figures_after(oversize_action::truncate, text_of(200)) == counts(0, 1, 0));
  CHECK(figures_after(oversize_action::drop, envelope) == counts(0, 1, 0));
  CHECK(figures_after(oversize_action::mark, envelope) == counts(0, 0, 1));
}

TEST_CASE("the size guard describes its settings and refuses invalid ones") {
  CHECK(support::names_of_settings<size_guard_config>() ==
        std::vector<std::string>{"max_bytes", "action", "preserve_fields"});
  auto const refused = [](size_guard_config const& config) {
    return support::refusal_of([&] { return size_guard{config}; });
  };
  CHECK(refused({.max_bytes = 99}) == "fapilog: size_guard.max_bytes: 99 is out of range (100 or more)");
  for (auto const* const bad : {"", "data."}) {
    CHECK(refused({.preserve_fields = {bad}}) == "fapilog: size_guard.preserve_fields: '" + std::string{bad} +
                                                     "' is invalid; expected keys such as data.order");
  }
}
