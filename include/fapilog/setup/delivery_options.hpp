// SPDX-License-Identifier: MIT
// How records are delivered to one sink: which records, on which thread, and what happens while it is down.
#pragma once

#include <fapilog/record/event.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/setup/policies.hpp>
#include <fapilog/sinks/sink.hpp>

#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fapilog::inline v0_1 {

/// Which thread calls a sink.
enum class sink_thread : std::uint8_t {
  /// `own` for a sink that has a spool or may block, and for one of several sinks if it does not declare `may_block`;
  /// else `shared`.
  automatic,
  shared,  ///< the worker's thread: no hand-over, but the other sinks wait while this one is busy
  own,     ///< its own thread, behind a bounded queue: no other sink waits for it
};

/// What happens to a batch for which a sink's queue has no room.
enum class when_queue_full : std::uint8_t {
  drop,   ///< drops and counts it, or passes it to the spool or the fallback
  block,  ///< the worker waits, and with it every other sink; the lanes then fill
};

/// Which records a sink gets: those to which every member applies.
struct route {
  /// Lowest and highest level that the sink gets.
  level min_level = static_cast<level>(0);
  level max_level = static_cast<level>(detail::level_count - 1);
  /// Only records of these levels; empty: all levels.
  level_set levels = {};
  /// The logger of this name and those below it (`db` takes `db` and `db.pool`); empty: every logger.
  std::string logger = {};
  /// Only records that no other sink's route takes. Makes sense with the other members at their defaults.
  bool otherwise = false;
  /// Any other condition, in code only; called on the worker's thread. If it throws, the sink gets the record.
  std::function<bool(event const&)> predicate = {};

  template <class Self, class Visitor>
  [[gnu::cold]] static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "min_level", .text = "Lowest level that the sink gets.", .reloadable = true},
          self.min_level);
    visit(setting{.name = "max_level", .text = "Highest level that the sink gets.", .reloadable = true},
          self.max_level);
    visit(
        setting{
            .name = "levels", .text = "Only records of these levels; empty: all levels.", .reloadable = true},
        self.levels);
    visit(
        setting{
            .name = "logger", .text = "Only the logger of this name and those below it.", .reloadable = true},
        self.logger);
    visit(setting{.name = "otherwise", .text = "Only records that no other sink takes.", .reloadable = true},
          self.otherwise);
  }

  [[gnu::cold]] static void(check)(route const& r, setting_problems& problems) {
    if (r.min_level > r.max_level) problems.add("min_level", "must not be above max_level");
  }

  /// True if the route takes every record.
  [[nodiscard]] bool takes_all() const {
    return static_cast<int>(min_level) == 0 &&
           static_cast<std::size_t>(max_level) == detail::level_count - 1 && levels == level_set{} &&
           logger.empty() && !otherwise && !predicate;
  }
  [[nodiscard]] bool takes(event const& e) const {
    if (e.severity < min_level || e.severity > max_level) return false;
    if (!(levels == level_set{}) && !levels.contains(e.severity)) return false;
    if (!logger.empty() && !(e.logger.starts_with(logger) &&
                             (e.logger.size() == logger.size() || e.logger[logger.size()] == '.'))) {
      return false;
    }
    try {
      return !predicate || predicate(e);
    } catch (...) {
      return true;
    }
  }
};

namespace detail {
struct part_store_maker;
/// The spool. Its body is in option_features_impl.hpp, which options.hpp includes.
[[nodiscard]] part_store_maker const& spool_maker() noexcept;

/// The directory of a spool: a string. It refers to the code of the spool, so that only programs that make one from a path
/// compile that.
class spool_directory : public std::string {
 public:
  spool_directory() = default;
  template <std::convertible_to<std::string> T>
    requires(!std::derived_from<std::remove_cvref_t<T>, spool_directory>)
  spool_directory(T&& path)  // NOLINT(google-explicit-constructor)
      : std::string(std::forward<T>(path)), maker_(&spool_maker()) {}

  /// For one that was filled as a string.
  void refer_to_spool() noexcept { maker_ = &spool_maker(); }
  /// Null if it was not made from a path.
  [[nodiscard]] part_store_maker const* maker() const noexcept { return maker_; }

 private:
  part_store_maker const* maker_ = nullptr;
};

[[nodiscard]] inline std::string& as_string(spool_directory& directory) noexcept { return directory; }
[[nodiscard]] inline std::string const& as_string(spool_directory const& directory) noexcept {
  return directory;
}
}  // namespace detail

/// Where batches wait on disk while a sink is down, even across restarts of the process.
struct spool_options {
  /// Empty: no spool. Many sinks and processes may share one directory: each has its own files in it. A relative path leads
  /// from the working directory at the time when the runtime is made.
  detail::spool_directory directory = {};
  /// Maximum bytes of the files of one sink, including those of earlier processes.
  std::uint64_t max_bytes = std::uint64_t{256} * 1024 * 1024;
  /// Size of a file, at most a quarter of `max_bytes`, at which a new one is started.
  std::uint64_t segment_bytes = std::uint64_t{8} * 1024 * 1024;
  /// True: each batch is synced to disk (fdatasync) and survives a power failure, not only the process.
  bool sync = false;

  template <class Self, class Visitor>
  [[gnu::cold]] static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "directory", .text = "Directory of the spool files; empty: no spool."},
          detail::as_string(self.directory));
    visit(setting{.name = "max_bytes",
                  .text = "Maximum bytes of the files of this sink.",
                  .min = 65'536,
                  .form = setting_form::bytes},
          self.max_bytes);
    visit(setting{.name = "segment_bytes",
                  .text = "Size of a file at which a new one is started.",
                  .min = 4'096,
                  .form = setting_form::bytes,
                  .advanced = true},
          self.segment_bytes);
    visit(setting{.name = "sync", .text = "Syncs each batch to disk."}, self.sync);
  }
};

struct delivery_options {
  /// Name for health, metrics and messages; empty: the sink's own name.
  std::string name = {};
  fapilog::route route = {};
  sink_thread thread = sink_thread::automatic;
  /// Maximum bytes of the batches that wait for a sink with its own thread.
  std::uint64_t queue_bytes = std::uint64_t{16} * 1024 * 1024;
  fapilog::when_queue_full when_queue_full = fapilog::when_queue_full::drop;
  retry_options retry = {};
  circuit_breaker_options circuit_breaker = {};
  /// Takes what this sink cannot take, after the spool if there is one. It gets finished events: redacted values stay redacted.
  std::optional<any_sink> fallback = {};
  spool_options spool = {};

  template <class Self, class Visitor>
  [[gnu::cold]] static void describe(Self& self, Visitor&& visit) {
    visit(
        setting{.name = "name", .text = "Name for health, metrics and messages; empty: the sink's own name."},
        self.name);
    visit(setting{.name = "route", .text = "Which records the sink gets."}, self.route);
    visit(setting{.name = "thread", .text = "Which thread calls the sink."}, self.thread);
    visit(setting{.name = "queue_bytes",
                  .text = "Maximum bytes of the batches that wait for a sink with its own thread.",
                  .min = 65'536,
                  .form = setting_form::bytes},
          self.queue_bytes);
    visit(setting{.name = "when_queue_full",
                  .text = "What happens to a batch for which the queue has no room."},
          self.when_queue_full);
    visit(setting{.name = "retry", .text = "How often and how soon a batch is retried."}, self.retry);
    visit(setting{.name = "circuit_breaker", .text = "When attempts on a failing sink pause."},
          self.circuit_breaker);
    visit(setting{.name = "spool", .text = "Where batches wait on disk while the sink is down."}, self.spool);
  }

  [[gnu::cold]] static void(check)(delivery_options const& o, setting_problems& problems) {
    if (!o.spool.directory.empty() && o.thread == sink_thread::shared)
      problems.add("spool", "needs its own thread; set thread to 'own' or 'automatic'");
  }
};

/// A sink and how records are delivered to it: `{sinks::stdout_json{}, {.route = {.min_level = level::error}}}`. A sink
/// alone converts to one with default options.
struct placed_sink {
  template <class T>
    requires(std::constructible_from<any_sink, T> && !std::same_as<std::remove_cvref_t<T>, placed_sink>)
  placed_sink(T&& target, delivery_options how = {})  // NOLINT(google-explicit-constructor)
      : sink(std::forward<T>(target)), delivery(std::move(how)) {}

  any_sink sink;
  delivery_options delivery;
};

template <>
struct enum_names<sink_thread> {
  static constexpr std::array names{std::pair{sink_thread::automatic, std::string_view{"automatic"}},
                                    std::pair{sink_thread::shared, std::string_view{"shared"}},
                                    std::pair{sink_thread::own, std::string_view{"own"}}};
};
template <>
struct enum_names<when_queue_full> {
  static constexpr std::array names{std::pair{when_queue_full::drop, std::string_view{"drop"}},
                                    std::pair{when_queue_full::block, std::string_view{"block"}}};
};

}  // namespace fapilog::inline v0_1
