// SPDX-License-Identifier: MIT
// Diagnostics: valid JSON lines, rate-limited by component, never an exception.
#include "support/catch.hpp"

#include <fapilog/metrics/account.hpp>
#include <fapilog/metrics/diagnostics.hpp>

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

TEST_CASE("a diagnostic is one line of JSON with component, message and detail") {
  std::vector<std::string> lines;
  fapilog::diagnostics output{[&](std::string_view line) { lines.emplace_back(line); }};
  output.warn("file", "cannot \"open\"", "a\\b\nc\x1b\xff");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].back() == '\n');
  CHECK(lines[0].find('\n') == lines[0].size() - 1);
  auto const parsed = nlohmann::json::parse(lines[0]);
  CHECK(parsed.at("level") == "WARN");
  CHECK(parsed.at("component") == "file");
  CHECK(parsed.at("message") == "cannot \"open\"");
  CHECK(parsed.at("detail") == "a\\b\nc??");
  CHECK(parsed.at("ts").is_number());
}

TEST_CASE("each component may write a burst of five lines, and suppressed lines are counted") {
  std::vector<std::string> lines;
  fapilog::diagnostics output{[&](std::string_view line) { lines.emplace_back(line); }};
  for (int i = 0; i < 1'000; ++i) output.warn("noisy", "again");
  CHECK(lines.size() >= 5);
  CHECK(lines.size() < 100);
  CHECK(output.written() == lines.size());
  CHECK(output.written() + output.suppressed() == 1'000);
  output.warn("quiet", "another component has its own allowance");
  CHECK(lines.back().find("quiet") != std::string::npos);
}

TEST_CASE("an output that throws does not reach the caller") {
  fapilog::diagnostics output{[](std::string_view) { throw std::runtime_error{"stderr is gone"}; }};
  output.warn("x", "y");
  SUCCEED();
}

TEST_CASE("an account is balanced if every record has one result") {
  fapilog::account sum{.submitted = 10,
                       .processed = 3,
                       .filtered = 2,
                       .dropped = {.queue_full = 1, .closed = 1},
                       .failed = 1,
                       .pending = 2};
  CHECK(sum.balanced());
  CHECK(sum.dropped.total() == 2);
  sum.pending = 3;
  CHECK_FALSE(sum.balanced());
  for (auto const reason :
       {fapilog::detail::drop_reason::queue_full, fapilog::detail::drop_reason::closed,
        fapilog::detail::drop_reason::no_memory, fapilog::detail::drop_reason::reentrant}) {
    CHECK(std::string{fapilog::detail::drop_reason_name(reason)} != "unknown");
  }
}
