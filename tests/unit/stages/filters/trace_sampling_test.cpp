// SPDX-License-Identifier: MIT
// Trace sampling: whole traces, the same in every process.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/settings.hpp"

#include <fapilog/detail/chance.hpp>
#include <fapilog/stages/filters/trace_sampling.hpp>

#include <cmath>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using fapilog::kv;
using fapilog::value;
using fapilog::filters::trace_sampling;
using fapilog::filters::trace_sampling_config;

namespace {

std::string trace_id(int number) {
  char text[40];
  std::snprintf(text, sizeof text, "4bf92f3577b34da6%016x", static_cast<unsigned>(number));
  return text;
}

bool keeps(trace_sampling& filter, std::string_view id, fapilog::level severity = fapilog::level::info) {
  support::events made;
  fapilog::event& e = made.add("x", severity);
  e.context.push_back({"trace_id", value::of_string(id)});
  return filter.keep(e);
}

std::set<int> traces_kept_at(double rate, int count = 2'000) {
  trace_sampling filter{{.sample_rate = rate}};
  std::set<int> kept;
  for (int i = 0; i < count; ++i) {
    if (keeps(filter, trace_id(i))) kept.insert(i);
  }
  return kept;
}

}  // namespace

TEST_CASE("defect 12: under the envelope v1.1 trace_sampling keeps all records of a trace or none") {
  support::logged l{{.filters = {trace_sampling{{.sample_rate = 0.5}}}}};
  for (int i = 0; i < 40; ++i) {
    for (int step = 0; step < 25; ++step) l.log.info("step", kv("trace_id", trace_id(i)));
  }
  std::map<std::string, int> written;
  for (auto const& record : l.records()) ++written[record.at("context").at("trace_id")];
  for (auto const& [id, count] : written) CHECK(count == 25);
  CHECK(written.size() > 5);
  CHECK(written.size() < 35);
}

TEST_CASE("trace sampling decides by the id alone, the same in every process and version") {
  CHECK(traces_kept_at(0.5) == traces_kept_at(0.5));
  // SipHash-2-4 with a key of zeros, below half of 2^64; computed without this library.
  trace_sampling filter{{.sample_rate = 0.5}};
  std::string kept;
  for (int i = 0; i < 16; ++i) kept += keeps(filter, trace_id(i)) ? '1' : '0';
  CHECK(kept == "0011100001101110");
}

TEST_CASE("trace sampling keeps its share of traces, and at a lower share a subset of those") {
  auto const half = traces_kept_at(0.5);
  auto const tenth = traces_kept_at(0.1);
  CHECK(std::abs(static_cast<double>(half.size()) - 1'000) < 150);
  CHECK(std::abs(static_cast<double>(tenth.size()) - 200) < 90);
  for (int const i : tenth) CHECK(half.count(i) == 1);
  CHECK(traces_kept_at(0).empty());
  CHECK(traces_kept_at(1).size() == 2'000);
}

TEST_CASE("errors, AUDIT and SECURITY pass trace sampling, or the configured levels") {
  trace_sampling filter{{.sample_rate = 0}};
  for (auto const l :
       {fapilog::level::error, fapilog::level::critical, fapilog::level::audit, fapilog::level::security}) {
    CHECK(keeps(filter, trace_id(1), l));
  }
  CHECK_FALSE(keeps(filter, trace_id(1), fapilog::level::warning));
  trace_sampling warnings{
      {.sample_rate = 0, .always_pass_levels = fapilog::level_set::of(fapilog::level::warning)}};
  CHECK(keeps(warnings, trace_id(1), fapilog::level::warning));
  CHECK_FALSE(keeps(warnings, trace_id(1), fapilog::level::error));
}

TEST_CASE("records without a trace id are sampled at random, the same ones for a seed") {
  auto const decisions = [](trace_sampling filter) {
    support::events first;
    support::events second;
    fapilog::event& without = first.add("x");
    fapilog::event& empty = second.add("x");
    empty.context.push_back({"trace_id", value::of_string("")});
    std::vector<bool> all;
    for (int i = 0; i < 1'000; ++i) all.push_back(filter.keep(i % 2 == 0 ? without : empty));
    return all;
  };
  auto const first = decisions(trace_sampling{{.sample_rate = 0.5, .seed = 3}});
  CHECK(first == decisions(trace_sampling{{.sample_rate = 0.5, .seed = 3}}));
  double kept = 0;
  for (bool const one : first) kept += one ? 1 : 0;
  CHECK(std::abs(kept - 500) < 100);
}

TEST_CASE("the path of the trace id can be configured") {
  trace_sampling filter{{.sample_rate = 0.5, .trace_id_field = "data.request.trace"}};
  auto const keep = [&](int i) {
    support::events made;
    fapilog::event& e = made.add("x");
    std::string const id = trace_id(i);
    e.data.push_back({"request", made.object({{"trace", value::of_string(id)}})});
    return filter.keep(e);
  };
  auto const by_context = traces_kept_at(0.5, 100);
  for (int i = 0; i < 100; ++i) CHECK(keep(i) == (by_context.count(i) == 1));
}

TEST_CASE("trace sampling describes its settings, reports its rate and refuses invalid settings") {
  CHECK(support::names_of_settings<trace_sampling_config>() ==
        std::vector<std::string>{"sample_rate", "trace_id_field", "always_pass_levels", "seed"});
  CHECK(support::refusal_of([] { return trace_sampling{{.sample_rate = -1}}; }) ==
        "fapilog: trace_sampling.sample_rate: -1 is out of range (0 to 1)");
  CHECK(support::refusal_of([] { return trace_sampling{{.trace_id_field = ""}}; }) ==
        "fapilog: trace_sampling.trace_id_field: '' is invalid; expected keys separated by dots, such as "
        "context.trace_id");
  fapilog::metric_list all;
  fapilog::any_filter{trace_sampling{}}.base().collect(all);
  REQUIRE(all.size() == 1);
  CHECK(all[0].labels == decltype(all[0].labels){{"filter", "trace_sampling"}});
  CHECK(all[0].value == 0.1);
}
