// SPDX-License-Identifier: MIT
// A service for requests.sh: answers GET /orders/<id>, without logging or with two records for each request, by fapilog or spdlog.
#include <fapilog/fapilog.hpp>
#include <fapilog/integrations/httplib_requests.hpp>

#include <httplib.h>

#ifdef FAPILOG_BENCH_SPDLOG
#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>
#endif

#include <sys/socket.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

using fapilog::kv;

namespace {

/// What a small service does: a lookup and an answer of 4 KiB.
std::string answer(std::map<int, std::string> const& articles, std::string const& order) {
  std::string body = "{\"order\":\"" + order + "\",\"articles\":[";
  std::size_t const first = std::hash<std::string>{}(order) % articles.size();
  for (auto at = std::next(articles.begin(), static_cast<std::ptrdiff_t>(first)); body.size() < 4000;) {
    body += '"' + at->second + "\",";
    if (++at == articles.end()) at = articles.begin();
  }
  body.back() = ']';
  return body + '}';
}

#ifdef FAPILOG_BENCH_SPDLOG
/// The same two records by spdlog's asynchronous logger, whose calls write the JSON themselves.
class spdlog_requests {
 public:
  spdlog_requests(httplib::Server& server, std::string const& file) {
    spdlog::init_thread_pool(8192, 1);
    log_ = spdlog::basic_logger_mt<spdlog::async_factory>("file", file);
    log_->set_pattern(R"({"log":{"timestamp":"%Y-%m-%dT%H:%M:%S.%e","level":"%l",%v}})");
    server.set_pre_routing_handler([](httplib::Request const& req, httplib::Response& res) {
      thread_local std::mt19937_64 random{std::random_device{}()};
      request& now = current();
      now.began = std::chrono::steady_clock::now();
      now.id = req.get_header_value("X-Request-Id");
      now.trace = fmt::format("{:016x}{:016x}", random(), random());
      now.span = fmt::format("{:016x}", random());
      res.set_header("X-Request-Id", now.id);
      return httplib::Server::HandlerResponse::Unhandled;
    });
    server.set_logger([this](httplib::Request const& req, httplib::Response const& res) {
      std::chrono::duration<double> const took = std::chrono::steady_clock::now() - current().began;
      log_->info(
          R"("message":"{} /orders/{{id}} {}","logger":"http",{},"data":{{"method":"{}","route":"/orders/{{id}}","path":"{}","query":"","status":{},"duration":{},"bytes_in":{},"bytes_out":{},"client":"{}","user_agent":""}})",
          req.method, res.status, ids(), req.method, req.path, res.status, took.count(), req.body.size(),
          res.body.size(), req.remote_addr);
    });
  }
  void order_shown(std::string const& order) const {
    log_->info(R"("message":"order shown","logger":"orders",{},"data":{{"order":"{}"}})", ids(), order);
  }

 private:
  struct request {
    std::chrono::steady_clock::time_point began;
    std::string id, trace, span;
  };
  static request& current() {
    thread_local request one;
    return one;
  }
  static std::string ids() {
    request const& now = current();
    return fmt::format(R"("context":{{"request_id":"{}","trace_id":"{}","span_id":"{}"}})", now.id, now.trace,
                       now.span);
  }
  std::shared_ptr<spdlog::logger> log_;
};
#endif

}  // namespace

// usage: bench_request_server none|FILE [spdlog]
int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) return std::fputs("usage: bench_request_server none|FILE [spdlog]\n", stderr), 2;
  bool const is_rival = argc == 3;
  std::string_view const file = argv[1];
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &stop, nullptr);

  std::map<int, std::string> articles;
  for (int i = 0; i < 1000; ++i) articles[i] = "article " + std::to_string(i * 7919);

  httplib::Server server;
  server.set_keep_alive_max_count(1'000'000'000);
  server.set_keep_alive_timeout(2);
  server.set_tcp_nodelay(true);
  std::optional<fapilog::runtime> rt;
  std::optional<fapilog::integrations::httplib_requests> requests;
  httplib::Server::Handler handler = [&articles](httplib::Request const& req, httplib::Response& res) {
    res.set_content(answer(articles, req.matches[1].str()), "application/json");
  };
#ifdef FAPILOG_BENCH_SPDLOG
  std::optional<spdlog_requests> rival;
  if (is_rival) {
    rival.emplace(server, std::string{file});
    handler = [&](httplib::Request const& req, httplib::Response& res) {
      std::string const order = req.matches[1].str();
      res.set_content(answer(articles, order), "application/json");
      rival->order_shown(order);
    };
  }
#else
  if (is_rival) return std::fputs("bench_request_server: built without spdlog\n", stderr), 2;
#endif
  if (file != "none" && !is_rival) {
    rt.emplace(fapilog::options{.when_full = fapilog::when_full::block,
                                .sinks = {fapilog::sinks::rotating_file{{.path = std::string{file}}}}});
    requests.emplace(server, rt->get_logger("http"));
    handler = requests->route("/orders/{id}",
                              [&articles, log = rt->get_logger("orders")](auto const& req, auto& res) {
                                std::string const order = req.matches[1].str();
                                res.set_content(answer(articles, order), "application/json");
                                log.info("order shown", kv("order", order));
                              });
  }
  server.Get(R"(/orders/([-0-9]+))", handler);
  int const port = server.bind_to_any_port("127.0.0.1");
  std::thread serving{[&server] { server.listen_after_bind(); }};
  std::printf("http://127.0.0.1:%d\n", port);
  std::fflush(stdout);
  int received = 0;
  ::sigwait(&stop, &received);
  server.stop();
  serving.join();
#ifdef FAPILOG_BENCH_SPDLOG
  if (rival) spdlog::shutdown();
#endif
  if (rt) {
    fapilog::account const end = rt->drain();
    std::printf("%llu of %llu records written\n", static_cast<unsigned long long>(end.processed),
                static_cast<unsigned long long>(end.submitted));
    return end.processed == end.submitted ? 0 : 1;
  }
}
