// SPDX-License-Identifier: MIT
// The rotating file while its surroundings change: clock, privileges, working directory, other processes and programs.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/eventually.hpp"
#include "support/file_sinks.hpp"
#include "support/files.hpp"

#include <fapilog/detail/os/file.hpp>
#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/file/compressor.hpp>
#include <fapilog/sinks/rotating_file.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/stat.h>

using Catch::Matchers::ContainsSubstring;
using fapilog::start_context;
using fapilog::sinks::rotating_file;
using support::code_as_nobody;
using support::collected_reports;
using support::lines_batch;
using support::lines_of;
using support::names_in;
using support::numbered_lines;
using support::one_second;
using support::shared_clock;
using support::temporary_directory;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;

constexpr std::int64_t year_2038 = 2'147'000'000 * one_second;

/// Lines of all files in a directory, in any order.
strings sorted_lines_in(std::string const& directory) {
  strings all;
  for (auto const& name : names_in(directory)) {
    auto const lines = lines_of(directory + '/' + name);
    all.insert(all.end(), lines.begin(), lines.end());
  }
  std::sort(all.begin(), all.end());
  return all;
}

strings sorted(strings lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// Writes each line as a batch of its own; each fills a file, one second after the other.
void write_files(rotating_file& sink, shared_clock const& clock, strings const& lines) {
  for (auto const& line : lines) {
    REQUIRE(sink.write(lines_batch({line})));
    clock.advance(1);
  }
}

/// Makes a directory that belongs to the user of `code_as_nobody`.
void make_directory_of_nobody(temporary_directory const& parent, std::string const& path) {
  std::filesystem::create_directory(path);
  std::filesystem::permissions(parent.path(), std::filesystem::perms::all);
  if (::geteuid() == 0) REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
}

}  // namespace

TEST_CASE("retention keeps the files that were rotated last, whatever the clock does") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  auto const lines = numbered_lines(40, 600);
  fapilog::sinks::rotating_file_config const config =
      GENERATE(true, false)
          ? fapilog::sinks::rotating_file_config{.path = path,
                                                 .max_bytes = 1'000,
                                                 .max_files = 3,
                                                 .now_ns = clock.function()}
          : fapilog::sinks::rotating_file_config{
                .path = path, .max_bytes = 1'000, .max_total_bytes = 2'900, .now_ns = clock.function()};
  constexpr std::ptrdiff_t kept = 4;  // three rotated files and the active one
  auto const last_before = [&](std::ptrdiff_t end) {
    return sorted({lines.begin() + std::max<std::ptrdiff_t>(0, end - kept), lines.begin() + end});
  };
  auto const some = [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    return strings{lines.begin() + begin, lines.begin() + end};
  };

  SECTION("the clock is set back by years in one process, and later on") {
    rotating_file sink{config};
    sink.start(start_context{});
    *clock.ns = year_2038;
    write_files(sink, clock, some(0, 6));
    *clock.ns = shared_clock::first;
    for (std::ptrdiff_t i = 6; i < 12; ++i) {
      write_files(sink, clock, some(i, i + 1));
      CHECK(sorted_lines_in(directory.path()) == last_before(i + 1));
    }
    *clock.ns = year_2038 + 3'600 * one_second;
    write_files(sink, clock, some(12, 14));
    CHECK(sorted_lines_in(directory.path()) == last_before(14));
  }
  SECTION("each process starts with a wrong clock, which is set right later") {
    for (std::ptrdiff_t boot = 0; boot < 4; ++boot) {
      rotating_file sink{config};
      *clock.ns = boot == 2 ? year_2038 : 90 * one_second;  // 1970
      sink.start(start_context{});
      write_files(sink, clock, some(boot * 6, boot * 6 + 2));
      CHECK(sorted_lines_in(directory.path()) == last_before(boot * 6 + 2));
      *clock.ns = shared_clock::first + boot * 3'600 * one_second;
      write_files(sink, clock, some(boot * 6 + 2, boot * 6 + 6));
      CHECK(sorted_lines_in(directory.path()) == last_before(boot * 6 + 6));
    }
  }
  SECTION("the clock goes back a little, again and again") {
    rotating_file sink{config};
    sink.start(start_context{});
    for (std::ptrdiff_t i = 0; i < 12; ++i) {
      write_files(sink, clock, some(i, i + 1));
      if (i % 3 == 2) clock.advance(-5);
      CHECK(sorted_lines_in(directory.path()) == last_before(i + 1));
    }
  }
  SECTION("the clock stands still") {
    rotating_file sink{config};
    sink.start(start_context{});
    for (std::ptrdiff_t i = 0; i < 14; ++i) {
      CHECK(sink.write(lines_batch(some(i, i + 1))));
      CHECK(sorted_lines_in(directory.path()) == last_before(i + 1));
    }
  }
  SECTION("a file with the last possible name exists") {
    support::write_file(directory / "app-20380113-101320-999999999.log", lines[39] + '\n');
    support::write_file(directory / "app-20371231-235959.log", lines[38] + '\n');
    rotating_file sink{config};
    sink.start(start_context{});
    write_files(sink, clock, some(0, 3));
    CHECK(sorted_lines_in(directory.path()) == sorted({lines[39], lines[0], lines[1], lines[2]}));
    write_files(sink, clock, some(3, 5));
    CHECK(sorted_lines_in(directory.path()) == last_before(5));
  }
}

TEST_CASE("a rotated file is named by the clock again once the clock has passed the newest name") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  rotating_file sink{{.path = path, .max_bytes = 1'000, .now_ns = clock.function()}};
  sink.start(start_context{});
  auto const lines = numbered_lines(6, 600);
  write_files(sink, clock, {lines[0], lines[1]});
  clock.advance(-60);
  write_files(sink, clock, {lines[2]});
  clock.advance(120);
  write_files(sink, clock, {lines[3]});
  CHECK(names_in(directory.path()) == strings{"app-20260127-103001-1.log", "app-20260127-103001.log",
                                              "app-20260127-103103.log", "app.log"});

  // A name from the future is followed until somebody removes its file.
  support::write_file(directory / "app-20380113-101320.log", "of a wrong clock\n");
  write_files(sink, clock, {lines[4]});
  CHECK(lines_of(directory / "app-20380113-101320-1.log") == strings{lines[3]});
  std::filesystem::remove(directory / "app-20380113-101320.log");
  std::filesystem::remove(directory / "app-20380113-101320-1.log");
  write_files(sink, clock, {lines[5]});
  CHECK(lines_of(directory / "app-20260127-103105.log") == strings{lines[4]});
}

TEST_CASE("a file that was opened as root is written to after the process became another user") {
  if (::geteuid() != 0) SKIP("needs root");
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "logs/app.log";
  int const status = support::status_of_child([&] {
    collected_reports reports;
    rotating_file sink{{.path = path, .now_ns = clock.function()}};
    sink.start(reports.context());
    if (!sink.write(lines_batch({"as root"}))) return 1;
    if (::setresuid(65534, 65534, 65534) != 0) return 2;
    for (int i = 0; i < 5; ++i) {
      clock.advance(2);
      if (!sink.write(lines_batch({"as nobody"}))) return 3;
    }
    return reports.all->empty() && sink.health().healthy ? 0 : 4;
  });
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(lines_of(path) ==
        strings{"as root", "as nobody", "as nobody", "as nobody", "as nobody", "as nobody"});
}

TEST_CASE("a process may become another user as soon as its runtime is constructed") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  for (auto const thread : {fapilog::sink_thread::own, fapilog::sink_thread::shared}) {
    std::filesystem::remove(path);
    fapilog::runtime const rt{{.sinks = {{rotating_file{{.path = path}}, {.thread = thread}}}}};
    CHECK(std::filesystem::exists(path));
  }
  if (::geteuid() != 0) SKIP("needs root");
  int const status = support::status_of_child([&] {
    fapilog::runtime rt{{.sinks = {rotating_file{{.path = path}}}}};
    if (::setresuid(65534, 65534, 65534) != 0) return 1;
    rt.get_logger().info("as nobody");
    return rt.drain(60s).processed == 1 ? 0 : 2;
  });
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(lines_of(path).size() == 1);
}

TEST_CASE("a forked child that becomes another user writes to the file of its parent") {
  if (::geteuid() != 0) SKIP("needs root");
  temporary_directory directory;
  std::string const path = directory / "logs/app.log";
  int const status = support::status_of_child([&] {
    shared_clock const clock;
    fapilog::runtime rt{{.sinks = {rotating_file{{.path = path, .now_ns = clock.function()}}}}};
    auto const log = rt.get_logger();
    log.info("parent");
    ::pid_t const child = ::fork();
    if (child == 0) {
      if (::setresuid(65534, 65534, 65534) != 0) ::_exit(1);
      for (int i = 0; i < 3; ++i) {
        log.info("child");
        if (!rt.flush(60s).complete) ::_exit(2);
        clock.advance(1);  // the sink looks at the path again
      }
      ::_exit(rt.counts().processed == 3 && rt.is_healthy() ? 0 : 3);
    }
    int of_child = 0;
    if (::waitpid(child, &of_child, 0) != child) return 4;
    log.info("parent");
    return rt.drain(60s).complete ? WEXITSTATUS(of_child) : 5;
  });
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(lines_of(path).size() == 5);
}

TEST_CASE("a file stays in use while its path cannot be followed, and grows beyond its limit") {
  temporary_directory directory;
  shared_clock const clock;
  make_directory_of_nobody(directory, directory / "logs");
  std::string const path = directory / "logs/app.log";
  auto const lines = numbered_lines(12, 100);
  CHECK(code_as_nobody([&] {
          collected_reports reports;
          rotating_file sink{{.path = path, .max_bytes = 1'000, .now_ns = clock.function()}};
          sink.start(reports.context());
          if (!sink.write(lines_batch({lines[0]}))) return 1;
          std::filesystem::permissions(directory / "logs", std::filesystem::perms::none);
          for (std::size_t i = 1; i < lines.size(); ++i) {
            clock.advance(2);
            if (!sink.write(lines_batch({lines[i]}))) return 2;
            if (i < 10 && (!reports.all->empty() || !sink.health().healthy)) return 3;
          }
          // Only the rotation, which is due now, is a problem.
          if (reports.all->empty() || sink.health().healthy) return 4;
          if (reports.all->front().find("cannot rotate") == std::string::npos) return 5;
          if (reports.all->front().find("Permission denied") == std::string::npos) return 6;
          std::filesystem::permissions(directory / "logs", std::filesystem::perms::owner_all);
          return 0;
        }) == 0);
  CHECK(lines_of(path) == lines);
}

TEST_CASE(
    "after a change of the root directory the open file stays in use, and nothing is created elsewhere") {
  if (::geteuid() != 0) SKIP("needs root");
  temporary_directory directory;
  temporary_directory new_root;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  auto const lines = numbered_lines(20, 100);
  int const status = support::status_of_child([&] {
    rotating_file sink{{.path = path, .max_bytes = 1'000, .now_ns = clock.function()}};
    sink.start(start_context{});
    if (::chroot(new_root.path().c_str()) != 0 || ::chdir("/") != 0) return 1;
    for (auto const& line : lines) {
      clock.advance(2);
      if (!sink.write(lines_batch({line}))) return 2;
    }
    return 0;
  });
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(lines_of(path) == lines);
  CHECK(names_in(new_root.path()).empty());
}

TEST_CASE("a file that was moved stays in use until a new one can be opened at its path") {
  temporary_directory directory;
  shared_clock const clock;
  make_directory_of_nobody(directory, directory / "logs");
  std::string const path = directory / "logs/app.log";
  std::string const moved = directory / "logs/moved.log";
  SECTION("because the directory is not writable") {
    CHECK(code_as_nobody([&] {
            collected_reports reports;
            rotating_file sink{{.path = path, .now_ns = clock.function()}};
            sink.start(reports.context());
            if (!sink.write(lines_batch({"1"}))) return 1;
            std::filesystem::rename(path, moved);
            std::filesystem::permissions(directory / "logs", std::filesystem::perms{0500});
            clock.advance(1);
            if (!sink.write(lines_batch({"2"})) || !sink.write(lines_batch({"3"}))) return 2;
            if (reports.all->size() != 1 || sink.health().healthy) return 3;
            if (reports.all->front().find("Permission denied") == std::string::npos) return 4;
            std::filesystem::permissions(directory / "logs", std::filesystem::perms{0700});
            clock.advance(1);
            if (!sink.write(lines_batch({"4"}))) return 5;
            return sink.health().healthy ? 0 : 6;
          }) == 0);
    CHECK(lines_of(moved) == strings{"1", "2", "3"});
    CHECK(lines_of(path) == strings{"4"});
  }
  SECTION("because a directory has its name") {
    rotating_file sink{{.path = path, .now_ns = clock.function()}};
    sink.start(start_context{});
    CHECK(sink.write(lines_batch({"1"})));
    std::filesystem::rename(path, moved);
    std::filesystem::create_directory(path);
    clock.advance(1);
    CHECK(sink.write(lines_batch({"2"})));
    CHECK_THAT(sink.health().detail, ContainsSubstring("is a directory"));
    std::filesystem::remove(path);
    std::filesystem::rename(moved, path);
    clock.advance(1);
    CHECK(sink.write(lines_batch({"3"})));
    CHECK(sink.health().healthy);
    CHECK(lines_of(path) == strings{"1", "2", "3"});
  }
}

TEST_CASE("a relative path keeps its meaning if the process changes its working directory") {
  temporary_directory directory;
  std::filesystem::create_directories(directory / "first");
  std::filesystem::create_directories(directory / "second");
  shared_clock const clock;
  auto const lines = numbered_lines(30, 100);
  for (bool const has_prefix : {false, true}) {
    int const status = support::status_of_child([&] {
      if (::chdir((directory / "first").c_str()) != 0) return 1;
      fapilog::sinks::rotating_file_config config{.max_bytes = 1'000, .now_ns = clock.function()};
      if (has_prefix) config.filename_prefix = "app";
      else config.path = "./logs/app.log";
      rotating_file sink{config};
      if (has_prefix && ::chdir("../second") != 0) return 2;  // even before it is started
      sink.start(start_context{});
      for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i == 15 && ::chdir("../second") != 0) return 3;
        if (!sink.write(lines_batch({lines[i]}))) return 4;
        clock.advance(2);
      }
      return 0;
    });
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(names_in(directory / "second").empty());
    CHECK(sorted_lines_in(directory / (has_prefix ? "first" : "first/logs")) == sorted(lines));
    std::filesystem::remove_all(directory / "first");
    std::filesystem::create_directories(directory / "first");
  }
}

TEST_CASE("processes that share a file keep its limit and report nothing while they rotate it") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  bool const is_limited = GENERATE(false, true);
  constexpr int processes = 4;
  constexpr int batches = 300;
  constexpr std::size_t in_batch = 40;
  constexpr std::uint64_t max_bytes = 20'000;
  auto const write_all = [&](std::string const& name) {
    collected_reports reports;
    rotating_file sink{{.path = path,
                        .max_bytes = max_bytes,
                        .max_files = is_limited ? std::size_t{3} : 0,
                        .compress_rotated = is_limited && fapilog::detail::can_compress()}};
    sink.start(reports.context());
    for (int i = 0; i < batches; ++i) {
      if (!sink.write(lines_batch(numbered_lines(in_batch, 60, name + std::to_string(i))))) return 1;
    }
    sink.stop();
    for (auto const& report : *reports.all) std::fprintf(stderr, "%s\n", report.c_str());
    return reports.all->empty() ? 0 : 2;
  };
  std::vector<::pid_t> children;
  for (int i = 0; i < processes; ++i) {
    children.push_back(::fork());
    if (children.back() == 0) ::_exit(write_all(std::string(1, static_cast<char>('a' + i))));
  }
  for (::pid_t const child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WEXITSTATUS(status) == 0);
  }
  auto const names = names_in(directory.path());
  if (is_limited) {
    CHECK(names.size() <= 4);
    return;
  }
  for (auto const& name : names)
    CHECK(std::filesystem::file_size(directory / name) <= max_bytes + (processes - 1) * 4'096);
  strings expected;
  for (int p = 0; p < processes; ++p) {
    for (int i = 0; i < batches; ++i) {
      for (auto& line :
           numbered_lines(in_batch, 60, std::string(1, static_cast<char>('a' + p)) + std::to_string(i)))
        expected.push_back(std::move(line));
    }
  }
  CHECK((sorted_lines_in(directory.path()) == sorted(std::move(expected))));
}

TEST_CASE("after reopen the next batch goes to a new file at the path, and flush creates it, too") {
  temporary_directory directory;
  shared_clock const clock;  // does not move, so the sink does not look for the file by itself
  std::string const path = directory / "app.log";
  rotating_file sink{{.path = path, .now_ns = clock.function()}};
  sink.start(start_context{});
  CHECK(sink.write(lines_batch({"1"})));
  std::filesystem::rename(path, directory / "app.log.1");
  sink.reopen();
  CHECK(sink.write(lines_batch({"2"})));
  CHECK(lines_of(directory / "app.log.1") == strings{"1"});
  CHECK(lines_of(path) == strings{"2"});

  std::filesystem::rename(path, directory / "app.log.2");
  sink.reopen();
  sink.flush();
  CHECK(names_in(directory.path()) == strings{"app.log", "app.log.1", "app.log.2"});
  CHECK(sink.write(lines_batch({"3"})));
  CHECK(lines_of(directory / "app.log.2") == strings{"2"});
}

TEST_CASE("reopen of a runtime reaches its sinks and their fallbacks, also from a signal handler") {
  temporary_directory directory;
  shared_clock const clock;
  auto const file = [&](char const* name) {
    return rotating_file{{.path = directory / name, .now_ns = clock.function()}};
  };
  struct refusing_sink {
    fapilog::write_result write(fapilog::batch const& entries) {
      std::vector<std::size_t> all(entries.size());
      for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
      return fapilog::write_result::rejected(std::move(all), "for the test");
    }
  };
  fapilog::runtime rt{{.sinks = {{refusing_sink{}, {.fallback = file("spare.log")}}, file("app.log")}}};
  static fapilog::runtime const* to_reopen;
  to_reopen = &rt;
  auto log = rt.get_logger();
  log.info("first");
  REQUIRE(rt.flush(60s).complete);
  for (char const* name : {"app.log", "spare.log"})
    std::filesystem::rename(directory / name, directory / (std::string{name} + ".1"));
  auto const before = std::signal(
      SIGUSR1, +[](int) { to_reopen->reopen(); });
  std::raise(SIGUSR1);
  std::signal(SIGUSR1, before);
  log.info("second");
  REQUIRE(rt.flush(60s).complete);
  for (char const* name : {"app.log", "spare.log"}) {
    CHECK(lines_of(directory / (std::string{name} + ".1")).size() == 1);
    CHECK(lines_of(directory / name).size() == 1);
  }
}

TEST_CASE(
    "if another program moves, compresses and removes the file at once, reopen and flush keep every line") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  constexpr int rounds = 10;
  strings expected;
  strings found;
  auto const collect = [&found](std::string const& text) {
    for (auto const& line : support::split_lines(text))
      found.push_back(line.substr(line.find("line ")).substr(0, line.substr(line.find("line ")).find('"')));
  };
  {
    fapilog::runtime rt{
        {.when_full = fapilog::when_full::block, .sinks = {rotating_file{{.path = path, .max_bytes = 0}}}}};
    // A limit for each round: the files would otherwise grow faster than gzip can compress them.
    constexpr int lines_per_round = 5'000;
    std::atomic<int> begun{1};  // rounds; more than `rounds` ends the caller
    std::thread caller{[&] {
      auto const log = rt.get_logger();
      for (int i = 0;; ++i) {
        int now = begun;
        for (; now <= rounds && i >= now * lines_per_round; now = begun) begun.wait(now);
        if (now > rounds) return;
        log.info("line {}", i);
        expected.push_back("line " + std::to_string(i));
      }
    }};
    for (int round = 0; round < rounds; ++round) {
      std::string const moved = path + '.' + std::to_string(round);
      REQUIRE(support::eventually([&] { return std::filesystem::exists(path); }));
      std::filesystem::rename(path, moved);
      rt.reopen();
      REQUIRE(rt.flush(60s).complete);
      REQUIRE(std::system(("gzip '" + moved + "'").c_str()) == 0);
      ++begun;
      begun.notify_one();
    }
    caller.join();
  }
  for (int round = 0; round < rounds; ++round)
    collect(support::unpacked(path + '.' + std::to_string(round) + ".gz"));
  collect(support::content_of(path));
  CHECK((found == expected));
}

#if defined(FAPILOG_WITH_ZLIB)

namespace {

/// Bytes that compress badly, so that compression takes a while.
std::string incompressible(std::size_t size) {
  std::string text(size, '\0');
  unsigned x = 1;
  for (char& c : text) c = static_cast<char>((x = x * 1'664'525 + 1'013'904'223) >> 24);
  return text;
}

/// Returns true from the first compressed byte on, also when all of them are written.
bool is_being_compressed(std::string const& rotated) {
  return fapilog::detail::status_of(rotated + ".gz.tmp").size > 0 ||
         fapilog::detail::status_of(rotated + ".gz").size > 0;
}

}  // namespace

TEST_CASE("unfinished files of killed processes are removed, those of living processes are not") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  std::string const rotated = directory / "app-20250101-000000.log";
  fapilog::sinks::rotating_file_config const config{
      .path = path, .compress_rotated = true, .now_ns = clock.function()};
  support::write_file(rotated, incompressible(30'000'000));
  ::pid_t const child = ::fork();
  if (child == 0) {
    rotating_file sink{config};
    sink.start(start_context{});
    sink.stop();
    ::_exit(0);
  }
  REQUIRE(support::eventually([&] { return is_being_compressed(rotated); }));
  {
    // While the child compresses the file, a second process leaves it alone.
    rotating_file second{config};
    second.start(start_context{});
    second.stop();
  }
  ::kill(child, SIGKILL);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (!WIFSIGNALED(status)) SKIP("the file was compressed before the process could be killed");
  CHECK(names_in(directory.path()) ==
        strings{"app-20250101-000000.log", "app-20250101-000000.log.gz.tmp", "app.log"});
  std::filesystem::remove(rotated);                                // retention does that to old files
  support::write_file(directory / "app-20250102-000000.log", "");  // reserved for a rotation
  support::write_file(directory / "app-notes.gz.tmp", "not ours");
  support::write_file(directory / "app-20250103-000000.log.gz.tmp", "of a living process");
  {
    auto const living = fapilog::detail::open_file(directory / "app-20250103-000000.log.gz.tmp",
                                                   fapilog::detail::open_for::update);
    REQUIRE(living.handle.lock_exclusive() == 0);
    rotating_file next{config};
    next.start(start_context{});
    next.stop();
    CHECK(names_in(directory.path()) ==
          strings{"app-20250103-000000.log.gz.tmp", "app-notes.gz.tmp", "app.log"});
  }
  rotating_file last{config};
  last.start(start_context{});
  last.stop();
  CHECK(names_in(directory.path()) == strings{"app-notes.gz.tmp", "app.log"});
}

TEST_CASE(
    "a rotated file that retention removes while it is compressed causes no complaint and leaves nothing") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  support::write_file(directory / "app-20250101-000000.log", incompressible(20'000'000));
  collected_reports reports;
  rotating_file sink{{.path = path,
                      .max_bytes = 1'000,
                      .max_files = 1,
                      .compress_rotated = true,
                      .now_ns = clock.function()}};
  sink.start(reports.context());
  REQUIRE(support::eventually([&] { return is_being_compressed(directory / "app-20250101-000000.log"); }));
  write_files(sink, clock, numbered_lines(3, 600));
  sink.stop();
  CHECK(*reports.all == strings{});
  CHECK(names_in(directory.path()) == strings{"app-20260127-103002.log.gz", "app.log"});
}

#endif
