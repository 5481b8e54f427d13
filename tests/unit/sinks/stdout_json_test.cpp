// SPDX-License-Identifier: MIT
// JSON lines on standard output in every state of the descriptor.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/files.hpp"

#include <fapilog/sinks/sink.hpp>
#include <fapilog/sinks/stdout_json.hpp>

#include <chrono>
#include <csignal>
#include <numeric>
#include <string>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using fapilog::batch;
using fapilog::write_outcome;
using fapilog::write_result;
using fapilog::sinks::stdout_json;
using support::lines_batch;
using namespace std::chrono_literals;

namespace {

std::string joined(std::vector<std::string> const& lines) {
  std::string text;
  for (std::string const& line : lines) text += line + '\n';
  return text;
}

std::vector<std::size_t> from_to(std::size_t first, std::size_t end) {
  std::vector<std::size_t> all(end - first);
  std::iota(all.begin(), all.end(), first);
  return all;
}

}  // namespace

TEST_CASE("a batch is written with one call of write(2)") {
  support::pipe_pair pipe{O_DIRECT};  // such a pipe returns each write separately
  stdout_json sink{{.descriptor = pipe.write_end()}};
  auto const lines = support::numbered_lines(20, 100);
  CHECK(sink.write(lines_batch(lines)));
  CHECK(pipe.read_once() == joined(lines));
  CHECK(sink.write(lines_batch({"{}"})));
  CHECK(pipe.read_once() == "{}\n");
  CHECK(sink.write(batch{}));
  CHECK(sink.health().healthy);
}

TEST_CASE("a retried batch is written from the first entry that is left") {
  support::pipe_pair pipe;
  stdout_json sink{{.descriptor = pipe.write_end()}};
  auto const lines = support::numbered_lines(5, 40);
  CHECK(sink.write(lines_batch(lines).from(3)));
  CHECK(pipe.read_once() == lines[3] + '\n' + lines[4] + '\n');
}

TEST_CASE("the default is descriptor 1") {
  support::pipe_pair pipe;
  int const status = support::status_of_child([&] {
    ::dup2(pipe.write_end(), 1);
    fapilog::any_sink sink{stdout_json{}};
    return sink.write(lines_batch({"{\"n\":1}"})) && sink.name() == "stdout_json" && sink.needs_json() ? 42
                                                                                                       : 1;
  });
  CHECK(WEXITSTATUS(status) == 42);
  CHECK(pipe.read_once() == "{\"n\":1}\n");
}

TEST_CASE("if nobody reads, the records are rejected with the reason and the program continues") {
  int const status = support::status_of_child([] {
    std::signal(SIGPIPE, SIG_DFL);
    support::pipe_pair pipe;
    pipe.close_read();
    stdout_json sink{{.descriptor = pipe.write_end()}};
    for (int i = 0; i < 3; ++i) {
      write_result const result = sink.write(lines_batch({"{}", "{}"}));
      if (result.outcome() != write_outcome::rejected) return 1;
      if (result.rejected_entries() != from_to(0, 2)) return 2;
      if (result.reason().find("has no reader") == std::string::npos) return 3;
      if (result.reason().find("Broken pipe") == std::string::npos) return 4;
    }
    return sink.health().healthy ? 5 : 42;
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 42);
}

TEST_CASE("if the descriptor is closed, the records are rejected until it is open again") {
  int const status = support::status_of_child([] {
    support::pipe_pair pipe;
    ::close(1);
    stdout_json sink;
    write_result const closed = sink.write(lines_batch({"{\"n\":1}"}));
    if (closed.outcome() != write_outcome::rejected) return 1;
    if (closed.reason().find("standard output is closed") == std::string::npos) return 2;
    ::dup2(pipe.write_end(), 1);
    if (!sink.write(lines_batch({"{\"n\":2}"}))) return 3;
    return pipe.read_once() == "{\"n\":2}\n" && sink.health().healthy ? 42 : 4;
  });
  CHECK(WEXITSTATUS(status) == 42);
}

TEST_CASE("a partly written line is continued when its batch is retried") {
  support::pipe_pair pipe{O_NONBLOCK};
  stdout_json sink{{.descriptor = pipe.write_end(), .write_timeout = 1ms}};
  auto const lines =
      support::numbered_lines(40, 5'003);  // longer than PIPE_BUF; 200,000 bytes: more than a pipe holds
  batch rest = lines_batch(lines);
  std::string got;
  std::size_t done = 0;
  int rounds = 0;
  bool was_torn = false;
  for (;; ++rounds) {
    write_result const result = sink.write(rest);
    got += pipe.read_once(10'000);  // a slow reader
    if (result) break;
    REQUIRE(result.outcome() == write_outcome::retry);
    CHECK_THAT(result.reason(), ContainsSubstring("is full"));
    CHECK(result.delay() > 0ms);
    CHECK_FALSE(sink.health().healthy);
    was_torn = was_torn || (!got.empty() && got.back() != '\n');
    done += result.first_to_retry();
    rest = rest.from(result.first_to_retry());
    REQUIRE(rounds < 1'000);
  }
  CHECK(rounds > 2);
  CHECK(was_torn);
  CHECK(done < lines.size());
  got += pipe.read_all();
  CHECK((got == joined(lines)));  // in parentheses, so that a failure does not print it
  CHECK(sink.health().healthy);
}

TEST_CASE("a partly written line is finished before other lines if its batch is not retried") {
  support::pipe_pair pipe{O_NONBLOCK};
  stdout_json sink{{.descriptor = pipe.write_end(), .write_timeout = 0ms}};
  auto const lines = support::numbered_lines(40, 5'003);
  write_result const result = sink.write(lines_batch(lines));
  REQUIRE(result.outcome() == write_outcome::retry);
  std::size_t const first = result.first_to_retry();

  // While the reader takes nothing, no part of another batch may follow the half line.
  CHECK(sink.write(lines_batch({"{\"other\":0}"})).first_to_retry() == 0);

  std::string got = pipe.read_all();
  REQUIRE(got.back() != '\n');
  CHECK(sink.write(lines_batch({"{\"other\":1}", "{\"other\":2}"})));
  got += pipe.read_all();
  std::vector<std::string> expected{lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(first) + 1};
  expected.emplace_back("{\"other\":1}");
  expected.emplace_back("{\"other\":2}");
  CHECK(support::split_lines(got) == expected);
}

TEST_CASE("the rest of a partly written line is written at stop") {
  support::pipe_pair pipe{O_NONBLOCK};
  stdout_json sink{{.descriptor = pipe.write_end(), .write_timeout = 0ms}};
  auto const lines = support::numbered_lines(40, 5'003);
  write_result const result = sink.write(lines_batch(lines));
  REQUIRE(result.outcome() == write_outcome::retry);
  std::string got = pipe.read_all();
  sink.stop();
  got += pipe.read_all();
  CHECK(got.back() == '\n');
  CHECK(support::split_lines(got).size() == result.first_to_retry() + 1);
}

TEST_CASE("if the reader goes away in the middle of a batch, the rest is rejected by index") {
  support::pipe_pair pipe{O_NONBLOCK};
  stdout_json sink{{.descriptor = pipe.write_end(), .write_timeout = 0ms}};
  auto const lines = support::numbered_lines(40, 5'003);
  write_result const full = sink.write(lines_batch(lines));
  REQUIRE(full.outcome() == write_outcome::retry);
  batch const rest = lines_batch(lines).from(full.first_to_retry());
  pipe.close_read();
  write_result const result = sink.write(rest);
  CHECK(result.outcome() == write_outcome::rejected);
  CHECK(result.rejected_entries() == from_to(0, rest.size()));
}

TEST_CASE("a full disk behind standard output leads to a retry") {
  int const full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(full >= 0);
  stdout_json sink{{.descriptor = full}};
  write_result const result = sink.write(lines_batch({"{}"}));
  CHECK(result.outcome() == write_outcome::retry);
  CHECK(result.first_to_retry() == 0);
  CHECK_THAT(result.reason(), ContainsSubstring("No space left on device"));
  ::close(full);
}
