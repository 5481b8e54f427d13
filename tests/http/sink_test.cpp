// SPDX-License-Identifier: MIT
// The HTTP sink against a receiver that records requests: bodies, statuses, limits, credentials, connections.
#include "http/outages.hpp"
#include "http/recording_server.hpp"
#include "support/batches.hpp"
#include "support/capture.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/catch.hpp"
#include "support/scale.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/http.hpp>
#include <fapilog/testing/conformance.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

using fapilog::write_outcome;
using fapilog::sinks::http;
using fapilog::sinks::http_body;
using support::recording_server;
using namespace std::chrono_literals;
using index_list = std::vector<std::size_t>;

namespace {

fapilog::batch http_lines(std::size_t count, std::size_t size = 40) {
  return support::lines_batch(support::numbered_lines(count, size));
}

/// The numbers of the records in a body that is a JSON array.
std::vector<int> numbers_in(std::string const& body) {
  std::vector<int> all;
  for (auto const& record : nlohmann::json::parse(body)) all.push_back(record.at("n").get<int>());
  return all;
}

std::vector<int> from_to_numbers(int begin, int end) {
  std::vector<int> all;
  for (int i = begin; i < end; ++i) all.push_back(i);
  return all;
}

std::string message_of(fapilog::sinks::http_config const& config) {
  try {
    (void)http{config};
  } catch (std::invalid_argument const& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a batch is the body of one POST, as an array, as lines or by a template") {
  recording_server const server{{"200"}};
  auto const entries = support::lines_batch({R"({"n":1})", R"({"n":2})"});
  CHECK(http{{.url = server.url("/a?token=x")}}.write(entries));
  CHECK(http{{.url = server.url(), .body = http_body::json_lines}}.write(entries));
  CHECK(http{{.url = server.url(),
              .body = http_body::by_template,
              .body_template = R"({"logs":[{{records}}]})",
              .record_template = R"({"e":{{record}}})",
              .separator = ", ",
              .content_type = "text/plain"}}
            .write(entries));
  support::events made;
  made.add("say \"hi\"\n", fapilog::level::error);
  CHECK(http{{.url = server.url(),
              .body = http_body::by_template,
              .body_template = "{{records}}",
              .record_template = R"({"text":"{{level}} {{logger}}: {{message}}"})"}}
            .write(made.batch()));
  auto const all = server.requests();
  REQUIRE(all.size() == 4);
  CHECK(all[0].line == "POST /a?token=x HTTP/1.1");
  CHECK(all[0].body == R"([{"n":1},{"n":2}])");
  CHECK(all[0].header("Content-Type") == "application/json");
  CHECK(all[0].header("User-Agent") == std::string{"fapilog/"} + fapilog::version);
  CHECK(all[1].body == "{\"n\":1}\n{\"n\":2}\n");
  CHECK(all[1].header("Content-Type") == "application/x-ndjson");
  CHECK(all[2].body == R"({"logs":[{"e":{"n":1}}, {"e":{"n":2}}]})");
  CHECK(all[2].header("Content-Type") == "text/plain");
  CHECK(nlohmann::json::parse(all[3].body).at("text") == "ERROR billing: say \"hi\"\n");
}

TEST_CASE("each status of a receiver has its result") {
  struct row {
    int status;
    write_outcome outcome;
    bool is_refused;
  };
  std::vector<row> const rows{{200, write_outcome::delivered, false}, {201, write_outcome::delivered, false},
                              {202, write_outcome::delivered, false}, {204, write_outcome::delivered, false},
                              {301, write_outcome::retry, true},      {302, write_outcome::retry, true},
                              {307, write_outcome::retry, true},      {308, write_outcome::retry, true},
                              {400, write_outcome::rejected, false},  {401, write_outcome::retry, true},
                              {402, write_outcome::retry, true},      {403, write_outcome::retry, true},
                              {404, write_outcome::retry, true},      {405, write_outcome::retry, true},
                              {406, write_outcome::rejected, false},  {407, write_outcome::retry, true},
                              {408, write_outcome::retry, false},     {409, write_outcome::rejected, false},
                              {410, write_outcome::retry, true},      {411, write_outcome::rejected, false},
                              {413, write_outcome::rejected, false},  {415, write_outcome::rejected, false},
                              {421, write_outcome::retry, true},      {422, write_outcome::rejected, false},
                              {425, write_outcome::retry, false},     {426, write_outcome::retry, true},
                              {429, write_outcome::retry, false},     {431, write_outcome::rejected, false},
                              {451, write_outcome::retry, true},      {500, write_outcome::retry, false},
                              {501, write_outcome::retry, false},     {502, write_outcome::retry, false},
                              {503, write_outcome::retry, false},     {504, write_outcome::retry, false},
                              {507, write_outcome::retry, false},     {599, write_outcome::retry, false}};
  std::vector<std::string> script;
  for (row const& r : rows) script.push_back(std::to_string(r.status) + "\tLocation: /elsewhere");
  recording_server const server{script};
  http sink{{.url = server.url()}};
  for (row const& r : rows) {
    INFO(r.status);
    auto const result = sink.write(http_lines(1));
    CHECK(result.outcome() == r.outcome);
    CHECK(result.is_refused() == r.is_refused);
    if (!result)
      CHECK(result.reason().find(server.peer() + ": the server answers " + std::to_string(r.status)) == 0);
  }
  CHECK(server.requests().size() == rows.size());  // no redirect was followed
}

#if defined(FAPILOG_WITH_ZSTD)
TEST_CASE("a body that is compressed by zstd decompresses with its command to the records") {
  if (!std::filesystem::exists("/usr/bin/zstd")) {
    WARN("skipped: zstd is not installed");
    return;
  }
  recording_server const server{{"200"}};
  http sink{{.url = server.url(),
             .body = http_body::json_lines,
             .batch_size = 1'000,
             .connection = {.compression = fapilog::sinks::http_compression::zstd}}};
  CHECK(sink.write(http_lines(1'000)));
  auto const request = server.requests().at(0);
  CHECK(request.header("Content-Encoding") == "zstd");
  support::temporary_directory const folder;
  support::write_text_file(folder / "body.zst", request.body);
  REQUIRE(std::system(("/usr/bin/zstd -q -d " + (folder / "body.zst")).c_str()) == 0);
  std::string const plain = support::text_of_file(folder / "body");
  CHECK(request.body.size() < plain.size() / 2);
  auto const expected = http_lines(1'000);
  std::string lines;
  for (std::size_t i = 0; i < expected.size(); ++i) lines += std::string{expected[i].json} + '\n';
  CHECK((plain == lines));
}
#endif

TEST_CASE("a receiver that answers 415 to a compressed body gets this and later ones uncompressed") {
  recording_server const server{{"415", "200", "200", "415"}};
  http sink{{.url = server.url(), .connection = {.compression = fapilog::sinks::http_compression::gzip}}};
  CHECK(sink.write(http_lines(2)));
  CHECK(sink.health().healthy);
  CHECK(sink.health().detail ==
        server.peer() + ": the server answered 415 to a compressed body; bodies are no longer compressed");
  CHECK(sink.write(http_lines(1)));
  CHECK(sink.write(http_lines(1)).outcome() ==
        write_outcome::rejected);  // an uncompressed one is not at fault
  auto const all = server.requests();
  REQUIRE(all.size() == 4);
  CHECK(all[0].header("Content-Encoding") == "gzip");
  CHECK(all[1].header("Content-Encoding") == "(none)");
  CHECK(nlohmann::json::parse(all[1].body).size() == 2);
  CHECK(all[2].header("Content-Encoding") == "(none)");
}

TEST_CASE(
    "the delay before the next attempt is that of Retry-After, as seconds or as a date, at most ten "
    "minutes") {
  recording_server const server{{"429\tRetry-After: 7", "503\tRetry-After: Fri, 01 Jan 2100 00:00:00 GMT",
                                 "503\tRetry-After: soon", "503"}};
  http sink{{.url = server.url()}};
  CHECK(sink.write(http_lines(1)).delay() == 7s);
  CHECK(sink.write(http_lines(1)).delay() == 10min);
  CHECK(sink.write(http_lines(1)).delay() == 0s);
  CHECK(sink.write(http_lines(1)).delay() == 0s);
}

TEST_CASE(
    "a batch that the receiver finds too large is halved until it fits, and a single record is rejected") {
  recording_server const server{{"413", "413", "200", "200", "413", "200", "413", "200", "413"}};
  http sink{{.url = server.url()}};
  auto const result = sink.write(http_lines(8));
  CHECK(result.outcome() == write_outcome::rejected);
  CHECK(result.rejected_entries() == index_list{7});
  std::vector<std::vector<int>> sizes;
  for (auto const& request : server.requests()) sizes.push_back(numbers_in(request.body));
  CHECK(sizes == std::vector<std::vector<int>>{from_to_numbers(0, 8),
                                               from_to_numbers(0, 4),
                                               from_to_numbers(0, 2),
                                               from_to_numbers(2, 4),
                                               from_to_numbers(4, 8),
                                               from_to_numbers(4, 6),
                                               from_to_numbers(6, 8),
                                               {6},
                                               {7}});
}

TEST_CASE("a record that the receiver finds invalid is found and rejected alone") {
  // 16 records, number 5 is bad.
  recording_server const server{{"400", "400", "200", "400", "400", "200", "400", "200", "200"}};
  http sink{{.url = server.url()}};
  auto const result = sink.write(http_lines(16));
  CHECK(result.outcome() == write_outcome::rejected);
  CHECK(result.rejected_entries() == index_list{5});
  CHECK(sink.health().healthy);
  CHECK(sink.health().detail.find("1 of the last 16 records rejected") != std::string::npos);
}

TEST_CASE("of many records that the receiver finds invalid, each is found, and the others arrive") {
  recording_server const server{{"bad"}};
  auto lines = support::numbered_lines(300, 40);
  index_list wanted;
  for (std::size_t i = 7; i < lines.size(); i += 29) {
    lines[i] = R"({"bad":1})";
    wanted.push_back(i);
  }
  http sink{{.url = server.url()}};
  auto const result = sink.write(support::lines_batch(lines));
  CHECK(result.outcome() == write_outcome::rejected);
  CHECK(result.rejected_entries() == wanted);
}

TEST_CASE("if the receiver finds everything invalid, the number of requests is limited") {
  recording_server const server{{"422"}};
  http sink{{.url = server.url()}};
  auto const result = sink.write(http_lines(1'000));
  CHECK(result.rejected_entries().size() == 1'000);
  CHECK(server.requests().size() < 100);
  CHECK_FALSE(sink.health().healthy);
}

TEST_CASE("a batch is divided by the limits of the sink, in order, over one connection") {
  recording_server const server{{"200"}};
  http sink{{.url = server.url(), .batch_size = 10, .batch_bytes = 1'024}};
  auto const lines = support::numbered_lines(25, 100);
  CHECK(sink.write(support::lines_batch(lines)));
  CHECK(sink.write(http_lines(25, 20)));
  std::vector<int> numbers;
  std::set<std::string> connections;
  std::vector<std::size_t> sizes;
  for (auto const& request : server.requests()) {
    auto const some = numbers_in(request.body);
    sizes.push_back(some.size());
    numbers.insert(numbers.end(), some.begin(), some.end());
    connections.insert(request.peer_port);
    CHECK(request.body.size() <= 1'024);
  }
  auto expected = from_to_numbers(0, 25);
  auto const again = expected;
  expected.insert(expected.end(), again.begin(), again.end());
  CHECK(numbers == expected);
  CHECK(connections.size() == 1);
  CHECK(sizes == std::vector<std::size_t>{10, 10, 5, 10, 10, 5});
}

TEST_CASE("a record that is larger than a request is rejected with its size, and the others are delivered") {
  recording_server const server{{"200"}};
  http sink{{.url = server.url(), .batch_bytes = 1'024}};
  auto lines = support::numbered_lines(3, 50);
  lines[1].insert(lines[1].size() - 2, 2'000, 'x');
  auto const result = sink.write(support::lines_batch(lines));
  CHECK(result.rejected_entries() == index_list{1});
  CHECK(result.reason().find("a record takes 2051 bytes, more than the limit of a request, 1024") !=
        std::string::npos);
  CHECK(server.requests().size() == 2);
}

TEST_CASE("after a request that must be repeated no other is sent, and only the rest is retried") {
  recording_server const server{{"200", "503\tRetry-After: 3", "200"}};
  http sink{{.url = server.url(), .batch_size = 10}};
  auto const result = sink.write(http_lines(40));
  CHECK(result.outcome() == write_outcome::retry);
  CHECK(result.first_to_retry() == 10);
  CHECK(result.entries_to_retry().size() == 30);
  CHECK(result.delay() == 3s);
  CHECK(server.requests().size() == 2);
}

TEST_CASE("several requests can wait for their responses at once, each over a connection of its own") {
  recording_server const server{{"200", "503", "200"}};
  http sink{{.url = server.url(), .batch_size = 10, .connection = {.requests_in_flight = 4}}};
  auto const result = sink.write(http_lines(40));
  CHECK(result.outcome() == write_outcome::retry);
  CHECK(result.entries_to_retry().size() == 10);
  auto const rest = http_lines(40).from(result.first_to_retry()).up_to(10);
  CHECK(sink.write(rest));
  std::set<int> seen;
  std::set<std::string> connections;
  for (auto const& request : server.requests()) {
    connections.insert(request.peer_port);
    for (int const n : numbers_in(request.body)) seen.insert(n);
  }
  CHECK(seen.size() == 40);
  CHECK(connections.size() > 1);
}

TEST_CASE("a response that is cut, missing or late means that the batch is written again") {
  auto const how = GENERATE("cut", "close", "reset", "hang");
  recording_server const server{{how, how, "200"}};
  http sink{{.url = server.url(), .connection = {.timeout = how == std::string{"hang"} ? 200ms : 10'000ms}}};
  auto const result = sink.write(http_lines(3));
  CHECK(result.outcome() == write_outcome::retry);
  CHECK_FALSE(result.is_refused());
  CHECK(result.reason().find(server.peer()) == 0);
}

TEST_CASE("a host that does not exist and a port where nobody listens are named in the reason") {
  http nowhere{{.url = "http://no-such-host.invalid/x"}};
  auto const no_host = nowhere.write(http_lines(1));
  CHECK(no_host.outcome() == write_outcome::retry);
  CHECK(no_host.reason().find("no-such-host.invalid:80: ") == 0);
  http closed{{.url = "http://127.0.0.1:1/"}};
  auto const refused = closed.write(http_lines(1));
  CHECK(refused.outcome() == write_outcome::retry);
  CHECK(refused.reason().find("127.0.0.1:1: ") == 0);
}

TEST_CASE("of a long response only a part is kept, and the connection stays open") {
  recording_server const server{{"200\t\t" + std::string(100'000, 'x'), "200"}};
  http sink{{.url = server.url(), .connection = {.max_response_bytes = 1'024}}};
  CHECK(sink.write(http_lines(1)));
  CHECK(sink.write(http_lines(1)));
  auto const all = server.requests();
  CHECK(all[0].peer_port == all[1].peer_port);
}

TEST_CASE("the credential is a header from the settings, the environment or a file that may change") {
  recording_server const server{{"200"}};
  support::temporary_directory const folder;
  support::write_text_file(folder / "token", "first\n");
  ::setenv("FAPILOG_TEST_TOKEN", "from-environment", 1);
  CHECK(http{{.url = server.url(), .connection = {.credential = {.value = "plain"}}}}.write(http_lines(1)));
  CHECK(http{{.url = server.url(),
              .connection = {.headers = {"X-Tenant: a"},
                             .credential = {.header = "X-Key", .environment = "FAPILOG_TEST_TOKEN"}}}}
            .write(http_lines(1)));
  http from_file{
      {.url = server.url(), .connection = {.credential = {.scheme = "Bearer", .file = folder / "token"}}}};
  CHECK(from_file.write(http_lines(1)));
  support::write_text_file(folder / "token", "second\n");
  CHECK(from_file.write(http_lines(1)));
  std::filesystem::remove(folder / "token");
  auto const result = from_file.write(http_lines(1));
  CHECK(result.is_refused());
  CHECK(result.reason().find("the file of the credential") != std::string::npos);
  CHECK(result.reason().find("second") == std::string::npos);
  CHECK(http{{.url = "http://me:p%40ss@" + server.peer() + "/in"}}.write(http_lines(1)));
  auto const all = server.requests();
  REQUIRE(all.size() == 5);
  CHECK(all[0].header("Authorization") == "plain");
  CHECK(all[1].header("X-Key") == "from-environment");
  CHECK(all[1].header("X-Tenant") == "a");
  CHECK(all[2].header("Authorization") == "Bearer first");
  CHECK(all[3].header("Authorization") == "Bearer second");
  CHECK(all[4].header("Authorization") == "Basic bWU6cEBzcw==");
}

TEST_CASE("no reason, health or message contains a secret") {
  recording_server const server{{"401\t\tTOPSECRET", "400\t\tTOPSECRET"}};
  http sink{
      {.url = "http://TOPSECRET:TOPSECRET@" + server.peer() + "/TOPSECRET?TOPSECRET",
       .connection = {.headers = {"X: TOPSECRET"}, .credential = {.header = "Y", .value = "TOPSECRET"}}}};
  CHECK(sink.write(http_lines(1)).reason().find("TOPSECRET") == std::string::npos);
  CHECK(sink.write(http_lines(1)).reason().find("TOPSECRET") == std::string::npos);
  CHECK(sink.health().detail.find("TOPSECRET") == std::string::npos);
  for (std::string const url :
       {"ftp://TOPSECRET@x/", "http://TOPSECRET@:1/", "http://TOPSECRET@x:TOPSECRET/"}) {
    INFO(url);
    std::string const message = message_of({.url = url});
    CHECK(message != "accepted");
    CHECK(message.find("TOPSECRET") == std::string::npos);
  }
}

TEST_CASE("invalid settings are refused with a message") {
  CHECK(message_of({}).find("http.url: must not be empty") != std::string::npos);
  CHECK(message_of({.url = "http://x/", .body = http_body::by_template, .body_template = "x"})
            .find("must contain {{records}} once") != std::string::npos);
  CHECK(message_of({.url = "http://x/", .body = http_body::by_template, .record_template = "{{nothing}}"})
            .find("contains an unknown placeholder") != std::string::npos);
  CHECK(message_of({.url = "http://x/", .connection = {.headers = {"a\nb: c"}}}).find("connection.headers") !=
        std::string::npos);
  CHECK(message_of({.url = "http://x/", .connection = {.credential = {.value = "a", .file = "b"}}})
            .find("connection.credential.value: must not be given together") != std::string::npos);
  CHECK(message_of({.url = "http://x/", .connection = {.tls = {.certificate_file = "b"}}})
            .find("must be given together") != std::string::npos);
}

TEST_CASE("the HTTP sink meets the contract of a sink") {
  recording_server const server{{"200"}};
  CHECK(fapilog::testing::check_sink(http{{.url = server.url()}}).empty());
}

TEST_CASE("no record is lost while the receiver is killed and restarted, with a spool") {
  recording_server server{{"200"}};
  int const count = support::chaos_records(5'000);
  support::log_through_outages(http{{.url = server.url(), .connection = {.timeout = 5'000ms}}}, count,
                               [&](fapilog::runtime const& rt, int i) {
                                 if (i == count / 4 || i == 3 * count / 4) server.stop();
                                 if (i == count / 2) support::start_once_spooled(server, rt);
                                 if (i == 3 * count / 4) server.start();
                               });
  std::set<int> seen;
  for (auto const& request : server.requests()) {
    seen.merge(support::numbers_in(nlohmann::json::parse(request.body), [](auto const& record) {
      return record.at("log").at("data").at("number").template get<int>();
    }));
  }
  CHECK(seen.size() == std::size_t(count));
}
