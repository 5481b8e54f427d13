// SPDX-License-Identifier: MIT
// Name, health and counters of one sink, as a runtime reports them.
#pragma once

#include <fapilog/metrics/sink_account.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <mutex>
#include <string>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Thread: any.
class sink_status {
 public:
  sink_status(std::string name, any_sink sink) : name_(std::move(name)), sink_(std::move(sink)) {}

  [[nodiscard]] std::string const& name() const noexcept { return name_; }
  /// Adds the sink's own metrics, labelled with its name.
  [[gnu::cold]] void collect(metric_list& all) const {
    std::size_t const begin = all.size();
    try {
      sink_.collect(all);
    } catch (...) {
      // Metrics are best effort: if `collect` throws, the metrics that it added before remain.
    }
    for (std::size_t i = begin; i < all.size(); ++i) all[i].labels.emplace_back("sink", name_);
  }
  [[gnu::cold]] void set_health(sink_health health) {
    std::lock_guard const lock{mutex_};
    health_ = std::move(health);
  }
  /// The last known health.
  [[nodiscard, gnu::cold]] sink_health health() const {
    std::lock_guard const lock{mutex_};
    return health_;
  }

  sink_counters counts;

 private:
  std::string name_;
  any_sink sink_;
  mutable std::mutex mutex_;
  sink_health health_;
};

}  // namespace fapilog::inline v0_1::detail
