// SPDX-License-Identifier: MIT
// Standard output that several processes share, that a slow reader reads, or that is a socket.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/files.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/sinks/stdout_json.hpp>
#include <fapilog/sinks/stdout_pretty.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <cstddef>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using Catch::Matchers::ContainsSubstring;
using fapilog::write_outcome;
using fapilog::sinks::stdout_json;
using fapilog::sinks::stdout_pretty;
using namespace std::chrono_literals;

namespace {

constexpr int sharing_children = 8;

/// A filling of a length that depends on the number: some lines are longer than PIPE_BUF, some than a pipe.
std::string sharing_fill(int child, int n, bool with_long_lines) {
  auto const size =
      static_cast<std::size_t>(n * 7919 % 200 + (with_long_lines && n % 5 == 0 ? n * 104'729 % 90'000 : 0));
  return std::string(size, static_cast<char>('a' + child));
}

std::vector<::pid_t> start_sharing_children(int lines, bool with_long_lines,
                                            std::function<int(int child)> const& descriptor_of,
                                            bool pretty = false) {
  std::vector<::pid_t> children;
  for (int child = 0; child < sharing_children; ++child) {
    ::pid_t const id = ::fork();
    if (id != 0) {
      children.push_back(id);
      continue;
    }
    int const descriptor = descriptor_of(child);
    fapilog::options o{.when_full = fapilog::when_full::block};
    if (pretty) {
      o.sinks = {stdout_pretty{{.descriptor = descriptor, .write_timeout = 60s}}};
    } else {
      o.sinks = {stdout_json{{.descriptor = descriptor, .write_timeout = 60s}}};
    }
    o.max_record_bytes = 200'000;
    o.shutdown_timeout = 120s;
    fapilog::runtime rt{std::move(o)};
    auto const log = rt.get_logger("sharing");
    for (int n = 0; n < lines; ++n) log.info("[{}/{}/{}]", child, n, sharing_fill(child, n, with_long_lines));
    auto const account = rt.drain(120s);
    ::_exit(account.complete && account.processed == static_cast<unsigned>(lines) ? 42 : 1);
  }
  return children;
}

/// Reads up to the end; like a reader that is sometimes slow.
std::string read_shared(int descriptor) {
  std::string all;
  std::vector<char> part(60'000);
  for (;;) {
    ::ssize_t const got = ::read(descriptor, part.data(), part.size());
    if (got <= 0) return all;
    all.append(part.data(), static_cast<std::size_t>(got));
  }
}

/// Number of lines that are not exactly one whole record of one child, or not the next one of that child.
std::size_t count_torn(std::string const& text, int lines, bool with_long_lines) {
  std::array<int, sharing_children> next{};
  std::size_t torn = 0;
  std::istringstream all{text};
  for (std::string line; std::getline(all, line);) {
    auto const begin = line.find('[');
    auto const end = line.rfind(']');
    int child = -1, n = -1, used = 0;
    bool whole = begin != std::string::npos && end != std::string::npos &&
                 line.find('[', begin + 1) == std::string::npos;
    whole = whole && std::sscanf(line.c_str() + begin, "[%d/%d/%n", &child, &n, &used) == 2;
    whole = whole && child >= 0 && child < sharing_children && n == next[static_cast<std::size_t>(child)];
    if (whole) ++next[static_cast<std::size_t>(child)];
    auto const at = begin + static_cast<std::size_t>(used);
    whole = whole && line.substr(at, end - at) == sharing_fill(child, n, with_long_lines);
    if (!whole) ++torn;
  }
  for (int const count : next) torn += static_cast<std::size_t>(lines - count);
  return torn;
}

void check_sharing_children(std::vector<::pid_t> const& children) {
  for (::pid_t const id : children) {
    int status = 0;
    CHECK(::waitpid(id, &status, 0) == id);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 42);
  }
}

}  // namespace

TEST_CASE("lines of eight processes that share a pipe are whole, whatever their length") {
  bool const with_long_lines = GENERATE(false, true);
  bool const pretty = GENERATE(false, true);
  int const flags = GENERATE(0, O_NONBLOCK);
  CAPTURE(with_long_lines, pretty, flags);
  int const lines = with_long_lines ? 300 : 2'000;
  support::pipe_pair pipe;
  REQUIRE(::fcntl(pipe.write_end(), F_SETFL, flags) == 0);
  auto const children = start_sharing_children(
      lines, with_long_lines, [&](int) { return pipe.write_end(); }, pretty);
  pipe.close_write();
  std::string const text = read_shared(pipe.read_end());
  check_sharing_children(children);
  CHECK(count_torn(text, lines, with_long_lines) == 0);
}

TEST_CASE("lines of eight processes that share a stream socket are whole, whatever their length") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  auto const children = start_sharing_children(300, true, [&](int) { return ends[1]; });
  ::close(ends[1]);
  std::string const text = read_shared(ends[0]);
  ::close(ends[0]);
  check_sharing_children(children);
  CHECK(count_torn(text, 300, true) == 0);
}

TEST_CASE(
    "lines of eight processes that opened one file without O_APPEND are whole, and none is overwritten") {
  support::temporary_directory const directory;
  std::string const path = directory / "shared.log";
  { std::ofstream const created{path}; }
  bool const is_inherited = GENERATE(false, true);
  int const inherited = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  auto const children = start_sharing_children(
      300, true, [&](int) { return is_inherited ? inherited : ::open(path.c_str(), O_WRONLY | O_CLOEXEC); });
  check_sharing_children(children);
  ::close(inherited);
  std::ifstream file{path};
  std::string const text{std::istreambuf_iterator<char>{file}, {}};
  CHECK(count_torn(text, 300, true) == 0);
}

TEST_CASE("lines of up to PIPE_BUF bytes are not mixed with those of other programs") {
  support::pipe_pair pipe;
  std::string const foreign = "[" + std::string(1'500, '#') + "\n";
  ::pid_t const other = ::fork();
  if (other == 0) {
    for (int i = 0; i < 3'000; ++i) {
      if (::write(pipe.write_end(), foreign.data(), foreign.size()) < 0) ::_exit(1);
    }
    ::_exit(42);
  }
  auto const children = start_sharing_children(2'000, false, [&](int) { return pipe.write_end(); });
  pipe.close_write();
  std::string const text = read_shared(pipe.read_end());
  check_sharing_children(children);
  check_sharing_children({other});
  std::string ours;
  std::size_t seen = 0;
  std::istringstream all{text};
  for (std::string line; std::getline(all, line);) {
    if (line + '\n' == foreign) {
      ++seen;
    } else {
      ours += line + '\n';
    }
  }
  CHECK(seen == 3'000);
  CHECK(count_torn(ours, 2'000, false) == 0);
}

TEST_CASE("two runtimes of one process that share a pipe do not mix long lines") {
  support::pipe_pair pipe;
  std::string text;
  std::thread reader{[&] { text = read_shared(pipe.read_end()); }};
  auto const log_as = [&](int child) {
    fapilog::options o{.when_full = fapilog::when_full::block};
    o.sinks = {stdout_json{{.descriptor = pipe.write_end()}}};
    o.max_record_bytes = 200'000;
    o.shutdown_timeout = 120s;
    fapilog::runtime rt{std::move(o)};
    auto const log = rt.get_logger("sharing");
    for (int n = 0; n < 300; ++n) log.info("[{}/{}/{}]", child, n, sharing_fill(child, n, true));
    (void)rt.drain(120s);
  };
  std::thread other{[&] { log_as(0); }};
  log_as(1);
  other.join();
  pipe.close_write();
  reader.join();
  CHECK(count_torn(text, 300, true) == 300U * (sharing_children - 2));
}

TEST_CASE("a process that stops while it writes a long line delays the others for about a second only") {
  support::pipe_pair pipe;
  ::pid_t const stopped = ::fork();
  if (stopped == 0) {
    stdout_json sink{{.descriptor = pipe.write_end()}};
    (void)sink.write(support::lines_batch({std::string(200'000, 's')}));
    ::_exit(42);
  }
  // The line does not fit into the pipe, so the child waits in the middle of it.
  REQUIRE(support::eventually([&] {
    int unread = 0;
    return ::ioctl(pipe.read_end(), FIONREAD, &unread) == 0 && unread >= 60'000;
  }));
  REQUIRE(::kill(stopped, SIGSTOP) == 0);
  int status = 0;
  REQUIRE(::waitpid(stopped, &status, WUNTRACED) == stopped);
  for (int unread = 1; unread > 0; (void)::ioctl(pipe.read_end(), FIONREAD, &unread)) (void)pipe.read_once();
  stdout_json sink{{.descriptor = pipe.write_end()}};
  CHECK(sink.write(support::lines_batch({"{\"n\":1}"})));
  CHECK_THAT(pipe.read_once(), ContainsSubstring("{\"n\":1}\n"));
  CHECK(::kill(stopped, SIGKILL) == 0);
  CHECK(::waitpid(stopped, &status, 0) == stopped);
}

TEST_CASE("nothing is lost to a reader of a non-blocking descriptor that is slow but steady") {
  bool const is_socket = GENERATE(false, true);
  int ends[2];
  if (is_socket) {
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    int const small = 4'096;
    REQUIRE(::setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
  } else {
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    REQUIRE(::fcntl(ends[1], F_SETPIPE_SZ, 4'096) > 0);
  }
  REQUIRE(::fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
  // The reader needs several timeouts to make room for the longest line, and a small part of one for each step.
  std::string text;
  std::thread reader{[&] {
    std::array<char, 400> part{};
    for (;;) {
      ::ssize_t const got = ::read(ends[0], part.data(), part.size());
      if (got <= 0) return;
      text.append(part.data(), static_cast<std::size_t>(got));
      ::pollfd const nothing{-1, 0, 0};
      (void)::poll(const_cast<::pollfd*>(&nothing), 1, 5);
    }
  }};
  stdout_json sink{{.descriptor = ends[1], .write_timeout = 1s}};
  auto const lines = support::numbered_lines(100, 300);
  CHECK(sink.write(support::lines_batch(lines)));
  CHECK(sink.write(support::lines_batch({std::string(300'000, 'x')})));
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  CHECK(support::split_lines(text).size() == 101);
}

TEST_CASE("a socket that keeps messages gets one line in each, and a line that is too long is rejected") {
  int const type = GENERATE(SOCK_SEQPACKET, SOCK_DGRAM);
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0);
  std::vector<std::string> got;
  std::thread reader{[&] {
    std::vector<char> part(1 << 20);
    while (got.size() < 41) {
      ::ssize_t const size = ::read(ends[0], part.data(), part.size());
      if (size <= 0) return;
      got.emplace_back(part.data(), static_cast<std::size_t>(size));
    }
  }};
  stdout_json sink{{.descriptor = ends[1]}};
  auto lines = support::numbered_lines(41, 5'000);
  auto expected = lines;
  for (auto& line : expected) line += '\n';
  lines.insert(lines.begin() + 7, std::string(900'000, 'x'));
  lines.insert(lines.begin() + 30, std::string(900'000, 'y'));
  auto const result = sink.write(support::lines_batch(lines));
  reader.join();
  CHECK(got == expected);
  CHECK(result.outcome() == write_outcome::rejected);
  CHECK(result.rejected_entries() == std::vector<std::size_t>{7, 30});
  CHECK_THAT(result.reason(), ContainsSubstring("Message too long"));
  CHECK(sink.write(support::lines_batch({"{}"})));
  CHECK(sink.health().healthy);
  ::close(ends[0]);
  auto const alone = sink.write(support::lines_batch({"{}"}));
  CHECK(alone.outcome() == write_outcome::rejected);
  CHECK_THAT(alone.reason(), ContainsSubstring("no reader"));
  ::close(ends[1]);
}

TEST_CASE(
    "a full non-blocking socket of messages continues where it stopped, and remembers what it refused") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  stdout_json sink{{.descriptor = ends[1], .write_timeout = 0ms}};
  auto lines = support::numbered_lines(1'000, 1'000);
  lines.insert(lines.begin() + 3, std::string(900'000, 'x'));
  fapilog::batch rest = support::lines_batch(lines);
  std::vector<std::string> got;
  std::vector<char> part(1 << 16);
  std::size_t first = 0;
  for (int rounds = 0; rounds < 1'000; ++rounds) {
    auto const result = sink.write(rest);
    for (::ssize_t size = 0; (size = ::read(ends[0], part.data(), part.size())) > 0;) {
      got.emplace_back(part.data(), static_cast<std::size_t>(size - 1));
    }
    if (result.outcome() != write_outcome::retry) {
      REQUIRE(result.outcome() == write_outcome::rejected);
      REQUIRE(result.rejected_entries().size() == 1);
      CHECK(first + result.rejected_entries()[0] == 3);
      break;
    }
    first += result.first_to_retry();
    rest = rest.from(result.first_to_retry());
  }
  lines.erase(lines.begin() + 3);
  CHECK(got == lines);
  ::close(ends[0]);
  ::close(ends[1]);
}
