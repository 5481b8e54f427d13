// SPDX-License-Identifier: MIT
// The OTLP sink over gRPC against a receiver on grpc-js that decodes with OpenTelemetry's own classes.
#include "otlp/receiver.hpp"
#include "support/catch.hpp"

#include <fapilog/plugins/otlp_grpc.hpp>
#include <fapilog/runtime.hpp>
#include <fapilog/sinks/otlp_grpc.hpp>
#include <fapilog/sinks/rotating_file.hpp>

#include "support/captured_diagnostics.hpp"
#include "support/certificates.hpp"
#include "support/eventually.hpp"
#include "support/scale.hpp"
#include "support/temporary_directory.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using fapilog::kv;
using fapilog::sinks::otlp_grpc;
using fapilog::sinks::otlp_grpc_config;
using support::otlp_receiver;
using namespace std::chrono_literals;

namespace {

bool is_grpc_skipped() {
  if (otlp_receiver::has_grpc()) return false;
  WARN("skipped: Node.js, @opentelemetry/otlp-transformer or @grpc/grpc-js is missing");
  return true;
}
std::string grpc_url(otlp_receiver const& receiver) {
  return "http://127.0.0.1:" + std::to_string(receiver.port());
}
fapilog::batch four_records(std::size_t text = 1) {
  auto storage = std::make_shared<fapilog::detail::batch_storage>();
  for (int i = 0; i < 4; ++i) {
    fapilog::event& e = storage->entries().emplace_back(storage->memory()).event;
    e.message = storage->memory().copy(std::string(text, 'm'));
    e.message_id.bytes[15] = static_cast<std::uint8_t>(i);
  }
  return fapilog::batch{storage};
}
std::string compare_command(support::temporary_directory const& folder, otlp_receiver const& receiver) {
  return std::string{"python3 '"} + FAPILOG_TEST_SOURCE_DIR + "/tests/otlp/compare.py' '" +
         (folder / "envelopes") + "' '" + receiver.received_file() + "'";
}
void log_every_kind(fapilog::logger& log, int i) {
  std::string const hostile = "caf\xC3\xA9 \xFF \"" + std::string(static_cast<std::size_t>(i % 90), '\x01');
  switch (i % 3) {
    case 0:
      log.info("kinds {}", i, kv("i", -i), kv("u", UINT64_MAX), kv("text", hostile), kv("b", i % 2 == 0),
               kv("numbers", std::vector{1.5, -0.0, 1e300}), kv("user_id", hostile));
      break;
    case 1:
      log.warning("times", kv("d", std::chrono::microseconds{i}),
                  kv("bytes", std::as_bytes(std::span{hostile})),
                  kv("trace_id", "0af7651916cd43dd8448eb211c80319c"), kv("span_id", "00f067aa0ba902b7"));
      break;
    default: log.error("failed", fapilog::caught(std::runtime_error{hostile}), kv("empty", ""));
  }
}

class set_variables {
 public:
  explicit set_variables(std::vector<std::pair<char const*, std::string>> const& all) {
    for (auto const& [name, value] : all) {
      ::setenv(name, value.c_str(), 1);
      names_.push_back(name);
    }
  }
  set_variables(set_variables const&) = delete;
  set_variables& operator=(set_variables const&) = delete;
  ~set_variables() {
    for (char const* const name : names_) ::unsetenv(name);
  }

 private:
  std::vector<char const*> names_;
};

}  // namespace

// First, because gRPC must not have been used in this process.
TEST_CASE("in a forked child of a process that has used gRPC, nothing is sent and nothing hangs") {
  if (is_grpc_skipped()) return;
  otlp_receiver const receiver{otlp_receiver::over_grpc{}};
  otlp_grpc sink{{.url = grpc_url(receiver)}};
  REQUIRE(static_cast<bool>(sink.write(four_records())));
  ::pid_t const child = ::fork();
  if (child == 0) {
    auto const result = sink.write(four_records());
    bool const is_right = result.is_refused() && result.reason().find("forked child") != std::string::npos;
    sink.stop();
    ::_exit(is_right ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(static_cast<bool>(sink.write(four_records())));
}

TEST_CASE("a decoder of OpenTelemetry finds every field of records that were sent by gRPC") {
  if (is_grpc_skipped()) return;
  otlp_receiver const receiver{otlp_receiver::over_grpc{}};
  support::temporary_directory const folder;
  otlp_grpc_config config{.url = grpc_url(receiver), .batch_size = 700};
  config.connection.compression =
      GENERATE(fapilog::sinks::http_compression::none, fapilog::sinks::http_compression::gzip);
  config.connection.headers = {"X-Tenant: a b"};
  config.connection.credential = {.scheme = "Bearer", .value = "geheim"};
  {
    fapilog::options options{.when_full = fapilog::when_full::block,
                             .source_location = true,
                             .sinks = {{std::make_shared<otlp_grpc>(config),
                                        {.when_queue_full = fapilog::when_queue_full::block}}},
                             .diagnostics_output = support::captured_diagnostics{}};
    options.sinks.push_back({fapilog::sinks::rotating_file{{.path = folder / "envelopes"}}});
    fapilog::runtime rt{std::move(options)};
    fapilog::logger logs[] = {rt.get_logger("shop"), rt.get_logger("billing")};
    for (int i = 0; i < 3'000; ++i) log_every_kind(logs[i % 2], i);
    REQUIRE(rt.flush(120s));
    CHECK(rt.sink_counts().at(0).second.delivered == 3'000);
  }
  CHECK(std::system(compare_command(folder, receiver).c_str()) == 0);
  auto const requests = receiver.requests();
  REQUIRE(!requests.empty());
  CHECK(requests[0].find(R"("x-tenant":"a b")") != std::string::npos);
  CHECK(requests[0].find(R"("authorization":"Bearer geheim")") != std::string::npos);
}

TEST_CASE("each status of gRPC has its effect on the account") {
  if (is_grpc_skipped()) return;
  otlp_receiver const receiver{otlp_receiver::over_grpc{}};
  otlp_grpc sink{{.url = grpc_url(receiver), .connection = {.timeout = 60s}}};
  sink.start(fapilog::start_context{});
  auto const written = [&](std::vector<std::string> const& answers) {
    receiver.answer(answers);
    return sink.write(four_records());
  };
  CHECK(static_cast<bool>(written({"0 - 0"})));
  auto const partial = written({"0 - 2 no room"});
  CHECK(partial.rejected_entries().size() == 2);
  CHECK(partial.reason().find("2 of 4 records") != std::string::npos);
  for (auto const* const code : {"1", "4", "10", "11", "14", "15"}) {
    INFO(code);
    auto const again = written({std::string{code} + " - 0 geheim"});
    CHECK(again.outcome() == fapilog::write_outcome::retry);
    CHECK(again.delay() == 0ms);
    CHECK(again.reason().find("geheim") == std::string::npos);
    CHECK_FALSE(again.is_refused());
  }
  for (auto const* const code : {"8", "14"}) {
    INFO(code);
    auto const later = written({std::string{code} + " 7250 0 slow down"});
    CHECK(later.outcome() == fapilog::write_outcome::retry);
    CHECK(later.delay() == 7250ms);
  }
  CHECK(written({"8 - 0 no more"}).rejected_entries().size() == 4);
  CHECK(static_cast<bool>(written({"8 - 0 Received message larger than max"})));  // the halves are accepted
  for (auto const* const code : {"7", "12", "16"}) {
    INFO(code);
    CHECK(written({std::string{code} + " - 0"}).is_refused());
  }
  for (auto const* const code : {"2", "5", "6", "9", "13"}) {
    INFO(code);
    CHECK(written({std::string{code} + " - 0"}).rejected_entries().size() == 4);
  }
  // The halves are sent to find the record that is invalid: here the first one.
  CHECK(written({"3 - 0", "3 - 0", "3 - 0"}).rejected_entries() == std::vector<std::size_t>{0});
  CHECK_FALSE(sink.health().healthy);
}

TEST_CASE("a call of gRPC that gets no answer ends at its deadline, or when it is cancelled") {
  if (is_grpc_skipped()) return;
  otlp_receiver const receiver{otlp_receiver::over_grpc{}};
  {
    otlp_grpc sink{{.url = grpc_url(receiver), .connection = {.timeout = 200ms}}};
    receiver.answer({"never - 0"});
    auto const late = sink.write(four_records());
    CHECK(late.outcome() == fapilog::write_outcome::retry);
    CHECK(late.reason().find("no answer in time") != std::string::npos);
  }
  otlp_grpc sink{{.url = grpc_url(receiver), .connection = {.timeout = 600s}}};
  sink.start(fapilog::start_context{});
  std::size_t const before = receiver.requests().size();
  receiver.answer({"never - 0"});
  auto waiting = std::async(std::launch::async, [&] { return sink.write(four_records()); });
  CHECK(support::eventually([&] { return receiver.requests().size() > before; }));
  sink.cancel();
  CHECK(waiting.get().outcome() == fapilog::write_outcome::retry);
  CHECK(sink.write(four_records()).outcome() == fapilog::write_outcome::retry);
  sink.start(fapilog::start_context{});
  CHECK(static_cast<bool>(sink.write(four_records())));
}

TEST_CASE("a call of gRPC above the limit of the receiver is divided") {
  if (is_grpc_skipped()) return;
  otlp_receiver const receiver{otlp_receiver::over_grpc{}};
  otlp_grpc sink{{.url = grpc_url(receiver), .batch_bytes = 60'000'000, .connection = {.timeout = 60s}}};
  CHECK(static_cast<bool>(sink.write(four_records(3'000'000))));  // grpc-js takes 4 MiB
  CHECK(receiver.requests().size() == 4);
}

TEST_CASE("a receiver of OTLP/gRPC that is killed and started again gets every record") {
  if (is_grpc_skipped()) return;
  otlp_receiver receiver{otlp_receiver::over_grpc{}};
  support::temporary_directory const folder;
  fapilog::options options{.when_full = fapilog::when_full::block,
                           .diagnostics_output = support::captured_diagnostics{}};
  options.sinks = {
      {std::make_shared<otlp_grpc>(otlp_grpc_config{.url = grpc_url(receiver), .batch_size = 100}),
       {.retry = {.attempts = 1}, .spool = {.directory = folder / "spool"}}},
      {fapilog::sinks::rotating_file{{.path = folder / "envelopes"}}}};
  {
    fapilog::runtime rt{std::move(options)};
    auto log = rt.get_logger("shop");
    for (int i = 0; i < 2'000; ++i) {
      log_every_kind(log, i);
      if (i == 800) {
        REQUIRE(rt.flush(60s));
        receiver.kill();
      }
      if (i == 1'600) {
        CHECK(support::eventually([&] { return rt.sink_counts().at(0).second.spooled > 0; }));
        receiver.restart();
      }
    }
    CHECK(support::eventually([&] { return rt.sink_counts().at(0).second.delivered == 2'000; },
                              support::long_deadline));
  }
  CHECK(std::system(compare_command(folder, receiver).c_str()) == 0);
}

TEST_CASE("OTLP/gRPC over TLS checks the server and shows the certificate of the client") {
  if (is_grpc_skipped()) return;
  support::certificates const made;
  otlp_receiver const receiver{otlp_receiver::over_grpc{
      .certificates = std::filesystem::path{made / "ca.pem"}.parent_path().string()}};
  std::string const url = "https://localhost:" + std::to_string(receiver.port());
  auto const written = [&](std::string const& at, std::string const& ca, std::string const& client) {
    otlp_grpc_config config{.url = at};
    config.connection.tls.ca_file = made / ca;
    if (!client.empty()) {
      config.connection.tls.certificate_file = made / (client + ".pem");
      config.connection.tls.key_file = made / (client + ".key");
    }
    return otlp_grpc{config}.write(four_records());
  };
  CHECK(static_cast<bool>(written(url, "ca.pem", "client")));
  auto const strange = written(url, "stranger.pem", "client");
  CHECK(strange.outcome() == fapilog::write_outcome::retry);
  INFO(strange.reason());
  CHECK(strange.reason().find("localhost:" + std::to_string(receiver.port())) != std::string::npos);
  CHECK_FALSE(static_cast<bool>(written(url, "ca.pem", "")));
  CHECK_FALSE(static_cast<bool>(
      written("https://127.0.0.1:" + std::to_string(receiver.port()), "ca.pem", "client")));  // another name
  CHECK(written(url, "missing.pem", "client").is_refused());
  CHECK(receiver.requests().size() == 1);
}

TEST_CASE("the variables of OpenTelemetry set what the code leaves open for gRPC") {
  if (is_grpc_skipped()) return;
  otlp_receiver const receiver{otlp_receiver::over_grpc{}};
  set_variables const set{{{"OTEL_EXPORTER_OTLP_ENDPOINT", grpc_url(receiver)},
                           {"OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a%20b"},
                           {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                           {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"},
                           {"OTEL_SERVICE_NAME", "from the variable"}}};
  otlp_grpc sink;
  std::string reported;
  sink.start(fapilog::start_context{
      [&](std::string_view message, std::string_view detail) { reported.append(message).append(detail); }});
  CHECK(reported.find("OTEL_EXPORTER_OTLP_PROTOCOL must be grpc") != std::string::npos);
  CHECK(static_cast<bool>(sink.write(four_records())));
  auto const requests = receiver.requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].find(R"("x-tenant":"a b")") != std::string::npos);
  CHECK(requests[0].find("from the variable") != std::string::npos);
}

TEST_CASE("settings of the OTLP sink over gRPC that cannot work are refused") {
  auto const message_of = [](otlp_grpc_config const& config) {
    try {
      otlp_grpc const sink{config};
    } catch (std::invalid_argument const& error) {
      return std::string{error.what()};
    }
    return std::string{};
  };
  CHECK(message_of({.url = "collector:4317"}).find("http://") != std::string::npos);
  auto const with_user = message_of({.url = "http://ada:geheim@collector"});
  CHECK(with_user.find("connection.credential") != std::string::npos);
  CHECK(with_user.find("geheim") == std::string::npos);
  CHECK(message_of({.connection = {.headers = {"caf\xC3\xA9: x"}}}).find("connection.headers") !=
        std::string::npos);
  CHECK(message_of({.connection = {.headers = {"grpc-timeout: 1S"}}}).find("connection.headers") !=
        std::string::npos);
  CHECK(message_of({.connection = {.compression = fapilog::sinks::http_compression::zstd}}).find("gzip") !=
        std::string::npos);
  otlp_grpc refused{{.url = "http://127.0.0.1:1", .connection = {.credential = {.value = "caf\xC3\xA9"}}}};
  CHECK(refused.write(four_records()).is_refused());
  otlp_grpc nobody{{.url = "http://127.0.0.1:1"}};
  auto const result = nobody.write(four_records());
  CHECK(result.reason() == "127.0.0.1:1: gRPC status UNAVAILABLE: nobody listens there: connection refused");
}
