// SPDX-License-Identifier: MIT
// Tests integrations/spdlog_sink.hpp with spdlog itself.
#include <fapilog/integrations/spdlog_pattern.hpp>
#include <fapilog/integrations/spdlog_sink.hpp>
#include <fapilog/sinks/rotating_file.hpp>
#include <fapilog/stages/redactors/value_detectors.hpp>

#include <spdlog/async.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/logged.hpp"
#include "support/temporary_directory.hpp"

namespace bridged {
struct order {
  int id;
};
}  // namespace bridged

template <>
struct fmt::formatter<bridged::order> : fmt::formatter<std::string> {
  template <class Context>
  auto format(bridged::order const& o, Context& context) const {
    return fmt::formatter<std::string>::format("order-" + std::to_string(o.id), context);
  }
};

namespace {

using fapilog::integrations::spdlog_sink;
using nlohmann::json;

std::shared_ptr<spdlog::logger> through_bridge(support::logged& test, std::string const& name) {
  auto made = std::make_shared<spdlog::logger>(name, std::make_shared<spdlog_sink>(test.log));
  made->set_level(spdlog::level::trace);
  return made;
}

}  // namespace

TEST_CASE("a record of spdlog keeps its message, level, logger, source, thread and time") {
  fapilog::options chosen{.log_level = fapilog::level{0}};
  chosen.source_location = true;
  support::logged test{std::move(chosen)};
  auto const log = through_bridge(test, "billing");
  auto const when =
      spdlog::log_clock::time_point{std::chrono::seconds{1'700'000'000}} + std::chrono::milliseconds{250};
  log->log(when, spdlog::source_loc{"pay.cpp", 42, "charge"}, spdlog::level::warn, "short of funds");
  auto const first = test.last();
  CHECK(first.at("message") == "short of funds");
  CHECK(first.at("level") == "WARNING");
  CHECK(first.at("logger") == "billing");
  CHECK(first.at("timestamp") == "2023-11-14T22:13:20.250Z");
  CHECK(first.at("diagnostics").at("file") == "pay.cpp");
  CHECK(first.at("diagnostics").at("line") == 42);
  CHECK(first.at("diagnostics").at("function") == "charge");
  CHECK(first.at("data") == json::object());

  std::size_t thread = 0;
  std::thread{[&] {
    thread = spdlog::details::os::thread_id();
    log->info("{} {:>4}", bridged::order{7}, 3);
  }}.join();
  CHECK(test.last().at("message") == "order-7    3");
  CHECK(test.last().at("diagnostics").at("thread_id") == thread);
  CHECK(test.last().at("diagnostics").at("file") == "");
}

TEST_CASE("all levels of spdlog have theirs, and the level of both loggers applies") {
  support::logged test{{.log_level = fapilog::level{0}}};
  auto const log = through_bridge(test, "levels");
  log->trace("t");
  log->debug("d");
  log->info("i");
  log->warn("w");
  log->error("e");
  log->critical("c");
  std::vector<std::string> names;
  for (json const& record : test.records()) names.push_back(record.at("level"));
  CHECK(names == std::vector<std::string>{"TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"});
  test.log.set_level(fapilog::level::error);
  log->warn("too low");
  log->sinks().front()->set_level(spdlog::level::critical);
  log->error("too low for the sink");
  CHECK(test.records().size() == 6);
}

TEST_CASE("redactors and scopes apply to records of spdlog") {
  fapilog::options chosen;
  chosen.redactors = {fapilog::redactors::value_detectors{}};
  support::logged test{std::move(chosen)};
  auto const log = through_bridge(test, "cards");
  fapilog::scope const request{fapilog::kv("request_id", "r-1")};
  log->info("paid with {}", "4111111111111111");
  CHECK(test.message().find("4111111111111111") == std::string::npos);
  CHECK(test.last().at("context").at("request_id") == "r-1");
}

TEST_CASE("an async logger of spdlog keeps the time and the thread of each call, and its flush arrives") {
  fapilog::options chosen;
  chosen.source_location = true;
  support::logged test{std::move(chosen)};
  auto const pool = std::make_shared<spdlog::details::thread_pool>(64, 1);
  auto const log = std::make_shared<spdlog::async_logger>("async", std::make_shared<spdlog_sink>(test.log),
                                                          pool, spdlog::async_overflow_policy::block);
  for (int i = 0; i < 100; ++i) log->info("call {}", i);
  log->flush();
  REQUIRE(test.sink->wait_for(100));
  auto const records = test.records();
  REQUIRE(records.size() == 100);
  for (std::size_t i = 0; i < records.size(); ++i) {
    CHECK(records[i].at("message") == "call " + std::to_string(i));
    CHECK(records[i].at("diagnostics").at("thread_id") == spdlog::details::os::thread_id());
  }
}

TEST_CASE("all registered loggers of spdlog are redirected, and keep their names and levels") {
  support::logged test{{.log_level = fapilog::level{0}}};
  std::ostringstream before;
  auto const old = std::make_shared<spdlog::sinks::ostream_sink_mt>(before);
  auto const stock = std::make_shared<spdlog::logger>("stock", old);
  auto const pool = std::make_shared<spdlog::details::thread_pool>(64, 1);
  auto const till =
      std::make_shared<spdlog::async_logger>("till", old, pool, spdlog::async_overflow_policy::block);
  auto const unknown = std::make_shared<spdlog::logger>("unknown", old);
  stock->set_level(spdlog::level::debug);
  spdlog::drop_all();
  spdlog::register_logger(stock);
  spdlog::set_default_logger(till);  // registers it, too
  CHECK(fapilog::integrations::redirect_spdlog_loggers(test.log) == 2);
  CHECK(old.use_count() == 2);  // here, and in the logger that is not registered

  stock->debug("shown");
  stock->trace("too low");
  spdlog::info("by the default logger");
  unknown->info("elsewhere");
  spdlog::drop_all();
  REQUIRE(test.sink->wait_for(2));
  auto const records = test.records();
  REQUIRE(records.size() == 2);
  CHECK(records[0].at("logger") == "stock");
  CHECK(records[0].at("message") == "shown");
  CHECK(records[1].at("logger") == "till");
  CHECK(before.str().find("elsewhere") != std::string::npos);
  CHECK(before.str().find("shown") == std::string::npos);
}

TEST_CASE("the backtrace of spdlog passes the bridge") {
  support::logged test{{.log_level = fapilog::level::debug}};
  auto const log = through_bridge(test, "trace");
  log->set_level(spdlog::level::info);
  log->enable_backtrace(4);
  for (int i = 0; i < 6; ++i) log->debug("step {}", i);
  CHECK(test.records().empty());
  log->dump_backtrace();
  std::vector<std::string> steps;
  for (json const& record : test.records()) {
    if (std::string const text = record.at("message"); text.starts_with("step")) steps.push_back(text);
  }
  CHECK(steps == std::vector<std::string>{"step 2", "step 3", "step 4", "step 5"});
}

TEST_CASE("a sink that logs by spdlog does not feed itself") {
  struct echoing {
    void write(fapilog::batch const& entries) {
      for (auto const& e : entries) echo->info("delivered {}", e.event.message);
      seen += entries.size();
    }
    std::shared_ptr<spdlog::logger> echo = std::make_shared<spdlog::logger>("echo");
    std::atomic<std::size_t> seen{0};
  };
  auto const sink = std::make_shared<echoing>();
  fapilog::runtime rt{{.sinks = {sink}}};
  auto const log = rt.get_logger("outer");
  sink->echo->sinks().push_back(std::make_shared<spdlog_sink>(log));
  sink->echo->flush_on(spdlog::level::info);
  auto const before = fapilog::integrations::refused_foreign_records();
  log.info("one");
  log.info("two");
  REQUIRE(rt.flush(std::chrono::seconds{60}));
  CHECK(sink->seen == 2);
  CHECK(fapilog::integrations::refused_foreign_records() == before + 2);
}

TEST_CASE("spdlog may log after the runtime has ended") {
  auto const sink = std::make_shared<spdlog_sink>(fapilog::logger{});
  spdlog::logger const none{"none", sink};
  std::shared_ptr<spdlog::logger> late;
  {
    support::logged test;
    late = through_bridge(test, "late");
    late->info("in time");
    CHECK(test.records().size() == 1);
  }
  late->info("too late");
  late->flush();
}

TEST_CASE("a pattern of spdlog, as a text pattern, writes the lines that spdlog writes") {
  std::string const pattern =
      GENERATE(as<std::string>{}, "[%Y-%m-%d %H:%M:%S.%e] [%n] [%^%l%$] %v", "%T.%f %L [%t] %v",
               "%D|%R|%I %p|%a %A|%b %h %B|%C|%c|%x|%r|%X", "%s:%# %! %g %v",
               "%-10l|%10l|%=10l|%3!l|%-3!n|%v", "%v {%%} 100%% {v}", "%+", "%E.%F %P", "plain");
  ::setenv("TZ", "UTC0", 1);  // spdlog writes `Mar 1` and `00 AM`, the text pattern `Mar 01` and `12 AM`
  ::tzset();
  support::temporary_directory const folder;
  std::ostringstream original;
  auto const real = std::make_shared<spdlog::sinks::ostream_sink_mt>(original);
  real->set_pattern(pattern);
  {
    fapilog::sinks::rotating_file const file{{.path = folder / "app.log",
                                              .format = fapilog::sinks::file_format::text,
                                              .pattern = fapilog::compat::spdlog::text_pattern_of(pattern),
                                              .zone = fapilog::sinks::time_zone::local}};
    fapilog::runtime rt{{.log_level = fapilog::level{0}, .source_location = true, .sinks = {file}}};
    spdlog::logger both{"billing", {real, std::make_shared<spdlog_sink>(rt.get_logger())}};
    both.set_level(spdlog::level::trace);
    int level = spdlog::level::trace;
    for (long long const seconds : {1'700'000'000LL, 1'700'031'599LL, 1'709'251'199LL, 1'101'000'000LL}) {
      auto const when =
          spdlog::log_clock::time_point{std::chrono::seconds{seconds}} + std::chrono::nanoseconds{7'080'009};
      both.log(when, spdlog::source_loc{"src/pay.cpp", 42, "charge"},
               static_cast<spdlog::level::level_enum>(++level), "short of funds");
    }
    REQUIRE(rt.drain(std::chrono::seconds{60}));
  }
  std::ifstream in{folder / "app.log"};
  std::string const ours{std::istreambuf_iterator<char>{in}, {}};
  std::string theirs = original.str();
  if (pattern == "%+") {  // spdlog puts the place there, too
    for (std::size_t at = 0; (at = theirs.find("[pay.cpp:42] ")) != std::string::npos;) theirs.erase(at, 13);
  }
  CAPTURE(fapilog::compat::spdlog::text_pattern_of(pattern));
  CHECK(ours == theirs);
}

TEST_CASE("a flag of spdlog without a counterpart is refused with its position") {
  using fapilog::compat::spdlog::text_pattern_of;
  CHECK(text_pattern_of("%v") == "{message} {fields}");
  CHECK(text_pattern_of("[%H:%M:%S.%e] {%l}") == "[{time:%H:%M:%S.%e}] {{{level_lower}}}");
  CHECK_THROWS_WITH(text_pattern_of("%l %q"),
                    "the pattern of spdlog, at character 4: '%q' has no counterpart in a text pattern");
  CHECK_THROWS_WITH(text_pattern_of("%8H"),
                    "the pattern of spdlog, at character 1: '%8H' cannot have a width in a text pattern");
}
