// SPDX-License-Identifier: MIT
// Tests integrations/opentelemetry_logs.hpp with the Logs API of OpenTelemetry.
#include <fapilog/integrations/opentelemetry_logs.hpp>

#include <opentelemetry/logs/provider.h>

#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/logged.hpp"

namespace {

namespace otel_logs = opentelemetry::logs;
namespace nostd = opentelemetry::nostd;

/// The logger of a provider that logs to this runtime.
nostd::shared_ptr<otel_logs::Logger> api_logger(support::logged& test) {
  otel_logs::Provider::SetLoggerProvider(
      nostd::shared_ptr<otel_logs::LoggerProvider>{new fapilog::integrations::opentelemetry_logs{test.log}});
  return otel_logs::Provider::GetLoggerProvider()->GetLogger("payments", "library");
}

}  // namespace

TEST_CASE("a record of the Logs API keeps its body, severity, time, name, ids and typed attributes") {
  support::logged test;
  auto const logger = api_logger(test);
  std::uint8_t const trace[16] = {1};
  std::uint8_t const span[8] = {2};
  std::array<std::int32_t, 2> const numbers{3, -4};
  std::array<nostd::string_view, 2> const names{"a", "b"};
  auto record = logger->CreateLogRecord();
  record->SetTimestamp(std::chrono::system_clock::time_point{std::chrono::seconds{1'700'000'000}});
  record->SetSeverity(otel_logs::Severity::kWarn2);
  record->SetBody("paid twice");
  record->SetAttribute("order", std::int64_t{-7});
  record->SetAttribute("big", std::uint64_t{18'000'000'000'000'000'000U});
  record->SetAttribute("share", 0.5);
  record->SetAttribute("is_new", true);
  record->SetAttribute("place", std::string{"Zürich"}.c_str());
  record->SetAttribute("numbers", nostd::span<std::int32_t const>{numbers.data(), numbers.size()});
  record->SetAttribute("names", nostd::span<nostd::string_view const>{names.data(), names.size()});
  record->SetEventId(0, "payment.repeated");
  record->SetTraceId(opentelemetry::trace::TraceId{trace});
  record->SetSpanId(opentelemetry::trace::SpanId{span});
  logger->EmitLogRecord(std::move(record));
  auto const found = test.last();
  CHECK(found.at("message") == "paid twice");
  CHECK(found.at("level") == "WARNING");
  CHECK(found.at("logger") == "payments");
  CHECK(found.at("timestamp").get<std::string>().starts_with("2023-11-14T22:13:20"));
  CHECK(found.at("context").at("trace_id") == "01" + std::string(30, '0'));
  CHECK(found.at("context").at("span_id") == "02" + std::string(14, '0'));
  auto const& data = found.at("data");
  CHECK(data.at("order") == -7);
  CHECK(data.at("big") == 18'000'000'000'000'000'000U);
  CHECK(data.at("share") == 0.5);
  CHECK(data.at("is_new") == true);
  CHECK(data.at("place") == "Zürich");
  CHECK(data.at("numbers") == nlohmann::json{3, -4});
  CHECK(data.at("names") == nlohmann::json{"a", "b"});
  CHECK(data.at("event_name") == "payment.repeated");
}

TEST_CASE("the short calls and the severities of the Logs API") {
  support::logged test;
  auto const logger = api_logger(test);
  logger->Trace("below the level");
  logger->Debug("below the level");
  CHECK_FALSE(logger->Enabled(otel_logs::Severity::kDebug, std::int64_t{0}));
  test.rt.set_level("*", fapilog::custom_level(1));
  CHECK(logger->Enabled(otel_logs::Severity::kDebug, std::int64_t{0}));
  logger->Trace("x");
  logger->Debug("x");
  logger->Info("x");
  logger->Warn("x");
  logger->Error("x");
  logger->Fatal("x");
  std::vector<std::string> levels;
  for (auto const& record : test.records()) levels.push_back(record.at("level"));
  CHECK(levels == std::vector<std::string>{"TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"});
}
