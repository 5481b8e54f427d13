// SPDX-License-Identifier: MIT
// The calls of spdlog that most programs use, on fapilog: `namespace spdlog = fapilog::compat::spdlog;`.
#pragma once

#include <fapilog/integrations/spdlog_console.hpp>
#include <fapilog/integrations/spdlog_pattern.hpp>
#include <fapilog/limited_calls.hpp>
#include <fapilog/logger.hpp>
#include <fapilog/process_end.hpp>
#include <fapilog/runtime.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// What spdlog calls by these names. Differences are listed on the page "From spdlog": sinks and their patterns belong to the
/// runtime, and all calls take fields behind their arguments.
namespace fapilog::inline v0_1::compat::spdlog {

namespace level {
enum level_enum : int { trace = 0, debug, info, warn, err, critical, off, n_levels };

inline constexpr std::array<std::string_view, 7> names{"trace", "debug",    "info", "warning",
                                                       "error", "critical", "off"};
[[nodiscard]] constexpr std::string_view to_string_view(level_enum value) noexcept {
  auto const at = static_cast<std::size_t>(value);
  return at < names.size() ? names[at] : std::string_view{};
}
/// Reads a name as spdlog does, with `warn` and `err`; `off` for any other.
[[nodiscard]] inline level_enum from_str(std::string_view name) noexcept {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<level_enum>(i);
  }
  return name == "warn" ? warn : name == "err" ? err : off;
}
}  // namespace level

namespace detail {

using fapilog::detail::call_site;

/// The level of fapilog. `off` lies above all that can be logged.
[[nodiscard]] constexpr fapilog::level level_of(level::level_enum value) noexcept {
  constexpr std::array levels{fapilog::level::trace,   fapilog::level::debug, fapilog::level::info,
                              fapilog::level::warning, fapilog::level::error, fapilog::level::critical};
  auto const at = static_cast<std::size_t>(value);
  return at < levels.size() ? levels[at] : custom_level(99);
}

using runtime_format = decltype(fmt::runtime(std::string_view{}));

/// A literal that is checked against the arguments, `fmt::runtime(text)`, or a string without arguments.
template <class... A>
class text {
 public:
  template <std::size_t N>
  consteval text(char const (&literal)[N],  // NOLINT(google-explicit-constructor)
                 call_site where = call_site::current())
      : message_(message<A...>(literal, where)) {}
  text(runtime_format format,
       call_site where = call_site::current()) noexcept  // NOLINT(google-explicit-constructor)
      : runtime_({format.str.data(), format.str.size()}), where_(where) {}
  template <class T>
    requires(fapilog::detail::shape::narrow_text<T> && !std::is_array_v<T> && sizeof...(A) == 0)
  text(T const& whole, call_site where = call_site::current())
  noexcept  // NOLINT(google-explicit-constructor)
      : runtime_(std::string_view{whole}), where_(where) {}

  /// Calls `use` with the message.
  template <class F>
  void with(F const& use) const noexcept {
    if (message_) return use(*message_);
    runtime_text const late{runtime_, where_};
    use(message<A...>{late});
  }

 private:
  std::optional<message<A...>> message_;  ///< of a literal
  std::string_view runtime_;
  call_site where_;
};

}  // namespace detail

/// A named logger of the runtime that `use` gave, or of one with the default options. Thread: any.
class logger {
 public:
  logger(std::string name, fapilog::logger log) : name_(std::move(name)), log_(std::move(log)) {}

  template <class... A>
  void log(level::level_enum severity, detail::text<std::type_identity_t<A>...> what,
           A const&... arguments) noexcept {
    if (severity >= level::off) return;
    what.with([&](message<A...> const& text) {
      auto const& core = fapilog::detail::logger_access::core(log_);
      fapilog::level const wanted = detail::level_of(severity);
      if (!log_.is_enabled(wanted)) return;
      fapilog::detail::log_at_level<decltype(fapilog::detail::pass(arguments))...>(
          *core, fapilog::detail::statement{wanted, text.flags()}, text.text(), text.where(),
          fapilog::detail::pass(arguments)...);
    });
    if (severity >= flush_level_.load(std::memory_order_relaxed) && should_log(severity)) flush();
  }
  template <class... A>
  void trace(detail::text<std::type_identity_t<A>...> what, A const&... arguments) noexcept {
    log(level::trace, what, arguments...);
  }
  template <class... A>
  void debug(detail::text<std::type_identity_t<A>...> what, A const&... arguments) noexcept {
    log(level::debug, what, arguments...);
  }
  template <class... A>
  void info(detail::text<std::type_identity_t<A>...> what, A const&... arguments) noexcept {
    log(level::info, what, arguments...);
  }
  template <class... A>
  void warn(detail::text<std::type_identity_t<A>...> what, A const&... arguments) noexcept {
    log(level::warn, what, arguments...);
  }
  template <class... A>
  void error(detail::text<std::type_identity_t<A>...> what, A const&... arguments) noexcept {
    log(level::err, what, arguments...);
  }
  template <class... A>
  void critical(detail::text<std::type_identity_t<A>...> what, A const&... arguments) noexcept {
    log(level::critical, what, arguments...);
  }

  [[nodiscard]] std::string const& name() const noexcept { return name_; }
  [[nodiscard]] bool should_log(level::level_enum severity) const noexcept {
    return severity < level::off && log_.is_enabled(detail::level_of(severity));
  }
  void set_level(level::level_enum lowest) { log_.set_level(detail::level_of(lowest)); }
  [[nodiscard]] level::level_enum level() const noexcept {
    int value = level::trace;
    while (value < level::off && !should_log(static_cast<level::level_enum>(value))) ++value;
    return static_cast<level::level_enum>(value);
  }
  /// Waits until the sinks of all runtimes have every record, for 2 s at most.
  void flush() noexcept { (void)flush_all(); }
  /// Flushes after each call of this level or above.
  void flush_on(level::level_enum lowest) noexcept { flush_level_.store(lowest, std::memory_order_relaxed); }
  /// As the function of the same name: all loggers share the console.
  void set_pattern(std::string_view pattern);
  /// As the function of the same name.
  void enable_backtrace(std::size_t count);
  void disable_backtrace() noexcept {}
  /// Writes the recent records of this thread, if the runtime has a flight recorder.
  void dump_backtrace() noexcept { log_.dump_recent(); }
  /// The logger of fapilog, for fields that many records share.
  [[nodiscard]] fapilog::logger const& native() const noexcept { return log_; }

 private:
  std::string name_;
  fapilog::logger log_;
  std::atomic<level::level_enum> flush_level_{level::off};
};

namespace detail {

void report_error(std::string_view line);

struct registry {
  std::recursive_mutex mutex;
  std::unique_ptr<fapilog::runtime> own;
  std::function<fapilog::logger(std::string_view)> make;
  std::function<void(fapilog::level)> set_all;
  std::map<std::string, std::shared_ptr<logger>, std::less<>> loggers;
  std::shared_ptr<logger> chosen;
  level::level_enum flush_level = level::off;
  std::shared_ptr<console> const out = std::make_shared<console>();
  std::size_t backtrace = 0;  ///< records that the default runtime keeps

  template <class Runtime>
  void use(Runtime& rt) {
    make = [&rt](std::string_view name) { return rt.get_logger(name); };
    set_all = [&rt](fapilog::level lowest) { rt.set_level(lowest); };
  }
  std::shared_ptr<logger> made(std::string_view name) {
    if (!make) {
      fapilog::options chosen_options;
      chosen_options.sinks = {out};
      chosen_options.source_location = true;  // a pattern may show it
      if (backtrace != 0) {
        constexpr std::size_t usual_bytes = 256;  // of a record
        chosen_options.flight_recorder = {.enabled = true,
                                          .level = fapilog::level::trace,
                                          .bytes_per_thread = backtrace * usual_bytes,
                                          .trigger_levels = {}};  // only `dump_backtrace` shows them
      }
      chosen_options.diagnostics_output = [](std::string_view line) { report_error(line); };
      own = std::make_unique<fapilog::runtime>(std::move(chosen_options));
      use(*own);
    }
    auto result = std::make_shared<logger>(std::string{name}, make(name));
    result->flush_on(flush_level);
    return result;
  }
};
[[nodiscard]] inline registry& all() {
  static registry one;
  return one;
}
/// Called by the runtime's threads, so it takes a lock of its own.
inline std::mutex error_mutex;
inline std::function<void(std::string const&)> error_handler;
inline void report_error(std::string_view line) {
  std::lock_guard const lock{error_mutex};
  if (error_handler) return error_handler(std::string{line});
  (void)std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace detail

/// Makes this runtime the one of all loggers; the default is one of its own with the default options. Call it before the
/// first call of this header; the runtime must outlive the last one that makes a logger or sets a level.
template <class Runtime>
void use(Runtime& rt) {
  std::lock_guard const lock{detail::all().mutex};
  detail::all().use(rt);
}

/// The logger of this name, or null.
[[nodiscard]] inline std::shared_ptr<logger> get(std::string_view name) {
  std::lock_guard const lock{detail::all().mutex};
  auto const found = detail::all().loggers.find(name);
  return found == detail::all().loggers.end() ? nullptr : found->second;
}
/// Makes and registers a logger; an existing one of this name is returned. The sinks are those of the runtime.
inline std::shared_ptr<logger> create_logger(std::string_view name) {
  std::lock_guard const lock{detail::all().mutex};
  auto& known = detail::all().loggers[std::string{name}];
  if (!known) known = detail::all().made(name);
  return known;
}
/// The same as `create_logger`.
inline std::shared_ptr<logger> stdout_color_mt(std::string_view name) { return create_logger(name); }
inline std::shared_ptr<logger> stdout_logger_mt(std::string_view name) { return create_logger(name); }
inline void register_logger(std::shared_ptr<logger> added) {
  std::lock_guard const lock{detail::all().mutex};
  std::string const name = added->name();
  detail::all().loggers[name] = std::move(added);
}
[[nodiscard]] inline std::shared_ptr<logger> default_logger() {
  std::lock_guard const lock{detail::all().mutex};
  auto& chosen = detail::all().chosen;
  if (!chosen) chosen = detail::all().made("default");
  return chosen;
}
[[nodiscard]] inline logger* default_logger_raw() { return default_logger().get(); }
inline void set_default_logger(std::shared_ptr<logger> next) {
  std::lock_guard const lock{detail::all().mutex};
  detail::all().chosen = std::move(next);
}
inline void drop(std::string_view name) {
  std::lock_guard const lock{detail::all().mutex};
  auto const found = detail::all().loggers.find(name);
  if (found != detail::all().loggers.end()) detail::all().loggers.erase(found);
}
inline void drop_all() {
  std::lock_guard const lock{detail::all().mutex};
  detail::all().loggers.clear();
  detail::all().chosen.reset();
}
template <class F>
void apply_all(F const& action) {
  std::lock_guard const lock{detail::all().mutex};
  for (auto const& [name, one] : detail::all().loggers) action(one);
}
/// Sets the level of all loggers of the runtime.
inline void set_level(level::level_enum lowest) {
  std::lock_guard const lock{detail::all().mutex};
  (void)default_logger();
  detail::all().set_all(detail::level_of(lowest));
}
[[nodiscard]] inline level::level_enum get_level() { return default_logger()->level(); }
[[nodiscard]] inline bool should_log(level::level_enum severity) {
  return default_logger()->should_log(severity);
}
/// Applies to all loggers, and to those that are made later.
inline void flush_on(level::level_enum lowest) {
  std::lock_guard const lock{detail::all().mutex};
  detail::all().flush_level = lowest;
  default_logger()->flush_on(lowest);
  apply_all([&](auto const& one) { one->flush_on(lowest); });
}
/// No effect: fapilog delivers each record at once.
template <class Duration>
void flush_every(Duration) noexcept {}
/// Gets the diagnostics of the default runtime; those of a runtime that `use` gave go where its options say.
inline void set_error_handler(std::function<void(std::string const&)> handler) {
  std::lock_guard const lock{detail::error_mutex};
  detail::error_handler = std::move(handler);
}
/// Gives the lines of the default runtime this form: see `text_pattern_of`. The error handler gets a pattern that has no
/// counterpart; then nothing changes. The sinks of a runtime that `use` gave stay as they are, after one warning.
inline void set_pattern(std::string_view pattern) {
  std::lock_guard const lock{detail::all().mutex};
  if (detail::all().make && !detail::all().own) {
    once(default_logger()->native())
        .warning("set_pattern has no effect: give text_pattern_of(pattern) to a sink of the runtime");
    return;
  }
  try {
    std::string text = text_pattern_of(pattern);
    if (detail::all().own) (void)detail::all().own->flush();  // what was logged before has the old form
    detail::all().out->use_pattern(std::move(text));
  } catch (std::exception const& error) {
    detail::report_error(std::string{"set_pattern: "} + error.what() + "; nothing has changed\n");
  }
}
/// Keeps about this number of records below the level, of each thread, for `dump_backtrace`. The default runtime must not have been
/// used; else, and for a runtime that `use` gave, it has no effect, after one warning: set `options::flight_recorder`.
inline void enable_backtrace(std::size_t count) {
  std::lock_guard const lock{detail::all().mutex};
  if (!detail::all().make) {
    detail::all().backtrace = count;
  } else if (!detail::all().own || detail::all().backtrace == 0) {
    once(default_logger()->native())
        .warning(
            "enable_backtrace has no effect: call it first, or set flight_recorder in the options of the "
            "runtime");
  }
}
inline void logger::set_pattern(std::string_view pattern) { spdlog::set_pattern(pattern); }
inline void logger::enable_backtrace(std::size_t count) { spdlog::enable_backtrace(count); }
inline void disable_backtrace() noexcept {}
inline void dump_backtrace() { default_logger()->dump_backtrace(); }
/// Flushes, forgets all loggers, and ends the default runtime. The next call makes a new one.
inline void shutdown() {
  (void)flush_all();
  drop_all();
  std::lock_guard const lock{detail::all().mutex};
  detail::all().make = nullptr;
  detail::all().set_all = nullptr;
  detail::all().own.reset();
}

template <class... A>
void log(level::level_enum severity, detail::text<std::type_identity_t<A>...> what, A const&... arguments) {
  default_logger()->log(severity, what, arguments...);
}
template <class... A>
void trace(detail::text<std::type_identity_t<A>...> what, A const&... arguments) {
  default_logger()->log(level::trace, what, arguments...);
}
template <class... A>
void debug(detail::text<std::type_identity_t<A>...> what, A const&... arguments) {
  default_logger()->log(level::debug, what, arguments...);
}
template <class... A>
void info(detail::text<std::type_identity_t<A>...> what, A const&... arguments) {
  default_logger()->log(level::info, what, arguments...);
}
template <class... A>
void warn(detail::text<std::type_identity_t<A>...> what, A const&... arguments) {
  default_logger()->log(level::warn, what, arguments...);
}
template <class... A>
void error(detail::text<std::type_identity_t<A>...> what, A const&... arguments) {
  default_logger()->log(level::err, what, arguments...);
}
template <class... A>
void critical(detail::text<std::type_identity_t<A>...> what, A const&... arguments) {
  default_logger()->log(level::critical, what, arguments...);
}

}  // namespace fapilog::inline v0_1::compat::spdlog
