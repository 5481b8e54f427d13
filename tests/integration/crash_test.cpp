// SPDX-License-Identifier: MIT
// Crashes of real processes: what calls have logged is delivered, the crash is described, and the process ends as it would have.
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/scale.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/process_end.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <new>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

using fapilog::kv;
using namespace std::chrono_literals;

namespace {

constexpr int crash_records = support::sanitized ? 2'000 : 50'000;

fapilog::options crash_safe(std::string const& path) {
  return {.when_full = fapilog::when_full::block,
          .sinks = {fapilog::sinks::rotating_file{{.path = path, .max_bytes = 0}}},
          .crash = {.enabled = true, .timeout = 30s}};
}

/// Runs `body` in a child process that must not return from it, and returns the child's wait status.
int crashed(std::function<void()> const& body) {
  return support::status_of_child([&] {
    // Without the handlers of Catch and of the sanitizers, which end the process in their own ways.
    for (int const number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP, SIGTERM, SIGINT})
      std::signal(number, SIG_DFL);
    body();
  });
}

void check_signal(int status, int number) {
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == number);
}

/// The `log` objects of a file; each line must be a whole record.
std::vector<nlohmann::json> crash_lines(std::string const& path) {
  std::vector<nlohmann::json> all;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    CHECK_FALSE(file.eof());  // the line has its end
    all.push_back(nlohmann::json::parse(line).at("log"));
  }
  return all;
}

/// Checks that the file has the records 0 to `count` - 1 in their order; returns the other records.
std::vector<nlohmann::json> other_than_counted(std::string const& path, int count) {
  std::vector<nlohmann::json> others;
  int next = 0;
  for (auto const& log : crash_lines(path)) {
    if (log.at("message") != "counted") {
      others.push_back(log);
      continue;
    }
    REQUIRE(log.at("data").at("i") == next);
    ++next;
  }
  CHECK(next == count);
  return others;
}

void log_counted(fapilog::runtime const& rt, int count) {
  auto const log = rt.get_logger();
  for (int i = 0; i < count; ++i) log.info("counted", kv("i", i));
}

std::atomic<int> calls_returned{0};

// The sanitizers would notice it before the processor does.
__attribute__((no_sanitize("undefined", "thread", "address"))) void write_to_null() {
  int volatile* volatile nowhere = nullptr;
  *nowhere = 1;
}

__attribute__((no_sanitize("undefined", "thread", "address"), noinline)) void call_address(
    std::uintptr_t address) {
  auto* const volatile nowhere = reinterpret_cast<void (*)()>(address);
  nowhere();
  calls_returned.fetch_add(1);  // not a tail call
}

/// As an overflow of a local array would: the return address is wrong when the crash happens.
__attribute__((no_sanitize("undefined", "thread", "address"), noinline)) void crash_with_damaged_stack() {
  auto* const frame = static_cast<std::uintptr_t volatile*>(__builtin_frame_address(0));
  frame[0] = 0x1234567890;
  frame[1] = 0x1234567890;
  write_to_null();
}

std::uint64_t use_whole_stack(std::uint64_t depth) {
  std::uint64_t volatile frame[512];
  frame[depth % 512] = depth;
  return depth == ~std::uint64_t{0} ? 0 : use_whole_stack(depth + 1) + frame[0];
}

/// Crashes in the middle of the call that logs it.
struct crashing_value {
  bool in_a_field;
};
void to_log(fapilog::object_writer& writer, crashing_value const& value) {
  writer.kv("before", value.in_a_field);
  write_to_null();
}

struct crashing_filter {
  bool keep(fapilog::event const& e) const {
    if (e.message == "fatal") std::raise(SIGSEGV);
    return true;
  }
};

struct crashing_sink {
  static constexpr bool may_block = false;
  std::string_view at;
  void write(fapilog::batch const& entries) const {
    for (auto const& one : entries) {
      if (one.event.message == at) std::raise(SIGSEGV);
    }
  }
};

struct recursive_sink {
  static constexpr bool may_block = false;
  void write(fapilog::batch const& entries) const {
    for (auto const& one : entries) {
      if (one.event.message == "fatal") (void)use_whole_stack(0);
    }
  }
};

struct hanging_sink {
  void write(fapilog::batch const&) const {
    for (;;) ::pause();
  }
};

std::atomic<int> application_calls{0};
void application_handler(int) { application_calls.fetch_add(1); }
void ending_handler(int) { ::_exit(42); }
std::atomic<bool> is_handler_called{false};
void waiting_handler(int) {
  is_handler_called = true;
  for (;;) ::pause();
}
sigjmp_buf before_crash;
void jumping_handler(int) { siglongjmp(before_crash, 1); }
void (*last_words)() = nullptr;
void exiting_handler(int) {
  last_words();
  std::exit(42);
}

/// As crash reporters do: writes its report, restores the handler that was there before, and returns, so that the instruction
/// fails again.
struct sigaction before_reporter {};
int reporter_output = -1;
void reporting_handler(int number, ::siginfo_t*, void*) {
  (void)!::write(reporter_output, "reported\n", 9);
  ::sigaction(number, &before_reporter, nullptr);
}

}  // namespace

TEST_CASE("a process that crashes delivers its records, describes the crash, and ends by the same signal") {
  struct way {
    int number;
    std::function<void()> crash;
  };
  std::vector<way> const ways{{SIGABRT, [] { std::abort(); }},        {SIGSEGV, write_to_null},
                              {SIGSEGV, [] { std::raise(SIGSEGV); }}, {SIGBUS, [] { std::raise(SIGBUS); }},
                              {SIGILL, [] { std::raise(SIGILL); }},   {SIGFPE, [] { std::raise(SIGFPE); }},
                              {SIGSYS, [] { std::raise(SIGSYS); }},   {SIGTRAP, [] { std::raise(SIGTRAP); }}};
  for (way const& each : ways) {
    CAPTURE(each.number);
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    int const status = crashed([&] {
      fapilog::runtime rt{crash_safe(path)};
      fapilog::scope const request{kv("request_id", "r-17")};
      log_counted(rt, crash_records);
      each.crash();
    });
    check_signal(status, each.number);
    auto const others = other_than_counted(path, crash_records);
    REQUIRE(others.size() == 1);
    CHECK(others[0].at("level") == "CRITICAL");
    CHECK(others[0].at("logger") == "fapilog");
    CHECK(others[0].at("context").at("request_id") == "r-17");
    auto const& data = others[0].at("data");
    CHECK(data.at("crashed_thread").is_number());
    REQUIRE(data.at("stack").size() > 1);
    CHECK(data.at("stack")[0].get<std::string>().starts_with("0x"));
  }
}

TEST_CASE("the record of a fault has its reason and address") {
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  check_signal(crashed([&] {
                 fapilog::runtime rt{crash_safe(path)};
                 write_to_null();
               }),
               SIGSEGV);
  auto const others = other_than_counted(path, 0);
  REQUIRE(others.size() == 1);
  auto const& data = others[0].at("data");
  CHECK(data.at("signal") == "SIGSEGV");
  CHECK(data.at("reason") == "SEGV_MAPERR");
  CHECK(data.at("address") == "0x0");
  // The function that crashed comes first, not the handler, which the C library calls.
  auto const program = std::filesystem::read_symlink("/proc/self/exe").string();
  CHECK(data.at("stack")[0].get<std::string>().find(' ' + program + "+0x") != std::string::npos);
}

TEST_CASE("an uncaught exception is described, and its text is redacted") {
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  check_signal(crashed([&] {
                 fapilog::basic_runtime<fapilog::presets::production> rt{
                     {.sinks = {fapilog::sinks::rotating_file{{.path = path, .max_bytes = 0}}}}};
                 std::thread{[] { throw std::runtime_error{"cannot log in with password=hunter2"}; }}.join();
               }),
               SIGABRT);
  auto const lines = crash_lines(path);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].at("message") == "the process crashed with SIGABRT in std::terminate");
  auto const& data = lines[0].at("data");
  CHECK(data.at("exception_type") == "std::runtime_error");
  CHECK(data.at("exception_text").get<std::string>().starts_with("cannot log in"));
  CHECK(data.at("exception_text").get<std::string>().find("hunter2") == std::string::npos);
}

TEST_CASE("a thread whose stack is full is a crash like any other") {
  if (support::sanitized) return;  // frames are larger, and the sanitizers watch the stack themselves
  for (bool const on_thread : {false, true}) {
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    int const status = crashed([&] {
      fapilog::runtime rt{crash_safe(path)};
      log_counted(rt, 100);
      if (!on_thread) use_whole_stack(0);
      std::thread{[&] {
        rt.get_logger("thread").info("begins");
        use_whole_stack(0);
      }}.join();
    });
    check_signal(status, SIGSEGV);
    auto const others = other_than_counted(path, 100);
    REQUIRE(others.size() == (on_thread ? 2U : 1U));
    CHECK(others.back().at("level") == "CRITICAL");
  }
}

TEST_CASE("a crash in a value that a call writes loses that record, and no other") {
  for (bool const in_a_field : {true, false}) {
    CAPTURE(in_a_field);
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    int const status = crashed([&] {
      fapilog::runtime rt{crash_safe(path)};
      log_counted(rt, 1'000);
      crashing_value const value{in_a_field};
      if (in_a_field) rt.get_logger().info("fatal", kv("value", value));
      rt.get_logger().info("fatal {}", value);
    });
    check_signal(status, SIGSEGV);
    auto const others = other_than_counted(path, 1'000);
    REQUIRE(others.size() == 1);
    CHECK(others[0].at("level") == "CRITICAL");
  }
}

TEST_CASE("a call through a wrong pointer is described with its caller") {
  for (std::uintptr_t const address : {std::uintptr_t{0}, std::uintptr_t{0x1234567890}}) {
    CAPTURE(address);
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    check_signal(crashed([&] {
                   fapilog::runtime rt{crash_safe(path)};
                   log_counted(rt, 100);
                   call_address(address);
                 }),
                 SIGSEGV);
    auto const others = other_than_counted(path, 100);
    REQUIRE(others.size() == 1);
    auto const& stack = others[0].at("data").at("stack");
    REQUIRE(stack.size() >= 1);
    CHECK(stack[0].get<std::string>() == (address == 0 ? "0x0" : "0x1234567890"));
#if defined(__x86_64__)
    auto const program = std::filesystem::read_symlink("/proc/self/exe").string();
    REQUIRE(stack.size() > 2);
    CHECK(stack[1].get<std::string>().find(' ' + program + "+0x") != std::string::npos);
    CHECK(stack[2].get<std::string>().find(' ' + program + "+0x") != std::string::npos);
#endif
  }
}

TEST_CASE("a crash with a damaged stack is a crash like any other") {
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  int const status = crashed([&] {
    fapilog::runtime rt{crash_safe(path)};
    log_counted(rt, 1'000);
    crash_with_damaged_stack();
  });
  check_signal(status, SIGSEGV);
  auto const others = other_than_counted(path, 1'000);
  REQUIRE(others.size() == 1);
  CHECK(others[0].at("level") == "CRITICAL");
  CHECK(others[0].at("data").at("stack").size() >= 1);
}

TEST_CASE("a thread that has blocked all signals crashes like any other once it has logged") {
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  int const status = crashed([&] {
    fapilog::runtime rt{crash_safe(path)};
    log_counted(rt, 1'000);
    std::thread{[&] {
      ::sigset_t all;
      sigfillset(&all);
      ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
      rt.get_logger("thread").info("begins");
      write_to_null();
    }}.join();
  });
  check_signal(status, SIGSEGV);
  CHECK(other_than_counted(path, 1'000).size() == 2);
}

TEST_CASE("a sink that uses up its stack does not keep records from the other sinks") {
  if (support::sanitized) return;
  for (auto const thread : {fapilog::sink_thread::shared, fapilog::sink_thread::own}) {
    CAPTURE(thread);
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    int const status = crashed([&] {
      auto options = crash_safe(path);
      options.sinks.insert(options.sinks.begin(), fapilog::placed_sink{recursive_sink{}, {.thread = thread}});
      fapilog::runtime rt{std::move(options)};
      log_counted(rt, 100);
      rt.get_logger().info("fatal");
      for (;;) ::pause();
    });
    check_signal(status, SIGSEGV);
    auto const others = other_than_counted(path, 100);
    REQUIRE(others.size() == 2);
    CHECK(others[1].at("level") == "CRITICAL");
  }
}

TEST_CASE("a crash in a stage loses the record that caused it, and no other") {
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  int const status = crashed([&] {
    auto options = crash_safe(path);
    options.filters = {crashing_filter{}};
    fapilog::runtime rt{std::move(options)};
    log_counted(rt, crash_records);
    auto const log = rt.get_logger();
    log.info("fatal");
    for (;;) ::pause();
  });
  check_signal(status, SIGSEGV);
  auto const others = other_than_counted(path, crash_records);
  REQUIRE(others.size() == 1);
  CHECK(others[0].at("level") == "CRITICAL");
}

TEST_CASE("a crash in a sink does not keep records from the other sinks") {
  // A few records are written by the worker's thread, many by its helper.
  for (int const count : {0, crash_records}) {
    CAPTURE(count);
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    int const status = crashed([&] {
      auto options = crash_safe(path);
      options.sinks.insert(
          options.sinks.begin(),
          fapilog::placed_sink{crashing_sink{"fatal"}, {.thread = fapilog::sink_thread::shared}});
      options.sinks[1].delivery.thread = fapilog::sink_thread::shared;
      fapilog::runtime rt{std::move(options)};
      log_counted(rt, count);
      rt.get_logger().info("fatal");
      for (;;) ::pause();
    });
    check_signal(status, SIGSEGV);
    auto const others = other_than_counted(path, count);
    REQUIRE(others.size() == 2);
    CHECK(others[0].at("message") == "fatal");
    CHECK(others[1].at("level") == "CRITICAL");
  }
}

TEST_CASE("a sink that crashes once more while the process ends does not hold it up") {
  support::temporary_directory folder;
  int const status = crashed([&] {
    auto options = crash_safe(folder / "app.log");
    options.crash.timeout = 24h;
    options.sinks = {crashing_sink{"record"}};
    fapilog::runtime rt{std::move(options)};
    rt.get_logger().info("record");
    std::abort();
  });
  CHECK(WIFSIGNALED(status));
  CHECK((WTERMSIG(status) == SIGABRT || WTERMSIG(status) == SIGSEGV));  // whichever came first
}

TEST_CASE("a sink that hangs holds a crashed process up for the timeout, and the others get all records") {
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  int const status = crashed([&] {
    auto options = crash_safe(path);
    options.sinks.emplace_back(hanging_sink{},
                               fapilog::delivery_options{.thread = fapilog::sink_thread::own});
    options.crash.timeout = support::sanitized ? 5s : 1s;
    fapilog::runtime rt{std::move(options)};
    log_counted(rt, 100);
    std::abort();
  });
  check_signal(status, SIGABRT);
  auto const others = other_than_counted(path, 100);
  REQUIRE(others.size() == 1);
  CHECK(others[0].at("level") == "CRITICAL");
}

TEST_CASE("SIGTERM and SIGINT deliver the records if the options say so") {
  for (int const number : {SIGTERM, SIGINT}) {
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    int const status = crashed([&] {
      auto options = crash_safe(path);
      options.crash.termination_signals = true;
      fapilog::runtime rt{std::move(options)};
      log_counted(rt, crash_records);
      std::raise(number);
      for (;;) ::pause();
    });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == number);
    auto const others = other_than_counted(path, crash_records);
    REQUIRE(others.size() == 1);
    CHECK(others[0].at("level") == "WARNING");
  }
}

TEST_CASE("termination signals in quick succession are one request, and lose no record") {
  // As of timeout(1), which sends its signal to the process and to its group.
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  int const status = crashed([&] {
    auto options = crash_safe(path);
    options.crash.termination_signals = true;
    fapilog::runtime rt{std::move(options)};
    log_counted(rt, crash_records);
    std::raise(SIGTERM);
    std::raise(SIGTERM);
    std::raise(SIGINT);
    for (;;) ::pause();
  });
  check_signal(status, SIGTERM);
  CHECK(other_than_counted(path, crash_records).size() == 1);
}

TEST_CASE("at SIGTERM, another copy of the library gets the signal once the records are delivered") {
  // Two shared libraries with hidden symbols have a copy each. Here a handler that looks like that of the other copy.
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  auto const terminated = [](std::string const& log) {
    auto options = crash_safe(log);
    options.crash.termination_signals = true;
    return options;
  };
  int const status = crashed([&] {
    struct sigaction copy {};
    {
      fapilog::runtime first{terminated(folder / "other.log")};
      ::sigaction(SIGTERM, nullptr, &copy);
    }
    copy.sa_sigaction = [](int, ::siginfo_t*, void*) { ::_exit(42); };
    ::sigaction(SIGTERM, &copy, nullptr);
    fapilog::runtime rt{terminated(path)};
    log_counted(rt, crash_records);
    ::kill(::getpid(), SIGTERM);
    for (;;) ::pause();
  });
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 42);
  auto const others = other_than_counted(path, crash_records);
  REQUIRE(others.size() == 1);
  CHECK(others[0].at("message") == "received SIGTERM");
}

TEST_CASE("a termination signal that the application handles does not end the process") {
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  int const status = crashed([&] {
    std::signal(SIGTERM, application_handler);
    auto options = crash_safe(path);
    options.crash.termination_signals = true;
    fapilog::runtime rt{std::move(options)};
    for (int i = 0; i < 3; ++i) std::raise(SIGTERM);
    log_counted(rt, 10);
    rt.flush();
    ::_exit(application_calls.load());
  });
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 3);
}

TEST_CASE(
    "a crash handler of the application gets the signal, whether it is installed before or after ours") {
  for (bool const before : {true, false}) {
    CAPTURE(before);
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    int const status = crashed([&] {
      if (before) std::signal(SIGSEGV, ending_handler);
      fapilog::runtime rt{crash_safe(path)};
      if (!before) std::signal(SIGSEGV, ending_handler);
      log_counted(rt, 1'000);
      std::raise(SIGSEGV);
    });
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 42);
    if (before) CHECK(other_than_counted(path, 1'000).size() == 1);
  }
}

TEST_CASE(
    "a crash reporter that restores the handler before it gets its report, and the records are delivered") {
  for (bool const before : {true, false}) {
    CAPTURE(before);
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    std::string const report = folder / "report";
    int const status = crashed([&] {
      reporter_output = ::open(report.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
      struct sigaction reporter {};
      reporter.sa_sigaction = reporting_handler;
      reporter.sa_flags = SA_SIGINFO | SA_ONSTACK;
      if (before) ::sigaction(SIGSEGV, &reporter, &before_reporter);
      fapilog::runtime rt{crash_safe(path)};
      if (!before) ::sigaction(SIGSEGV, &reporter, &before_reporter);
      log_counted(rt, 1'000);
      write_to_null();
    });
    check_signal(status, SIGSEGV);
    CHECK(other_than_counted(path, 1'000).size() == 1);
    std::string text;
    std::getline(std::ifstream{report}, text);
    CHECK(text == "reported");
  }
}

TEST_CASE("after the record of a crash no sink is called until the process has ended") {
  for (auto const thread : {fapilog::sink_thread::shared, fapilog::sink_thread::own}) {
    CAPTURE(thread);
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    int const status = crashed([&] {
      std::signal(SIGSEGV, waiting_handler);
      auto options = crash_safe(path);
      options.sinks[0].delivery.thread = thread;
      fapilog::runtime rt{std::move(options)};
      std::thread other{[&] {
        while (!is_handler_called) ::sched_yield();
        rt.get_logger().info("too late");
        ::_exit(rt.flush(1s).complete ? 1 : 42);
      }};
      log_counted(rt, 100);
      write_to_null();
    });
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 42);
    auto const others = other_than_counted(path, 100);
    REQUIRE(others.size() == 1);
    CHECK(others[0].at("level") == "CRITICAL");
  }
}

TEST_CASE("a process whose handler lives on after a crash goes on logging") {
  for (bool const flushes : {true, false}) {
    CAPTURE(flushes);
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    int const status = crashed([&] {
      std::signal(SIGSEGV, jumping_handler);
      auto options = crash_safe(path);
      // A flush of the thread ends the pause at once; without one, it ends after the timeout.
      options.crash.timeout = flushes ? 24h : (support::sanitized ? 5s : 1s);
      fapilog::runtime rt{std::move(options)};
      log_counted(rt, 100);
      if (sigsetjmp(before_crash, 1) == 0) write_to_null();
      rt.get_logger().info("lives on");
      if (flushes) ::_exit(rt.flush(60s).complete ? 42 : 1);
      std::thread other{[&] { ::_exit(rt.flush(60s).complete ? 42 : 1); }};
      for (;;) ::pause();
    });
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 42);
    auto const others = other_than_counted(path, 100);
    REQUIRE(others.size() == 2);
    CHECK(others[1].at("message") == "lives on");
  }
}

TEST_CASE("a terminate handler of the application loses no record, however it ends the process") {
  for (bool const aborts : {true, false}) {
    CAPTURE(aborts);
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    int const status = crashed([&] {
      static bool is_aborting = false;
      is_aborting = aborts;
      std::set_terminate([] {
        if (!is_aborting) ::_exit(42);
        last_words();
        std::abort();
      });
      static fapilog::runtime rt{crash_safe(path)};
      static fapilog::logger const log = rt.get_logger();
      last_words = [] { log.info("last words"); };
      log_counted(rt, crash_records);
      std::thread{[] { throw std::runtime_error{"uncaught"}; }}.join();
    });
    if (aborts) check_signal(status, SIGABRT);
    else CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 42));
    auto const others = other_than_counted(path, crash_records);
    REQUIRE(others.size() == (aborts ? 2U : 1U));
    CHECK(others[0].at("data").at("exception_text") == "uncaught");
    CHECK(others[0].at("data").at("stack").size() > 1);
    if (aborts) CHECK(others[1].at("message") == "last words");
  }
}

TEST_CASE("a handler that calls exit() after a crash loses no record") {
  if (support::thread_sanitized) SKIP("the sanitizer reports each function that exit() calls in a handler");
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  int const status = crashed([&] {
    std::signal(SIGSEGV, exiting_handler);
    auto options = crash_safe(path);
    options.crash.timeout = 24h;
    options.shutdown_timeout = 60s;
    static fapilog::runtime rt{std::move(options)};
    static fapilog::logger const log = rt.get_logger();
    last_words = [] { log.info("last words"); };
    log_counted(rt, 100);
    write_to_null();
  });
  CHECK(WIFEXITED(status));
  if (!support::sanitized) CHECK(WEXITSTATUS(status) == 42);  // else the search for leaks decides
  auto const others = other_than_counted(path, 100);
  REQUIRE(others.size() == 2);
  CHECK(others[1].at("message") == "last words");
}

TEST_CASE("crashes at random moments under load lose no record whose call returned") {
  constexpr int threads = 3;
  struct progress {
    std::atomic<int> returned[threads];
  };
  char const* const more = std::getenv("FAPILOG_CRASHES");
  int const rounds = more != nullptr ? std::atoi(more) : 8;
  std::minstd_rand random{std::random_device{}()};  // the failed round says what it was
  std::int64_t records = 0;
  std::int64_t lost = 0;
  std::int64_t repeated = 0;
  for (int round = 0; round < rounds; ++round) {
    int const way = round % 4;
    auto const crash_after = static_cast<int>(random() % (support::sanitized ? 300 : 5'000));
    CAPTURE(round, way, crash_after);
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    void* const shared =
        ::mmap(nullptr, sizeof(progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(shared != MAP_FAILED);
    auto* const done = new (shared) progress{};
    int const status = crashed([&] {
      auto options = crash_safe(path);
      options.crash.termination_signals = true;
      fapilog::runtime rt{std::move(options)};
      std::vector<std::thread> all;
      for (int t = 0; t < threads; ++t) {
        all.emplace_back([&, t] {
          auto const log = rt.get_logger("thread");
          for (int i = 0;; ++i) {
            if (t == 0 && i == crash_after) {
              if (way == 0) std::abort();
              if (way == 1) write_to_null();
              if (way == 2) throw std::runtime_error{"uncaught"};
              std::raise(SIGTERM);
            }
            while (i > 2 * crash_after) ::pause();
            log.info("call", kv("thread", t), kv("i", i));
            // Once the crash is noticed, calls may return too late.
            if (done->returned[0] < crash_after) done->returned[t] = i + 1;
          }
        });
      }
      for (auto& thread : all) thread.join();
    });
    check_signal(status, way == 1 ? SIGSEGV : way == 3 ? SIGTERM : SIGABRT);
    int next[threads]{};
    for (auto const& log : crash_lines(path)) {
      if (log.at("message") != "call") continue;
      int& expected = next[log.at("data").at("thread").get<int>()];
      int const i = log.at("data").at("i");
      if (i > expected) lost += i - expected;
      if (i < expected) ++repeated;
      expected = std::max(expected, i + 1);
      ++records;
    }
    for (int t = 0; t < threads; ++t) lost += std::max(done->returned[t] - next[t], 0);
    CHECK(lost == 0);
    CHECK(repeated == 0);
    ::munmap(shared, sizeof(progress));
  }
  if (rounds > 8) {
    std::cout << rounds << " crashes, " << records << " records, " << lost << " lost, " << repeated
              << " twice\n";
  }
}

TEST_CASE("the handlers are removed with the last runtime that uses them") {
  struct sigaction before {};
  struct sigaction meanwhile {};
  struct sigaction after {};
  ::sigaction(SIGABRT, nullptr, &before);
  {
    fapilog::runtime first{{.sinks = {}, .crash = {.enabled = true}}};
    { fapilog::runtime second{{.sinks = {}, .crash = {.enabled = true}}}; }
    ::sigaction(SIGABRT, nullptr, &meanwhile);
    CHECK(meanwhile.sa_sigaction != before.sa_sigaction);
  }
  ::sigaction(SIGABRT, nullptr, &after);
  CHECK(after.sa_handler == before.sa_handler);
}

TEST_CASE("a handler of the application that is gone does not keep the next runtime from handling crashes") {
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  int const status = crashed([&] {
    {
      fapilog::runtime first{crash_safe(path)};
      std::signal(SIGSEGV, ending_handler);
    }
    std::signal(SIGSEGV, SIG_DFL);
    fapilog::runtime rt{crash_safe(path)};
    log_counted(rt, 1'000);
    write_to_null();
  });
  check_signal(status, SIGSEGV);
  CHECK(other_than_counted(path, 1'000).size() == 1);
}

namespace {
// A function of its own: no variable of the caller may change in the child.
[[gnu::noinline]] void end_vfork_child(int number) {
  if (::vfork() == 0) {
    (void)::kill(::getpid(), number);
    ::_exit(1);
  }
}
}  // namespace

TEST_CASE("a crash in a child of vfork() leaves the handlers of its parent usable") {
  if (support::sanitized) SKIP("the sanitizers do not support such a child");
  for (int const last : {SIGTERM, SIGABRT}) {
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    int const status = crashed([&] {
      auto options = crash_safe(path);
      options.crash.termination_signals = true;
      fapilog::runtime rt{std::move(options)};
      log_counted(rt, 1'000);
      end_vfork_child(SIGSEGV);
      end_vfork_child(SIGTERM);
      std::raise(last);
      for (;;) ::pause();
    });
    check_signal(status, last);
    auto const others = other_than_counted(path, 1'000);
    REQUIRE(others.size() == 1);
    CHECK(others[0].at("level") == (last == SIGTERM ? "WARNING" : "CRITICAL"));
  }
}

#if defined(__linux__)
TEST_CASE(
    "a forked child with the process id of its parent, in a PID namespace of its own, crashes like any "
    "other") {
  if (support::thread_sanitized)
    SKIP("the sanitizer allows no threads after a fork of a process that has several");
  constexpr int refused = 77;
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  int const status = crashed([&] {
    if (::unshare(CLONE_NEWPID) != 0) ::_exit(refused);
    pid_t const first = ::fork();
    if (first == 0) {
      fapilog::runtime rt{crash_safe(path)};
      rt.get_logger().info("of the parent");
      if (!rt.flush(60s).complete || ::getpid() != 1 || ::unshare(CLONE_NEWPID) != 0) ::_exit(1);
      pid_t const second = ::fork();
      if (second == 0) {
        if (::getpid() != 1) ::_exit(2);
        log_counted(rt, 1'000);
        write_to_null();
      }
      int ended = 0;
      ::waitpid(second, &ended, 0);
      rt.get_logger().info("of the parent");
      if (!rt.flush(60s).complete) ::_exit(3);
      ::_exit(WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended));
    }
    int ended = 0;
    ::waitpid(first, &ended, 0);
    ::_exit(WIFEXITED(ended) ? WEXITSTATUS(ended) : 5);
  });
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == refused) SKIP("the system does not allow a PID namespace");
  CHECK(WEXITSTATUS(status) == 128 + SIGSEGV);
  auto const others = other_than_counted(path, 1'000);
  REQUIRE(others.size() == 3);
  CHECK(others[0].at("message") == "of the parent");
  CHECK(others[1].at("level") == "CRITICAL");
  CHECK(others[2].at("message") == "of the parent");
}
#endif

TEST_CASE("a forked child delivers its own records when it crashes, and the parent continues") {
  if (support::thread_sanitized) SKIP("the sanitizer does not support threads in such a child");
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  int const status = crashed([&] {
    fapilog::runtime rt{crash_safe(path)};
    auto const log = rt.get_logger();
    log.info("parent, before");
    rt.flush();
    if (pid_t const child = ::fork(); child == 0) {
      log.info("child");
      std::abort();
    } else {
      int ended = 0;
      ::waitpid(child, &ended, 0);
    }
    log.info("parent, after");
    rt.flush();
    ::_exit(7);
  });
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
  std::vector<std::string> messages;
  for (auto const& log : crash_lines(path)) messages.push_back(log.at("message"));
  CHECK(messages == std::vector<std::string>{"parent, before", "child", "the process crashed with SIGABRT",
                                             "parent, after"});
}

TEST_CASE("production and hardened handle crashes, the other presets do not") {
  CHECK(fapilog::basic_options<fapilog::presets::production>{.sinks = {}}.crash.enabled);
  CHECK(fapilog::basic_options<fapilog::presets::hardened>{.sinks = {}}.crash.enabled);
  CHECK_FALSE(fapilog::basic_options<fapilog::presets::minimal>{.sinks = {}}.crash.enabled);
  CHECK_FALSE(fapilog::basic_options<fapilog::presets::dev>{.sinks = {}}.crash.enabled);
  CHECK_FALSE(fapilog::basic_options<fapilog::presets::serverless>{.sinks = {}}.crash.enabled);
}

TEST_CASE("flush_and_exit and flush_and_exec lose no record") {
  for (bool const executes : {false, true}) {
    support::temporary_directory folder;
    std::string const path = folder / "app.log";
    int const status = crashed([&] {
      auto options = crash_safe(path);
      options.crash = {};
      fapilog::runtime rt{std::move(options)};
      log_counted(rt, crash_records);
      if (!executes) fapilog::flush_and_exit(7, 60s);
      std::string shell = "/bin/sh";
      std::string flag = "-c";
      std::string command = "exit 7";
      char* const arguments[]{shell.data(), flag.data(), command.data(), nullptr};
      char* const environment[]{nullptr};
      (void)fapilog::flush_and_exec(shell.c_str(), arguments, environment, 60s);
    });
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 7);
    CHECK(other_than_counted(path, crash_records).empty());
  }
}

TEST_CASE("programs that a process starts get no descriptor of the library") {
  support::temporary_directory folder;
  std::string const found = folder / "found";
  auto const listed = [&] {
    std::string const command = "ls /proc/self/fd > '" + found + "'";
    REQUIRE(std::system(command.c_str()) == 0);
    std::ifstream file{found};
    return std::string{std::istreambuf_iterator<char>{file}, {}};
  };
  std::string const before = listed();
  struct unavailable {
    static fapilog::write_result write(fapilog::batch const&) { return fapilog::write_result::retry("down"); }
  };
  auto options = crash_safe(folder / "app.log");
  options.kill_safe.directory = folder / "kept";
  fapilog::delivery_options spooled{.thread = fapilog::sink_thread::own};
  spooled.spool.directory = folder / "spool";
  spooled.retry = {.attempts = 1};
  options.sinks.emplace_back(unavailable{}, std::move(spooled));
  options.diagnostics_output = [](std::string_view) {};
  fapilog::runtime rt{std::move(options)};
  log_counted(rt, 1'000);
  CHECK(rt.flush(60s));
  CHECK(listed() == before);
}

TEST_CASE("a program that cannot be executed leaves the process and its logging as they were") {
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  fapilog::runtime rt{{.sinks = {fapilog::sinks::rotating_file{{.path = path}}}}};
  auto const log = rt.get_logger();
  log.info("before");
  char* const none[]{nullptr};
  CHECK(fapilog::flush_and_exec((folder / "no_such_program").c_str(), none, none) == -1);
  CHECK(errno == ENOENT);
  log.info("after");
  CHECK(fapilog::flush_all(60s));
  CHECK(crash_lines(path).size() == 2);
}
