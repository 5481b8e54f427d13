// SPDX-License-Identifier: MIT
// Configuration of the sink for the Windows Event Log.
#pragma once

#include <fapilog/setting.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace fapilog::inline v0_1::sinks {

struct windows_event_log_config {
  /// The source, by which the Event Viewer filters. Empty: the name of the program. It is registered once for a machine, which
  /// decides on the log; records of an unregistered source are in the log Application.
  std::string source = {};
  /// The id of events whose record has no field `event_id` with a whole number from 0 to 65535.
  std::uint32_t event_id = 0;

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    // clang-format off
    visit(setting{.name = "source", .text = "The source, by which the Event Viewer filters; empty: the name of the program."}, self.source);
    visit(setting{.name = "event_id", .text = "The id of events whose record has no field `event_id` with a whole number from 0 to 65535.", .min = 0, .max = 65'535}, self.event_id);
    // clang-format on
  }

  [[gnu::cold]] static void(check)(windows_event_log_config const& c, setting_problems& problems) {
    constexpr std::size_t max_source =
        212;  // of a source in the registry, whose path has at most 254 characters
    if (c.source.find('\0') != std::string::npos) problems.add("source", "must not contain a NUL character");
    if (c.source.find('\\') != std::string::npos) problems.add("source", "contains a backslash");
    if (c.source.size() > max_source) problems.add("source", "is longer than 212 characters");
  }
};

}  // namespace fapilog::inline v0_1::sinks
