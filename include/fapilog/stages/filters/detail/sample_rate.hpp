// SPDX-License-Identifier: MIT
// The gauge that all sampling filters report.
#pragma once

#include <fapilog/metrics/metric.hpp>

#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// `fapilog_filter_sample_rate{filter="..."}`.
[[nodiscard]] inline metric sample_rate_metric(std::string_view filter, double rate) {
  metric m;
  m.name = "fapilog_filter_sample_rate";
  m.help = "Share of events that a sampling filter keeps.";
  m.kind = metric_kind::gauge;
  m.labels = {{"filter", std::string{filter}}};
  m.value = rate;
  return m;
}

}  // namespace fapilog::inline v0_1::detail
