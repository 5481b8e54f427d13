// SPDX-License-Identifier: MIT
// The OTLP sink against a receiver that decodes with OpenTelemetry's own classes.
#include "otlp/receiver.hpp"
#include "support/catch.hpp"
#include "support/scale.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/otlp.hpp>
#include <fapilog/sinks/rotating_file.hpp>

#include "support/captured_diagnostics.hpp"
#include "support/eventually.hpp"
#include "support/temporary_directory.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using fapilog::kv;
using fapilog::sinks::otlp;
using fapilog::sinks::otlp_config;
using fapilog::sinks::otlp_encoding;
using support::eventually;
using support::otlp_receiver;
using namespace std::chrono_literals;

namespace {

bool is_skipped() {
  if (otlp_receiver::is_available()) return false;
  WARN("skipped: Node.js or @opentelemetry/otlp-transformer is missing");
  return true;
}

/// Sets variables of the environment until the end of the test.
class variables {
 public:
  explicit variables(std::vector<std::pair<char const*, std::string>> const& all) {
    for (auto const& [name, value] : all) {
      ::setenv(name, value.c_str(), 1);
      names_.push_back(name);
    }
  }
  variables(variables const&) = delete;
  variables& operator=(variables const&) = delete;
  ~variables() {
    for (char const* const name : names_) ::unsetenv(name);
  }

 private:
  std::vector<char const*> names_;
};

struct point {
  std::int64_t x;
  std::string label;
};
void to_log(fapilog::value_writer& writer, point const& p) {
  writer.object([&](fapilog::object_writer& object) {
    object.kv("x", p.x);
    object.kv("label", p.label);
    object.kv("none", nullptr);
  });
}

/// Logs a record with fields of all kinds, hostile text among them.
void log_random(fapilog::logger& log, std::mt19937_64& random) {
  auto const text = [&random] {
    std::string made;
    for (std::size_t i = random() % 40; i > 0; --i) made.push_back(static_cast<char>(random()));
    return made;
  };
  auto const integer = static_cast<std::int64_t>(random()) >> (random() % 64);
  std::vector<double> const numbers{1.5, -0.0, static_cast<double>(integer) / 3, 1e300};
  std::vector<point> const points{{integer, text()}, {1, ""}};
  auto const level = std::vector{fapilog::level::debug, fapilog::level::info, fapilog::level::warning,
                                 fapilog::level::error, fapilog::level::audit}[random() % 5];
  std::string const bytes = text();
  switch (random() % 4) {
    case 0:
      log.log(level, "random {}", text(), kv("i", integer), kv("u", random()), kv("s", text()),
              kv("b", integer > 0), kv("numbers", numbers), kv("user_id", text()));
      break;
    case 1:
      log.log(level, "nested", kv("points", points), kv("one", point{integer, text()}), kv("f", 0.25F),
              kv("nan", std::numeric_limits<double>::quiet_NaN()),
              kv("infinite", -std::numeric_limits<double>::infinity()), kv("none", std::optional<int>{}));
      break;
    case 2:
      log.log(level, "times", kv("d", std::chrono::nanoseconds{integer >> 12}), kv("c", U'\u00e9'),
              kv("t", std::chrono::system_clock::time_point{1700000000s}),
              kv("bytes", std::as_bytes(std::span{bytes})), kv("request_id", "r-1"),
              kv("trace_id", "0af7651916cd43dd8448eb211c80319c"), kv("span_id", "00f067aa0ba902b7"));
      break;
    default:
      log.log(level, "failed", fapilog::caught(std::runtime_error{text()}), kv("trace_id", text()),
              kv("log.record.kind", "own"), kv("empty", ""));
  }
}

fapilog::options options_for(std::shared_ptr<otlp> const& sink) {
  return {.when_full = fapilog::when_full::block,
          .source_location = true,
          .sinks = {{sink, {.when_queue_full = fapilog::when_queue_full::block}}},
          .diagnostics_output = support::captured_diagnostics{}};
}

std::string join(std::vector<std::string> const& lines) {
  std::string all;
  for (std::string const& line : lines) all += line + '\n';
  return all;
}

}  // namespace

TEST_CASE("a decoder of OpenTelemetry finds every field of 10,000 random records") {
  if (is_skipped()) return;
  otlp_receiver const receiver;
  support::temporary_directory const folder;
  auto const encoding = GENERATE(otlp_encoding::protobuf, otlp_encoding::json);
  otlp_config config{.url = receiver.url(), .encoding = encoding, .batch_size = 700};
  if (encoding == otlp_encoding::protobuf)
    config.connection.compression = fapilog::sinks::http_compression::gzip;
  auto const sink = std::make_shared<otlp>(config);
  {
    fapilog::options options = options_for(sink);
    options.sinks.push_back({fapilog::sinks::rotating_file{{.path = folder / "envelopes"}}});
    options.log_level = fapilog::level::debug;
    fapilog::runtime rt{std::move(options)};
    fapilog::logger logs[] = {rt.get_logger("shop"), rt.get_logger("shop.cart"), rt.get_logger("billing")};
    std::mt19937_64 random{42};  // the same records in each run
    for (int i = 0; i < 10'000; ++i) log_random(logs[random() % 3], random);
    REQUIRE(rt.flush(120s));
    CHECK(rt.sink_counts().at(0).second.delivered == 10'000);
  }
  std::string const command = std::string{"python3 '"} + FAPILOG_TEST_SOURCE_DIR +
                              "/tests/otlp/compare.py' '" + (folder / "envelopes") + "' '" +
                              receiver.received_file() + "'";
  CHECK(std::system(command.c_str()) == 0);
}

TEST_CASE("each response of a collector has its effect on the account") {
  if (is_skipped()) return;
  otlp_receiver const receiver;
  auto const encoding = GENERATE(otlp_encoding::protobuf, otlp_encoding::json);
  otlp sink{{.url = receiver.url(), .encoding = encoding}};
  fapilog::start_context const context;
  sink.start(context);
  auto const written = [&](std::vector<std::string> const& answers) {
    receiver.answer(answers);
    auto storage = std::make_shared<fapilog::detail::batch_storage>();
    for (int i = 0; i < 4; ++i) {
      fapilog::event& e = storage->entries().emplace_back(storage->memory()).event;
      e.message = "m";
      e.message_id.bytes[15] = static_cast<std::uint8_t>(i);
    }
    return sink.write(fapilog::batch{storage});
  };
  CHECK(static_cast<bool>(written({"200 - 0"})));
  CHECK(static_cast<bool>(written({"202 - 0"})));

  fapilog::write_result const partial = written({"200 - 2 no room"});
  CHECK(partial.outcome() == fapilog::write_outcome::rejected);
  CHECK(partial.rejected_entries().size() == 2);
  CHECK(partial.reason().find("2 of 4 records") != std::string::npos);

  for (auto const* const status : {"429", "502", "503", "504"}) {
    INFO(status);
    fapilog::write_result const again = written({std::string{status} + " 7 0"});
    CHECK(again.outcome() == fapilog::write_outcome::retry);
    CHECK(again.delay() == 7s);
    CHECK_FALSE(again.is_refused());
  }
  for (auto const* const status : {"401", "403", "404"}) {
    INFO(status);
    CHECK(written({std::string{status} + " - 0"}).is_refused());
  }
  // The halves are sent to find the record that is invalid: here the first one.
  fapilog::write_result const invalid = written({"400 - 0", "400 - 0", "400 - 0"});
  CHECK(invalid.outcome() == fapilog::write_outcome::rejected);
  CHECK(invalid.rejected_entries() == std::vector<std::size_t>{0});
  CHECK(static_cast<bool>(written({"413 - 0"})));  // the halves are accepted
  CHECK(written({"500 - 0"}).rejected_entries().size() == 4);
  CHECK(written({"501 - 0"}).rejected_entries().size() == 4);
  CHECK_FALSE(sink.health().healthy);
}

TEST_CASE("the standard variables of OpenTelemetry set what the code leaves open") {
  if (is_skipped()) return;
  otlp_receiver const receiver;
  variables const set{{{"OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url("/base/")},
                       {"OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a%20b,x-given=environment"},
                       {"OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "gzip"},
                       {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"},
                       {"OTEL_SERVICE_NAME", "from the variable"},
                       {"OTEL_RESOURCE_ATTRIBUTES", "team=pay,service.name=hidden,region=eu%2Cwest"}}};
  auto const sink = std::make_shared<otlp>(
      otlp_config{.resource_attributes = {"region=code"}, .connection = {.headers = {"X-Given: code"}}});
  fapilog::runtime rt{options_for(sink)};
  rt.get_logger().info("m");
  REQUIRE(rt.flush(30s));
  auto const requests = receiver.requests();
  REQUIRE(requests.size() == 1);
  INFO(requests[0]);
  auto const contains = [&](std::string const& part) { return requests[0].find(part) != std::string::npos; };
  CHECK(contains(R"("path":"/base/v1/logs")"));
  CHECK(contains(R"("x-tenant":"a b")"));
  CHECK(contains(R"("x-given":"code")"));
  CHECK(contains(R"("content-encoding":"gzip")"));
  CHECK(contains(R"("content-type":"application/json")"));
  CHECK(contains(R"({"key":"service.name","value":{"stringValue":"from the variable"}})"));
  CHECK(contains(R"({"key":"team","value":{"stringValue":"pay"}})"));
  CHECK(contains(R"({"key":"region","value":{"stringValue":"code"}})"));
  CHECK(contains(R"({"key":"telemetry.sdk.name","value":{"stringValue":"fapilog"}})"));
}

TEST_CASE("variables of OpenTelemetry that are not valid are reported by name and ignored") {
  variables const set{{{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "ftp://user:geheim@host"},
                       {"OTEL_EXPORTER_OTLP_HEADERS", "authorization geheim"},
                       {"OTEL_EXPORTER_OTLP_TIMEOUT", "soon"},
                       {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
                       {"OTEL_EXPORTER_OTLP_COMPRESSION", "br"},
                       {"OTEL_RESOURCE_ATTRIBUTES", "team"}}};
  otlp sink;
  std::vector<std::string> reported;
  sink.start(fapilog::start_context{[&](std::string_view message, std::string_view detail) {
    reported.push_back(std::string{message} + ": " + std::string{detail});
  }});
  INFO(join(reported));
  CHECK(reported.size() == 6);
  for (auto const* const name :
       {"LOGS_ENDPOINT", "HEADERS", "TIMEOUT", "PROTOCOL", "COMPRESSION", "OTEL_RESOURCE_ATTRIBUTES"})
    CHECK(join(reported).find(name) != std::string::npos);
  CHECK(join(reported).find("geheim") == std::string::npos);
}

TEST_CASE("a collector that is killed and started again gets every record") {
  if (is_skipped()) return;
  otlp_receiver receiver;
  support::temporary_directory const folder;
  auto const sink = std::make_shared<otlp>(otlp_config{.url = receiver.url(), .batch_size = 100});
  fapilog::options options = options_for(sink);
  options.log_level = fapilog::level::debug;
  options.sinks = {
      {sink, {.retry = {.attempts = 1}, .spool = {.directory = folder / "spool"}}},
      {fapilog::sinks::rotating_file{{.path = folder / "envelopes", .max_bytes = std::uint64_t{1} << 30}}}};
  {
    fapilog::runtime rt{std::move(options)};
    auto log = rt.get_logger("shop");
    std::mt19937_64 random{7};
    int const count = support::chaos_records(5'000);
    for (int i = 0; i < count; ++i) {
      log_random(log, random);
      if (i == count / 5 * 2) {
        REQUIRE(rt.flush(60s));
        receiver.kill();
      }
      if (i == count / 5 * 4) {
        CHECK(eventually([&] { return rt.sink_counts().at(0).second.spooled > 0; }));
        receiver.restart();
      }
    }
    CHECK(eventually([&] { return rt.sink_counts().at(0).second.delivered == std::uint64_t(count); },
                     support::long_deadline));
  }
  std::string const command = std::string{"python3 '"} + FAPILOG_TEST_SOURCE_DIR +
                              "/tests/otlp/compare.py' '" + (folder / "envelopes") + "' '" +
                              receiver.received_file() + "'";
  CHECK(std::system(command.c_str()) == 0);
}
