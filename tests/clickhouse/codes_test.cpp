// SPDX-License-Identifier: MIT
// The ClickHouse sink against a server that answers with each documented error, and with the features of newer servers.
#include "clickhouse/python_server.hpp"
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"

#include <fapilog/sinks/clickhouse.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

using fapilog::write_outcome;
using fapilog::sinks::clickhouse;
using fapilog::sinks::clickhouse_config;

namespace {

/// tests/clickhouse/contract_server.py, which describes the files.
class contract_server {
 public:
  explicit contract_server(std::vector<std::string> const& script,
                           std::string const& engine = "MergeTree\tMergeTree ORDER BY timestamp\n") {
    table(engine);
    files_.write("found", "");
    answer(script);
    files_.start("contract_server.py");
  }

  void answer(std::vector<std::string> const& script) {
    std::string all;
    for (std::string const& line : script) all += (all.empty() ? "" : "\n") + line;
    files_.write("script", all);
  }
  /// A table with the default columns, on a server that has all settings.
  void table(std::string const& engine) {
    std::string settings;
    for (char const* const name :
         {"async_insert", "input_format_allow_errors_num", "input_format_allow_errors_ratio",
          "input_format_parallel_parsing", "input_format_skip_unknown_fields", "insert_deduplicate",
          "insert_distributed_sync", "max_insert_block_size", "insert_deduplication_token"})
      settings += "24.8.4.13\t" + std::string{name} + "\n";
    files_.write(
        "table",
        settings + "--\n" + engine +
            "--\nid\tUUID\t\t\ntimestamp\tDateTime64(3, \\'UTC\\')\t\t\nlevel\tLowCardinality(String)\t\t\n"
            "logger\tLowCardinality(Nullable(String))\t\t\ncorrelation_id\tString\t\t\n"
            "message\tString\t\t\nevent\tJSON(max_dynamic_paths=8)\t\t\n");
  }
  /// The ids that a look-up finds.
  void find(std::string const& ids) { files_.write("found", ids); }

  [[nodiscard]] std::string url() const { return files_.url(); }
  struct insert {
    std::string path;
    std::string body;
  };
  [[nodiscard]] std::vector<insert> inserts() const {
    std::vector<insert> all;
    for (int i = 0; files_.has(std::to_string(i) + ".head"); ++i)
      all.push_back({files_.read(std::to_string(i) + ".head"), files_.read(std::to_string(i) + ".body")});
    return all;
  }
  [[nodiscard]] std::string others() const { return files_.read("others"); }

 private:
  support::python_server files_;
};

fapilog::batch numbered_events(support::events& made, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    fapilog::event& e = made.add("secret message");
    e.message_id.bytes[15] = static_cast<std::uint8_t>(i + 1);
  }
  return made.batch();
}

}  // namespace

TEST_CASE("each error of a ClickHouse server has its result") {
  enum class expected : std::uint8_t { delivered, retry, refused, rejected };
  struct row {
    char const* answer;
    expected result;
  };
  std::vector<row> rows{
      {"200", expected::delivered}, {"500\t389", expected::delivered}, {"500", expected::retry},
      {"502", expected::retry},     {"503", expected::retry},          {"504", expected::retry},
      {"429", expected::retry},     {"408", expected::retry},          {"close", expected::retry},
      {"401", expected::refused},   {"403", expected::refused},        {"404", expected::refused},
      {"407", expected::refused},   {"301", expected::refused},        {"400", expected::rejected},
      {"413", expected::rejected}};
  auto const add = [&rows](expected result, std::vector<char const*> const& answers) {
    for (char const* const answer : answers) rows.push_back({answer, result});
  };
  add(expected::retry,
      {"500\t159",  "500\t160", "500\t201", "500\t202", "500\t203",    "500\t209",   "500\t210",
       "500\t225",  "500\t236", "500\t241", "500\t242", "500\t243",    "500\t252",   "500\t279",
       "500\t285",  "500\t286", "500\t319", "500\t394", "500\t439",    "500\t999",   "500\t1001",
       "500\t1002", "500\t49",  "500\t777", "200\t241", "500\t999\th", "503\t252\th"});
  add(expected::refused,
      {"404\t8",   "404\t46",  "500\t50",  "500\t180", "500\t199", "500\t217",   "500\t344",   "500\t392",
       "500\t16",  "500\t20",  "500\t44",  "404\t47",  "501\t48",  "404\t60",    "400\t62",    "404\t73",
       "404\t81",  "404\t115", "500\t161", "500\t164", "401\t192", "401\t193",   "401\t194",   "401\t195",
       "500\t218", "500\t291", "500\t452", "403\t497", "403\t516", "200\t60\th", "403\t516\th"});
  add(expected::rejected,
      {"400\t6",   "500\t70",  "500\t128", "400\t130", "500\t190", "500\t321",  "500\t396", "500\t407",
       "400\t675", "400\t676", "400\t25",  "400\t26",  "500\t27",  "500\t33",   "400\t38",  "400\t41",
       "500\t53",  "500\t69",  "400\t72",  "500\t117", "500\t131", "500\t158",  "500\t307", "400\t349",
       "500\t376", "500\t441", "500\t467", "500\t469", "500\t691", "400\t27\th"});
  contract_server server{{"200"}};
  for (row const& r : rows) {
    INFO(r.answer);
    // An error that may be due to the table gets a second answer after the table was checked.
    std::vector<std::string> script(server.inserts().size(), "200");
    script.emplace_back(r.answer);
    server.answer(script);
    clickhouse sink{{.url = server.url()}};
    support::events made;
    auto const result = sink.write(numbered_events(made, 1));
    switch (r.result) {
      case expected::delivered: CHECK(result.outcome() == write_outcome::delivered); break;
      case expected::retry:
        CHECK(result.outcome() == write_outcome::retry);
        CHECK_FALSE(result.is_refused());
        break;
      case expected::refused:
        CHECK(result.outcome() == write_outcome::retry);
        CHECK(result.is_refused());
        break;
      case expected::rejected: CHECK(result.outcome() == write_outcome::rejected); break;
    }
    CHECK(result.reason().find("secret") == std::string::npos);
    CHECK((r.result == expected::delivered || result.reason().starts_with("127.0.0.1:")));
  }
}

TEST_CASE("an INSERT says what makes it one block, and has a token that belongs to its records") {
  contract_server server{{"200"}};
  clickhouse sink{{.url = server.url(), .database = "a b", .settings = {"insert_quorum=2"}}};
  support::events made;
  fapilog::batch const entries = numbered_events(made, 3);
  CHECK(sink.write(entries));
  CHECK(sink.write(entries));
  CHECK(sink.write(entries.up_to(2)));
  auto const inserts = server.inserts();
  REQUIRE(inserts.size() == 3);
  std::string const path = inserts[0].path;
  CHECK(path.find("query=INSERT INTO \"a b\".\"logs\" (\"id\", \"timestamp\", \"level\", \"logger\", "
                  "\"correlation_id\", "
                  "\"message\", \"event\") FORMAT JSONEachRow&") != std::string::npos);
  for (char const* const setting :
       {"&async_insert=0", "&input_format_allow_errors_num=0", "&input_format_allow_errors_ratio=0",
        "&input_format_parallel_parsing=0", "&input_format_skip_unknown_fields=0", "&insert_deduplicate=1",
        "&insert_distributed_sync=1", "&max_insert_block_size=1048576", "&insert_quorum=2"})
    CHECK(path.find(setting) != std::string::npos);
  std::size_t const token = path.find("&insert_deduplication_token=");
  REQUIRE(token != std::string::npos);
  CHECK(path.size() - token == 28 + 64);
  CHECK(inserts[1].path == path);
  CHECK(inserts[1].body == inserts[0].body);
  CHECK(inserts[2].path != path);
  CHECK(inserts[2].path.substr(0, token) == path.substr(0, token));
  auto const first = nlohmann::json::parse(inserts[0].body.substr(0, inserts[0].body.find('\n')));
  CHECK(first.at("id") == "00000000-0000-0000-0000-000000000001");
  CHECK(first.at("timestamp") == 1'769'509'800'123);  // DateTime64(3): milliseconds
  CHECK(first.at("level") == "INFO");
  CHECK(first.at("event").at("log").at("message") == "secret message");
  CHECK_FALSE(first.contains("correlation_id"));
}

TEST_CASE("a block whose response is lost is sent again as it was, among other records") {
  contract_server server{{"200"}, "ReplicatedMergeTree\tReplicatedMergeTree('/t', 'a') ORDER BY timestamp\n"};
  clickhouse sink{{.url = server.url(), .batch_size = 4}};
  support::events made;
  fapilog::batch const all = numbered_events(made, 10);
  server.answer({"close", "200"});
  // Records 2 to 5 are one block; its answer is lost. Then they come again after others.
  auto const lost = sink.write(all.from(2).up_to(4));
  CHECK(lost.outcome() == write_outcome::retry);
  CHECK(sink.write(all));
  auto const inserts = server.inserts();
  REQUIRE(inserts.size() == 4);  // 2..5; 0..1, 2..5, 6..9
  CHECK(inserts[2].path == inserts[0].path);
  CHECK(inserts[2].body == inserts[0].body);
  CHECK(server.others().find("\"id\" IN") == std::string::npos);
  CHECK(sink.write(all.up_to(4)));  // now known: no block of its own
  CHECK(server.inserts().size() == 5);
}

TEST_CASE("a ClickHouse table that does not recognise blocks is searched for those whose response was lost") {
  contract_server server{{"200"}};
  clickhouse sink{{.url = server.url(), .batch_size = 4}};
  support::events made;
  fapilog::batch const all = numbered_events(made, 8);
  server.answer({"close", "200"});
  CHECK(sink.write(all.up_to(4)).outcome() == write_outcome::retry);
  server.find(
      "00000000-0000-0000-0000-000000000001\n00000000-0000-0000-0000-000000000002\n"
      "00000000-0000-0000-0000-000000000003\n00000000-0000-0000-0000-000000000004\n");
  CHECK(sink.write(all));
  auto const inserts = server.inserts();
  REQUIRE(inserts.size() == 2);
  CHECK(inserts[1].body.find("000000000004\"") == std::string::npos);
  CHECK(inserts[1].body.find("000000000005\"") != std::string::npos);
  CHECK(server.others().find("\"id\" IN ('00000000-0000-0000-0000-000000000001', ") != std::string::npos);
}

TEST_CASE("a part of a lost block is searched for, even in a ClickHouse table that recognises blocks") {
  contract_server server{{"200"}, "ReplicatedMergeTree\tReplicatedMergeTree('/t', 'a') ORDER BY timestamp\n"};
  clickhouse sink{{.url = server.url()}};
  support::events made;
  fapilog::batch const all = numbered_events(made, 6);
  server.answer({"close", "200"});
  CHECK(sink.write(all.up_to(4)).outcome() == write_outcome::retry);
  server.find("00000000-0000-0000-0000-000000000003\n00000000-0000-0000-0000-000000000004\n");
  CHECK(sink.write(all.from(2)));
  auto const inserts = server.inserts();
  REQUIRE(inserts.size() == 2);
  CHECK(inserts[1].body.find("000000000004\"") == std::string::npos);
  CHECK(inserts[1].body.find("000000000006\"") != std::string::npos);
}

TEST_CASE(
    "a write to ClickHouse that hangs ends when it is cancelled, and its block is sent again as it was") {
  contract_server server{{"200"}};
  clickhouse sink{{.url = server.url(), .connection = {.timeout = std::chrono::hours{1}}}};
  sink.start(fapilog::start_context{});
  server.answer({"hang", "200"});
  support::events made;
  fapilog::batch const all = numbered_events(made, 4);
  write_outcome outcome = write_outcome::delivered;
  std::thread writer{[&] { outcome = sink.write(all).outcome(); }};
  CHECK(support::eventually([&] { return server.inserts().size() == 1; }));
  sink.cancel();
  writer.join();
  CHECK(outcome == write_outcome::retry);
  CHECK(sink.write(all).outcome() == write_outcome::retry);  // until the next start
  CHECK(server.inserts().size() == 1);
  sink.start(fapilog::start_context{});
  CHECK(sink.write(all));
  auto const inserts = server.inserts();
  REQUIRE(inserts.size() == 2);
  CHECK(inserts[1].path == inserts[0].path);
  CHECK(inserts[1].body == inserts[0].body);
}
