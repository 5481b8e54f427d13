// SPDX-License-Identifier: MIT
// The severity of a record: eight named levels and custom levels between them.
#pragma once

#include <fapilog/detail/compiler.hpp>
#include <fapilog/detail/os/module_pin.hpp>
#include <fapilog/detail/text/ascii.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fapilog::inline v0_1 {

/// Severity of a record, 0 to 99; a higher number is more severe. The numbers are those of envelope v1.1, which has no TRACE.
enum class level : std::uint8_t {
  trace = 5,
  debug = 10,
  info = 20,
  warning = 30,
  error = 40,
  critical = 50,
  audit = 60,     ///< who did what; kept under pressure like errors
  security = 70,  ///< relevant to security staff; kept under pressure like errors
};

namespace detail {
/// One more than the highest level.
inline constexpr std::size_t level_count = 100;
}  // namespace detail

/// A level between the named ones, such as `constexpr auto notice = fapilog::custom_level(25);`. Set its name in
/// `options::level_names`. A value above 99 is a compile error.
consteval level custom_level(unsigned value) {
  if (value >= detail::level_count) FAPILOG_DETAIL_REFUSE("fapilog: a custom level lies between 0 and 99");
  return static_cast<level>(value);
}

/// The name of a named level, or an empty view for a custom one. Thread: any. Throws: never.
[[nodiscard]] constexpr std::string_view level_name(level value) noexcept {
  switch (value) {
    case level::trace: return "TRACE";
    case level::debug: return "DEBUG";
    case level::info: return "INFO";
    case level::warning: return "WARNING";
    case level::error: return "ERROR";
    case level::critical: return "CRITICAL";
    case level::audit: return "AUDIT";
    case level::security: return "SECURITY";
  }
  return {};
}

namespace detail {
/// The result of `parse_level`.
struct parsed_level {
  bool ok = false;
  level value = level::info;
  constexpr explicit operator bool() const noexcept { return ok; }
};
}  // namespace detail

/// Reads a level's name in any case, with the aliases WARN and FATAL, or its number ("25"). Throws: never.
[[nodiscard]] constexpr detail::parsed_level parse_level(std::string_view text) noexcept {
  for (level const value : {level::trace, level::debug, level::info, level::warning, level::error,
                            level::critical, level::audit, level::security}) {
    if (detail::equals_ignoring_case(text, level_name(value))) return {true, value};
  }
  if (detail::equals_ignoring_case(text, "WARN")) return {true, level::warning};
  if (detail::equals_ignoring_case(text, "FATAL")) return {true, level::critical};
  if (text.empty() || text.size() > 2) return {};
  unsigned number = 0;
  for (char const c : text) {
    if (!detail::is_ascii_digit(c)) return {};
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  return {true, static_cast<level>(number)};
}

template <class Enum>
struct enum_names;

/// Levels as settings: by name or number.
template <>
struct enum_names<level> {
  static constexpr std::string_view name(level value) noexcept { return level_name(value); }
  static constexpr detail::parsed_level parse(std::string_view text) noexcept { return parse_level(text); }
};

/// A set of levels.
class level_set {
 public:
  constexpr level_set() noexcept = default;

  template <class... Levels>
  static constexpr level_set of(Levels... levels) noexcept {
    level_set set;
    (set.insert(levels), ...);
    return set;
  }
  constexpr void insert(level value) noexcept { bits_[word(value)] |= bit(value); }
  [[nodiscard]] constexpr bool contains(level value) const noexcept {
    return (bits_[word(value)] & bit(value)) != 0;
  }
  friend constexpr bool operator==(level_set const&, level_set const&) noexcept = default;

 private:
  static constexpr std::size_t word(level value) noexcept {
    return (static_cast<std::size_t>(value) >> 6) & 1;
  }
  static constexpr std::uint64_t bit(level value) noexcept {
    return std::uint64_t{1} << (static_cast<unsigned>(value) & 63);
  }

  std::uint64_t bits_[2]{};
};

}  // namespace fapilog::inline v0_1
