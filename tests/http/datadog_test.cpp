// SPDX-License-Identifier: MIT
// The Datadog sink against a server that answers as the documentation of the logs intake says.
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
#include <string>
#include <utility>
#include <vector>

using fapilog::write_outcome;
using fapilog::sinks::datadog;
using fapilog::sinks::datadog_config;
using support::check_answers;
using support::recording_server;
using support::refusal_of;
using namespace std::chrono_literals;

namespace {

fapilog::batch datadog_events(std::size_t count) {
  support::events all;
  for (std::size_t i = 0; i < count; ++i) all.add("message");
  return all.batch();
}

}  // namespace

TEST_CASE("a batch is one array of logs with the key in its header") {
  recording_server const server{{"202\t\t{}"}};
  datadog sink{{.url = server.url("/prefix/"),
                .service = "shop",
                .tags = {"team:a", "env:prod"},
                .connection = {.credential = {.value = "api-key"}}}};
  support::events all;
  auto& e = all.add("one");
  e.diagnostics.set("env", fapilog::value::of_string("test"));
  e.diagnostics.set("version", fapilog::value::of_string("1,2"));
  e.diagnostics.set("host", fapilog::value::of_string("h1"));
  e.diagnostics.set("service", fapilog::value::of_string("other"));
  all.add("two", fapilog::level::warning);
  CHECK(sink.write(all.batch()));
  auto const request = server.requests().at(0);
  CHECK(request.line == "POST /prefix/api/v2/logs HTTP/1.1");
  CHECK(request.header("DD-API-KEY") == "api-key");
  CHECK(request.header("Authorization") == "(none)");
  CHECK(request.header("Content-Type") == "application/json");
  CHECK(nlohmann::json::parse(request.body) == nlohmann::json::parse(R"([
    {"ddsource": "cpp", "ddtags": "team:a,env:prod,version:1_2", "hostname": "h1", "service": "shop",
     "status": "info", "timestamp": 1769509800123, "message": "one",
     "message_id": "00000000-0000-0000-0000-000000000000", "logger": {"name": "billing", "level": "INFO"}},
    {"ddsource": "cpp", "ddtags": "team:a,env:prod", "service": "shop",
     "status": "warn", "timestamp": 1769509800123, "message": "two",
     "message_id": "00000000-0000-0000-0000-000000000000", "logger": {"name": "billing", "level": "WARNING"}}])"));
}

TEST_CASE("a record becomes a log with Datadog's standard attributes") {
  recording_server const server{{"202"}};
  datadog sink{{.url = server.url(""), .source = "custom", .hostname = "set"}};
  support::events all;
  auto const text = [](std::string_view given) { return fapilog::value::of_string(given); };
  auto& e = all.add("x", fapilog::level::error);
  e.context.set("user_id", text("u1"));
  e.context.set("trace_id", text("t1"));
  e.context.set("correlation_id", {});
  for (auto const& [key, value] : {std::pair{"service", "shop"}, std::pair{"thread_name", "main"},
                                   std::pair{"file", "a.cpp"}, std::pair{"k8s_pod", "p1"}})
    e.diagnostics.set(key, text(value));
  auto const cause =
      all.object({{"error.type", text("io")}, {"error.message", text("disk")}}, fapilog::kind::exception);
  e.diagnostics.set("exception", all.object({{"error.type", text("declined")},
                                             {"error.message", text("no \"card\"")},
                                             {"error.cause", cause}},
                                            fapilog::kind::exception));
  e.data.set("order", all.object({{"id", fapilog::value::of_number(7)}}));
  CHECK(sink.write(all.batch()));
  CHECK(nlohmann::json::parse(server.requests().at(0).body).at(0) == nlohmann::json::parse(R"(
    {"ddsource": "custom", "hostname": "set", "service": "shop", "status": "error",
     "timestamp": 1769509800123, "message": "x", "message_id": "00000000-0000-0000-0000-000000000000",
     "logger": {"name": "billing", "level": "ERROR", "thread_name": "main"}, "usr": {"id": "u1"}, "trace_id": "t1",
     "diagnostics": {"file": "a.cpp", "k8s_pod": "p1"},
     "error": {"kind": "declined", "message": "no \"card\"", "stack": "Caused by: io: disk"},
     "data": {"order": {"id": 7}}})"));
}

TEST_CASE("each level has a status of Datadog") {
  using fapilog::level;
  recording_server const server{{"202"}};
  datadog sink{{.url = server.url("")}};
  support::events all;
  for (level const severity : {level::trace, level::debug, level::info, fapilog::custom_level(25),
                               level::warning, level::error, level::critical, level::audit, level::security})
    all.add("x", severity);
  CHECK(sink.write(all.batch()));
  std::vector<std::string> found;
  for (auto const& log : nlohmann::json::parse(server.requests().at(0).body))
    found.push_back(log.at("status").get<std::string>());
  CHECK(found == std::vector<std::string>{"debug", "debug", "info", "notice", "warn", "error", "critical",
                                          "notice", "warn"});
}

TEST_CASE("each status of the logs intake has its result") {
  check_answers<datadog>({{"202\t\t{}", write_outcome::delivered, false},
                          {"200", write_outcome::delivered, false},
                          {"400\t\t{\"errors\":[{\"detail\":\"bad\"}]}", write_outcome::rejected, false},
                          {"401", write_outcome::retry, true},
                          {"403", write_outcome::retry, true},
                          {"408", write_outcome::retry, false},
                          {"413", write_outcome::rejected, false},
                          {"429", write_outcome::retry, false},
                          {"500", write_outcome::retry, false},
                          {"503", write_outcome::retry, false},
                          {"200\t\t<html>log in</html>", write_outcome::retry, true}},
                         datadog_config{}, datadog_events(1));
}

TEST_CASE("no request exceeds the limits of Datadog, and a log that would be cut is shortened and marked") {
  recording_server const server{{"202"}};
  datadog sink{{.url = server.url("")}};
  support::events all;
  std::string const large(900'000, 'x');
  std::string const larger =
      "m" + std::string(100'001, '\xC3');  // an invalid character each, which takes three bytes
  std::string const umlauts = [] {
    std::string text = "a";
    for (int i = 0; i < 600'000; ++i) text += "\xC3\xA4";
    return text;
  }();
  for (int i = 0; i < 7; ++i) all.add("x").data.set("large", fapilog::value::of_string(large));
  all.add(umlauts).data.set("gone", fapilog::value::of_number(1));
  auto& whole = all.add("whole");
  whole.data.set("a", fapilog::value::of_string(large));
  whole.data.set("b", fapilog::value::of_string(large));
  all.add(larger);
  CHECK(sink.write(all.batch()));
  std::vector<nlohmann::json> logs;
  for (auto const& request : server.requests()) {
    CHECK(request.body.size() <= 5'000'000);
    for (auto const& log : nlohmann::json::parse(request.body)) {
      CHECK(log.dump().size() <= 1'000'000);
      logs.push_back(log);
    }
  }
  REQUIRE(logs.size() == 10);
  CHECK(logs[0].at("data").at("large") == large);
  CHECK(logs[7].at("truncated") == true);
  CHECK_FALSE(logs[7].contains("data"));
  CHECK(logs[7].at("message") == umlauts.substr(0, 99'999));
  CHECK(logs[8].at("truncated") == true);
  CHECK(logs[8].at("message") == "whole");
  CHECK_FALSE(logs[9].contains("truncated"));

  auto const size_of_request = [&](std::size_t count) {
    CHECK(sink.write(datadog_events(count)));
    return nlohmann::json::parse(server.requests().back().body).size();
  };
  CHECK(size_of_request(1'000) == 1'000);
  CHECK(size_of_request(1'001) == 1);
}

TEST_CASE("no message of the Datadog sink contains a secret") {
  recording_server const server{{"403\t\tTOPSECRET", "400\t\tTOPSECRET"}};
  datadog sink{{.url = server.url("/TOPSECRET"), .connection = {.credential = {.value = "TOPSECRET"}}}};
  for (int i = 0; i < 2; ++i) {
    auto const result = sink.write(datadog_events(1));
    CHECK_FALSE(result);
    CHECK(result.reason().find("TOPSECRET") == std::string::npos);
  }
  CHECK(sink.health().detail.find("TOPSECRET") == std::string::npos);
}

TEST_CASE("settings of the Datadog sink that are not valid are refused with a message") {
  CHECK(refusal_of<datadog, datadog_config>({}) == "accepted");
  CHECK(datadog_config{.site = "datadoghq.eu"}.receiver() == "https://http-intake.logs.datadoghq.eu");
  CHECK(
      refusal_of<datadog, datadog_config>({.site = "a/b"}).find("datadog.site: must be the name of a site") !=
      std::string::npos);
  CHECK(refusal_of<datadog, datadog_config>({.url = "ftp://x"}).find("datadog.url: must begin with") !=
        std::string::npos);
  CHECK(refusal_of<datadog, datadog_config>({.tags = {"a"}}).find("datadog.tags: must be `key:value`") !=
        std::string::npos);
  CHECK(refusal_of<datadog, datadog_config>({.tags = {"a:b,c:d"}}).find("datadog.tags") != std::string::npos);
  CHECK(refusal_of<datadog, datadog_config>({.batch_size = 1'001}).find("datadog.batch_size") !=
        std::string::npos);
  CHECK(refusal_of<datadog, datadog_config>({.batch_bytes = 5'000'001}).find("datadog.batch_bytes") !=
        std::string::npos);
}

TEST_CASE("the Datadog sink meets the contract of a sink, and is made by its name") {
  recording_server const server{{"202"}};
  CHECK(fapilog::testing::check_sink(datadog{{.url = server.url("")}}).empty());
  auto plugins = fapilog::builtin_plugins();
  fapilog::add_http(plugins);
  fapilog::runtime rt{fapilog::settings::from_json(
                          R"({"core": {"sinks": ["datadog"]}, "sink_config": {"datadog": {"url": ")" +
                              server.url("") + R"("}}})",
                          "inline", plugins)
                          .options()};
  rt.get_logger("shop").info("by name");
  CHECK(rt.drain(60s).balanced());
  CHECK(nlohmann::json::parse(server.requests().back().body).back().at("message") == "by name");
}

TEST_CASE("no record is lost while the logs intake fails, is killed and restarted, with a spool") {
  std::vector<std::string> script;
  for (int i = 0; i < 30; ++i) script.emplace_back(i % 2 == 0 ? "503" : i % 5 == 0 ? "close" : "202");
  script.emplace_back("202");
  recording_server server{script};
  int const count = support::chaos_records(3'000);
  support::log_through_outages(
      datadog{{.url = server.url(""), .batch_size = 100, .connection = {.timeout = 5'000ms}}}, count,
      [&](fapilog::runtime const& rt, int i) {
        if (i == count / 2) server.stop();
        if (i == 3 * count / 4) support::start_once_spooled(server, rt);
      });
  std::set<int> seen;
  for (auto const& request : server.requests()) {
    seen.merge(support::numbers_in(nlohmann::json::parse(request.body), [](auto const& one) {
      return one.at("data").at("number").template get<int>();
    }));
  }
  CHECK(seen.size() == std::size_t(count));
}
