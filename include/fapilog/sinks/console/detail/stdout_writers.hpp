// SPDX-License-Identifier: MIT
// Makes the sinks for standard output, and has the settings that they share.
#pragma once

#include <fapilog/setting.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/sinks/text_format.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace fapilog::inline v0_1::detail {

/// The settings that every sink with a `stdout_stream` has.
inline constexpr setting descriptor_setting{
    .name = "descriptor",
    .text = "File descriptor that the lines are written to; it is never closed.",
    .min = 0};
inline constexpr setting write_timeout_setting{
    .name = "write_timeout",
    .text = "How long a write waits while the reader of a full non-blocking descriptor takes nothing."};

struct stdout_options {
  int descriptor;
  std::chrono::milliseconds write_timeout;
};
struct stdout_style {
  std::optional<bool> colours;  ///< empty: depends on the descriptor and the environment
  std::string pattern;          ///< empty: the readable form
  sinks::time_zone zone;
  bool location;
  bool wrap;
};

/// Writes the JSON of each record.
[[nodiscard]] any_sink make_stdout_json(stdout_options const& options);
/// Writes a readable line for each record. Throws: std::invalid_argument if the pattern is invalid.
[[nodiscard]] any_sink make_stdout_pretty(stdout_options const& options, stdout_style const& style);
/// Writes readable lines if the descriptor is a terminal, else JSON.
[[nodiscard]] any_sink make_stdout_auto(stdout_options const& options, stdout_style const& style);

}  // namespace fapilog::inline v0_1::detail
