// SPDX-License-Identifier: MIT
// The Splunk sink against a server that answers as the documentation of the HTTP Event Collector says.
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

#include <chrono>
#include <cstddef>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using fapilog::write_outcome;
using fapilog::sinks::splunk;
using fapilog::sinks::splunk_config;
using support::check_answers;
using support::recording_server;
using support::refusal_of;
using namespace std::chrono_literals;

namespace {

std::string const splunk_accepted = "200\t\t{\"text\":\"Success\",\"code\":0}";

std::string splunk_accepted_as(int ack_id) {
  return "200\t\t{\"text\":\"Success\",\"code\":0,\"ackId\":" + std::to_string(ack_id) + "}";
}
std::string splunk_acks(std::string const& states) { return "200\t\t{\"acks\":{" + states + "}}"; }

fapilog::batch splunk_lines(std::size_t count) {
  return support::lines_batch(support::numbered_lines(count, 40));
}

std::vector<nlohmann::json> splunk_events_in(std::string const& body) {
  std::vector<nlohmann::json> all;
  std::istringstream text{body};
  for (std::string line; std::getline(text, line);) all.push_back(nlohmann::json::parse(line));
  return all;
}

/// A sink that waits for acknowledgements, 20 ms at most.
splunk_config acknowledged_splunk(recording_server const& server) {
  return {.url = server.url(""),
          .acknowledgement = true,
          .ack_interval = 1ms,
          .ack_timeout = 20ms,
          .connection = {.credential = {.value = "token"}}};
}

}  // namespace

TEST_CASE("a batch is one request to the event collector, an event with its metadata for each record") {
  recording_server const server{{splunk_accepted}};
  splunk sink{{.url = server.url("/prefix/"),
               .index = "shop",
               .fields = {"level=level", "user=data.user", "absent=data.absent"},
               .connection = {.credential = {.value = "0f8fad5b"}}}};
  support::events all;
  auto& e = all.add("one");
  e.data.set("user", fapilog::value::of_string("u\"1"));
  e.diagnostics.set("host", fapilog::value::of_string("h1"));
  all.add("old").unix_ns = -5;
  CHECK(sink.write(all.batch()));
  auto const request = server.requests().at(0);
  CHECK(request.line == "POST /prefix/services/collector/event HTTP/1.1");
  CHECK(request.header("Authorization") == "Splunk 0f8fad5b");
  CHECK(request.header("X-Splunk-Request-Channel") == "(none)");
  auto const events = splunk_events_in(request.body);
  REQUIRE(events.size() == 2);
  CHECK(request.body.starts_with("{\"time\":1769509800.123456,"));
  CHECK(events[0].at("host") == "h1");
  CHECK(events[0].at("source") == "billing");
  CHECK(events[0].at("sourcetype") == "_json");
  CHECK(events[0].at("index") == "shop");
  CHECK(events[0].at("fields") == nlohmann::json{{"level", "INFO"}, {"user", "u\"1"}});
  CHECK(events[1].at("time") == 0.0);
  CHECK_FALSE(events[1].contains("host"));
}

TEST_CASE("the event is the record, and host, source and source type may be set") {
  recording_server const server{{splunk_accepted}};
  splunk sink{{.url = server.url(""), .host = "h", .source = "s", .sourcetype = "t", .fields = {}}};
  CHECK(sink.write(support::lines_batch({R"({"log":{"message":"m"}})", "plain \"text\""})));
  auto const events = splunk_events_in(server.requests().at(0).body);
  CHECK(events.at(0) ==
        nlohmann::json::parse(
            R"({"time":0.0,"host":"h","source":"s","sourcetype":"t","event":{"log":{"message":"m"}}})"));
  CHECK(events.at(1).at("event") == "plain \"text\"");
}

TEST_CASE("each code of the event collector has its result") {
  struct row {
    int code;
    int status;
    write_outcome outcome;
    bool is_refused;
  };
  std::vector<row> const rows{
      {0, 200, write_outcome::delivered, false},  {1, 403, write_outcome::retry, true},
      {2, 401, write_outcome::retry, true},       {3, 401, write_outcome::retry, true},
      {4, 403, write_outcome::retry, true},       {5, 400, write_outcome::rejected, false},
      {6, 400, write_outcome::rejected, false},   {7, 400, write_outcome::retry, true},
      {8, 500, write_outcome::retry, false},      {9, 503, write_outcome::retry, false},
      {10, 400, write_outcome::retry, true},      {11, 400, write_outcome::retry, true},
      {12, 400, write_outcome::rejected, false},  {13, 400, write_outcome::rejected, false},
      {14, 400, write_outcome::retry, true},      {15, 400, write_outcome::rejected, false},
      {16, 400, write_outcome::retry, true},      {17, 200, write_outcome::delivered, false},
      {18, 503, write_outcome::retry, false},     {19, 503, write_outcome::retry, false},
      {20, 503, write_outcome::retry, false},     {21, 400, write_outcome::retry, true},
      {22, 400, write_outcome::retry, true},      {23, 503, write_outcome::retry, false},
      {24, 200, write_outcome::delivered, false}, {25, 200, write_outcome::delivered, false},
      {26, 429, write_outcome::retry, false},     {27, 429, write_outcome::retry, false},
      {28, 400, write_outcome::retry, true}};
  std::vector<std::string> script;
  for (row const& r : rows) {
    script.push_back(std::to_string(r.status) +
                     "\t\t{\"text\":\"TOPSECRET\",\"code\":" + std::to_string(r.code) + "}");
  }
  recording_server const server{script};
  splunk sink{{.url = server.url("")}};
  for (row const& r : rows) {
    INFO(r.code);
    auto const result = sink.write(splunk_lines(1));
    CHECK(result.outcome() == r.outcome);
    CHECK(result.is_refused() == r.is_refused);
    CHECK(result.reason().find("TOPSECRET") == std::string::npos);
    if (!result)
      CHECK(result.reason().find(" with code " + std::to_string(r.code) + ": ") != std::string::npos);
  }
}

TEST_CASE("each status without a code of the event collector has its result") {
  check_answers<splunk>({{"200\t\t<html>log in</html>", write_outcome::retry, true},
                         {"401", write_outcome::retry, true},
                         {"403", write_outcome::retry, true},
                         {"404", write_outcome::retry, true},
                         {"408", write_outcome::retry, false},
                         {"413", write_outcome::rejected, false},
                         {"429", write_outcome::retry, false},
                         {"500", write_outcome::retry, false},
                         {"503\t\tnot JSON", write_outcome::retry, false},
                         {"504", write_outcome::retry, false}},
                        splunk_config{}, splunk_lines(1));
}

TEST_CASE("the event that the collector names as invalid is sent alone and rejected, and the others arrive") {
  std::string const invalid = "400\t\t{\"text\":\"Invalid data format\",\"code\":6,\"invalid-event-number\":";
  recording_server const server{{invalid + "2}", splunk_accepted, invalid + "0}", splunk_accepted}};
  splunk sink{{.url = server.url("")}};
  auto const result = sink.write(splunk_lines(5));
  CHECK(result.outcome() == write_outcome::rejected);
  CHECK(result.rejected_entries() == std::vector<std::size_t>{2});
  auto const all = server.requests();
  REQUIRE(all.size() == 4);
  CHECK(splunk_events_in(all[1].body).size() == 2);
  CHECK(splunk_events_in(all[2].body).size() == 1);
  CHECK(splunk_events_in(all[3].body).size() == 2);
}

TEST_CASE("a number of an event that is wrong costs requests and no record") {
  std::string const invalid = "400\t\t{\"text\":\"Invalid data format\",\"code\":6,\"invalid-event-number\":";
  recording_server const server{{invalid + "3}", invalid + "99}", splunk_accepted}};
  splunk sink{{.url = server.url("")}};
  CHECK(sink.write(splunk_lines(4)));
  CHECK(server.requests().size() == 5);
}

TEST_CASE(
    "with acknowledgement a batch is delivered when the indexers have acknowledged each of its requests") {
  recording_server const server{{splunk_accepted_as(7), splunk_accepted_as(8),
                                 splunk_acks(R"("7":true,"8":false)"), splunk_acks(R"("8":true)")}};
  auto config = acknowledged_splunk(server);
  config.batch_size = 2;
  config.ack_timeout = 60s;
  splunk sink{config};
  CHECK(sink.write(splunk_lines(4)));
  auto const all = server.requests();
  REQUIRE(all.size() == 4);
  std::string const channel = all[0].header("X-Splunk-Request-Channel");
  CHECK(channel.size() == 36);
  for (auto const& request : all) {
    CHECK(request.header("X-Splunk-Request-Channel") == channel);
    CHECK(request.header("Authorization") == "Splunk token");
  }
  CHECK(all[2].line == "POST /services/collector/ack HTTP/1.1");
  CHECK(all[2].body == R"({"acks":[7,8]})");
  CHECK(all[3].body == R"({"acks":[8]})");
}

TEST_CASE("records that are not acknowledged in time are sent again, and only these") {
  recording_server const server{
      {splunk_accepted_as(0), splunk_accepted_as(1), splunk_acks(R"("0":true,"1":false)")}};
  auto config = acknowledged_splunk(server);
  config.batch_size = 2;
  splunk sink{config};
  auto const result = sink.write(splunk_lines(4));
  CHECK(result.outcome() == write_outcome::retry);
  CHECK(result.entries_to_retry() == std::vector<std::size_t>{2, 3});
  CHECK(result.rejected_entries().empty());
  CHECK(result.reason() == server.peer() + ": requests that the indexers have not acknowledged in time: 1");
}

TEST_CASE("a batch of which a part failed and a part is not acknowledged has both results") {
  std::string const invalid =
      "400\t\t{\"text\":\"Invalid data format\",\"code\":6,\"invalid-event-number\":0}";
  recording_server const server{{invalid, splunk_accepted_as(0), "503", splunk_acks("\"0\":false")}};
  auto config = acknowledged_splunk(server);
  config.batch_size = 1;
  splunk sink{config};
  auto const result = sink.write(splunk_lines(4));
  CHECK(result.outcome() == write_outcome::retry);
  CHECK(result.entries_to_retry() == std::vector<std::size_t>{1, 2, 3});
  CHECK(result.rejected_entries() == std::vector<std::size_t>{0});
}

TEST_CASE("queries for acknowledgements that fail are repeated, unless the collector refuses them") {
  recording_server const server{{splunk_accepted_as(0), "503", "close", "200\t\tnothing",
                                 splunk_acks("\"0\":true"), splunk_accepted_as(1), "403\t\t{\"code\":4}"}};
  auto config = acknowledged_splunk(server);
  config.ack_timeout = 60s;
  splunk sink{config};
  // The third query gets the response of another server, which is a refusal.
  auto const first = sink.write(splunk_lines(1));
  CHECK(first.is_refused());
  CHECK(first.entries_to_retry() == std::vector<std::size_t>{0});
  CHECK(server.requests().size() == 4);
}

TEST_CASE("a token without acknowledgement is reported at the start, and nothing counts as delivered") {
  std::string const disabled = "400\t\t{\"text\":\"ACK is disabled\",\"code\":14}";
  recording_server const server{{disabled, splunk_acks("\"0\":false"), splunk_accepted}};
  splunk sink{acknowledged_splunk(server)};
  std::string message;
  try {
    sink.start(fapilog::start_context{});
  } catch (std::runtime_error const& error) {
    message = error.what();
  }
  CHECK(message.find("the token has no indexer acknowledgement") != std::string::npos);
  sink.start(fapilog::start_context{});
  CHECK(server.requests().at(1).body == R"({"acks":[0]})");
  CHECK(sink.write(splunk_lines(1)).is_refused());
}

TEST_CASE("no message of the Splunk sink contains a secret") {
  recording_server const server{{"403\t\t{\"text\":\"TOPSECRET\",\"code\":4}", "400\t\tTOPSECRET",
                                 splunk_accepted_as(0), "401\t\tTOPSECRET"}};
  auto config = acknowledged_splunk(server);
  config.url = server.url("/TOPSECRET");
  config.connection.credential.value = "TOPSECRET";
  splunk sink{config};
  for (int i = 0; i < 3; ++i) {
    auto const result = sink.write(splunk_lines(1));
    CHECK_FALSE(result);
    CHECK(result.reason().find("TOPSECRET") == std::string::npos);
  }
  CHECK(sink.health().detail.find("TOPSECRET") == std::string::npos);
}

TEST_CASE("settings of the Splunk sink that are not valid are refused with a message") {
  CHECK(refusal_of<splunk, splunk_config>(
            {.url = "http://x", .channel = "0f8fad5b-d9cb-469f-a165-70867728950e"}) == "accepted");
  CHECK(refusal_of<splunk, splunk_config>({}).find("splunk.url: must not be empty") != std::string::npos);
  CHECK(refusal_of<splunk, splunk_config>({.url = "http://x", .fields = {"a.b=data.c"}})
            .find("splunk.fields: must be `name=path`") != std::string::npos);
  CHECK(refusal_of<splunk, splunk_config>({.url = "http://x", .channel = "x"})
            .find("splunk.channel: must be a GUID") != std::string::npos);
  CHECK(refusal_of<splunk, splunk_config>({.url = "http://x", .ack_interval = 0ms})
            .find("splunk.ack_interval") != std::string::npos);
}

TEST_CASE("the Splunk sink meets the contract of a sink, and is made by its name") {
  recording_server const server{{splunk_accepted}};
  CHECK(fapilog::testing::check_sink(splunk{{.url = server.url("")}}).empty());
  auto plugins = fapilog::builtin_plugins();
  fapilog::add_http(plugins);
  fapilog::runtime rt{
      fapilog::settings::from_json(R"({"core": {"sinks": ["splunk"]}, "sink_config": {"splunk": {"url": ")" +
                                       server.url("") + R"("}}})",
                                   "inline", plugins)
          .options()};
  rt.get_logger("shop").info("by name");
  CHECK(rt.drain(60s).balanced());
  auto const events = splunk_events_in(server.requests().back().body);
  CHECK(events.back().at("event").at("log").at("message") == "by name");
}

TEST_CASE("no record is lost while the collector loses requests that it has accepted, with acknowledgement") {
  recording_server server{{"hec"}};
  int const count = support::chaos_records(2'000);
  auto config = acknowledged_splunk(server);
  config.batch_size = 50;
  config.connection.requests_in_flight = 4;
  support::log_through_outages(splunk{config}, count, [&](fapilog::runtime const&, int i) {
    if (i != count / 2) return;
    server.stop();
    server.start();
  });
  auto const indexed = support::numbers_in(server.documents(), [](std::string const& line) {
    auto const document = nlohmann::json::parse(line.substr(line.find('\t') + 1));
    return document.at("event").at("log").at("data").at("number").get<int>();
  });
  CHECK(indexed.size() == std::size_t(count));
}
