// SPDX-License-Identifier: MIT
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/child_process.hpp"
#include "support/eventually.hpp"
#include "support/loopback_socket.hpp"
#include "support/separate_network.hpp"
#include "support/temporary_directory.hpp"
#include "syslog/killed_receiver.hpp"
#include "syslog/receivers.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/plugins/builtins.hpp>
#include <fapilog/plugins/syslog_tls.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/sinks/syslog_tls.hpp>
#include <fapilog/testing/conformance.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using Catch::Matchers::ContainsSubstring;
using fapilog::kv;
using fapilog::write_outcome;
using fapilog::sinks::syslog_tls;
using fapilog::sinks::syslog_tls_config;
using fapilog::sinks::syslog_tls_protocol;
using namespace std::chrono_literals;

namespace {

support::certificates const& tls_files() {
  static support::certificates const all;
  return all;
}

/// An input of rsyslog: the driver that speaks TLS, the certificate of the receiver, and whom it lets in.
struct tls_input {
  std::string name;
  std::string driver;
  std::string certificate;
  std::string clients;
  std::uint16_t port = support::free_port();

  [[nodiscard]] std::string config() const {
    return "input(type=\"imtcp\" address=\"127.0.0.1\" port=\"" + std::to_string(port) +
           "\" streamDriver.name=\"" + driver + "\" streamDriver.mode=\"1\" " + clients +
           " streamDriver.CAFile=\"" + tls_files() / "ca.pem" + "\" streamDriver.CertFile=\"" +
           tls_files() / (certificate + ".pem") + "\" streamDriver.KeyFile=\"" +
           tls_files() / (certificate + ".key") + "\")\n";
  }
};

std::string const anybody = "streamDriver.authMode=\"anon\"";
std::string const certified = "streamDriver.authMode=\"x509/certvalid\"";
std::string const only_client = R"(streamDriver.authMode="x509/name" permittedPeer=["client"])";

/// rsyslog with inputs for TLS.
class tls_rsyslog {
 public:
  static bool is_installed() {
    return support::rsyslog::is_installed() && support::rsyslog::has_tls("ossl") &&
           support::rsyslog::has_tls("gtls");
  }

  explicit tls_rsyslog(std::vector<tls_input> inputs) : inputs_(std::move(inputs)) {
    std::string text;
    for (tls_input const& one : inputs_) text += one.config();
    daemon = std::make_unique<support::rsyslog>(text);
  }
  void start() {
    daemon->start();
    for (tls_input const& one : inputs_)
      REQUIRE(support::eventually([&] { return support::syslog_daemon::accepts(one.port); }));
  }
  [[nodiscard]] syslog_tls_config config_for(std::string const& input) const {
    syslog_tls_config config{.host = "127.0.0.1", .tls = {.ca_file = tls_files() / "ca.pem"}};
    for (tls_input const& one : inputs_) {
      if (one.name == input) config.port = one.port;
    }
    REQUIRE(config.port != 0);
    return config;
  }

  std::unique_ptr<support::rsyslog> daemon;

 private:
  std::vector<tls_input> inputs_;
};

fapilog::write_result send_one(syslog_tls_config const& config) {
  support::events events;
  events.add("one");
  syslog_tls sink{config};
  auto result = sink.write(events.batch());
  CHECK(sink.health().healthy == (result.outcome() == write_outcome::delivered));
  sink.stop();
  return result;
}

/// Tries again as the delivery does: on a busy machine a handshake may take longer than its timeout.
bool is_accepted(syslog_tls_config const& config) {
  return support::eventually([&] { return send_one(config).outcome() == write_outcome::delivered; });
}

void expect_refusal(syslog_tls_config const& config, std::string const& reason) {
  auto const result = send_one(config);
  CHECK(result.outcome() == write_outcome::retry);
  CHECK(result.first_to_retry() == 0);
  CHECK_THAT(std::string{result.reason()}, ContainsSubstring(reason));
}

/// Sends records through a runtime, and compares what the receiver has got.
void compare_records(support::syslog_daemon& daemon, syslog_tls_config config) {
  config.message = {.hostname = "web", .app_name = "shop"};
  constexpr std::size_t count = 2'500;
  std::string const text = "line\nbreak ] \" \\ h\xc3\xa9llo " + std::string(300, 'x');
  std::size_t const before = daemon.messages().size();
  {
    fapilog::runtime local{{.when_full = fapilog::when_full::block, .sinks = {syslog_tls{config}}}};
    auto log = local.get_logger("cart");
    for (std::size_t i = 0; i < count; ++i) log.error("{}", text, kv("n", i));
    REQUIRE(local.drain(60s));
    CHECK(local.sink_counts()[0].second.delivered == count);
  }
  REQUIRE(daemon.wait_for(before + count));
  auto const messages = daemon.messages();
  REQUIRE(messages.size() == before + count);
  for (std::size_t i = 0; i < count; ++i) {
    auto const& message = messages[before + i];
    REQUIRE(message.fields["n"] == std::to_string(i));
    REQUIRE(message.text == "line\\nbreak ] \" \\ h\xc3\xa9llo " + std::string(300, 'x'));
    REQUIRE(message.host == "web");
    REQUIRE(message.app == "shop");
  }
}

/// Accepts one connection, answers it with a text, and keeps it open.
class silent_server {
 public:
  explicit silent_server(std::string answer) : answer_(std::move(answer)) {
    thread_ = std::thread{[this] {
      connection_ = socket_.accept();
      if (connection_ >= 0) (void)::send(connection_, answer_.data(), answer_.size(), MSG_NOSIGNAL);
    }};
  }
  silent_server(silent_server const&) = delete;
  silent_server& operator=(silent_server const&) = delete;
  ~silent_server() {
    socket_.shut_down();
    thread_.join();
    ::close(connection_);
  }

  [[nodiscard]] std::uint16_t port() const { return socket_.port(); }

 private:
  std::string answer_;
  support::loopback_socket socket_;
  int connection_ = -1;
  std::thread thread_;
};

/// The server of the program `openssl`, which writes what it receives to a file; with `-msg` also the protocol's messages.
class openssl_server {
 public:
  explicit openssl_server(std::vector<std::string> const& options, std::string const& address = "127.0.0.1") {
    REQUIRE(::pipe2(input_, O_CLOEXEC) == 0);
    std::vector<std::string> arguments{"/usr/bin/openssl",
                                       "s_server",
                                       "-accept",
                                       address + ":" + std::to_string(port),
                                       "-cert",
                                       tls_files() / "good.pem",
                                       "-key",
                                       tls_files() / "good.key"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    child_ = support::start_child([&] {
      int const out = ::open((folder_ / "output").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      ::dup2(input_[0], 0);
      ::dup2(out, 1);
      ::dup2(out, 2);
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      std::vector<char*> argv;
      for (std::string& one : arguments) argv.push_back(one.data());
      argv.push_back(nullptr);
      ::execv(argv[0], argv.data());
    });
    REQUIRE(wait_for("ACCEPT"));
  }
  openssl_server(openssl_server const&) = delete;
  openssl_server& operator=(openssl_server const&) = delete;
  ~openssl_server() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    ::close(input_[0]);
    ::close(input_[1]);
  }
  [[nodiscard]] bool wait_for(std::string const& text) const {
    return support::eventually([&] { return output().find(text) != std::string::npos; });
  }
  [[nodiscard]] std::string output() const {
    std::ifstream file{folder_ / "output"};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  void send_signal(int signal) const { ::kill(child_, signal); }
  [[nodiscard]] syslog_tls_config config() const {
    return {.host = "127.0.0.1", .port = port, .tls = {.ca_file = tls_files() / "ca.pem"}};
  }

  std::uint16_t const port = support::free_port();

 private:
  support::temporary_directory folder_;
  int input_[2] = {-1, -1};  ///< stays empty: the server sends what it reads
  pid_t child_ = -1;
};

}  // namespace

TEST_CASE("rsyslog receives every record over TLS, by each of its drivers") {
  if (!tls_rsyslog::is_installed()) SKIP("rsyslog-openssl or rsyslog-gnutls is not installed");
  tls_rsyslog server{{{"ossl", "ossl", "good", anybody}, {"gtls", "gtls", "good", anybody}}};
  server.start();
  compare_records(*server.daemon, server.config_for("ossl"));
  compare_records(*server.daemon, server.config_for("gtls"));
}

TEST_CASE("syslog-ng receives every record over TLS") {
  if (!support::syslog_ng::is_installed()) SKIP("syslog-ng is not installed");
  std::uint16_t const port = support::free_port();
  support::syslog_ng daemon{"  syslog(transport(\"tls\") ip(\"127.0.0.1\") port(" + std::to_string(port) +
                            ") tls(cert-file(\"" + tls_files() / "good.pem" + "\") key-file(\"" +
                            tls_files() / "good.key" + "\") ca-file(\"" + tls_files() / "ca.pem" +
                            "\") peer-verify(required-trusted)));\n"};
  daemon.start();
  compare_records(daemon, {.host = "127.0.0.1",
                           .port = port,
                           .tls = {.ca_file = tls_files() / "ca.pem",
                                   .certificate_file = tls_files() / "client.pem",
                                   .key_file = tls_files() / "client.key"}});
}

TEST_CASE("a receiver without a valid certificate for its name gets no record") {
  if (!tls_rsyslog::is_installed()) SKIP("rsyslog-openssl or rsyslog-gnutls is not installed");
  tls_rsyslog server{{{"good", "ossl", "good", anybody},
                      {"expired", "ossl", "expired", anybody},
                      {"other", "gtls", "other", anybody},
                      {"wildcard", "ossl", "wildcard", anybody},
                      {"stranger", "ossl", "stranger", anybody}}};
  server.start();
  expect_refusal(server.config_for("expired"), " is not accepted: certificate has expired");
  expect_refusal(server.config_for("other"),
                 " is not accepted: IP address mismatch (it is not for 127.0.0.1)");
  expect_refusal(server.config_for("stranger"), " is not accepted: self-signed certificate");

  auto of_the_system = server.config_for("good");
  of_the_system.tls.ca_file.clear();
  expect_refusal(of_the_system, " is not accepted: ");

  auto named = server.config_for("wildcard");
  named.server_name = "a.b.logs.example";
  expect_refusal(named, " is not accepted: hostname mismatch (it is not for a.b.logs.example)");
  named.server_name = "logs.example";
  expect_refusal(named, "hostname mismatch");
  named = server.config_for("other");
  named.server_name = "other";  // the common name, which does not count
  expect_refusal(named, "hostname mismatch");
  CHECK(server.daemon->messages().empty());

  named.server_name = "other.example";
  CHECK(is_accepted(named));
  named = server.config_for("wildcard");
  named.server_name = "a.logs.example";
  CHECK(is_accepted(named));
  auto trusted = server.config_for("stranger");
  trusted.tls.ca_file = tls_files() / "stranger.pem";  // the receiver's own certificate
  CHECK(is_accepted(trusted));
  auto unverified = server.config_for("expired");
  unverified.tls.verify = false;
  CHECK(is_accepted(unverified));
  CHECK(server.daemon->wait_for(4));
}

TEST_CASE("a receiver that requires a client certificate refuses others before a record is written") {
  if (!tls_rsyslog::is_installed()) SKIP("rsyslog-openssl or rsyslog-gnutls is not installed");
  tls_rsyslog server{{{"ossl", "ossl", "good", certified},
                      {"gtls", "gtls", "good", certified},
                      {"named", "gtls", "good", only_client}}};
  server.start();
  for (std::string const input : {"ossl", "gtls", "named"}) {
    INFO(input);
    auto config = server.config_for(input);
    CHECK(send_one(config).outcome() == write_outcome::retry);
    config.tls.certificate_file = tls_files() / "stranger.pem";
    config.tls.key_file = tls_files() / "stranger.key";
    CHECK(send_one(config).outcome() == write_outcome::retry);
  }
  auto config = server.config_for("named");
  config.tls.certificate_file = tls_files() / "other.pem";  // valid, but not permitted
  config.tls.key_file = tls_files() / "other.key";
  CHECK(send_one(config).outcome() == write_outcome::retry);
  CHECK(server.daemon->messages().empty());

  std::size_t delivered = 0;
  for (std::string const input : {"ossl", "gtls", "named"}) {
    INFO(input);
    config = server.config_for(input);
    config.tls.certificate_file = tls_files() / "client.pem";
    config.tls.key_file = tls_files() / "client.locked.key";
    config.tls.key_password = "opensesame";
    CHECK(send_one(config));
    CHECK(server.daemon->wait_for(++delivered));
  }
}

TEST_CASE("files of TLS that cannot be used are reported by their setting, without the password") {
  syslog_tls_config const base{.host = "127.0.0.1", .port = 1};
  auto config = base;
  config.tls.ca_file = "/nowhere/ca.pem";
  expect_refusal(config, "tls.ca_file: cannot use /nowhere/ca.pem: No such file or directory");
  config = base;
  config.tls.certificate_file = "/nowhere/client.pem";
  config.tls.key_file = tls_files() / "client.key";
  expect_refusal(config, "tls.certificate_file: cannot use /nowhere/client.pem: No such file or directory");
  config.tls.certificate_file = tls_files() / "good.pem";
  expect_refusal(config, "tls.key_file: cannot use " + tls_files() / "client.key" + ": key values mismatch");
  config.tls.certificate_file = tls_files() / "client.pem";
  config.tls.key_file = tls_files() / "client.locked.key";
  config.tls.key_password = "guessed";
  auto const result = send_one(config);
  CHECK_THAT(std::string{result.reason()}, ContainsSubstring("tls.key_file: cannot use "));
  CHECK_THAT(std::string{result.reason()}, !ContainsSubstring("guessed"));
}

TEST_CASE("a receiver that does not speak TLS, or never completes the handshake, makes records wait") {
  silent_server const plain{"220 ready\r\n"};
  expect_refusal({.host = "127.0.0.1", .port = plain.port()},
                 "127.0.0.1 port " + std::to_string(plain.port()) + " does not speak TLS");
  silent_server const hung{""};
  expect_refusal({.host = "127.0.0.1", .port = hung.port(), .connect_timeout = 50ms},
                 "127.0.0.1 port " + std::to_string(hung.port()) + " does not complete the TLS handshake");
}

TEST_CASE("a connection over TLS begins with TLS 1.2 or newer, counts octets and ends with close_notify") {
  for (std::string const version : {"-tls1_2", "-tls1_3"}) {
    INFO(version);
    openssl_server const server{{version, "-msg"}};
    auto config = server.config();
    config.message = {.hostname = "h", .app_name = "a", .sd_id = ""};
    CHECK(send_one(config));
    std::string const message =
        "<14>1 2026-01-27T10:30:00.123456Z h a " + std::to_string(::getpid()) + " - - one";
    CHECK(server.wait_for(std::to_string(message.size()) + ' ' + message));
    CHECK(server.wait_for("warning close_notify"));
  }
  openssl_server const old{{"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"}};
  expect_refusal(old.config(), "no TLS with 127.0.0.1 port ");
}

TEST_CASE(
    "a receiver that reads nothing over TLS makes records wait, and what it took whole is not sent again") {
  openssl_server const server{{}};
  auto config = server.config();
  config.write_timeout = 50ms;
  config.message = {.hostname = "h", .app_name = "a"};
  syslog_tls sink{config};
  support::events first;
  first.add("first");
  REQUIRE(sink.write(first.batch()));
  REQUIRE(server.wait_for("] first"));
  server.send_signal(SIGSTOP);
  support::events events;
  std::string const text(7'000, 'x');
  for (int i = 0; i < 3'000; ++i) events.add(text);
  auto const result = sink.write(events.batch());
  CHECK(result.outcome() == write_outcome::retry);
  CHECK(result.reason() == "the receiver takes nothing");
  CHECK(result.first_to_retry() > 0);
  server.send_signal(SIGCONT);
  config.write_timeout = 5s;
  CHECK(send_one(config));
  REQUIRE(server.wait_for("] one"));
  std::string const output = server.output();
  std::size_t whole = 0;
  for (std::size_t at = 0; (at = output.find(text, at)) != std::string::npos; at += text.size()) ++whole;
  CHECK(whole == result.first_to_retry());
}

TEST_CASE("a TLS connection whose other end is silently gone is noticed, and records are sent on a new one",
          "[slow]") {
  support::separate_network const network;
  if (!network.exists()) SKIP("a network namespace needs root and the program ip");
  openssl_server const server{{}, network.address()};
  auto config = server.config();
  config.host = network.address();
  config.server_name = "127.0.0.1";
  config.connect_timeout = 1s;
  config.write_timeout = 1s;
  bool is_there = false;
  bool is_delivered = false;
  bool is_noticed = false;
  bool is_done = false;
  std::thread{[&] {
    is_there = network.enter();
    syslog_tls sink{config};
    support::events events;
    events.add("before");
    is_delivered = static_cast<bool>(sink.write(events.batch()));
    network.cut();
    support::events meanwhile;
    meanwhile.add("meanwhile");
    // What the kernel takes counts as delivered; then nothing is acknowledged, and the connection ends.
    is_noticed =
        support::eventually([&] { return !sink.write(meanwhile.batch()) && !sink.health().healthy; });
    network.mend();
    support::events after;
    after.add("after");
    is_done = support::eventually([&] { return static_cast<bool>(sink.write(after.batch())); });
    sink.stop();
  }}.join();
  REQUIRE(is_there);
  CHECK(is_delivered);
  CHECK(is_noticed);
  CHECK(is_done);
  CHECK(server.wait_for("] after"));
}

TEST_CASE("over TLS, records that a killed receiver had not read are lost, and no others") {
  if (!tls_rsyslog::is_installed()) SKIP("rsyslog-openssl or rsyslog-gnutls is not installed");
  tls_rsyslog server{{{"ossl", "ossl", "good", anybody}}};
  support::check_killed_receiver(*server.daemon, syslog_tls{server.config_for("ossl")});
}

TEST_CASE("with RELP over TLS no record is lost while the receiver is killed and restarted") {
  if (!support::rsyslog::is_installed() || !support::rsyslog::has_relp())
    SKIP("rsyslog-relp is not installed");
  std::uint16_t const port = support::free_port();
  support::rsyslog daemon{"module(load=\"imrelp\")\ninput(type=\"imrelp\" address=\"127.0.0.1\" port=\"" +
                          std::to_string(port) + "\" tls=\"on\" tls.authmode=\"certvalid\" tls.caCert=\"" +
                          tls_files() / "ca.pem" + "\" tls.myCert=\"" + tls_files() / "good.pem" +
                          "\" tls.myPrivKey=\"" + tls_files() / "good.key" + "\")\n"};
  daemon.start();
  constexpr int count = 2'000;
  {
    support::temporary_directory const spool;
    fapilog::runtime local{{.when_full = fapilog::when_full::block,
                            .sinks = {{syslog_tls{{.protocol = syslog_tls_protocol::relp,
                                                   .host = "127.0.0.1",
                                                   .port = port,
                                                   .tls = {.ca_file = tls_files() / "ca.pem",
                                                           .certificate_file = tls_files() / "client.pem",
                                                           .key_file = tls_files() / "client.key"}}},
                                       {.retry = {.attempts = 0, .first_delay = 1ms, .longest_delay = 20ms},
                                        .spool = {.directory = spool.path().string()}}}}}};
    auto log = local.get_logger("relp");
    for (int i = 0; i < count; ++i) {
      log.info("relp", kv("n", i));
      if (i == count / 2) {
        REQUIRE(daemon.wait_for(1));
        daemon.stop(SIGKILL);
      }
    }
    daemon.start();
    REQUIRE(support::eventually([&] { return local.sink_counts()[0].second.delivered == count; }));
    REQUIRE(local.drain(60s));
  }
  std::map<int, int> arrived;
  for (auto const& message : daemon.messages()) ++arrived[std::stoi(message.fields["n"].get<std::string>())];
  CHECK(arrived.size() == count);
}

TEST_CASE("settings make a syslog sink over TLS, and the conformance check accepts it") {
  openssl_server const server{{}};
  std::string const text =
      R"({"core": {"sinks": ["syslog_tls"]}, "sink_config": {"syslog_tls": {"host": "127.0.0.1",
      "tls": {"ca_file": ")" +
      tls_files() / "ca.pem" + R"("}, "message": {"app_name": "by-text"}, "port": )" +
      std::to_string(server.port) + "}}}";
  auto plugins = fapilog::builtin_plugins();
  fapilog::add_syslog_tls(plugins);
  {
    fapilog::runtime local{fapilog::settings::from_json(text, "test", plugins).options()};
    local.get_logger("text").info("made by text");
    REQUIRE(local.drain(30s));
  }
  CHECK(server.wait_for("] made by text"));
  CHECK(fapilog::testing::check_sink(syslog_tls{server.config()}) == fapilog::testing::findings{});
  CHECK_THROWS_WITH(
      (syslog_tls{{.tls = {.certificate_file = "client.pem"}}}),
      ContainsSubstring("syslog_tls.tls.certificate_file: and `key_file` must be given together"));
}

TEST_CASE("a forked child does not use the TLS connection of its parent") {
  openssl_server const server{{}};
  syslog_tls sink{server.config()};
  support::events events;
  events.add("of the parent");
  REQUIRE(sink.write(events.batch()));
  CHECK(support::status_of_child([&] {
          sink.stop();
          ::_exit(0);
        }) == 0);
  support::events more;
  more.add("after the fork");
  REQUIRE(sink.write(more.batch()));
  CHECK(server.wait_for("] after the fork"));
}
