// SPDX-License-Identifier: MIT
// Tests integrations/descriptor_capture.hpp: what other code prints becomes records.
#include <fapilog/integrations/descriptor_capture.hpp>
#include <fapilog/sinks/stdout_json.hpp>

#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/eventually.hpp"
#include "support/logged.hpp"
#include "support/temporary_directory.hpp"

namespace {

using fapilog::integrations::descriptor_capture;
using texts = std::vector<std::string>;

/// A file in the place of standard output or error, until the end.
class printed_file {
 public:
  explicit printed_file(int descriptor) : descriptor_(descriptor) {
    std::fflush(nullptr);
    std::cout.flush();
    saved_ = ::dup(descriptor);
    int const file = ::open((folder_ / "printed").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(file, descriptor);
    ::close(file);
  }
  printed_file(printed_file const&) = delete;
  printed_file& operator=(printed_file const&) = delete;
  ~printed_file() { restore(); }

  void restore() {
    if (saved_ < 0) return;
    std::fflush(nullptr);
    std::cout.flush();
    ::dup2(saved_, descriptor_);
    ::close(saved_);
    saved_ = -1;
  }
  [[nodiscard]] std::string text() const {
    std::ifstream in{folder_ / "printed"};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

 private:
  support::temporary_directory folder_;
  int descriptor_;
  int saved_ = -1;
};

texts texts_of(support::logged& test) {
  texts all;
  for (auto const& record : test.records()) all.push_back(record.at("message"));
  return all;
}
void write_raw(int descriptor, std::string_view text) {
  (void)!::write(descriptor, text.data(), text.size());
}

/// The text that a child leaves in standard error when `body` crashes it.
template <class Body>
std::string last_words(Body body) {
  printed_file errors{2};
  int const status = support::status_of_child([&]() -> int {
    for (int const number : {SIGABRT, SIGFPE}) std::signal(number, SIG_DFL);  // not Catch's
    body();
    return 0;
  });
  errors.restore();
  CHECK(WIFSIGNALED(status));
  return errors.text();
}

}  // namespace

TEST_CASE("what is printed in any way is a record, and the descriptor is restored at the end") {
  support::logged test;
  printed_file output{1};
  std::printf("before\n");
  {
    descriptor_capture capture{1, test.log, {.severity = fapilog::level::warning}};
    std::printf("by printf %d\n", 1);
    std::cout << "by cout" << std::endl;
    write_raw(1, "by write\r\n\n");
    CHECK(capture.flush(std::chrono::seconds{60}));
    (void)!std::system("echo by a program");
    CHECK(capture.flush(std::chrono::seconds{60}));
    write_raw(capture.original(), "to the original\n");
    write_raw(1, "without an end");
  }
  std::printf("after\n");
  output.restore();
  CHECK(texts_of(test) == texts{"by printf 1", "by cout", "by write", "by a program", "without an end"});
  CHECK(test.last().at("level") == "WARNING");
  CHECK(output.text() == "before\nto the original\nafter\n");
}

TEST_CASE("standard output and error have captures of their own, one at a time") {
  support::logged test;
  printed_file output{1};
  printed_file errors{2};
  for (int round = 0; round < 3; ++round) {
    descriptor_capture const first{1, test.log};
    descriptor_capture const second{2, test.log.with(fapilog::kv("stream", "error"))};
    CHECK_THROWS_AS(descriptor_capture(1, test.log), std::logic_error);
    std::fprintf(stderr, "error\n");
  }
  CHECK_THROWS_AS(descriptor_capture(0, test.log), std::invalid_argument);
  errors.restore();
  output.restore();
  auto const records = test.records();
  REQUIRE(records.size() == 3);
  for (auto const& record : records) CHECK(record.at("data").at("stream") == "error");
  CHECK(output.text().empty());
  CHECK(errors.text().empty());
}

TEST_CASE("a printed line without an end is bounded") {
  support::logged test;
  printed_file output{1};
  std::optional<descriptor_capture> capture{std::in_place, 1, test.log};
  std::string const longer(50'000, 'x');
  write_raw(1, longer);
  write_raw(1, "\nshort\n");
  capture.reset();
  output.restore();
  std::size_t total = 0;
  auto const all = texts_of(test);
  for (std::string const& text : all) {
    CHECK(text.size() <= 8192);
    total += text.size();
  }
  CHECK(total == longer.size() + 5);
  CHECK(all.back() == "short");
}

TEST_CASE("sinks and diagnostics write to the original file of a captured descriptor") {
  printed_file output{1};
  {
    fapilog::runtime rt{{.sinks = {fapilog::sinks::stdout_json{}}}};
    descriptor_capture const capture{1, rt.get_logger("printed")};
    std::printf("one line\n");
  }
  output.restore();
  std::string const text = output.text();
  REQUIRE(text.find('\n') == text.size() - 1);
  CHECK(nlohmann::json::parse(text).at("log").at("message") == "one line");
}

TEST_CASE("a sink that prints makes no endless loop") {
  struct printing {
    void write(fapilog::batch const& entries) {
      for (auto const& e : entries) {
        std::string const line{e.event.message};
        std::printf("delivered %s\n", line.substr(0, 20).c_str());
      }
    }
  };
  printed_file output{1};
  {
    fapilog::runtime rt{{.sinks = {printing{}}}};
    descriptor_capture const capture{1, rt.get_logger("printed"), {.max_lines_per_second = 20}};
    std::printf("one line\n");
    CHECK(support::eventually([&] { return capture.passed_lines() >= 2; }));  // the line and the warning
    CHECK(rt.flush(std::chrono::seconds{60}));
  }
  output.restore();
  CHECK(output.text().find("delivered delivered") != std::string::npos);
}

TEST_CASE("a sink that prints more than a pipe takes does not block the calls that wait for it") {
  struct printing {
    void write(fapilog::batch const& entries) {
      std::string const line = std::string(1000, 'p') + '\n';
      for (std::size_t i = 0; i < entries.size() && left > 0; ++i, --left) std::fputs(line.c_str(), stdout);
    }
    int left = 2000;
  };
  printed_file output{1};
  int const status = support::status_of_child([] {  // which an alarm ends if it hangs
    fapilog::runtime rt{{.when_full = fapilog::when_full::block, .lane_bytes = 4096, .sinks = {printing{}}}};
    auto const log = rt.get_logger("printed");
    descriptor_capture const capture{1, log, {.max_lines_per_second = 0}};
    for (int i = 0; i < 2000; ++i) log.info("a call", fapilog::kv("number", i));
    return rt.flush(std::chrono::seconds{60}) ? 0 : 1;
  });
  output.restore();
  CHECK(status == 0);
}

TEST_CASE("lines that are printed after the end of the runtime go to the original file") {
  printed_file output{1};
  {
    auto test = std::make_unique<support::logged>();
    descriptor_capture const capture{1, test->log};
    test.reset();
    std::printf("late\n");
  }
  output.restore();
  CHECK(output.text() == "late\n");
}

TEST_CASE("a descriptor that the program has replaced meanwhile is not restored") {
  support::logged test;
  printed_file output{1};
  {
    descriptor_capture const capture{1, test.log};
    int const null = ::open("/dev/null", O_WRONLY);
    ::dup2(null, 1);
    ::close(null);
  }
  write_raw(1, "to the null device\n");
  output.restore();
  CHECK(output.text().empty());
  CHECK(test.records().empty());
}

TEST_CASE("a forked child prints to the original file") {
  printed_file output{1};
  int const status = support::status_of_child([] {
    auto test = std::make_unique<support::logged>();
    auto capture = std::make_unique<descriptor_capture>(1, test->log);
    int const inner = support::status_of_child([&] {
      write_raw(1, "of the child\n");
      capture.reset();
      write_raw(1, "at its end\n");
      descriptor_capture{1, test->log}.flush();  // it can capture, too
      return 0;
    });
    write_raw(1, "of the parent\n");
    capture.reset();
    return inner == 0 && texts_of(*test) == texts{"of the parent"} ? 0 : 1;
  });
  output.restore();
  CHECK(status == 0);
  CHECK(output.text() == "of the child\nat its end\n");
}

TEST_CASE("the last words of a process that crashes reach the real standard error") {
  CHECK(last_words([] {
          support::logged test;
          descriptor_capture const capture{2, test.log};
          std::fprintf(stderr, "assertion failed\n");
          std::abort();
        }) == "assertion failed\n");
  CHECK(last_words([] {
          support::logged test;
          descriptor_capture capture{2, test.log};
          std::fprintf(stderr, "first\n");
          (void)capture.flush();  // a record has it that the crash may lose
          std::fprintf(stderr, "second\n");
          std::raise(SIGFPE);
        }) == "first\nsecond\n");
  CHECK(last_words([] {
          support::logged test{{.crash = fapilog::crash_options{}}};
          descriptor_capture const capture{2, test.log};
          try {
            throw std::runtime_error{"no stock"};
          } catch (...) {
            std::terminate();
          }
        }).find("no stock") != std::string::npos);
}
