// SPDX-License-Identifier: MIT
// The HTTP sink through nginx and haproxy: TLS, client certificates, limits, and connections that break.
#include "http/recording_server.hpp"
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"

#include <fapilog/sinks/http.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using fapilog::write_outcome;
using fapilog::sinks::http;
using fapilog::sinks::http_config;
using support::recording_server;
using namespace std::chrono_literals;

namespace {

fapilog::batch some_lines(std::size_t count, std::size_t size = 40) {
  return support::lines_batch(support::numbered_lines(count, size));
}

/// A TCP port of 127.0.0.1 that was free a moment ago.
std::string free_port() {
  int const socket = ::socket(AF_INET, SOCK_STREAM, 0);
  ::sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::socklen_t size = sizeof address;
  REQUIRE(::bind(socket, reinterpret_cast<::sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(socket, reinterpret_cast<::sockaddr*>(&address), &size) == 0);
  ::close(socket);
  return std::to_string(ntohs(address.sin_port));
}

bool accepts_connections(std::string const& port) {
  int const socket = ::socket(AF_INET, SOCK_STREAM, 0);
  ::sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  bool const is_open = ::connect(socket, reinterpret_cast<::sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return is_open;
}

/// nginx or haproxy with a configuration.
class proxy_server {
 public:
  proxy_server(std::string program, std::string const& configuration, std::string port)
      : program_(std::move(program)), port_(std::move(port)) {
    support::write_text_file(folder_ / "conf", configuration);
    support::give_to_server_user(folder_.path().string());
    (void)std::system(("chmod a+r " + (folder_ / "conf")).c_str());
    start();
  }
  proxy_server(proxy_server const&) = delete;
  proxy_server& operator=(proxy_server const&) = delete;
  ~proxy_server() { stop(); }

  void start() {
    bool const is_nginx = program_.ends_with("nginx");
    process_ = support::spawn_server(
        is_nginx ? std::vector<std::string>{program_, "-p", folder_.path().string(), "-e", folder_ / "errors",
                                            "-c", folder_ / "conf"}
                 : std::vector<std::string>{program_, "-db", "-f", folder_ / "conf"},
        folder_ / "log");
    bool const is_up = support::eventually([&] { return accepts_connections(port_); });
    INFO(support::text_of_file(folder_ / "log") << support::text_of_file(folder_ / "errors"));
    REQUIRE(is_up);
  }
  void stop() {
    if (process_ == 0) return;
    ::kill(process_, SIGKILL);
    (void)support::wait_for_process(std::exchange(process_, 0));
  }

 private:
  std::string program_;
  std::string port_;
  support::temporary_directory folder_;
  pid_t process_ = 0;
};

bool is_installed(char const* program) {
  if (std::filesystem::exists(program)) return true;
  WARN("skipped: " << program << " is not installed");
  return false;
}

constexpr char const* nginx_program = "/usr/sbin/nginx";
constexpr char const* haproxy_program = "/usr/sbin/haproxy";

std::string nginx_configuration(std::string const& servers) {
  std::string paths;
  for (std::string const kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
    paths += kind + "_temp_path " + kind + ";\n";
  return "daemon off;\nmaster_process off;\npid nginx.pid;\nevents {}\nhttp {\naccess_log off;\n" + paths +
         "limit_req_zone $server_port zone=one:1m rate=1r/m;\n" + servers + "}\n";
}

}  // namespace

TEST_CASE("nginx with TLS gets the records, and a certificate that is not valid is never accepted") {
  if (!is_installed(nginx_program) || !is_installed("/usr/bin/openssl")) return;
  support::certificates const files;
  recording_server const receiver{{"200"}};
  std::vector<std::string> ports;
  auto const tls_server = [&](std::string const& certificate, std::string const& more = {}) {
    ports.push_back(free_port());
    return "server {\nlisten 127.0.0.1:" + ports.back() + " ssl http2;\nssl_certificate " +
           (files / (certificate + ".pem")) + ";\nssl_certificate_key " + (files / (certificate + ".key")) +
           ";\n" + more + "location / { proxy_pass http://" + receiver.peer() +
           "; proxy_set_header X-Protocol $server_protocol; }\n}\n";
  };
  std::string servers;
  for (char const* certificate : {"good", "expired", "other"}) servers += tls_server(certificate);
  servers +=
      tls_server("good", "ssl_verify_client on;\nssl_client_certificate " + (files / "ca.pem") + ";\n");
  servers += tls_server("good", "ssl_protocols TLSv1 TLSv1.1;\n");
  proxy_server const nginx{nginx_program, nginx_configuration(servers), ports.back()};
  auto const to = [&](std::size_t i, fapilog::sinks::tls_config tls) {
    return http{http_config{.url = "https://127.0.0.1:" + ports[i] + "/in",
                            .connection = {.proxy = "none", .tls = std::move(tls)}}};
  };
  std::string const ca = files / "ca.pem";

  http good = to(0, {.ca_file = ca});
  for (int i = 0; i < 2; ++i) {
    auto const result = good.write(some_lines(3));
    INFO(result.reason());
    CHECK(result);
  }
  REQUIRE(receiver.requests().size() == 2);
  CHECK(receiver.requests()[0].header("X-Protocol").starts_with("HTTP/"));
  fapilog::metric_list metrics;
  good.collect(metrics);
  for (auto const& m : metrics) {
    if (m.name == "fapilog_http_connections_total") CHECK(m.value == 1);
  }

  struct row {
    std::size_t server;
    fapilog::sinks::tls_config tls;
    std::string reason;
  };
  for (row const& r :
       {row{0, {}, "certificate"}, row{1, {.ca_file = ca}, "expired"}, row{2, {.ca_file = ca}, "127.0.0.1"},
        row{0, {.ca_file = files / "missing.pem"}, "certificate"}}) {
    auto const result = to(r.server, r.tls).write(some_lines(1));
    INFO(r.server << ": " << result.reason());
    CHECK(result.is_refused());
    CHECK(result.reason().find("127.0.0.1:" + ports[r.server] + ": ") == 0);
    CHECK(result.reason().find(r.reason) != std::string::npos);
  }
  CHECK(receiver.requests().size() == 2);
  CHECK(to(1, {.verify = false}).write(some_lines(1)));  // only if the settings say so

  // nginx answers 400 if there is no client certificate.
  CHECK(to(3, {.ca_file = ca}).write(some_lines(1)).outcome() == write_outcome::rejected);
  CHECK(to(3, {.ca_file = ca, .certificate_file = files / "client.pem", .key_file = files / "client.key"})
            .write(some_lines(1)));
  CHECK(to(4, {.ca_file = ca}).write(some_lines(1)).outcome() == write_outcome::retry);  // TLS 1.1
  CHECK(receiver.requests().size() == 4);
}

TEST_CASE("the limits of nginx halve a batch and delay the next one") {
  if (!is_installed(nginx_program)) return;
  recording_server const receiver{{"200"}};
  std::string const narrow = free_port();
  std::string const limited = free_port();
  std::string const forward = "location / { proxy_pass http://" + receiver.peer() + "; ";
  proxy_server const nginx{nginx_program,
                           nginx_configuration("server { listen 127.0.0.1:" + limited + "; " + forward +
                                               "limit_req zone=one; } }\n" + "server { listen 127.0.0.1:" +
                                               narrow + "; client_max_body_size 2k; " + forward + "} }\n"),
                           narrow};
  http to_narrow{{.url = "http://127.0.0.1:" + narrow + "/"}};
  CHECK(to_narrow.write(some_lines(100, 100)));
  std::vector<int> numbers;
  for (auto const& request : receiver.requests()) {
    CHECK(request.body.size() <= 2'048);
    for (auto const& record : nlohmann::json::parse(request.body))
      numbers.push_back(record.at("n").get<int>());
  }
  REQUIRE(numbers.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(numbers[static_cast<std::size_t>(i)] == i);
  http to_limited{{.url = "http://127.0.0.1:" + limited + "/"}};
  CHECK(to_limited.write(some_lines(1)));
  auto const second = to_limited.write(some_lines(1));
  CHECK(second.outcome() == write_outcome::retry);
  CHECK_FALSE(second.is_refused());
  CHECK(second.reason().find("503") != std::string::npos);
}

TEST_CASE("behind haproxy, an absent receiver, a slow one and a proxy that dies cost no record") {
  if (!is_installed(haproxy_program)) return;
  recording_server receiver{{"hang", "hang", "200"}};
  std::string const port = free_port();
  proxy_server haproxy{
      haproxy_program,
      "defaults\n mode http\n retries 0\n timeout connect 1s\n timeout client 30s\n timeout server 200ms\n"
      "frontend in\n bind 127.0.0.1:" +
          port +
          "\n default_backend out\n"
          "backend out\n server one " +
          receiver.peer() + "\n",
      port};
  http sink{{.url = "http://127.0.0.1:" + port + "/in"}};
  auto const slow = sink.write(some_lines(2));
  CHECK(slow.outcome() == write_outcome::retry);
  CHECK(slow.reason().find("the server answers 504") != std::string::npos);

  // The proxy dies while the second request waits for its answer.
  auto waiting = std::async(std::launch::async, [&] { return sink.write(some_lines(2)); });
  CHECK(support::eventually([&] { return receiver.requests().size() == 2; }));
  haproxy.stop();
  CHECK(waiting.get().outcome() == write_outcome::retry);
  auto const absent = sink.write(some_lines(2));
  CHECK(absent.outcome() == write_outcome::retry);
  CHECK(absent.reason().find("127.0.0.1:" + port + ": ") == 0);
  haproxy.start();
  CHECK(sink.write(some_lines(2)));

  receiver.stop();
  auto const down = sink.write(some_lines(2));
  CHECK(down.outcome() == write_outcome::retry);
  CHECK(down.reason().find("the server answers 50") != std::string::npos);
  receiver.start();
  CHECK(support::eventually([&] { return bool{sink.write(some_lines(2))}; }));
}
