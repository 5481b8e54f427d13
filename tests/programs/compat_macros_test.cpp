// SPDX-License-Identifier: MIT
// Tests integrations/compat_macros.hpp: the macros of spdlog and glog on fapilog. Without Catch2, which has macros of the same names.
#define SPDLOG_ACTIVE_LEVEL SPDLOG_LEVEL_DEBUG
#include <fapilog/integrations/compat_macros.hpp>
#include <fapilog/sinks/stdout_json.hpp>

#include <nlohmann/json.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iomanip>
#include <ostream>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "support/logged.hpp"

namespace {

using fapilog::kv;
using nlohmann::json;

int problems = 0;

template <class A, class B>
void expect_equal(A const& found, B const& expected, int line) {
  if (found == expected) return;
  ++problems;
  std::fprintf(stderr, "line %d: %s, expected %s\n", line, json(found).dump().c_str(),
               json(expected).dump().c_str());
}

std::vector<std::string> texts(support::logged& test) {
  std::vector<std::string> all;
  for (json const& record : test.records()) all.push_back(record.at("message"));
  return all;
}
using list = std::vector<std::string>;

fapilog::options debug_options() {
  fapilog::options chosen{.log_level = fapilog::level::debug};
  chosen.source_location = true;
  return chosen;
}

struct with_runtime : support::logged {
  with_runtime() : support::logged(debug_options()) {
    fapilog::compat::spdlog::drop_all();
    fapilog::compat::spdlog::use(rt);
  }
  ~with_runtime() { fapilog::compat::spdlog::drop_all(); }
};

void spdlog_macros() {
  with_runtime test;
  auto const log = fapilog::compat::spdlog::create_logger("named");
  SPDLOG_TRACE("removed {}", 1);
  SPDLOG_DEBUG("debug {}", 2);
  SPDLOG_LOGGER_WARN(log, "warn", kv("a", 1));
  int const line = __LINE__ + 1;
  SPDLOG_ERROR("error");
  expect_equal(texts(test), list{"debug 2", "warn", "error"}, __LINE__);
  auto const records = test.records();
  expect_equal(records.at(1).at("logger"), "named", __LINE__);
  expect_equal(records.at(1).at("data").at("a"), 1, __LINE__);
  expect_equal(records.at(2).at("diagnostics").at("line"), line, __LINE__);
}

void glog_macros() {
  with_runtime test;
  int const line = __LINE__ + 1;
  LOG(INFO) << "took " << 5 << " ms" << kv("order", std::string{"o-1"}) << std::hex << ' ' << 255;
  LOG_IF(WARNING, false) << "not logged";
  if (line > 0) LOG_IF(WARNING, true) << "logged";
  else LOG(ERROR) << "a dangling else";
  for (int i = 0; i < 5; ++i) LOG_EVERY_N(INFO, 2) << "even " << i;
  for (int i = 0; i < 5; ++i) LOG_FIRST_N(INFO, 2) << "first " << i;
  for (int i = 0; i < 5; ++i) LOG_EVERY_T(INFO, 3600) << "hourly " << i;
  VLOG(1) << "not verbose";
  fapilog::compat::verbosity = 1;
  VLOG(1) << "verbose";
  CHECK(line > 0) << "not logged";
  CHECK_EQ(1 + 1, 2) << "not logged";
  CHECK_NE(line, 0);
  LOG(INFO) << "ended" << std::endl;
  errno = ENOENT;
  PLOG(ERROR) << "open x";
  PLOG_IF(ERROR, line == 0) << "not logged";
  for (int i = 0; i < 5; ++i) LOG_IF_EVERY_N(INFO, i > 1, 2) << "above one " << i;
  std::string const name = "a";
  CHECK_STREQ(name.c_str(), "a") << "not logged";
  CHECK_STRNE(name.c_str(), "A");
  CHECK_STRCASEEQ(name.c_str(), "A");
  CHECK_STREQ(static_cast<char const*>(nullptr), nullptr);
  CHECK_NEAR(1.0, 1.01, 0.1);
  PCHECK(line > 0);
  std::string const* const pointer = CHECK_NOTNULL(&name);
  expect_equal(*pointer, name, __LINE__);
  expect_equal(
      texts(test),
      list{"took 5 ms ff", "logged", "even 0", "even 2", "even 4", "first 0", "first 1", "hourly 0",
           "verbose", "ended", "open x: No such file or directory [2]", "above one 2", "above one 4"},
      __LINE__);
  auto const first = test.records().front();
  expect_equal(first.at("data"), json{{"order", "o-1"}}, __LINE__);
  expect_equal(first.at("diagnostics").at("line"), line, __LINE__);
}

int evaluations = 0;
int evaluated() { return ++evaluations; }

void disabled_statements_evaluate_nothing() {
  with_runtime test;
  fapilog::compat::spdlog::set_level(fapilog::compat::spdlog::level::err);
  LOG(INFO) << evaluated();
  fapilog::compat::verbosity = 0;
  VLOG(1) << evaluated();
#ifdef NDEBUG
  DLOG(FATAL) << evaluated();
  DLOG_IF(FATAL, evaluated() == 0);
  DCHECK_EQ(evaluated(), -1) << evaluated();
#endif
  expect_equal(evaluations, 0, __LINE__);
  expect_equal(texts(test), list{}, __LINE__);
}

/// What a child process that aborts in `action` has written as its last message.
template <class Action>
std::string last_words(Action const& action) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  pid_t const child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    fapilog::runtime rt{{.sinks = {fapilog::sinks::stdout_json{}}}};
    fapilog::compat::spdlog::use(rt);
    action();
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string all;
  char part[4096];
  for (ssize_t n = 0; (n = ::read(ends[0], part, sizeof part)) > 0;)
    all.append(part, static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT) return "not aborted";
  std::string const first = all.substr(0, all.find('\n'));
  return json::parse(first).at("log").at("message");
}

void failed_checks_abort() {
  int const two = 2;
  expect_equal(last_words([] { LOG(FATAL) << "the end"; }), "the end", __LINE__);
  expect_equal(last_words([&] { CHECK(two == 3) << "extra"; }), "Check failed: two == 3 extra", __LINE__);
  expect_equal(last_words([&] { CHECK_EQ(two, 3) << "extra"; }), "Check failed: two == 3 (2 vs. 3) extra",
               __LINE__);
  expect_equal(last_words([] { CHECK_STREQ("a", "b"); }), "Check failed: \"a\" == \"b\" (a vs. b) ",
               __LINE__);
  expect_equal(last_words([] { CHECK_STRCASENE("a", "A"); }), "Check failed: \"a\" != \"A\" (a vs. A) ",
               __LINE__);
  int const* none = nullptr;
  expect_equal(last_words([&] { none = CHECK_NOTNULL(none); }), "Check failed: none != nullptr ", __LINE__);
  auto const fail_with_errno = [&] {
    errno = EACCES;
    PCHECK(two == 3) << "extra";
  };
  expect_equal(last_words(fail_with_errno), "Check failed: two == 3 extra: Permission denied [13]", __LINE__);
#ifndef NDEBUG
  expect_equal(last_words([&] { DCHECK_LT(two, 2); }), "Check failed: two < 2 (2 vs. 2) ", __LINE__);
  expect_equal(last_words([] { LOG(DFATAL) << "the end"; }), "the end", __LINE__);
#endif
}

}  // namespace

int main() {
  failed_checks_abort();  // first, while the process has one thread
  spdlog_macros();
  glog_macros();
  disabled_statements_evaluate_nothing();
  if (problems == 0) std::puts("all macros as expected");
  return problems == 0 ? 0 : 1;
}
