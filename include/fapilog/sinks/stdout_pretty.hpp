// SPDX-License-Identifier: MIT
// A sink that writes each record as one readable line to standard output, in colour on a terminal.
#pragma once

#include <fapilog/record/batch.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/sinks/console/detail/stdout_writers.hpp>
#include <fapilog/sinks/sink.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1 {
namespace sinks {

enum class colour_mode : std::uint8_t {
  automatic,  ///< on a terminal, unless NO_COLOR is set and not empty or TERM is "dumb"
  always,
  never,
};

struct stdout_pretty_config {
  int descriptor = 1;  ///< file descriptor that the lines are written to; it is never closed
  colour_mode colours = colour_mode::automatic;
  bool location = true;  ///< shows file and line of the call
  /// How long a write waits while the reader takes nothing, if the descriptor is non-blocking and full.
  std::chrono::milliseconds write_timeout{1'000};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(detail::descriptor_setting, self.descriptor);
    visit(setting{.name = "colours",
                  .text = "`automatic`: on a terminal, unless NO_COLOR is not empty or TERM is `dumb`."},
          self.colours);
    visit(setting{.name = "location", .text = "Shows file and line of the call."}, self.location);
    visit(detail::write_timeout_setting, self.write_timeout);
  }
};

}  // namespace sinks

namespace detail {
[[nodiscard]] inline stdout_style style_of(sinks::stdout_pretty_config const& config) noexcept {
  using sinks::colour_mode;
  std::optional<bool> colours;
  if (config.colours != colour_mode::automatic) colours = config.colours == colour_mode::always;
  return {colours, config.location};
}
}  // namespace detail

namespace sinks {

/// Formats events with `pretty_writer`. Handles the descriptor like `stdout_json`. Decides on colours in the constructor.
/// Copies share the sink. Thread: one at a time. Throws: std::bad_alloc.
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
