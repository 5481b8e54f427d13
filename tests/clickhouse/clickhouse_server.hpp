// SPDX-License-Identifier: MIT
// A ClickHouse server for tests, in a temporary directory and on free ports of the loopback address; and ZooKeeper for it.
#pragma once

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/server_process.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/sinks/clickhouse.hpp>
#include <fapilog/sinks/http/detail/http_client.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace support {

/// Ports that nobody used at the time of the call.
inline std::vector<std::string> free_ports(std::size_t count) {
  std::vector<int> sockets;
  std::vector<std::string> ports;
  for (std::size_t i = 0; i < count; ++i) {
    int const one = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockets.push_back(one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(one, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::getsockname(one, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error{"no free port"};
    ports.push_back(std::to_string(ntohs(address.sin_port)));
  }
  for (int const one : sockets) ::close(one);
  return ports;
}

/// Sends bytes to a port of the loopback address and returns the answer; empty if nobody listens.
inline std::string exchange_bytes(std::string const& port, std::string const& bytes) {
  int const one = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  timeval const limit{1, 0};
  (void)::setsockopt(one, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  std::string answer;
  if (::connect(one, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      ::send(one, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size())) {
    char buffer[256];
    ssize_t const size = ::recv(one, buffer, sizeof buffer, 0);
    if (size > 0) answer.assign(buffer, static_cast<std::size_t>(size));
  }
  ::close(one);
  return answer;
}

/// Thread: the one that made it.
class zookeeper_server {
 public:
  static bool is_installed() {
    return std::filesystem::exists("/usr/bin/java") &&
           std::filesystem::exists("/usr/share/java/zookeeper.jar");
  }

  zookeeper_server() : port_(free_ports(1)[0]) {
    std::filesystem::create_directory(folder_ / "data");
    std::ofstream{folder_ / "zoo.cfg"} << "tickTime=500\ndataDir=" << folder_ / "data"
                                       << "\nclientPort=" << port_
                                       << "\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n"
                                          "4lw.commands.whitelist=ruok,srvr\n";
    give_to_server_user(folder_.path().string());
    give_to_server_user(folder_ / "data");
    start();
  }
  zookeeper_server(zookeeper_server const&) = delete;
  zookeeper_server& operator=(zookeeper_server const&) = delete;
  ~zookeeper_server() { stop(); }

  void start() {
    process_ = spawn_server({"/usr/bin/java", "-Xmx128m", "-cp", "/usr/share/java/zookeeper.jar",
                             "org.apache.zookeeper.server.quorum.QuorumPeerMain", folder_ / "zoo.cfg"},
                            folder_ / "log");
    if (!eventually([&] { return exchange_bytes(port_, "srvr").find("Mode:") != std::string::npos; }))
      throw std::runtime_error{"ZooKeeper does not start"};
  }
  void stop() {
    if (process_ == 0) return;
    ::kill(process_, SIGKILL);
    (void)wait_for_process(std::exchange(process_, 0));
  }
  [[nodiscard]] std::string const& port() const { return port_; }

 private:
  temporary_directory folder_;
  std::string port_;
  pid_t process_ = 0;
};

/// Thread: start and stop on the thread that made it; `sql` one at a time.
class clickhouse_server {
 public:
  static bool is_installed() { return std::filesystem::exists("/usr/sbin/clickhouse-server"); }

  /// With the port of a ZooKeeper, tables can be replicated.
  explicit clickhouse_server(std::string const& zookeeper_port = {}) : ports_(free_ports(3)) {
    for (char const* const name : {"data", "tmp", "files", "schemas"})
      std::filesystem::create_directory(folder_ / name);
    std::ofstream{folder_ / "users.xml"}
        << "<yandex><profiles><default><log_queries>1</log_queries></default>"
           "<reader><readonly>1</readonly></reader></profiles><users>"
        << user("default", "", "default") << user("shipper", "correct horse", "default")
        << user("reader", "", "reader") << "</users><quotas><default/></quotas></yandex>";
    std::ofstream config{folder_ / "config.xml"};
    config << "<yandex><logger><level>warning</level><log>" << folder_ / "server.log"
           << "</log><errorlog>" << folder_ / "error.log"
           << "</errorlog></logger><listen_host>127.0.0.1</listen_host>"
           << "<interserver_http_host>127.0.0.1</interserver_http_host><http_port>" << ports_[0]
           << "</http_port><tcp_port>" << ports_[1] << "</tcp_port><interserver_http_port>" << ports_[2]
           << "</interserver_http_port><path>" << folder_ / "data/"
           << "</path><tmp_path>" << folder_ / "tmp/"
           << "</tmp_path><user_files_path>" << folder_ / "files/"
           << "</user_files_path><format_schema_path>" << folder_ / "schemas/"
           << "</format_schema_path><mark_cache_size>5368709</mark_cache_size>"
           << "<users_config>users.xml</users_config><default_profile>default</default_profile>"
           << "<default_database>default</default_database><query_log><database>system</database>"
           << "<table>query_log</table><flush_interval_milliseconds>100</flush_interval_milliseconds></"
              "query_log>";
    if (!zookeeper_port.empty()) {
      config << "<zookeeper><node><host>127.0.0.1</host><port>" << zookeeper_port
             << "</port></node><session_timeout_ms>1500</session_timeout_ms></zookeeper>";
    }
    config << "</yandex>";
    config.close();
    for (auto const& file : std::filesystem::recursive_directory_iterator{folder_.path()})
      give_to_server_user(file.path().string());
    give_to_server_user(folder_.path().string());
    start();
  }
  clickhouse_server(clickhouse_server const&) = delete;
  clickhouse_server& operator=(clickhouse_server const&) = delete;
  ~clickhouse_server() { stop(); }

  void start() {
    process_ = spawn_server({"/usr/sbin/clickhouse-server", "--config-file=" + (folder_ / "config.xml")},
                            folder_ / "out.log");
    bool const up = eventually([&] {
      return exchange_bytes(ports_[0], "GET /ping HTTP/1.0\r\n\r\n").find("Ok.") != std::string::npos;
    });
    if (!up) throw std::runtime_error{"ClickHouse does not start: " + text_of(folder_ / "error.log")};
  }
  void stop(int signal = SIGKILL) {
    if (process_ == 0) return;
    ::kill(process_, signal);
    (void)wait_for_process(std::exchange(process_, 0));
  }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + ports_[0]; }
  [[nodiscard]] std::string const& port() const { return ports_[0]; }

  /// Runs a statement and returns the answer in TabSeparated. Throws: std::runtime_error with the server's text.
  [[nodiscard]] std::string sql(std::string const& statement) const {
    fapilog::detail::http_client client{url(), {.timeout = std::chrono::seconds{60}}};
    auto const response = client.send({.body = statement});
    if (response.status != 200) throw std::runtime_error{statement + ": " + response.error + response.body};
    return response.body;
  }
  void run(std::string const& statement) const { (void)sql(statement); }
  [[nodiscard]] std::size_t count(std::string const& from) const {
    return std::stoull(sql("SELECT count() FROM " + from));
  }
  /// Statements that have begun so far and fulfil the condition, from the server's query log, which a later statement must have
  /// reached first.
  [[nodiscard]] std::vector<std::string> statements(std::string const& condition) const {
    static int marks = 0;
    std::string const mark = "mark " + std::to_string(++marks);
    run("SELECT '" + mark + "'");
    REQUIRE(eventually([&] {
      return sql("EXISTS TABLE system.query_log") == "1\n" &&
             count("system.query_log WHERE query = 'SELECT \\'" + mark + "\\''") > 0;
    }));
    std::vector<std::string> all;
    std::string const text = sql("SELECT query FROM system.query_log WHERE type = 1 AND (" + condition +
                                 ") ORDER BY event_time FORMAT TabSeparated");
    for (std::size_t at = 0; at < text.size();) {
      std::size_t const end = text.find('\n', at);
      all.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return all;
  }

 private:
  static std::string user(std::string const& name, std::string const& password, std::string const& profile) {
    return "<" + name + "><password>" + password +
           "</password><networks><ip>127.0.0.1</ip></networks><profile>" + profile +
           "</profile><quota>default</quota></" + name + ">";
  }
  static std::string text_of(std::string const& path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  temporary_directory folder_;
  std::vector<std::string> ports_;
  pid_t process_ = 0;
};

/// One server for all cases of a process that do not stop it; each case makes its own database.
inline clickhouse_server& shared_clickhouse() {
  static clickhouse_server server;
  return server;
}

#define REQUIRE_CLICKHOUSE() \
  if (!support::clickhouse_server::is_installed()) SKIP("no ClickHouse server (Debian: clickhouse-server)")

}  // namespace support
