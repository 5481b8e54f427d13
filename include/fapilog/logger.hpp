// SPDX-License-Identifier: MIT
// The logger, the only header that a file that logs must include: kept light, without worker, sink, stage or preset.
#pragma once

#include <fapilog/queue/channel.hpp>
#include <fapilog/queue/log_call.hpp>
#include <fapilog/record/context.hpp>
#include <fapilog/record/field.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/record/message.hpp>

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

/// Calls below this level (its number, 0 to 255) are removed at compile time in the files that see the definition.
#ifndef FAPILOG_COMPILED_LEVEL
#define FAPILOG_COMPILED_LEVEL 0
#endif

namespace fapilog::inline v0_1 {
namespace detail {

static_assert(FAPILOG_COMPILED_LEVEL >= 0 && FAPILOG_COMPILED_LEVEL < 256,
              "fapilog: FAPILOG_COMPILED_LEVEL must be the number of a level");
/// Each call passes it on as a template argument, so that files with different values share no function.
inline constexpr level compiled_level{FAPILOG_COMPILED_LEVEL};

/// False for a number that was cast to a level and is out of range.
constexpr bool is_level(level severity) noexcept { return static_cast<std::size_t>(severity) < level_count; }

/// The threshold of loggers without a runtime: no level reaches it.
inline constinit atomic_word<std::uint8_t> nothing_enabled{255};

/// The rest of the level check, for a call that is not logged through the channel at once.
[[nodiscard]] inline bool is_admitted(logger_core const& core, level severity) noexcept {
  return core.name.lowest.is_reached_by(static_cast<std::uint8_t>(severity)) ||
         core.owner.admits(core, severity, this_thread_scope);
}

struct logger_access;

}  // namespace detail

/// A handle that logs to the runtime that made it, whatever the preset of that runtime. Copies are the same logger; a
/// default-constructed logger logs nothing. Calls below `Floor` are removed at compile time; loggers of every floor
/// convert to each other, so a library may log with its own floor to the logger that its caller passes in.
///
/// Every call is `noexcept`, copies its arguments before it returns, and costs one load and a branch if its level is
/// disabled. A logger may outlive its runtime: its calls are then counted as dropped (`closed`).
/// Thread safety: any thread may use the same logger at the same time.
template <level Floor = level{0}>
class FAPILOG_DETAIL_SITE_ABI basic_logger {
 public:
  /// A logger without a runtime, which logs nothing.
  basic_logger() noexcept = default;
  basic_logger(basic_logger const& other) noexcept : basic_logger(other.core_, other.threshold_) {}
  basic_logger(basic_logger&& other) noexcept
      : core_(std::exchange(other.core_, nullptr)),
        threshold_(std::exchange(other.threshold_, &detail::nothing_enabled)) {}
  /// The same logger with another floor.
  template <level Other>
  basic_logger(basic_logger<Other> const& other) noexcept  // NOLINT(google-explicit-constructor)
      : basic_logger(other.core_, other.threshold_) {}
  basic_logger& operator=(basic_logger other) noexcept {
    std::swap(core_, other.core_);
    std::swap(threshold_, other.threshold_);
    return *this;
  }
  ~basic_logger() {
    if (core_ != nullptr) core_->drop_reference();
  }

  /// Logs single steps, which are too many for `debug`.
  template <level Compiled = detail::compiled_level, class... A>
  [[gnu::always_inline]] void trace(message<std::type_identity_t<A>...> text,
                                    A const&... arguments) const noexcept {
    log<Compiled>(level::trace, text, arguments...);  // it has no mark in a call site
  }
  /// Logs details for developers: `log.debug("cache miss", kv("key", key))`. The runtime's default level (info) hides
  /// them. All calls take a message literal, its format arguments, then fields: `log.info("took {}", dt, kv("order", id))`.
  template <level Compiled = detail::compiled_level, class... A>
  [[gnu::always_inline]] void debug(message<std::type_identity_t<A>...> text,
                                    A const&... arguments) const noexcept {
    write<level::debug, Compiled>(text, arguments...);
  }
  /// Logs normal operation, such as a request that was served.
  template <level Compiled = detail::compiled_level, class... A>
  [[gnu::always_inline]] void info(message<std::type_identity_t<A>...> text,
                                   A const&... arguments) const noexcept {
    write<level::info, Compiled>(text, arguments...);
  }
  /// Logs something unexpected that the program handled.
  template <level Compiled = detail::compiled_level, class... A>
  [[gnu::always_inline]] void warning(message<std::type_identity_t<A>...> text,
                                      A const&... arguments) const noexcept {
    write<level::warning, Compiled>(text, arguments...);
  }
  /// The same as `warning`.
  template <level Compiled = detail::compiled_level, class... A>
  [[gnu::always_inline]] void warn(message<std::type_identity_t<A>...> text,
                                   A const&... arguments) const noexcept {
    write<level::warning, Compiled>(text, arguments...);
  }
  /// Logs an operation that failed. Kept under pressure (`options::protected_levels`).
  template <level Compiled = detail::compiled_level, class... A>
  [[gnu::always_inline]] void error(message<std::type_identity_t<A>...> text,
                                    A const&... arguments) const noexcept {
    write<level::error, Compiled>(text, arguments...);
  }
  /// Logs a failure that stops the program or a main part of it. Kept under pressure like errors.
  template <level Compiled = detail::compiled_level, class... A>
  [[gnu::always_inline]] void critical(message<std::type_identity_t<A>...> text,
                                       A const&... arguments) const noexcept {
    write<level::critical, Compiled>(text, arguments...);
  }
  /// Logs who did what, for later review. Kept under pressure like errors.
  template <level Compiled = detail::compiled_level, class... A>
  [[gnu::always_inline]] void audit(message<std::type_identity_t<A>...> text,
                                    A const&... arguments) const noexcept {
    write<level::audit, Compiled>(text, arguments...);
  }
  /// Logs an event that matters to the security of the system. Kept under pressure like errors.
  template <level Compiled = detail::compiled_level, class... A>
  [[gnu::always_inline]] void security(message<std::type_identity_t<A>...> text,
                                       A const&... arguments) const noexcept {
    write<level::security, Compiled>(text, arguments...);
  }
  /// Logs with a level chosen at run time. A number above 99 logs nothing.
  template <level Compiled = detail::compiled_level, class... A>
  [[gnu::always_inline]] void log(level severity, message<std::type_identity_t<A>...> text,
                                  A const&... arguments) const noexcept {
    detail::refuse_duplicate_keys(arguments...);
    if (!is_compiled_in<Compiled>(severity) || !is_reached_by(severity) || !detail::is_level(severity))
      return;
    detail::log_at_level<decltype(detail::pass(arguments))...>(
        *core_, detail::statement{severity, text.flags()}, text.text(), text.where(),
        detail::pass(arguments)...);
  }

  /// The same calls with the fields in a list: `log.info("text", {{"user_id", 42}, {"ip", ip}})`.
  template <level Compiled = detail::compiled_level, std::size_t N>
  [[gnu::always_inline]] void trace(message<> text, field const (&&fields)[N]) const noexcept {
    write_list<Compiled>(level::trace, text, fields);
  }
  template <level Compiled = detail::compiled_level, std::size_t N>
  [[gnu::always_inline]] void debug(message<> text, field const (&&fields)[N]) const noexcept {
    write_list<Compiled>(level::debug, text, fields);
  }
  template <level Compiled = detail::compiled_level, std::size_t N>
  [[gnu::always_inline]] void info(message<> text, field const (&&fields)[N]) const noexcept {
    write_list<Compiled>(level::info, text, fields);
  }
  template <level Compiled = detail::compiled_level, std::size_t N>
  [[gnu::always_inline]] void warning(message<> text, field const (&&fields)[N]) const noexcept {
    write_list<Compiled>(level::warning, text, fields);
  }
  template <level Compiled = detail::compiled_level, std::size_t N>
  [[gnu::always_inline]] void warn(message<> text, field const (&&fields)[N]) const noexcept {
    write_list<Compiled>(level::warning, text, fields);
  }
  template <level Compiled = detail::compiled_level, std::size_t N>
  [[gnu::always_inline]] void error(message<> text, field const (&&fields)[N]) const noexcept {
    write_list<Compiled>(level::error, text, fields);
  }
  template <level Compiled = detail::compiled_level, std::size_t N>
  [[gnu::always_inline]] void critical(message<> text, field const (&&fields)[N]) const noexcept {
    write_list<Compiled>(level::critical, text, fields);
  }
  template <level Compiled = detail::compiled_level, std::size_t N>
  [[gnu::always_inline]] void audit(message<> text, field const (&&fields)[N]) const noexcept {
    write_list<Compiled>(level::audit, text, fields);
  }
  template <level Compiled = detail::compiled_level, std::size_t N>
  [[gnu::always_inline]] void security(message<> text, field const (&&fields)[N]) const noexcept {
    write_list<Compiled>(level::security, text, fields);
  }
  template <level Compiled = detail::compiled_level, std::size_t N>
  [[gnu::always_inline]] void log(level severity, message<> text, field const (&&fields)[N]) const noexcept {
    write_list<Compiled>(severity, text, fields);
  }

  /// A logger of the same name that adds these fields to each of its records; this one does not change. The fields are
  /// copied. Fields of a call override them, and they override fields of the scope. Without memory it returns a copy of
  /// this logger.
  template <class... Fields>
    requires detail::all_fields<Fields...>
  [[nodiscard, gnu::always_inline]] basic_logger with(Fields&&... fields) const noexcept {
    detail::refuse_stored_fields<Fields...>();
    detail::refuse_duplicate_keys(fields...);
    return with({detail::field_copy::of(fields)...});
  }
  template <std::size_t N>
  [[nodiscard, gnu::always_inline]] basic_logger with(field const (&&fields)[N]) const noexcept {
    detail::refuse_duplicates(fields, std::make_index_sequence<N>{});
    if (core_ == nullptr) return *this;
    return basic_logger{core_->owner.bind(*core_, fields, N)};
  }

  /// These overloads refuse a field that is stored in a variable, because it may outlive its value.
  template <class... A>
    requires detail::has_stored_field<A...>
  void trace(auto const&, A&&...) const { detail::refuse_stored_fields<A...>(); }
  template <class... A>
    requires detail::has_stored_field<A...>
  void debug(auto const&, A&&...) const { detail::refuse_stored_fields<A...>(); }
  template <class... A>
    requires detail::has_stored_field<A...>
  void info(auto const&, A&&...) const { detail::refuse_stored_fields<A...>(); }
  template <class... A>
    requires detail::has_stored_field<A...>
  void warning(auto const&, A&&...) const { detail::refuse_stored_fields<A...>(); }
  template <class... A>
    requires detail::has_stored_field<A...>
  void warn(auto const&, A&&...) const { detail::refuse_stored_fields<A...>(); }
  template <class... A>
    requires detail::has_stored_field<A...>
  void error(auto const&, A&&...) const { detail::refuse_stored_fields<A...>(); }
  template <class... A>
    requires detail::has_stored_field<A...>
  void critical(auto const&, A&&...) const { detail::refuse_stored_fields<A...>(); }
  template <class... A>
    requires detail::has_stored_field<A...>
  void audit(auto const&, A&&...) const { detail::refuse_stored_fields<A...>(); }
  template <class... A>
    requires detail::has_stored_field<A...>
  void security(auto const&, A&&...) const { detail::refuse_stored_fields<A...>(); }
  template <class... A>
    requires detail::has_stored_field<A...>
  void log(level, auto const&, A&&...) const { detail::refuse_stored_fields<A...>(); }
  /// True if a call with this level is logged, or goes to the flight recorder. Use it before expensive work; `lazy` needs no
  /// such check.
  [[nodiscard]] bool is_enabled(level severity) const noexcept {
    return is_reached_by(severity) && core_ != nullptr && detail::is_admitted(*core_, severity);
  }
  /// Sets the level of all loggers of this name, at once, on every thread. Throws: std::bad_alloc.
  void set_level(level lowest) const {
    if (core_ != nullptr) core_->owner.set_level(core_->name.name, lowest);
  }
  /// Writes the recent records of this thread's flight recorder, from all loggers of the runtime, as if an error had asked for
  /// them. No effect if the runtime has no flight recorder (`options::flight_recorder`).
  void dump_recent() const noexcept {
    if (core_ != nullptr) core_->owner.dump_recent();
  }
  /// The name of the logger, or an empty string if it is default-constructed.
  [[nodiscard]] std::string_view name() const noexcept {
    return core_ == nullptr ? std::string_view{} : std::string_view{core_->name.name};
  }

  /// Takes over a reference. Internal: called by the runtime.
  explicit basic_logger(detail::logger_core* core) noexcept
      : core_(core), threshold_(&core->name.threshold) {}

 private:
  template <level>
  friend class basic_logger;
  friend struct detail::logger_access;

  basic_logger(detail::logger_core* core, detail::atomic_word<std::uint8_t> const* threshold) noexcept
      : core_(core), threshold_(threshold) {
    if (core_ != nullptr) core_->add_reference();
  }

  template <level Compiled>
  [[nodiscard]] static constexpr bool is_compiled_in(level severity) noexcept {
    return severity >= Floor && severity >= Compiled;
  }
  /// The level check of a call. While a level_scope exists, what passes it may be refused later: see `channel::admits`.
  [[nodiscard, gnu::always_inline]] bool is_reached_by(level severity) const noexcept {
    return threshold_->is_reached_by(static_cast<std::uint8_t>(severity));
  }

  template <level Severity, level Compiled, class... A>
  [[gnu::always_inline]] void write(message<std::type_identity_t<A>...> const& text,
                                    A const&... arguments) const noexcept {
    if constexpr (is_compiled_in<Compiled>(Severity)) {
      detail::refuse_duplicate_keys(arguments...);
      if (!is_reached_by(Severity)) return;
      constexpr unsigned mark = detail::record_format::mark_of_level(static_cast<std::uint8_t>(Severity));
      detail::marked_call_site const where{text.where(), mark,
                                           text.flags() ^ unsigned{detail::usual_flags<A...>}};
      detail::log_call<decltype(detail::pass(arguments))...>(*core_, text.text(), where,
                                                             detail::pass(arguments)...);
    }
  }

  template <level Compiled, std::size_t N>
  [[gnu::always_inline]] void write_list(level severity, message<> const& text,
                                         field const (&fields)[N]) const noexcept {
    detail::refuse_duplicates(fields, std::make_index_sequence<N>{});
    if (!is_compiled_in<Compiled>(severity) || !is_reached_by(severity) || !detail::is_level(severity))
      return;
    detail::log_list(*core_, detail::statement{severity, text.flags()}, text.text(), text.where(), fields);
  }

  detail::logger_core* core_ = nullptr;
  detail::atomic_word<std::uint8_t> const* threshold_ = &detail::nothing_enabled;
};

/// The logger of every runtime, and the type for the interfaces of libraries.
using logger = basic_logger<>;

namespace detail {

/// What other ways to log need of a logger.
struct logger_access {
  /// Null if the logger has no runtime.
  template <level Floor>
  [[nodiscard, gnu::always_inline]] static logger_core* core(basic_logger<Floor> const& log) noexcept {
    return log.core_;
  }
  template <level Floor, level Compiled>
  [[nodiscard]] static constexpr bool is_compiled_in(level severity) noexcept {
    return basic_logger<Floor>::template is_compiled_in<Compiled>(severity);
  }
};

}  // namespace detail

}  // namespace fapilog::inline v0_1
