// SPDX-License-Identifier: MIT
// Kills of real processes: the next process delivers what calls have logged, once.
#include "support/captured_diagnostics.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/eventually.hpp"
#include "support/scale.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/kill_safe.hpp>
#include <fapilog/stages/redactors/field_mask.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using fapilog::kv;
using namespace std::chrono_literals;

namespace {

struct some_place {
  int x = 0;
  int y = 0;
};
void to_log(fapilog::object_writer& writer, some_place const& place) {
  writer.kv("x", place.x).kv("y", place.y);
}

struct kept_files {
  support::temporary_directory at;
  std::string log = at / "app.log";
  std::string directory = at / "kept";

  [[nodiscard]] fapilog::options options() const {
    return {.when_full = fapilog::when_full::block,
            .sinks = {fapilog::sinks::rotating_file{{.path = log, .max_bytes = 0}}},
            .kill_safe = {.directory = directory}};
  }
  /// Options of a runtime whose sink never returns: nothing is released.
  [[nodiscard]] fapilog::options stuck() const;
  /// Names of the directories of runtimes.
  [[nodiscard]] std::vector<std::string> processes() const {
    std::vector<std::string> all;
    for (auto const& item : std::filesystem::directory_iterator{directory}) {
      if (!item.path().filename().string().starts_with("literals"))
        all.push_back(item.path().filename().string());
    }
    return all;
  }
  /// Starts a runtime, which delivers what is left, and ends it.
  void recover() const {
    fapilog::runtime rt{options()};
    CHECK(rt.drain(300s).complete);
  }
  /// The records of the file. A kill may cut the line that is being written; the next process ends that line.
  [[nodiscard]] std::vector<nlohmann::json> lines() const {
    std::vector<nlohmann::json> all;
    each_line([&all](nlohmann::json const& record) { all.push_back(record); });
    return all;
  }
  /// Calls `use` with each of these records.
  template <class Use>
  void each_line(Use const& use) const {
    std::ifstream file{log};
    for (std::string line; std::getline(file, line);) {
      auto const whole = nlohmann::json::parse(line, nullptr, false);
      if (!whole.is_discarded()) use(whole.at("log"));
    }
  }
};

void wait_for_kill(pid_t child) {
  int const status = support::wait_for_child(child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGKILL);
}
/// Kills the process that calls it.
void die() {
  for (;;) ::kill(::getpid(), SIGKILL);
}
/// Runs `body`, which must call `die`, in a child process.
void killed_after(std::function<void()> const& body) { wait_for_kill(support::start_child(body)); }

/// Counters that a child shares with its parent.
class shared_counters {
 public:
  static constexpr std::size_t count = 8;
  shared_counters()
      : all_(static_cast<std::atomic<std::uint64_t>*>(
            ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  ~shared_counters() { ::munmap(all_, bytes); }
  std::atomic<std::uint64_t>& operator[](std::size_t i) const { return all_[i]; }

 private:
  static constexpr std::size_t bytes = count * sizeof(std::atomic<std::uint64_t>);
  std::atomic<std::uint64_t>* all_;
};

/// Writes the ids of a batch to a file, then never returns.
struct stuck_sink {
  std::string path;
  static constexpr bool needs_json = false;
  void write(fapilog::batch const& entries) const {
    {
      std::ofstream out{path, std::ios::app};
      for (auto const& one : entries)
        out << to_string(one.event.message_id) << ' ' << one.event.message << '\n';
    }
    for (;;) ::pause();
  }
};
fapilog::options kept_files::stuck() const {
  return {.sinks = {stuck_sink{at / "ids"}}, .kill_safe = {.directory = directory}};
}
struct writing_sink {
  std::string path;
  static constexpr bool needs_json = false;
  void write(fapilog::batch const& entries) const {
    std::ofstream out{path, std::ios::app};
    for (auto const& one : entries)
      out << to_string(one.event.message_id) << ' ' << one.event.message << '\n';
  }
};

struct only_warnings {
  bool keep(fapilog::event const& e) const { return e.severity >= fapilog::level::warning; }
};

std::vector<std::string> text_lines(std::string const& path) {
  std::vector<std::string> all;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) all.push_back(line);
  return all;
}

}  // namespace

TEST_CASE("the next process delivers the records that a killed one left, as they were") {
  kept_files const files;
  killed_after([&] {
    fapilog::runtime rt{files.stuck()};
    auto const log = rt.get_logger("shop.cart").with(kv("tenant", "acme"));
    fapilog::scope const request{kv("request_id", 42)};
    log.info("Order {} paid", 7, kv("amount", 12.5), kv("currency", "EUR"));
    log.warning("slow", kv("password", "hunter2"));
    log.info("nested", kv("list", std::vector<int>{1, 2, 3}),
             kv("map", std::map<std::string, int>{{"a", 1}}));
    std::string const run_time = "made at run time";
    log.error(fapilog::runtime_text(run_time), kv("big", std::string(100'000, 'x')));
    log.error("cut", kv("huge", std::string(2'000'000, 'y')));
    die();
  });
  CHECK(files.processes().size() == 1);
  files.recover();
  auto const lines = files.lines();
  REQUIRE(lines.size() == 5);
  CHECK(lines[0].at("message") == "Order 7 paid");
  CHECK(lines[0].at("logger") == "shop.cart");
  CHECK(lines[0].at("level") == "INFO");
  CHECK(lines[0].at("data").at("amount") == 12.5);
  CHECK(lines[0].at("data").at("currency") == "EUR");
  CHECK(lines[0].at("data").at("tenant") == "acme");
  CHECK(lines[0].at("context").at("request_id") == "42");
  CHECK(lines[0].at("diagnostics").at("pid") != ::getpid());
  CHECK(lines[1].at("message") == "slow");
  CHECK(lines[2].at("data").at("list") == nlohmann::json{1, 2, 3});
  CHECK(lines[2].at("data").at("map").at("a") == 1);
  CHECK(lines[3].at("message") == "made at run time");
  CHECK(lines[3].at("data").at("big").get<std::string>().size() == 100'000);
  CHECK(lines[4].at("data").at("_truncated") == true);
  CHECK(files.processes().empty());
}

TEST_CASE("a record that is delivered again has the same id") {
  kept_files const files;
  std::string const first = files.at / "first";
  std::string const second = files.at / "second";
  shared_counters const counters;
  pid_t const child = support::start_child([&] {
    fapilog::runtime rt{fapilog::options{
        .batch_max_size = 4, .sinks = {stuck_sink{first}}, .kill_safe = {.directory = files.directory}}};
    auto const log = rt.get_logger();
    for (int i = 0; i < 10; ++i) log.info("record {}", i);
    counters[0] = 1;
    for (;;) ::pause();
  });
  while (counters[0] == 0 || text_lines(first).empty()) std::this_thread::yield();
  ::kill(child, SIGKILL);
  wait_for_kill(child);
  {
    fapilog::runtime rt{
        fapilog::options{.sinks = {writing_sink{second}}, .kill_safe = {.directory = files.directory}}};
    CHECK(rt.drain(60s).complete);
  }
  auto const before = text_lines(first);
  auto const after = text_lines(second);
  REQUIRE(after.size() == 10);
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(before[i] == after[i]);
}

TEST_CASE("kills at random moments lose no record of a call that returned, and write none twice") {
  kept_files const files;
  std::size_t const threads = 3;
  int const rounds = std::getenv("FAPILOG_KILLS") != nullptr ? std::atoi(std::getenv("FAPILOG_KILLS")) : 10;
  std::mt19937_64 random{std::random_device{}()};
  shared_counters const returned;
  std::vector<std::array<std::uint64_t, shared_counters::count>> acknowledged;
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t t = 0; t < threads; ++t) returned[t] = 0;
    pid_t const child = support::start_child([&] {
      fapilog::runtime rt{files.options()};
      std::vector<std::thread> all;
      for (std::size_t t = 0; t < threads; ++t) {
        all.emplace_back([&, t] {
          auto const log = rt.get_logger("thread." + std::to_string(t)).with(kv("round", round));
          for (std::uint64_t i = 0;; ++i) {
            fapilog::scope const in{kv("step", i)};
            if (i % 3 == 0) log.info("formatted {}", i, kv("t", t));
            else log.info("counted", kv("t", t), kv("i", i));
            returned[t].store(i + 1);
          }
        });
      }
      for (;;) ::pause();
    });
    for (std::uint64_t const last = 1 + random() % 3'000; returned[0] < last;) std::this_thread::yield();
    ::kill(child, SIGKILL);
    wait_for_kill(child);
    auto& at = acknowledged.emplace_back();
    for (std::size_t t = 0; t < threads; ++t) at[t] = returned[t];
  }
  files.recover();
  std::map<std::pair<int, int>, std::uint64_t> next;
  std::set<std::string> ids;
  std::uint64_t records = 0;
  std::uint64_t lost = 0;
  std::uint64_t repeated = 0;
  files.each_line([&](nlohmann::json const& log) {
    auto const& data = log.at("data");
    auto& expected = next[std::pair{data.at("round").get<int>(), data.at("t").get<int>()}];
    auto const step = data.at("step").get<std::uint64_t>();
    bool const is_new = ids.insert(log.at("context").at("message_id").get<std::string>()).second;
    if (step > expected) lost += step - expected;
    if (step < expected || !is_new) ++repeated;
    expected = std::max(expected, step + 1);
    ++records;
  });
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t t = 0; t < threads; ++t) {
      auto const found = next[std::pair{round, static_cast<int>(t)}];
      auto const returned_calls = acknowledged[static_cast<std::size_t>(round)][t];
      CHECK(found <= returned_calls + 1);
      if (found < returned_calls) lost += returned_calls - found;
    }
  }
  CHECK(lost == 0);
  CHECK(repeated == 0);
  CHECK(files.processes().empty());
  if (rounds > 10) {
    std::cout << rounds << " kills, " << records << " records, " << lost << " lost, " << repeated
              << " twice\n";
  }
}

TEST_CASE("processes share a directory, and the records of a living one are left alone") {
  kept_files const files;
  shared_counters const counters;
  pid_t const child = support::start_child([&] {
    fapilog::runtime rt{files.stuck()};
    rt.get_logger().info("of the living");
    counters[0] = 1;
    for (;;) ::pause();
  });
  while (counters[0] == 0) std::this_thread::yield();
  files.recover();
  CHECK(files.lines().empty());
  CHECK(files.processes().size() == 1);
  ::kill(child, SIGKILL);
  wait_for_kill(child);
  files.recover();
  REQUIRE(files.lines().size() == 1);
  CHECK(files.lines()[0].at("message") == "of the living");
}

TEST_CASE("a forked child keeps its own records") {
  if (support::thread_sanitized) return;  // it allows no threads after a fork of a process that has several
  kept_files const files;
  killed_after([&] {
    fapilog::runtime rt{files.options()};
    auto const log = rt.get_logger();
    log.info("of the parent");
    CHECK(rt.flush(60s).complete);
    killed_after([&] {
      for (int i = 0; i < 1000; ++i) log.info("of the child", kv("i", i));
      die();
    });
    for (int i = 0; i < 1000; ++i) log.info("of the parent again", kv("i", i));
    die();
  });
  files.recover();
  std::map<std::string, int> counts;
  for (auto const& log : files.lines()) ++counts[log.at("message").get<std::string>()];
  CHECK(counts["of the parent"] == 1);
  CHECK(counts["of the child"] == 1000);
  CHECK(counts["of the parent again"] == 1000);
  CHECK(files.processes().empty());
}

TEST_CASE("a process that ends by _exit or exec leaves its records to the next one") {
  for (bool const executes : {false, true}) {
    CAPTURE(executes);
    kept_files const files;
    std::string const waits = files.at / "waits";
    REQUIRE(::mkfifo(waits.c_str(), 0600) == 0);
    pid_t const child = support::start_child([&] {
      fapilog::runtime rt{files.stuck()};
      auto const log = rt.get_logger();
      for (int i = 0; i < 1'000; ++i) log.info("counted", kv("i", i));
      if (!executes) ::_exit(7);
      // The program that takes its place has the same process id, and goes on.
      ::execl("/bin/sh", "sh", "-c", "read line < \"$0\"; exit 7", waits.c_str(), nullptr);
    });
    int other_program = -1;
    int status = 0;
    if (executes)
      CHECK(support::eventually([&] {  // until it reads
        return (other_program = ::open(waits.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)) >= 0;
      }));
    else status = support::wait_for_child(child);
    files.recover();
    if (executes) {
      ::close(other_program);
      status = support::wait_for_child(child);
    }
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 7);
    auto const lines = files.lines();
    REQUIRE(lines.size() == 1'000);
    for (std::size_t i = 0; i < lines.size(); ++i) CHECK(lines[i].at("data").at("i") == i);
    CHECK(files.processes().empty());
  }
}

TEST_CASE("a process that ends in order leaves nothing behind") {
  kept_files const files;
  {
    fapilog::runtime rt{files.options()};
    for (int i = 0; i < 10'000; ++i) rt.get_logger().info("counted", kv("i", i));
    CHECK(files.processes().size() == 1);
  }
  CHECK(files.processes().empty());
  CHECK(files.lines().size() == 10'000);
}

TEST_CASE("records that a filter removes are released, too") {
  kept_files const files;
  killed_after([&] {
    auto options = files.options();
    options.filters = {only_warnings{}};
    fapilog::runtime rt{std::move(options)};
    for (int i = 0; i < 100'000; ++i) rt.get_logger().info("filtered", kv("i", i));
    CHECK(rt.flush(60s).complete);
    rt.get_logger().warning("kept");
    CHECK(rt.flush(60s).complete);
    die();
  });
  files.recover();
  CHECK(files.lines().size() == 1);
}

TEST_CASE("without room for a lane its records end with the process, and that is reported") {
  kept_files const files;
  killed_after([&] {
    support::captured_diagnostics said;
    auto options = files.options();
    options.diagnostics_output = said;
    fapilog::runtime rt{std::move(options)};
    rlimit usual{};
    if (::getrlimit(RLIMIT_FSIZE, &usual) != 0) return;
    rlimit const small{64 * 1024, usual.rlim_max};
    if (::setrlimit(RLIMIT_FSIZE, &small) != 0) return;
    auto const log = rt.get_logger();
    log.info("not kept");
    if (::setrlimit(RLIMIT_FSIZE, &usual) != 0) return;
    log.info("long", kv("text", std::string(100'000, 'x')));
    if (!rt.flush(60s).complete || !said.contains("records of a thread are not kept")) ::_exit(1);
    die();
  });
  files.recover();
  REQUIRE(files.lines().size() == 2);
  CHECK(files.lines()[1].at("data").at("text") == std::string(100'000, 'x'));
}

TEST_CASE(
    "a directory without room for a runtime of its own is recovered all the same, and used again after "
    "that") {
  kept_files const files;
  killed_after([&] {
    fapilog::runtime rt{files.stuck()};
    for (int i = 0; i < 100; ++i) rt.get_logger().info("counted", kv("i", i));
    die();
  });
  killed_after([&] {
    support::captured_diagnostics said;
    auto options = files.options();
    options.sinks.emplace_back(stuck_sink{files.at / "ids"});
    options.diagnostics_output = said;
    rlimit usual{};
    if (::getrlimit(RLIMIT_FSIZE, &usual) != 0) return;
    rlimit const none{1'024, usual.rlim_max};
    if (::setrlimit(RLIMIT_FSIZE, &none) != 0) return;
    fapilog::runtime rt{std::move(options)};
    if (::setrlimit(RLIMIT_FSIZE, &usual) != 0) return;
    if (!said.contains("records are not kept")) return;
    rt.get_logger().info("kept again");
    (void)support::eventually([&] { return files.lines().size() == 101; });
    die();
  });
  CHECK(files.processes().size() == 2);
  files.recover();
  auto const lines = files.lines();
  REQUIRE(lines.size() == 101);
  for (std::size_t i = 0; i < 100; ++i) CHECK(lines[i].at("data").at("i") == i);
  CHECK(lines[100].at("message") == "kept again");
  CHECK(files.processes().empty());
}

TEST_CASE("what a killed process left is not read while others can write there, and that is reported") {
  kept_files const files;
  killed_after([&] {
    fapilog::runtime rt{files.stuck()};
    rt.get_logger().info("left");
    die();
  });
  std::filesystem::path const left = files.directory + "/" + files.processes().at(0);
  auto const reports = [&](std::string const& text) {
    support::captured_diagnostics said;
    auto options = files.options();
    options.diagnostics_output = said;
    fapilog::runtime rt{std::move(options)};
    CHECK(rt.drain(60s).complete);
    return said.contains(text);
  };
  std::filesystem::permissions(left, std::filesystem::perms::all);
  CHECK(reports("others can write there"));
  std::filesystem::permissions(left, std::filesystem::perms::owner_all);
  std::filesystem::path const elsewhere = files.at / "elsewhere";
  std::filesystem::rename(left, elsewhere);
  std::filesystem::create_directory_symlink(elsewhere, left);
  CHECK(reports("it is not a directory"));
  std::filesystem::remove(left);
  std::filesystem::rename(elsewhere, left);
  CHECK(files.lines().empty());
  // What is no file at the name of a lane does not keep the lanes from being delivered.
  std::filesystem::create_symlink("/dev/null", left / "lane-7");
  REQUIRE(::mkfifo((left / "lane-8").c_str(), 0600) == 0);
  std::filesystem::create_directory(left / "lane-9");
  CHECK(reports("lane-9: it is not a file"));
  CHECK(files.lines().size() == 1);
}

TEST_CASE("a directory that cannot be used is reported, and the program runs on") {
  kept_files const files;
  std::ofstream{files.directory} << "a file";
  support::captured_diagnostics said;
  auto options = files.options();
  options.diagnostics_output = said;
  {
    fapilog::runtime rt{std::move(options)};
    rt.get_logger().info("written all the same");
  }
  CHECK(files.lines().size() == 1);
  CHECK(said.contains("records are not kept"));
  CHECK(said.contains(files.directory));
}

TEST_CASE("only_in_memory refuses a directory on a disk") {
  kept_files const files;
  bool const on_disk = std::filesystem::exists("/dev/shm");
  for (std::string const& directory :
       {files.directory, std::string{"/dev/shm/fapilog-test-"} + std::to_string(::getpid())}) {
    support::captured_diagnostics said;
    auto options = files.options();
    options.kill_safe = {.directory = directory, .only_in_memory = true};
    options.diagnostics_output = said;
    fapilog::runtime rt{std::move(options)};
    bool const is_refused = said.contains("only_in_memory");
    if (on_disk && directory != files.directory) CHECK_FALSE(is_refused);
    else CHECK((is_refused || fapilog::detail::is_in_memory(files.directory)));
    CHECK(rt.drain(60s).complete);
    std::filesystem::remove_all(directory);
  }
}

TEST_CASE("damaged files give what is whole, whatever byte is wrong") {
  kept_files const files;
  killed_after([&] {
    fapilog::runtime rt{files.stuck()};
    fapilog::scope const request{kv("request_id", "r-1")};
    auto const log = rt.get_logger("shop").with(kv("tenant", "acme"));
    for (int i = 0; i < 20; ++i) log.info("record {}", i, kv("list", std::vector<int>{1, 2, 3}));
    die();
  });
  std::string const saved = files.at / "saved";
  std::filesystem::rename(files.directory, saved);
  std::mt19937_64 random{20'261'128};
  for (int round = 0; round < (support::sanitized ? 40 : 100); ++round) {
    std::filesystem::remove_all(files.directory);
    std::filesystem::copy(saved, files.directory, std::filesystem::copy_options::recursive);
    std::vector<std::string> all;
    for (auto const& item : std::filesystem::recursive_directory_iterator{files.directory}) {
      if (item.is_regular_file()) all.push_back(item.path().string());
    }
    std::string const& path = all[random() % all.size()];
    auto const size = std::filesystem::file_size(path);
    if (round % 10 == 0) {
      std::filesystem::resize_file(path, random() % (size + 1));
    } else {
      std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
      for (int n = 0; n < 1 + round % 7; ++n) {
        // Most of a lane is unused.
        file.seekp(static_cast<std::streamoff>(random() % std::min<std::uintmax_t>(size, 8192)));
        file.put(static_cast<char>(random()));
      }
    }
    std::filesystem::remove(files.log);
    support::captured_diagnostics said;
    auto options = files.options();
    options.diagnostics_output = said;
    fapilog::runtime rt{std::move(options)};
    CHECK(rt.drain(60s).complete);
    std::size_t whole = 0;
    for (auto const& log : files.lines())
      whole += log.at("message").get<std::string>().starts_with("record ") ? 1U : 0U;
    CHECK(whole <= 20);
  }
}

TEST_CASE("a lane file that was cut gives the records in front of the cut, and that is reported") {
  kept_files const files;
  killed_after([&] {
    fapilog::runtime rt{files.stuck()};
    auto const log = rt.get_logger("shop");
    for (int i = 0; i < 20; ++i) log.info("counted", kv("i", i));
    die();
  });
  std::string const saved = files.at / "saved";
  std::filesystem::rename(files.directory, saved);
  std::set<std::size_t> counts;
  for (std::uintmax_t size = 1; size < 6'000; size += size < 500 ? 83 : 401) {
    CAPTURE(size);
    std::filesystem::remove_all(files.directory);
    std::filesystem::copy(saved, files.directory, std::filesystem::copy_options::recursive);
    std::string const lane = files.directory + "/" + files.processes().at(0) + "/lane-0";
    std::filesystem::resize_file(lane, size);
    std::filesystem::remove(files.log);
    support::captured_diagnostics said;
    auto options = files.options();
    options.diagnostics_output = said;
    fapilog::runtime rt{std::move(options)};
    CHECK(rt.drain(60s).complete);
    auto const lines = files.lines();
    CHECK(lines.size() <= 20);
    for (std::size_t i = 0; i < lines.size(); ++i) CHECK(lines[i].at("data").at("i") == i);
    counts.insert(lines.size());
    CHECK(said.contains("damaged: lane-0: "));
  }
  CHECK(counts.size() > 3);
  CHECK(counts.contains(20));
}

TEST_CASE("a damaged owner gives what is whole, and an empty one is reported") {
  kept_files const files;
  killed_after([&] {
    fapilog::runtime rt{fapilog::options{.source_location = true,
                                         .sinks = {stuck_sink{files.at / "ids"}},
                                         .kill_safe = {.directory = files.directory}}};
    rt.get_logger().info("whole");
    die();
  });
  REQUIRE(files.processes().size() == 1);
  std::string const owner = files.directory + "/" + files.processes()[0] + "/owner";
  auto const size = std::filesystem::file_size(owner);
  support::captured_diagnostics said;
  auto options = files.options();
  options.diagnostics_output = said;
  options.source_location = true;
  std::string whole(size, '\0');
  std::ifstream{owner, std::ios::binary}.read(whole.data(), static_cast<std::streamsize>(size));
  std::filesystem::resize_file(owner, 0);
  {
    fapilog::runtime rt{options};
    CHECK(rt.drain(60s).complete);
  }
  CHECK(files.lines().empty());
  CHECK(said.contains("records of a killed process cannot be read"));
  // No process, and clocks that are no numbers.
  std::string damaged = whole;
  std::fill(damaged.begin() + sizeof(fapilog::detail::kept_format),
            damaged.begin() + sizeof(fapilog::detail::kept_format) + 8, '\0');
  std::fill(damaged.begin() + offsetof(fapilog::detail::owner_head, clocks), damaged.end(), '\xFF');
  std::ofstream{owner, std::ios::binary} << damaged;
  {
    fapilog::runtime rt{options};
    CHECK(rt.drain(60s).complete);
  }
  REQUIRE(files.lines().size() == 1);
  CHECK(files.lines()[0].at("message") == "whole");
  CHECK(files.lines()[0].at("diagnostics").at("file").get<std::string>().ends_with("kill_safe_test.cpp"));
}

TEST_CASE("records whose literals cannot be kept contain their messages and keys") {
  kept_files const files;
  std::filesystem::path const literals = files.directory + "/literals-" + std::to_string(::geteuid());
  killed_after([&] {
    fapilog::runtime rt{files.stuck()};
    std::filesystem::remove_all(literals);
    std::ofstream{literals} << "in the way";
    auto const log = rt.get_logger("shop").with(kv("tenant", 7));
    for (int i = 0; i < 3; ++i) {
      fapilog::scope const request{kv("request", "r-1"), kv("tags", std::map<std::string, int>{{"a", 1}})};
      log.warning("took {} ms", 250, kv("order", i), kv("where", some_place{1, 2}),
                  kv("list", std::vector<int>{1, 2}));
      log.info("no fields");
    }
    die();
  });
  std::filesystem::remove(literals);
  files.recover();
  auto const lines = files.lines();
  REQUIRE(lines.size() == 6);
  for (int i = 0; i < 3; ++i) {
    auto const& log = lines[static_cast<std::size_t>(i) * 2];
    CHECK(log.at("message") == "took 250 ms");
    CHECK(log.at("logger") == "shop");
    CHECK(log.at("data") == nlohmann::json{{"tenant", 7},
                                           {"request", "r-1"},
                                           {"tags", {{"a", 1}}},
                                           {"order", i},
                                           {"where", {{"x", 1}, {"y", 2}}},
                                           {"list", {1, 2}}});
    CHECK(lines[static_cast<std::size_t>(i) * 2 + 1].at("message") == "no fields");
  }
}

TEST_CASE("literals that nobody has used for a week are removed, others are not") {
  kept_files const files;
  shared_counters const counters;
  pid_t const child = support::start_child([&] {
    fapilog::runtime rt{files.stuck()};
    rt.get_logger().info("of the living");
    counters[0] = 1;
    for (;;) ::pause();
  });
  while (counters[0] == 0) std::this_thread::yield();
  std::filesystem::path const literals = files.directory + "/literals-" + std::to_string(::geteuid());
  auto const now = std::filesystem::file_time_type::clock::now();
  auto const set_time = [&](std::chrono::hours age) {
    for (auto const& item : std::filesystem::directory_iterator{literals})
      std::filesystem::last_write_time(item.path(), now - age);
  };
  auto const snapshots = [&] {
    auto const all = std::filesystem::directory_iterator{literals};
    return std::distance(begin(all), end(all));
  };
  auto const used = snapshots();
  CHECK(used >= 1);
  std::ofstream{literals / "0123456789abcdef-01234567.v1"} << "of a build of last month";
  set_time(24h * 30);
  std::ofstream{literals / "0123456789abcdef-89abcdef.v1"} << "of a build of today";
  files.recover();
  CHECK(snapshots() == used + 1);
  CHECK_FALSE(std::filesystem::exists(literals / "0123456789abcdef-01234567.v1"));
  ::kill(child, SIGKILL);
  wait_for_kill(child);
  files.recover();
  REQUIRE(files.lines().size() == 1);
  CHECK(files.lines()[0].at("message") == "of the living");
  {
    fapilog::runtime rt{files.options()};
    rt.get_logger().info("uses them again");
  }
  files.recover();
  CHECK(snapshots() >= 2);  // it was used just now, or written again
  set_time(24h * 30);
  files.recover();
  CHECK(snapshots() == 0);
}

TEST_CASE("only the user can read what is kept") {
  kept_files const files;
  fapilog::runtime rt{files.options()};
  rt.get_logger().info("not redacted yet");
  using std::filesystem::perms;
  for (auto const& item : std::filesystem::recursive_directory_iterator{files.directory})
    CHECK((item.status().permissions() & (perms::group_all | perms::others_all)) == perms::none);
  CHECK((std::filesystem::status(files.directory).permissions() & (perms::group_all | perms::others_all)) ==
        perms::none);
}

TEST_CASE("files of another format are left where they are, and reported") {
  kept_files const files;
  killed_after([&] {
    fapilog::runtime rt{files.stuck()};
    rt.get_logger().info("of another version");
    die();
  });
  REQUIRE(files.processes().size() == 1);
  std::string const owner = files.directory + "/" + files.processes()[0] + "/owner";
  auto const change_format = [&](std::uint32_t to) {
    std::fstream file{owner, std::ios::in | std::ios::out | std::ios::binary};
    char bytes[sizeof to];
    file.seekg(8);
    file.read(bytes, sizeof bytes);
    std::uint32_t before = 0;
    std::memcpy(&before, bytes, sizeof before);
    std::memcpy(bytes, &to, sizeof to);
    file.seekp(8);
    file.write(bytes, sizeof bytes);
    return before;
  };
  std::uint32_t const format = change_format(99);
  support::captured_diagnostics said;
  auto options = files.options();
  options.diagnostics_output = said;
  {
    fapilog::runtime rt{std::move(options)};
    CHECK(rt.drain(60s).complete);
  }
  CHECK(files.lines().empty());
  CHECK(files.processes().size() == 1);
  CHECK(said.contains("its format is 99"));
  change_format(format);
  files.recover();
  CHECK(files.lines().size() == 1);
}

TEST_CASE("records that the system does not let a runtime read stay where they are") {
  kept_files const files;
  killed_after([&] {
    fapilog::runtime rt{files.stuck()};
    rt.get_logger().info("not readable now");
    die();
  });
  REQUIRE(files.processes().size() == 1);
  std::filesystem::path const process = std::filesystem::path{files.directory} / files.processes()[0];
  // A directory cannot be opened for writing, as a file for which there is no descriptor left.
  std::filesystem::rename(process / "modules", process / "aside");
  std::filesystem::create_directory(process / "modules");
  support::captured_diagnostics said;
  auto options = files.options();
  options.diagnostics_output = said;
  {
    fapilog::runtime rt{std::move(options)};
    CHECK(rt.drain(60s).complete);
  }
  CHECK(said.contains("they are left where they are"));
  std::filesystem::remove(process / "modules");
  std::filesystem::rename(process / "aside", process / "modules");
  CHECK(files.lines().empty());
  files.recover();
  REQUIRE(files.lines().size() == 1);
  CHECK(files.lines()[0].at("message") == "not readable now");
}

TEST_CASE("a directory that somebody removes is reported, and made again for threads that log afterwards") {
  kept_files const files;
  killed_after([&] {
    support::captured_diagnostics said;
    auto options = files.options();
    options.diagnostics_output = said;
    fapilog::runtime rt{std::move(options)};
    auto const log = rt.get_logger();
    log.info("before");
    std::filesystem::remove_all(files.directory);
    while (!said.contains("files of kept records were removed")) log.info("noticed");
    std::thread{[&] { rt.get_logger().info("of a new thread"); }}.join();
    if (files.processes().size() != 1) ::_exit(1);
    die();
  });
  files.recover();
  CHECK(files.processes().empty());
  auto const lines = files.lines();
  CHECK(std::count_if(lines.begin(), lines.end(),
                      [](auto const& log) { return log.at("message") == "of a new thread"; }) == 1);
}

TEST_CASE(
    "a killed process is delivered from any place in its delivery, also the delivery of another one's "
    "records") {
  kept_files const files;
  int const count = 3'000;
  killed_after([&] {
    fapilog::runtime rt{fapilog::options{.lane_bytes = std::size_t{4} << 20,
                                         .sinks = {stuck_sink{files.at / "ids"}},
                                         .kill_safe = {.directory = files.directory}}};
    auto const log = rt.get_logger();
    for (int i = 0; i < count; ++i) log.info("counted", kv("i", i));
    die();
  });
  for (int round = 0; round < 8; ++round) {
    pid_t const child = support::start_child([&] {
      fapilog::runtime rt{files.options()};
      for (;;) ::pause();
    });
    auto const written = [&] {
      return std::filesystem::exists(files.log) ? std::filesystem::file_size(files.log) : 0;
    };
    for (std::uintmax_t const size = 40'000U * static_cast<unsigned>(round); written() < size;)
      std::this_thread::yield();
    ::kill(child, SIGKILL);
    wait_for_kill(child);
  }
  files.recover();
  int next = 0;
  for (auto const& log : files.lines()) REQUIRE(log.at("data").at("i") == next++);
  CHECK(next == count);
}

TEST_CASE("the account counts recovered records as submitted, and balances") {
  kept_files const files;
  killed_after([&] {
    fapilog::runtime rt{files.stuck()};
    for (int i = 0; i < 100; ++i) rt.get_logger().info("counted");
    die();
  });
  fapilog::runtime rt{files.options()};
  rt.get_logger().info("of the living");
  auto const account = rt.drain(60s);
  CHECK(account.submitted == 101);
  CHECK(account.processed == 101);
  CHECK(account.pending == 0);
}

TEST_CASE("what is left of a removal that was interrupted is removed and not delivered") {
  kept_files const files;
  killed_after([&] {
    fapilog::runtime rt{files.stuck()};
    rt.get_logger().info("delivered before");
    die();
  });
  REQUIRE(files.processes().size() == 1);
  std::filesystem::remove(files.directory + "/" + files.processes()[0] + "/owner");
  std::filesystem::create_directories(files.directory + "/.new-01234567-89ab-7def-8123-456789abcdef");
  std::filesystem::last_write_time(files.directory + "/.new-01234567-89ab-7def-8123-456789abcdef",
                                   std::filesystem::file_time_type::clock::now() - 1h);
  files.recover();
  CHECK(files.lines().empty());
  CHECK(files.processes().empty());
}

namespace {

/// The recent records in the file, as messages.
std::vector<std::string> recent_messages(kept_files const& files) {
  std::vector<std::string> all;
  for (auto const& log : files.lines()) {
    if (log.at("diagnostics").contains("recent")) all.push_back(log.at("message"));
  }
  return all;
}
fapilog::options recording(kept_files const& files, fapilog::options chosen) {
  chosen.kill_safe.directory = files.directory;
  chosen.flight_recorder.enabled = true;
  return chosen;
}

}  // namespace

TEST_CASE("what an error has taken from the flight recorder outlives a kill like the error") {
  kept_files const files;
  std::string const long_text(50'000, 'x');
  killed_after([&] {
    auto options = recording(files, files.stuck());
    options.lane_bytes = std::size_t{4} << 20;
    options.flight_recorder.bytes_per_thread = std::size_t{1} << 20;
    fapilog::runtime rt{std::move(options)};
    auto const log = rt.get_logger("shop.cart").with(kv("tenant", "acme"));
    {
      fapilog::scope const request{kv("request_id", "r-1")};
      log.debug("first {}", 1, kv("n", 1), kv("password", "hunter2"));
      rt.get_logger("other").debug("second", kv("list", std::vector<int>{1, 2}));
    }
    std::string const run_time = "third";
    log.debug(fapilog::runtime_text(run_time), kv("text", long_text));
    log.debug("fourth", kv("text", std::string(600'000, 'y')));
    for (int i = 0; i < 100; ++i) log.debug("counted", kv("i", i));
    log.error("failed");
    log.debug("asked for by nobody");
    die();
  });
  auto options = files.options();
  options.redactors = {fapilog::redactors::field_mask{{.fields_to_mask = {"data.password"}}}};
  {
    fapilog::runtime rt{std::move(options)};
    CHECK(rt.drain(60s).complete);
  }
  auto const lines = files.lines();
  REQUIRE(lines.size() == 105);
  CHECK(recent_messages(files).size() == 104);
  CHECK(lines[0].at("message") == "first 1");
  CHECK(lines[0].at("logger") == "shop.cart");
  CHECK(lines[0].at("level") == "DEBUG");
  CHECK(lines[0].at("context").at("request_id") == "r-1");
  CHECK(lines[0].at("data").at("tenant") == "acme");
  CHECK(lines[0].at("data").at("password") == "***");
  CHECK(lines[1].at("logger") == "other");
  CHECK(lines[1].at("context").at("request_id") == "r-1");
  CHECK(lines[1].at("data").at("list") == nlohmann::json{1, 2});
  CHECK(lines[2].at("message") == "third");
  CHECK(lines[2].at("data").at("text") == long_text);
  CHECK_FALSE(lines[2].at("context").contains("request_id"));
  CHECK(lines[3].at("data").at("_truncated") == true);
  CHECK(lines[3].at("data").at("text").get<std::string>().size() > 200'000);
  for (std::size_t i = 0; i < 100; ++i) CHECK(lines[4 + i].at("data").at("i") == i);
  CHECK(lines.back().at("message") == "failed");
  CHECK_FALSE(lines.back().at("diagnostics").contains("recent"));
  CHECK(files.processes().empty());
}

TEST_CASE("with a flight recorder, kills at random moments lose nothing that an error asked for") {
  kept_files const files;
  int const rounds = 6;
  int const per_error = 20;
  std::mt19937_64 random{std::random_device{}()};
  shared_counters const returned;
  std::vector<std::uint64_t> acknowledged;
  for (int round = 0; round < rounds; ++round) {
    returned[0] = 0;
    pid_t const child = support::start_child([&] {
      fapilog::runtime rt{recording(files, files.options())};
      auto const log = rt.get_logger().with(kv("round", round));
      for (std::uint64_t i = 0;; ++i) {
        fapilog::scope const in{kv("step", i)};
        if (i % per_error == per_error - 1) {
          log.error("asks", kv("i", i));
          returned[0].store(i + 1);
        } else {
          log.debug("counted {}", i, kv("i", i));
        }
      }
    });
    for (std::uint64_t const last = 1 + random() % 5'000; returned[0] < last;) std::this_thread::yield();
    ::kill(child, SIGKILL);
    wait_for_kill(child);
    acknowledged.push_back(returned[0]);
  }
  files.recover();
  std::vector<std::uint64_t> next(rounds);
  for (auto const& log : files.lines()) {
    auto const& data = log.at("data");
    auto& expected = next[data.at("round").get<std::size_t>()];
    REQUIRE(data.at("i") == expected);
    REQUIRE(data.at("step") == expected);
    REQUIRE(log.at("diagnostics").contains("recent") == (log.at("message") != "asks"));
    ++expected;
  }
  for (std::size_t round = 0; round < rounds; ++round) {
    CHECK(next[round] >= acknowledged[round]);
    CHECK(next[round] <= acknowledged[round] + per_error);
  }
  CHECK(files.processes().empty());
}

TEST_CASE("the flight recorder of a crashed thread outlives a sink that never returns") {
  kept_files const files;
  int const status = support::status_of_child([&] {
    std::signal(SIGSEGV, SIG_DFL);
    auto options = recording(files, files.stuck());
    options.crash = {.enabled = true, .timeout = 200ms};
    fapilog::runtime rt{std::move(options)};
    auto const log = rt.get_logger();
    fapilog::scope const request{kv("request_id", "r-2")};
    for (int i = 0; i < 10; ++i) log.debug("counted {}", i);
    std::raise(SIGSEGV);
  });
  CHECK(WTERMSIG(status) == SIGSEGV);
  files.recover();
  CHECK(recent_messages(files).size() == 10);
  for (auto const& log : files.lines()) CHECK(log.at("context").at("request_id") == "r-2");
}
