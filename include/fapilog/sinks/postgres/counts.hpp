// SPDX-License-Identifier: MIT
// Counters of a Postgres sink.
#pragma once

#include <fapilog/metrics/metric.hpp>

namespace fapilog::inline v0_1::sinks {

/// Totals since the sink was made. Thread: any may read.
struct postgres_counts {
  counter rows;        ///< rows that are new in the table
  counter duplicates;  ///< rows that were already stored: their acknowledgement had been lost
  counter rejected;    ///< records that the server refused
  counter statements;
  counter connections;
};

}  // namespace fapilog::inline v0_1::sinks
