// SPDX-License-Identifier: MIT
// The facade, which every file includes to log: light, for the worker, sinks and stages stay out of it.
#pragma once

#include <fapilog/queue/channel.hpp>
#include <fapilog/queue/log_call.hpp>
#include <fapilog/record/context.hpp>
#include <fapilog/record/field.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/record/message.hpp>
#include <fapilog/setup/preset.hpp>

#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

/// Calls below this level (0 to 99) are removed when compiling.
#ifndef FAPILOG_COMPILED_LEVEL
#define FAPILOG_COMPILED_LEVEL 0
#endif

namespace fapilog::inline v0_1 {
namespace detail {

inline constexpr int compiled_level = FAPILOG_COMPILED_LEVEL;
static_assert(compiled_level >= 0 && compiled_level < 256,
              "fapilog: FAPILOG_COMPILED_LEVEL is a level's number");

constexpr bool is_compiled_in(level severity) noexcept {
  return static_cast<int>(severity) >= compiled_level;
}

/// False for a number that was cast to a level and is none.
constexpr bool is_level(level severity) noexcept { return static_cast<std::size_t>(severity) < level_count; }

/// The threshold of loggers that belong to no runtime: no level reaches it.
inline constinit atomic_word<std::uint8_t> nothing_enabled{255};

}  // namespace detail

/// Logs to the runtime that handed it out. A value: copies are the same logger. A default-made one logs nothing.
/// Every call is `noexcept`, copies what it is given before it returns, and costs one load and a branch where its
/// level is off. Thread: any; one object may be used by many threads at once. It may outlive its runtime: calls are
/// then counted as dropped (`closed`).
template <preset const& P>
class basic_logger {
 public:
  basic_logger() noexcept = default;
  basic_logger(basic_logger const& other) noexcept : core_(other.core_), threshold_(other.threshold_) {
    if (core_ != nullptr) core_->add_reference();
  }
  basic_logger(basic_logger&& other) noexcept
      : core_(std::exchange(other.core_, nullptr)),
        threshold_(std::exchange(other.threshold_, &detail::nothing_enabled)) {}
  basic_logger& operator=(basic_logger other) noexcept {
    std::swap(core_, other.core_);
    std::swap(threshold_, other.threshold_);
    return *this;
  }
  ~basic_logger() {
    if (core_ != nullptr) core_->drop_reference();
  }

  /// A message literal, its format arguments, then fields: `log.info("took {}", dt, kv("order", id))`.
  template <class... A>
  [[gnu::always_inline]] void debug(message<std::type_identity_t<A>...> text,
                                    A const&... arguments) const noexcept {
    write<level::debug>(text, arguments...);
  }
  template <class... A>
  [[gnu::always_inline]] void info(message<std::type_identity_t<A>...> text,
                                   A const&... arguments) const noexcept {
    write<level::info>(text, arguments...);
  }
  template <class... A>
  [[gnu::always_inline]] void warning(message<std::type_identity_t<A>...> text,
                                      A const&... arguments) const noexcept {
    write<level::warning>(text, arguments...);
  }
  template <class... A>
  [[gnu::always_inline]] void error(message<std::type_identity_t<A>...> text,
                                    A const&... arguments) const noexcept {
    write<level::error>(text, arguments...);
  }
  template <class... A>
  [[gnu::always_inline]] void critical(message<std::type_identity_t<A>...> text,
                                       A const&... arguments) const noexcept {
    write<level::critical>(text, arguments...);
  }
  template <class... A>
  [[gnu::always_inline]] void audit(message<std::type_identity_t<A>...> text,
                                    A const&... arguments) const noexcept {
    write<level::audit>(text, arguments...);
  }
  template <class... A>
  [[gnu::always_inline]] void security(message<std::type_identity_t<A>...> text,
                                       A const&... arguments) const noexcept {
    write<level::security>(text, arguments...);
  }
  /// With a level chosen at run time.
  template <class... A>
  [[gnu::always_inline]] void log(level severity, message<std::type_identity_t<A>...> text,
                                  A const&... arguments) const noexcept {
    detail::refuse_duplicate_keys(arguments...);
    if (!detail::is_compiled_in(severity) || !is_enabled(severity) || !detail::is_level(severity)) return;
    detail::log_call<decltype(detail::pass(arguments))...>(*core_, detail::statement{severity, text.flags()},
                                                           text.text(), text.where(),
                                                           detail::pass(arguments)...);
  }

  /// The same with the fields in a list: `log.info("text", {{"user_id", 42}, {"ip", ip}})`.
  template <std::size_t N>
  [[gnu::always_inline]] void debug(message<> text, field const (&&fields)[N]) const noexcept {
    write_list(level::debug, text, fields);
  }
  template <std::size_t N>
  [[gnu::always_inline]] void info(message<> text, field const (&&fields)[N]) const noexcept {
    write_list(level::info, text, fields);
  }
  template <std::size_t N>
  [[gnu::always_inline]] void warning(message<> text, field const (&&fields)[N]) const noexcept {
    write_list(level::warning, text, fields);
  }
  template <std::size_t N>
  [[gnu::always_inline]] void error(message<> text, field const (&&fields)[N]) const noexcept {
    write_list(level::error, text, fields);
  }
  template <std::size_t N>
  [[gnu::always_inline]] void critical(message<> text, field const (&&fields)[N]) const noexcept {
    write_list(level::critical, text, fields);
  }
  template <std::size_t N>
  [[gnu::always_inline]] void audit(message<> text, field const (&&fields)[N]) const noexcept {
    write_list(level::audit, text, fields);
  }
  template <std::size_t N>
  [[gnu::always_inline]] void security(message<> text, field const (&&fields)[N]) const noexcept {
    write_list(level::security, text, fields);
  }
  template <std::size_t N>
  [[gnu::always_inline]] void log(level severity, message<> text, field const (&&fields)[N]) const noexcept {
    write_list(severity, text, fields);
  }
  /// A logger of the same name that adds these fields to each of its records; this one stays as it is. The fields are
  /// copied; those of a call win over them, they win over the scope's. Without memory it is a copy of this one.
  template <std::derived_from<field>... Fields>
  [[nodiscard, gnu::always_inline]] basic_logger with(Fields const&... fields) const noexcept {
    detail::refuse_duplicate_keys(fields...);
    return with({fields...});
  }
  template <std::size_t N>
  [[nodiscard, gnu::always_inline]] basic_logger with(field const (&&fields)[N]) const noexcept {
    detail::refuse_duplicates(fields, std::make_index_sequence<N>{});
    if (core_ == nullptr) return *this;
    return basic_logger{core_->owner.bind(*core_, fields, N)};
  }

  [[nodiscard]] bool is_enabled(level severity) const noexcept {
    return static_cast<std::uint8_t>(severity) >= threshold_->load_relaxed();
  }
  /// Sets the level of all loggers of this name, at once, on every thread. Throws: std::bad_alloc.
  void set_level(level lowest) const {
    if (core_ != nullptr) core_->owner.set_level(core_->name.name, lowest);
  }
  /// The name that stands in the record, or nothing for a default-made logger.
  [[nodiscard]] std::string_view name() const noexcept {
    return core_ == nullptr ? std::string_view{} : std::string_view{core_->name.name};
  }

  /// Takes over a reference. For the runtime.
  explicit basic_logger(detail::logger_core* core) noexcept
      : core_(core), threshold_(&core->name.threshold) {}

 private:
  template <level Severity, class... A>
  [[gnu::always_inline]] void write(message<std::type_identity_t<A>...> const& text,
                                    A const&... arguments) const noexcept {
    if constexpr (detail::is_compiled_in(Severity)) {
      detail::refuse_duplicate_keys(arguments...);
      if (!is_enabled(Severity)) return;
      detail::log_call<decltype(detail::pass(arguments))...>(
          *core_, detail::statement{Severity, text.flags()}, text.text(), text.where(),
          detail::pass(arguments)...);
    }
  }

  template <std::size_t N>
  [[gnu::always_inline]] void write_list(level severity, message<> const& text,
                                         field const (&fields)[N]) const noexcept {
    detail::refuse_duplicates(fields, std::make_index_sequence<N>{});
    if (!detail::is_compiled_in(severity) || !is_enabled(severity) || !detail::is_level(severity)) return;
    detail::log_list(*core_, detail::statement{severity, text.flags()}, text.text(), text.where(), fields);
  }

  detail::logger_core* core_ = nullptr;
  detail::atomic_word<std::uint8_t> const* threshold_ = &detail::nothing_enabled;
};

/// The logger of the preset chosen when compiling.
using logger = basic_logger<default_preset>;

}  // namespace fapilog::inline v0_1
