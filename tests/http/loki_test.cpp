// SPDX-License-Identifier: MIT
// The Loki sink against a server that answers as the documentation of its interface says.
#include "http/contract.hpp"
#include "http/recording_server.hpp"
#include "support/batches.hpp"
#include "support/catch.hpp"

#include <fapilog/sinks/http.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <vector>

using fapilog::write_outcome;
using fapilog::sinks::loki;
using support::check_answers;
using support::recording_server;
using support::refusal_of;

namespace {

fapilog::batch loki_events(std::size_t count) {
  support::events all;
  for (std::size_t i = 0; i < count; ++i) all.add("message");
  return all.batch();
}

}  // namespace

TEST_CASE("records with the same labels are one stream, with nanoseconds and structured metadata") {
  recording_server const server{{"204"}};
  loki sink{{.url = server.url(""),
             .tenant = "team-a",
             .labels = {"service_name=shop", "zone=a\"b"},
             .label_fields = {"level=level", "logger=logger"},
             .metadata = {"message_id=message_id", "user=data.user", "absent=data.absent"}}};
  support::events all;
  all.add("one").data.set("user", fapilog::value::of_string("u\n1"));
  all.add("two", fapilog::level::error);
  all.add("three");
  CHECK(sink.write(all.batch()));
  auto const request = server.requests().at(0);
  CHECK(request.line == "POST /loki/api/v1/push HTTP/1.1");
  CHECK(request.header("X-Scope-OrgID") == "team-a");
  CHECK(request.header("Content-Type") == "application/json");
  auto const body = nlohmann::json::parse(request.body);
  REQUIRE(body.at("streams").size() == 2);
  auto const& first = body.at("streams")[0];
  CHECK(first.at("stream") ==
        nlohmann::json{{"service_name", "shop"}, {"zone", "a\"b"}, {"level", "INFO"}, {"logger", "billing"}});
  REQUIRE(first.at("values").size() == 2);
  CHECK(first.at("values")[0][0] == "1769509800123456789");
  CHECK(first.at("values")[0][2].at("user") == "u\n1");
  CHECK(first.at("values")[0][2].at("message_id").get<std::string>().size() == 36);
  CHECK_FALSE(first.at("values")[0][2].contains("absent"));
  CHECK(body.at("streams")[1].at("stream").at("level") == "ERROR");
}

TEST_CASE("the line is the record as JSON, whatever it contains") {
  recording_server const server{{"204"}};
  loki sink{{.url = server.url("/prefix/")}};
  std::string const line = R"({"log":{"message":"a \"quoted\" \\ text"}})";
  CHECK(sink.write(support::lines_batch({line})));
  auto const request = server.requests().at(0);
  CHECK(request.line == "POST /prefix/loki/api/v1/push HTTP/1.1");
  CHECK(nlohmann::json::parse(request.body).at("streams")[0].at("values")[0][1] == line);
}

TEST_CASE("a label from a record has a bounded number of values") {
  recording_server const server{{"204"}};
  loki sink{{.url = server.url(""), .label_fields = {"user=data.user"}, .max_label_values = 3}};
  support::events all;
  std::vector<std::string> const users{"a", "b", "c", "d", "e", "a"};
  for (std::string const& user : users) all.add("x").data.set("user", fapilog::value::of_string(user));
  CHECK(sink.write(all.batch()));
  std::vector<std::string> seen;
  auto const body = nlohmann::json::parse(server.requests().at(0).body);
  for (auto const& stream : body.at("streams")) seen.push_back(stream.at("stream").at("user"));
  CHECK(seen == std::vector<std::string>{"a", "b", "c", "other"});
}

TEST_CASE("each status of Loki has its result") {
  check_answers<loki>({{"204", write_outcome::delivered, false},
                       {"200", write_outcome::delivered, false},
                       {"400\t\tentry too far behind", write_outcome::rejected, false},
                       {"401\t\tno org id", write_outcome::retry, true},
                       {"403", write_outcome::retry, true},
                       {"404", write_outcome::retry, true},
                       {"413", write_outcome::rejected, false},
                       {"429\t\tingestion rate limit exceeded", write_outcome::retry, false},
                       {"500", write_outcome::retry, false},
                       {"502", write_outcome::retry, false},
                       {"503", write_outcome::retry, false},
                       {"504", write_outcome::retry, false}},
                      fapilog::sinks::loki_config{}, loki_events(1));
}

TEST_CASE("of a batch that Loki refuses in part, the entry at fault is found, and the others arrive") {
  recording_server const server{{"400", "204", "400", "400", "204"}};
  loki sink{{.url = server.url("")}};
  auto const result = sink.write(loki_events(4));
  CHECK(result.outcome() == write_outcome::rejected);
  CHECK(result.rejected_entries() == std::vector<std::size_t>{2});
}

TEST_CASE("invalid labels are refused with a message") {
  CHECK(refusal_of<loki, fapilog::sinks::loki_config>({.url = "http://x"}) == "accepted");
  CHECK(refusal_of<loki, fapilog::sinks::loki_config>({.url = "http://x", .labels = {"a-b=c"}})
            .find("loki.labels: must be `name=value`") != std::string::npos);
  CHECK(refusal_of<loki, fapilog::sinks::loki_config>({.url = "http://x", .label_fields = {"a=.."}})
            .find("loki.label_fields") != std::string::npos);
  CHECK(refusal_of<loki, fapilog::sinks::loki_config>({.url = "http://x", .labels = {}, .label_fields = {}})
            .find("a stream has a label") != std::string::npos);
  CHECK(refusal_of<loki, fapilog::sinks::loki_config>(
            {.url = "http://x", .labels = std::vector<std::string>(16, "a=b")})
            .find("more than 15 labels") != std::string::npos);
}
