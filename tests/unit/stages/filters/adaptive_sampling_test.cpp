// SPDX-License-Identifier: MIT
// Adaptive sampling: the share follows the load, by the time of the calls.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/settings.hpp"

#include <fapilog/stages/filters/adaptive_sampling.hpp>

#include <cstdint>
#include <string>
#include <vector>

using fapilog::detail::arrival_rate;
using fapilog::filters::adaptive_sampling;
using fapilog::filters::adaptive_sampling_config;
using support::one_second;

namespace {

/// Passes events to a filter, evenly over time.
struct load {
  adaptive_sampling filter;
  std::int64_t now = 1'769'509'800 * one_second;

  bool call(fapilog::level severity = fapilog::level::info) {
    support::events made;
    fapilog::event& e = made.add("x", severity);
    e.unix_ns = now;
    return filter.keep(e);
  }
  /// The number of events that pass in these seconds, at `per_second` events per second.
  int run(int per_second, int seconds) {
    int passed = 0;
    for (int i = 0; i < per_second * seconds; ++i) {
      passed += call() ? 1 : 0;
      now += one_second / per_second;
    }
    return passed;
  }
};

}  // namespace

TEST_CASE("with a load below the target everything passes") {
  load l{adaptive_sampling{{.target_eps = 100, .seed = 1}}};
  CHECK(l.run(90, 30) == 30 * 90);
  CHECK(l.filter.sample_rate() == 1);
}

TEST_CASE("with a load above the target, about the target passes once the share has settled") {
  load l{adaptive_sampling{{.target_eps = 100, .seed = 1}}};
  (void)l.run(2'000, 40);
  CHECK(l.filter.sample_rate() == Catch::Approx(0.05).epsilon(0.02));
  int const passed = l.run(2'000, 20);
  CHECK(passed > 20 * 85);
  CHECK(passed < 20 * 115);
}

TEST_CASE("the share moves once per second, by the smoothing factor of the difference") {
  load l{adaptive_sampling{{.target_eps = 100, .window_seconds = 1, .smoothing_factor = 0.5, .seed = 1}}};
  (void)l.run(1'000, 1);
  CHECK(l.filter.sample_rate() == 1);
  (void)l.call();
  CHECK(l.filter.sample_rate() == Catch::Approx(0.55));  // half of the way from 1 to 0.1
  l.now += one_second / 2;
  (void)l.call();
  CHECK(l.filter.sample_rate() == Catch::Approx(0.55));
}

TEST_CASE("when the load ends the share recovers, at once after a long silence") {
  load l{adaptive_sampling{{.target_eps = 100, .seed = 1}}};
  (void)l.run(2'000, 30);
  CHECK(l.filter.sample_rate() < 0.06);
  load after_silence{l};
  after_silence.now += 3'600 * one_second;
  CHECK(after_silence.call());
  CHECK(after_silence.filter.sample_rate() == Catch::Approx(1));
  (void)l.run(50, 40);
  CHECK(l.filter.sample_rate() == Catch::Approx(1).epsilon(0.001));
}

TEST_CASE("the share stays within its bounds") {
  load l{adaptive_sampling{{.target_eps = 1, .min_sample_rate = 0.2, .max_sample_rate = 0.5, .seed = 1}}};
  CHECK(l.filter.sample_rate() == 0.5);
  (void)l.run(1'000, 30);
  CHECK(l.filter.sample_rate() == Catch::Approx(0.2).epsilon(0.01));
  l.now += 3'600 * one_second;
  (void)l.run(1, 1);
  CHECK(l.filter.sample_rate() == Catch::Approx(0.5).epsilon(0.01));
}

TEST_CASE("errors, AUDIT and SECURITY pass adaptive sampling and do not count as load") {
  load l{adaptive_sampling{{.target_eps = 1, .min_sample_rate = 0, .max_sample_rate = 0.001, .seed = 1}}};
  for (auto const severity :
       {fapilog::level::error, fapilog::level::critical, fapilog::level::audit, fapilog::level::security}) {
    for (int i = 0; i < 100; ++i) CHECK(l.call(severity));
  }
  load other{adaptive_sampling{
      {.target_eps = 100, .always_pass_levels = fapilog::level_set::of(fapilog::level::warning), .seed = 1}}};
  for (int i = 0; i < 10'000; ++i) {
    CHECK(other.call(fapilog::level::warning));
    other.now += one_second / 1'000;
  }
  CHECK(other.filter.sample_rate() == 1);
}

TEST_CASE("pressure tightens the target at once, and its end loosens it within seconds") {
  load l{adaptive_sampling{{.target_eps = 1'000, .seed = 1}}};
  (void)l.run(2'000, 40);
  CHECK(l.filter.sample_rate() == Catch::Approx(0.5).epsilon(0.02));
  l.filter.tighten(0.5);
  CHECK(l.filter.sample_rate() == Catch::Approx(0.25).epsilon(0.02));
  l.filter.tighten(0.5);  // the same share again changes nothing
  CHECK(l.filter.sample_rate() == Catch::Approx(0.25).epsilon(0.02));
  (void)l.run(2'000, 20);
  CHECK(l.filter.sample_rate() == Catch::Approx(0.25).epsilon(0.02));
  l.filter.tighten(1);
  CHECK(l.filter.sample_rate() == Catch::Approx(0.25).epsilon(0.02));
  (void)l.run(2'000, 40);
  CHECK(l.filter.sample_rate() == Catch::Approx(0.5).epsilon(0.02));
  l.filter.tighten(0);
  l.filter.tighten(7);
  CHECK(l.filter.sample_rate() == Catch::Approx(0.5).epsilon(0.02));
}

TEST_CASE("any filter can be tightened, without effect if it has no tighten") {
  fapilog::any_filter adaptive{adaptive_sampling{{.target_eps = 10, .seed = 1}}};
  fapilog::any_filter function{[](fapilog::event const&) { return true; }};
  adaptive.tighten(0.25);
  function.tighten(0.25);
  fapilog::metric_list all;
  adaptive.base().collect(all);
  function.base().collect(all);
  REQUIRE(all.size() == 1);
  CHECK(all[0].name == "fapilog_filter_sample_rate");
  CHECK(all[0].kind == fapilog::metric_kind::gauge);
  CHECK(all[0].labels == decltype(all[0].labels){{"filter", "adaptive_sampling"}});
  CHECK(all[0].value == 0.25);
  support::events made;
  CHECK(function.keep(made.add("x")));
}

TEST_CASE("the share follows a new target like a new load") {
  load l{adaptive_sampling{{.target_eps = 100, .seed = 1}}};
  (void)l.run(1'000, 40);
  l.filter.set_target(500);
  l.filter.set_target(0);
  (void)l.run(1'000, 40);
  CHECK(l.filter.sample_rate() == Catch::Approx(0.5).epsilon(0.02));
}

TEST_CASE("if the clock is set back, the share stays and measuring continues from there") {
  load l{adaptive_sampling{{.target_eps = 100, .seed = 1}}};
  (void)l.run(1'000, 40);
  l.now -= 3'600 * one_second;
  (void)l.call();
  CHECK(l.filter.sample_rate() == Catch::Approx(0.1).epsilon(0.02));
  (void)l.run(2'000, 60);
  CHECK(l.filter.sample_rate() == Catch::Approx(0.05).epsilon(0.02));
}

TEST_CASE("adaptive sampling in a pipeline limits a flood, but not errors") {
  support::logged l{{.filters = {adaptive_sampling{
                         {.target_eps = 10, .min_sample_rate = 0, .max_sample_rate = 0.1, .seed = 1}}}}};
  for (int i = 0; i < 2'000; ++i) {
    l.log.info("flood");
    if (i % 100 == 0) l.log.error("error");
  }
  int errors = 0;
  int others = 0;
  for (auto const& record : l.records()) ++(record.at("level") == "ERROR" ? errors : others);
  CHECK(errors == 20);
  CHECK(others < 300);
  CHECK(l.rt.counts().filtered == static_cast<std::uint64_t>(2'000 - others));
}

TEST_CASE("adaptive sampling describes its settings and refuses invalid ones") {
  CHECK(support::names_of_settings<adaptive_sampling_config>() ==
        std::vector<std::string>{"target_eps", "min_sample_rate", "max_sample_rate", "window_seconds",
                                 "always_pass_levels", "smoothing_factor", "seed"});
  auto const refused = [](adaptive_sampling_config const& config) {
    return support::refusal_of([&] { return adaptive_sampling{config}; });
  };
  std::string const stage = "fapilog: adaptive_sampling.";
  CHECK(refused({.target_eps = 0}) ==
        stage + "target_eps: 0 is out of range (above 0, at most 1000000000000)");
  CHECK(refused({.min_sample_rate = -1}) == stage + "min_sample_rate: -1 is out of range (0 to 1)");
  CHECK(refused({.max_sample_rate = 1.5}) == stage + "max_sample_rate: 1.5 is out of range (0 to 1)");
  CHECK(refused({.min_sample_rate = 0.5, .max_sample_rate = 0.25}) ==
        stage + "min_sample_rate: must not be above max_sample_rate");
  CHECK(refused({.window_seconds = 0.5}) == stage + "window_seconds: 0.5 is out of range (1 to 3600)");
  CHECK(refused({.smoothing_factor = 0}) ==
        stage + "smoothing_factor: 0 is out of range (above 0, at most 1)");
}

TEST_CASE("arrivals are measured over the complete seconds of the window") {
  arrival_rate rate{3};
  std::int64_t now = 5 * one_second + 7;
  CHECK(rate.per_second() == 0);
  CHECK(rate.add(now) == 0);
  for (int i = 0; i < 9; ++i) CHECK(rate.add(now + one_second - 1) == 0);
  CHECK(rate.per_second() == 0);
  CHECK(rate.add(now + one_second) == 1);
  CHECK(rate.per_second() == 10);
  CHECK(rate.add(now + 2 * one_second) == 1);
  CHECK(rate.per_second() == Catch::Approx(5.5));
  CHECK(rate.add(now + 3 * one_second - 1) == 0);
  CHECK(rate.add(now + 4 * one_second) == 2);  // seconds of 1, 2 and 0 arrivals
  CHECK(rate.per_second() == Catch::Approx(1));
  CHECK(rate.add(now + 4 * one_second - 1) == 0);  // a little late
  CHECK(rate.add(now + 1'000 * one_second) == 996);
  CHECK(rate.per_second() == 0);
}
