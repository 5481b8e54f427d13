// SPDX-License-Identifier: MIT
// Input that asks for more than anybody needs: widths of a billion, keys of a megabyte, a hundred thousand loggers, and paths that
// leave their directory.
#include "support/logged.hpp"

#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/rotating_file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

namespace hostile_sizes {
struct inches {
  int value;
};
struct long_failure {};
}  // namespace hostile_sizes

/// Writes more than the limit below has room for, with a rest that fmt still has in its buffer, and throws.
template <>
struct fmt::formatter<hostile_sizes::long_failure> : fmt::formatter<int> {
  template <class Context>
  auto format(hostile_sizes::long_failure, Context& context) const {
    auto out = context.out();
    for (int i = 0; i < 4'200; ++i) *out++ = 'x';
    if (throws_) throw std::runtime_error{"late"};
    return out;
  }
  bool throws_ = true;
};

template <>
struct fmt::formatter<hostile_sizes::inches> : fmt::formatter<int> {
  template <class Context>
  auto format(hostile_sizes::inches const& length, Context& context) const {
    return fmt::formatter<int>::format(length.value, context);
  }
};

namespace {

constexpr std::size_t hostile_limit = 4'096;

/// The record of the call, which must be cut, marked and reported, between two others that are intact.
nlohmann::json cut_record(auto&& call) {
  support::logged test{{.max_record_bytes = hostile_limit}};
  test.log.info("before {}", 1);
  call(test.log);
  test.log.info("after {:>3}", 2);
  auto const all = test.records();
  REQUIRE(all.size() == 3);
  CHECK(all[0].at("message") == "before 1");
  CHECK(all[2].at("message") == "after   2");
  CHECK_FALSE(all[2].at("data").contains("_truncated"));
  CHECK(all[1].at("data").at("_truncated") == true);
  CHECK_THAT(test.diagnostics_text(), Catch::Matchers::Contains("a record was cut"));
  return all[1];
}

}  // namespace

TEST_CASE("a message whose width asks for a gigabyte is cut and marked, and takes no memory") {
  constexpr int billion = 1'000'000'000;
  using hostile_sizes::inches;
  auto const message = [](auto&& call) { return cut_record(call).at("message").template get<std::string>(); };
  std::string const spaces(64, ' ');
  std::string text = message([&](auto const& log) { log.info("{:>{}}|", 1, billion); });
  CHECK(text.size() == hostile_limit);
  CHECK(text.starts_with(spaces));
  text = message([&](auto const& log) { log.info(fapilog::runtime_text{"%n{:>2000000000}"}, 1); });
  CHECK(text.starts_with("%n" + spaces));
  // Fills are characters of three bytes: none is cut.
  text = message([&](auto const& log) { log.info("{:€>{}}", 1, billion); });
  CHECK(text.size() == hostile_limit - 1);
  CHECK(text.ends_with("€€"));
  // A type of the application's own is formatted by the call.
  text = message([&](auto const& log) { log.info("{:>{}} {}", 1, billion, inches{3}); });
  CHECK(text.starts_with(spaces));
  CHECK(text.size() <= hostile_limit);
  text = message([&](auto const& log) { log.info("{:>1999999999}", inches{3}); });
  CHECK(text.starts_with(spaces));
}

TEST_CASE("a message of an application's own type that is within the limit is whole") {
  support::logged test{{.max_record_bytes = hostile_limit}};
  std::string const text(3'000, 'x');
  test.log.info("{} {:>700}", text, hostile_sizes::inches{3});
  CHECK(test.last().at("message") == text + ' ' + std::string(699, ' ') + '3');
  CHECK_FALSE(test.last().at("data").contains("_truncated"));
}

TEST_CASE("a formatter that throws after it has filled the limit costs its message, not the process") {
  support::logged test{{.max_record_bytes = hostile_limit}};
  test.log.info("a {}", hostile_sizes::long_failure{});
  test.log.info("after");
  auto const all = test.records();
  REQUIRE(all.size() == 2);
  CHECK(all[0].at("message") == "a {} <error: late>");
  CHECK(all[1].at("message") == "after");
}

TEST_CASE("keys of a megabyte are cut, and their records arrive") {
  support::logged test;
  for (int i = 0; i < 100; ++i) {
    test.log.info("long", fapilog::kv(fapilog::dynamic_key{std::string(1'000'000, 'k')}, i),
                  fapilog::kv("i", i));
  }
  auto const all = test.records();
  REQUIRE(all.size() == 100);
  for (int i = 0; i < 100; ++i) {
    CHECK(all[static_cast<std::size_t>(i)].at("data") ==
          nlohmann::json{{std::string(1'024, 'k'), i}, {"i", i}});
  }
}

TEST_CASE("a hundred thousand loggers arrive under their names") {
  support::logged test{{.when_full = fapilog::when_full::block}};
  constexpr int count = 100'000;
  for (int i = 0; i < count; ++i) test.rt.get_logger("logger." + std::to_string(i)).info("once");
  REQUIRE(test.rt.flush(std::chrono::seconds{60}).complete);
  auto const lines = test.sink->lines();
  REQUIRE(lines.size() == count);
  for (int i = 0; i < count; i += 997) {
    auto const line = nlohmann::json::parse(lines[static_cast<std::size_t>(i)]);
    CHECK(line.at("log").at("logger") == "logger." + std::to_string(i));
  }
}

TEST_CASE("no name of a file leaves its directory, and no special file is opened or waited for") {
  using fapilog::sinks::rotating_file_config;
  support::temporary_directory const root;
  std::string const inside = root / "logs";
  std::filesystem::create_directory(inside);
  REQUIRE(::mkfifo((inside + "/fifo").c_str(), 0600) == 0);
  std::filesystem::create_symlink("/etc/passwd", inside + "/link");
  std::filesystem::create_symlink(root / "elsewhere", inside + "/dangling");
  std::filesystem::create_directory(inside + "/directory");
  std::vector<rotating_file_config> all;
  for (std::string const prefix :
       {"../app", "..",  "../../etc/app", "/etc/cron.d/app", "a/b",       "a/../b",        "a/",
        "/",      "//",  "./app",         "app/.",           "app/..",    "../",           "..\\..\\app/",
        "a..b",   "...", "..app",         "app..",           "/dev/null", "/proc/self/mem"}) {
    all.push_back({.directory = inside, .filename_prefix = prefix});
  }
  all.push_back({.directory = inside, .filename_prefix = std::string("a\0b", 3)});
  all.push_back({.directory = inside, .filename_prefix = std::string("\0", 1)});
  all.push_back({.directory = inside, .filename_prefix = std::string(4'096, 'p')});
  all.push_back({.directory = inside, .filename_prefix = std::string(250, 'p')});
  all.push_back({.directory = std::string("a\0b", 3), .filename_prefix = "app"});
  all.push_back({.directory = root / (std::string(4'096, 'd')), .filename_prefix = "app"});
  for (std::string const& path :
       {inside + "/fifo", inside + "/link", inside + "/dangling", inside + "/directory", inside + "/",
        inside + "/.", inside + "/..", inside, std::string{"/dev/null"}, std::string{"/dev/zero"},
        std::string{"/dev/stdin"}, std::string{"/proc/self/mem/app.log"}, std::string{"/dev/null/app.log"},
        inside + "/fifo/app.log", std::string(4'096, 'p'), inside + '/' + std::string(300, 'p'),
        inside + std::string("/a\0b", 4), std::string("\0", 1)}) {
    all.push_back({.path = path});
  }
  CHECK(all.size() >= 40);
  for (auto const& config : all) {
    CAPTURE(config.path, config.directory, config.filename_prefix);
    fapilog::sinks::rotating_file sink{config};
    CHECK_THROWS_AS(sink.start(fapilog::start_context{}), std::runtime_error);
  }
  CHECK_FALSE(std::filesystem::exists(root / "elsewhere"));
  std::vector<std::string> names;
  for (auto const& item : std::filesystem::recursive_directory_iterator{root.path()})
    names.push_back(item.path().filename().string());
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{"dangling", "directory", "fifo", "link", "logs"});
}
