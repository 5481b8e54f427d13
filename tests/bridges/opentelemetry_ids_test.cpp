// SPDX-License-Identifier: MIT
// Tests integrations/opentelemetry_ids.hpp with the API of OpenTelemetry.
#include <fapilog/integrations/opentelemetry_ids.hpp>

#include <opentelemetry/trace/default_span.h>
#include <opentelemetry/trace/scope.h>
#include <opentelemetry/trace/trace_id.h>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "support/catch.hpp"
#include "support/logged.hpp"

namespace {

namespace otel = opentelemetry;

otel::nostd::shared_ptr<otel::trace::Span> span_number(std::uint8_t number) {
  std::uint8_t const trace[16] = {1, number};
  std::uint8_t const span[8] = {2, number};
  otel::trace::SpanContext const ids{otel::trace::TraceId{trace}, otel::trace::SpanId{span},
                                     otel::trace::TraceFlags{1}, false};
  return otel::nostd::shared_ptr<otel::trace::Span>{new otel::trace::DefaultSpan{ids}};
}
/// `trace_id/span_id` of the last record, or an empty string.
std::string ids_of_record(support::logged& test) {
  test.log.info("x");
  auto const context = test.last().at("context");
  if (!context.contains("trace_id") || context.at("trace_id").is_null())
    return context.contains("span_id") && !context.at("span_id").is_null() ? "a span only" : "";
  return context.at("trace_id").get<std::string>() + '/' + context.at("span_id").get<std::string>();
}
std::string expected(std::string const& number) {
  return "01" + number + std::string(28, '0') + "/02" + number + std::string(12, '0');
}

}  // namespace

TEST_CASE("records have the ids of the active span, on its thread and while it is active") {
  fapilog::integrations::add_opentelemetry_ids();
  support::logged test;
  CHECK(ids_of_record(test).empty());
  {
    otel::trace::Scope const outer{span_number(5)};
    CHECK(ids_of_record(test) == expected("05"));
    {
      otel::trace::Scope const inner{span_number(6)};
      fapilog::scope const user{fapilog::kv("user_id", "u")};
      CHECK(ids_of_record(test) == expected("06"));
      CHECK(test.last().at("context").at("user_id") == "u");
      CHECK(otel::trace::GetSpan(otel::context::RuntimeContext::GetCurrent())->GetContext().span_id() ==
            span_number(6)->GetContext().span_id());
      std::thread{[&] { CHECK(ids_of_record(test).empty()); }}.join();
    }
    CHECK(ids_of_record(test) == expected("05"));
    {
      otel::trace::Scope const none{otel::nostd::shared_ptr<otel::trace::Span>{
          new otel::trace::DefaultSpan{otel::trace::SpanContext::GetInvalid()}}};
      CHECK(ids_of_record(test).empty());
    }
    CHECK(ids_of_record(test) == expected("05"));
  }
  CHECK(ids_of_record(test).empty());
}

TEST_CASE("detaching an outer context ends the inner ones, and a thread may end with attached contexts") {
  fapilog::integrations::add_opentelemetry_ids();
  support::logged test;
  using otel::context::RuntimeContext;
  auto const with_span = [](std::uint8_t number) {
    otel::context::Context empty;
    return otel::trace::SetSpan(empty, span_number(number));
  };
  auto outer = RuntimeContext::Attach(with_span(5));
  auto inner = RuntimeContext::Attach(with_span(6));
  CHECK(ids_of_record(test) == expected("06"));
  CHECK(RuntimeContext::Detach(*outer));
  CHECK(ids_of_record(test).empty());
  CHECK_FALSE(RuntimeContext::Detach(*inner));
  std::thread{[&] {
    (void)RuntimeContext::Attach(with_span(7)).release();
    (void)RuntimeContext::Attach(with_span(8)).release();
    CHECK(ids_of_record(test) == expected("08"));
  }}.join();
  CHECK(fapilog::misused_scopes() == 0);
}
