// SPDX-License-Identifier: MIT
// Diagnostics on a standard error that is closed, full or without a reader; programs without standard descriptors.
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/files.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using Catch::Matchers::ContainsSubstring;
using namespace std::chrono_literals;

namespace {

/// Rejects every record, which is reported.
struct rejecting_sink {
  fapilog::write_result write(fapilog::batch const&) const {
    return fapilog::write_result::rejected({0}, "no");
  }
};

struct throwing_value {};
void to_log(fapilog::object_writer&, throwing_value const&) { throw std::runtime_error{"value"}; }

/// Logs records that are reported on standard error. 42 if the runtime ends.
int report_and_drain() {
  fapilog::options o;
  o.batch_max_size = 1;
  o.sinks = {rejecting_sink{}};
  fapilog::runtime rt{std::move(o)};
  auto const log = rt.get_logger("stderr");
  for (int i = 0; i < 20; ++i) {
    log.info("n {}", i);
    (void)rt.flush(60s);
  }
  for (int i = 0; i < 2'000; ++i) rt.diagnostics().warn("component " + std::to_string(i), "message");
  return rt.drain(60s).rejected == 20 ? 42 : 1;
}

}  // namespace

TEST_CASE("diagnostics do not end a program whose standard error has no reader, and raise no signal") {
  bool const is_socket = GENERATE(false, true);
  int const status = support::status_of_child([&] {
    int ends[2];
    if ((is_socket ? ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : ::pipe(ends)) != 0) return 2;
    ::close(ends[0]);
    ::dup2(ends[1], 2);
    std::signal(SIGPIPE, SIG_DFL);
    return report_and_drain();
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 42);
}

TEST_CASE("diagnostics do not hang on a standard error whose reader takes nothing") {
  bool const is_socket = GENERATE(false, true);
  int const status = support::status_of_child([&] {
    int ends[2];
    if ((is_socket ? ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : ::pipe(ends)) != 0) return 2;
    ::dup2(ends[1], 2);
    ::alarm(100);
    return report_and_drain();
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 42);
}

TEST_CASE("a diagnostic contains no name of a logger and no key, which may be secrets") {
  std::string text;
  {
    fapilog::options o;
    o.diagnostics_output = [&](std::string_view line) { text += line; };
    o.max_record_bytes = 1'024;
    o.sinks = {rejecting_sink{}};
    fapilog::runtime rt{std::move(o)};
    auto const log = rt.get_logger("tenant-s3cr3t");
    std::string const key = "key-s3cr3t";
    log.info("cut", fapilog::kv(fapilog::dynamic_key(key), std::string(100'000, 'x')));
    log.info("failed", fapilog::kv(fapilog::dynamic_key(key), throwing_value{}));
  }
  CHECK_THAT(text, ContainsSubstring("standard_error_test.cpp:"));
  CHECK_THAT(text, !ContainsSubstring("s3cr3t"));
}

TEST_CASE("a program started without standard descriptors", "[.without_standard_descriptors]") {
  char const* const path = std::getenv("FAPILOG_TEST_FILE");
  REQUIRE(path != nullptr);
  // Without the library, this file would be standard output or error.
  int files[3];
  for (int& file : files) file = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  int status = 0;
  {
    fapilog::options o;
    o.sinks = {fapilog::sinks::stdout_json{}, fapilog::sinks::stdout_json{{.descriptor = 2}},
               rejecting_sink{}};
    fapilog::runtime rt{std::move(o)};
    rt.get_logger("svc").info("to nowhere");
    status = rt.drain(60s).rejected == 1 ? 42 : 3;
  }
  struct ::stat s {};
  for (int const file : files) {
    if (file <= 2) status = 4;
    if (::fstat(file, &s) != 0 || s.st_size != 0) status = 5;
  }
  ::_exit(status);
}

TEST_CASE(
    "a program started with descriptors 0 to 2 closed writes neither records nor diagnostics into its other "
    "files") {
  support::temporary_directory const directory;
  ::setenv("FAPILOG_TEST_FILE", (directory / "data").c_str(), 1);
  ::pid_t const child = ::fork();
  if (child == 0) {
    for (int descriptor = 0; descriptor <= 2; ++descriptor) ::close(descriptor);
    ::execl("/proc/self/exe", "tests", "a program started without standard descriptors", nullptr);
    ::_exit(1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  ::unsetenv("FAPILOG_TEST_FILE");
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 42);
}
