// SPDX-License-Identifier: MIT
// The facade, which every file includes to log: light, for the worker, sinks and stages stay out of it.
#pragma once

#include <fapilog/engine/channel.hpp>
#include <fapilog/engine/emit.hpp>
#include <fapilog/record/context.hpp>
#include <fapilog/record/field.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/record/message.hpp>
#include <fapilog/setup/preset.hpp>

#include <concepts>
#include <initializer_list>
#include <string_view>
#include <type_traits>
#include <utility>

/// Calls below this level (0 to 99) are removed when compiling.
#ifndef FAPILOG_COMPILED_LEVEL
#define FAPILOG_COMPILED_LEVEL 0
#endif

namespace fapilog {
namespace detail {

FAPILOG_DETAIL_COMPILE_ERROR("fapilog: two fields of this log call have the same key")
void duplicate_key_error() noexcept;

/// Two literal keys of one call that are the same: an error where the compiler optimises; elsewhere the last one wins.
template <class A, class B>
[[gnu::always_inline]] inline void refuse_same_key([[maybe_unused]] A const& a,
                                                   [[maybe_unused]] B const& b) noexcept {
#if FAPILOG_DETAIL_CHECKS_KEYS
  if constexpr (is_field<A> && is_field<B>) {
    bool const same = a.key_hash() != 0 && a.key_hash() == b.key_hash() && a.name().size == b.name().size &&
                      __builtin_memcmp(a.name().text, b.name().text, a.name().size) == 0;
    if (__builtin_constant_p(same) && same) duplicate_key_error();
  }
#endif
}

[[gnu::always_inline]] inline void refuse_duplicate_keys() noexcept {}
template <class First, class... Rest>
[[gnu::always_inline]] inline void refuse_duplicate_keys(First const& first, Rest const&... rest) noexcept {
  (refuse_same_key(first, rest), ...);
  refuse_duplicate_keys(rest...);
}

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
    engine::emit(*core_, severity, text.text(), text.is_runtime(), text.where(), arguments...);
  }

  /// The same with the fields in a list: `log.info("text", {{"user_id", 42}, {"ip", ip}})`.
  void debug(message<> text, std::initializer_list<field> fields) const noexcept {
    log(level::debug, text, fields);
  }
  void info(message<> text, std::initializer_list<field> fields) const noexcept {
    log(level::info, text, fields);
  }
  void warning(message<> text, std::initializer_list<field> fields) const noexcept {
    log(level::warning, text, fields);
  }
  void error(message<> text, std::initializer_list<field> fields) const noexcept {
    log(level::error, text, fields);
  }
  void critical(message<> text, std::initializer_list<field> fields) const noexcept {
    log(level::critical, text, fields);
  }
  void audit(message<> text, std::initializer_list<field> fields) const noexcept {
    log(level::audit, text, fields);
  }
  void security(message<> text, std::initializer_list<field> fields) const noexcept {
    log(level::security, text, fields);
  }
  void log(level severity, message<> text, std::initializer_list<field> fields) const noexcept {
    if (!detail::is_compiled_in(severity) || !is_enabled(severity) || !detail::is_level(severity)) return;
    engine::emit_list(*core_, severity, text.text(), text.is_runtime(), text.where(), fields.begin(),
                      fields.size());
  }

  /// A logger of the same name that adds these fields to each of its records; this one stays as it is. The fields are
  /// copied; those of a call win over them, they win over the scope's. Without memory it is a copy of this one.
  template <std::same_as<field>... Fields>
  [[nodiscard]] basic_logger with(Fields const&... fields) const noexcept {
    detail::refuse_duplicate_keys(fields...);
    return with({fields...});
  }
  [[nodiscard]] basic_logger with(std::initializer_list<field> fields) const noexcept {
    if (core_ == nullptr) return *this;
    return basic_logger{core_->owner.bind(*core_, fields.begin(), fields.size())};
  }

  [[nodiscard]] bool is_enabled(level severity) const noexcept {
    return static_cast<std::uint8_t>(severity) >= threshold_->load_relaxed();
  }
  /// Sets the level of all loggers of this name, at once, on every thread.
  void set_level(level lowest) const noexcept {
    if (core_ != nullptr) core_->owner.set_level(core_->name.name, lowest);
  }
  /// The name that stands in the record, or nothing for a default-made logger.
  [[nodiscard]] std::string_view name() const noexcept {
    return core_ == nullptr ? std::string_view{} : std::string_view{core_->name.name};
  }

  /// Takes over a reference. For the runtime.
  explicit basic_logger(engine::logger_core* core) noexcept
      : core_(core), threshold_(&core->name.threshold) {}

 private:
  template <level Severity, class... A>
  [[gnu::always_inline]] void write(message<std::type_identity_t<A>...> const& text,
                                    A const&... arguments) const noexcept {
    if constexpr (detail::is_compiled_in(Severity)) {
      detail::refuse_duplicate_keys(arguments...);
      if (!is_enabled(Severity)) return;
      engine::emit(*core_, Severity, text.text(), text.is_runtime(), text.where(), arguments...);
    }
  }

  engine::logger_core* core_ = nullptr;
  detail::atomic_word<std::uint8_t> const* threshold_ = &detail::nothing_enabled;
};

/// The logger of the preset chosen when compiling.
using logger = basic_logger<default_preset>;

}  // namespace fapilog
