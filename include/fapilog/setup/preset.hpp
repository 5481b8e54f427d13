// SPDX-License-Identifier: MIT
// The compiled-in presets as data: dev, production, serverless, hardened, minimal.
#pragma once

#include <fapilog/record/level.hpp>
#include <fapilog/setting.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <type_traits>

/// The preset of `fapilog::runtime` and `fapilog::options`: dev, production, serverless, hardened or minimal. All files
/// of a program must agree on it. CMake's variable FAPILOG_PRESET defines FAPILOG_DEFAULT_PRESET for all of them; a
/// definition of FAPILOG_PRESET overrides it.
#ifndef FAPILOG_DEFAULT_PRESET
#define FAPILOG_DEFAULT_PRESET minimal
#endif
#ifndef FAPILOG_PRESET
#define FAPILOG_PRESET FAPILOG_DEFAULT_PRESET
#endif

// NOLINTBEGIN(readability-identifier-naming): the names end with those of the presets
#define FAPILOG_DETAIL_IS_PRESET_dev 1
#define FAPILOG_DETAIL_IS_PRESET_production 1
#define FAPILOG_DETAIL_IS_PRESET_serverless 1
#define FAPILOG_DETAIL_IS_PRESET_hardened 1
#define FAPILOG_DETAIL_IS_PRESET_minimal 1
#define FAPILOG_DETAIL_IS_PRESET_adaptive 1
// NOLINTEND(readability-identifier-naming)
#define FAPILOG_DETAIL_JOIN_NAMES(a, b) a##b
#define FAPILOG_DETAIL_IS_PRESET(name) FAPILOG_DETAIL_JOIN_NAMES(FAPILOG_DETAIL_IS_PRESET_, name)
#if !FAPILOG_DETAIL_IS_PRESET(FAPILOG_PRESET)
#error "fapilog: FAPILOG_PRESET is not one of dev, production, serverless, hardened, minimal, adaptive"
#endif

namespace fapilog::inline v0_1 {

/// What the redactors of a preset cover: see `redactors::production_set` and `redactors::hardened_set`.
enum class redaction_form : std::uint8_t { none, credentials, hardened };

namespace detail {

/// The value of a setting in the form of a settings file: a boolean, a number or a string.
class preset_value {
 public:
  enum class type : std::uint8_t { boolean, integer, real, string };

  constexpr preset_value() noexcept = default;
  template <class T>
    requires std::is_arithmetic_v<T>
  constexpr preset_value(T v) noexcept  // NOLINT(google-explicit-constructor)
      : kind_(std::is_same_v<T, bool>       ? type::boolean
              : std::is_floating_point_v<T> ? type::real
                                            : type::integer),
        integer_(static_cast<std::int64_t>(v)),
        real_(static_cast<double>(v)) {}
  constexpr preset_value(char const* v) noexcept  // NOLINT(google-explicit-constructor)
      : kind_(type::string), string_(v) {}

  [[nodiscard]] constexpr type kind() const noexcept { return kind_; }
  [[nodiscard]] constexpr std::int64_t integer() const noexcept { return integer_; }
  [[nodiscard]] constexpr double real() const noexcept { return real_; }
  [[nodiscard]] constexpr std::string_view string() const noexcept { return string_; }

  /// Converts to a T: a bool, number, level, duration, or an enumeration by the name of its value. `path` is the path
  /// of the setting.
  template <class T>
  [[nodiscard]] constexpr T as(std::string_view path) const {
    if constexpr (std::is_same_v<T, level>) {
      return parse_level(string_).value;
    } else if constexpr (std::is_enum_v<T>) {
      for (auto const& [value, name] : enum_names<T>::names) {
        if (name == string_) return value;
      }
      throw "fapilog: a preset gives an enumeration a value that it does not have";
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(real_);
    } else if constexpr (std::is_arithmetic_v<T>) {
      return static_cast<T>(integer_);
    } else {
      // A duration, in seconds or in milliseconds.
      using period = typename T::period;
      double const seconds = real_ / (path.ends_with("_ms") ? 1e3 : 1.0);
      return T{static_cast<typename T::rep>(seconds * static_cast<double>(period::den) /
                                            static_cast<double>(period::num))};
    }
  }

 private:
  type kind_ = type::boolean;
  std::int64_t integer_ = 0;
  double real_ = 0;
  std::string_view string_ = {};
};

/// A setting to which a preset gives another default, such as `core.batch_max_size`.
struct preset_setting {
  std::string_view path = {};
  preset_value value = {};
};

/// Up to N constants.
template <class T, std::size_t N>
class constant_list {
 public:
  constexpr constant_list(std::initializer_list<T> items) noexcept : count_(items.size()) {
    std::size_t i = 0;
    for (T const& item : items) items_[i++] = item;
  }
  [[nodiscard]] constexpr T const* begin() const noexcept { return items_; }
  [[nodiscard]] constexpr T const* end() const noexcept { return items_ + count_; }

 private:
  T items_[N]{};
  std::size_t count_;
};
}  // namespace detail

/// A preset: sinks, redactors, and the settings whose defaults differ from those that they declare. Known at compile
/// time.
struct preset {
  std::string_view name;
  /// False forbids every change of a database's schema, by type: see `basic_runtime::allow_ddl`.
  bool allow_ddl = true;
  redaction_form redaction = redaction_form::none;
  detail::constant_list<std::string_view, 2> sinks = {"stdout_json"};
  /// True: the file is the fallback of the first sink, and is created when it is first needed.
  bool file_is_fallback = false;
  detail::constant_list<detail::preset_setting, 16> settings = {};

  [[nodiscard]] constexpr bool has_sink(std::string_view sink) const noexcept {
    for (std::string_view const own : sinks) {
      if (own == sink) return true;
    }
    return false;
  }
  /// True if the preset changes a setting whose path contains `part`.
  [[nodiscard]] constexpr bool changes(std::string_view part) const noexcept {
    for (detail::preset_setting const& s : settings) {
      if (s.path.find(part) != std::string_view::npos) return true;
    }
    return false;
  }
  /// The value that the preset gives a setting, or null.
  [[nodiscard]] constexpr detail::preset_value const* find(std::string_view path) const noexcept {
    for (detail::preset_setting const& s : settings) {
      if (s.path == path) return &s.value;
    }
    return nullptr;
  }
  /// The default of a setting under the preset; `standard` if the preset does not change it.
  template <class T>
  [[nodiscard]] constexpr T get(std::string_view path, T standard) const {
    detail::preset_value const* const own = find(path);
    return own != nullptr ? own->template as<T>(path) : standard;
  }
};

namespace presets {

/// For development: shows everything at once, in colour, with file and line.
inline constexpr preset dev{.name = "dev",
                            .sinks = {"stdout_pretty"},
                            .settings = {{"core.log_level", "DEBUG"},
                                         {"core.batch_max_size", 1},
                                         {"core.batch_timeout_seconds", 0},
                                         {"core.source_location", true}}};

/// For services: waits briefly instead of dropping, masks credentials, continues while a sink is down, and never changes a
/// database's schema.
inline constexpr preset production{
    .name = "production",
    .allow_ddl = false,
    .redaction = redaction_form::credentials,
    .file_is_fallback = true,
    .settings = {{"core.when_full", "wait"},
                 {"core.redaction_fail_mode", "warn"},
                 {"core.crash.enabled", true},
                 {"core.adaptive.enabled", true},
                 {"core.adaptive.cooldown", 1},
                 {"core.adaptive.circuit_pressure_boost", 0.25},
                 {"core.drop_summary_window_seconds", 60},
                 {"core.shutdown_timeout_seconds", 25},
                 {"sink_config.stdout_json.delivery.circuit_breaker.enabled", true},
                 {"sink_config.rotating_file.directory", "./logs"},
                 {"sink_config.rotating_file.filename_prefix", "fapilog"},
                 {"sink_config.rotating_file.max_bytes", 52'428'800},
                 {"sink_config.rotating_file.max_files", 10},
                 {"sink_config.rotating_file.compress_rotated", true}}};

/// For functions that are frozen between requests: small batches, never waits, masks credentials.
inline constexpr preset serverless{
    .name = "serverless",
    .redaction = redaction_form::credentials,
    .settings = {{"core.batch_max_size", 25}, {"core.redaction_fail_mode", "warn"}}};

/// For regulated environments: standard output and a file side by side, masks everything that is known to be sensitive,
/// and never changes a database's schema.
inline constexpr preset hardened{.name = "hardened",
                                 .allow_ddl = false,
                                 .redaction = redaction_form::hardened,
                                 .sinks = {"stdout_json", "rotating_file"},
                                 .settings = {{"core.batch_max_size", 100},
                                              {"core.when_full", "wait"},
                                              {"core.crash.enabled", true},
                                              {"core.drop_summary_window_seconds", 60},
                                              {"sink_config.rotating_file.directory", "./logs"},
                                              {"sink_config.rotating_file.filename_prefix", "fapilog"},
                                              {"sink_config.rotating_file.max_bytes", 52'428'800},
                                              {"sink_config.rotating_file.max_files", 10},
                                              {"sink_config.rotating_file.compress_rotated", true}}};

/// The default: each record on standard output as soon as possible, readable on a terminal, JSON elsewhere.
inline constexpr preset minimal{
    .name = "minimal", .sinks = {"stdout_auto"}, .settings = {{"core.batch_timeout_seconds", 0}}};

/// Former name of `production`.
[[deprecated(
    "fapilog: the preset 'adaptive' is called 'production' now")]] inline constexpr preset const& adaptive =
    production;

}  // namespace presets

namespace detail {
/// The preset chosen at compile time.
inline constexpr preset const& default_preset = presets::FAPILOG_PRESET;
}  // namespace detail

}  // namespace fapilog::inline v0_1
