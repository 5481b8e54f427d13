// SPDX-License-Identifier: MIT
// Tests integrations/httplib_requests.hpp with a server and clients of cpp-httplib.
#include <fapilog/integrations/httplib_requests.hpp>

#include <nlohmann/json.hpp>

#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/logged.hpp"

namespace {

using fapilog::kv;
using fapilog::integrations::httplib_requests;
using fapilog::integrations::request_log_config;

/// A server that logs its requests.
class logging_server {
 public:
  explicit logging_server(support::logged& test, request_log_config config = {})
      : requests_(server_, test.log, std::move(config)) {
    server_.Get(R"(/orders/(\d+))",
                requests_.route("/orders/{id}", [log = test.log](auto const& req, auto& res) {
                  log.info("in the handler", kv("order", req.matches[1].str()));
                  auto const context = httplib_requests::of_this_thread()->context();
                  std::thread{[&] {
                    auto const attached = context.attach();
                    log.info("on a thread of the handler", kv("order", req.matches[1].str()));
                  }}.join();
                  res.set_content("order " + req.matches[1].str(), "text/plain");
                }));
    server_.Get("/throws",
                requests_.route("/throws", [](auto const&, auto&) { throw std::runtime_error("no stock"); }));
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread{[this] { server_.listen_after_bind(); }};
    server_.wait_until_ready_();
  }
  ~logging_server() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    server_.stop();
    thread_.join();
  }
  [[nodiscard]] int port() const noexcept { return port_; }

 private:
  /// Older versions of cpp-httplib have no function to wait for the start.
  struct waiting_server : httplib::Server {
    void wait_until_ready_() const {
      while (!is_running()) std::this_thread::yield();
    }
  };
  waiting_server server_;
  httplib_requests requests_;
  int port_ = 0;
  std::thread thread_;
};

std::vector<nlohmann::json> access_records(support::logged& test) {
  std::vector<nlohmann::json> all;
  for (auto const& record : test.records()) {
    if (record.at("data").contains("method")) all.push_back(record);
  }
  return all;
}

}  // namespace

TEST_CASE("each request over many connections has one access record, and no record has a foreign id") {
  support::logged test{{.when_full = fapilog::when_full::block}};
  constexpr int clients = 4;
  constexpr int each = 25;
  {
    logging_server server{test};
    std::vector<std::thread> threads;
    for (int c = 0; c < clients; ++c)
      threads.emplace_back([&, c] {
        httplib::Client client{"127.0.0.1", server.port()};
        client.set_keep_alive(c % 2 == 0);
        for (int i = 0; i < each; ++i) {
          std::string const number = std::to_string(c * 1000 + i);
          auto const answer = client.Get(("/orders/" + number).c_str(), {{"X-Request-Id", "r-" + number}});
          if (!answer || answer->get_header_value("X-Request-Id") != "r-" + number) std::abort();
        }
      });
    for (auto& thread : threads) thread.join();
    server.stop();
  }
  std::map<std::string, int> access;
  int inner = 0;
  for (auto const& record : test.records()) {
    std::string const id = record.at("context").at("request_id");
    auto const& data = record.at("data");
    if (data.contains("order")) {
      ++inner;
      CHECK(id == "r-" + data.at("order").get<std::string>());
    } else {
      ++access[id];
      CHECK(id == "r-" + data.at("path").get<std::string>().substr(8));
      CHECK(data.at("route") == "/orders/{id}");
      CHECK(data.at("status") == 200);
      CHECK(data.at("bytes_out") == ("order " + id.substr(2)).size());
    }
  }
  CHECK(inner == 2 * clients * each);
  CHECK(access.size() == clients * each);
  for (auto const& [id, count] : access) CHECK(count == 1);
}

TEST_CASE("exceptions, and unknown paths have their access records") {
  support::logged test;
  {
    logging_server server{test};
    httplib::Client client{"127.0.0.1", server.port()};
    CHECK(client.Get("/throws")->status == 500);
    CHECK(client.Get("/nowhere?password=x")->status == 404);
    CHECK(client.Post("/orders/1", "body", "text/plain")->status == 404);
    server.stop();
  }
  auto const records = access_records(test);
  REQUIRE(records.size() == 3);
  CHECK(records[0].at("level") == "ERROR");
  CHECK(records[0].at("data").at("route") == "/throws");
  CHECK(records[0].at("diagnostics").at("exception").at("error.message") == "no stock");
  CHECK(records[1].at("data").at("status") == 404);
  CHECK(records[1].at("data").at("query") == "password=***");
  CHECK(records[1].at("message") == "GET (no route) 404");
  CHECK(records[2].at("data").at("method") == "POST");
  CHECK(records[2].at("data").at("bytes_in") == 4);
}

TEST_CASE("hostile headers do no harm") {
  support::logged test;
  {
    logging_server server{test, {.trusted_proxies = {"127.0.0.0/8"}}};
    httplib::Client client{"127.0.0.1", server.port()};
    CHECK(client
              .Get("/orders/5", {{"X-Request-Id", "a b"},
                                 {"Traceparent", "00-zz"},
                                 {"X-Forwarded-For", "6.6.6.6"},
                                 {"X-Forwarded-For", "203.0.113.9, 127.0.0.2"},
                                 {"User-Agent", std::string(3000, 'u')}})
              ->status == 200);
    server.stop();
  }
  auto const records = access_records(test);
  REQUIRE(records.size() == 1);
  CHECK(records[0].at("context").at("request_id") != "a b");
  CHECK(records[0].at("context").at("trace_id").get<std::string>().size() == 32);
  CHECK(records[0].at("data").at("client") == "203.0.113.9");
  CHECK(records[0].at("data").at("user_agent").get<std::string>().size() == 256);
}
