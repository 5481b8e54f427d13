// SPDX-License-Identifier: MIT
// Sampling: the share that is kept, and that a seed repeats it.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/settings.hpp"

#include <fapilog/stages/filters/sampling.hpp>

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

using fapilog::filters::sampling;
using fapilog::filters::sampling_config;

namespace {

std::vector<bool> decisions_of(sampling filter, int count = 10'000) {
  support::events made;
  fapilog::event const& e = made.add("x", fapilog::level::critical);
  std::vector<bool> all;
  for (int i = 0; i < count; ++i) all.push_back(filter.keep(e));
  return all;
}

double share_of(std::vector<bool> const& decisions) {
  double kept = 0;
  for (bool const one : decisions) kept += one ? 1 : 0;
  return kept / static_cast<double>(decisions.size());
}

}  // namespace

TEST_CASE("sampling keeps its share, nothing at 0 and everything at 1") {
  CHECK(share_of(decisions_of(sampling{})) == 1);
  CHECK(share_of(decisions_of(sampling{{.sample_rate = 0}})) == 0);
  CHECK(std::abs(share_of(decisions_of(sampling{{.sample_rate = 0.25}})) - 0.25) < 0.03);
}

TEST_CASE("sampling with a seed keeps the same records in each run, another seed others") {
  auto const first = decisions_of(sampling{{.sample_rate = 0.5, .seed = 42}});
  CHECK(first == decisions_of(sampling{{.sample_rate = 0.5, .seed = 42}}));
  CHECK(first != decisions_of(sampling{{.sample_rate = 0.5, .seed = 43}}));
  CHECK(first != decisions_of(sampling{{.sample_rate = 0.5}}));
}

TEST_CASE("a copy of a sampling filter continues from the state of the original") {
  support::events made;
  fapilog::event const& e = made.add("x");
  sampling first{{.sample_rate = 0.5, .seed = 1}};
  for (int i = 0; i < 100; ++i) (void)first.keep(e);
  CHECK(decisions_of(first) == decisions_of(first));
  CHECK(decisions_of(first) != decisions_of(sampling{{.sample_rate = 0.5, .seed = 1}}));
}

TEST_CASE("sampling in a pipeline: records are written or counted as filtered") {
  support::logged l{{.filters = {sampling{{.sample_rate = 0.5, .seed = 7}}}}};
  for (int i = 0; i < 1'000; ++i) l.log.info("x");
  auto const written = l.records().size();
  CHECK(written > 400);
  CHECK(written < 600);
  CHECK(l.rt.counts().filtered == 1'000 - written);
}

TEST_CASE("sampling describes its settings, reports its rate and refuses what is not a share") {
  CHECK(support::names_of_settings<sampling_config>() == std::vector<std::string>{"sample_rate", "seed"});
  CHECK(support::refusal_of([] { return sampling{{.sample_rate = 1.5}}; }) ==
        "fapilog: sampling.sample_rate: 1.5 is out of range (0 to 1)");
  fapilog::any_filter const any{sampling{{.sample_rate = 0.25}}};
  fapilog::metric_list all;
  any.base().collect(all);
  REQUIRE(all.size() == 1);
  CHECK(all[0].name == "fapilog_filter_sample_rate");
  CHECK(all[0].kind == fapilog::metric_kind::gauge);
  CHECK(all[0].labels == decltype(all[0].labels){{"filter", "sampling"}});
  CHECK(all[0].value == 0.25);
}
