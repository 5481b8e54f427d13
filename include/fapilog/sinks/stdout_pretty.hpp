// SPDX-License-Identifier: MIT
// A sink that writes each record as one readable line to standard output, in colour on a terminal.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/pretty.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/sinks/console/detail/stdout_stream.hpp>
#include <fapilog/sinks/sink.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::sinks {

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

/// Formats events with `pretty_writer`. Handles the descriptor like `stdout_json`. Decides on colours in the constructor.
/// Thread: one at a time. Throws: std::bad_alloc.
class stdout_pretty {
 public:
  static constexpr bool may_block = false;

  static constexpr bool needs_json = false;

  explicit stdout_pretty(stdout_pretty_config const& config = {})
      : line_{{has_colours(config), config.location}}, stream_(config.descriptor, config.write_timeout) {}

  write_result write(batch const& entries) {
    text_.clear_to(max_kept_bytes);
    ends_.clear();
    for (entry const& one : entries) {
      line_.put(text_, one.event);
      ends_.push_back(text_.size());
    }
    return stream_.write(text_.view(), ends_.size(), [this](std::size_t i) { return ends_[i]; });
  }
  void stop() { stream_.stop(); }
  [[nodiscard]] sink_health health() const { return stream_.health(); }
  [[nodiscard]] static std::string_view name() noexcept { return "stdout_pretty"; }

 private:
  static constexpr std::size_t max_kept_bytes = std::size_t{1024} * 1024;

  static bool has_colours(stdout_pretty_config const& config) {
    if (config.colours != colour_mode::automatic) return config.colours == colour_mode::always;
    return detail::is_terminal(config.descriptor) && detail::environment("NO_COLOR", "").empty() &&
           detail::environment("TERM", "") != "dumb";
  }

  detail::pretty_writer line_;
  detail::stdout_stream stream_;
  detail::text_buffer text_;
  std::vector<std::size_t> ends_;
};

}  // namespace fapilog::inline v0_1::sinks

template <>
struct fapilog::enum_names<fapilog::sinks::colour_mode> {
  using colour_mode = fapilog::sinks::colour_mode;
  static constexpr std::array<std::pair<colour_mode, std::string_view>, 3> names{
      {{colour_mode::automatic, "automatic"},
       {colour_mode::always, "always"},
       {colour_mode::never, "never"}}};
};
