// SPDX-License-Identifier: MIT
// The Elasticsearch sink against a server that answers as the documentation of the bulk interface says.
#include "http/contract.hpp"
#include "http/outages.hpp"
#include "http/recording_server.hpp"
#include "support/batches.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/catch.hpp"
#include "support/scale.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/plugins/builtins.hpp>
#include <fapilog/plugins/http.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/sinks/http.hpp>
#include <fapilog/testing/conformance.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using fapilog::write_outcome;
using fapilog::sinks::elasticsearch;
using fapilog::sinks::elasticsearch_config;
using support::check_answers;
using support::recording_server;
using support::refusal_of;
using namespace std::chrono_literals;

namespace {

/// Events whose ids end with their number.
fapilog::batch bulk_events(std::size_t count) {
  support::events all;
  for (std::size_t i = 0; i < count; ++i) {
    auto& e = all.add("message");
    e.message_id.bytes[15] = static_cast<std::uint8_t>(i % 256);
    e.message_id.bytes[14] = static_cast<std::uint8_t>(i / 256);
  }
  return all.batch();
}

/// An answer with status 200 and these items.
std::string bulk_answer(std::vector<std::pair<int, std::string>> const& items) {
  std::string text = "200\t\t{\"took\":3,\"errors\":true,\"items\":[";
  for (auto const& [status, type] : items) {
    if (text.back() == '}') text += ',';
    text += "{\"create\":{\"status\":" + std::to_string(status);
    if (!type.empty()) text += R"(,"error":{"type":")" + type + R"(","reason":"value TOPSECRET"})";
    text += "}}";
  }
  return text + "]}";
}

std::vector<nlohmann::json> json_lines_of(std::string const& body) {
  std::vector<nlohmann::json> all;
  std::istringstream text{body};
  for (std::string line; std::getline(text, line);) all.push_back(nlohmann::json::parse(line));
  return all;
}

/// The document that the sink makes of the only event of a batch.
nlohmann::json document_of(fapilog::batch const& entries, elasticsearch_config config = {}) {
  recording_server const server{{bulk_answer({{201, ""}})}};
  config.url = server.url("");
  CHECK(elasticsearch{config}.write(entries));
  return json_lines_of(server.requests().at(0).body).at(1);
}

}  // namespace

TEST_CASE("a batch is one bulk request that creates each record under its message id") {
  recording_server const server{{bulk_answer({{201, ""}, {201, ""}})}};
  elasticsearch sink{{.url = server.url("/prefix/"),
                      .index = "logs-shop-prod",
                      .pipeline = "parse",
                      .connection = {.credential = {.value = "bXk6a2V5"}}}};
  CHECK(sink.write(bulk_events(2)));
  auto const request = server.requests().at(0);
  CHECK(
      request.line ==
      "POST /prefix/logs-shop-prod/_bulk?filter_path=errors,items.*.status,items.*.error.type&pipeline=parse "
      "HTTP/1.1");
  CHECK(request.header("Content-Type") == "application/x-ndjson");
  CHECK(request.header("Authorization") == "ApiKey bXk6a2V5");
  CHECK(request.body.back() == '\n');
  auto const lines = json_lines_of(request.body);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == nlohmann::json::parse(R"({"create":{"_id":"00000000-0000-0000-0000-000000000000"}})"));
  CHECK(lines[2] == nlohmann::json::parse(R"({"create":{"_id":"00000000-0000-0000-0000-000000000001"}})"));
}

TEST_CASE("the day of the record is in the name of its index, and basic credentials are those of the URL") {
  recording_server const server{{bulk_answer({{201, ""}, {201, ""}})}};
  elasticsearch sink{{.url = "http://me:secret@" + server.peer(), .index = "logs-{date}-x"}};
  support::events all;
  all.add("one");
  all.add("before 1970").unix_ns = -1;
  CHECK(sink.write(all.batch()));
  auto const request = server.requests().at(0);
  CHECK(request.line.starts_with("POST /_bulk?"));
  CHECK(request.header("Authorization") == "Basic bWU6c2VjcmV0");
  auto const lines = json_lines_of(request.body);
  CHECK(lines.at(0).at("create").at("_index") == "logs-2026.01.27-x");
  CHECK(lines.at(2).at("create").at("_index") == "logs-1969.12.31-x");
}

TEST_CASE("a record becomes a document of the Elastic Common Schema") {
  support::events all;
  auto const text = [](std::string_view given) { return fapilog::value::of_string(given); };
  auto& e = all.add("say \"hi\"\n", fapilog::level::error);
  e.context.set("trace_id", text("0af7651916cd43dd8448eb211c80319c"));
  e.context.set("span_id", text("b7ad6b7169203331"));
  e.context.set("user_id", text("u1"));
  e.context.set("request_id", text("r1"));
  e.context.set("tenant_id", text("t1"));
  e.context.set("correlation_id", {});
  for (auto const& [key, value] :
       {std::pair{"service", "shop"}, std::pair{"version", "1.2"}, std::pair{"env", "prod"},
        std::pair{"host", "h1"}, std::pair{"thread_name", "main"}, std::pair{"file", "a.cpp"},
        std::pair{"function", "f"}, std::pair{"k8s_pod", "p1"}})
    e.diagnostics.set(key, text(value));
  e.diagnostics.set("pid", fapilog::value::of_number(7));
  e.diagnostics.set("thread_id", fapilog::value::of_number(8));
  e.diagnostics.set("line", fapilog::value::of_number(9));
  auto const root =
      all.object({{"error.type", text("root")}, {"error.message", text("disk")}}, fapilog::kind::exception);
  auto const cause =
      all.object({{"error.type", text("io")}, {"error.message", text("write")}, {"error.cause", root}},
                 fapilog::kind::exception);
  e.diagnostics.set("exception", all.object({{"error.type", text("std::runtime_error")},
                                             {"error.message", text("declined")},
                                             {"error.cause", cause}},
                                            fapilog::kind::exception));
  e.data.set("order", fapilog::value::of_number(1001));
  e.data.set("paid", fapilog::value::of_bool(true));
  CHECK(document_of(all.batch(), {.fields = {"http.response.status_code=data.order",
                                             "absent=data.absent"}}) == nlohmann::json::parse(R"({
    "@timestamp": "2026-01-27T10:30:00.123456789Z", "message": "say \"hi\"\n", "ecs.version": "8.11.0",
    "log.level": "ERROR", "log.logger": "billing", "event.id": "00000000-0000-0000-0000-000000000000",
    "trace.id": "0af7651916cd43dd8448eb211c80319c", "span.id": "b7ad6b7169203331", "user.id": "u1",
    "http.request.id": "r1", "service.name": "shop", "service.version": "1.2", "service.environment": "prod",
    "host.name": "h1", "process.pid": 7, "process.thread.id": 8, "process.thread.name": "main",
    "log.origin.file.name": "a.cpp", "log.origin.file.line": 9, "log.origin.function": "f",
    "error.type": "std::runtime_error", "error.message": "declined",
    "error.stack_trace": "Caused by: io: write\nCaused by: root: disk", "http.response.status_code": 1001,
    "labels": {"tenant_id": "t1", "k8s_pod": "p1", "paid": "true"}, "numeric_labels": {"order": 1001}})"));
}

TEST_CASE("labels have strings and numeric labels have numbers, under names that the server accepts once") {
  support::events all;
  auto& e = all.add("x");
  auto const real = [](double number) {
    fapilog::value v;
    v.type = fapilog::kind::f64;
    v.f64 = number;
    return v;
  };
  fapilog::value large = fapilog::value::of_number(0);
  large.type = fapilog::kind::u64;
  large.u64 = (std::numeric_limits<std::uint64_t>::max)();
  e.data.set("a", all.object({{"b", fapilog::value::of_number(1)}, {"c", real(1.5)}}));
  e.data.set("a.b", fapilog::value::of_string("twice"));
  e.data.set("", fapilog::value::of_string("no name"));
  e.data.set("nan", real(std::nan("")));
  e.data.set("large", large);
  e.data.set("null", {});
  e.data.set("list", all.array({fapilog::value::of_string("x"), fapilog::value::of_number(2)}));
  auto const document = document_of(all.batch());
  CHECK(document.at("numeric_labels") == nlohmann::json::parse(R"({"a_b":1,"a_c":1.5})"));
  CHECK(
      document.at("labels") ==
      nlohmann::json::parse(
          R"({"a_b_2":"twice","_":"no name","nan":"NaN","large":"18446744073709551615","list":["x","2"]})"));
}

TEST_CASE("as an envelope, the document is the record with @timestamp") {
  recording_server const server{{bulk_answer({{201, ""}, {201, ""}})}};
  elasticsearch sink{{.url = server.url(""), .document = fapilog::sinks::elasticsearch_document::envelope}};
  CHECK(sink.needs_json());
  CHECK(sink.write(support::lines_batch({R"({"log":{"message":"m"}})", "plain \"text\""})));
  auto const lines = json_lines_of(server.requests().at(0).body);
  CHECK(lines.at(1) ==
        nlohmann::json::parse(R"({"@timestamp":"1970-01-01T00:00:00.000000000Z","log":{"message":"m"}})"));
  CHECK(lines.at(3).at("message") == "plain \"text\"");
}

TEST_CASE("each status of the bulk interface has its result") {
  check_answers<elasticsearch>({{"400\t\t{\"error\":{},\"status\":400}", write_outcome::rejected, false},
                                {"401", write_outcome::retry, true},
                                {"403", write_outcome::retry, true},
                                {"404", write_outcome::retry, true},
                                {"405", write_outcome::retry, true},
                                {"408", write_outcome::retry, false},
                                {"413", write_outcome::rejected, false},
                                {"429", write_outcome::retry, false},
                                {"500", write_outcome::retry, false},
                                {"502", write_outcome::retry, false},
                                {"503", write_outcome::retry, false},
                                {"504", write_outcome::retry, false},
                                {"200\t\t<html>log in</html>", write_outcome::retry, true},
                                {"200\t\t{\"items\":[]}", write_outcome::retry, true},
                                {"200\t\t{\"items\":[{\"create\":{}}]}", write_outcome::retry, true}},
                               elasticsearch_config{}, bulk_events(1));
}

TEST_CASE("each status of an item has its result") {
  struct row {
    int status;
    char const* type;
    write_outcome outcome;
    bool is_refused;
  };
  std::vector<row> const rows{{200, "", write_outcome::delivered, false},
                              {201, "", write_outcome::delivered, false},
                              {409, "version_conflict_engine_exception", write_outcome::delivered, false},
                              {400, "mapper_parsing_exception", write_outcome::rejected, false},
                              {400, "document_parsing_exception", write_outcome::rejected, false},
                              {400, "strict_dynamic_mapping_exception", write_outcome::rejected, false},
                              {400, "illegal_argument_exception", write_outcome::rejected, false},
                              {413, "", write_outcome::rejected, false},
                              {401, "security_exception", write_outcome::retry, true},
                              {403, "security_exception", write_outcome::retry, true},
                              {403, "cluster_block_exception", write_outcome::retry, true},
                              {404, "index_not_found_exception", write_outcome::retry, true},
                              {429, "es_rejected_execution_exception", write_outcome::retry, false},
                              {429, "cluster_block_exception", write_outcome::retry, false},
                              {429, "circuit_breaking_exception", write_outcome::retry, false},
                              {500, "", write_outcome::retry, false},
                              {503, "unavailable_shards_exception", write_outcome::retry, false},
                              {504, "", write_outcome::retry, false}};
  std::vector<std::string> script;
  for (row const& r : rows) script.push_back(bulk_answer({{r.status, r.type}}));
  recording_server const server{script};
  elasticsearch sink{{.url = server.url("")}};
  for (row const& r : rows) {
    INFO(r.status << ' ' << r.type);
    auto const result = sink.write(bulk_events(1));
    CHECK(result.outcome() == r.outcome);
    CHECK(result.is_refused() == r.is_refused);
    if (!result) CHECK(result.reason().find(std::to_string(r.status)) != std::string::npos);
    if (!result) CHECK(result.reason().find(r.type) != std::string::npos);
  }
}

TEST_CASE("of a bulk request only the items that failed are sent again or rejected") {
  recording_server const server{{bulk_answer({{201, ""},
                                              {429, "es_rejected_execution_exception"},
                                              {409, "version_conflict_engine_exception"},
                                              {400, "mapper_parsing_exception"},
                                              {503, "unavailable_shards_exception"}})}};
  elasticsearch sink{{.url = server.url("")}};
  auto const result = sink.write(bulk_events(5));
  CHECK(result.outcome() == write_outcome::retry);
  CHECK(result.entries_to_retry() == std::vector<std::size_t>{1, 4});
  CHECK(result.rejected_entries() == std::vector<std::size_t>{3});
  CHECK(result.reason() ==
        server.peer() +
            ": 1 of 5 records rejected, the first one with 400 mapper_parsing_exception; 2 of "
            "5 records to send again, the first one because of 429 "
            "es_rejected_execution_exception: the server has no room for it now");
}

TEST_CASE("no reason or health of the Elasticsearch sink contains a secret or a part of the response") {
  recording_server const server{{bulk_answer({{400, "TOPSECRET"}}), "401\t\tTOPSECRET",
                                 bulk_answer({{403, "mapper_parsing_exception_TOPSECRET"}})}};
  elasticsearch sink{{.url = "http://TOPSECRET:TOPSECRET@" + server.peer() + "/TOPSECRET",
                      .connection = {.credential = {.value = "TOPSECRET"}}}};
  for (int i = 0; i < 3; ++i) {
    auto const result = sink.write(bulk_events(1));
    CHECK_FALSE(result);
    CHECK(result.reason().find("TOPSECRET") == std::string::npos);
  }
  CHECK(sink.health().detail.find("TOPSECRET") == std::string::npos);
  CHECK(sink.health().detail.find("400") != std::string::npos);
}

TEST_CASE("a bulk request that is too large, or whose response is, is halved") {
  recording_server const server{
      {"413", "bulk", "bulk", bulk_answer(std::vector(100, std::pair{201, std::string{}})), "bulk"}};
  elasticsearch sink{{.url = server.url(""), .connection = {.max_response_bytes = 1'500}}};
  CHECK(sink.write(bulk_events(4)));
  CHECK(server.requests().size() == 3);
  CHECK(server.documents().size() == 4);
  CHECK(sink.write(bulk_events(100)));
  CHECK(server.documents().size() == 100);
}

TEST_CASE("settings of the Elasticsearch sink that are not valid are refused with a message") {
  CHECK(refusal_of<elasticsearch, elasticsearch_config>({.url = "http://x"}) == "accepted");
  CHECK(refusal_of<elasticsearch, elasticsearch_config>({.url = "http://x", .index = ".ds-a_b.c-{date}"}) ==
        "accepted");
  CHECK(refusal_of<elasticsearch, elasticsearch_config>({}).find("elasticsearch.url: must not be empty") !=
        std::string::npos);
  for (char const* const index :
       {"", "Logs", "a/b", "_a", "-a", "..", "{date}", "a{date}b{date}", "a?b", "a b"}) {
    INFO(index);
    CHECK(refusal_of<elasticsearch, elasticsearch_config>({.url = "http://x", .index = index})
              .find("elasticsearch.index: must") != std::string::npos);
  }
  CHECK(refusal_of<elasticsearch, elasticsearch_config>({.url = "http://x", .pipeline = "a&b"})
            .find("elasticsearch.pipeline") != std::string::npos);
  for (char const* const field :
       {"x", "a..b=data.c", "labels.x=data.x", "message=data.x", "host.name=data.x", "x=.."}) {
    INFO(field);
    CHECK(refusal_of<elasticsearch, elasticsearch_config>({.url = "http://x", .fields = {field}})
              .find("elasticsearch.fields") != std::string::npos);
  }
}

TEST_CASE("the Elasticsearch sink meets the contract of a sink, and is made by its name") {
  recording_server const server{{"bulk"}};
  CHECK(fapilog::testing::check_sink(elasticsearch{{.url = server.url("")}}).empty());
  auto plugins = fapilog::builtin_plugins();
  fapilog::add_http(plugins);
  std::size_t const before = server.documents().size();
  fapilog::runtime rt{
      fapilog::settings::from_json(
          R"({"core": {"sinks": ["elasticsearch"]}, "sink_config": {"elasticsearch": {"url": ")" +
              server.url("") + R"(", "document": "envelope"}}})",
          "inline", plugins)
          .options()};
  rt.get_logger("shop").info("by name");
  CHECK(rt.drain(60s).balanced());
  REQUIRE(server.documents().size() == before + 1);
  CHECK(server.documents().back().find("by name") != std::string::npos);
}

TEST_CASE(
    "every record is in the index exactly once after lost responses, a kill and a restart of the server") {
  std::vector<std::string> script;
  for (int i = 0; i < 60; ++i) script.emplace_back(i % 3 == 0 ? "bulk-close" : i % 7 == 0 ? "429" : "bulk");
  script.emplace_back("bulk");
  recording_server server{script};
  int const count = support::chaos_records(5'000);
  support::log_through_outages(
      elasticsearch{
          {.url = server.url(""),
           .batch_size = 100,
           .connection = {.timeout = 5'000ms, .compression = fapilog::sinks::http_compression::gzip}}},
      count, [&](fapilog::runtime const& rt, int i) {
        if (i == count / 2) server.stop();
        if (i == 3 * count / 4) support::start_once_spooled(server, rt);
      });
  auto const documents = server.documents();
  auto const seen = support::numbers_in(documents, [](std::string const& line) {
    auto const document = nlohmann::json::parse(line.substr(line.find('\t') + 1));
    return document.at("numeric_labels").at("number").get<int>();
  });
  CHECK(documents.size() == std::size_t(count));
  CHECK(seen.size() == std::size_t(count));
}
