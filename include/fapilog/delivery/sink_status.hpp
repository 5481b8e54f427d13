// SPDX-License-Identifier: MIT
// Name, health and counters of one sink, as a runtime reports them.
#pragma once

#include <fapilog/detail/os/platform.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/metrics/sink_account.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Age of the oldest record in the spool, in seconds; 0 if the spool is empty.
[[nodiscard, gnu::cold]] inline double spool_age_seconds(sink_counters const& counts) noexcept {
  std::uint64_t const oldest = counts.spool_oldest_ns.value();
  auto const now = static_cast<std::uint64_t>(wall_clock_ns());
  return oldest == 0 || now < oldest ? 0.0 : static_cast<double>(now - oldest) / 1e9;
}
/// Records that leave the spool in a second; 0 if none has left it for ten seconds.
[[nodiscard, gnu::cold]] inline std::uint64_t spool_drain_rate(sink_counters const& counts) noexcept {
  constexpr std::uint64_t max_age_ns = 10'000'000'000;
  auto const now = static_cast<std::uint64_t>(steady_clock_ns());
  return now < counts.spool_drained_at_ns.value() + max_age_ns ? counts.spool_drain_rate.value() : 0;
}

/// Thread: any.
class sink_status {
 public:
  sink_status(std::string name, any_sink sink, bool has_spool)
      : name_(std::move(name)), sink_(std::move(sink)), has_spool_(has_spool) {}

  [[nodiscard]] std::string const& name() const noexcept { return name_; }
  [[nodiscard]] bool has_spool() const noexcept { return has_spool_; }
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
  /// The last known health, and how far the spool is behind.
  [[nodiscard, gnu::cold]] sink_health health() const {
    std::unique_lock lock{mutex_};
    sink_health now = health_;
    lock.unlock();
    if (counts.spool_oldest_ns.value() != 0) {
      append(now.detail, {now.detail.empty() ? "" : "; ", "spool: the oldest record is ",
                          std::to_string(static_cast<std::uint64_t>(spool_age_seconds(counts))), " s old, ",
                          std::to_string(spool_drain_rate(counts)), " records a second leave it, it is ",
                          std::to_string(spool_fill_percent(counts)), " % full"});
    }
    return now;
  }

  sink_counters counts;

 private:
  std::string name_;
  any_sink sink_;
  bool const has_spool_;
  mutable std::mutex mutex_;
  sink_health health_;
};

}  // namespace fapilog::inline v0_1::detail
