// SPDX-License-Identifier: MIT
// Policies of a runtime: what happens when a lane is full, when a sink fails, and under pressure.
#pragma once

#include <fapilog/record/level.hpp>
#include <fapilog/setting.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1 {

/// What a call does when its thread's lane is full.
enum class when_full : std::uint8_t {
  drop,   ///< drop the record at once and count it
  wait,   ///< wait for at most `backpressure_wait`, then drop and count the record
  block,  ///< wait until there is room, however long that takes
};

/// How the worker waits for records. docs/user-guide/waiting.md compares what each costs.
enum class wait_policy : std::uint8_t {
  /// Naps while the recent gaps between records say that one will come soon, so that its call need not wake the worker;
  /// then sleeps until a call wakes it.
  learning,
  event,  ///< sleeps as soon as there is no record, until a call wakes it: fewest wake-ups, each first call pays for one
  spin,   ///< never sleeps: uses a whole processor, which should be given to it
};

/// How often and how soon writing a batch is retried. The pauses double from `first_delay` to `longest_delay`;
/// each is a random time between 0 and that (full jitter), so that many processes do not retry at the same moment.
struct retry_options {
  /// Attempts to write one batch before it goes to the spool or the fallback, or is given up. 0: no limit for a sink
  /// that has its own thread or may block, and has neither spool nor fallback; else 3.
  std::uint32_t attempts = 0;
  std::chrono::milliseconds first_delay{10};
  /// Longest pause. 0: 200 ms on the worker's thread, which waits during the pause; 10 s on the sink's own thread.
  std::chrono::milliseconds longest_delay{0};

  friend bool operator==(retry_options const&, retry_options const&) = default;

  template <class Self, class Visitor>
  [[gnu::cold]] static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "attempts",
                  .text = "Attempts to write one batch; 0: 3, or no limit for a sink that may block "
                          "and has neither spool nor fallback."},
          self.attempts);
    visit(setting{.name = "first_delay", .text = "First pause between two attempts."}, self.first_delay);
    visit(setting{.name = "longest_delay",
                  .text = "Longest pause; 0: 200 ms on the worker's thread, 10 s on the sink's own thread."},
          self.longest_delay);
  }
};

/// When a circuit breaker pauses the attempts on a sink that keeps failing.
struct circuit_breaker_options {
  bool enabled = false;
  /// Failed attempts in a row that open the circuit.
  std::uint32_t failure_threshold = 5;
  /// How long the circuit stays open. Then one batch is tried (half-open), and its result closes the circuit or opens
  /// it again.
  std::chrono::milliseconds recovery_timeout{30'000};

  template <class Self, class Visitor>
  [[gnu::cold]] static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "enabled", .text = "Pauses the attempts on a sink that keeps failing."},
          self.enabled);
    visit(
        setting{
            .name = "failure_threshold", .text = "Failed attempts in a row that open the circuit.", .min = 1},
        self.failure_threshold);
    visit(setting{.name = "recovery_timeout",
                  .text = "How long an open circuit waits before one batch is tried."},
          self.recovery_timeout);
  }
};

/// What happens while the worker is behind: see `pressure_level`. The load is the fill of the fullest lane, 0 to 1,
/// plus a boost for each open circuit.
struct adaptive_options {
  bool enabled = false;
  std::chrono::milliseconds check_interval{250};
  /// Shortest time between two steps.
  std::chrono::milliseconds cooldown{2'000};
  /// The thresholds of escalation must ascend. Each level must end at a lower load than that at which it begins.
  double escalate_to_elevated = 0.60;
  double escalate_to_high = 0.80;
  double escalate_to_critical = 0.92;
  double deescalate_from_critical = 0.75;
  double deescalate_from_high = 0.60;
  double deescalate_from_elevated = 0.40;
  double circuit_pressure_boost = 0.20;
  /// Removes records of unprotected levels: half of those below WARNING, then all of them, then WARNING as well.
  bool filter_tightening = true;
  /// Makes batches twice as large under high pressure, four times under critical.
  bool batch_sizing = false;

  template <class Self, class Visitor>
  [[gnu::cold]] static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "enabled", .text = "Removes records while the worker is behind."}, self.enabled);
    visit(setting{.name = "check_interval",
                  .text = "Time between two measurements of the load.",
                  .min = 0.001,
                  .advanced = true},
          self.check_interval);
    visit(setting{.name = "cooldown", .text = "Shortest time between two steps."}, self.cooldown);
    visit(setting{.name = "escalate_to_elevated",
                  .text = "Load from which half of the records below WARNING are removed.",
                  .min = 0,
                  .max = 1,
                  .above_min = true,
                  .advanced = true},
          self.escalate_to_elevated);
    visit(setting{.name = "escalate_to_high",
                  .text = "Load from which all records below WARNING are removed.",
                  .min = 0,
                  .max = 1,
                  .advanced = true},
          self.escalate_to_high);
    visit(setting{.name = "escalate_to_critical",
                  .text = "Load from which only protected levels are kept.",
                  .min = 0,
                  .max = 1,
                  .advanced = true},
          self.escalate_to_critical);
    visit(setting{.name = "deescalate_from_critical",
                  .text = "Load below which the pressure falls from critical to high.",
                  .min = 0,
                  .max = 1,
                  .advanced = true},
          self.deescalate_from_critical);
    visit(setting{.name = "deescalate_from_high",
                  .text = "Load below which the pressure falls from high to elevated.",
                  .min = 0,
                  .max = 1,
                  .advanced = true},
          self.deescalate_from_high);
    visit(setting{.name = "deescalate_from_elevated",
                  .text = "Load below which the pressure falls from elevated to normal.",
                  .min = 0,
                  .max = 1,
                  .advanced = true},
          self.deescalate_from_elevated);
    visit(setting{.name = "circuit_pressure_boost",
                  .text = "Added to the load for each open circuit.",
                  .min = 0,
                  .max = 1,
                  .advanced = true},
          self.circuit_pressure_boost);
    visit(
        setting{.name = "filter_tightening", .text = "Removes records of unprotected levels under pressure."},
        self.filter_tightening);
    visit(setting{.name = "batch_sizing", .text = "Batches grow with the pressure.", .advanced = true},
          self.batch_sizing);
  }

  [[gnu::cold]] static void(check)(adaptive_options const& o, setting_problems& problems) {
    if (!(o.escalate_to_high > o.escalate_to_elevated))
      problems.add("escalate_to_high", "must be above escalate_to_elevated");
    if (!(o.escalate_to_critical > o.escalate_to_high))
      problems.add("escalate_to_critical", "must be above escalate_to_high");
    if (!(o.deescalate_from_elevated < o.escalate_to_elevated))
      problems.add("deescalate_from_elevated", "must be below escalate_to_elevated");
    if (!(o.deescalate_from_high < o.escalate_to_high))
      problems.add("deescalate_from_high", "must be below escalate_to_high");
    if (!(o.deescalate_from_critical < o.escalate_to_critical))
      problems.add("deescalate_from_critical", "must be below escalate_to_critical");
  }
};

namespace detail {
struct crash_handler;
/// What handles crashes. Its body is in option_features_impl.hpp, which options.hpp includes.
[[nodiscard]] crash_handler const& program_crash_handler() noexcept;

/// Whether crashes are handled: a bool. A true one refers to the code that does it, so that only programs that make one
/// compile that.
class crash_switch {
 public:
  constexpr crash_switch() noexcept = default;
  crash_switch(bool is_on) noexcept  // NOLINT(google-explicit-constructor)
      : is_on_(is_on), handler_(is_on ? &program_crash_handler() : nullptr) {}
  constexpr operator bool() const noexcept { return is_on_; }  // NOLINT(google-explicit-constructor)

  /// Null if it was not made from true.
  [[nodiscard]] crash_handler const* handler() const noexcept { return handler_; }

  /// For the declaration of the setting. Who sets it by that must assign a new switch afterwards.
  [[nodiscard]] bool& value() noexcept { return is_on_; }
  [[nodiscard]] bool const& value() const noexcept { return is_on_; }

 private:
  bool is_on_ = false;
  crash_handler const* handler_ = nullptr;
};

}  // namespace detail

/// What happens when the process crashes: see docs/user-guide/crashes.md. Applies to the whole process: the longest
/// `timeout` of the running runtimes holds.
struct crash_options {
  /// Handles SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS and std::terminate: the records of all calls that returned are
  /// delivered, then a CRITICAL record describes the crash, and the process ends by the same signal.
  detail::crash_switch enabled = {};
  /// Handles SIGTERM and SIGINT, too, if they would end the process.
  bool termination_signals = false;
  /// How long the end of the process waits for the last records.
  std::chrono::nanoseconds timeout = std::chrono::seconds{2};

  template <class Self, class Visitor>
  [[gnu::cold]] static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "enabled", .text = "Delivers the last records when the process crashes."},
          self.enabled.value());
    visit(setting{.name = "termination_signals",
                  .text = "Delivers the last records when SIGTERM or SIGINT ends the process."},
          self.termination_signals);
    visit(setting{.name = "timeout",
                  .text = "How long the end of a crashed process waits for the last records."},
          self.timeout);
  }
};

/// Keeps the records of all calls that returned even if the process is killed: see docs/user-guide/kill-safe.md.
struct kill_safe_options {
  /// Where records lie until every sink is done with them, in files that only this user can read; the records there are not redacted
  /// yet. The next runtime with this directory delivers what a killed process left. Several processes may share it. Empty: records
  /// end with the process.
  std::string directory = {};
  /// Refuses a directory that is not on a memory file system (tmpfs), so that unredacted records never reach a disk.
  bool only_in_memory = false;

  template <class Self, class Visitor>
  [[gnu::cold]] static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "directory",
                  .text = "Where records lie, unredacted, until every sink is done with them; empty: they "
                          "end with the process."},
          self.directory);
    visit(setting{.name = "only_in_memory",
                  .text = "Refuses a directory that is not on a memory file system (tmpfs)."},
          self.only_in_memory);
  }
};

/// Keeps the latest records below the level in memory, and writes them before an error: see
/// docs/user-guide/flight-recorder.md.
struct flight_recorder_options {
  bool enabled = false;
  /// Lowest level of recent records, if the level of the logger is above it.
  fapilog::level level = fapilog::level::debug;
  /// Bytes of the recent records of one thread; rounded up to a power of two, 4 KiB to 1 GiB. Records of more than a
  /// quarter of that (or 64 KiB, or a quarter of a lane) lie outside, and take up to as much again.
  std::size_t bytes_per_thread = std::size_t{64} * 1024;
  /// A record of these levels is preceded by the recent records of its thread.
  level_set trigger_levels = level_set::of(fapilog::level::error, fapilog::level::critical);

  template <class Self, class Visitor>
  [[gnu::cold]] static void describe(Self& self, Visitor&& visit) {
    constexpr double kib = 1024;
    visit(setting{.name = "enabled", .text = "Keeps the latest records below the level in memory."},
          self.enabled);
    visit(setting{.name = "level", .text = "Lowest level of these records."}, self.level);
    visit(setting{.name = "bytes_per_thread",
                  .text = "Bytes of these records of one thread; rounded up to a power of two.",
                  .min = 4 * kib,
                  .max = kib * kib * kib,
                  .form = setting_form::bytes},
          self.bytes_per_thread);
    visit(setting{.name = "trigger_levels",
                  .text = "A record of these levels is preceded by those of its thread."},
          self.trigger_levels);
  }
};

/// Which sinks a record goes to.
enum class routing : std::uint8_t {
  overlap,      ///< to each sink whose route takes it
  first_match,  ///< to the first of them in the order of the options
};

template <>
struct enum_names<when_full> {
  static constexpr std::array names{std::pair{when_full::drop, std::string_view{"drop"}},
                                    std::pair{when_full::wait, std::string_view{"wait"}},
                                    std::pair{when_full::block, std::string_view{"block"}}};
};
template <>
struct enum_names<wait_policy> {
  static constexpr std::array names{std::pair{wait_policy::learning, std::string_view{"learning"}},
                                    std::pair{wait_policy::event, std::string_view{"event"}},
                                    std::pair{wait_policy::spin, std::string_view{"spin"}}};
};
template <>
struct enum_names<routing> {
  static constexpr std::array names{std::pair{routing::overlap, std::string_view{"overlap"}},
                                    std::pair{routing::first_match, std::string_view{"first_match"}}};
};

}  // namespace fapilog::inline v0_1
