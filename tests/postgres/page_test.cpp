// SPDX-License-Identifier: MIT
// Runs the SQL of docs/plugins/sinks/postgres.md.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>
#include <fapilog/sinks/postgres/detail/sqlstate.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/postgres_server.hpp"

using fapilog::kv;
using namespace std::chrono_literals;

namespace {

std::string postgres_page() {
  std::filesystem::path const root = FAPILOG_TEST_SOURCE_DIR;
  std::ifstream file{root / "docs/plugins/sinks/postgres.md"};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::vector<std::string> sql_blocks(std::string const& page) {
  std::vector<std::string> all;
  std::string const fence = "```sql\n";
  for (std::size_t at = 0; (at = page.find(fence, at)) != std::string::npos;) {
    at += fence.size();
    all.push_back(page.substr(at, page.find("```", at) - at));
  }
  return all;
}

}  // namespace

TEST_CASE("the migration and the queries of the documentation run and find what was logged") {
  auto const blocks = sql_blocks(postgres_page());
  REQUIRE(blocks.size() == 3);
  CHECK(blocks[0] == fapilog::sinks::postgres_ddl({}));
  support::postgres_server server;
  server.sql(blocks[0]);
  server.sql(blocks[1]);
  auto config = server.config("log_writer");
  config.create_table = false;
  {
    fapilog::runtime rt{{.service = "shop", .sinks = {fapilog::sinks::postgres{config}}}};
    auto const log = rt.get_logger("shop");
    auto const scope = fapilog::scope(kv("correlation_id", "7f3c9a52"), kv("tenant_id", "acme"));
    log.info("order accepted", kv("order", 1001), kv("ms", 12.5), kv("path", "/orders"));
    log.error("charge failed", fapilog::caught(std::runtime_error{"card declined"}), kv("path", "/orders"));
    REQUIRE(rt.flush(30s));
  }
  std::vector<std::vector<std::string>> first_rows;
  std::string rest = blocks[2];
  for (std::size_t end = 0; (end = rest.find(";\n")) != std::string::npos; rest.erase(0, end + 2)) {
    INFO(rest.substr(0, end));
    auto const rows = server.sql(rest.substr(0, end));
    REQUIRE_FALSE(rows.empty());
    first_rows.push_back(rows.at(0));
  }
  REQUIRE(first_rows.size() == 6);
  CHECK(first_rows[0].at(3) == "card declined");
  CHECK(first_rows[1].at(3) == "order accepted");
  CHECK(first_rows[2].at(1) == "/orders");
  CHECK(first_rows[3].at(1) == "12.5");
  CHECK(first_rows[5] == std::vector<std::string>{"shop", "acme", "2"});
}

TEST_CASE("the table of SQLSTATE codes in the documentation is complete") {
  std::string const page = postgres_page();
  std::string const table = page.substr(page.find("| SQLSTATE | What the sink does |"));
  for (auto const& rule : fapilog::detail::pg::sqlstate_rules) {
    // A code that is handled like its class is not listed.
    if (rule.code.size() == 5 && fapilog::detail::pg::rule_of(rule.code.substr(0, 2)).action == rule.action)
      continue;
    INFO(rule.code);
    bool found = false;
    for (char const* const before : {"| ", ", "}) {
      for (char const* const after : {",", " |"})
        found = found || table.find(before + std::string{rule.code} + after) != std::string::npos;
    }
    CHECK(found);
  }
}
