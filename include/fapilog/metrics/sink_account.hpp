// SPDX-License-Identifier: MIT
// The account of one sink: how many records it was given, and what happened to them.
#pragma once

#include <fapilog/metrics/loss_counts.hpp>
#include <fapilog/metrics/metric.hpp>

#include <array>
#include <cstdint>
#include <string>

namespace fapilog::inline v0_1 {

/// Records of one sink by result. At any time
/// `given = delivered + to_fallback + rejected + failed + dropped + spooled + pending`.
struct sink_account {
  std::uint64_t given = 0;        ///< records that its route takes
  std::uint64_t delivered = 0;    ///< written by the sink, including those that were spooled before
  std::uint64_t to_fallback = 0;  ///< written by the fallback instead
  std::uint64_t rejected = 0;     ///< permanently rejected by the sink, and not taken by a fallback
  std::uint64_t failed = 0;       ///< lost after all attempts
  std::uint64_t dropped = 0;      ///< lost because the queue or the spool was full
  std::uint64_t spooled = 0;      ///< on disk now
  std::uint64_t pending = 0;      ///< not finished yet
  std::uint64_t retried = 0;      ///< records in write attempts after the first; not part of the sum
  std::uint64_t recovered = 0;    ///< delivered from the spool of an earlier process; not part of the sum

  [[nodiscard]] constexpr bool balanced() const noexcept {
    return given == delivered + to_fallback + rejected + failed + dropped + spooled + pending;
  }
};

namespace detail {
/// The counts behind a `sink_account`. Thread: any.
struct sink_counters {
  counter given;
  counter delivered;
  counter to_fallback;
  counter rejected;
  counter failed;
  counter dropped;
  counter spooled;
  counter retried;
  counter recovered;
  counter lost_internal;         ///< internal records among `rejected`, `failed` and `dropped`
  counter found;                 ///< recovered records that the sink already had; among `delivered`
  counter errors;                ///< failed write attempts
  counter queue_bytes;           ///< bytes in the queue now
  counter queue_high_watermark;  ///< maximum of `queue_bytes`
  counter spool_oldest_ns;      ///< time of the oldest record in the spool, since 1970; 0: the spool is empty
  counter spool_bytes;          ///< bytes of the spool's files now
  counter spool_max_bytes;      ///< their limit; 0: no spool
  counter spool_drained;        ///< records that have left the spool
  counter spool_drained_at_ns;  ///< when the last of them did, by the steady clock
  counter spool_drain_rate;     ///< records a second, lately
  counter circuit;              ///< state of the circuit breaker: 0 closed, 1 half-open, 2 open
  counter circuit_opened;       ///< how often the circuit opened
  histogram<11> seconds{{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1.0}};

  /// Resets the counts in a forked child: the parent keeps its records.
  void after_fork() noexcept {
    for (counter* const c :
         {&given, &delivered, &to_fallback, &rejected, &failed, &dropped, &spooled, &retried, &recovered,
          &lost_internal, &found, &errors, &queue_bytes, &queue_high_watermark, &spool_bytes,
          &spool_oldest_ns, &spool_drained, &spool_drain_rate}) {
      c->set(0);
    }
  }

  /// Reads `lost_internal` last: what is counted meanwhile is not taken for the loss of a record.
  [[nodiscard]] loss_counts losses() const noexcept {
    loss_counts all{{dropped.value(), rejected.value(), failed.value()}, 0};
    all.internal = lost_internal.value();
    return all;
  }
  /// Reads `given` last, so that `pending` is never negative.
  [[nodiscard]] sink_account account() const noexcept {
    sink_account a;
    a.delivered = delivered.value();
    a.to_fallback = to_fallback.value();
    a.rejected = rejected.value();
    a.failed = failed.value();
    a.dropped = dropped.value();
    a.spooled = spooled.value();
    a.retried = retried.value();
    a.recovered = recovered.value();
    a.given = given.value();
    std::uint64_t const known = a.delivered + a.to_fallback + a.rejected + a.failed + a.dropped + a.spooled;
    a.pending = a.given > known ? a.given - known : 0;
    return a;
  }
};
/// How full the spool is; 0 without one.
[[nodiscard]] inline std::uint64_t spool_fill_percent(sink_counters const& counts) noexcept {
  std::uint64_t const max = counts.spool_max_bytes.value();
  return max == 0 ? 0 : counts.spool_bytes.value() * 100 / max;
}
}  // namespace detail

}  // namespace fapilog::inline v0_1
