// SPDX-License-Identifier: MIT
// The rotating file: which line goes to which file, what is kept, and what happens if the file system fails.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/file_sinks.hpp"
#include "support/files.hpp"

#include <fapilog/sinks/file/compressor.hpp>
#include <fapilog/sinks/file/detail/rotated_files.hpp>
#include <fapilog/sinks/rotating_file.hpp>
#include <fapilog/sinks/sink.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/stat.h>

using Catch::Matchers::ContainsSubstring;
using fapilog::batch;
using fapilog::start_context;
using fapilog::write_outcome;
using fapilog::write_result;
using fapilog::detail::rotated_files;
using fapilog::sinks::file_sync;
using fapilog::sinks::rotating_file;
using fapilog::sinks::rotating_file_config;
using support::code_as_nobody;
using support::collected_reports;
using support::content_of;
using support::lines_batch;
using support::lines_of;
using support::names_in;
using support::numbered_lines;
using support::one_second;
using support::shared_clock;
using support::temporary_directory;
using file_names = std::vector<std::string>;

namespace {

start_context silent() { return start_context{}; }

/// All lines of a directory's files, the oldest file first (by number within a second), the active one last.
file_names lines_in_order(std::string const& active) {
  rotated_files const rotated{active};
  int error = 0;
  file_names all;
  for (auto const& file : rotated.list(error)) {
    auto const lines = lines_of(rotated.path_of(file));
    all.insert(all.end(), lines.begin(), lines.end());
  }
  auto const lines = lines_of(active);
  all.insert(all.end(), lines.begin(), lines.end());
  return all;
}

}  // namespace

TEST_CASE("lines are appended under a stable name, by the next process too") {
  temporary_directory directory;
  std::string const path = directory / "logs/deep/app.log";
  {
    rotating_file sink{{.path = path}};
    sink.start(silent());
    CHECK(sink.write(lines_batch({"{\"n\":1}", "{\"n\":2}"})));
    CHECK(sink.write(lines_batch({"{\"n\":3}", "{\"n\":4}", "{\"n\":5}"}).from(1)));
    CHECK(sink.write(batch{}));
    CHECK(sink.health().healthy);
    CHECK(sink.name() == "rotating_file");
  }
  rotating_file next{{.path = path}};
  next.start(silent());
  CHECK(next.write(lines_batch({"{\"n\":6}"})));
  CHECK(content_of(path) == "{\"n\":1}\n{\"n\":2}\n{\"n\":4}\n{\"n\":5}\n{\"n\":6}\n");
  CHECK(names_in(directory / "logs/deep") == file_names{"app.log"});
  CHECK(fapilog::any_sink{rotating_file{{.path = path}}}.needs_json());
}

TEST_CASE("directory and prefix are another way to name the file") {
  temporary_directory directory;
  rotating_file sink{{.directory = directory / "logs", .filename_prefix = "fapilog"}};
  sink.start(silent());
  CHECK(sink.write(lines_batch({"{}"})));
  CHECK(content_of(directory / "logs/fapilog.jsonl") == "{}\n");
}

TEST_CASE("files are private to the owner by default, and have the configured mode otherwise") {
  temporary_directory directory;
  ::mode_t const mask = GENERATE(::mode_t{0}, ::mode_t{077});
  ::mode_t const before = ::umask(mask);
  rotating_file sink{{.path = directory / "logs/app.log"}};
  sink.start(silent());
  rotating_file group{{.path = directory / "logs/group.log", .mode = 0640}};
  group.start(silent());
  ::umask(before);
  CHECK(fapilog::detail::status_of(directory / "logs/app.log").mode == 0600);
  CHECK(fapilog::detail::status_of(directory / "logs").mode == 0700);
  CHECK(fapilog::detail::status_of(directory / "logs/group.log").mode == (0640 & ~mask));
}

TEST_CASE("files rotate by size between lines, and none exceeds the maximum") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  rotating_file sink{{.path = path, .max_bytes = 1'000, .now_ns = clock.function()}};
  sink.start(silent());
  auto const lines = numbered_lines(35, 100);

  // One batch over several files, then single lines.
  CHECK(sink.write(lines_batch({lines.begin(), lines.begin() + 25})));
  CHECK(names_in(directory.path()) ==
        file_names{"app-20260127-103000-1.log", "app-20260127-103000.log", "app.log"});
  clock.advance(5);
  for (auto line = lines.begin() + 25; line != lines.end(); ++line) CHECK(sink.write(lines_batch({*line})));

  CHECK(names_in(directory.path()) == file_names{"app-20260127-103000-1.log", "app-20260127-103000.log",
                                                 "app-20260127-103005.log", "app.log"});
  CHECK(lines_of(directory / "app-20260127-103000.log") == file_names{lines.begin(), lines.begin() + 10});
  CHECK(lines_of(directory / "app-20260127-103000-1.log") ==
        file_names{lines.begin() + 10, lines.begin() + 20});
  CHECK(lines_of(directory / "app-20260127-103005.log") ==
        file_names{lines.begin() + 20, lines.begin() + 30});
  CHECK(lines_of(path) == file_names{lines.begin() + 30, lines.end()});
}

TEST_CASE("a line longer than the maximum size gets a file of its own") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  rotating_file sink{{.path = path, .max_bytes = 500, .now_ns = clock.function()}};
  sink.start(silent());
  std::string const giant(2'000, 'g');
  CHECK(sink.write(lines_batch({"small 1", giant, "small 2", giant + giant})));
  CHECK(sink.write(lines_batch({giant})));
  CHECK(lines_in_order(path) == file_names{"small 1", giant, "small 2", giant + giant, giant});
  CHECK(lines_of(directory / "app-20260127-103000-1.log") == file_names{giant});
  CHECK(lines_of(path) == file_names{giant});
}

TEST_CASE("a thousand rotations lose nothing and keep exactly the configured number of files") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  auto const lines = numbered_lines(10'010, 100);
  SECTION("everything") {
    rotating_file sink{{.path = path, .max_bytes = 1'000, .now_ns = clock.function()}};
    sink.start(silent());
    for (std::size_t i = 0; i < lines.size(); i += 7) {
      CHECK(sink.write(
          lines_batch({lines.begin() + static_cast<std::ptrdiff_t>(i),
                       lines.begin() + static_cast<std::ptrdiff_t>(std::min(i + 7, lines.size()))})));
      if (i % 490 == 0) clock.advance(1);
    }
    CHECK(names_in(directory.path()).size() == 1'001);
    CHECK(lines_in_order(path) == lines);
    for (auto const& name : names_in(directory.path()))
      CHECK(std::filesystem::file_size(directory / name) <= 1'000);
  }
  SECTION("the newest five") {
    rotating_file sink{{.path = path, .max_bytes = 1'000, .max_files = 5, .now_ns = clock.function()}};
    sink.start(silent());
    for (auto const& line : lines) {
      CHECK(sink.write(lines_batch({line})));
      if (line.find("00,") != std::string::npos) clock.advance(1);
      REQUIRE(names_in(directory.path()).size() <= 6);
    }
    CHECK(names_in(directory.path()).size() == 6);
    CHECK(lines_in_order(path) == file_names{lines.end() - 60, lines.end()});
  }
}

TEST_CASE("all files together never exceed the total limit") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  std::uint64_t const bound = GENERATE(std::uint64_t{1'000}, std::uint64_t{3'500});
  rotating_file sink{
      {.path = path, .max_bytes = 1'000, .max_total_bytes = bound, .now_ns = clock.function()}};
  sink.start(silent());
  auto const lines = numbered_lines(300, 100);
  for (auto const& line : lines) {
    CHECK(sink.write(lines_batch({line})));
    std::uint64_t total = 0;
    for (auto const& name : names_in(directory.path())) total += std::filesystem::file_size(directory / name);
    REQUIRE(total <= bound);
  }
  CHECK(lines_in_order(path) == file_names{lines.end() - (bound == 1'000 ? 10 : 30), lines.end()});
}

TEST_CASE("retention counts and removes only files with exactly the names of rotated files") {
  temporary_directory directory;
  shared_clock const clock;
  file_names const strangers{"app-20260127-103000.log.bak",
                             "app-20260127-1030000.log",
                             "app-2026012-103000.log",
                             "app-20260127-103000-01.log",
                             "app-20260127-103000-.log",
                             "app-20260127-103000-0.log",
                             "app-20260127-103000-1x.log",
                             "app-20260127_103000.log",
                             "app-20260127-103000.txt",
                             "app-20260127-103000.log.gz.tmp",
                             "apple-20260127-103000.log",
                             "my-app-20260127-103000.log",
                             "app-db.log",
                             "app-20200101-000000.log.gz.gz",
                             "app.log.1",
                             "app-",
                             "app"};
  for (auto const& name : strangers) support::write_file(directory / name, "not ours\n");
  file_names const ours{"app-20200101-000000.log", "app-20200101-000000-2.log",
                        "app-20200101-000000-10.log.gz", "app-20210101-000000.log.gz"};
  for (auto const& name : ours) support::write_file(directory / name, "old\n");

  std::string const path = directory / "app.log";
  rotating_file sink{{.path = path, .max_bytes = 100, .max_files = 2, .now_ns = clock.function()}};
  sink.start(silent());
  auto const with_strangers = [&](file_names expected) {
    expected.insert(expected.end(), strangers.begin(), strangers.end());
    std::sort(expected.begin(), expected.end());
    return expected;
  };
  // Already at the start, and by number within a second.
  CHECK(names_in(directory.path()) ==
        with_strangers({"app.log", "app-20200101-000000-10.log.gz", "app-20210101-000000.log.gz"}));

  CHECK(sink.write(lines_batch(numbered_lines(2, 90))));
  CHECK(names_in(directory.path()) ==
        with_strangers({"app.log", "app-20210101-000000.log.gz", "app-20260127-103000.log"}));
}

TEST_CASE("names of rotated files are parsed as they are formatted") {
  struct expectation {
    std::string active;
    std::string rotated;
  };
  for (auto const& [active, name] : {expectation{"logs/app.log", "logs/app-20260127-103000.log"},
                                     expectation{"app", "./app-20260127-103000"},
                                     expectation{"/a.b/c.d.jsonl", "/a.b/c.d-20260127-103000.jsonl"},
                                     expectation{"x/.hidden", "x/.hidden-20260127-103000"},
                                     expectation{"x/app.", "x/app-20260127-103000."}}) {
    rotated_files const files{active};
    rotated_files::item item{"20260127-103000", 0, true, false};
    CHECK(files.path_of(item) == name);
    auto const read = files.parse(name.substr(name.rfind('/') + 1));
    CHECK(read.plain);
    CHECK(read.stamp == item.stamp);
    CHECK(read.number == 0);
    item.number = 12;
    auto const numbered = files.path_of(item);
    CHECK(files.parse(numbered.substr(numbered.rfind('/') + 1) + ".gz").number == 12);
    CHECK(files.parse(numbered.substr(numbered.rfind('/') + 1) + ".gz").compressed);
  }
}

TEST_CASE("files rotate with the first batch after a boundary of UTC time") {
  temporary_directory directory;
  shared_clock const clock;  // 10:30:00
  std::string const path = directory / "app.log";
  rotating_file sink{{.path = path, .interval = rotating_file_config::hourly, .now_ns = clock.function()}};
  sink.start(silent());
  auto const write = [&](char const* line) { CHECK(sink.write(lines_batch({line}))); };
  write("10:30");
  clock.advance(1'799);
  write("10:59:59");
  CHECK(names_in(directory.path()) == file_names{"app.log"});
  clock.advance(1);
  write("11:00");
  CHECK(names_in(directory.path()) == file_names{"app-20260127-110000.log", "app.log"});
  clock.advance(3 * 3'600);
  write("14:00");
  CHECK(names_in(directory.path()) ==
        file_names{"app-20260127-110000.log", "app-20260127-140000.log", "app.log"});
  CHECK(lines_in_order(path) == file_names{"10:30", "10:59:59", "11:00", "14:00"});
  CHECK(lines_of(path) == file_names{"14:00"});

  // A clock that goes back a little causes no repeated rotations; one that was set back is followed.
  clock.advance(-2);
  write("13:59:58");
  clock.advance(2);
  write("14:00");
  CHECK(names_in(directory.path()).size() == 3);
  clock.advance(-86'400);
  write("yesterday");
  clock.advance(3'600);
  write("an hour later");
  CHECK(names_in(directory.path()).size() == 4);
}

TEST_CASE("size and time rotate together") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  rotating_file sink{
      {.path = path, .max_bytes = 200, .interval = rotating_file_config::daily, .now_ns = clock.function()}};
  sink.start(silent());
  auto const lines = numbered_lines(7, 100);
  CHECK(sink.write(lines_batch({lines.begin(), lines.begin() + 3})));
  clock.advance(86'400);
  CHECK(sink.write(lines_batch({lines.begin() + 3, lines.end()})));
  CHECK(names_in(directory.path()) == file_names{"app-20260127-103000.log", "app-20260128-103000-1.log",
                                                 "app-20260128-103000.log", "app.log"});
  CHECK(lines_of(directory / "app-20260128-103000.log") == file_names{lines[2]});
  CHECK(lines_in_order(path) == lines);
}

TEST_CASE("a process that finds a file of an earlier interval rotates it") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  support::write_file(path, "yesterday\n");
  ::timespec const times[2] = {{.tv_sec = shared_clock::first / one_second - 86'400, .tv_nsec = 0},
                               {.tv_sec = shared_clock::first / one_second - 86'400, .tv_nsec = 0}};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
  rotating_file sink{{.path = path, .interval = rotating_file_config::daily, .now_ns = clock.function()}};
  sink.start(silent());
  CHECK(sink.write(lines_batch({"today"})));
  CHECK(lines_of(path) == file_names{"today"});
  CHECK(lines_of(directory / "app-20260127-103000.log") == file_names{"yesterday"});
}

TEST_CASE("an existing file is never replaced by a rotation") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  support::write_file(directory / "app-20260127-103000.log", "not to be lost 1\n");
  support::write_file(directory / "app-20260127-103000-1.log.gz", "not to be lost 2\n");
  rotating_file sink{{.path = path, .max_bytes = 100, .now_ns = clock.function()}};
  sink.start(silent());
  CHECK(sink.write(lines_batch(numbered_lines(2, 90))));
  CHECK(names_in(directory.path()) == file_names{"app-20260127-103000-1.log.gz", "app-20260127-103000-2.log",
                                                 "app-20260127-103000.log", "app.log"});
  CHECK(content_of(directory / "app-20260127-103000.log") == "not to be lost 1\n");
  CHECK(content_of(directory / "app-20260127-103000-1.log.gz") == "not to be lost 2\n");
}

TEST_CASE("if another process moves the file, lines go to a new one within a second, and none is lost") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  rotating_file sink{{.path = path, .now_ns = clock.function()}};
  sink.start(silent());
  CHECK(sink.write(lines_batch({"1"})));
  std::filesystem::rename(path, directory / "app.log.1");
  CHECK(sink.write(lines_batch({"2"})));  // within the second, the line still goes to the moved file
  clock.advance(1);
  CHECK(sink.write(lines_batch({"3"})));
  CHECK(lines_of(directory / "app.log.1") == file_names{"1", "2"});
  CHECK(lines_of(path) == file_names{"3"});

  // Moved and created again by another process, as logrotate's `create` does.
  std::filesystem::rename(path, directory / "app.log.2");
  support::write_file(path, "");
  clock.advance(1);
  CHECK(sink.write(lines_batch({"4"})));
  CHECK(lines_of(path) == file_names{"4"});
}

TEST_CASE("if another process removes the file or its directory, no later line is lost") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "logs/app.log";
  rotating_file sink{{.path = path, .now_ns = clock.function()}};
  sink.start(silent());
  CHECK(sink.write(lines_batch({"1"})));
  std::filesystem::remove(path);
  CHECK(sink.write(lines_batch({"2"})));  // at once, not after a second
  CHECK(lines_of(path) == file_names{"2"});
  std::filesystem::remove_all(directory / "logs");
  CHECK(sink.write(lines_batch({"3"})));
  CHECK(lines_of(path) == file_names{"3"});
}

TEST_CASE("a file that another process truncated counts as empty and is continued") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  rotating_file sink{{.path = path, .max_bytes = 1'000, .now_ns = clock.function()}};
  sink.start(silent());
  auto const lines = numbered_lines(18, 100);
  CHECK(sink.write(lines_batch({lines.begin(), lines.begin() + 9})));
  std::filesystem::resize_file(path, 0);
  CHECK(sink.write(lines_batch({lines.begin() + 9, lines.end()})));
  CHECK(lines_of(path) == file_names{lines.begin() + 9, lines.end()});
  CHECK(names_in(directory.path()) == file_names{"app.log"});
}

TEST_CASE("a full disk is reported, leaves no torn line, and writes nothing twice") {
  support::small_file_system disk{"size=128k"};
  if (!disk.is_mounted()) SKIP("mounting a file system is not permitted");
  std::string const path = disk / "app.log";
  rotating_file sink{{.path = path}};
  sink.start(silent());
  support::write_file(disk / "ballast", std::string(100'000, 'b'));
  auto const lines = numbered_lines(600, 101);

  batch rest = lines_batch(lines);
  write_result result = sink.write(rest);
  REQUIRE(result.outcome() == write_outcome::retry);
  CHECK_THAT(result.reason(),
             ContainsSubstring("'" + path + "'") && ContainsSubstring("No space left on device"));
  CHECK(result.delay() > std::chrono::milliseconds{0});
  CHECK(result.first_to_retry() > 0);
  CHECK(result.first_to_retry() < lines.size());
  CHECK_FALSE(sink.health().healthy);
  CHECK_THAT(sink.health().detail, ContainsSubstring("No space left"));
  CHECK(lines_of(path) ==
        file_names{lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(result.first_to_retry())});

  rest = rest.from(result.first_to_retry());
  result = sink.write(rest);  // still full
  CHECK(result.first_to_retry() == 0);
  rest = rest.from(result.first_to_retry());

  std::filesystem::remove(disk / "ballast");
  CHECK(sink.write(rest));
  CHECK(sink.health().healthy);
  CHECK(lines_of(path) == lines);
}

TEST_CASE("a full disk during rotations loses nothing") {
  support::small_file_system disk{"size=64k,nr_inodes=12"};
  if (!disk.is_mounted()) SKIP("mounting a file system is not permitted");
  shared_clock const clock;
  std::string const path = disk / "app.log";
  collected_reports reported;
  rotating_file sink{{.path = path, .max_bytes = 1'000, .now_ns = clock.function()}};
  sink.start(reported.context());
  auto const lines = numbered_lines(300, 100);
  batch rest = lines_batch(lines);
  int offers = 0;
  // There are names for ten files. Then the active one grows beyond its limit, and no line is lost.
  while (true) {
    write_result const result = sink.write(rest);
    if (result) break;
    rest = rest.from(result.first_to_retry());
    clock.advance(1);
    REQUIRE(++offers < 100);
  }
  CHECK(lines_in_order(path) == lines);
  CHECK_FALSE(reported.all->empty());
  CHECK_THAT(reported.all->front(),
             ContainsSubstring("continues to grow") && ContainsSubstring("No space left"));
  CHECK_THAT(sink.health().detail, ContainsSubstring("cannot rotate"));
}

TEST_CASE("the file size limit of the process is handled like a full disk") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  int const status = support::status_of_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    ::rlimit const limit{1'050, 1'050};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    rotating_file sink{{.path = path}};
    sink.start(silent());
    auto const result = sink.write(lines_batch(numbered_lines(20, 100)));
    return result.outcome() == write_outcome::retry && result.first_to_retry() == 10 ? 42 : 1;
  });
  CHECK(WEXITSTATUS(status) == 42);
  CHECK(lines_of(path) == numbered_lines(10, 100));
}

TEST_CASE("the sink is healthy again as soon as the file can be opened") {
  temporary_directory directory;
  std::filesystem::create_directory(directory / "app.log");
  rotating_file sink{{.path = directory / "app.log"}};
  CHECK_THROWS(sink.start(silent()));
  CHECK_FALSE(sink.health().healthy);
  std::filesystem::remove(directory / "app.log");
  sink.start(silent());
  CHECK(sink.health().healthy);
}

TEST_CASE("a path that cannot be a log file is refused at start with the path, the reason and what to do") {
  temporary_directory directory;
  std::string const here = directory.path().string();
  auto const refusal_of = [](rotating_file_config config) -> std::string {
    rotating_file sink{std::move(config)};
    std::string text;
    try {
      sink.start(silent());
    } catch (std::runtime_error const& error) {  // std::system_error is one, too
      text = error.what();
    }
    // The batch is not lost silently.
    auto const result = sink.write(lines_batch({"{}"}));
    CHECK(result.outcome() != write_outcome::delivered);
    CHECK_FALSE(result.reason().empty());
    CHECK_FALSE(sink.health().healthy);
    return text;
  };

  SECTION("by its type") {
    CHECK_THAT(refusal_of({.path = here}), ContainsSubstring("'" + here + "' is a directory") &&
                                               ContainsSubstring("must be a regular file"));
    REQUIRE(::mkfifo((directory / "fifo").c_str(), 0600) == 0);
    CHECK_THAT(refusal_of({.path = directory / "fifo"}), ContainsSubstring("is a FIFO"));
    CHECK_THAT(refusal_of({.path = "/dev/null"}), ContainsSubstring("is a device"));
    std::filesystem::create_symlink("/etc/passwd", directory / "link");
    CHECK_THAT(refusal_of({.path = directory / "link"}), ContainsSubstring("is a symbolic link"));
  }
  SECTION("by its place") {
    support::write_file(directory / "file", "");
    CHECK_THAT(refusal_of({.path = directory / "file/app.log"}), ContainsSubstring("Not a directory"));
    CHECK_THAT(refusal_of({.path = directory / "file/new/app.log"}), ContainsSubstring("Not a directory"));
    CHECK_THAT(refusal_of({.path = directory / (std::string(4'096, 'd') + "/app.log")}),
               ContainsSubstring("File name too long"));
  }
  SECTION("by its name") {
    CHECK_THAT(refusal_of({}), ContainsSubstring("`path`") && ContainsSubstring("`filename_prefix`"));
    CHECK_THAT(refusal_of({.path = here + "/"}), ContainsSubstring("must end with a file name"));
    CHECK_THAT(refusal_of({.path = here + "/.."}), ContainsSubstring("must end with a file name"));
    CHECK_THAT(refusal_of({.path = std::string("app\0.log", 8)}), ContainsSubstring("NUL"));
    CHECK_THAT(refusal_of({.path = directory / std::string(240, 'n')}), ContainsSubstring("too long"));
    for (char const* prefix : {"../app", "a/b", "..", "/etc/cron.d/app", "a..b"}) {
      CHECK_THAT(refusal_of({.directory = here, .filename_prefix = prefix}),
                 ContainsSubstring(prefix) && ContainsSubstring("must not contain"));
    }
    CHECK_THAT(refusal_of({.path = directory / "app.log", .directory = here}),
               ContainsSubstring("set only one"));
    CHECK(names_in(directory.path()).empty());
  }
  SECTION("by its numbers") {
    std::string const path = directory / "app.log";
    CHECK_THAT(refusal_of({.path = path, .interval = std::chrono::seconds{-1}}),
               ContainsSubstring("negative"));
    CHECK_THAT(refusal_of({.path = path, .max_total_bytes = 1}), ContainsSubstring("`max_bytes`"));
    auto const compressor = fapilog::detail::linked_compressor.exchange(nullptr);
    CHECK_FALSE(fapilog::detail::can_compress());
    CHECK_THAT(refusal_of({.path = path, .compress_rotated = true}), ContainsSubstring("link fapilog::zlib"));
    fapilog::detail::linked_compressor.store_release(compressor);
    CHECK(names_in(directory.path()).empty());
  }
}

TEST_CASE("the exception carries the error number of the system, if there is one") {
  temporary_directory directory;
  support::write_file(directory / "file", "");
  rotating_file sink{{.path = directory / "file/app.log"}};
  try {
    sink.start(silent());
    FAIL("started");
  } catch (std::system_error const& error) {
    CHECK(error.code() == std::errc::not_a_directory);
  }
}

TEST_CASE(
    "a directory without write permission is refused, tried again with every batch, and used once it is "
    "writable") {
  temporary_directory directory;
  std::string const path = directory / "logs/app.log";
  std::filesystem::create_directory(directory / "logs");
  std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
  if (::geteuid() == 0) REQUIRE(::chown((directory / "logs").c_str(), 65534, 65534) == 0);
  std::filesystem::permissions(directory / "logs", std::filesystem::perms{0500});
  CHECK(code_as_nobody([&] {
          rotating_file sink{{.path = path}};
          try {
            sink.start(silent());
            return 1;
          } catch (std::system_error const& error) {
            if (error.code() != std::errc::permission_denied) return 2;
            if (std::string{error.what()}.find(path) == std::string::npos) return 3;
          }
          auto const result = sink.write(lines_batch({"1"}));
          if (result.outcome() != write_outcome::retry || result.first_to_retry() != 0) return 4;
          if (result.reason().find("Permission denied") == std::string::npos) return 5;
          std::filesystem::permissions(directory / "logs", std::filesystem::perms{0700});
          return sink.write(lines_batch({"1"})) && sink.health().healthy ? 0 : 6;
        }) == 0);
  CHECK(lines_of(path) == file_names{"1"});
}

TEST_CASE("if a rotation fails, the file grows, the problem is reported, and the rotation is tried again") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "logs/app.log";
  std::filesystem::create_directory(directory / "logs");
  std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
  if (::geteuid() == 0) REQUIRE(::chown((directory / "logs").c_str(), 65534, 65534) == 0);
  auto const lines = numbered_lines(40, 100);
  CHECK(code_as_nobody([&] {
          collected_reports reported;
          rotating_file sink{{.path = path, .max_bytes = 1'000, .now_ns = clock.function()}};
          sink.start(reported.context());
          std::filesystem::permissions(directory / "logs", std::filesystem::perms{0500});
          for (std::size_t i = 0; i < 30; ++i) {
            if (!sink.write(lines_batch({lines[i]}))) return 1;
          }
          if (reported.all->size() != 1) return 2;  // once a second, not with every line
          if (sink.health().healthy) return 3;
          std::filesystem::permissions(directory / "logs", std::filesystem::perms{0700});
          clock.advance(1);
          for (std::size_t i = 30; i < 40; ++i) {
            if (!sink.write(lines_batch({lines[i]}))) return 4;
          }
          return sink.health().healthy ? 0 : 5;
        }) == 0);
  CHECK(lines_of(directory / "logs/app-20260127-103001.log") ==
        file_names{lines.begin(), lines.begin() + 30});
  CHECK(lines_of(path) == file_names{lines.begin() + 30, lines.end()});
}

TEST_CASE("writing continues once a read-only file system is writable again") {
  support::small_file_system disk{"size=256k"};
  if (!disk.is_mounted()) SKIP("mounting a file system is not permitted");
  std::string const path = disk / "app.log";
  REQUIRE(disk.make_read_only(true));
  rotating_file sink{{.path = path}};
  CHECK_THROWS_AS(sink.start(silent()), std::system_error);
  auto const result = sink.write(lines_batch({"1"}));
  CHECK_THAT(result.reason(), ContainsSubstring("Read-only file system"));
  REQUIRE(disk.make_read_only(false));
  CHECK(sink.write(lines_batch({"1"})));
  CHECK(lines_of(path) == file_names{"1"});
}

TEST_CASE("two processes that rotate and append to the same file tear and lose no line") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  bool const rotates = GENERATE(false, true);
  constexpr int batches = 400;
  constexpr std::size_t in_batch = 25;
  auto const write_all = [&](std::string const& name) {
    rotating_file sink{{.path = path, .max_bytes = rotates ? std::uint64_t{100'000} : 0}};
    sink.start(silent());
    for (int i = 0; i < batches; ++i) {
      if (!sink.write(lines_batch(numbered_lines(in_batch, 60, name + std::to_string(i))))) return 1;
    }
    return 42;
  };
  ::pid_t const first = ::fork();
  if (first == 0) ::_exit(write_all("a"));
  ::pid_t const other = ::fork();
  if (other == 0) ::_exit(write_all("b"));
  for (::pid_t const child : {first, other}) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WEXITSTATUS(status) == 42);
  }
  std::multiset<std::string> expected;
  for (char const* name : {"a", "b"}) {
    for (int i = 0; i < batches; ++i) {
      for (auto& line : numbered_lines(in_batch, 60, name + std::to_string(i)))
        expected.insert(std::move(line));
    }
  }
  auto const lines = lines_in_order(path);
  CHECK(std::multiset<std::string>(lines.begin(), lines.end()) == expected);
  CHECK((names_in(directory.path()).size() > 5) == rotates);
}

TEST_CASE("two writers that find a part of a line end it once") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  std::ofstream{path} << "a part of a line";
  rotating_file first{{.path = path, .max_bytes = 0}};
  rotating_file second{{.path = path, .max_bytes = 0}};
  first.start(silent());
  second.start(silent());
  REQUIRE(first.write(lines_batch({"{\"n\":1}"})));
  REQUIRE(second.write(lines_batch({"{\"n\":2}"})));
  CHECK(lines_in_order(path) == std::vector<std::string>{"a part of a line", "{\"n\":1}", "{\"n\":2}"});
}

TEST_CASE("a rotation by another process is followed, not repeated") {
  temporary_directory directory;
  shared_clock const clock;  // does not move, so neither sink looks for a new file by itself
  std::string const path = directory / "app.log";
  rotating_file one{{.path = path, .max_bytes = 1'000, .now_ns = clock.function()}};
  rotating_file other{{.path = path, .max_bytes = 1'000, .now_ns = clock.function()}};
  one.start(silent());
  other.start(silent());
  auto const lines = numbered_lines(12, 100);
  CHECK(one.write(lines_batch({lines.begin(), lines.begin() + 10})));
  CHECK(one.write(lines_batch({lines[10]})));
  CHECK(other.write(lines_batch({lines[11]})));
  CHECK(names_in(directory.path()) == file_names{"app-20260127-103000.log", "app.log"});
  CHECK(lines_of(path) == file_names{lines[10], lines[11]});
}

TEST_CASE("a descriptor is not inherited by programs, and closed at stop") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  auto const is_open_here = [&] {
    for (auto const& item : std::filesystem::directory_iterator{"/proc/self/fd"}) {
      std::error_code error;
      if (std::filesystem::read_symlink(item.path(), error) == path) {
        int const number = std::stoi(item.path().filename().string());
        CHECK((::fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
        return true;
      }
    }
    return false;
  };
  rotating_file sink{{.path = path, .sync = file_sync::batch}};
  sink.start(silent());
  CHECK(is_open_here());
  CHECK(sink.write(lines_batch({"1"})));
  sink.stop();
  CHECK_FALSE(is_open_here());
  CHECK(sink.write(lines_batch({"2"})));
  CHECK(lines_of(path) == file_names{"1", "2"});
}

#if defined(FAPILOG_WITH_ZLIB)

TEST_CASE("rotated files are compressed in the background, and stop waits for all of them") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  collected_reports reported;
  rotating_file sink{
      {.path = path, .max_bytes = 10'000, .compress_rotated = true, .now_ns = clock.function()}};
  sink.start(reported.context());
  auto const lines = numbered_lines(1'050, 100);
  for (std::size_t i = 0; i < lines.size(); i += 50) {
    auto const begin = lines.begin() + static_cast<std::ptrdiff_t>(i);
    CHECK(sink.write(lines_batch({begin, begin + 50})));
    clock.advance(1);
  }
  sink.stop();
  auto const found = names_in(directory.path());
  REQUIRE(found.size() == 11);
  file_names read;
  for (auto const& name : found) {
    if (name == "app.log") continue;
    CHECK_THAT(name, Catch::Matchers::EndsWith(".log.gz"));
    CHECK(fapilog::detail::status_of(directory / name).mode == 0600);
    auto const part = support::split_lines(support::unpacked(directory / name));
    read.insert(read.end(), part.begin(), part.end());
  }
  auto const rest = lines_of(path);
  read.insert(read.end(), rest.begin(), rest.end());
  CHECK(read == lines);
  CHECK(reported.all->empty());
}

TEST_CASE(
    "files that an earlier process left uncompressed are compressed, and retention counts compressed files") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  support::write_file(directory / "app-20250101-000000.log", "old 1\n");
  support::write_file(directory / "app-20250101-000000.log.gz",
                      "half a file\n");  // left by a crash during compression
  support::write_file(directory / "app-20250102-000000.log", "old 2\n");
  support::write_file(directory / "app-20250102-000000.log.gz.tmp", "half a file\n");
  rotating_file sink{
      {.path = path, .max_bytes = 100, .max_files = 2, .compress_rotated = true, .now_ns = clock.function()}};
  sink.start(silent());
  sink.stop();
  CHECK(names_in(directory.path()) ==
        file_names{"app-20250101-000000.log.gz", "app-20250102-000000.log.gz", "app.log"});
  CHECK(support::unpacked(directory / "app-20250101-000000.log.gz") == "old 1\n");
  CHECK(support::unpacked(directory / "app-20250102-000000.log.gz") == "old 2\n");

  CHECK(sink.write(lines_batch(numbered_lines(2, 90))));
  sink.stop();
  CHECK(names_in(directory.path()) ==
        file_names{"app-20250102-000000.log.gz", "app-20260127-103000.log.gz", "app.log"});
}

TEST_CASE("a rotated file that another process still writes to is not compressed") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  rotating_file ours{{.path = path, .max_bytes = 100, .compress_rotated = true, .now_ns = clock.function()}};
  ours.start(silent());
  // A second open file, as in another process. Its clock does not move, so it does not look for the new file.
  rotating_file theirs{{.path = path, .max_bytes = 0, .now_ns = clock.function()}};
  theirs.start(silent());
  CHECK(ours.write(lines_batch(numbered_lines(2, 90))));
  ours.stop();
  CHECK(theirs.write(lines_batch({"late"})));
  auto const lines = lines_of(directory / "app-20260127-103000.log");
  REQUIRE(lines.size() == 2);
  CHECK(lines[1] == "late");

  theirs.stop();
  ours.start(silent());
  ours.stop();
  CHECK(support::split_lines(support::unpacked(directory / "app-20260127-103000.log.gz")) == lines);
}

TEST_CASE("a rotated file that cannot be compressed stays, and the problem is reported") {
  temporary_directory directory;
  shared_clock const clock;
  std::string const path = directory / "app.log";
  std::filesystem::create_directories(directory / "app-20260127-103000.log.gz.tmp");
  collected_reports reported;
  rotating_file sink{{.path = path, .max_bytes = 100, .compress_rotated = true, .now_ns = clock.function()}};
  sink.start(reported.context());
  auto const lines = numbered_lines(2, 90);
  CHECK(sink.write(lines_batch(lines)));
  sink.stop();
  CHECK(lines_of(directory / "app-20260127-103000.log") == file_names{lines[0]});
  REQUIRE_FALSE(reported.all->empty());
  CHECK_THAT(reported.all->front(),
             ContainsSubstring("app-20260127-103000.log") && ContainsSubstring("Is a directory"));
}

#endif
