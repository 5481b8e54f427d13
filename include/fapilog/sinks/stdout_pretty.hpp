// SPDX-License-Identifier: MIT
// A sink that writes each record as one readable line to standard output, in colour on a terminal.
#pragma once

#include <fapilog/record/batch.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/sinks/console/detail/stdout_writers.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/sinks/text_format.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1 {
namespace sinks {

enum class colour_mode : std::uint8_t {
  automatic,  ///< on a terminal, unless NO_COLOR is set and not empty or TERM is "dumb"; FORCE_COLOR comes first
  always,
  never,
};

struct stdout_pretty_config {
  int descriptor = 1;  ///< file descriptor that the lines are written to; it is never closed
  colour_mode colours = colour_mode::automatic;
  /// The form of a line; see docs/user-guide/text-patterns.md. Empty: time, level, logger, message, fields and location.
  std::string pattern = {};
  time_zone zone = time_zone::utc;
  bool location = true;  ///< shows file and line of the call; for the empty pattern
  bool wrap = true;      ///< continues lines that are wider than the terminal on indented ones
  /// How long a write waits while the reader takes nothing, if the descriptor is non-blocking and full.
  std::chrono::milliseconds write_timeout{1'000};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(detail::descriptor_setting, self.descriptor);
    visit(setting{.name = "colours",
                  .text = "`automatic`: on a terminal, unless NO_COLOR is not empty or TERM is `dumb`; "
                          "FORCE_COLOR comes first."},
          self.colours);
    visit(setting{.name = "pattern",
                  .text = "The form of a line, such as `{time} {level:<8} {logger}: {message} {fields}`. "
                          "Empty: time, level, logger, message, fields and location."},
          self.pattern);
    visit(detail::time_zone_setting, self.zone);
    visit(setting{.name = "location", .text = "Shows file and line of the call, if `pattern` is empty."},
          self.location);
    visit(
        setting{.name = "wrap", .text = "Continues lines that are wider than the terminal on indented ones."},
        self.wrap);
    visit(detail::write_timeout_setting, self.write_timeout);
  }

  /// Returns an error message, or an empty string. Throws: std::bad_alloc.
  [[nodiscard]] friend std::string complete(stdout_pretty_config& config) {
    return detail::pattern_problem("stdout_pretty", config.pattern);
  }
};

}  // namespace sinks

namespace detail {
[[nodiscard]] inline stdout_style style_of(sinks::stdout_pretty_config const& config) {
  using sinks::colour_mode;
  std::optional<bool> colours;
  if (config.colours != colour_mode::automatic) colours = config.colours == colour_mode::always;
  return {colours, config.pattern, config.zone, config.location, config.wrap};
}
}  // namespace detail

namespace sinks {

/// Writes events by a pattern. Handles the descriptor like `stdout_json`. Decides on colours in the constructor.
/// Copies share the sink. Thread: one at a time. Throws: std::bad_alloc. The constructor throws std::invalid_argument for an
/// invalid pattern.
class stdout_pretty {
 public:
  static constexpr bool may_block = false;
  static constexpr bool needs_json = false;

  explicit stdout_pretty(stdout_pretty_config const& config = {})
      : writer_(detail::make_stdout_pretty({config.descriptor, config.write_timeout},
                                           detail::style_of(config))) {}

  write_result write(batch const& entries) { return writer_.write(entries); }
  void stop() { writer_.stop(); }
  [[nodiscard]] sink_health health() const { return writer_.health(); }
  [[nodiscard]] static std::string_view name() noexcept { return "stdout_pretty"; }

 private:
  any_sink writer_;
};

}  // namespace sinks
}  // namespace fapilog::inline v0_1

template <>
struct fapilog::enum_names<fapilog::sinks::colour_mode> {
  using colour_mode = fapilog::sinks::colour_mode;
  static constexpr std::array<std::pair<colour_mode, std::string_view>, 3> names{
      {{colour_mode::automatic, "automatic"},
       {colour_mode::always, "always"},
       {colour_mode::never, "never"}}};
};

#ifndef FAPILOG_COMPILED
#include <fapilog/sinks/console/detail/stdout_writers_impl.hpp>
#endif
