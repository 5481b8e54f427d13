// SPDX-License-Identifier: MIT
// Metrics in the text format of Prometheus.
#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/switched_sink.hpp"

#include <fapilog/fapilog.hpp>

#include <chrono>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using fapilog::metric;
using fapilog::metric_kind;
using fapilog::metric_list;
using namespace std::chrono_literals;

TEST_CASE("counters, gauges and histograms have the form of the text format") {
  metric_list all;
  all.push_back({"b_total", "Second.", metric_kind::counter, {{"sink", "a\"b\\c\nd"}}, 3, {}, 0});
  all.push_back({"a_bytes", "First\nline \\ here.", metric_kind::gauge, {}, 1.5, {}, 0});
  all.push_back({"b_total", "Second.", metric_kind::counter, {{"sink", "z"}}, 1e15, {}, 0});
  metric h{"c_seconds", "Third.", metric_kind::histogram, {{"x", "y"}}, 0, {}, 0};
  fapilog::histogram<2> seconds{{0.25, 1.0}};
  for (double const value : {0.25, 0.3, 7.0}) seconds.observe(value);
  seconds.collect_into(h);
  all.push_back(h);
  CHECK(prometheus_text(all) ==
        "# HELP a_bytes First\\nline \\\\ here.\n# TYPE a_bytes gauge\na_bytes 1.5\n"
        "# HELP b_total Second.\n# TYPE b_total counter\n"
        "b_total{sink=\"a\\\"b\\\\c\\nd\"} 3\nb_total{sink=\"z\"} 1000000000000000\n"
        "# HELP c_seconds Third.\n# TYPE c_seconds histogram\n"
        "c_seconds_bucket{x=\"y\",le=\"0.25\"} 1\nc_seconds_bucket{x=\"y\",le=\"1\"} 2\n"
        "c_seconds_bucket{x=\"y\",le=\"+Inf\"} 3\nc_seconds_sum{x=\"y\"} 7.5499999999999998\n"
        "c_seconds_count{x=\"y\"} 3\n");
}

TEST_CASE("the metrics of a runtime include its account, its sinks and its stages, each series once") {
  auto one = std::make_shared<support::switched_sink>("same");
  auto two = std::make_shared<support::switched_sink>("same");
  struct failing {
    static bool keep(fapilog::event const& e) {
      if (e.message == "odd") throw std::runtime_error{"no"};
      return e.message != "gone";
    }
    static std::string name() { return "failing"; }
    static void collect(metric_list& all) {
      all.push_back({"own_total", "Own.", metric_kind::counter, {}, 42, {}, 0});
    }
  };
  fapilog::runtime rt{{.filters = {failing{}, failing{}},
                       .sinks = {one, two},
                       .diagnostics_output = [](std::string_view) {}}};
  auto const log = rt.get_logger();
  for (char const* const text : {"a", "b", "odd", "gone", "poison"}) log.info(fapilog::runtime_text(text));
  (void)rt.drain(60s);
  std::string const text = prometheus_text(rt);
  for (char const* const line :
       {"fapilog_events_submitted_total 5\n", "fapilog_events_processed_total 3\n",
        "fapilog_events_filtered_total 1\n", "fapilog_events_rejected_total 1\n",
        "fapilog_events_dropped_total{reason=\"queue_full\"} 0\n",
        "fapilog_sink_records_total{sink=\"same\",result=\"delivered\"} 3\n",
        "fapilog_sink_records_total{sink=\"same_2\",result=\"rejected\"} 1\n",
        "fapilog_circuit_breaker_state{sink=\"same\"} 0\n",
        "fapilog_plugin_errors_total{plugin=\"failing\"} 2\n", "own_total{stage=\"failing\"} 42\n",
        "own_total{stage=\"failing_2\"} 42\n", "fapilog_pressure_level 0\n"}) {
    CAPTURE(line);
    CHECK(text.find(line) != std::string::npos);
  }
  std::istringstream lines{text};
  std::set<std::string> series;
  std::size_t repeated = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!series.insert(line.substr(0, line.rfind(' '))).second && line[0] != '#') ++repeated;
  }
  CHECK(repeated == 0);
}

TEST_CASE("metrics of a sink are labelled with its name, even if the sink is shared or its collect throws") {
  struct counting_sink {
    static void write(fapilog::batch const&) {}
    static void collect(metric_list& all) {
      all.push_back({.name = "acme_sent_total", .help = "Sent.", .value = 7});
    }
  };
  struct silent_sink {
    static void write(fapilog::batch const&) {}
    static void collect(metric_list&) { throw std::runtime_error{"not now"}; }
  };
  fapilog::runtime rt{{.sinks = {{counting_sink{}, {.name = "one"}},
                                 {std::make_shared<counting_sink>(), {.name = "two"}},
                                 silent_sink{}}}};
  std::string const text = prometheus_text(rt);
  CHECK(text.find("acme_sent_total{sink=\"one\"} 7\n") != std::string::npos);
  CHECK(text.find("acme_sent_total{sink=\"two\"} 7\n") != std::string::npos);
}
