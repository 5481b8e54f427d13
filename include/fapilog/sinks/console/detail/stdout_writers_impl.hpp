// SPDX-License-Identifier: MIT
// The bodies of the sinks for standard output.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/os/terminal.hpp>
#include <fapilog/detail/os/uncaptured_output.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/console/detail/stdout_stream.hpp>
#include <fapilog/sinks/console/detail/stdout_writers.hpp>
#include <fapilog/sinks/detail/batch_lines.hpp>
#include <fapilog/sinks/detail/text_lines.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/sinks/text_format.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

[[nodiscard, gnu::cold]] inline bool writes_to_terminal(int descriptor) noexcept {
  return is_terminal(uncaptured_output{descriptor}.descriptor());
}

class stdout_json_writer {
 public:
  static constexpr bool may_block = false;

  explicit stdout_json_writer(stdout_options const& options)
      : stream_(options.descriptor, options.write_timeout) {}

  write_result write(batch const& entries) { return stream_.write(entries.text(), entry_ends{entries}); }
  void stop() { stream_.stop(); }
  [[nodiscard]] sink_health health() const { return stream_.health(); }
  [[nodiscard]] static std::string_view name() noexcept { return "stdout_json"; }

 private:
  stdout_stream stream_;
};

class stdout_pretty_writer {
 public:
  static constexpr bool may_block = false;
  static constexpr bool needs_json = false;

  stdout_pretty_writer(stdout_options const& options, stdout_style const& style)
      : lines_(style.pattern.empty() ? readable(options.descriptor, style) : style.pattern,
               style.colours ? *style.colours : suits_colours(options.descriptor), style.zone),
        stream_(options.descriptor, options.write_timeout),
        wrapped_(style.wrap && writes_to_terminal(options.descriptor) ? options.descriptor : -1) {}

  write_result write(batch const& entries) {
    if (wrapped_ >= 0)
      lines_.set_width(
          terminal_columns(uncaptured_output{wrapped_}.descriptor()));  // people change the size of windows
    lines_.render(entries);
    return stream_.write(lines_.text(), lines_.ends());
  }
  void stop() { stream_.stop(); }
  [[nodiscard]] sink_health health() const { return stream_.health(); }
  [[nodiscard]] static std::string_view name() noexcept { return "stdout_pretty"; }

 private:
  /// The date is of interest in what is kept, not on a screen.
  [[nodiscard, gnu::cold]] static std::string readable(int descriptor, stdout_style const& style) {
    std::string_view const time = !writes_to_terminal(descriptor)       ? "{time}"
                                  : style.zone == sinks::time_zone::utc ? "{time:%T.%eZ}"
                                                                        : "{time:%T.%e}";
    return concat({time, " {level:<8} {logger:<12} {message} {fields}", style.location ? " {source}" : ""});
  }
  [[nodiscard, gnu::cold]] static bool suits_colours(int descriptor) {
    std::string const forced = environment("FORCE_COLOR", "");
    if (!forced.empty()) return forced != "0" && forced != "false";
    return writes_to_terminal(descriptor) && environment("NO_COLOR", "").empty() &&
           environment("TERM", "") != "dumb";
  }

  text_lines lines_;
  stdout_stream stream_;
  int wrapped_;  ///< the terminal whose width limits the lines, or -1
};

FAPILOG_INLINE any_sink make_stdout_json(stdout_options const& options) {
  return std::make_shared<stdout_json_writer>(options);
}
namespace console_detail {
[[gnu::cold]] inline void check_style(stdout_style const& style) {
  if (std::string const problem = pattern_problem("stdout_pretty", style.pattern); !problem.empty())
    throw std::invalid_argument{"fapilog: " + problem};
}
}  // namespace console_detail

FAPILOG_INLINE any_sink make_stdout_pretty(stdout_options const& options, stdout_style const& style) {
  console_detail::check_style(style);
  return std::make_shared<stdout_pretty_writer>(options, style);
}
FAPILOG_INLINE any_sink make_stdout_auto(stdout_options const& options, stdout_style const& style) {
  console_detail::check_style(style);
  return writes_to_terminal(options.descriptor) ? make_stdout_pretty(options, style)
                                                : make_stdout_json(options);
}

}  // namespace fapilog::inline v0_1::detail
