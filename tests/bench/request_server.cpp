// SPDX-License-Identifier: MIT
// A service for requests.sh: answers GET /orders/<id>, without logging or with two records for each request.
#include <fapilog/fapilog.hpp>
#include <fapilog/integrations/httplib_requests.hpp>

#include <httplib.h>

#include <sys/socket.h>

#include <csignal>
#include <cstdio>
#include <map>
#include <optional>
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

}  // namespace

// usage: bench_request_server none|FILE
int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: bench_request_server none|FILE\n", stderr), 2;
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
  if (file != "none") {
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
  if (rt) {
    fapilog::account const end = rt->drain();
    std::printf("%llu of %llu records written\n", static_cast<unsigned long long>(end.processed),
                static_cast<unsigned long long>(end.submitted));
    return end.processed == end.submitted ? 0 : 1;
  }
}
