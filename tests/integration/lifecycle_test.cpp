// SPDX-License-Identifier: MIT
// Exit and fork of a process: all records are written, nothing hangs, nothing is written twice.
#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/eventually.hpp"
#include "support/scale.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <latch>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using fapilog::kv;
using namespace std::chrono_literals;

namespace {

fapilog::options to_file(std::string const& path) {
  return {.when_full = fapilog::when_full::block,
          .sinks = {fapilog::sinks::rotating_file{{.path = path, .max_bytes = 0}}}};
}

/// Lines of a file; each must be a whole record.
std::vector<nlohmann::json> records_of(std::string const& path) {
  std::vector<nlohmann::json> all;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) all.push_back(nlohmann::json::parse(line).at("log"));
  return all;
}

}  // namespace

TEST_CASE("exit without a destructor of the runtime drains it and keeps the exit code") {
  support::temporary_directory folder;
  for (bool const quick : {false, true}) {
    std::string const path = folder / (quick ? "quick" : "exit");
    int const status = support::status_of_child([&] {
      static auto* const rt = new fapilog::runtime{to_file(path)};  // never destroyed
      auto const log = rt->get_logger();
      for (int i = 0; i < 10'000; ++i) log.info("before exit", kv("i", i));
      if (quick) std::quick_exit(7);
      std::exit(7);
    });
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 7);
    CHECK(records_of(path).size() == 10'000);
  }
}

namespace {

/// Logs when it is destroyed, after main.
struct logs_at_end {
  fapilog::logger log;
  std::string text;
  ~logs_at_end() {
    for (int i = 0; i < 100; ++i) log.info(fapilog::runtime_text(text));
  }
};

}  // namespace

TEST_CASE(
    "records from static destructors are written before the runtime's destructor, counted after it, and "
    "never crash") {
  support::temporary_directory folder;
  std::string const path = folder / "statics";
  int const status = support::status_of_child([&] {
    static logs_at_end after;  // destroyed after the runtime
    static std::optional<fapilog::runtime> rt;
    rt.emplace(to_file(path));
    static logs_at_end before;  // destroyed before the runtime's own drain
    after = {rt->get_logger(), "after"};
    before.log = rt->get_logger();
    before.text = "before";
    rt->get_logger().info("in main");
    std::exit(0);
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  std::size_t before = 0;
  for (auto const& record : records_of(path)) before += record.at("message") == "before" ? 1 : 0;
  CHECK(before == 100);
}

TEST_CASE("records from the destructors of a thread's own objects are written") {
  auto sink = std::make_shared<support::capture>();
  fapilog::runtime rt{{.sinks = {sink}}};
  auto const log = rt.get_logger();
  constexpr std::size_t threads = 50;
  for (std::size_t i = 0; i < threads; ++i) {
    std::thread{[&log] {
      // Made before the thread's first record, so destroyed after the thread has released its lane.
      thread_local logs_at_end late{log, "late"};
      log.info(fapilog::runtime_text(late.text));
    }}.join();
  }
  auto const end = rt.drain(30s);
  CHECK(end.processed == threads * 101);
  CHECK(end.balanced());
  // After the drain such calls are only counted.
  std::thread{[&log] {
    thread_local logs_at_end late{log, "late"};
    log.info(fapilog::runtime_text(late.text));
  }}.join();
  CHECK(rt.counts().dropped.closed == 101);
  CHECK(rt.counts().balanced());
}

TEST_CASE("calls of loggers that outlive their runtime are counted, and are safe on any thread") {
  fapilog::logger log;
  fapilog::logger child;
  {
    fapilog::runtime rt{{.sinks = {}}};
    log = rt.get_logger("kept");
    child = log.with(kv("a", 1));
  }
  log.info("late");
  child.error("late", kv("b", std::string(1'000, 'x')));
  std::thread{[&] { log.with(kv("c", 2)).info("late on a thread that never logged"); }}.join();
  CHECK(log.name() == "kept");
}

TEST_CASE("drain may be called twice and by many threads, later calls are counted") {
  auto sink = std::make_shared<support::capture>();
  fapilog::runtime rt{{.sinks = {sink}}};
  auto const log = rt.get_logger();
  for (int i = 0; i < 100; ++i) log.info("before");
  std::vector<std::thread> all;
  for (int t = 0; t < 4; ++t) {
    all.emplace_back([&] { (void)rt.drain(30s); });
  }
  for (auto& t : all) t.join();
  auto const again = rt.drain(30s);
  CHECK(again.complete);
  CHECK(again.processed == 100);
  log.info("after");
  CHECK(rt.counts().dropped.closed == 1);
  CHECK(rt.counts().submitted == 101);
  CHECK(rt.flush(30s).complete);
}

TEST_CASE("after a runtime was drained another one serves the same names") {
  auto sink = std::make_shared<support::capture>();
  fapilog::runtime first;
  (void)first.drain(30s);
  fapilog::runtime second{{.sinks = {sink}}};
  for (int i = 0; i < 2; ++i) second.get_logger("billing").info("served");
  auto const end = second.drain(30s);
  CHECK(end.submitted == 2);
  CHECK(end.processed == 2);
  CHECK(end.dropped.total() == 0);
  CHECK(sink->wait_for(2));
}

TEST_CASE(
    "under production, records that standard output rejects are redacted and written to the fallback file") {
  support::temporary_directory folder;
  for (bool const is_broken : {false, true}) {
    int const status = support::status_of_child([&] {
      int ends[2];
      if (::chdir(folder.path().c_str()) != 0 || ::pipe(ends) != 0 || ::dup2(ends[1], 1) != 1) ::_exit(1);
      if (is_broken) ::close(ends[0]);  // the pipe has no reader
      fapilog::basic_runtime<fapilog::presets::production> rt{
          {.diagnostics_output = [](std::string_view) {}}};
      rt.get_logger().info("signed in", kv("password", "hunter2"));
      auto const end = rt.drain(30s);
      ::_exit(end && end.processed == 1 && end.balanced() ? 0 : 2);
    });
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    auto const records = records_of(folder / "logs/fapilog.jsonl");
    REQUIRE(records.size() == (is_broken ? 1 : 0));
    if (is_broken) CHECK(records[0].at("data").at("password") == "***");
  }
}

TEST_CASE("records logged while another thread drains are written or counted, never lost") {
  for (std::size_t round = 0; round < support::scaled(100, 20); ++round) {
    auto sink = std::make_shared<support::capture>();
    fapilog::runtime rt{{.when_full = fapilog::when_full::block, .sinks = {sink}}};
    auto const log = rt.get_logger();
    std::latch start{4};
    std::vector<std::thread> all;
    for (int t = 0; t < 3; ++t) {
      all.emplace_back([&] {
        start.arrive_and_wait();
        for (int i = 0; i < 500; ++i) log.info("racing");
      });
    }
    start.arrive_and_wait();
    auto const end = rt.drain(60s);
    for (auto& t : all) t.join();
    auto const later = rt.counts();
    CHECK(end.complete);
    CHECK(end.balanced());
    CHECK(later.pending == 0);
    CHECK(later.submitted == 1'500);
    CHECK(later.processed + later.dropped.closed == 1'500);
    CHECK(later.processed == sink->lines().size());
  }
}

TEST_CASE("a forked child logs its own records, repeats none of its parent's and never hangs") {
  if (support::thread_sanitized) SKIP("the thread sanitizer does not support threads in a forked child");
  support::temporary_directory folder;
  std::string const path = folder / "fork";
  constexpr std::size_t forks = support::scaled(200, 20);
  std::atomic<std::size_t> by_parent{0};
  std::atomic<std::size_t> max_by_parent{1'000};
  fapilog::account end;
  {
    fapilog::runtime rt{to_file(path)};
    auto const log = rt.get_logger();
    std::atomic<bool> stop{false};
    std::latch logging{4};
    std::vector<std::thread> background;
    for (int t = 0; t < 3; ++t) {
      background.emplace_back([&] {
        log.info("parent");
        ++by_parent;
        logging.arrive_and_wait();
        while (!stop) {
          if (by_parent < max_by_parent) {
            log.info("parent");
            ++by_parent;
          }
          std::this_thread::yield();
        }
      });
    }
    // The address sanitizer's allocator must not be in use at a fork: no thread makes its lane from here on.
    logging.arrive_and_wait();
    for (std::size_t i = 0; i < forks; ++i) {
      max_by_parent += 1'000;
      int const status = support::status_of_child([&] {
        for (int k = 0; k < 100; ++k) log.info("child", kv("k", k));
        auto const own = rt.drain(30s);
        ::_exit(own.complete && own.submitted == 100 && own.processed == 100 && own.balanced() ? 0 : 1);
      });
      CHECK(status == 0);
    }
    stop = true;
    for (auto& t : background) t.join();
    end = rt.drain(60s);
  }
  CHECK(end.processed == by_parent);
  CHECK(end.balanced());
  std::size_t parent = 0;
  std::size_t child = 0;
  std::set<std::string> ids;
  std::set<int> pids;
  for (auto const& record : records_of(path)) {
    (record.at("message") == "parent" ? parent : child) += 1;
    ids.insert(record.at("context").at("message_id"));
    pids.insert(record.at("diagnostics").at("pid").get<int>());
  }
  CHECK(parent == by_parent);
  CHECK(child == forks * 100);
  CHECK(ids.size() == parent + child);
  CHECK(pids.size() == forks + 1);
}

TEST_CASE("a forked child that never logs ends without delay") {
  fapilog::runtime rt{{.sinks = {}}};
  rt.get_logger().info("in the parent");
  // Waits until the worker runs: the address sanitizer does not support a fork while a thread starts.
  REQUIRE(rt.flush(60s));
  int const status = support::status_of_child([&] {
    auto const own = rt.flush(30s);
    std::exit(own.complete && own.submitted == 0 ? 0 : 1);
  });
  CHECK(status == 0);
}

TEST_CASE(
    "a signal handler that logs in the middle of a log call is dropped and counted, without a deadlock") {
  static fapilog::logger const* in_handler = nullptr;
  static std::atomic<int> handled{0};
  auto sink = std::make_shared<support::capture>();
  fapilog::runtime rt{{.when_full = fapilog::when_full::block, .sinks = {sink}}};
  fapilog::logger const log = rt.get_logger();
  in_handler = &log;
  log.info("own");  // the thread's first call makes its lane, which a handler must not do
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {
    in_handler->info("from the handler");
    ++handled;
  };
  ::sigaction(SIGUSR1, &action, &before);
  std::atomic<bool> stop{false};
  pthread_t const self = ::pthread_self();
  std::thread sender{[&] {
    while (!stop) {
      ::pthread_kill(self, SIGUSR1);
      std::this_thread::yield();
    }
  }};
  int own = 1;
  while (handled < 500) {
    log.info("own");
    ++own;
  }
  stop = true;
  sender.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  auto const end = rt.drain(60s);
  CHECK(end.complete);
  CHECK(end.pending == 0);
  CHECK(end.submitted == static_cast<std::uint64_t>(own + handled));
  CHECK(end.processed + end.dropped.total() == end.submitted);
}

TEST_CASE("a log call keeps errno") {
  auto sink = std::make_shared<support::capture>();
  fapilog::runtime rt{{.wait_policy = fapilog::wait_policy::event, .sinks = {sink}}};
  std::thread{[&] {
    auto const log = rt.get_logger();
    for (int i = 0; i < 100; ++i) {
      errno = 4711;
      log.info("the first call makes a lane, each wakes the worker", kv("errno", errno));
      REQUIRE(errno == 4711);
    }
  }}.join();
  REQUIRE(rt.drain(30s).complete);
  CHECK(sink->last().at("data").at("errno") == 4711);
}

TEST_CASE("a process that is killed leaves only whole lines") {
  support::temporary_directory folder;
  std::string const path = folder / "killed";
  for (int round = 0; round < 5; ++round) {
    pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      auto* const rt = new fapilog::runtime{to_file(path)};
      auto const log = rt->get_logger();
      for (;;) log.info("until killed", kv("text", std::string(200, 'x')));
    }
    // The kill comes in the middle of the writing: once some lines are written.
    auto const size = [&] {
      std::error_code is_missing;
      auto const bytes = std::filesystem::file_size(path, is_missing);
      return is_missing ? 0 : bytes;
    };
    auto const grown = size() + 100'000;
    CHECK(support::eventually([&] { return size() >= grown; }));
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
  }
  std::ifstream file{path};
  std::string const content{std::istreambuf_iterator<char>{file}, {}};
  REQUIRE_FALSE(content.empty());
  // A write that was cut short by the kill can only be the last of each round; the file's next writer ends that line.
  std::size_t whole = 0;
  std::size_t torn = 0;
  std::size_t begin = 0;
  while (begin < content.size()) {
    auto const end = content.find('\n', begin);
    if (nlohmann::json::accept(content.substr(begin, end - begin))) {
      ++whole;
    } else {
      ++torn;
    }
    begin = end == std::string::npos ? content.size() : end + 1;
  }
  CHECK(whole > 100);
  CHECK(torn <= 5);
}

TEST_CASE("a runtime with fail_fast does not start without its file, and without it starts and says so") {
  support::temporary_directory const directory;
  std::string const file = directory / "file";
  std::ofstream{file} << "no directory";
  struct never_started {
    bool may_block = true;
    void start(fapilog::start_context const&) const { throw std::runtime_error{"nobody is there yet"}; }
    void write(fapilog::batch const&) const {}
  };
  auto const options = [&](std::string const& path, bool fail_fast) {
    fapilog::options chosen = to_file(path);
    chosen.sinks.emplace_back(never_started{});  // has a thread of its own, and may start later
    chosen.fail_fast = fail_fast;
    chosen.diagnostics_output = [](std::string_view) {};
    return chosen;
  };
  CHECK_THROWS_WITH(fapilog::runtime{options(file + "/app.log", true)},
                    Catch::Matchers::StartsWith("fapilog: the sink 'rotating_file' did not start: ") &&
                        Catch::Matchers::ContainsSubstring(file));
  fapilog::runtime const patient{options(file + "/app.log", false)};
  CHECK_FALSE(patient.is_healthy());
  fapilog::options chosen = to_file(directory / "app.log");
  chosen.fail_fast = true;
  fapilog::runtime good{std::move(chosen)};
  good.get_logger().info("hello");
  CHECK(good.flush(60s).processed == 1);
}
