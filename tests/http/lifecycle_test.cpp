// SPDX-License-Identifier: MIT
// Sinks over HTTP while the process forks and ends.
#include "http/recording_server.hpp"
#include "support/batches.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/child_process.hpp"
#include "support/eventually.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/http.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <unistd.h>

using fapilog::sinks::http;
using support::recording_server;
using namespace std::chrono_literals;

namespace {

fapilog::batch one_line() { return support::lines_batch({R"({"n":1})"}); }

/// A sink that has written once is used, and destroyed, by a child; then the parent writes again.
void check_connections_after_fork(recording_server const& server, fapilog::sinks::http_config const& config) {
  auto sink = std::make_unique<http>(config);
  REQUIRE(sink->write(one_line()));
  int const status = support::status_of_child([&] {
    bool const is_written = static_cast<bool>(sink->write(one_line()));
    sink.reset();
    ::_exit(is_written ? 0 : 1);
  });
  CHECK(status == 0);
  CHECK(sink->write(one_line()));
  auto const all = server.requests();
  REQUIRE(all.size() == 3);
  CHECK(all[1].peer_port != all[0].peer_port);
  CHECK(all[2].peer_port == all[0].peer_port);
}

/// A sink whose requests last long, with a spool in this folder.
fapilog::placed_sink slow_sink(std::string const& url, std::string const& folder) {
  return {http{{.url = url, .connection = {.timeout = 1h}}}, {.spool = {.directory = folder}}};
}

std::set<int> numbers_received(recording_server const& server) {
  std::set<int> all;
  for (auto const& request : server.requests()) {
    for (auto const& record : nlohmann::json::parse(request.body))
      all.insert(record.at("log").at("data").at("number").get<int>());
  }
  return all;
}

}  // namespace

TEST_CASE("a forked child has connections of its own, and leaves those of the parent open") {
  recording_server const server{{"200"}};
  check_connections_after_fork(server, {.url = server.url()});
}

TEST_CASE("a forked child leaves the parent's connections with TLS open, too") {
  support::certificates const files;
  recording_server const server{{"200"}, {files / "good.pem", files / "good.key"}};
  check_connections_after_fork(server, {.url = "https://" + server.peer() + "/in",
                                        .connection = {.tls = {.ca_file = files / "ca.pem"}}});
}

TEST_CASE("the sink of a runtime writes in parent and child over connections of their own") {
  recording_server const server{{"200"}};
  fapilog::runtime rt{{.sinks = {http{{.url = server.url()}}}}};
  rt.get_logger().info("m", fapilog::kv("number", 0));
  REQUIRE(rt.flush(60s).complete);
  int const status = support::status_of_child([&rt] {
    rt.get_logger().info("m", fapilog::kv("number", 1));
    ::_exit(rt.flush(60s).complete ? 0 : 1);
  });
  CHECK(status == 0);
  rt.get_logger().info("m", fapilog::kv("number", 2));
  REQUIRE(rt.flush(60s).complete);
  CHECK(numbers_received(server) == std::set<int>{0, 1, 2});
  auto const all = server.requests();
  REQUIRE(all.size() == 3);
  CHECK(all[2].peer_port == all[0].peer_port);
}

TEST_CASE(
    "a request in flight is abandoned when the time of a drain runs out, and its records are in the spool") {
  support::temporary_directory const folder;
  constexpr int count = 100;
  recording_server server{{"hang"}};
  {
    fapilog::runtime rt{{.batch_max_size = 10,
                         .sinks = {slow_sink(server.url(), folder.path().string())},
                         .diagnostics_output = support::captured_diagnostics{}}};
    for (int i = 0; i < count; ++i) rt.get_logger().info("m", fapilog::kv("number", i));
    REQUIRE(support::eventually([&] { return server.requests().size() == 1; }));
    (void)rt.drain(2s);
    auto const end = rt.drain(60s);  // the request itself would take an hour
    CHECK(end.complete);
    CHECK(end.balanced());
    CHECK(rt.sink_counts()[0].second.spooled == count);
  }
  // The next process delivers them.
  server.answer({"200"});
  fapilog::runtime next{{.sinks = {slow_sink(server.url(), folder.path().string())},
                         .diagnostics_output = support::captured_diagnostics{}}};
  next.get_logger().info("m", fapilog::kv("number", count));
  CHECK(support::eventually([&] { return numbers_received(server).size() == count + 1; }));
  CHECK(next.drain(60s).balanced());
}

TEST_CASE(
    "a sink without another place for its records keeps its request in flight until the end of a drain") {
  recording_server server{{"hang"}};
  auto const sink =
      std::make_shared<http>(fapilog::sinks::http_config{.url = server.url(), .connection = {.timeout = 3s}});
  fapilog::runtime rt{{.sinks = {sink}, .diagnostics_output = support::captured_diagnostics{}}};
  rt.get_logger().info("m", fapilog::kv("number", 1));
  REQUIRE(support::eventually([&] { return server.requests().size() == 1; }));
  CHECK_FALSE(rt.drain(10ms).complete);
  server.answer({"200"});
  CHECK(rt.drain(60s).balanced());
  CHECK(server.requests().size() == 2);
  CHECK(rt.sink_counts()[0].second.delivered == 1);
}

TEST_CASE("a cancelled sink writes nothing until it is started again") {
  recording_server const server{{"200"}};
  http sink{{.url = server.url()}};
  sink.cancel();
  auto const result = sink.write(one_line());
  CHECK(result.outcome() == fapilog::write_outcome::retry);
  CHECK(result.reason().find("the request was abandoned") != std::string::npos);
  CHECK(server.requests().empty());
  sink.start(fapilog::start_context{});
  CHECK(sink.write(one_line()));
  CHECK(server.requests().size() == 1);
}
