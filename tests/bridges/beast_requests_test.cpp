// SPDX-License-Identifier: MIT
// Tests integrations/beast_requests.hpp with a server of Boost.Beast that runs on two threads.
// Before Boost.Asio 1.74, whose awaitable.hpp uses std::exchange without it.
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <fapilog/integrations/asio_coroutines.hpp>
#include <fapilog/integrations/beast_requests.hpp>

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/logged.hpp"

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using fapilog::kv;
using fapilog::integrations::beast_requests;
using fapilog::integrations::request_log_config;

/// One connection; its handlers run on any thread of the server, and each request changes threads while it is served.
class beast_session : public std::enable_shared_from_this<beast_session> {
 public:
  beast_session(asio::ip::tcp::socket socket, beast_requests const& requests, fapilog::logger log)
      : socket_(std::move(socket)),
        peer_(socket_.remote_endpoint().address().to_string()),
        requests_(requests),
        log_(std::move(log)) {}

  void read() {
    received_ = {};
    http::async_read(socket_, buffer_, received_, [self = shared_from_this()](auto error, std::size_t) {
      if (!error) return self->serve();
      if (error == http::error::end_of_stream) return;
      self->served_ = self->requests_.begin_unreadable(self->peer_);
      self->response_ = {http::status::bad_request, 11};
      self->write(false);
    });
  }

 private:
  void serve() {
    served_ = requests_.begin(received_, peer_);
    std::string const order{received_.target().substr(received_.target().rfind('/') + 1)};
    {
      auto const attached = served_->attach();
      log_.info("begun", kv("order", order));
    }
    asio::post(socket_.get_executor(), [self = shared_from_this(), order] {
      auto const attached = self->served_->attach();
      self->log_.info("continued", kv("order", order));
      self->served_->set_route("/orders/{id}");
      self->response_ = {http::status::ok, 11};
      self->response_.body() = "order " + order;
      self->write(true);
    });
  }
  void write(bool is_kept) {
    response_.prepare_payload();
    response_.keep_alive(is_kept);
    requests_.answer(*served_, response_);
    http::async_write(socket_, response_, [self = shared_from_this(), is_kept](auto, std::size_t) {
      self->served_.reset();
      if (is_kept) self->read();
    });
  }

  asio::ip::tcp::socket socket_;
  std::string peer_;
  beast_requests const& requests_;
  fapilog::logger log_;
  boost::beast::flat_buffer buffer_;
  http::request<http::string_body> received_;
  http::response<http::string_body> response_;
  std::unique_ptr<fapilog::integrations::request> served_;
};

class beast_server {
 public:
  explicit beast_server(support::logged& test, request_log_config config = {})
      : requests_(test.log, std::move(config)), log_(test.log) {
    accept();
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { context_.run(); });
  }
  ~beast_server() { stop(); }
  void stop() {
    context_.stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }
  [[nodiscard]] unsigned short port() const { return acceptor_.local_endpoint().port(); }

 private:
  void accept() {
    acceptor_.async_accept([this](auto error, asio::ip::tcp::socket socket) {
      if (error) return;
      std::make_shared<beast_session>(std::move(socket), requests_, log_)->read();
      accept();
    });
  }

  beast_requests requests_;
  fapilog::logger log_;
  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
  std::vector<std::thread> threads_;
};

class beast_client {
 public:
  explicit beast_client(beast_server const& server) : beast_client(server.port()) {}
  explicit beast_client(unsigned short port) { socket_.connect({asio::ip::address_v4::loopback(), port}); }
  http::response<http::string_body> send(std::string const& text) {
    asio::write(socket_, asio::buffer(text));
    http::response<http::string_body> answer;
    http::read(socket_, buffer_, answer);
    return answer;
  }
  http::response<http::string_body> get(std::string const& target, std::string const& headers) {
    return send("GET " + target + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n");
  }
  /// Waits until the server has closed the connection.
  void wait_for_end() {
    char one = 0;
    boost::system::error_code error;
    while (!error) (void)socket_.read_some(asio::buffer(&one, 1), error);
  }

 private:
  asio::io_context context_;
  asio::ip::tcp::socket socket_{context_};
  boost::beast::flat_buffer buffer_;
};

#if defined(BOOST_ASIO_HAS_CO_AWAIT)  // Boost 1.74 has it for GCC, not for clang
/// A connection that is one coroutine. Each request suspends several times, so that others run on its thread meanwhile.
asio::awaitable<void> serve_connection(asio::ip::tcp::socket socket, beast_requests const& requests,
                                       fapilog::logger log) {
  using fapilog::integrations::carry;
  std::string const peer = socket.remote_endpoint().address().to_string();
  boost::beast::flat_buffer buffer;
  for (;;) {
    http::request<http::string_body> received;
    try {
      (void)co_await http::async_read(socket, buffer, received, asio::use_awaitable);
    } catch (boost::system::system_error const&) {
      co_return;
    }
    auto const served = requests.begin(received, peer);
    fapilog::coroutine_scope request{served->context()};
    std::string const target{received.target()};
    std::string const order = target.substr(target.rfind('/') + 1);
    log.info("begun", kv("order", order));
    for (int i = 0; i < 3; ++i) {
      (void)co_await carry(request, asio::post(socket.get_executor(), asio::use_awaitable));
      log.info("continued", kv("order", order));
      log.debug("in detail", kv("order", order));
    }
    asio::ip::tcp::socket nobody{socket.get_executor()};
    try {
      (void)co_await carry(request,
                           nobody.async_connect({asio::ip::address_v4::loopback(), 1}, asio::use_awaitable));
    } catch (boost::system::system_error const&) {
      log.info("failed", kv("order", order));
    }
    served->set_route("/orders/{id}");
    http::response<http::string_body> response{http::status::ok, 11};
    response.body() = "order " + order;
    response.prepare_payload();
    requests.answer(*served, response);
    (void)co_await carry(request, http::async_write(socket, response, asio::use_awaitable));
  }
}

/// Serves all clients by coroutines on `threads` threads, and checks that each record has the ids of its own request.
void check_coroutines(int threads) {
  support::logged test{{.when_full = fapilog::when_full::block}};
  constexpr int clients = 4;
  constexpr int each = 20;
  fapilog::integrations::request_level const debug{fapilog::level::debug, "test"};
  beast_requests const requests{test.log,
                                {.accepts_level = [&](auto const&) { return std::optional{debug}; }}};
  auto const before = fapilog::misused_scopes();
  asio::io_context context;
  asio::ip::tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  auto const accept = [&]() -> asio::awaitable<void> {
    for (int c = 0; c < clients; ++c) {
      auto socket = co_await acceptor.async_accept(asio::use_awaitable);
      asio::co_spawn(context, serve_connection(std::move(socket), requests, test.log), asio::detached);
    }
  };
  asio::co_spawn(context, accept(), asio::detached);
  std::vector<std::thread> pool;
  for (int t = 0; t < threads; ++t) pool.emplace_back([&] { context.run(); });
  std::vector<std::thread> callers;
  for (int c = 0; c < clients; ++c)
    callers.emplace_back([&, c] {
      beast_client client{acceptor.local_endpoint().port()};
      for (int i = 0; i < each; ++i) {
        std::string const number = std::to_string(c * 1000 + i);
        std::string headers = "X-Request-Id: r-" + number + "\r\n";
        if (i % 2 == 0) headers += "X-Log-Level: DEBUG\r\n";
        if (client.get("/orders/" + number, headers).body() != "order " + number) std::abort();
      }
    });
  for (auto& caller : callers) caller.join();
  for (auto& thread : pool) thread.join();  // the clients have closed their connections
  std::map<std::string, int> access;
  std::map<std::string, int> details;
  int inner = 0;
  for (auto const& record : test.records()) {
    INFO(record.dump());
    std::string const id = record.at("context").at("request_id");
    auto const& data = record.at("data");
    if (data.contains("order")) {
      ++inner;
      if (record.at("level") == "DEBUG") ++details[id];
      CHECK(id == "r-" + data.at("order").get<std::string>());
    } else if (data.contains("path")) {
      ++access[id];
      CHECK(data.at("path") == "/orders/" + id.substr(2));
    }
  }
  CHECK(access.size() == clients * each);
  for (auto const& [id, count] : access) CHECK(count == 1);
  CHECK(details.size() == clients * each / 2);
  for (auto const& [id, count] : details) CHECK((count == 3 && std::stoi(id.substr(2)) % 2 == 0));
  CHECK(inner == clients * each * 5 + clients * each / 2 * 3);
  CHECK(fapilog::misused_scopes() == before);
}
#endif

}  // namespace

TEST_CASE(
    "each request of a Beast server has one access record, and no record has the id of another request") {
  support::logged test{{.when_full = fapilog::when_full::block}};
  constexpr int clients = 4;
  constexpr int each = 25;
  {
    beast_server server{test};
    std::vector<std::thread> threads;
    for (int c = 0; c < clients; ++c)
      threads.emplace_back([&, c] {
        beast_client client{server};
        for (int i = 0; i < each; ++i) {
          std::string const number = std::to_string(c * 1000 + i);
          auto const answer = client.get("/orders/" + number, "X-Request-Id: r-" + number + "\r\n");
          if (answer["X-Request-Id"] != "r-" + number || answer.body() != "order " + number) std::abort();
        }
      });
    for (auto& thread : threads) thread.join();
    // The access record follows the answer. Its session reads on before the server ends.
    CHECK(support::eventually([&] { return test.records().size() == 3 * clients * each; }));
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
      CHECK(data.at("path") == "/orders/" + id.substr(2));
      CHECK(data.at("route") == "/orders/{id}");
      CHECK(data.at("method") == "GET");
      CHECK(data.at("status") == 200);
      CHECK(data.at("client") == "127.0.0.1");
      CHECK(data.at("bytes_out") == ("order " + id.substr(2)).size());
    }
  }
  CHECK(inner == 2 * clients * each);
  CHECK(access.size() == clients * each);
  for (auto const& [id, count] : access) CHECK(count == 1);
}

TEST_CASE("records of Beast coroutines have the ids of their own request, on one thread and on a pool") {
#if defined(BOOST_ASIO_HAS_CO_AWAIT)
  check_coroutines(1);
  check_coroutines(3);
#else
  SKIP("this version of Asio has no coroutines for this compiler");
#endif
}

TEST_CASE("traces, proxies, queries and unreadable requests of a Beast server") {
  support::logged test;
  beast_server server{test, {.trusted_proxies = {"127.0.0.0/8"}, .shown_query = {"page"}}};
  beast_client client{server};
  std::string const trace = "0af7651916cd43dd8448eb211c80319c";
  (void)client.get("/orders/5?page=2&token=secret",
                   "traceparent: 00-" + trace +
                       "-b7ad6b7169203331-01\r\nX-Request-Id: a b\r\nX-Forwarded-For: 6.6.6.6\r\n"
                       "X-Forwarded-For: 203.0.113.9, 127.0.0.2\r\nUser-Agent: test\r\n");
  CHECK(client.send("no request\r\n\r\n").result_int() == 400);
  client.wait_for_end();
  std::vector<nlohmann::json> access;
  CHECK(support::eventually([&] {
    access.clear();
    for (auto const& record : test.records()) {
      if (record.at("data").contains("method")) access.push_back(record);
    }
    return access.size() == 2;
  }));
  CHECK(access[0].at("context").at("trace_id") == trace);
  CHECK(access[0].at("data").at("parent_span_id") == "b7ad6b7169203331");
  CHECK(access[0].at("context").at("request_id") != "a b");
  CHECK(access[0].at("data").at("query") == "page=2&token=***");
  CHECK(access[0].at("data").at("path") == "/orders/5");
  CHECK(access[0].at("data").at("client") == "203.0.113.9");
  CHECK(access[0].at("data").at("user_agent") == "test");
  CHECK(access[1].at("data").at("status") == 400);
  CHECK(access[1].at("message") == "- (no route) 400");
}
