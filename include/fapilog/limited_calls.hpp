// SPDX-License-Identifier: MIT
// Calls that are logged once, a few times, every n-th time or once per period: `every_n(log, 100).info("cache miss")`.
#pragma once

#include <fapilog/logger.hpp>
#include <fapilog/queue/call_limit.hpp>

#include <chrono>
#include <cstdint>
#include <type_traits>

namespace fapilog::inline v0_1 {

namespace detail {
/// What `once`, `first_n`, `every_n` and `every` return: a logger for one statement. Calls are counted by their place in the
/// source, whatever the logger; calls below the level of the logger do not count. If calls were suppressed, the next record
/// that is logged has their number as the field `suppressed`. Refers to the logger, so it must be used at once and not stored.
/// A suppressed call does not allocate and takes no lock; its format arguments are not copied. The first 2000 places or so
/// have a limit; calls at any further one are all logged. Thread safety: any thread may log at the same place.
template <level Floor>
class [[nodiscard]] limited_logger {
 public:
  /// Internal: called by `once`, `first_n`, `every_n` and `every`.
  limited_logger(basic_logger<Floor> const& log, detail::call_limit limit) noexcept
      : log_(log), limit_(limit) {}
  limited_logger(limited_logger const&) = delete;
  limited_logger& operator=(limited_logger const&) = delete;

  /// Logs at level trace, if the rule admits this call. The other functions do the same for their levels.
  template <level Compiled = detail::compiled_level, class... A>
  void trace(message<std::type_identity_t<A>...> text, A const&... arguments) const noexcept {
    write<level::trace, Compiled>(text, arguments...);
  }
  template <level Compiled = detail::compiled_level, class... A>
  void debug(message<std::type_identity_t<A>...> text, A const&... arguments) const noexcept {
    write<level::debug, Compiled>(text, arguments...);
  }
  template <level Compiled = detail::compiled_level, class... A>
  void info(message<std::type_identity_t<A>...> text, A const&... arguments) const noexcept {
    write<level::info, Compiled>(text, arguments...);
  }
  template <level Compiled = detail::compiled_level, class... A>
  void warning(message<std::type_identity_t<A>...> text, A const&... arguments) const noexcept {
    write<level::warning, Compiled>(text, arguments...);
  }
  template <level Compiled = detail::compiled_level, class... A>
  void warn(message<std::type_identity_t<A>...> text, A const&... arguments) const noexcept {
    write<level::warning, Compiled>(text, arguments...);
  }
  template <level Compiled = detail::compiled_level, class... A>
  void error(message<std::type_identity_t<A>...> text, A const&... arguments) const noexcept {
    write<level::error, Compiled>(text, arguments...);
  }
  template <level Compiled = detail::compiled_level, class... A>
  void critical(message<std::type_identity_t<A>...> text, A const&... arguments) const noexcept {
    write<level::critical, Compiled>(text, arguments...);
  }
  template <level Compiled = detail::compiled_level, class... A>
  void audit(message<std::type_identity_t<A>...> text, A const&... arguments) const noexcept {
    write<level::audit, Compiled>(text, arguments...);
  }
  template <level Compiled = detail::compiled_level, class... A>
  void security(message<std::type_identity_t<A>...> text, A const&... arguments) const noexcept {
    write<level::security, Compiled>(text, arguments...);
  }
  /// Logs with a level chosen at run time. A number above 99 logs nothing.
  template <level Compiled = detail::compiled_level, class... A>
  void log(level severity, message<std::type_identity_t<A>...> text, A const&... arguments) const noexcept {
    detail::refuse_duplicate_keys(arguments...);
    if (detail::logger_access::is_compiled_in<Floor, Compiled>(severity) && detail::is_level(severity))
      write_at(severity, text, arguments...);
  }

 private:
  template <level Severity, level Compiled, class... A>
  [[gnu::always_inline]] void write(message<std::type_identity_t<A>...> const& text,
                                    A const&... arguments) const noexcept {
    detail::refuse_duplicate_keys(arguments...);
    if constexpr (detail::logger_access::is_compiled_in<Floor, Compiled>(Severity))
      write_at(Severity, text, arguments...);
  }

  template <class... A>
  [[gnu::always_inline]] void write_at(level severity, message<std::type_identity_t<A>...> const& text,
                                       A const&... arguments) const noexcept {
    if (!log_.is_enabled(severity)) return;
    std::uint64_t suppressed = 0;
    if (!limit_.admits(text.where(), suppressed)) return;
    detail::statement const what{severity, text.flags()};
    if (suppressed == 0)
      return detail::log_at_level<decltype(detail::pass(arguments))...>(
          *detail::logger_access::core(log_), what, text.text(), text.where(), detail::pass(arguments)...);
    auto const count = kv("suppressed", suppressed);
    detail::log_at_level<decltype(detail::pass(arguments))..., decltype(detail::pass(count))>(
        *detail::logger_access::core(log_), what, text.text(), text.where(), detail::pass(arguments)...,
        detail::pass(count));
  }

  basic_logger<Floor> const& log_;
  detail::call_limit limit_;
};
}  // namespace detail

/// Logs the first call at this place only: `once(log).warning("the option {} is deprecated", name)`.
template <level Floor>
detail::limited_logger<Floor> once(basic_logger<Floor> const& log) noexcept {
  return {log, detail::call_limit::first(1)};
}
/// Logs the first `n` calls at this place.
template <level Floor>
detail::limited_logger<Floor> first_n(basic_logger<Floor> const& log, std::uint64_t n) noexcept {
  return {log, detail::call_limit::first(n)};
}
/// Logs the first call at this place, and then every n-th: `every_n(log, 1000).info("served", kv("path", path))`. Zero
/// means 1.
template <level Floor>
detail::limited_logger<Floor> every_n(basic_logger<Floor> const& log, std::uint64_t n) noexcept {
  return {log, detail::call_limit::every_nth(n)};
}
/// Logs a call at this place if none was logged in the last `period`: `every(log, 10s).error("no connection")`.
template <level Floor, class Rep, class Period>
detail::limited_logger<Floor> every(basic_logger<Floor> const& log,
                                    std::chrono::duration<Rep, Period> period) noexcept {
  using std::chrono::nanoseconds;
  bool const is_endless = std::chrono::duration<double>{period} > std::chrono::hours{24 * 365 * 100};
  return {log, detail::call_limit::every(is_endless ? (nanoseconds::max)()
                                         : period <= period.zero()
                                             ? nanoseconds{0}
                                             : std::chrono::duration_cast<nanoseconds>(period))};
}

/// The number of calls of this process that `once`, `first_n`, `every_n` and `every` have suppressed so far.
[[nodiscard]] inline std::uint64_t suppressed_calls() noexcept { return detail::limited_sites.suppressed(); }

}  // namespace fapilog::inline v0_1
