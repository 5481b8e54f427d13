// SPDX-License-Identifier: MIT
// The NATS sink against a server with JetStream; what arrived is read back by the client library.
#include "nats/nats_server.hpp"
#include "nats/scripted_nats.hpp"
#include "support/batches.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/child_process.hpp"
#include "support/eventually.hpp"
#include "support/scale.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/nats.hpp>
#include <fapilog/testing/conformance.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <future>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using fapilog::kv;
using fapilog::write_outcome;
using fapilog::sinks::nats;
using fapilog::sinks::nats_config;
using support::eventually;
using support::nats_server;
using namespace std::chrono_literals;

namespace {

fapilog::options nats_options(std::shared_ptr<nats> const& sink) {
  return {.when_full = fapilog::when_full::block,
          .sinks = {{sink, {.when_queue_full = fapilog::when_queue_full::block}}},
          .diagnostics_output = support::captured_diagnostics{}};
}

/// Records with ids and a line each; `large` of them has more than 5,000 bytes.
fapilog::batch nats_records(support::events& made, std::size_t count, std::size_t large = 1'000'000) {
  static std::vector<std::string> const small_lines = support::numbered_lines(100, 60);
  static std::vector<std::string> const large_lines = support::numbered_lines(100, 5'000);
  for (std::size_t i = 0; i < count; ++i) {
    fapilog::event& e = made.add("m");
    e.message_id.bytes[15] = static_cast<std::uint8_t>(i + 1);
  }
  fapilog::batch const all = made.batch();
  for (std::size_t i = 0; i < count; ++i)
    const_cast<fapilog::entry&>(all[i]).json = i == large ? large_lines[i] : small_lines[i];
  return all;
}

double nats_metric(nats const& sink, std::string const& name) {
  fapilog::metric_list all;
  sink.collect(all);
  for (auto const& one : all) {
    if (one.name == "fapilog_nats_" + name) return one.value;
  }
  return -1;
}

std::string nats_refusal(nats_config const& config) {
  try {
    nats const sink{config};
  } catch (std::invalid_argument const& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("each record is one message of a stream, with its id and the subject of its field") {
  nats_server const server;
  server.add_stream("LOGS", "logs.>");
  auto const sink = std::make_shared<nats>(
      nats_config{.servers = {server.url()}, .subject_field = "context.tenant_id", .stream = "LOGS"});
  {
    fapilog::runtime rt{nats_options(sink)};
    auto const log = rt.get_logger("shop");
    log.info("first", kv("n", 0), kv("tenant_id", "acme"));
    log.error("second", kv("n", 1), kv("tenant_id", "a.b *>\n"));
    log.error("third", kv("n", 2));
    REQUIRE(rt.flush(30s));
    CHECK(rt.sink_counts().at(0).second.delivered == 3);
    CHECK(rt.health().at(0).second.healthy);
  }
  auto const all = server.messages("LOGS");
  REQUIRE(all.size() == 3);
  CHECK(all[0].subject == "logs.acme");
  CHECK(all[1].subject == "logs.a_b____");
  CHECK(all[2].subject == "logs._");
  for (auto const& m : all) {
    CHECK(m.text.starts_with(R"({"schema_version":"1.1","log":{"timestamp":")"));
    CHECK_THAT(m.text, ContainsSubstring("\"message_id\":\"" + m.id + '"'));
  }
  CHECK(nats_metric(*sink, "delivered_total") == 3);
  CHECK(nats_metric(*sink, "connections_total") == 1);
}

TEST_CASE("a record that a stream has already counts as delivered and is stored once") {
  nats_server const server;
  server.add_stream("LOGS", "logs");
  nats sink{{.servers = {server.url()}}};
  support::events made;
  auto const entries = nats_records(made, 50);
  CHECK(sink.write(entries));
  sink.stop();
  CHECK(sink.write(entries));
  CHECK(nats_metric(sink, "duplicates_total") == 50);
  CHECK(nats_metric(sink, "connections_total") == 2);
  CHECK(server.messages("LOGS").size() == 50);
}

TEST_CASE("a record that is too large for the server or the stream is rejected alone") {
  nats_server const server{"max_payload: 4096\n"};
  server.add_stream("LOGS", "logs");
  nats sink{{.servers = {server.url()}}};
  support::events made;
  auto result = sink.write(nats_records(made, 3, 1));
  CHECK(result.outcome() == write_outcome::rejected);
  CHECK(result.rejected_entries() == std::vector<std::size_t>{1});
  CHECK_THAT(result.reason(), ContainsSubstring("max_payload"));

  nats_server const other;
  other.add_stream("LOGS", "logs", [](jsStreamConfig& config) { config.MaxMsgSize = 2'000; });
  nats second{{.servers = {other.url()}}};
  support::events again;
  result = second.write(nats_records(again, 3, 2));
  CHECK(result.rejected_entries() == std::vector<std::size_t>{2});
  CHECK_THAT(result.reason(), ContainsSubstring("10054"));
  CHECK(server.messages("LOGS").size() == 2);
  CHECK(other.messages("LOGS").size() == 2);
}

TEST_CASE("a stream that is missing, of another name or full is named, and records wait for it") {
  nats_server const server;
  nats sink{{.servers = {server.url()}, .stream = "LOGS"}};
  support::events made;
  auto const entries = nats_records(made, 3);
  auto result = sink.write(entries);
  CHECK(result.is_refused());
  CHECK(result.entries_to_retry().size() == 3);
  CHECK_THAT(result.reason(), ContainsSubstring(server.address() + ": no stream takes the subject logs"));
  CHECK_FALSE(sink.health().healthy);

  server.add_stream("OTHER", "logs");
  result = sink.write(entries);
  CHECK(result.is_refused());
  CHECK_THAT(result.reason(), ContainsSubstring("10060"));

  server.add_stream("SMALL", "few", [](jsStreamConfig& config) {
    config.MaxMsgs = 2;
    config.Discard = js_DiscardNew;
  });
  nats few{{.servers = {server.url()}, .subject = "few"}};
  result = few.write(entries);
  CHECK(result.outcome() == write_outcome::retry);
  CHECK_FALSE(result.is_refused());
  CHECK(result.entries_to_retry() == std::vector<std::size_t>{2});
  CHECK_THAT(result.reason(), ContainsSubstring("maximum messages exceeded"));
  server.purge("SMALL");
  CHECK(few.write(entries));
  CHECK(few.health().healthy);
}

TEST_CASE("each error of JetStream for a published message has its result") {
  struct row {
    int code;
    int number;
    char const* description;
    write_outcome outcome;
    bool is_refused;
  };
  std::vector<row> const rows{
      {400, 10054, "message size exceeds maximum allowed", write_outcome::rejected, false},
      {400, 10060, "expected stream does not match", write_outcome::retry, true},
      {400, 10109, "invalid operation on sealed stream", write_outcome::retry, true},
      {404, 10059, "stream not found", write_outcome::retry, true},
      {400, 10002, "resource limits exceeded for account", write_outcome::retry, false},
      {429, 10167, "too many requests", write_outcome::retry, false},
      {500, 10009, "JetStream cluster can not handle request", write_outcome::retry, false},
      {500, 10028, "insufficient memory resources available", write_outcome::retry, false},
      {500, 10047, "insufficient storage resources available", write_outcome::retry, false},
      {503, 10008, "JetStream system temporarily unavailable", write_outcome::retry, false},
      {503, 10023, "insufficient resources", write_outcome::retry, false},
      {503, 10039, "JetStream not enabled for account", write_outcome::retry, false},
      {503, 10076, "JetStream not enabled", write_outcome::retry, false},
      {503, 10077, "maximum messages exceeded", write_outcome::retry, false},
      {503, 10118, "stream is offline", write_outcome::retry, false}};
  std::vector<std::string> answers;
  for (row const& r : rows) {
    answers.push_back(R"({"type":"io.nats.jetstream.api.v1.pub_ack_response","error":{"code":)" +
                      std::to_string(r.code) + R"(,"err_code":)" + std::to_string(r.number) +
                      R"(,"description":")" + r.description + R"("},"stream":"LOGS","seq":0})");
  }
  answers.emplace_back(R"({"stream":"LOGS","seq":22,"duplicate":true})");
  answers.emplace_back("no JSON");
  support::scripted_nats const server{answers};
  nats sink{{.servers = {server.url()}}};
  support::events made;
  auto const entries = nats_records(made, 1);
  for (row const& r : rows) {
    INFO(r.number);
    auto const result = sink.write(entries);
    CHECK(result.outcome() == r.outcome);
    CHECK(result.is_refused() == r.is_refused);
    CHECK_THAT(result.reason(), ContainsSubstring(std::to_string(r.number) + " \"" + r.description + '"'));
  }
  CHECK(sink.write(entries));
  CHECK(nats_metric(sink, "duplicates_total") == 1);
  auto const strange = sink.write(entries);
  CHECK(strange.outcome() == write_outcome::retry);
  CHECK_THAT(strange.reason(), ContainsSubstring("not an acknowledgement of a stream"));
  sink.stop();
}

TEST_CASE("a server that is absent is named without user and password, and a later one is used") {
  nats_server const server;
  server.add_stream("LOGS", "logs");
  support::events made;
  auto const entries = nats_records(made, 3);
  nats absent{{.servers = {"nats://me:geheim@127.0.0.1:1"}}};
  auto const result = absent.write(entries);
  CHECK(result.outcome() == write_outcome::retry);
  CHECK_FALSE(result.is_refused());
  CHECK_THAT(result.reason(), ContainsSubstring("127.0.0.1:1: "));
  CHECK_THAT(result.reason(), !ContainsSubstring("geheim"));
  CHECK_FALSE(absent.health().healthy);
  nats sink{{.servers = {"nats://127.0.0.1:1", server.url()}}};
  CHECK(sink.write(entries));
}

TEST_CASE("credentials that are wrong are refused without being shown, and right ones are accepted") {
  nats_server server{"authorization { users = [ {user: \"me\", password: \"richtig\"} ] }\n"};
  server.client_options = [](natsOptions* o) { ::natsOptions_SetUserInfo(o, "me", "richtig"); };
  server.add_stream("LOGS", "logs");
  support::events made;
  auto const entries = nats_records(made, 3);
  for (nats_config const& config :
       {nats_config{.servers = {server.url()}, .user = "me", .password = "geheim"},
        nats_config{.servers = {"nats://me:geheim@" + server.address()}},
        nats_config{.servers = {server.url()}, .token = "geheim"}, nats_config{.servers = {server.url()}}}) {
    nats sink{config};
    auto const result = sink.write(entries);
    CHECK(result.is_refused());
    CHECK_THAT(result.reason(), ContainsSubstring(server.address()));
    CHECK_THAT(result.reason() + sink.health().detail, !ContainsSubstring("geheim"));
  }
  nats sink{{.servers = {server.url()}, .user = "me", .password = "richtig"}};
  CHECK(sink.write(entries));
}

TEST_CASE("a server with TLS gets the records, and a certificate that is not valid is never accepted") {
  support::certificates const files;
  support::events made;
  auto const entries = nats_records(made, 3);
  auto const tls = [&](std::string const& name) {
    return "tls { cert_file: \"" + (files / (name + ".pem")) + "\", key_file: \"" +
           (files / (name + ".key")) + "\", ca_file: \"" + (files / "ca.pem") + "\", verify: true }\n";
  };
  auto const config = [&](nats_server const& server, std::string const& ca) {
    return nats_config{.servers = {"tls://localhost:" + server.port()},
                       .tls = {.ca_file = files / ca,
                               .certificate_file = files / "client.pem",
                               .key_file = files / "client.key"}};
  };
  nats_server server{tls("localhost")};
  server.client_options = [&](natsOptions* o) {
    ::natsOptions_SetSecure(o, true);
    ::natsOptions_SkipServerVerification(o, true);
    ::natsOptions_LoadCertificatesChain(o, (files / "client.pem").c_str(), (files / "client.key").c_str());
  };
  server.add_stream("LOGS", "logs");
  nats sink{config(server, "ca.pem")};
  CHECK(sink.write(entries));
  CHECK(server.messages("LOGS").size() == 3);
  nats stranger{config(server, "stranger.pem")};
  CHECK(stranger.write(entries).is_refused());
  for (char const* const name : {"other", "expired"}) {
    nats_server const wrong{tls(name)};
    nats refused{config(wrong, "ca.pem")};
    auto const result = refused.write(entries);
    INFO(name << ": " << result.reason());
    CHECK(result.is_refused());
  }
}

TEST_CASE("a NATS server that is killed under load loses and doubles no record") {
  nats_server server;
  server.add_stream("LOGS", "logs");
  int const total = support::chaos_records(static_cast<int>(support::scaled(12'000, 4'000)));
  constexpr int kills = 3;
  support::temporary_directory const spool;
  auto const sink =
      std::make_shared<nats>(nats_config{.servers = {server.url()}, .batch_size = 500, .timeout = 3s});
  {
    fapilog::runtime rt{
        {.when_full = fapilog::when_full::block,
         .sinks = {{sink,
                    {.retry = {.attempts = 2, .longest_delay = 100ms},
                     .circuit_breaker = {.recovery_timeout = 200ms},
                     .spool = {.directory = spool.path().string(), .max_bytes = std::uint64_t{1} << 30}}}},
         .diagnostics_output = support::captured_diagnostics{}}};
    auto const log = rt.get_logger("shop");
    std::thread caller{[&] {
      for (int i = 0; i < total; ++i) log.info("m", kv("n", i));
    }};
    auto const delivered = [&] { return rt.sink_counts().at(0).second.delivered; };
    for (int i = 0; i < kills; ++i) {
      (void)eventually(
          [&] { return delivered() >= static_cast<std::uint64_t>(total / (kills + 1) * i + 1); });
      server.stop(SIGKILL);
      server.start();
    }
    caller.join();
    REQUIRE(
        eventually([&] { return delivered() == static_cast<std::uint64_t>(total); }, support::long_deadline));
    CHECK(rt.drain(60s).complete);
    CHECK(rt.sink_counts().at(0).second.balanced());
  }
  auto const all = server.messages("LOGS");
  std::set<std::string> ids;
  for (auto const& m : all) ids.insert(m.id);
  CHECK(all.size() == static_cast<std::size_t>(total));
  CHECK(ids.size() == static_cast<std::size_t>(total));
  CHECK(nats_metric(*sink, "connections_total") > 1);
}

TEST_CASE("a server that answers nothing is given up at the timeout, and cancelled writes end before") {
  nats_server const server;
  server.add_stream("LOGS", "logs");
  support::events made;
  auto const entries = nats_records(made, 20);
  nats brief{{.servers = {server.url()}, .timeout = 200ms}};
  nats patient{{.servers = {server.url()}, .timeout = 1h}};
  CHECK(patient.write(fapilog::batch{}));
  CHECK(brief.write(fapilog::batch{}));
  server.send(SIGSTOP);
  auto const late = brief.write(entries);
  CHECK(late.entries_to_retry().size() == 20);
  CHECK_THAT(late.reason(), ContainsSubstring(server.address() + ": no acknowledgement within the timeout"));
  auto pending = std::async(std::launch::async, [&] { return patient.write(entries); });
  patient.cancel();
  CHECK(pending.get().entries_to_retry().size() == 20);
  server.send(SIGCONT);
  patient.start(fapilog::start_context{});
  REQUIRE(eventually([&] { return static_cast<bool>(patient.write(entries)); }));
  REQUIRE(eventually([&] { return static_cast<bool>(brief.write(entries)); }));
  CHECK(server.messages("LOGS").size() == 20);
}

TEST_CASE("a forked child has a connection to NATS of its own") {
  if constexpr (support::thread_sanitized) return;
  nats_server const server;
  server.add_stream("LOGS", "logs");
  auto const sink = std::make_shared<nats>(nats_config{.servers = {server.url()}});
  fapilog::runtime rt{nats_options(sink)};
  rt.get_logger().info("m", kv("n", 0));
  REQUIRE(rt.flush(30s));
  int const status = support::status_of_child([&rt] {
    rt.get_logger().info("m", kv("n", 1));
    ::_exit(rt.flush(30s) ? 0 : 1);
  });
  CHECK(status == 0);
  rt.get_logger().info("m", kv("n", 2));
  REQUIRE(rt.flush(30s));
  CHECK(server.messages("LOGS").size() == 3);
}

TEST_CASE("libnats does not change what the program does on SIGPIPE") {
  int const status = support::status_of_child([] {
    struct sigaction before {};
    before.sa_handler = SIG_DFL;
    (void)::sigaction(SIGPIPE, &before, nullptr);
    nats sink{{.servers = {"nats://127.0.0.1:1"}}};
    support::events made;
    bool const is_written = static_cast<bool>(sink.write(nats_records(made, 1)));
    struct sigaction after {};
    (void)::sigaction(SIGPIPE, nullptr, &after);
    ::_exit(!is_written && after.sa_handler == SIG_DFL ? 0 : 1);
  });
  CHECK(status == 0);
}

TEST_CASE("settings of the NATS sink that are invalid are refused without secrets") {
  CHECK(nats_refusal({}) == "accepted");
  CHECK(nats_refusal({.servers = {"tls://u:p@[::1]:4222", "localhost"}}) == "accepted");
  for (std::string const server :
       {"http://x", "nats://", "nats://geheim@", "a b", "nats://x/path", "nats://:1"}) {
    INFO(server);
    CHECK_THAT(nats_refusal({.servers = {server}}), ContainsSubstring("nats.servers: "));
    CHECK_THAT(nats_refusal({.servers = {server}}), !ContainsSubstring("geheim"));
  }
  for (std::string const subject : {"", "a..b", ".a", "a.", "a.*", "a.>", "a b"}) {
    INFO(subject);
    CHECK_THAT(nats_refusal({.subject = subject}), ContainsSubstring("nats.subject: "));
  }
  CHECK_THAT(nats_refusal({.stream = "a.b"}), ContainsSubstring("nats.stream: "));
  CHECK_THAT(nats_refusal({.password = "geheim"}), ContainsSubstring("nats.password: needs `user`"));
  CHECK_THAT(nats_refusal({.user = "u", .token = "geheim"}),
             !ContainsSubstring("geheim") && ContainsSubstring("nats.credentials_file"));
  CHECK_THAT(nats_refusal({.tls = {.key_password = "geheim"}}), ContainsSubstring("nats.tls.key_password"));
}

TEST_CASE("the NATS sink keeps the contract of sinks") {
  nats_server const server;
  server.add_stream("LOGS", "logs");
  for (std::string const& finding : fapilog::testing::check_sink(nats{{.servers = {server.url()}}}))
    FAIL_CHECK(finding);
}
