// SPDX-License-Identifier: MIT
// Learns from the gaps between records how long the worker should nap before it sleeps until a call wakes it.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace fapilog::inline v0_1::detail {

/// A worker that naps sees a record after at most `longest_nap`, and the call that logged it paid nothing. A worker that
/// sleeps makes no wake-ups, and the next call pays for waking it. So the worker naps as long as the recent gaps say that a
/// record will come soon and its naps stay within the budget, and sleeps after that. If the recent gaps are about equally
/// long, it also sleeps, with a timeout, until shortly before the next record is expected.
///
/// While records stream, a nap is long enough to gather some: the kernel takes longer for a nap, and a sink for a batch, than
/// the worker for a record.
///
/// A nap counts with the duration that was requested: if it takes longer on a busy machine, that is no idleness.
/// Thread: one. Throws: never.
class idle_policy {
 public:
  using clock = std::chrono::steady_clock;
  using nanoseconds = std::chrono::nanoseconds;

  static constexpr nanoseconds shortest_nap = std::chrono::microseconds{50};
  /// With the 60 to 100 us that the kernel and the wake-up add, a record waits for half a millisecond on average.
  static constexpr nanoseconds longest_nap = std::chrono::microseconds{900};
  /// Number of records that a nap should gather: few, so that they are still in the processor's cache.
  static constexpr int gathered = 32;
  /// How long the worker naps if no recent gap was longer.
  static constexpr nanoseconds shortest_watch = std::chrono::milliseconds{2};
  /// A longer gap is worth a wake-up: no naps are spent on it.
  static constexpr nanoseconds longest_gap = std::chrono::milliseconds{250};
  /// Until this many gaps are known, a record is expected within `longest_gap`.
  static constexpr std::size_t enough_gaps = 3;
  /// A shorter silence is not worth the system calls of a sleep.
  static constexpr nanoseconds shortest_silence = std::chrono::milliseconds{4};
  /// Processor time that a nap counts: about what it takes on a quiet machine.
  static constexpr nanoseconds nap_cost = std::chrono::microseconds{5};

  /// `nap_budget`: the share of a processor that naps may use, 0 to 1.
  explicit idle_policy(double nap_budget) noexcept : budget_(nap_budget), credit_(max_credit()) {}

  /// No record is left at `now`; the worker has handled `records` since the last call. An idle period goes on until
  /// `record_found`, whatever else the worker does meanwhile.
  void no_record(clock::time_point now, std::int64_t records) noexcept {
    if (last_ != clock::time_point{} && now > last_) {
      credit_ = (std::min)(max_credit(), credit_ + share_of(now - last_));
      if (records != 0) {
        distance_ = (distance_ + (std::min<nanoseconds>)((now - last_) / records, longest_nap)) / 2;
      }
    }
    last_ = now;
  }
  /// How long no record is expected, so that the worker should sleep that long and not nap; mostly 0. A record that comes
  /// earlier wakes the worker: then `expectation_failed` must be called.
  [[nodiscard]] nanoseconds expected_silence() const noexcept {
    bool const is_silent =
        budget_ > 0 && idle_ >= shortest_watch && silent_until_ >= idle_ + late_ + shortest_silence;
    return is_silent ? silent_until_ - idle_ - late_ : nanoseconds{0};
  }
  /// The length of the next nap, or nothing: the worker should sleep until a call wakes it.
  [[nodiscard]] std::optional<nanoseconds> next_nap() const noexcept {
    if (idle_ >= watch_ || budget_ <= 0) return std::nullopt;
    if (credit_ > nanoseconds{0})
      return std::clamp((std::max)(idle_ / 4, distance_ * gathered), shortest_nap, longest_nap);
    // Out of credit: long naps cost the least. If even they exceed the budget, sleep.
    if (credit_ < -max_credit()) return std::nullopt;
    return longest_nap;
  }
  /// A nap of this length is over, which took `late` longer, and no record was found before it. The next record comes no later
  /// because the nap did: the expected silence ends as much earlier.
  void napped(nanoseconds length, nanoseconds late = {}) noexcept {
    idle_ += length;
    last_nap_ = length;
    late_ += late;
    credit_ -= nap_cost;
  }
  /// The worker has slept, in addition to its naps.
  void slept(nanoseconds time) noexcept {
    idle_ += time;
    last_nap_ = nanoseconds{0};
  }

  /// A record has woken the worker from an expected silence. The rhythm, or the machine, is not as steady as it seemed: no
  /// silence is expected for enough gaps that such wake-ups remain rare.
  void expectation_failed() noexcept { gaps_without_silence_ = 500; }

  /// There is a record: the idle period is over.
  void record_found() noexcept {
    // The record may have come at any time in the last nap.
    if (idle_ - last_nap_ >= shortest_watch / 2) remember(idle_);
    idle_ = late_ = last_nap_ = nanoseconds{0};
  }

 private:
  [[nodiscard]] nanoseconds share_of(nanoseconds time) const noexcept {
    return nanoseconds{static_cast<nanoseconds::rep>(static_cast<double>(time.count()) * budget_)};
  }
  /// What 100 ms of the budget allow.
  [[nodiscard]] nanoseconds max_credit() const noexcept { return share_of(std::chrono::milliseconds{100}); }

  /// The watch becomes half as long again as the longest of the recent gaps that are worth naps. If all of them are about
  /// equally long, the next one is expected to be hardly shorter than the shortest.
  void remember(nanoseconds gap) noexcept {
    gaps_[next_gap_++ % gaps_.size()] = gap;
    std::size_t const known = (std::min)(next_gap_, gaps_.size());
    std::size_t short_gaps = 0;
    nanoseconds longest{0};
    nanoseconds shortest = longest_gap;
    for (std::size_t i = 0; i < known; ++i) {
      if (gaps_[i] > longest_gap) continue;
      ++short_gaps;
      longest = (std::max)(longest, gaps_[i]);
      shortest = (std::min)(shortest, gaps_[i]);
    }
    bool const is_worth_naps = short_gaps * 4 >= known;
    watch_ = known < enough_gaps ? longest_gap
             : is_worth_naps     ? (std::max)(shortest_watch, longest + longest / 2)
                                 : shortest_watch;
    if (gaps_without_silence_ > 0) --gaps_without_silence_;
    bool const is_steady =
        gaps_without_silence_ == 0 && short_gaps == gaps_.size() && longest <= 2 * shortest;
    silent_until_ = is_steady ? shortest - (std::max)(shortest / 8, shortest_watch) : nanoseconds{0};
  }

  double const budget_;
  nanoseconds credit_;  ///< processor time that naps may still use
  nanoseconds idle_{0};
  nanoseconds late_{0};      ///< how much longer the naps of this idle period took
  nanoseconds last_nap_{0};  ///< length of the nap before this moment; 0 if there was none
  nanoseconds distance_{0};  ///< mean time between the last few records, `longest_nap` at most
  nanoseconds watch_ = longest_gap;
  nanoseconds silent_until_{0};  ///< time from a record to shortly before the next one; 0 if unknown
  clock::time_point last_{};
  std::array<nanoseconds, 8> gaps_{};
  std::size_t next_gap_ = 0;
  std::size_t gaps_without_silence_ = 0;  ///< number of gaps until a silence may be expected again
};

}  // namespace fapilog::inline v0_1::detail
