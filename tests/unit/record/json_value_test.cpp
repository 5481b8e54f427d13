// SPDX-License-Identifier: MIT
// Documents of nlohmann::json as fields and format arguments.
#include "support/capture.hpp"
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/record/json_value.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <limits>
#include <memory>
#include <string>
#include <vector>

using fapilog::kv;
using namespace std::chrono_literals;

TEST_CASE("a document is logged with its structure, not as a string") {
  auto const document =
      nlohmann::json::parse(R"({"name":"Ada \"A\"","n":-3,"u":18446744073709551615,"f":0.5,"yes":true,
    "none":null,"list":[1,"two",[3],{"four":4}],"empty":{},"nothing":[]})");
  auto sink = std::make_shared<support::capture>();
  fapilog::runtime rt{{.sinks = {sink}}};
  auto const log = rt.get_logger();
  log.info("as a field", kv("document", document), kv("ordered", nlohmann::ordered_json{{"b", 1}, {"a", 2}}));
  log.info("in a message: {}", nlohmann::json{1, "x"});
  for (auto const& scalar :
       {nlohmann::json(42), nlohmann::json("text"), nlohmann::json(false), nlohmann::json()}) {
    log.info("a scalar", kv("scalar", scalar));
  }
  log.info("nested in containers", kv("all", std::vector<nlohmann::json>{1, "x", {{"k", 1}}}));
  log.info("binary", kv("bytes", nlohmann::json::binary({0xDE, 0xAD})));
  REQUIRE(rt.drain(30s).complete);

  CHECK(sink->at(0).at("log").at("data").at("document") == document);
  CHECK(sink->lines()[0].find(R"("ordered":{"b":1,"a":2})") != std::string::npos);
  CHECK(sink->at(1).at("log").at("message") == R"(in a message: [1,"x"])");
  CHECK(sink->at(2).at("log").at("data").at("scalar") == 42);
  CHECK(sink->at(3).at("log").at("data").at("scalar") == "text");
  CHECK(sink->at(4).at("log").at("data").at("scalar") == false);
  CHECK(sink->at(5).at("log").at("data").at("scalar").is_null());
  CHECK(sink->at(6).at("log").at("data").at("all") == nlohmann::json{1, "x", {{"k", 1}}});
  CHECK(sink->at(7).at("log").at("data").at("bytes") == "dead");
}

TEST_CASE("a document that is nested too deep is cut and marked, and other fields stay") {
  nlohmann::json deep = 1;
  for (int i = 0; i < 1'000; ++i) deep = nlohmann::json::array({deep});
  auto sink = std::make_shared<support::capture>();
  fapilog::runtime rt{{.sinks = {sink}, .diagnostics_output = [](std::string_view) {}}};
  rt.get_logger().info("deep", kv("deep", deep), kv("after", 1));
  REQUIRE(rt.drain(30s).complete);
  CHECK(sink->last().at("data").at("after") == 1);
  CHECK(sink->last().at("data").at("_truncated") == true);
}
