// SPDX-License-Identifier: MIT
// A runtime that follows its settings files: what is applied, what needs a restart, what is refused.
#include <fapilog/settings_watch.hpp>
#include <fapilog/sinks/rotating_file.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/eventually.hpp"
#include "support/files.hpp"
#include "support/scale.hpp"

using Catch::Matchers::ContainsSubstring;
using fapilog::kv;
using fapilog::settings;
using fapilog::settings_watch;
using namespace std::chrono_literals;

namespace {

/// Replaces the file at once. Otherwise a watch may see half of it, if this thread is not scheduled meanwhile.
void replace_file(std::string const& path, std::string const& content) {
  support::write_file(path + ".new", content);
  std::filesystem::rename(path + ".new", path);
}

/// A file, a runtime made from it with a captured sink, and its diagnostics.
struct followed {
  support::temporary_directory folder;
  std::string path = folder / "fapilog.json";
  std::shared_ptr<support::capture> sink = std::make_shared<support::capture>();
  std::shared_ptr<std::pair<std::mutex, std::string>> reported =
      std::make_shared<std::pair<std::mutex, std::string>>();
  settings chosen;
  fapilog::runtime rt;
  fapilog::logger log;

  explicit followed(std::string const& text)
      : chosen(read(text)), rt(make(chosen)), log(rt.get_logger("app")) {}

  [[nodiscard]] settings read(std::string const& text) const {
    replace_file(path, text);
    return settings::from_file(path);
  }
  [[nodiscard]] fapilog::options make(settings const& s) const {
    fapilog::options made = s.options();
    made.sinks = {sink};
    made.diagnostics_output = [reported = reported](std::string_view line) {
      std::lock_guard const lock{reported->first};
      reported->second += line;
    };
    return made;
  }
  [[nodiscard]] settings_watch::maker maker() {
    return [this](settings const& s) { return make(s); };
  }
  [[nodiscard]] std::string diagnostics_text() const {
    std::lock_guard const lock{reported->first};
    return reported->second;
  }
  /// The messages so far, without those of the library.
  [[nodiscard]] std::vector<std::string> messages() {
    if (!rt.flush(60s)) throw std::runtime_error{"the flush did not end in time"};
    std::vector<std::string> all;
    for (auto const& line : sink->lines()) {
      auto const record = nlohmann::json::parse(line).at("log");
      if (record.at("logger") != "fapilog") all.push_back(record.at("message"));
    }
    return all;
  }
  /// The changes of levels that were recorded, as `loggers: before -> now`.
  [[nodiscard]] std::vector<std::string> level_changes() {
    if (!rt.flush(60s)) throw std::runtime_error{"the flush did not end in time"};
    std::vector<std::string> all;
    for (auto const& line : sink->lines()) {
      auto const record = nlohmann::json::parse(line).at("log");
      if (record.at("message") != "A level was changed") continue;
      auto const& data = record.at("data");
      CHECK(record.at("level") == "AUDIT");
      CHECK(data.at("changed_by") == "settings");
      all.push_back(data.at("loggers").get<std::string>() + ": " +
                    data.at("level_before").get<std::string>() + " -> " +
                    data.at("level").get<std::string>());
    }
    return all;
  }
};

std::vector<std::string> lines_of_file(std::string const& path) {
  std::ifstream in{path};
  std::vector<std::string> all;
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("levels follow the file as soon as it changes") {
  followed f{R"({"core": {"log_level": "WARNING"}})"};
  settings_watch const watch{f.rt, f.chosen, {.interval = 1ms}, f.maker()};
  f.log.info("too low");
  replace_file(f.path, R"({"core": {"log_level": "INFO", "log_levels": {"noise.*": "ERROR"}}})");
  REQUIRE(support::eventually([&] { return watch.applied() == 1; }));
  f.log.info("passes");
  f.rt.get_logger("noise.deep").warning("does not");
  replace_file(f.path, R"({"core": {"log_level": "INFO"}})");
  REQUIRE(support::eventually([&] { return watch.applied() == 2; }));
  f.rt.get_logger("noise.deep").warning("the rule has gone");
  CHECK(f.messages() == texts{"passes", "the rule has gone"});
  CHECK(f.level_changes() ==
        texts{"*: WARNING -> INFO", "noise.*: WARNING -> ERROR", "noise.*: ERROR -> INFO"});
  CHECK(watch.refused() == 0);
  CHECK_THAT(f.diagnostics_text(), ContainsSubstring("core.log_level"));
}

TEST_CASE("filters and redaction lists follow the file") {
  followed f{R"({"core": {"filters": ["sampling"], "redactors": []},
                 "filter_config": {"sampling": {"sample_rate": 0}}})"};
  settings_watch watch{f.rt, f.chosen, {}, f.maker()};
  f.log.info("none pass");
  replace_file(f.path, R"({"core": {"filters": ["sampling"], "redactors": ["field_mask"]},
                         "filter_config": {"sampling": {"sample_rate": 1}},
                         "redactor_config": {"field_mask": {"fields_to_mask": ["data.pin"]}}})");
  auto const result = watch.reload();
  CHECK(result.error.empty());
  CHECK(result.after_restart.empty());
  CHECK(result.applied.size() == 3);
  f.log.info("all pass", kv("pin", 1234));
  CHECK(f.messages() == texts{"all pass"});
  CHECK(f.sink->last().at("data").at("pin") == "***");
  CHECK(f.rt.counts().filtered == 1);
}

TEST_CASE("an invalid file is refused as a whole, and the previous settings stay in effect") {
  followed f{R"({"core": {"log_level": "WARNING"}})"};
  settings_watch watch{f.rt, f.chosen, {.interval = 0ms}, f.maker()};
  std::vector<std::pair<std::string, std::string>> const bad{
      {R"({"core": {"log_level": "DEBUG")", "fapilog.json:1"},
      {R"({"core": {"log_level": "DEBUG", "log_levle": "INFO"}})", "log_level"},
      {R"({"core": {"log_level": "DEBUG", "filters": ["sampling"]},
           "filter_config": {"sampling": {"sample_rate": 2}}})",
       "sample_rate"},
      {R"({"core": {"log_level": "DEBUG", "batch_max_size": -1}})", "batch_max_size"},
      {R"({"core": {"log_level": "DEBUG", "redactors": ["regex_mask"]},
           "redactor_config": {"regex_mask": {"patterns": ["(a"]}}})",
       "patterns"},
      {R"({"core": {"log_level": "DEBUG"}, "extends": "fapilog.json"})", "cycle"}};
  for (auto const& [text, said] : bad) {
    CAPTURE(text);
    replace_file(f.path, text);
    auto const result = watch.reload();
    CHECK(result.is_refused());
    CHECK_THAT(result.error, ContainsSubstring(said));
    f.log.info("too low");
  }
  std::filesystem::remove(f.path);
  CHECK_THAT(watch.reload().error, ContainsSubstring("cannot be read"));
  CHECK(f.messages().empty());
  CHECK(watch.refused() == bad.size() + 1);
  CHECK_THAT(f.diagnostics_text(), ContainsSubstring("refused; the previous settings stay in effect"));
  replace_file(f.path, R"({"core": {"log_level": "INFO"}})");
  CHECK_FALSE(watch.reload().is_refused());
  f.log.info("good again");
  CHECK(f.messages() == texts{"good again"});
}

TEST_CASE("a file that replaces another is noticed, and an invalid one is reported once") {
  followed f{R"({"core": {"log_level": "WARNING"}})"};
  settings_watch const watch{f.rt, f.chosen, {.interval = 1ms}, f.maker()};
  replace_file(f.path, "no JSON");
  REQUIRE(support::eventually([&] { return watch.refused() == 1; }));
  std::string const next = f.folder / "next.json";
  replace_file(next, R"({"core": {"log_level": "INFO"}})");
  std::filesystem::rename(next, f.path);
  REQUIRE(support::eventually([&] { return watch.applied() == 1; }));
  CHECK(watch.refused() == 1);
}

TEST_CASE("files that a file extends are watched, too, including those that a reload adds") {
  support::temporary_directory folder;
  std::string const path = folder / "own.json";
  replace_file(folder / "base.json", R"({"core": {"log_level": "WARNING"}})");
  replace_file(folder / "other.json", R"({"core": {"log_level": "ERROR"}})");
  replace_file(path, R"({"extends": "base.json"})");
  auto const chosen = settings::from_file(path);
  CHECK(chosen.files() == texts{path, folder / "base.json"});
  fapilog::runtime rt{chosen.options()};
  settings_watch const watch{rt, chosen, {.interval = 1ms}};
  replace_file(folder / "base.json", R"({"core": {"log_level": "INFO"}})");
  REQUIRE(support::eventually([&] { return watch.applied() == 1; }));
  replace_file(path, R"({"extends": "other.json"})");
  REQUIRE(support::eventually([&] { return watch.applied() == 2; }));
  replace_file(folder / "other.json", R"({"core": {"log_level": "DEBUG"}})");
  CHECK(support::eventually([&] { return watch.applied() == 3; }));
}

TEST_CASE("SIGHUP reloads the file and calls the previous handler, which is restored when the watch ends") {
  static std::atomic<int> own{0};
  struct sigaction before {};
  struct sigaction counting {};
  counting.sa_handler = [](int) { ++own; };
  ::sigemptyset(&counting.sa_mask);
  REQUIRE(::sigaction(SIGHUP, &counting, &before) == 0);
  followed f{R"({"core": {"log_level": "WARNING"}})"};
  {
    settings_watch const watch{f.rt, f.chosen, {.interval = 0ms, .on_sighup = true}, f.maker()};
    replace_file(f.path, R"({"core": {"log_level": "INFO"}})");
    CHECK(watch.applied() == 0);
    REQUIRE(::raise(SIGHUP) == 0);
    REQUIRE(support::eventually([&] { return watch.applied() == 1; }));
    CHECK(own == 1);
    settings_watch const another{
        f.rt, settings::from_file(f.path), {.interval = 0ms, .on_sighup = true}, f.maker()};
    replace_file(f.path, R"({"core": {"log_level": "DEBUG"}})");
    REQUIRE(::raise(SIGHUP) == 0);
    CHECK(support::eventually([&] { return watch.applied() == 2 && another.applied() == 1; }));
  }
  REQUIRE(::raise(SIGHUP) == 0);
  CHECK(own == 3);
  REQUIRE(::sigaction(SIGHUP, &before, &counting) == 0);
  CHECK(counting.sa_handler != nullptr);
  f.log.info("x");
  CHECK(f.messages().size() == 1);
}

TEST_CASE("SIGHUP lets the sinks of the runtime open their files again") {
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  replace_file(folder / "fapilog.json", "{}");
  auto const chosen = settings::from_file(folder / "fapilog.json");
  auto const make = [&](settings const& s) {
    fapilog::options made = s.options();
    // With a clock that does not move the sink does not look for its file by itself.
    made.sinks = {fapilog::sinks::rotating_file{{.path = path, .now_ns = [] { return std::int64_t{0}; }}}};
    return made;
  };
  fapilog::runtime rt{make(chosen)};
  rt.get_logger().info("first");
  REQUIRE(rt.flush(60s));
  settings_watch const watch{rt, chosen, {.interval = 0ms, .on_sighup = true}, make};
  std::filesystem::rename(path, path + ".1");
  REQUIRE(::raise(SIGHUP) == 0);
  CHECK(support::eventually([&] { return rt.flush(60s).complete && std::filesystem::exists(path); }));
  rt.get_logger().info("second");
  REQUIRE(rt.flush(60s));
  CHECK(lines_of_file(path).size() == 1);
  CHECK(lines_of_file(path + ".1").size() == 1);
}

TEST_CASE(
    "a sink that throws when it is opened again keeps neither settings nor other sinks from being read "
    "again") {
  struct throwing_sink {
    void write(fapilog::batch const& /*entries*/) {}
    void reopen() { throw 42; }
  };
  struct counting_sink {
    std::shared_ptr<std::atomic<int>> reopened;
    void write(fapilog::batch const& /*entries*/) {}
    void reopen() const { ++*reopened; }
  };
  support::temporary_directory folder;
  std::string const path = folder / "fapilog.json";
  replace_file(path, R"({"core": {"log_level": "WARNING"}})");
  auto const chosen = settings::from_file(path);
  auto const reopened = std::make_shared<std::atomic<int>>(0);
  auto const make = [&](settings const& s) {
    fapilog::options made = s.options();
    made.sinks = {throwing_sink{}, counting_sink{reopened}};
    made.diagnostics_output = [](std::string_view) {};
    return made;
  };
  fapilog::runtime rt{make(chosen)};
  settings_watch const watch{rt, chosen, {.interval = 0ms, .on_sighup = true}, make};
  replace_file(path, R"({"core": {"log_level": "INFO"}})");
  REQUIRE(::raise(SIGHUP) == 0);
  CHECK(support::eventually([&] { return watch.applied() == 1; }));
  CHECK(*reopened == 1);
  CHECK_THROWS_AS(rt.reopen(), int);
  CHECK(*reopened == 2);
}

TEST_CASE("files with relative paths are followed after a change of the working directory") {
  support::temporary_directory folder;
  auto const here = std::filesystem::canonical(folder.path());
  std::filesystem::create_directory(here / "elsewhere");
  replace_file(here / "base.json", R"({"core": {"log_level": "WARNING"}})");
  replace_file(here / "fapilog.json", R"({"extends": "base.json"})");
  auto const before = std::filesystem::current_path();
  std::filesystem::current_path(here);
  settings const chosen = settings::from_file("./fapilog.json");
  std::filesystem::current_path(here / "elsewhere");
  CHECK(chosen.files() == texts{here / "fapilog.json", here / "base.json"});
  auto sink = std::make_shared<support::capture>();
  auto const make = [&](settings const& s) {
    fapilog::options made = s.options();
    made.sinks = {sink};
    return made;
  };
  fapilog::runtime rt{make(chosen)};
  settings_watch watch{rt, chosen, {.interval = 0ms}, make};
  replace_file(here / "base.json", R"({"core": {"log_level": "DEBUG"}})");
  auto const result = watch.reload();
  CHECK(result.error.empty());
  CHECK(result.applied == texts{"core.log_level"});
  // Messages have the path as it was given.
  replace_file(here / "base.json", R"({"core": {"log_level": "NONE"}})");
  CHECK_THAT(watch.reload().error, ContainsSubstring("[./base.json:1]") && !ContainsSubstring(here.string()));
  std::filesystem::current_path(before);
}

TEST_CASE("stages whose settings did not change keep their state") {
  std::string const filter = R"("filters": ["first_occurrence"])";
  followed f{R"({"core": {)" + filter + "}}"};
  settings_watch watch{f.rt, f.chosen, {.interval = 0ms}, f.maker()};
  f.log.info("once");
  replace_file(f.path, R"({"core": {"redactors": ["field_mask"], )" + filter + "}}");
  CHECK(watch.reload().applied.size() == 1);
  f.log.info("once");
  f.log.info("another");
  CHECK(f.messages() == texts{"once", "another"});
}

TEST_CASE("levels set in code stay while those of the file do not change") {
  followed f{R"({"core": {"log_level": "WARNING"}})"};
  settings_watch watch{f.rt, f.chosen, {.interval = 0ms}, f.maker()};
  f.rt.set_level(fapilog::level::debug);
  replace_file(f.path, R"({"core": {"log_level": "WARNING", "filters": ["level"]}})");
  CHECK(watch.reload().applied == texts{"core.filters"});
  f.log.debug("passes the level of code");
  CHECK(f.rt.flush(60s).submitted == 1);
}

TEST_CASE("settings that need a restart are named, and the others take effect") {
  followed f{R"({"core": {"log_level": "WARNING"}})"};
  settings_watch watch{f.rt, f.chosen, {.interval = 0ms}, f.maker()};
  replace_file(f.path,
               R"({"core": {"log_level": "INFO", "lane_bytes": "2 MB", "sinks": ["stdout_pretty"]}})");
  auto const result = watch.reload();
  CHECK(result.applied == texts{"core.log_level"});
  CHECK(result.after_restart.size() == 2);
  CHECK_THAT(f.diagnostics_text(), ContainsSubstring("these take effect after a restart") &&
                                       ContainsSubstring("core.lane_bytes") &&
                                       ContainsSubstring("core.sinks"));
  f.log.info("passes");
  CHECK(f.messages() == texts{"passes"});
}

TEST_CASE("a reload without a change does nothing") {
  followed f{R"({"core": {"log_level": "WARNING"}})"};
  settings_watch watch{f.rt, f.chosen, {.interval = 0ms}, f.maker()};
  replace_file(f.path, "{ \"core\" :\n {\"log_level\":\"WARNING\"}}\n");
  auto const result = watch.reload();
  CHECK(result.applied.empty());
  CHECK(result.after_restart.empty());
  CHECK_FALSE(result.is_refused());
  CHECK(watch.applied() == 0);
  CHECK(f.diagnostics_text().empty());
}

TEST_CASE("the routes of sinks follow the file") {
  support::temporary_directory folder;
  auto const text = [&](std::string const& least) {
    return R"({"core": {"sinks": ["all", "some"]}, "sink_config": {
      "all": {"type": "rotating_file", "path": ")" +
           folder / "all.log" + R"("},
      "some": {"type": "rotating_file", "path": ")" +
           folder / "some.log" + R"(", "delivery": {"route": {"min_level": ")" + least + R"("}}}}})";
  };
  std::string const path = folder / "fapilog.json";
  replace_file(path, text("ERROR"));
  auto const chosen = settings::from_file(path);
  fapilog::runtime rt{chosen.options()};
  settings_watch watch{rt, chosen, {.interval = 0ms}};
  auto const log = rt.get_logger();
  log.info("one");
  log.error("two");
  replace_file(path, text("INFO"));
  auto const result = watch.reload();
  CHECK(result.error.empty());
  CHECK(result.applied == texts{"sink_config.some.delivery.route.min_level"});
  log.info("three");
  CHECK(rt.flush(60s).complete);
  CHECK(lines_of_file(folder / "all.log").size() == 3);
  CHECK(lines_of_file(folder / "some.log").size() == 2);
}

TEST_CASE("stages added in code are added again, and a watch that would lose them is refused") {
  followed f{R"({"core": {"redactors": ["field_mask"]}})"};
  auto const make = [&](settings const& s) {
    auto made = f.make(s);
    made.redactors.emplace_back(
        [](fapilog::event& e) { e.data.set("by_code", fapilog::value::of_bool(true)); });
    return made;
  };
  fapilog::runtime rt{make(f.chosen)};
  CHECK_THROWS_WITH((settings_watch{rt, f.chosen}), ContainsSubstring("the stages field_mask, redactor") &&
                                                        ContainsSubstring("its settings make field_mask;"));
  settings_watch watch{rt, f.chosen, {.interval = 0ms}, make};
  replace_file(f.path, R"({"core": {"redactors": ["url_credentials"]}})");
  CHECK(watch.reload().applied == texts{"core.redactors"});
  rt.get_logger().info("x");
  REQUIRE(rt.flush(60s).complete);
  CHECK(f.sink->last().at("data").at("by_code") == true);
}

TEST_CASE(
    "whatever the function that makes the options throws, the reload is refused and the process continues") {
  followed f{R"({"core": {"log_level": "WARNING"}})"};
  std::atomic<bool> fails{false};
  settings_watch watch{f.rt, f.chosen, {.interval = 1ms}, [&](settings const& s) {
                         if (fails) throw 42;
                         return f.make(s);
                       }};
  fails = true;
  replace_file(f.path, R"({"core": {"log_level": "INFO"}})");
  CHECK(support::eventually([&] { return watch.refused() == 1; }));
  CHECK_THAT(f.diagnostics_text(), ContainsSubstring("refused; the previous settings stay in effect"));
  CHECK(watch.reload().is_refused());
  fails = false;
  CHECK_FALSE(watch.reload().is_refused());
  f.log.info("good again");
  CHECK(f.messages() == texts{"good again"});
}

TEST_CASE("an interval below zero is refused") {
  followed f{"{}"};
  CHECK_THROWS_WITH((settings_watch{f.rt, f.chosen, {.interval = -1ms}, f.maker()}),
                    ContainsSubstring("settings_watch.interval: -1ms is out of range (0s or more)"));
}

TEST_CASE("in a forked child a watch is inactive and can be destroyed") {
  // The address sanitizer's allocator does not survive a fork while another thread allocates, and the watch thread does.
  if (support::sanitized) SKIP("the sanitizers do not support this fork");
  followed f{R"({"core": {"log_level": "WARNING"}})"};
  auto watch = std::make_unique<settings_watch>(f.rt, f.chosen,
                                                fapilog::settings_watch_options{.interval = 1ms}, f.maker());
  int const status = support::status_of_child([&] {
    watch.reset();
    f.log.warning("from the child");
    return f.rt.drain(60s).processed == 1 ? 0 : 1;
  });
  CHECK(status == 0);
  replace_file(f.path, R"({"core": {"log_level": "INFO"}})");
  CHECK(support::eventually([&] { return watch->applied() == 1; }));
}

TEST_CASE("after its runtime has been drained a watch applies nothing and can be destroyed") {
  followed f{R"({"core": {"log_level": "WARNING"}})"};
  settings_watch watch{f.rt, f.chosen, {.interval = 0ms}, f.maker()};
  (void)f.rt.drain(60s);
  replace_file(f.path, R"({"core": {"log_level": "INFO"}})");
  CHECK(watch.reload().applied == texts{"core.log_level"});
  CHECK_THAT(f.diagnostics_text(), ContainsSubstring("the worker has not applied them yet"));
}

TEST_CASE("a refused file is read again when the file that it extends is corrected") {
  support::temporary_directory folder;
  std::string const path = folder / "own.json";
  replace_file(path, R"({"core": {"log_level": "WARNING"}})");
  auto const chosen = settings::from_file(path);
  fapilog::options options = chosen.options();
  options.diagnostics_output = [](std::string_view) {};
  fapilog::runtime rt{std::move(options)};
  settings_watch const watch{rt, chosen, {.interval = 1ms}};
  replace_file(folder / "base.json", "no JSON");
  replace_file(path, R"({"extends": "base.json"})");
  REQUIRE(support::eventually([&] { return watch.refused() == 1; }));
  replace_file(folder / "base.json", R"({"core": {"log_level": "INFO"}})");
  CHECK(support::eventually([&] { return watch.applied() == 1; }));
}
