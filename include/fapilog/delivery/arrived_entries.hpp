// SPDX-License-Identifier: MIT
// Which entries of a recovered batch a sink has already.
#pragma once

#include <fapilog/delivery/sink_guard.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/sink.hpp>

#include <vector>

namespace fapilog::inline v0_1::detail {

/// Returns true for each entry that the sink has already; at most one value for each entry. Returns nothing if the sink cannot
/// find records, or throws, which is reported.
[[nodiscard, gnu::cold]] inline std::vector<bool> arrived_entries(any_sink& sink, batch const& entries,
                                                                  sink_guard const& guard) {
  std::vector<bool> arrived;
  guard.call("the sink threw in find_arrived; it may get recovered records twice", [&] {
    arrived = sink.find_arrived(entries);
    if (arrived.size() > entries.size()) arrived.resize(entries.size());
  });
  return arrived;
}

}  // namespace fapilog::inline v0_1::detail
