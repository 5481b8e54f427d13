// SPDX-License-Identifier: MIT
// Tests integrations/stream_capture.hpp: lines of other code become records.
#include <fapilog/integrations/stream_capture.hpp>

#include <nlohmann/json.hpp>

#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/logged.hpp"

namespace {

using fapilog::integrations::stream_capture;

std::vector<std::string> captured_texts(support::logged& test) {
  std::vector<std::string> all;
  for (auto const& record : test.records()) all.push_back(record.at("message"));
  return all;
}
using lines = std::vector<std::string>;

}  // namespace

TEST_CASE("each line is a record, and the stream is restored at the end") {
  support::logged test;
  std::ostringstream stream;
  stream << "before\n";
  {
    stream_capture const capture{stream, test.log, fapilog::level::warning};
    stream << "one " << 1 << '\n' << "two\r\n\n" << std::flush << "thr";
    stream << "ee\nfour";
    CHECK(stream.good());
  }
  stream << "after\n";
  CHECK(captured_texts(test) == lines{"one 1", "two", "three", "four"});
  CHECK(test.last().at("level") == "WARNING");
  CHECK(stream.str() == "before\nafter\n");
}

TEST_CASE("a line without an end is bounded") {
  support::logged test;
  std::ostringstream stream;
  stream_capture const capture{stream, test.log};
  for (int i = 0; i < 3; ++i) stream << std::string(8000, 'x');
  stream << std::string(20000, 'y') << '\n';
  std::size_t total = 0;
  for (std::string const& text : captured_texts(test)) {
    CHECK(text.size() <= 8192);
    total += text.size();
  }
  CHECK(total == 44000);
}

TEST_CASE("lines of several threads do not mix") {
  support::logged test{{.when_full = fapilog::when_full::block}};
  std::ostringstream stream;
  stream_capture const capture{stream, test.log};
  std::streambuf& buffer =
      *static_cast<std::ostream&>(stream).rdbuf();  // several threads may use the capture, but no stream
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      std::string const text = "thread " + std::to_string(t);
      for (int i = 0; i < 200; ++i) {
        buffer.sputn(text.data(), static_cast<std::streamsize>(text.size()));
        buffer.sputn(" end\n", 5);
      }
    });
  for (auto& thread : threads) thread.join();
  auto const texts = captured_texts(test);
  CHECK(texts.size() == 800);
  for (std::string const& text : texts) {
    CHECK(text.size() == std::string{"thread 0 end"}.size());
    CHECK(text.ends_with(" end"));
  }
}

TEST_CASE("a sink that writes to the captured stream writes where it did before") {
  struct clogging {
    void write(fapilog::batch const& entries) {
      for (auto const& e : entries) *stream << "delivered " << e.event.message << '\n';
    }
    std::ostringstream* stream;
  };
  std::ostringstream stream;
  {
    fapilog::runtime rt{{.sinks = {clogging{&stream}}}};
    stream_capture const capture{stream, rt.get_logger("captured")};
    stream << "one\n";
    REQUIRE(rt.flush(std::chrono::seconds{60}));
  }
  CHECK(stream.str() == "delivered one\n");
}

TEST_CASE("a forked child can write to a captured stream") {
  int const status = support::status_of_child([] {
    auto test = std::make_unique<support::logged>();
    std::ostringstream stream;
    stream_capture const capture{stream, test->log};
    stream << "in the parent\n";
    if (test->records().size() != 1) return 1;
    return support::status_of_child([&] {
      stream << "in the child\n";
      return test->records().size() == 2 ? 0 : 2;
    });
  });
  CHECK(status == 0);
}
