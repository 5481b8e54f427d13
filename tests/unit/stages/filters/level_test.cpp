// SPDX-License-Identifier: MIT
// The level filter: which side of a level is kept.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/settings.hpp"

#include <fapilog/stages/filters/level.hpp>

#include <string>
#include <vector>

using fapilog::filters::level_config;
using level_texts = std::vector<std::string>;

namespace {

/// The levels that pass a filter.
level_texts kept_by(level_config const& config) {
  fapilog::filters::level const filter{config};
  support::events made;
  level_texts kept;
  for (auto const l : {fapilog::level::debug, fapilog::level::info, fapilog::custom_level(25),
                       fapilog::level::warning, fapilog::level::error, fapilog::level::security}) {
    if (filter.keep(made.add("x", l))) kept.push_back(std::to_string(static_cast<int>(l)));
  }
  return kept;
}

}  // namespace

TEST_CASE("the level filter drops what is below its level, custom levels by their number") {
  CHECK(kept_by({}) == level_texts{"20", "25", "30", "40", "70"});
  CHECK(kept_by({.min_level = fapilog::level::warning}) == level_texts{"30", "40", "70"});
  CHECK(kept_by({.min_level = fapilog::custom_level(25)}) == level_texts{"25", "30", "40", "70"});
}

TEST_CASE("the inverted level filter drops its level and everything above") {
  CHECK(kept_by({.min_level = fapilog::level::warning, .drop_below = false}) ==
        level_texts{"10", "20", "25"});
}

TEST_CASE("the level filter in a pipeline: dropped records are counted as filtered") {
  support::logged l{{.log_level = fapilog::level::debug,
                     .filters = {fapilog::filters::level{{.min_level = fapilog::level::warning}}}}};
  l.log.debug("no");
  l.log.info("no");
  l.log.warning("yes");
  l.log.error("yes");
  CHECK(l.records().size() == 2);
  CHECK(l.rt.counts().filtered == 2);
  CHECK(l.rt.counts().balanced());
}

TEST_CASE("the level filter describes its settings") {
  CHECK(support::names_of_settings<level_config>() == level_texts{"min_level", "drop_below"});
  CHECK(fapilog::any_filter{fapilog::filters::level{}}.base().name() == "level");
}
