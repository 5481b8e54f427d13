// SPDX-License-Identifier: MIT
// Tests integrations/compat_spdlog.hpp: programs that call spdlog's functions on fapilog.
#include <fapilog/integrations/compat_spdlog.hpp>

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/logged.hpp"
#include "support/temporary_directory.hpp"

namespace {

namespace spdlog = fapilog::compat::spdlog;

/// A runtime that the calls use, with an empty registry.
struct compat_runtime : support::logged {
  explicit compat_runtime(fapilog::options chosen = {}) : support::logged(std::move(chosen)) {
    spdlog::drop_all();
    spdlog::use(rt);
    spdlog::flush_on(spdlog::level::off);
  }
  ~compat_runtime() { spdlog::drop_all(); }

  std::vector<std::string> texts() {
    std::vector<std::string> all;
    for (auto const& record : records()) all.push_back(record.at("message"));
    return all;
  }
};

}  // namespace

TEST_CASE("the free functions log to the default logger, with arguments and fields") {
  fapilog::options chosen{.log_level = fapilog::level{0}};
  chosen.source_location = true;
  compat_runtime test{std::move(chosen)};
  spdlog::trace("t");
  spdlog::debug("d {}", 1);
  spdlog::info("i {:>3}", 2, fapilog::kv("user", 7));
  spdlog::warn("w");
  spdlog::error("e");
  int const line = __LINE__ + 1;
  spdlog::critical("c {}", "text");
  auto const records = test.records();
  REQUIRE(records.size() == 6);
  std::vector<std::string> levels;
  for (auto const& record : records) levels.push_back(record.at("level"));
  CHECK(levels == std::vector<std::string>{"TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"});
  CHECK(records[2].at("message") == "i   2");
  CHECK(records[2].at("data").at("user") == 7);
  CHECK(records[5].at("message") == "c text");
  CHECK(records[5].at("logger") == "default");
  CHECK(records[5].at("diagnostics").at("line") == line);
}

TEST_CASE("strings and formats that are known only at run time are accepted") {
  compat_runtime test;
  std::string const whole = "whole {} text";
  std::string const format = "format {}";
  spdlog::info(whole);
  spdlog::info(fmt::runtime(format), 3);
  spdlog::info(fmt::runtime("wrong {} {}"), 3);
  auto const texts = test.texts();
  REQUIRE(texts.size() == 3);
  CHECK(texts[0] == whole);
  CHECK(texts[1] == "format 3");
  CHECK(texts[2].starts_with("wrong {} {} <error:"));
}

TEST_CASE("loggers are registered by name, have their levels, and can be the default") {
  compat_runtime test;
  auto const db = spdlog::stdout_color_mt("db");
  CHECK(spdlog::get("db") == db);
  CHECK(spdlog::create_logger("db") == db);
  CHECK(spdlog::get("none") == nullptr);
  db->set_level(spdlog::level::err);
  db->warn("too low");
  db->error("logged");
  CHECK(db->level() == spdlog::level::err);
  CHECK_FALSE(db->should_log(spdlog::level::warn));
  spdlog::set_default_logger(db);
  spdlog::info("too low for the default");
  CHECK(spdlog::get_level() == spdlog::level::err);
  db->set_level(spdlog::level::off);
  db->critical("off");
  CHECK(db->level() == spdlog::level::off);
  CHECK(test.texts() == std::vector<std::string>{"logged"});
  CHECK(test.last().at("logger") == "db");
  int count = 0;
  spdlog::apply_all([&](auto const&) { ++count; });
  CHECK(count == 1);
  spdlog::drop("db");
  CHECK(spdlog::get("db") == nullptr);
}

TEST_CASE("set_level applies to all loggers, by the names of spdlog") {
  compat_runtime test;
  auto const http = spdlog::create_logger("http");
  spdlog::set_level(spdlog::level::from_str("warn"));
  CHECK_FALSE(http->should_log(spdlog::level::info));
  CHECK(http->should_log(spdlog::level::warn));
  CHECK(spdlog::level::from_str("error") == spdlog::level::err);
  CHECK(spdlog::level::from_str("nonsense") == spdlog::level::off);
  CHECK(spdlog::level::to_string_view(spdlog::level::warn) == "warning");
}

TEST_CASE("flush_on waits until the record has arrived") {
  compat_runtime test;
  spdlog::flush_on(spdlog::level::err);
  spdlog::info("not yet, perhaps");
  spdlog::error("at once");
  CHECK(test.sink->lines().size() == 2);
}

TEST_CASE("what has no effect on a given runtime is reported once") {
  compat_runtime test;
  for (int i = 0; i < 3; ++i) {
    spdlog::set_pattern("%v");
    spdlog::enable_backtrace(32);
  }
  auto const texts = test.texts();
  REQUIRE(texts.size() == 2);
  CHECK(texts[0].starts_with("set_pattern has no effect"));
  CHECK(texts[1].starts_with("enable_backtrace has no effect"));
}

TEST_CASE("patterns, the backtrace and the error handler work on the default runtime") {
  support::temporary_directory const folder;
  std::string const path = folder / "out.txt";
  int const status = support::status_of_child([&] {
    int const file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (::dup2(file, 1) < 0) return 1;
    spdlog::shutdown();  // forgets the runtimes of other tests
    std::string error;
    spdlog::set_error_handler([&](std::string const& what) { error += what; });
    spdlog::enable_backtrace(32);
    spdlog::set_pattern("[%n] [%l] %v");
    spdlog::info("first {}", 1, fapilog::kv("user", 7));
    spdlog::debug("recent");
    spdlog::error("asks for nothing");
    spdlog::dump_backtrace();
    spdlog::set_pattern("%L %s %v");
    spdlog::warn("second");
    spdlog::set_pattern("%q %v");
    spdlog::warn("third");
    spdlog::shutdown();
    return error == "set_pattern: the pattern of spdlog, at character 1: '%q' has no counterpart in a text "
                    "pattern; nothing has changed\n"
               ? 0
               : 2;
  });
  CHECK(status == 0);
  std::ifstream in{path};
  CHECK(std::string{std::istreambuf_iterator<char>{in}, {}} ==
        "[default] [info] first 1 user=7\n[default] [error] asks for nothing\n[default] [debug] recent\n"
        "W compat_spdlog_test.cpp second\nW compat_spdlog_test.cpp third\n");
}
