// SPDX-License-Identifier: MIT
// The account of a runtime: how many records were submitted, and what happened to them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fapilog::inline v0_1 {

namespace detail {
/// Why a record was dropped before it reached the pipeline.
enum class drop_reason : std::uint8_t {
  queue_full = 0,  ///< the thread's lane was full, and `when_full` is `drop` or its wait ran out
  closed = 1,      ///< logged after drain began
  no_memory = 2,   ///< no memory for a lane or for a large record
  reentrant = 3,   ///< logged from a signal handler that interrupted another call, or left by siglongjmp
};

inline constexpr std::size_t drop_reason_count = 4;

[[nodiscard]] constexpr char const* drop_reason_name(drop_reason reason) noexcept {
  switch (reason) {
    case drop_reason::queue_full: return "queue_full";
    case drop_reason::closed: return "closed";
    case drop_reason::no_memory: return "no_memory";
    case drop_reason::reentrant: return "reentrant";
  }
  return "unknown";
}
}  // namespace detail

/// How far the worker is behind.
enum class pressure_level : std::uint8_t { normal = 0, elevated = 1, high = 2, critical = 3 };

namespace detail {
[[nodiscard]] constexpr char const* pressure_level_name(pressure_level value) noexcept {
  switch (value) {
    case pressure_level::normal: return "normal";
    case pressure_level::elevated: return "elevated";
    case pressure_level::high: return "high";
    case pressure_level::critical: return "critical";
  }
  return "unknown";
}
}  // namespace detail

/// Records of a runtime by result. At any time
/// `submitted = processed + filtered + dropped.total() + rejected + failed + spooled + pending`. Calls below the level are
/// not submitted. If several sinks get a record, the worst result counts: failed, rejected, spooled, processed.
struct account {
  /// Dropped records by reason.
  struct drop_counts {
    std::uint64_t queue_full = 0;
    std::uint64_t closed = 0;
    std::uint64_t no_memory = 0;
    std::uint64_t reentrant = 0;

    [[nodiscard]] constexpr std::uint64_t total() const noexcept {
      return queue_full + closed + no_memory + reentrant;
    }
    friend constexpr bool operator==(drop_counts const&, drop_counts const&) noexcept = default;
  };

  /// What the adaptive pipeline has done.
  struct pressure_summary {
    pressure_level now = pressure_level::normal;
    pressure_level peak = pressure_level::normal;
    std::uint64_t escalations = 0;
    std::uint64_t deescalations = 0;
    std::uint64_t shed = 0;  ///< records that it removed; included in `filtered`
  };

  std::uint64_t submitted = 0;  ///< log calls that passed the level; internal records are in no account
  std::uint64_t processed = 0;  ///< delivered to every sink whose route takes them, or to its fallback
  std::uint64_t filtered = 0;   ///< removed by a filter or under pressure, or taken by no route
  drop_counts dropped;          ///< dropped before the pipeline
  std::uint64_t rejected = 0;   ///< permanently rejected by at least one sink
  std::uint64_t failed = 0;     ///< lost in a stage, or in at least one sink after all attempts
  std::uint64_t spooled = 0;    ///< on disk, for a sink that is down
  std::uint64_t retried = 0;    ///< records in write attempts after the first; not part of the sum
  std::uint64_t pending = 0;    ///< not finished yet
  std::uint64_t queue_depth_high_watermark = 0;  ///< maximum number of bytes that waited in one lane
  pressure_summary pressure = {};                ///< of the adaptive pipeline, if it is enabled
  double flush_latency = 0;  ///< duration of this flush or drain in seconds; 0 in a plain snapshot
  bool complete = true;      ///< false if the flush or drain ran into its timeout

  /// Sets `pending` to what the other counts leave of `submitted`.
  constexpr void find_pending() noexcept {
    std::uint64_t const known = processed + filtered + dropped.total() + rejected + failed + spooled;
    pending = submitted > known ? submitted - known : 0;
  }
  [[nodiscard]] constexpr bool balanced() const noexcept {
    return submitted == processed + filtered + dropped.total() + rejected + failed + spooled + pending;
  }
  /// True if the flush or drain ended in time.
  constexpr explicit operator bool() const noexcept { return complete; }
};

}  // namespace fapilog::inline v0_1
