// SPDX-License-Identifier: MIT
// Files and descriptors, and files that grow by whole lines only.
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/files.hpp"

#include <fapilog/detail/os/append_file.hpp>
#include <fapilog/detail/os/file.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

using namespace fapilog::detail;
using Catch::Matchers::ContainsSubstring;
using support::temporary_directory;

namespace {

/// Counts the signals that a handler gets.
volatile std::sig_atomic_t pipe_signals = 0;
extern "C" void count_pipe_signal(int) { pipe_signals = pipe_signals + 1; }
std::atomic<int> interruptions{0};
extern "C" void count_interruption(int) { ++interruptions; }

}  // namespace

TEST_CASE("an error message has the description of the system and the number") {
  CHECK_THAT(errno_text(ENOSPC), ContainsSubstring("No space left on device"));
  CHECK_THAT(errno_text(ENOSPC), ContainsSubstring("28"));
}

TEST_CASE("a file is private to the owner, is closed on exec, and does not follow a link") {
  temporary_directory directory;
  for (::mode_t const mask : {::mode_t{0}, ::mode_t{077}}) {
    ::mode_t const before = ::umask(mask);
    std::string const path = directory / ("file" + std::to_string(mask));
    opened_file const opened = open_file(path, open_for::append);
    int const made = make_directories(directory / ("a" + std::to_string(mask) + "/b/c"));
    ::umask(before);
    REQUIRE(opened.error == 0);
    CHECK(opened.handle.status().mode == 0600);
    CHECK((::fcntl(opened.handle.descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(opened.handle.descriptor(), F_GETFL) & O_APPEND) != 0);
    CHECK(made == 0);
    CHECK(status_of(directory / ("a" + std::to_string(mask))).mode == 0700);
    CHECK(status_of(directory / ("a" + std::to_string(mask) + "/b/c")).mode == 0700);
  }
  support::write_file(directory / "target", "secret");
  std::filesystem::create_symlink(directory / "target", directory / "link");
  std::filesystem::create_symlink(directory / "missing", directory / "dangling");
  for (open_for const purpose : {open_for::append, open_for::read, open_for::replace}) {
    CHECK(open_file(directory / "link", purpose).error == ELOOP);
    CHECK(open_file(directory / "dangling", purpose).error == ELOOP);
  }
  CHECK(open_file(directory / "link", open_for::create).error == EEXIST);
  CHECK(support::content_of(directory / "target") == "secret");
  CHECK(status_of(directory / "missing").type == file_type::none);
}

TEST_CASE("the type of a file is recognised") {
  temporary_directory directory;
  support::write_file(directory / "regular", "12345");
  REQUIRE(::mkfifo((directory / "fifo").c_str(), 0600) == 0);
  std::filesystem::create_symlink(directory / "regular", directory / "link");
  int const listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (directory / "socket").copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(listening, reinterpret_cast<::sockaddr*>(&address), sizeof address) == 0);
  ::close(listening);

  CHECK(status_of(directory / "regular").type == file_type::regular);
  CHECK(status_of(directory / "regular").size == 5);
  CHECK(status_of(directory / "fifo").type == file_type::fifo);
  CHECK(status_of(directory / "link").type == file_type::symlink);
  CHECK(status_of(directory / "socket").type == file_type::socket);
  CHECK(status_of(directory.path().string()).type == file_type::directory);
  CHECK(status_of("/dev/null").type == file_type::device);
  CHECK(status_of(directory / "none").type == file_type::none);
  CHECK(status_of(directory / "regular").is_same_file(status_of(directory / "regular")));
  CHECK_FALSE(status_of(directory / "regular").is_same_file(status_of(directory / "fifo")));
  CHECK_FALSE(status_of(directory / "none").is_same_file(status_of(directory / "none")));
}

TEST_CASE("names are listed by prefix") {
  temporary_directory directory;
  for (char const* name : {"app-1", "app-2", "apple", "other"}) support::write_file(directory / name, "");
  auto found = list_directory(directory.path().string(), "app-");
  std::sort(found.names.begin(), found.names.end());
  CHECK(found.error == 0);
  CHECK(found.names == std::vector<std::string>{"app-1", "app-2"});
  CHECK(list_directory(directory / "none", "").error == ENOENT);
}

TEST_CASE("directories are created unless a file has their name") {
  temporary_directory directory;
  support::write_file(directory / "file", "");
  CHECK(make_directories(directory / "a/b//c/") == 0);
  CHECK(make_directories(directory / "a/b/c") == 0);
  CHECK(make_directories(directory / "file/below") == ENOTDIR);
  CHECK(make_directories(".") == 0);
  CHECK(make_directories("/") == 0);
}

TEST_CASE("a write to a full non-blocking descriptor waits until its timeout and no longer") {
  support::pipe_pair pipe{O_NONBLOCK};
  std::string const text(std::size_t{1} << 20, 'x');
  std::int64_t const before = steady_clock_ns();
  transfer const first = write_all(pipe.write_end(), text, 30);
  std::int64_t const waited = steady_clock_ns() - before;
  CHECK(first.error == EAGAIN);
  CHECK(first.bytes > 0);
  CHECK(first.bytes < text.size());
  CHECK(waited >= 30'000'000);  // no upper bound: a busy machine takes longer
}

TEST_CASE(
    "a reader that reads within the timeout gets everything in order through a non-blocking descriptor") {
  support::pipe_pair pipe{O_NONBLOCK};
  ::fcntl(pipe.read_end(), F_SETFL, 0);  // the reader blocks
  std::string text;
  for (int i = 0; text.size() < (std::size_t{1} << 20); ++i) text += std::to_string(i) + ' ';
  auto read = std::async(std::launch::async, [&] { return pipe.read_all(); });
  transfer const result = write_all(pipe.write_end(), text, 30'000);
  pipe.close_write();
  CHECK(result.error == 0);
  CHECK(result.bytes == text.size());
  CHECK((read.get() == text));  // in parentheses, so that a failure does not print megabytes
}

TEST_CASE("a write to a pipe without a reader fails, and no signal reaches the application") {
  support::pipe_pair pipe;
  pipe.close_read();

  SECTION("with the default action, which would end the process") {
    int const status = support::status_of_child([&] {
      std::signal(SIGPIPE, SIG_DFL);
      transfer const result = write_all_to_stream(pipe.write_end(), "text", 0);
      return result.error == EPIPE ? 42 : 1;
    });
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 42);
  }
  SECTION("with a handler of the application, which stays installed") {
    pipe_signals = 0;
    auto* const before = std::signal(SIGPIPE, count_pipe_signal);
    CHECK(write_all_to_stream(pipe.write_end(), "text", 0).error == EPIPE);
    CHECK(pipe_signals == 0);
    (void)::write(pipe.write_end(), "text", 4);
    CHECK(pipe_signals == 1);  // the application's own writes still raise it
    CHECK(std::signal(SIGPIPE, before) == count_pipe_signal);
  }
  SECTION("with the signal ignored") {
    auto* const before = std::signal(SIGPIPE, SIG_IGN);
    CHECK(write_all_to_stream(pipe.write_end(), "text", 0).error == EPIPE);
    std::signal(SIGPIPE, before);
  }
  SECTION("with the signal blocked: a pending signal stays pending, and none becomes pending") {
    ::sigset_t set, old, pending;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGPIPE);
    REQUIRE(::pthread_sigmask(SIG_BLOCK, &set, &old) == 0);
    CHECK(write_all_to_stream(pipe.write_end(), "text", 0).error == EPIPE);
    ::sigpending(&pending);
    CHECK(::sigismember(&pending, SIGPIPE) == 0);

    ::pthread_kill(::pthread_self(), SIGPIPE);
    CHECK(write_all_to_stream(pipe.write_end(), "text", 0).error == EPIPE);
    ::sigpending(&pending);
    CHECK(::sigismember(&pending, SIGPIPE) == 1);
    int taken = 0;
    ::sigwait(&set, &taken);
    ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  }
}

TEST_CASE("an interrupted write continues") {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = count_interruption;  // without SA_RESTART: write(2) is cut short or ends with EINTR
  REQUIRE(::sigaction(SIGUSR1, &action, &before) == 0);
  interruptions = 0;
  support::pipe_pair pipe;
  ::pthread_t const writer = ::pthread_self();
  std::string const text(std::size_t{4} << 20, 'y');
  auto read = std::async(std::launch::async, [&] {
    std::string all;
    while (all.size() < text.size()) {
      // The first signal interrupts a write that has written something, the next ones a write that has written nothing.
      for (int i = 0; i < 4 && all.size() + 500'000 < text.size(); ++i) {
        // Repeats until one is handled: ThreadSanitizer delays a signal that arrives just before the call until after it.
        for (int const seen = interruptions; interruptions == seen; std::this_thread::yield()) {
          ::pthread_kill(writer, SIGUSR1);
        }
      }
      std::string const piece = pipe.read_once(100'000);
      if (piece.empty()) break;
      all += piece;
    }
    return all;
  });
  transfer const result = write_all(pipe.write_end(), text, 0);
  pipe.close_write();
  CHECK(result.error == 0);
  CHECK(result.bytes == text.size());
  CHECK((read.get() == text));  // in parentheses, so that a failure does not print megabytes
  CHECK(interruptions > 100);
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_CASE("anything but a regular file is refused with the path and what to do") {
  temporary_directory directory;
  append_file file;
  auto const refusal_of = [&](std::string const& path, std::string const& parent) {
    auto const refusal = file.open(path, parent, 0600);
    CHECK_FALSE(file.is_open());
    CHECK_THAT(refusal.message(), ContainsSubstring("'" + path + "'"));
    return refusal.message();
  };
  std::string const here = directory.path().string();

  CHECK_THAT(refusal_of(here, "/"), ContainsSubstring("is a directory") && ContainsSubstring("regular file"));
  REQUIRE(::mkfifo((directory / "fifo").c_str(), 0600) == 0);
  CHECK_THAT(refusal_of(directory / "fifo", here), ContainsSubstring("is a FIFO"));  // without a hang
  CHECK_THAT(refusal_of("/dev/null", "/dev"), ContainsSubstring("is a device"));
  support::write_file(directory / "target", "");
  std::filesystem::create_symlink(directory / "target", directory / "link");
  CHECK_THAT(refusal_of(directory / "link", here), ContainsSubstring("is a symbolic link"));
  CHECK_THAT(refusal_of(directory / "target/app.log", directory / "target"),
             ContainsSubstring("Not a directory"));
  CHECK_THAT(refusal_of(directory / std::string(300, 'n'), here), ContainsSubstring("File name too long"));
}

TEST_CASE("a directory without write permission is named in the error") {
  temporary_directory directory;
  std::filesystem::create_directory(directory / "closed");
  std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
  std::filesystem::permissions(directory / "closed", std::filesystem::perms::owner_read);
  auto const attempt = [&] {
    append_file file;
    auto const one = file.open(directory / "closed/app.log", directory / "closed", 0600);
    auto const two = file.open(directory / "closed/new/app.log", directory / "closed/new", 0600);
    bool const named = one.message().find("Permission denied") != std::string::npos &&
                       two.message().find("Permission denied") != std::string::npos;
    return named && one.error == EACCES && two.error == EACCES ? 42 : 1;
  };
  // Permissions do not apply to root, so the user `nobody` makes the attempt.
  int const status = support::status_of_child([&] {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 42;
    return attempt();
  });
  CHECK(WEXITSTATUS(status) == 42);
}

TEST_CASE("an unfinished last line is ended before the next line") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  support::write_file(path, "{\"whole\":1}\n{\"torn\":");
  append_file file;
  REQUIRE_FALSE(file.open(path, directory.path().string(), 0600));
  CHECK(file.append("{\"next\":2}\n", false).error == 0);
  CHECK(support::content_of(path) == "{\"whole\":1}\n{\"torn\":\n{\"next\":2}\n");
  CHECK(file.size() == support::content_of(path).size());
}

TEST_CASE("a line that was appended to what a killed writer left of a line is written once more") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  append_file file;
  REQUIRE_FALSE(file.open(path, directory.path().string(), 0600));
  auto const other_writes = [&](std::string const& text) {
    std::ofstream{path, std::ios::app | std::ios::binary} << text;
  };
  CHECK(file.append("{\"own\":1}\n", false).error == 0);
  other_writes("{\"other\":1}\n");
  CHECK(file.append("{\"own\":2}\n", false).error == 0);
  other_writes("{\"torn\":");
  CHECK(file.append("{\"own\":3}\n{\"own\":4}\n", false).bytes == 20);
  CHECK(file.append("{\"own\":5}\n", false).error == 0);
  std::string const content = support::content_of(path);
  CHECK(content ==
        "{\"own\":1}\n{\"other\":1}\n{\"own\":2}\n{\"torn\":{\"own\":3}\n{\"own\":4}\n{\"own\":3}\n"
        "{\"own\":5}\n");
  CHECK(file.revalidate());
  CHECK(file.size() == content.size());
}

TEST_CASE("a full disk leaves whole lines, and writing continues once there is room") {
  support::small_file_system disk{"size=64k"};
  if (!disk.is_mounted()) SKIP("mounting a file system is not permitted");
  std::string const path = disk / "app.log";
  append_file file;
  REQUIRE_FALSE(file.open(path, disk / "", 0600));
  support::write_file(disk / "ballast", std::string(40'000, 'b'));

  std::string lines;
  for (int i = 0; i < 1'000; ++i)
    lines += "{\"line\":" + std::to_string(i) + ",\"fill\":\"xxxxxxxxxxxxxxxxxxxxxxxx\"}\n";
  transfer const first = file.append(lines, false);
  CHECK(first.error == ENOSPC);
  CHECK(first.bytes > 0);
  CHECK(first.bytes < lines.size());
  CHECK(lines[first.bytes - 1] == '\n');
  CHECK(support::content_of(path) == lines.substr(0, first.bytes));
  CHECK(file.size() == first.bytes);

  REQUIRE(file.revalidate());
  CHECK(file.append(lines.substr(first.bytes), false).error == ENOSPC);
  CHECK(support::content_of(path) == lines.substr(0, file.size()));

  REQUIRE(std::filesystem::remove(disk / "ballast"));
  lines = lines.substr(0, 60'000);
  lines = lines.substr(0, lines.rfind('\n') + 1);
  std::size_t const done = file.size();
  CHECK(file.append(lines.substr(done), false).error == 0);
  CHECK(support::content_of(path) == lines);
}

TEST_CASE("on a full disk the lines of another process are not removed") {
  support::small_file_system disk{"size=64k"};
  if (!disk.is_mounted()) SKIP("mounting a file system is not permitted");
  std::string const path = disk / "app.log";
  append_file ours;
  append_file theirs;
  REQUIRE_FALSE(ours.open(path, disk / "", 0600));
  REQUIRE_FALSE(theirs.open(path, disk / "", 0600));
  REQUIRE(theirs.append("{\"theirs\":1}\n", false).error == 0);  // another process appends
  std::string const line(70'000, 'x');
  transfer const result = ours.append(line + "\n", false);
  CHECK(result.error == ENOSPC);
  CHECK(result.bytes == 0);
  CHECK(support::content_of(path).substr(0, 13) == "{\"theirs\":1}\n");

  // The part that could not be cut off is ended as a line of its own as soon as there is room.
  std::filesystem::resize_file(path, 1'000);
  REQUIRE(ours.append("{\"ours\":2}\n", false).error == 0);
  auto const lines = support::lines_of(path);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "{\"theirs\":1}");
  CHECK(lines[2] == "{\"ours\":2}");
}

TEST_CASE("a file without a name is closed, and a descriptor that other code closed is not used") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  append_file file;
  REQUIRE_FALSE(file.open(path, directory.path().string(), 0600));
  CHECK(file.revalidate());
  CHECK(file.is_at(path));

  SECTION("renamed") {
    std::filesystem::rename(path, directory / "moved.log");
    CHECK(file.revalidate());
    CHECK_FALSE(file.is_at(path));
  }
  SECTION("removed") {
    std::filesystem::remove(path);
    CHECK_FALSE(file.revalidate());
    CHECK_FALSE(file.is_open());
  }
  SECTION("closed by other code, and its number reused for another file, which stays open") {
    struct ::stat ours {};
    ::stat(path.c_str(), &ours);
    int number = -1;
    for (int i = 3; i < 256; ++i) {
      struct ::stat s {};
      if (::fstat(i, &s) == 0 && s.st_ino == ours.st_ino && s.st_dev == ours.st_dev) number = i;
    }
    REQUIRE(number >= 0);
    int const other = ::open((directory / "database").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(::dup2(other, number) == number);
    CHECK_FALSE(file.revalidate());
    CHECK_FALSE(file.is_open());
    CHECK(::fcntl(number, F_GETFD) >= 0);
    CHECK(support::content_of(directory / "database").empty());
    ::close(number);
    ::close(other);
  }
  SECTION("truncated by a process that copied it") {
    REQUIRE(file.append("{\"n\":1}\n", false).error == 0);
    std::filesystem::resize_file(path, 0);
    REQUIRE(file.revalidate());
    CHECK(file.size() == 0);
    REQUIRE(file.append("{\"n\":2}\n", false).error == 0);
    CHECK(support::content_of(path) == "{\"n\":2}\n");
  }
}
