// SPDX-License-Identifier: MIT
// The account of records: what was submitted and what became of each.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fapilog::inline v0_1 {

/// Why a record was given up before it reached the pipeline.
enum class drop_reason : std::uint8_t {
  queue_full = 0,  ///< the thread's lane was full and the policy said so
  closed = 1,      ///< logged after drain began
  no_memory = 2,   ///< no lane or no block for a large record could be had
  reentrant = 3,   ///< logged from a signal handler in the middle of another log call
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

/// How far a runtime is behind with its work.
enum class pressure_level : std::uint8_t { normal = 0, elevated = 1, high = 2, critical = 3 };

[[nodiscard]] constexpr char const* pressure_level_name(pressure_level value) noexcept {
  switch (value) {
    case pressure_level::normal: return "normal";
    case pressure_level::elevated: return "elevated";
    case pressure_level::high: return "high";
    case pressure_level::critical: return "critical";
  }
  return "unknown";
}

/// What the adaptive pipeline did.
struct pressure_summary {
  pressure_level now = pressure_level::normal;
  pressure_level peak = pressure_level::normal;
  std::uint64_t escalations = 0;
  std::uint64_t deescalations = 0;
  std::uint64_t shed = 0;  ///< records that it left out; they are among the filtered
};

/// What became of the records of a runtime. At any time
/// `submitted = processed + filtered + dropped.total() + rejected + failed + spooled + pending`. Records below the level
/// are not submitted. Where several sinks have a record the worst counts: failed, rejected, spooled, processed.
struct account {
  std::uint64_t submitted =
      0;  ///< log calls that passed the level; records of the library's own are in no account
  std::uint64_t processed = 0;  ///< taken by every sink that they were for, or its fallback
  std::uint64_t filtered = 0;   ///< removed by a filter or under pressure, or taken by no sink's route
  drop_counts dropped;          ///< given up before the pipeline
  std::uint64_t rejected = 0;   ///< refused by at least one sink for good
  std::uint64_t failed = 0;     ///< given up by a stage, or by at least one sink after all offers
  std::uint64_t spooled = 0;    ///< on disk, for a sink that is down
  std::uint64_t retried = 0;    ///< records in batches that were offered to a sink again; not part of the sum
  std::uint64_t pending = 0;    ///< still on the way
  std::uint64_t queue_depth_high_watermark = 0;  ///< most bytes that ever waited in one lane
  pressure_summary pressure = {};                ///< of the adaptive pipeline, where it is switched on
  double flush_latency = 0;  ///< seconds that this flush or drain took; 0 in a plain snapshot
  bool complete = true;      ///< false when the flush or drain ran into its timeout

  /// For whoever puts an account together: `pending` is what the other counts leave.
  constexpr void find_pending() noexcept {
    std::uint64_t const known = processed + filtered + dropped.total() + rejected + failed + spooled;
    pending = submitted > known ? submitted - known : 0;
  }
  [[nodiscard]] constexpr bool balanced() const noexcept {
    return submitted == processed + filtered + dropped.total() + rejected + failed + spooled + pending;
  }
  /// True when the flush or drain ended in time.
  constexpr explicit operator bool() const noexcept { return complete; }
};

}  // namespace fapilog::inline v0_1
