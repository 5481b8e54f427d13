// SPDX-License-Identifier: MIT
// The account of one sink: what it was given and what became of it.
#pragma once

#include <fapilog/metrics/metric.hpp>

#include <array>
#include <cstdint>
#include <string>

namespace fapilog::inline v0_1 {

/// Records by what became of them at one sink. At any time
/// `given = delivered + to_fallback + rejected + failed + dropped + spooled + pending`.
struct sink_account {
  std::uint64_t given = 0;        ///< that its route takes
  std::uint64_t delivered = 0;    ///< taken by the sink, some of them after they had been spooled
  std::uint64_t to_fallback = 0;  ///< taken by the fallback instead
  std::uint64_t rejected = 0;     ///< refused by the sink for good, and by no fallback taken
  std::uint64_t failed = 0;       ///< given up after all offers
  std::uint64_t dropped = 0;      ///< given up because its queue or spool was full
  std::uint64_t spooled = 0;      ///< on disk now
  std::uint64_t pending = 0;      ///< on the way
  std::uint64_t retried = 0;      ///< records in batches that were offered again; not part of the sum
  std::uint64_t recovered = 0;    ///< delivered from the spool of an earlier process; not part of the sum

  [[nodiscard]] constexpr bool balanced() const noexcept {
    return given == delivered + to_fallback + rejected + failed + dropped + spooled + pending;
  }
};

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
  counter errors;       ///< offers that failed
  counter queue_bytes;  ///< that wait now, and the most that ever did:
  counter queue_high_watermark;
  counter circuit;         ///< state: 0 closed, 1 half-open, 2 open
  counter circuit_opened;  ///< how often
  histogram<11> seconds{{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1.0}};

  /// In a forked child: the parent's records are the parent's.
  void after_fork() noexcept {
    for (counter* const c : {&given, &delivered, &to_fallback, &rejected, &failed, &dropped, &spooled,
                             &retried, &recovered, &errors, &queue_bytes, &queue_high_watermark}) {
      c->set(0);
    }
  }

  /// `given` is read last, so that `pending` is never negative.
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

}  // namespace fapilog::inline v0_1
